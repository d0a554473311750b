/* SPDX-License-Identifier: MIT */
/*
 * export_source.h - the rows of an entry that are exported, block by block: a
 * series may be larger than memory.
 */
#ifndef TOOL_EXPORT_SOURCE_H
#define TOOL_EXPORT_SOURCE_H

#include "barcache.h"

#include "frame.h"
#include "range.h"
#include "shape.h"
#include "tool.h"

/* Zeroed: closed. */
struct export_source {
	const struct bc_info *info; /* borrowed */
	struct bc_view header;      /* no rows: the columns of the entry */
	struct frame part;          /* those that are exported */
	const char **names;         /* of these, ended by NULL */
	struct bc_stream *stream;
	struct bci_shape_column *columns;
	struct bci_shape_frame rows; /* the block, for bci_shape_begin() */
	uint64_t total;              /* rows of all blocks so far */
};

/*
 * Open a range of an entry and come to the first block.  'columns' (NULL: all)
 * is a list "a,b", 'flags' of bc_stream_open().  'rows' lacks its symbol and
 * timeframe.  TOOL_DONE, or the exit status after a message; *miss says why
 * there is nothing, and then there was no message.
 */
enum tool_exit export_source_open(struct export_source *source,
                                  const struct tool *tool,
                                  const struct bc_info *info,
                                  const char *columns,
                                  const struct bci_range *range, unsigned flags,
                                  enum bc_miss *miss);

/* Come to the next block; rows.more is false if it is the last one. */
enum tool_exit export_source_next(struct export_source *source);

void export_source_close(struct export_source *source);

#endif /* TOOL_EXPORT_SOURCE_H */
