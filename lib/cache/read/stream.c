/* SPDX-License-Identifier: MIT */
/*
 * stream.c - a range block by block.
 *
 * The segments are found and pinned once, so that all blocks are of one point
 * in time; what is read is mapped and belongs to the page cache.  A block that
 * lies in two segments is copied to a buffer that the next such block uses
 * again: that is all the memory a stream has of its own.
 */
#include "common.h"

#include "alloc.h"
#include "clock.h"
#include "error.h"
#include "mapping.h"
#include "query.h"
#include "scroll.h"

#define STREAM_MAGIC 0x7374726du
#define STREAM_ROWS 65536

struct bc_stream {
	unsigned magic;
	uint64_t at, block_rows;
	struct bci_scroll scroll;
};

enum bc_status
bc_stream_open(struct bc_cache *cache, const char *key, int64_t from_ns,
               int64_t to_ns, const char *const *columns, unsigned flags,
               uint64_t block_rows, struct bc_stream **out, enum bc_miss *miss,
               struct bc_error *err)
{
	struct bci_query query = {
		.key = key,
		.columns = columns,
		.by = BCI_BY_TIME,
		.flags = flags,
		.from_ns = from_ns,
		.to_ns = to_ns,
	};
	struct bc_stream *stream;
	enum bc_status status;

	*out = NULL;
	if (miss != NULL)
		*miss = BC_MISS_NONE;
	if (block_rows > BCI_SCROLL_ROWS_MAX)
		return bci_fail(
			err, BC_INVALID, "blocks of %llu rows; at most %u",
			(unsigned long long)block_rows, BCI_SCROLL_ROWS_MAX);
	stream = bci_zalloc(&cache->allocator, 1, sizeof(*stream));
	if (stream == NULL)
		return bci_fail(err, BC_NOMEM, "no memory to read %s", key);
	stream->block_rows = block_rows != 0 ? block_rows : STREAM_ROWS;
	status = bci_scroll_open(&stream->scroll, cache, &query, miss, err);
	if (status != BC_OK) {
		bci_free(&cache->allocator, stream);
		return status;
	}
	stream->magic = STREAM_MAGIC;
	stream->at = stream->scroll.span.begin;
	*out = stream;
	return BC_OK;
}

enum bc_status
bc_stream_next(struct bc_stream *stream, struct bc_view *view)
{
	const struct bci_span *span = &stream->scroll.span;
	enum bc_status status;
	uint64_t end;

	BCI_ASSERT(stream->magic == STREAM_MAGIC);
	end = stream->at + bci_min(stream->block_rows, span->end - stream->at);
	status = bci_scroll_show(&stream->scroll, stream->at, end,
	                         stream->block_rows, view);
	if (status != BC_OK)
		return status;
	stream->at = end;
	bci_scroll_expect(&stream->scroll, end, stream->block_rows);
	return BC_OK;
}

void
bc_stream_close(struct bc_stream *stream)
{
	struct bc_allocator allocator;

	if (stream == NULL)
		return;
	BCI_ASSERT(stream->magic == STREAM_MAGIC);
	allocator = stream->scroll.allocator;
	stream->magic = 0;
	bci_scroll_close(&stream->scroll);
	bci_free(&allocator, stream);
}
