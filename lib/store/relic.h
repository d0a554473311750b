/* SPDX-License-Identifier: MIT */
/*
 * relic.h - segments of an arena as they can be found without a catalogue.
 */
#ifndef BCI_RELIC_H
#define BCI_RELIC_H

#include "segment.h"

/* A segment whose bytes match its own table of checksums. */
struct bci_relic {
	struct bci_segment_header header;
	struct bci_locator locator;  /* as a catalogue would have it */
	const unsigned char *image;  /* in the file */
	const unsigned char *schema; /* stored form; header.schema_bytes */
	const char *key;             /* header.key_bytes */
};

/*
 * The first one at or behind *at of a mapped file of 'bytes' bytes; *at is then
 * behind it.  False if there is none.
 */
bool bci_relic_next(const unsigned char *file, uint64_t bytes, uint64_t *at,
                    struct bci_relic *relic);

#endif /* BCI_RELIC_H */
