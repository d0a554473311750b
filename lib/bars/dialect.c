/* SPDX-License-Identifier: MIT */
/*
 * dialect.c - how a CSV file is laid out.
 *
 * A first line that begins with a moment is a row, anything else a header.
 * With a header, columns are known by name in whatever order they come; some
 * sources write the close before the high.  Without one only the orders of
 * fields that sources publish are accepted, by the number of fields.
 */
#include "common.h"

#include "dialect.h"
#include "error.h"
#include "key.h"
#include "moment.h"

/* ------------------------------------------------------------------------ */
/*  Fields and lines                                                        */
/* ------------------------------------------------------------------------ */

static bool
dialect_is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

const char *
bci_field_find(const char *text, const char *end, char delimiter,
               struct bci_field *out)
{
	const char *from = text, *at = text, *to = NULL;

	while (at < end && *at == ' ')
		at++;
	if (at < end && *at == '"') {
		from = ++at;
		while (at < end && *at != '"' && *at != '\n')
			at++;
		if (at < end && *at == '"')
			to = at++;
		while (at < end && *at == ' ')
			at++;
	}
	/* What is not properly quoted keeps its quotes, and fails as a cell. */
	if (to == NULL || !bci_field_ends(at, end, delimiter)) {
		from = text;
		while (!bci_field_ends(at, end, delimiter))
			at++;
		to = at;
	}
	while (from < to && dialect_is_blank(*from))
		from++;
	while (from < to && dialect_is_blank(to[-1]))
		to--;
	*out = (struct bci_field){ from, (size_t)(to - from) };
	return at;
}

/* The first byte of the line behind the one 'at' is in. */
static const char *
dialect_next_line(const char *at, const char *end)
{
	const char *newline = memchr(at, '\n', (size_t)(end - at));

	return newline == NULL ? end : newline + 1;
}

/* The delimiter a line has most of; of two as frequent, the rarer in text. */
static char
dialect_delimiter(const char *line, const char *end)
{
	static const char known[] = { '\t', ';', ',' };
	size_t counts[BCI_COUNT(known)] = { 0 };
	size_t best = 0;

	for (; line < end; line++)
		for (size_t i = 0; i < BCI_COUNT(known); i++)
			counts[i] += *line == known[i];
	for (size_t i = 1; i < BCI_COUNT(known); i++)
		if (counts[i] > counts[best])
			best = i;
	return counts[best] == 0 ? ',' : known[best];
}

/* ------------------------------------------------------------------------ */
/*  Without a header                                                        */
/* ------------------------------------------------------------------------ */

static bool
dialect_is_moment(const struct bci_field *field)
{
	const char *end = field->text + field->bytes;
	int64_t time_ns, unit_ns;

	return bci_time_parse(field->text, end, &time_ns, &unit_ns) == end;
}

/* Whether it is a time of day with a colon; without it might be a price. */
static bool
dialect_is_clock(const struct bci_field *field)
{
	const char *end = field->text + field->bytes;
	int64_t clock_ns;

	return field->bytes > 2 && field->text[2] == ':' &&
	       bci_clock_parse(field->text, end, &clock_ns) == end;
}

/*
 * The orders of columns behind the moment: CCXT's, Kraken's and Binance's.  A
 * field without a name says nothing new: the last moment of the bar, a zero.
 */
static const struct {
	uint32_t count;
	const char *names[11];
} dialect_orders[] = {
	{ 5, { "open", "high", "low", "close", "volume" } },
	{ 6, { "open", "high", "low", "close", "volume", "count" } },
	{ 11,
	  { "open", "high", "low", "close", "volume", "", "quote_volume",
	    "count", "taker_buy_volume", "taker_buy_quote_volume", "" } },
};

/* Name the fields of a file without a header. */
static enum bc_status
dialect_without_header(struct bci_dialect *out, const struct bci_field *second,
                       struct bc_error *err)
{
	uint32_t times = 1;

	out->roles[0] = BCI_FIELD_TIME;
	if (dialect_is_clock(second)) {
		out->roles[0] = BCI_FIELD_DATE;
		out->roles[times++] = BCI_FIELD_CLOCK;
	}
	for (size_t i = 0; i < BCI_COUNT(dialect_orders); i++) {
		if (out->field_count != times + dialect_orders[i].count)
			continue;
		for (uint32_t j = 0; j < dialect_orders[i].count; j++)
			strcpy(out->names[times + j],
			       dialect_orders[i].names[j]);
		return BC_OK;
	}
	return bci_fail_row(err, BC_INVALID, out->line,
	                    "line %llu is no header, and %u fields have no "
	                    "known order",
	                    (unsigned long long)out->line, out->field_count);
}

/* ------------------------------------------------------------------------ */
/*  With a header                                                           */
/* ------------------------------------------------------------------------ */

/* The name in small letters, '_' for blanks, without the brackets of MT5. */
static bool
dialect_name(const struct bci_field *field, char name[BC_COLUMN_NAME_MAX + 1])
{
	const char *text = field->text;
	size_t bytes = field->bytes;

	if (bytes > 2 && text[0] == '<' && text[bytes - 1] == '>') {
		text++;
		bytes -= 2;
	}
	name[0] = '\0';
	if (bytes > BC_COLUMN_NAME_MAX || memchr(text, '"', bytes) != NULL ||
	    (bytes != 0 && !bci_key_valid(text, bytes)))
		return false;
	for (size_t i = 0; i < bytes; i++) {
		name[i] = text[i];
		if (text[i] >= 'A' && text[i] <= 'Z')
			name[i] = (char)(text[i] | 0x20);
		else if (dialect_is_blank(text[i]))
			name[i] = '_';
	}
	name[bytes] = '\0';
	return true;
}

/* The field called 'name', or field_count. */
static uint32_t
dialect_find_name(const struct bci_dialect *dialect, const char *name)
{
	uint32_t i = 0;

	while (i < dialect->field_count && strcmp(dialect->names[i], name) != 0)
		i++;
	return i;
}

/* The field that holds the moment, or field_count. */
static uint32_t
dialect_find_time(const struct bci_dialect *dialect)
{
	static const char *const known[] = {
		"timestamp",    "time",         "datetime",      "date_time",
		"open_time",    "date",         "unix",          "ts",
		"ts_event",     "window_start", "timestamp_utc", "time_utc",
		"datetime_utc", "time_(utc)",   "gmt_time",      "epoch",
		"day",          "unix_time",    "opentime",      "open_ns",
	};

	for (uint32_t i = 0; i < dialect->field_count; i++)
		for (size_t j = 0; j < BCI_COUNT(known); j++)
			if (strcmp(dialect->names[i], known[j]) == 0)
				return i;
	return dialect->names[0][0] == '\0' ? 0 : dialect->field_count;
}

/* Say which fields hold the moment.  A nameless first field counts rows. */
static enum bc_status
dialect_with_header(struct bci_dialect *out, struct bc_error *err)
{
	uint32_t date = dialect_find_name(out, "date");
	uint32_t clock = dialect_find_name(out, "time");
	uint32_t time = dialect_find_time(out);

	if (time == out->field_count)
		return bci_fail_row(err, BC_INVALID, out->line,
		                    "line %llu is no row of numbers, and as a "
		                    "header names no time, timestamp or date",
		                    (unsigned long long)out->line);
	if (out->names[0][0] == '\0')
		out->roles[0] = BCI_FIELD_DROP;
	if (date < out->field_count && clock < out->field_count) {
		out->roles[date] = BCI_FIELD_DATE;
		out->roles[clock] = BCI_FIELD_CLOCK;
		time = date;
	} else {
		out->roles[time] = BCI_FIELD_TIME;
	}
	strcpy(out->time_name, out->names[time]);
	return BC_OK;
}

/* ------------------------------------------------------------------------ */
/*  Both                                                                    */
/* ------------------------------------------------------------------------ */

/* Whether 'name' is one of 'count' names. */
static bool
dialect_is_one(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Give the fields that hold no moment their roles, and check their names. */
static enum bc_status
dialect_place_columns(struct bci_dialect *out, struct bc_error *err)
{
	static const char *const prices[] = { "open", "high", "low", "close" };
	static const char *const dropped[] = { "close_time", "ignore" };

	for (uint32_t i = 0; i < out->field_count; i++) {
		const char *name = out->names[i];

		if (out->roles[i] != BCI_FIELD_NUMBER)
			continue;
		if (dialect_is_one(name, dropped, BCI_COUNT(dropped)) ||
		    (name[0] == '\0' && !out->header)) {
			out->roles[i] = BCI_FIELD_DROP;
			continue;
		}
		if (name[0] == '\0' || strcmp(name, BC_TIME) == 0 ||
		    dialect_find_name(out, name) != i)
			return bci_fail_row(
				err, BC_INVALID, out->line,
				"line %llu: column %u has no name, or one "
				"that is taken: '%s'",
				(unsigned long long)out->line, i + 1, name);
		if (dialect_is_one(name, prices, BCI_COUNT(prices)))
			out->roles[i] = BCI_FIELD_PRICE;
		out->column_count++;
	}
	if (out->column_count == 0 || out->column_count >= BC_COLUMNS_MAX)
		return bci_fail_row(err, BC_INVALID, out->line,
		                    "line %llu: %u columns beside the time, "
		                    "not 1 to %d",
		                    (unsigned long long)out->line,
		                    out->column_count, BC_COLUMNS_MAX - 1);
	return BC_OK;
}

/* Split the first line that counts, at 'line', into names. */
static enum bc_status
dialect_split(struct bci_dialect *out, const char *line, const char *end,
              struct bci_field *second, struct bc_error *err)
{
	struct bci_field field;
	uint32_t count = 0;

	do {
		if (count == BCI_FIELDS_MAX)
			return bci_fail_row(err, BC_INVALID, out->line,
			                    "line %llu has more than %d fields",
			                    (unsigned long long)out->line,
			                    BCI_FIELDS_MAX);
		line = bci_field_find(line, end, out->delimiter, &field);
		if (count == 0)
			out->header = !dialect_is_moment(&field);
		if (count == 1)
			*second = field;
		if (out->header && !dialect_name(&field, out->names[count]))
			return bci_fail_row(err, BC_INVALID, out->line,
			                    "line %llu: column %u has an "
			                    "impossible name",
			                    (unsigned long long)out->line,
			                    count + 1);
		out->roles[count++] = BCI_FIELD_NUMBER;
	} while (line < end && *line++ == out->delimiter);
	out->field_count = count;
	return BC_OK;
}

enum bc_status
bci_dialect_find(const char *text, size_t bytes, struct bci_dialect *out,
                 struct bc_error *err)
{
	const char *end = text + bytes;
	struct bci_field second = { text, 0 };
	enum bc_status status;
	const char *next;

	memset(out, 0, sizeof(*out));
	out->line = 1;
	if (bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	for (; text < end && memchr("#\r\n", *text, 3) != NULL; out->line++)
		text = dialect_next_line(text, end);
	if (text == end)
		return bci_fail_row(err, BC_INVALID, out->line,
		                    "there is neither a header nor a row");
	next = dialect_next_line(text, end);
	out->delimiter = dialect_delimiter(text, next);
	BCI_TRY(dialect_split(out, text, end, &second, err));
	BCI_TRY(out->header ? dialect_with_header(out, err)
	                    : dialect_without_header(out, &second, err));
	BCI_TRY(dialect_place_columns(out, err));
	out->rows = out->header ? next : text;
	out->line += out->header;
done:
	return status;
}
