/* SPDX-License-Identifier: MIT */
/*
 * forget.h - dropping a damaged segment of a series, and nothing else of it.
 */
#ifndef BCI_FORGET_H
#define BCI_FORGET_H

#include "writer.h"

/*
 * The series 'key' does not name 'segment' any more, and nothing is known of
 * its time.  If it is the newest and the tail has texts, these are lost with
 * its dictionaries, and so is the tail.  No segment is read or written.
 *
 * BC_CORRUPT if the records of the series contradict each other: all of it is
 * to be removed then.
 */
enum bc_status bci_forget_segment(struct bci_writer *writer, const char *key,
                                  size_t key_bytes,
                                  const struct bci_locator *segment,
                                  struct bc_error *err);

/* The same for a tail that is damaged: nothing is known from there on. */
enum bc_status bci_forget_tail(struct bci_writer *writer, const char *key,
                               size_t key_bytes, struct bc_error *err);

#endif /* BCI_FORGET_H */
