/* SPDX-License-Identifier: MIT */
/*
 * fuzz_json.c - any bytes as rows of JSON.  What is accepted must keep the
 * promises of json.h: lines that are whole, and no control bytes or quotes in
 * fields.
 */
#include "target.h"

#include "alloc.h"
#include "json.h"

static void
check_text(const char *text, size_t bytes)
{
	CHECK(bytes > 0 && text[bytes - 1] == '\n');
	for (size_t i = 0; i < bytes; i++) {
		unsigned char byte = (unsigned char)text[i];

		CHECK(byte >= 0x20 || byte == '\t' || byte == '\n');
		CHECK(byte != 0x7f);
		/* A quote opens and closes only what would be a comment. */
		CHECK(byte != '"' || (i + 1 < bytes && text[i + 1] == '#') ||
		      text[i + 1] == '\t' || text[i + 1] == '\n');
	}
}

/* "name:type,name:type", or nothing. */
static void
check_types(const char *types)
{
	size_t points = 0, commas = 0;

	CHECK(memchr(types, '\0', BCI_JSON_TYPES) != NULL);
	for (const char *at = types; *at != '\0'; at++) {
		points += *at == ':';
		commas += *at == ',';
	}
	CHECK(types[0] == '\0' || points >= commas + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static char types[BCI_JSON_TYPES];
	struct bc_error err = { 0 };
	const char *json = (const char *)data;
	enum bc_status status;
	size_t text_bytes;
	char *text;

	bci_json_is(json, bytes);
	status = bci_json_rows(&bci_allocator_default, json, bytes, &text,
	                       &text_bytes, types, &err);
	if (status != BC_OK) {
		CHECK(status == BC_INVALID && err.status == status);
		CHECK(err.message[0] != '\0' && text == NULL);
		return 0;
	}
	check_text(text, text_bytes);
	check_types(types);
	bci_free(&bci_allocator_default, text);
	return 0;
}
