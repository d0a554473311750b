/* SPDX-License-Identifier: MIT */
/*
 * process.h - a command that is run for what it prints.
 */
#ifndef TOOL_PROCESS_H
#define TOOL_PROCESS_H

#include "barcache.h"

#include <stdbool.h>

#define PROCESS_SAID 1024

/* What a command may print at most; it is held in memory. */
#ifndef PROCESS_BYTES_MAX
#define PROCESS_BYTES_MAX ((uint64_t)1 << 30)
#endif

/* What came of a command. */
struct process_result {
	int output;              /* a file of what it printed, or -1 */
	char said[PROCESS_SAID]; /* the last lines of its standard error */
	bool cancelled;
};

/*
 * Run the words 'argv', which end with NULL, without a shell and with nothing
 * to read, and wait for the end.  It is ended, with all that it started, if it
 * takes longer than 'timeout_ns' (0: as long as it likes) or once 'cancel', a
 * descriptor, can be read from.
 *
 * Returns BC_OK if it exited with status 0: the caller closes result->output,
 * which stands at its beginning.  Else BC_IO with the reason; result->output is
 * -1 then.  Any thread may call it.
 */
enum bc_status process_run(char *const *argv, int64_t timeout_ns, int cancel,
                           struct process_result *result, struct bc_error *err);

#endif /* TOOL_PROCESS_H */
