/* SPDX-License-Identifier: MIT */
/*
 * import_decided.c - what was decided about a text, and how sure it is, in
 * words and as JSON.
 *
 * Every decision says what it rests on: "given" by the command line, "stated"
 * by the file, "found" because no other reading fits the rows, or "assumed" by
 * a rule, where nothing tells.
 */
#include "import.h"

#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "error.h"
#include "number.h"
#include "output.h"

/* A decision, what it rests on, and the option that would make it. */
struct decided {
	const char *name;
	const char *option;
	enum bci_basis basis;
	const char *reason; /* "" if there is none */
	char value[192];
};

#define DECIDED_MAX 6

/* The unit of a number as a word. */
static const char *
decided_unit(int64_t unit_ns)
{
	switch (unit_ns) {
	case 1:
		return "ns";
	case 1000:
		return "us";
	case 1000000:
		return "ms";
	case BCI_SECOND_NS:
		return "s";
	default:
		return NULL;
	}
}

/* "ms", "date", or where it changes within the text "ms, then us". */
static void
decided_time_unit(const struct import_text *text, char unit[24])
{
	const char *first = decided_unit(text->report.unit_ns);
	const char *last = decided_unit(text->report.last_unit_ns);

	if (first == NULL)
		first = "date";
	if (last == NULL || strcmp(first, last) == 0)
		snprintf(unit, 24, "%s", first);
	else
		snprintf(unit, 24, "%s, then %s", first, last);
}

/* The form of times in words. */
static void
decided_times(const struct import_text *text, char *value, size_t bytes)
{
	const struct bci_dialect *dialect = text->dialect;
	char unit[24];

	decided_time_unit(text, unit);
	if (dialect->time.kind == BCI_FORM_UNIX)
		snprintf(value, bytes, "%s since 1970", unit);
	else if (dialect->clock.kind == BCI_FORM_NONE)
		snprintf(value, bytes, "%s", dialect->time.text);
	else if (dialect->time.kind == BCI_FORM_NONE)
		snprintf(value, bytes, "%s", dialect->clock.text);
	else
		snprintf(value, bytes, "%s and %s", dialect->time.text,
		         dialect->clock.text);
}

/* The kept fields in their order: "open", or "close=Adj Close". */
static void
decided_columns(const struct bci_dialect *dialect, char *value, size_t bytes)
{
	size_t used = 0;
	uint32_t i;

	value[0] = '\0';
	for (i = 0; i < dialect->field_count && used < bytes; ++i) {
		const struct bci_dialect_field *field = &dialect->fields[i];
		const char *name =
			field->role == BCI_ROLE_TIME || field->name[0] == '\0'
				? "time"
				: field->name;
		bool called = field->label[0] != '\0' &&
		              strcmp(field->label, name) != 0;
		int got;

		if (field->role == BCI_ROLE_DROP)
			continue;
		got = snprintf(value + used, bytes - used, "%s%s%s%s",
		               used == 0 ? "" : " ", name, called ? "=" : "",
		               called ? field->label : "");
		used += got < 0 ? bytes : (size_t)got;
	}
}

/* What is said of a divisor or of the way numbers are written; "" if usual. */
static void
decided_divisor(const struct bci_dialect *dialect, char *value, size_t bytes)
{
	char number[BCI_NUMBER_TEXT];

	value[0] = '\0';
	if (dialect->price_divisor == 1)
		return;
	bci_number_format(dialect->price_divisor, number);
	snprintf(value, bytes, "divided by %s", number);
}

static void
decided_numbers(const struct bci_dialect *dialect, char *value, size_t bytes)
{
	value[0] = '\0';
	if (dialect->decimal == ',')
		snprintf(value, bytes, "with a decimal comma");
	else if (dialect->grouping != '\0')
		snprintf(value, bytes, "with '%c' between thousands",
		         dialect->grouping);
}

/* All decisions on a text; one without a value is the usual one. */
static void
decided_fill(const struct import_text *text, struct decided all[DECIDED_MAX])
{
	const struct bci_dialect *dialect = text->dialect;
	struct decided *columns = &all[0], *times = &all[1], *zone = &all[2];
	struct decided *stamp = &all[3], *prices = &all[4], *numbers = &all[5];

	*columns = (struct decided){ .name = "columns",
		                     .option = "--columns",
		                     .basis = dialect->basis.columns,
		                     .reason = dialect->columns_reason };
	decided_columns(dialect, columns->value, sizeof(columns->value));
	*times = (struct decided){ .name = "times",
		                   .option = "--time-format",
		                   .basis = dialect->basis.time,
		                   .reason = dialect->time_reason };
	decided_times(text, times->value, sizeof(times->value));
	*zone = (struct decided){ .name = "time zone",
		                  .option = "--tz",
		                  .basis = dialect->basis.zone,
		                  .reason = dialect->zone_reason };
	snprintf(zone->value, sizeof(zone->value), "%s", dialect->zone);
	*stamp = (struct decided){ .name = "bar time",
		                   .option = "--stamp",
		                   .basis = dialect->basis.stamp,
		                   .reason = "" };
	snprintf(stamp->value, sizeof(stamp->value), "%s",
	         dialect->stamp == BCI_STAMP_CLOSE ? "close" : "open");
	*prices = (struct decided){ .name = "prices",
		                    .option = "--preset",
		                    .basis = dialect->basis.divisor,
		                    .reason = "" };
	decided_divisor(dialect, prices->value, sizeof(prices->value));
	*numbers = (struct decided){ .name = "numbers",
		                     .option = "--preset",
		                     .basis = dialect->basis.number,
		                     .reason = "" };
	decided_numbers(dialect, numbers->value, sizeof(numbers->value));
}

/* "time zone: UTC (assumed): nothing tells" */
static void
decided_line(const struct decided *decided, FILE *file)
{
	const char *reason = decided->reason;

	if (decided->value[0] == '\0')
		return;
	fprintf(file, "%s: %s (%s)%s%s\n", decided->name, decided->value,
	        bci_basis_name(decided->basis), reason[0] == '\0' ? "" : ": ",
	        reason);
}

/* The labels of the fields that are left out, but for those without one. */
static void
decided_left_out(const struct bci_dialect *dialect, FILE *file)
{
	const char *between = "left out: ";
	uint32_t i;

	for (i = 0; i < dialect->field_count; ++i) {
		const struct bci_dialect_field *field = &dialect->fields[i];
		const char *label =
			field->label[0] != '\0' ? field->label : field->name;

		if (field->role != BCI_ROLE_DROP || label[0] == '\0')
			continue;
		fprintf(file, "%s%s", between, label);
		between = ", ";
	}
	if (between[0] == ',')
		fputs(" (--extra keeps them)\n", file);
}

/* How the timeframe was found; NULL if it was not. */
static const char *
decided_origin(enum import_origin origin)
{
	static const char *const names[] = { NULL, "option", "rows", "name",
		                             "step" };

	return names[origin];
}

static const char *
decided_order(const struct import_text *text)
{
	static const char *const names[] = { "ascending", "descending",
		                             "mixed" };
	enum bci_order order = BCI_ASCENDING;
	uint32_t i;

	for (i = 0; i < text->series_count; ++i)
		if (text->series[i].order.order > order)
			order = text->series[i].order.order;
	return names[order];
}

/* Where the timeframe comes from; of several series, the first one's. */
static void
decided_timeframe(const struct import_text *text, FILE *file)
{
	static const char *const words[] = { "", "given", "stated by the rows",
		                             "stated by the file's name",
		                             "found: the commonest step" };
	const struct import_series *series = text->series;
	char name[BCI_TIMEFRAME_TEXT];

	if (text->series_count == 0 ||
	    series->timeframe_origin == IMPORT_NOWHERE)
		return;
	bci_timeframe_name(&series->timeframe, name);
	fprintf(file, "timeframe: %s (%s)\n", name,
	        words[series->timeframe_origin]);
}

void
import_decided_print(const struct import_text *text, FILE *file)
{
	const struct bci_dialect *dialect = text->dialect;
	struct decided all[DECIDED_MAX];
	size_t i;

	if (dialect->preset != NULL)
		fprintf(file, "dialect: %s\n", dialect->preset->name);
	decided_fill(text, all);
	for (i = 0; i < DECIDED_MAX; ++i)
		decided_line(&all[i], file);
	decided_timeframe(text, file);
	decided_left_out(dialect, file);
	if (strcmp(decided_order(text), "ascending") != 0)
		fprintf(file, "order: %s (sorted)\n", decided_order(text));
}

/* Names of the columns that are kept, or labels of those that are not. */
static json_t *
decided_names(const struct bci_dialect *dialect, bool kept)
{
	json_t *names = json_array();
	uint32_t i;

	for (i = 0; i < dialect->field_count; ++i) {
		const struct bci_dialect_field *field = &dialect->fields[i];

		if (kept && bci_role_is_kept(field->role))
			json_array_append_new(names,
			                      output_json_text(field->name));
		if (!kept && field->role == BCI_ROLE_DROP)
			json_array_append_new(names,
			                      output_json_text(field->label));
	}
	return names;
}

/* Add "NAME", "NAME_basis" and "NAME_reason". */
static void
decided_add(json_t *object, const char *name, const struct decided *decided)
{
	char member[64];

	output_add_text(object, name, decided->value);
	snprintf(member, sizeof(member), "%s_basis", name);
	output_add_text(object, member, bci_basis_name(decided->basis));
	if (decided->reason[0] == '\0')
		return;
	snprintf(member, sizeof(member), "%s_reason", name);
	output_add_text(object, member, decided->reason);
}

/* What the file's name says that it holds all of, if that is believed. */
static void
decided_period(json_t *object, const struct import_series *series)
{
	bool known = series != NULL && series->to_ns != 0;

	output_add_ns(object, "period_from_ns", known,
	              known ? series->from_ns : 0);
	output_add_ns(object, "period_to_ns", known, known ? series->to_ns : 0);
}

json_t *
import_decided_json(const struct import_text *text)
{
	static const char *const packings[] = { NULL, "gzip", "zip" };
	const struct bci_dialect *dialect = text->dialect;
	const struct import_series *series = text->series;
	char delimiter[2] = { dialect->delimiter, '\0' };
	char timeframe[BCI_TIMEFRAME_TEXT] = "";
	bool one = text->series_count != 0;
	struct decided all[DECIDED_MAX];
	json_t *object = json_object();
	char unit[24];

	decided_fill(text, all);
	decided_time_unit(text, unit);
	output_add_text(object, "dialect",
	                dialect->preset == NULL ? NULL : dialect->preset->name);
	output_add_text(object, "layout", text->layout.name);
	output_add_text(object, "packing", packings[text->packing]);
	output_add(object, "json", json_boolean(text->json));
	output_add(object, "checksum", json_boolean(text->checked));
	output_add_text(object, "delimiter", delimiter);
	output_add(object, "header", json_boolean(dialect->header));
	output_add(object, "columns", decided_names(dialect, true));
	output_add_text(object, "columns_basis", bci_basis_name(all[0].basis));
	if (all[0].reason[0] != '\0')
		output_add_text(object, "columns_reason", all[0].reason);
	output_add(object, "left_out", decided_names(dialect, false));
	decided_add(object, "time_format", &all[1]);
	output_add_text(object, "time_unit", unit);
	decided_add(object, "time_zone", &all[2]);
	decided_add(object, "stamp", &all[3]);
	output_add(object, "price_divisor", json_real(dialect->price_divisor));
	output_add_text(object, "price_divisor_basis",
	                bci_basis_name(all[4].basis));
	output_add_text(object, "numbers",
	                all[5].value[0] == '\0' ? NULL : all[5].value);
	output_add_text(object, "order", decided_order(text));
	output_add_ns(object, "step_ns", one && series->step_ns != 0,
	              one ? series->step_ns : 0);
	if (one && series->timeframe_origin != IMPORT_NOWHERE)
		bci_timeframe_name(&series->timeframe, timeframe);
	output_add_text(object, "timeframe",
	                timeframe[0] == '\0' ? NULL : timeframe);
	output_add_text(object, "timeframe_from",
	                one ? decided_origin(series->timeframe_origin) : NULL);
	decided_period(object, series);
	return object;
}

enum bc_status
import_decided_strict(const struct bci_dialect *dialect, struct bc_error *err)
{
	const struct import_text text = {
		.dialect = (struct bci_dialect *)(uintptr_t)dialect
	};
	struct decided all[DECIDED_MAX];
	char words[160];
	size_t i, used = 0;

	decided_fill(&text, all);
	for (i = 0; i < DECIDED_MAX && used < sizeof(words); ++i) {
		int got;

		if (all[i].basis != BCI_ASSUMED || all[i].value[0] == '\0')
			continue;
		got = snprintf(words + used, sizeof(words) - used,
		               "%s%s: %.40s (assumed), %s says it",
		               used == 0 ? "" : "; ", all[i].name, all[i].value,
		               all[i].option);
		used += got < 0 ? sizeof(words) : (size_t)got;
	}
	if (used == 0)
		return BC_OK;
	return bci_fail(err, BC_INVALID, "--strict: %s", words);
}
