/* SPDX-License-Identifier: MIT */
/*
 * fuzz_key.c - any bytes as a key, as lines that make a series or a request,
 * as a timeframe and as a pattern.  Keys and series must stand for each other.
 */
#include "target.h"

#include "alloc.h"
#include "key.h"
#include "pattern.h"
#include "timeframe.h"

#define LINES 5

static void
check_key(const char *key)
{
	char text[BC_KEY_MAX + 8], back[BC_KEY_MAX + 1];
	struct bc_series series;
	struct bc_error err;

	if (bc_key_parse(key, text, &series, &err) != BC_OK)
		return;
	CHECK(bci_key_valid(key, strlen(key)));
	CHECK(bc_key_series(&series, back, &err) == BC_OK);
	CHECK(strcmp(back, key) == 0);
}

static void
check_series(char *const lines[LINES])
{
	const struct bc_series series = { lines[0], lines[1], lines[2],
		                          lines[3], lines[4] };
	char key[BC_KEY_MAX + 1], text[BC_KEY_MAX + 8];
	struct bc_series back;
	struct bc_error err;
	enum bc_status status = bc_key_series(&series, key, &err);

	if (status != BC_OK) {
		CHECK(status == BC_KEY || status == BC_INVALID);
		CHECK(key[0] == '\0' && err.status == status);
		return;
	}
	CHECK(bci_key_valid(key, strlen(key)));
	CHECK(bc_key_parse(key, text, &back, &err) == BC_OK);
	CHECK(strcmp(back.source, series.source) == 0);
	CHECK(strcmp(back.market, series.market) == 0);
	CHECK(strcmp(back.symbol, series.symbol) == 0);
	CHECK(strcmp(back.variant, series.variant) == 0);
}

static void
check_request(char *const lines[LINES])
{
	const char *const symbols[2] = { lines[0], lines[1] };
	const char *const swapped[2] = { lines[1], lines[0] };
	struct bc_request request = { symbols,  2,    lines[2],
		                      lines[3], "1d", lines[4] };
	char key[BC_REQUEST_KEY_BYTES], other[BC_REQUEST_KEY_BYTES];
	struct bc_error err;
	size_t bytes;
	char *text;
	enum bc_status status = bci_request_text(&bci_allocator_default,
	                                         &request, &text, &bytes, &err);

	if (status != BC_OK) {
		CHECK(status == BC_KEY && text == NULL);
		return;
	}
	CHECK(strlen(text) == bytes);
	for (size_t i = 0; i < bytes; i++)
		CHECK(text[i] >= 0x20 && text[i] < 0x7f);
	bci_request_key(text, bytes, key);
	request.symbols = swapped;
	CHECK(bc_key_request(&request, other, &err) == BC_OK);
	CHECK(strcmp(key, other) == 0 && strlen(key) == 16);
	bci_free(&bci_allocator_default, text);
}

static void
check_timeframe(const char *line)
{
	char name[BCI_TIMEFRAME_TEXT];
	struct bci_timeframe timeframe, back;

	if (!bci_timeframe_parse(line, strlen(line), &timeframe))
		return;
	CHECK((timeframe.step_ns > 0) != (timeframe.months > 0));
	bci_timeframe_name(&timeframe, name);
	CHECK(bci_timeframe_parse(name, strlen(name), &back));
	CHECK(back.step_ns == timeframe.step_ns &&
	      back.months == timeframe.months);
}

static void
check_pattern(const char *pattern, const char *text)
{
	char literal[2 * BC_KEY_MAX + 1];
	size_t used = 0;

	bci_glob_match(pattern, text);
	if (strlen(text) > BC_KEY_MAX)
		return;
	for (size_t i = 0; text[i] != '\0'; i++) {
		literal[used++] = '\\';
		literal[used++] = text[i];
	}
	literal[used] = '\0';
	CHECK(bci_glob_match(literal, text));
	CHECK(bci_glob_match("*", text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *copy =
		bci_strndup(&bci_allocator_default, (const char *)data, bytes);
	char *lines[LINES];
	char *at = copy;

	CHECK(copy != NULL);
	check_key(copy);
	for (int i = 0; i < LINES; i++) {
		lines[i] = at;
		at += strcspn(at, "\n");
		if (*at == '\n')
			*at++ = '\0';
	}
	check_series(lines);
	check_request(lines);
	check_timeframe(lines[0]);
	check_pattern(lines[0], lines[1]);
	bci_free(&bci_allocator_default, copy);
	return 0;
}
