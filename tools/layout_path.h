/* SPDX-License-Identifier: MIT */
/*
 * layout_path.h - a path as spans of bytes, and the parts of a series key that
 * are put together from them.
 */
#ifndef TOOL_LAYOUT_PATH_H
#define TOOL_LAYOUT_PATH_H

#include "barcache.h"

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a path, never NULL. */
struct layout_span {
	const char *text;
	size_t bytes;
};

#define LAYOUT_NOTHING ((struct layout_span){ "", 0 })

/* Compare without case; the list ends with NULL. */
bool layout_is(struct layout_span span, const char *word);
bool layout_is_one(struct layout_span span, const char *const *words);

/* Whether a span has this end and more in front of it. */
bool layout_ends(struct layout_span span, const char *ending);

/* As many names of a path are looked at, from its end on. */
#define LAYOUT_PARTS 12

/* A path taken apart; what it does not have is empty. */
struct layout_path {
	struct layout_span parts[LAYOUT_PARTS]; /* 0: the file, no endings */
	struct layout_span file;   /* part 0 with its endings */
	struct layout_span member; /* of a zip archive, without endings */
};

/* Take 'path' apart; "." is passed over, nothing is known above "..". */
void layout_split(const char *path, struct layout_path *out);

/*
 * Set a part of a key, or add to its end; what does not fit stays away.
 * layout_add_lower() adds small letters for capital ones.
 */
void layout_set(char out[BC_KEY_MAX + 1], struct layout_span span);
void layout_add(char out[BC_KEY_MAX + 1], struct layout_span span);
void layout_add_lower(char out[BC_KEY_MAX + 1], struct layout_span span);
void layout_add_word(char out[BC_KEY_MAX + 1], const char *word);

#endif /* TOOL_LAYOUT_PATH_H */
