/* SPDX-License-Identifier: MIT */
/*
 * fuzz_hints.c - what the user says of a file: the columns and how they map,
 * the form of its times, a shape by name; with a file that has such columns.
 *
 * Up to five lines are hints, the rest is the file; the length chooses a
 * preset.
 */
#include "target.h"

#include "alloc.h"
#include "csv.h"
#include "sniff.h"

#define LINES 5

/* The next line, ended by a NUL; NULL for an empty one. */
static const char *
hint(char **at)
{
	char *line = *at, *end = strchr(line, '\n');

	if (end == NULL) {
		*at += strlen(line);
	} else {
		*end = '\0';
		*at = end + 1;
	}
	return *line == '\0' ? NULL : line;
}

static void
read_file(const char *text, size_t bytes, const struct bci_dialect *dialect)
{
	struct bci_csv_report report;
	struct bci_table table;
	struct bci_csv *csv;
	size_t used = 0;
	bool done = false;

	CHECK(bci_csv_begin(&bci_allocator_default, text, bytes, dialect, NULL,
	                    &csv, NULL) == BC_OK);
	while (!done)
		CHECK(bci_csv_more(csv, bytes + 1, &used, &done, NULL) ==
		      BC_OK);
	bci_csv_end(csv, &table, &report);
	CHECK(table.column_count <= BC_COLUMNS_MAX);
	for (uint32_t i = 0; i < table.column_count; i++)
		CHECK(table.columns[i].name[0] != '\0');
	bci_table_free(&table);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *copy =
		bci_strndup(&bci_allocator_default, (const char *)data, bytes);
	static struct bci_dialect dialect;
	struct bci_hints hints = { .preset = NULL };
	struct bc_error err = { 0 };
	char *at = copy;

	CHECK(copy != NULL);
	hints.columns = hint(&at);
	hints.extra = hint(&at);
	hints.volume = hint(&at);
	hints.time_format = hint(&at);
	hints.name = hint(&at);
	if (bytes % 4 == 0)
		hints.preset = &bci_presets[bytes / 4 % bci_preset_count];
	if (bci_sniff(at, strlen(at), &hints, &dialect, &err) != BC_OK) {
		CHECK(err.status != BC_OK && err.message[0] != '\0');
	} else {
		CHECK(dialect.field_count <= BCI_FIELDS_MAX);
		CHECK(dialect.column_count <= BC_COLUMNS_MAX);
		read_file(at, strlen(at), &dialect);
	}
	bci_free(&bci_allocator_default, copy);
	return 0;
}
