/* SPDX-License-Identifier: MIT */
/*
 * preface.h - the first pages of an LMDB file, looked at before LMDB does.
 */
#ifndef BCI_PREFACE_H
#define BCI_PREFACE_H

#include "common.h"

/*
 * Whether the file at 'fd', called 'name', begins as one that barcache had
 * LMDB 0.9 make on a host such as this: BC_OK; BC_FORMAT if not.
 */
enum bc_status bci_preface_check(int fd, const char *name,
                                 struct bc_error *err);

#endif /* BCI_PREFACE_H */
