/* SPDX-License-Identifier: MIT */
/*
 * image.c - images of segments, for tests.
 */
#include "image.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "hash.h"

void
image_write(struct image *image, const char *key, bool bare)
{
	struct bci_segment_owner owner = {
		.cache_id = IMAGE_CACHE_ID,
		.entry_id = IMAGE_ENTRY_ID,
		.revision = 9,
		.arena = bare ? 0 : 3,
		.key = key,
		.key_bytes = strlen(key),
		.key_hash = bci_hash64(key, strlen(key)),
	};

	assert_true(bci_segment_plan(&image->value, strlen(key), bare,
	                             &image->plan));
	free(image->memory);
	image->memory = aligned_alloc(4096, (image->plan.bytes + 16 + 8191) /
	                                            4096 * 4096);
	assert_non_null(image->memory);
	/* As LMDB hands it out: full of what was there before. */
	memset(image->memory, 0xa5, image->plan.bytes + 16 + 64);
	image->bytes = image->memory + 16;
	bci_segment_write(&image->value, &owner, &image->plan, image->bytes,
	                  &image->locator, image->digest);
}

void
image_frame(struct image *image, const char *key, const struct bc_frame *frame)
{
	struct bc_error err;
	bool damaged;

	memset(image, 0, sizeof(*image));
	assert_status(bci_schema_encode(frame, image->stored,
	                                &image->value.schema_bytes, &err),
	              BC_OK, &err);
	image->schema = bci_schema_decode(&bci_allocator_default, image->stored,
	                                  image->value.schema_bytes, &damaged);
	assert_non_null(image->schema);
	image->value.kind = frame->time_ns != NULL ? BC_FRAME : BC_ARRAYS;
	image->value.rows = frame->rows;
	image->value.time_ns = frame->time_ns;
	image->value.columns = frame->columns;
	image->value.column_count = frame->column_count;
	image->value.schema = image->schema;
	image->value.schema_stored = image->stored;
	image_write(image, key, false);
}

void
image_blob(struct image *image, const char *key, const void *data,
           uint64_t bytes)
{
	memset(image, 0, sizeof(*image));
	image->value.kind = BC_BLOB;
	image->value.blob = data;
	image->value.blob_bytes = bytes;
	image_write(image, key, false);
}

void
image_free(struct image *image)
{
	free(image->schema);
	free(image->memory);
}

const char *
image_check(const struct image *image)
{
	const char *wrong =
		bci_segment_check(image->bytes, &image->locator, image->schema);
	uint32_t i;

	if (wrong != NULL)
		return wrong;
	for (i = 0; i < bci_segment_blocks(&image->locator); i++) {
		if (!bci_segment_check_block(image->bytes, &image->locator, i))
			return "block";
	}
	return NULL;
}
