/* SPDX-License-Identifier: MIT */
/*
 * watch.h - whether the wall clock can be believed.
 */
#ifndef BCI_WATCH_H
#define BCI_WATCH_H

#include "writer.h"

/*
 * Compare the wall clock with what the last commit saw of it, as the first step
 * of a writer; says writer->clock_settled.  A clock that was set is in doubt
 * for a minute.  If it was set back, no entry is left to live longer than its
 * time to live from now on.
 */
enum bc_status bci_watch_clock(struct bci_writer *writer,
                               const uint8_t boot_id[16], struct bc_error *err);

#endif /* BCI_WATCH_H */
