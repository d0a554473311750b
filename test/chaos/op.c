/* SPDX-License-Identifier: MIT */
/*
 * op.c - making operations out of a seed, and their text.
 */
#include "support.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "chaos/op.h"

/* How often each kind comes, of 1000. */
static const struct {
	const char *name;
	unsigned often;
} kinds[CHAOS_KINDS] = {
	[CHAOS_PUT] = { "put", 330 },
	[CHAOS_BATCH] = { "batch", 60 },
	[CHAOS_APPEND] = { "append", 80 },
	[CHAOS_GET] = { "get", 130 },
	[CHAOS_READ] = { "read", 60 },
	[CHAOS_KEEP] = { "keep", 30 },
	[CHAOS_REMOVE] = { "remove", 35 },
	[CHAOS_PIN] = { "pin", 35 },
	[CHAOS_TAG] = { "tag", 45 },
	[CHAOS_LINK] = { "link", 30 },
	[CHAOS_DEPEND] = { "depend", 20 },
	[CHAOS_INVALIDATE] = { "invalidate", 10 },
	[CHAOS_CLEAR] = { "clear", 8 },
	[CHAOS_WHERE] = { "where", 12 },
	[CHAOS_TOUCH] = { "touch", 20 },
	[CHAOS_CONFIG] = { "config", 20 },
	[CHAOS_COMPACT] = { "compact", 20 },
	[CHAOS_EXPIRE] = { "expire", 10 },
	[CHAOS_PASS] = { "pass", 15 },
	[CHAOS_SET] = { "set", 8 },
	[CHAOS_SYNC] = { "sync", 7 },
	[CHAOS_REOPEN] = { "reopen", 10 },
	[CHAOS_COPY] = { "copy", 5 },
};

/* 24 B to 1 MiB, as many of each power of two. */
static uint64_t
op_size(uint64_t word)
{
	uint64_t top = UINT64_C(16) << (word % 17);

	return top + (word >> 8) % top;
}

void
chaos_op_make(struct chaos_op *ops, size_t count, uint64_t seed)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t dice = test_mix(seed, 3 * i) % 1000;
		unsigned kind = 0;

		while (dice >= kinds[kind].often)
			dice -= kinds[kind++].often;
		ops[i].kind = kind;
		ops[i].size = op_size(test_mix(seed, 3 * i + 1));
		ops[i].word = test_mix(seed, 3 * i + 2);
		ops[i].key = (unsigned)(ops[i].word >> 40);
	}
}

void
chaos_op_print(const void *argument, char text[CHAOS_OP_TEXT])
{
	const struct chaos_op *op = argument;

	snprintf(text, CHAOS_OP_TEXT, "%s %u %" PRIu64 " %#" PRIx64,
	         kinds[op->kind].name, op->key, op->size, op->word);
}

bool
chaos_op_parse(const char *text, void *argument)
{
	struct chaos_op *op = argument;
	char name[24];

	if (sscanf(text, "%23s %u %" SCNu64 " %" SCNx64, name, &op->key,
	           &op->size, &op->word) != 4)
		return false;
	for (unsigned kind = 0; kind < CHAOS_KINDS; kind++) {
		op->kind = kind;
		if (strcmp(name, kinds[kind].name) == 0)
			return true;
	}
	return false;
}
