/* SPDX-License-Identifier: MIT */
/*
 * remains.h - the body of a relic as readers use it: columns and dictionaries,
 * or the bytes of a blob.
 */
#ifndef BCI_REMAINS_H
#define BCI_REMAINS_H

#include "relic.h"

struct bci_remains {
	const unsigned char *data;
	uint64_t data_bytes, text_bytes; /* one behind the other */
	void *memory; /* what was packed, decoded; NULL if it was not */
};

/*
 * Find it in the image, or decode it; schema is NULL for a blob.  BC_OK;
 * BC_CORRUPT; BC_NOMEM.  To be closed in any case.
 */
enum bc_status bci_remains_open(const struct bc_allocator *allocator,
                                const struct bci_relic *relic,
                                const struct bc_schema *schema,
                                struct bci_remains *out);
void bci_remains_close(const struct bc_allocator *allocator,
                       struct bci_remains *remains);

#endif /* BCI_REMAINS_H */
