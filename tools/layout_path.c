/* SPDX-License-Identifier: MIT */
/*
 * layout_path.c - a path as spans of bytes, and the parts of a series key that
 * are put together from them.
 */
#include "layout_path.h"

#include <string.h>
#include <strings.h>

#include "common.h"

bool
layout_is(struct layout_span span, const char *word)
{
	return span.bytes == strlen(word) &&
	       strncasecmp(span.text, word, span.bytes) == 0;
}

bool
layout_is_one(struct layout_span span, const char *const *words)
{
	while (*words != NULL && !layout_is(span, *words))
		words++;
	return *words != NULL;
}

bool
layout_ends(struct layout_span span, const char *ending)
{
	size_t bytes = strlen(ending);

	return span.bytes > bytes &&
	       strncasecmp(span.text + span.bytes - bytes, ending, bytes) == 0;
}

static struct layout_span
layout_stem(struct layout_span span)
{
	static const char *const endings[] = {
		".csv", ".tsv", ".txt",     ".json", ".jsonl",   ".ndjson",
		".gz",  ".zip", ".feather", ".pkl",  ".parquet",
	};

	for (size_t i = 0; i < BCI_COUNT(endings); i++)
		if (layout_ends(span, endings[i])) {
			span.bytes -= strlen(endings[i]);
			i = (size_t)-1; /* from the beginning */
		}
	return span;
}

void
layout_split(const char *path, struct layout_path *out)
{
	struct layout_span part = { path, 0 };

	for (size_t i = 0; i < LAYOUT_PARTS; i++)
		out->parts[i] = LAYOUT_NOTHING;
	out->member = LAYOUT_NOTHING;
	for (; *part.text != '\0'; part.text += part.bytes) {
		part.text += strspn(part.text, "/");
		part.bytes = strcspn(part.text, "/");
		if (part.bytes == 0 || layout_is(part, "."))
			continue;
		if (layout_is(part, "..")) {
			layout_split(part.text + part.bytes, out);
			return;
		}
		if (layout_ends(out->parts[0], ".zip")) {
			out->member = part;
			continue;
		}
		memmove(out->parts + 1, out->parts,
		        sizeof(out->parts) - sizeof(out->parts[0]));
		out->parts[0] = part;
	}
	out->file = out->parts[0];
	out->parts[0] = layout_stem(out->file);
	out->member = layout_stem(out->member);
}

void
layout_set(char out[BC_KEY_MAX + 1], struct layout_span span)
{
	if (span.bytes > BC_KEY_MAX)
		span.bytes = 0;
	if (span.bytes != 0)
		memcpy(out, span.text, span.bytes);
	out[span.bytes] = '\0';
}

void
layout_add(char out[BC_KEY_MAX + 1], struct layout_span span)
{
	size_t bytes = strlen(out);

	if (span.bytes != 0 && span.bytes <= BC_KEY_MAX - bytes)
		layout_set(out + bytes, span);
}

void
layout_add_lower(char out[BC_KEY_MAX + 1], struct layout_span span)
{
	char *at = out + strlen(out);

	layout_add(out, span);
	for (; *at != '\0'; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at | 0x20);
}

void
layout_add_word(char out[BC_KEY_MAX + 1], const char *word)
{
	layout_add(out, (struct layout_span){ word, strlen(word) });
}
