/* SPDX-License-Identifier: MIT */
/*
 * compact.h - the steps of bc_compact(): each is a walk of short commits.
 */
#ifndef BCI_COMPACT_H
#define BCI_COMPACT_H

#include "writer.h"

struct bci_compact {
	struct bc_cache *cache;
	const struct bc_compact_options *options;
	bool dry;
	bool ended; /* time is up, or who looks on has had enough */
	int64_t begun_ns;
	struct bc_compact_report report;
	enum bc_status refused; /* why a series was left as it is, or BC_OK */
	struct bc_error *err;
};

/* A step ends after so long: whoever waits to write is let in then. */
#define BCI_COMPACT_STEP_NS 15000000

/* Report progress; false: end here. */
bool bci_compact_goes_on(struct bci_compact *compact, const char *step,
                         uint64_t done);

/*
 * One commit of a step.  'work' does it and says whether there is more to do;
 * BC_MISS from it: nothing was changed, drop the transaction.
 */
typedef enum bc_status bci_compact_work(struct bci_compact *compact,
                                        struct bci_writer *writer,
                                        void *context, bool *more,
                                        struct bc_error *err);
enum bc_status bci_compact_commit(struct bci_compact *compact,
                                  bci_compact_work *work, void *context,
                                  bool *more);

/* Commits until there is no more to do, or it is to end. */
enum bc_status bci_compact_repeat(struct bci_compact *compact, const char *step,
                                  bci_compact_work *work, void *context);

/* Merge segments of all series whose keys begin with 'prefix' (NULL: all). */
enum bc_status bci_merging_run(struct bci_compact *compact, const char *prefix);

#endif /* BCI_COMPACT_H */
