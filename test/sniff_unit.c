/* SPDX-License-Identifier: MIT */
/*
 * sniff_unit.c - a dialect in a line of text.
 */
#include "sniff_unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Too large for a stack; tests run one after the other. */
static struct bci_dialect dialect;

/* Append to 'line', which is large enough for all that tests expect. */
__attribute__((format(printf, 2, 3))) static void
append(char line[SNIFF_LINE], const char *format, ...)
{
	size_t bytes = strlen(line);
	va_list values;

	va_start(values, format);
	vsnprintf(line + bytes, SNIFF_LINE - bytes, format, values);
	va_end(values);
}

static void
append_field(char line[SNIFF_LINE], const struct bci_dialect_field *field)
{
	switch (field->role) {
	case BCI_ROLE_TIME:
		append(line, "TIME ");
		return;
	case BCI_ROLE_DATE:
		append(line, "DATE ");
		return;
	case BCI_ROLE_CLOCK:
		append(line, "CLOCK ");
		return;
	case BCI_ROLE_SYMBOL:
		append(line, "SYMBOL ");
		return;
	case BCI_ROLE_PERIOD:
		append(line, "PERIOD ");
		return;
	case BCI_ROLE_DROP:
		append(line, "-%s ", field->name);
		return;
	default:
		append(line, "%s", field->name);
	}
	if (field->type != BC_F64)
		append(line, ":%s", bc_type_name(field->type));
	append(line, " ");
}

static void
append_dialect(char line[SNIFF_LINE])
{
	for (uint32_t i = 0; i < dialect.field_count; i++)
		append_field(line, &dialect.fields[i]);
	append(line, "| %s", dialect.time.text);
	if (dialect.clock.kind != BCI_FORM_NONE)
		append(line, " + %s", dialect.clock.text);
	append(line, "=%s | %s=%s | %s=%s | %s",
	       bci_basis_name(dialect.basis.time), dialect.zone,
	       bci_basis_name(dialect.basis.zone),
	       dialect.stamp == BCI_STAMP_OPEN ? "open" : "close",
	       bci_basis_name(dialect.basis.stamp),
	       bci_basis_name(dialect.basis.columns));
	if (dialect.preset != NULL)
		append(line, " %s", dialect.preset->name);
	if (dialect.price_divisor != 1)
		append(line, " /%g=%s", dialect.price_divisor,
		       bci_basis_name(dialect.basis.divisor));
	if (dialect.decimal != '.' || dialect.grouping != 0)
		append(line, " numbers %c %c=%s", dialect.decimal,
		       dialect.grouping != 0 ? dialect.grouping : '0',
		       bci_basis_name(dialect.basis.number));
}

void
sniff_describe(const char *text, size_t bytes, const struct bci_hints *hints,
               char line[SNIFF_LINE])
{
	char *copy = malloc(bytes == 0 ? 1 : bytes);
	struct bc_error err = { 0 };
	enum bc_status status;

	assert_non_null(copy);
	memcpy(copy, text, bytes);
	line[0] = '\0';
	status = bci_sniff(copy, bytes, hints, &dialect, &err);
	free(copy);
	if (status == BC_OK) {
		append_dialect(line);
		return;
	}
	assert_int_equal(status, BC_INVALID);
	assert_int_equal(err.status, status);
	append(line, "refused %lld: %s", (long long)err.row, err.message);
}

void
sniff_check(const struct sniff_case *cases, size_t count)
{
	char line[SNIFF_LINE];

	for (size_t i = 0; i < count; i++) {
		sniff_describe(cases[i].text, strlen(cases[i].text),
		               &cases[i].hints, line);
		if (strcmp(line, cases[i].expected) != 0)
			fail_msg("of\n%s\nfound    %s\nexpected %s",
			         cases[i].text, line, cases[i].expected);
	}
}

struct bci_dialect *
sniff_dialect(const char *text, const struct bci_hints *hints)
{
	char line[SNIFF_LINE];

	sniff_describe(text, strlen(text), hints, line);
	if (strncmp(line, "refused ", 8) == 0)
		fail_msg("of\n%s\n%s", text, line);
	return &dialect;
}
