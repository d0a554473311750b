/* SPDX-License-Identifier: MIT */
/*
 * check.h - compares what a cache shows of series with their models, by all
 * calls that read.  What differs is printed and ends the test, or the child.
 */
#ifndef BARCACHE_MODEL_CHECK_H
#define BARCACHE_MODEL_CHECK_H

#include "model.h"

/* Numbers that follow from a seed. */
struct model_dice {
	uint64_t seed, count;
};
uint64_t model_roll(struct model_dice *dice, uint64_t below);

/* Columns that are asked for, and those that the view has then. */
struct model_columns {
	const char *names[MODEL_COLUMNS + 3]; /* ended by NULL */
	const char *const *list;              /* these, or NULL: all */
	uint32_t shown[MODEL_COLUMNS];        /* indexes into the shape */
	uint32_t count;
};
void model_columns_all(struct model_columns *columns,
                       const struct model_series *series);
void model_columns_roll(struct model_columns *columns,
                        const struct model_series *series,
                        struct model_dice *dice);

/* 'what' is a call with its arguments. */
void model_check_view(const struct model_series *series,
                      const struct model_columns *columns,
                      struct model_part part, const struct bc_view *view,
                      const char *what);

/* A view that is kept, with what it showed when it was taken. */
struct model_kept {
	struct bc_view view;
	struct model_series series; /* only the rows of the view */
	struct model_columns columns;
};
void model_keep(struct model_kept *kept, struct bc_view *view,
                const struct model_series *series, struct model_part part,
                const struct model_columns *columns);
void model_kept_check(const struct model_kept *kept);
void model_kept_release(struct model_kept *kept);

/*
 * A random read of the series by any of the calls that return a view.  If
 * 'kept' is not NULL a view that was got is kept there.
 */
void model_check_read(struct bc_cache *cache, const struct model_series *series,
                      struct model_dice *dice, struct model_kept *kept);

/* The same by blocks, and row by row. */
void model_check_stream(struct bc_cache *cache,
                        const struct model_series *series,
                        struct model_dice *dice);
void model_check_window(struct bc_cache *cache,
                        const struct model_series *series,
                        struct model_dice *dice);

/* bc_info(), bc_coverage(), and bc_get() of all there is. */
void model_check_whole(struct bc_cache *cache,
                       const struct model_series *series);

/* bc_missing() of several keys at once. */
void model_check_missing(struct bc_cache *cache,
                         const struct model_series *series, size_t count,
                         struct model_dice *dice);

/* A moment at which something begins or ends, or nearby, or anywhere. */
int64_t model_roll_time(const struct model_series *series,
                        struct model_dice *dice);

#endif /* BARCACHE_MODEL_CHECK_H */
