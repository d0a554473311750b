/* SPDX-License-Identifier: MIT */
/*
 * hole.h - bars that a timeframe expects and that are not stored.
 */
#ifndef TOOL_HOLE_H
#define TOOL_HOLE_H

#include "timeframe.h"
#include "tool.h"

/*
 * Called for each run of bars that are not there: the first is expected at
 * hole->from_ns, and hole->to_ns is where the next one is stored, or the end
 * of the stretch.
 */
typedef void hole_function(void *context, const struct bc_interval *hole,
                           uint64_t bars);

/*
 * Find the holes of a stretch of an entry that has rows: these say at which
 * moments bars begin.  TOOL_DONE, or the exit status after a message.
 */
enum tool_exit hole_find(const struct tool *tool, const struct bc_info *info,
                         const struct bc_interval *stretch,
                         const struct bci_timeframe *timeframe,
                         hole_function *function, void *context);

#endif /* TOOL_HOLE_H */
