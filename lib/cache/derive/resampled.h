/* SPDX-License-Identifier: MIT */
/*
 * resampled.h - views of bars as views of larger bars.
 */
#ifndef BCI_RESAMPLED_H
#define BCI_RESAMPLED_H

#include "cache.h"
#include "resample.h"

/* A rule as it was asked for, checked. */
struct bci_resampled_rule {
	struct bci_resample_options options; /* but for 'from_ns' */
	bool drop_partial;
};

/*
 * Check a rule and find its zone.  'source' (may be NULL) is the timeframe of
 * the rows.  Returns BC_OK; BC_INVALID as bc_resample(); BC_NOMEM, BC_IO.
 */
BC_CHECKED enum bc_status
bci_resampled_parse(const struct bc_resample *rule, const char *source,
                    struct bci_resampled_rule *out, struct bc_error *err);

/* What of a view is asked for; rows before it are only there for indicators. */
struct bci_resampled_part {
	uint64_t first; /* row */
	int64_t from_ns, to_ns; /* as bc_resample() takes them */
};

/*
 * Make larger bars, in memory of their own: all those of the view, and as the
 * last column "partial".  *first is the first one that was asked for.
 */
BC_CHECKED enum bc_status
bci_resampled_make(struct bci_env *env, const struct bc_view *view,
                   const struct bci_resampled_rule *rule,
                   const struct bci_resampled_part *part, struct bc_view *out,
                   uint64_t *first, struct bc_error *err);

/*
 * Let the bars from 'first' on be all that is shown, without those to be
 * dropped, and without the column "partial" where none of them is.
 */
void bci_resampled_trim(const struct bci_resampled_rule *rule, uint64_t first,
                        struct bc_view *out);

/*
 * How many rows of 'source' a bucket has at most; 0 if that is not known.
 */
uint64_t bci_resampled_rows(const struct bci_resampled_rule *rule);

#endif /* BCI_RESAMPLED_H */
