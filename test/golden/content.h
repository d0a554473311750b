/* SPDX-License-Identifier: MIT */
/*
 * content.h - what the golden cache holds: values whose every byte follows
 * from their index, and the text that describes a cache with them.
 */
#ifndef BARCACHE_GOLDEN_CONTENT_H
#define BARCACHE_GOLDEN_CONTENT_H

#include <stdbool.h>
#include <stdio.h>

#include "barcache.h"

#define GOLDEN_VALUES 18

/* Entries of one batch, which are bundled; all others are put alone. */
#define GOLDEN_BATCH_FIRST 10
#define GOLDEN_BATCH_END 15

struct golden_value {
	char key[BC_KEY_MAX + 1]; /* of a request: what it hashes to */
	enum bc_kind kind;
	struct bc_frame frame;
	struct bc_column columns[8];
	uint64_t bytes; /* of a blob */
	void *memory;   /* of the columns one after the other, or the blob */
	bool requested; /* 'request' is set */
	struct bc_request request;
	unsigned flags; /* for the put */
	uint64_t dataset_id, cost_ns;
	int64_t expires_ns; /* 0: never */
};

/* Make value 'index'; golden_value_free() frees it.  Fails by abort(). */
void golden_value_make(struct golden_value *value, unsigned index);
void golden_value_free(struct golden_value *value);

/*
 * Put it under its key, or under 'key' if that is not NULL; into 'batch' if
 * that is not NULL.
 */
enum bc_status golden_value_put(struct bc_cache *cache, struct bc_batch *batch,
                                const struct golden_value *value,
                                const char *key, struct bc_error *err);

/* Whether 'view' shows the value, byte by byte. */
bool golden_value_is(const struct golden_value *value,
                     const struct bc_view *view);

/*
 * Write what 'cache' holds to 'out' as JSON: every entry in order of its key,
 * with all that is stored of it, and a hash of each column.
 */
enum bc_status golden_print(struct bc_cache *cache, FILE *out,
                            struct bc_error *err);

#endif /* BARCACHE_GOLDEN_CONTENT_H */
