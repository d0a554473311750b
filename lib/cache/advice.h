/* SPDX-License-Identifier: MIT */
/*
 * advice.h - what is to be said of a cache whose facts are known.
 */
#ifndef BCI_ADVICE_H
#define BCI_ADVICE_H

#include "common.h"

/* Fill the advice and the severity of 'health' from the rest of it. */
void bci_advise(struct bc_health *health, int64_t now_ns);

#endif /* BCI_ADVICE_H */
