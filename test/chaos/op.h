/* SPDX-License-Identifier: MIT */
/*
 * op.h - operations of a random sequence on a managed cache, as numbers that
 * follow from a seed and as lines of text.
 */
#ifndef BARCACHE_CHAOS_OP_H
#define BARCACHE_CHAOS_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum chaos_kind {
	CHAOS_PUT,    /* a frame or a blob */
	CHAOS_BATCH,  /* several puts and removals */
	CHAOS_APPEND, /* rows behind a series, or what is missing of it */
	CHAOS_GET,    /* several keys */
	CHAOS_READ,   /* a range of a series, or of a frame */
	CHAOS_KEEP,   /* a view, for long */
	CHAOS_REMOVE,
	CHAOS_PIN,
	CHAOS_TAG,
	CHAOS_LINK,
	CHAOS_DEPEND,
	CHAOS_INVALIDATE,
	CHAOS_CLEAR, /* a backtest */
	CHAOS_WHERE, /* bc_remove_where() */
	CHAOS_TOUCH,
	CHAOS_CONFIG,
	CHAOS_COMPACT,
	CHAOS_EXPIRE,
	CHAOS_PASS, /* time goes on */
	CHAOS_SET,  /* the wall clock is set */
	CHAOS_SYNC,
	CHAOS_REOPEN,
	CHAOS_COPY,
	CHAOS_KINDS
};

/* What 'key', 'size' and 'word' mean depends on the kind. */
struct chaos_op {
	enum chaos_kind kind;
	unsigned key;
	uint64_t size;
	uint64_t word;
};

#define CHAOS_OP_TEXT 96

void chaos_op_make(struct chaos_op *ops, size_t count, uint64_t seed);
void chaos_op_print(const void *op, char text[CHAOS_OP_TEXT]);
bool chaos_op_parse(const char *text, void *op);

#endif /* BARCACHE_CHAOS_OP_H */
