/* SPDX-License-Identifier: MIT */
/*
 * links_unit.c - the helpers of links_unit.h.
 */
#include "links_unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
links_add(void *context, const struct bc_label *label)
{
	char *text = context;
	size_t used = strlen(text);

	require(label->kind == BC_LABEL_BACKTEST && label->since_ns > 0);
	snprintf(text + used, 4096 - used, "%s%s", used != 0 ? " " : "",
	         label->key);
	return 0;
}

/* The keys that are linked with a backtest, as another handle sees it. */
void
links_expect(const char *backtest, const char *expected)
{
	char text[4096] = "";
	struct bc_error err;

	assert_status(bc_labelled(fixture.cache, BC_LABEL_BACKTEST, backtest,
	                          links_add, text, &err),
	              BC_OK, &err);
	if (strcmp(text, expected) != 0)
		fprintf(stderr, "linked with %s: '%s', not '%s'\n", backtest,
		        text, expected);
	require(strcmp(text, expected) == 0);
}

struct bc_cache *
links_open(const char *backtest)
{
	struct bc_options options = unit_options();

	options.backtest = backtest;
	options.link_interval_ms = 3600000;
	return unit_open(&options);
}

void
links_flush(struct bc_cache *cache)
{
	struct bc_error err;

	assert_status(bc_flush(cache, &err), BC_OK, &err);
}

void
links_get(struct bc_cache *cache, const char *key)
{
	struct bc_view view;

	assert_status(bc_get(cache, key, &view), BC_OK, NULL);
	bc_view_release(&view);
}

void
links_append(const char *key, unsigned rows)
{
	int64_t *times = calloc(rows, sizeof(*times));
	double *close = calloc(rows, sizeof(*close));
	const struct bc_column column = { .name = "close",
		                          .type = BC_F64,
		                          .data = close };
	const struct bc_frame frame = { rows, times, &column, 1 };
	struct bc_error err;

	for (unsigned i = 0; i < rows; i++)
		times[i] = i * INT64_C(60000000000);
	assert_status(bc_append(fixture.cache, key, &frame, NULL, NULL, &err),
	              BC_OK, &err);
	free(close);
	free(times);
}
