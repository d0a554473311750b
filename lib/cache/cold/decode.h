/* SPDX-License-Identifier: MIT */
/*
 * decode.h - segments of the cold tier as readers of this process see them.
 */
#ifndef BCI_DECODE_H
#define BCI_DECODE_H

#include "environment.h"
#include "packing.h"

/* A packed segment: where it is, and whose. */
struct bci_cold {
	const unsigned char *image; /* header and blocks were checked */
	const struct bci_locator *locator;
	const struct bc_schema *schema; /* NULL for a blob */
	uint64_t entry_id;
	const char *key;
	size_t key_bytes;
};

/* Memory for the codec to work with: the lane's, kept for the next one. */
void *bci_decode_work(struct bci_env *env, struct bci_lane *lane);

/*
 * Decode all of it and keep it in the hot tier; *out is a reference.  The
 * caller has the lane.  BC_OK; BC_CORRUPT; BC_NOMEM.
 */
enum bc_status bci_decode_segment(struct bci_env *env, struct bci_lane *lane,
                                  const struct bci_cold *cold,
                                  struct bci_hot **out);

/*
 * Decode all of it with every checksum, and look at the times, as
 * bci_verify_times() does; nothing is kept.  NULL if all is well, else what is
 * wrong.
 */
const char *bci_decode_verify(struct bci_env *env, const struct bci_cold *cold);

#endif /* BCI_DECODE_H */
