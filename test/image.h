/* SPDX-License-Identifier: MIT */
/*
 * image.h - a value and the image of its segment, as it lies in an arena.
 */
#ifndef BARCACHE_TEST_IMAGE_H
#define BARCACHE_TEST_IMAGE_H

#include "support.h"

#include "schema.h"
#include "segment.h"

#define IMAGE_CACHE_ID 0x1122334455667788u
#define IMAGE_ENTRY_ID 42

struct image {
	struct bci_value value;
	struct bci_segment_plan plan;
	struct bci_locator locator;
	unsigned char digest[16];
	struct bc_schema *schema;
	unsigned char stored[BCI_SCHEMA_BYTES];
	unsigned char *memory; /* from a page on */
	unsigned char *bytes;  /* 16 bytes after it */
};

/* Make the image of a frame or a blob, in arena 3; its data are borrowed. */
void image_frame(struct image *image, const char *key,
                 const struct bc_frame *frame);
void image_blob(struct image *image, const char *key, const void *data,
                uint64_t bytes);

/* Write it anew after a change to the value, or bare, in arena 0. */
void image_write(struct image *image, const char *key, bool bare);

void image_free(struct image *image);

/* What is wrong with it, or NULL: all checks that there are. */
const char *image_check(const struct image *image);

#endif /* BARCACHE_TEST_IMAGE_H */
