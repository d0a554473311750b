/* SPDX-License-Identifier: MIT */
/*
 * sniff_header.c - whether a file has a header, and the names in it.
 *
 * The header is the line of names before the first row that has as many fields,
 * or one more or less: a delimiter at the end of all lines adds one, a date and
 * a time of day under one name lack one, and so does an index without a name.
 * Lines above it are free text, in which only a time zone matters.  What
 * pandas writes of columns with two levels has three lines: names, tickers, and
 * the name of the index alone.
 */
#include "common.h"

#include <stdio.h>

#include "error.h"
#include "sniffing.h"

/* A line that may be part of the header, split. */
struct sniff_heading {
	const struct bci_sample_line *line;
	uint32_t count, names; /* fields; of these, known names */
	bool filled;           /* one of them is not empty */
	struct bci_field fields[BCI_FIELDS_MAX];
};

uint64_t
bci_sniff_line(const struct bci_sniffing *s, uint32_t row)
{
	return s->sample.lines[s->sample.row_lines[row]].number;
}

static const struct bci_meaning *
sniff_field_meaning(const struct bci_field *field)
{
	char name[BC_COLUMN_NAME_MAX + 1];

	if (!bci_column_spell(field->text, field->bytes, name))
		return NULL;
	return bci_column_meaning(name);
}

/* ------------------------------------------------------------------------ */
/*  Finding it                                                              */
/* ------------------------------------------------------------------------ */

/* Split a line, without the '#' of a commented one. */
static void
sniff_split(const struct bci_sniffing *s, const struct bci_sample_line *line,
            struct sniff_heading *out)
{
	const char *at = line->at, *end = line->at + line->bytes;

	while (line->comment && at < end && (*at == '#' || *at == ' '))
		at++;
	out->line = line;
	out->names = 0;
	out->filled = false;
	out->count = bci_line_split(at, end, s->sample.delimiter, out->fields,
	                            BCI_FIELDS_MAX);
	for (uint32_t i = 0; i < out->count && i < BCI_FIELDS_MAX; i++) {
		out->names += sniff_field_meaning(&out->fields[i]) != NULL;
		out->filled |= out->fields[i].bytes != 0;
	}
}

/* Whether the caller names all fields. */
static bool
sniff_all_named(const struct bci_sniffing *s)
{
	return s->hints->columns != NULL &&
	       strchr(s->hints->columns, '=') == NULL;
}

/* Refuse a header that does not go with the rows. */
static enum bc_status
sniff_uneven(struct bci_sniffing *s, const struct sniff_heading *header)
{
	return bci_fail_row(s->err, BC_INVALID, header->line->number,
	                    "the header names %u fields, rows have %u: name "
	                    "them all by --columns",
	                    header->count, s->sample.fields);
}

/* Whether a line may be the header: names, in about the right number. */
static bool
sniff_may_head(const struct bci_sniffing *s, const struct sniff_heading *line)
{
	uint32_t fields = s->sample.fields;

	if (line->line->comment)
		return line->names >= 3 && line->count == fields;
	return line->filled && line->count + 1 >= fields &&
	       line->count <= fields + 1 && line->count <= BCI_FIELDS_MAX;
}

/*
 * Look for the header from the first row upwards; out->line is NULL if there
 * is none.  A line of known names in a number that does not go with the rows
 * is refused, unless the caller names all fields.
 */
static enum bc_status
sniff_find_header(struct bci_sniffing *s, struct sniff_heading *out,
                  uint32_t *at)
{
	for (uint32_t i = s->sample.lead; i > 0; i--) {
		sniff_split(s, &s->sample.lines[i - 1], out);
		*at = i - 1;
		if (sniff_may_head(s, out))
			return BC_OK;
		if (out->names >= 3 && !out->line->comment &&
		    !sniff_all_named(s))
			return sniff_uneven(s, out);
	}
	out->line = NULL;
	return BC_OK;
}

/* ------------------------------------------------------------------------ */
/*  Three lines                                                             */
/* ------------------------------------------------------------------------ */

/* How many fields behind the first one are not empty. */
static uint32_t
sniff_filled(const struct sniff_heading *line)
{
	uint32_t count = 0;

	for (uint32_t i = 1; i < line->count; i++)
		count += line->fields[i].bytes != 0;
	return count;
}

static bool
sniff_same(const struct bci_field *a, const struct bci_field *b)
{
	return a->bytes == b->bytes && memcmp(a->text, b->text, a->bytes) == 0;
}

/* Refuse tickers side by side; 'line' has one a column. */
static enum bc_status
sniff_one_ticker(struct bci_sniffing *s, const struct sniff_heading *line)
{
	for (uint32_t i = 2; i < line->count; i++)
		if (line->fields[i].bytes != 0 &&
		    !sniff_same(&line->fields[1], &line->fields[i]))
			return bci_fail_row(
				s->err, BC_INVALID, line->line->number,
				"columns of several symbols side by side "
				"(%.*s, %.*s): write one file a symbol",
				bci_sniff_shown(&line->fields[1]),
				line->fields[1].text,
				bci_sniff_shown(&line->fields[i]),
				line->fields[i].text);
	return BC_OK;
}

/* Whether a line begins with what pandas calls a level of columns. */
static bool
sniff_is_level(const struct sniff_heading *line)
{
	return bci_figure_is(&line->fields[0], "Ticker") ||
	       bci_figure_is(&line->fields[0], "Tickers") ||
	       bci_figure_is(&line->fields[0], "Symbols") ||
	       bci_figure_is(&line->fields[0], "Attributes");
}

/* Below the header there may be a line of units: names tell it. */
static void
sniff_prefer_names(const struct bci_sniffing *s, struct sniff_heading *header,
                   uint32_t at)
{
	struct sniff_heading next;

	for (uint32_t i = at; i > 0; i--) {
		sniff_split(s, &s->sample.lines[i - 1], &next);
		if (sniff_may_head(s, &next) && next.names > header->names)
			*header = next;
	}
}

/*
 * Put together the lines of a header with two levels, the last of which is at
 * 'at': the one of more known names is that of the names.
 */
static enum bc_status
sniff_levels(struct bci_sniffing *s, struct sniff_heading *last, uint32_t at)
{
	struct sniff_heading upper, lower;
	struct bci_field index = last->fields[0];
	bool indexed = sniff_filled(last) == 0;
	enum bc_status status;

	if (at < 1 + (uint32_t)indexed)
		return BC_OK;
	lower = *last;
	if (indexed)
		sniff_split(s, &s->sample.lines[at - 1], &lower);
	sniff_split(s, &s->sample.lines[at - 1 - indexed], &upper);
	if (!indexed && !sniff_is_level(&upper) && !sniff_is_level(&lower))
		return BC_OK;
	if (upper.count != lower.count || upper.line->comment ||
	    sniff_filled(&upper) < 2 || sniff_filled(&lower) < 2)
		return BC_OK;
	BCI_TRY(sniff_one_ticker(s,
	                         upper.names > lower.names ? &lower : &upper));
	*last = upper.names > lower.names ? upper : lower;
	last->fields[0] = index;
	status = BC_OK;
done:
	return status;
}

/* ------------------------------------------------------------------------ */
/*  Names and fields                                                        */
/* ------------------------------------------------------------------------ */

static bool
sniff_is_part(const struct bci_sniffing *s, uint32_t column,
              enum bci_form_part part)
{
	struct bci_form_guess guess;

	return s->kinds[column] != BCI_FIGURE_EMPTY &&
	       bci_form_find(bci_sample_column(&s->sample, column),
	                     s->sample.rows, part, &guess);
}

static bool
sniff_is_moment(const struct bci_meaning *meaning)
{
	return meaning->role == BCI_ROLE_TIME ||
	       meaning->role == BCI_ROLE_DATE ||
	       meaning->role == BCI_ROLE_CLOCK;
}

/* The field of a short header behind which a name is missing, or -1. */
static int
sniff_gap(const struct bci_sniffing *s, const struct sniff_heading *header)
{
	for (uint32_t i = 0; i < header->count; i++) {
		const struct bci_meaning *meaning =
			sniff_field_meaning(&header->fields[i]);

		if (meaning == NULL || !sniff_is_moment(meaning))
			continue;
		/* Two names for two fields: what is missing is elsewhere. */
		if (i + 1 < header->count) {
			meaning = sniff_field_meaning(&header->fields[i + 1]);
			if (meaning != NULL && sniff_is_moment(meaning))
				return -1;
		}
		if (sniff_is_part(s, i, BCI_FORM_DATE) &&
		    sniff_is_part(s, i + 1, BCI_FORM_CLOCK))
			return (int)i;
	}
	return -1;
}

/* Name the fields of rows that have one more than the header has names. */
static enum bc_status
sniff_stretch(struct bci_sniffing *s, const struct sniff_heading *header)
{
	uint32_t fields = s->sample.fields, gap;
	int found = sniff_gap(s, header);

	if (found >= 0) {
		gap = (uint32_t)found;
		memcpy(s->labels, header->fields,
		       (gap + 1) * sizeof(*s->labels));
		memcpy(s->labels + gap + 1, header->fields + gap,
		       (fields - gap - 1) * sizeof(*s->labels));
		return BC_OK;
	}
	memcpy(s->labels, header->fields, (fields - 1) * sizeof(*s->labels));
	s->labels[fields - 1] = (struct bci_field){ "", 0 };
	if (s->kinds[fields - 1] == BCI_FIGURE_EMPTY)
		return BC_OK;
	if (bci_sniff_counts_rows(s, 0) ||
	    sniff_is_part(s, 0, BCI_FORM_MOMENT)) {
		memmove(s->labels + 1, s->labels,
		        (fields - 1) * sizeof(*s->labels));
		s->labels[0] = (struct bci_field){ "", 0 };
		return BC_OK;
	}
	return sniff_uneven(s, header);
}

static enum bc_status
sniff_take_names(struct bci_sniffing *s, const struct sniff_heading *header)
{
	uint32_t fields = s->sample.fields;

	s->label_count = fields;
	if (header->count < fields)
		return sniff_stretch(s, header);
	memcpy(s->labels, header->fields, fields * sizeof(*s->labels));
	if (header->count > fields && header->fields[fields].bytes != 0)
		return sniff_uneven(s, header);
	return BC_OK;
}

/* ------------------------------------------------------------------------ */
/*  Free text                                                               */
/* ------------------------------------------------------------------------ */

/* Find "UTC", "GMT" or "GMT+2" as a word of a line. */
static void
sniff_said_zone(struct bci_sniffing *s, const struct bci_sample_line *line)
{
	const char *end = line->at + line->bytes, *behind;
	int64_t ahead_s;

	for (const char *at = line->at; at + 3 <= end; at++) {
		if (memcmp(at, "UTC", 3) != 0 && memcmp(at, "GMT", 3) != 0)
			continue;
		if (at > line->at && (at[-1] | 0x20) >= 'a' &&
		    (at[-1] | 0x20) <= 'z')
			continue;
		behind = bci_zone_offset(at, end, &ahead_s);
		if (behind == NULL)
			continue;
		ahead_s /= 60;
		if (ahead_s == 0)
			strcpy(s->said, "UTC");
		else
			snprintf(s->said, sizeof(s->said), "%c%02d:%02d",
			         ahead_s < 0 ? '-' : '+',
			         (int)(ahead_s < 0 ? -ahead_s : ahead_s) / 60,
			         (int)(ahead_s < 0 ? -ahead_s : ahead_s) % 60);
		return;
	}
}

enum bc_status
bci_sniff_header(struct bci_sniffing *s)
{
	const struct bci_sample *sample = &s->sample;
	const struct bci_sample_line *first = &sample->lines[sample->lead];
	struct sniff_heading header;
	uint32_t at = 0;
	enum bc_status status;

	s->out->rows_at = (size_t)(first->at - sample->begin);
	s->out->line = s->header_line = first->number;
	for (uint32_t i = 0; i < sample->lead && s->said[0] == '\0'; i++)
		sniff_said_zone(s, &sample->lines[i]);
	BCI_TRY(sniff_find_header(s, &header, &at));
	if (header.line == NULL)
		return BC_OK;
	if (sniff_all_named(s)) {
		/* It need not fit; where it does it has labels. */
		if (header.count == sample->fields)
			BCI_TRY(sniff_take_names(s, &header));
	} else {
		BCI_TRY(sniff_levels(s, &header, at));
		sniff_prefer_names(s, &header, at);
		BCI_TRY(sniff_take_names(s, &header));
	}
	s->header_line = header.line->number;
	s->out->header = true;
	s->out->header_at = (size_t)(header.line->at - sample->begin);
	s->out->header_bytes = header.line->bytes;
	status = BC_OK;
done:
	return status;
}
