/* SPDX-License-Identifier: MIT */
/*
 * sample.c - some lines of a delimited text as a matrix of cells.
 *
 * Lines come from the beginning, the middle and the end of the text.  The
 * delimiter is the one by which most lines have the same number of fields with
 * the most numbers among them: numbers tell "1,5;1,6" from "1.5,1.6", which a
 * count of delimiters alone does not.  Lines with another number of fields than
 * most are left out: what stands before the first row may be a header or free
 * text, later ones are faults of the file that its reader will report.
 *
 * What is no text or has no rows is refused here, on sight of a few kilobytes.
 */
#include "common.h"

#include "alloc.h"
#include "column.h"
#include "error.h"
#include "figure.h"
#include "form.h"
#include "sample.h"

/* A longer line is no row. */
#define SAMPLE_LINE_MAX 65536

/* Bytes in which nothing may stand that no text has. */
#define SAMPLE_TEXT_BYTES 4096

/* Lines that are enough to choose a delimiter. */
#define SAMPLE_TRIES 32

/* A row is found among so many lines. */
#define SAMPLE_LEAD_MAX 64

static bool
sample_is_control(char byte)
{
	return (unsigned char)byte < ' ' && byte != '\t' && byte != '\n' &&
	       byte != '\r' && byte != '\f';
}

/* Refuse what is no text. */
static enum bc_status
sample_check_text(const struct bci_sample *sample, struct bc_error *err)
{
	const char *at = sample->text, *end = sample->end;
	bool blank = true;

	if (end - at > SAMPLE_TEXT_BYTES)
		end = at + SAMPLE_TEXT_BYTES;
	for (; at < end; at++) {
		if (BCI_LIKELY((unsigned char)*at > ' ')) {
			blank = false;
			continue;
		}
		if (sample_is_control(*at))
			return bci_fail_row(err, BC_INVALID, 1,
			                    "no text: byte %zu is 0x%02x",
			                    (size_t)(at - sample->begin) + 1,
			                    (unsigned)(unsigned char)*at);
		blank = blank && *at != '\f';
	}
	if (blank && end == sample->end)
		return bci_fail_row(err, BC_INVALID, 1,
		                    "there is nothing in it");
	return BC_OK;
}

/* The end of the line at 'at', at most SAMPLE_LINE_MAX bytes away. */
static const char *
sample_line_end(const char *at, const char *end)
{
	size_t bytes = end - at < SAMPLE_LINE_MAX ? (size_t)(end - at)
	                                          : SAMPLE_LINE_MAX;
	const char *to = memchr(at, '\n', bytes), *other;

	to = to == NULL ? at + bytes : to;
	other = memchr(at, '\r', (size_t)(to - at));
	return other == NULL ? to : other;
}

static bool
sample_is_blank(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at == end;
}

/* Whether it is the first line by which Excel is told the delimiter. */
static bool
sample_is_sep(const char *at, const char *end, char *delimiter)
{
	struct bci_field line = { at, (size_t)(end - at) };

	if (line.bytes >= 2 && *at == '"' && end[-1] == '"')
		line = (struct bci_field){ at + 1, line.bytes - 2 };
	if (line.bytes != 5 ||
	    !bci_figure_is(&(struct bci_field){ line.text, 4 }, "sep="))
		return false;
	*delimiter = line.text[4];
	return true;
}

/*
 * Add up to 'count' lines from 'at' on, the first of which has this number (0:
 * not known).  Stops at a line that is too long; *behind is where.
 */
static void
sample_add(struct bci_sample *sample, const char *at, uint32_t count,
           uint64_t number, const char **behind)
{
	bool follows = false;

	while (at < sample->end && count > 0) {
		const char *to = sample_line_end(at, sample->end);
		struct bci_sample_line line = {
			.at = at,
			.bytes = (uint32_t)(to - at),
			.number = number,
			.comment = *at == '#',
			.quoted = memchr(at, '"', (size_t)(to - at)) != NULL,
			.follows = follows,
		};

		if (line.bytes >= SAMPLE_LINE_MAX)
			break;
		if (!sample_is_blank(at, to) &&
		    !(number == 1 &&
		      sample_is_sep(at, to, &sample->delimiter))) {
			sample->lines[sample->line_count++] = line;
			count--;
			follows = true;
		}
		at = bci_line_next(to, sample->end);
		number += number != 0;
	}
	*behind = at;
}

/* The line that begins at or behind 'at', looked for a while. */
static const char *
sample_line_behind(const struct bci_sample *sample, const char *at)
{
	const char *to = sample_line_end(at, sample->end);

	return bci_line_next(to, sample->end);
}

static enum bc_status
sample_gather(struct bci_sample *sample, struct bc_error *err)
{
	const char *at, *behind;
	size_t rest, part;

	sample_add(sample, sample->text, BCI_SAMPLE_HEAD, 1, &behind);
	if (sample->line_count < 2 && behind < sample->end)
		return bci_fail_row(err, BC_INVALID, sample->line_count + 1,
		                    "a line of more than %d bytes is no row",
		                    SAMPLE_LINE_MAX);
	rest = (size_t)(sample->end - behind);
	part = (size_t)(behind - sample->text) / 4;
	if (rest > 2 * part) {
		at = sample_line_behind(sample, behind + rest / 2);
		sample_add(sample, at, BCI_SAMPLE_PART, 0, &behind);
		if ((size_t)(sample->end - behind) < part)
			part = (size_t)(sample->end - behind);
		behind = sample_line_behind(sample, sample->end - part);
	}
	sample_add(sample, behind, BCI_SAMPLE_PART, 0, &behind);
	return BC_OK;
}

/* ------------------------------------------------------------------------ */
/*  The delimiter                                                           */
/* ------------------------------------------------------------------------ */

/* How the lines look when they are split by one delimiter. */
struct sample_split {
	char delimiter;
	uint32_t fields;  /* that most lines have */
	uint32_t lines;   /* how many have them */
	uint32_t numbers; /* in these */
};

/* What stands between two delimiters, without the blanks around it. */
static inline struct bci_field
sample_field(const char *from, const char *to)
{
	while (from < to && (*from == ' ' || *from == '\t'))
		from++;
	while (from < to && (to[-1] == ' ' || to[-1] == '\t'))
		to--;
	return (struct bci_field){ from, (size_t)(to - from) };
}

/* What bci_line_split() does; only quotes and blanks are not that simple. */
static uint32_t
sample_split_line(const struct bci_sample_line *line, char delimiter,
                  struct bci_field fields[BCI_FIELDS_MAX])
{
	const char *at = line->at, *end = at + line->bytes, *to;
	uint32_t count = 0;

	if (line->quoted || delimiter == ' ')
		return bci_line_split(at, end, delimiter, fields,
		                      BCI_FIELDS_MAX);
	for (;; at = to + 1) {
		to = memchr(at, delimiter, (size_t)(end - at));
		to = to == NULL ? end : to;
		if (count < BCI_FIELDS_MAX)
			fields[count] = sample_field(at, to);
		count++;
		if (to == end)
			return count;
	}
}

/* How many fields a line has. */
static uint32_t
sample_count(const struct bci_sample_line *line, char delimiter)
{
	uint32_t count = 1;

	if (line->quoted || delimiter == ' ')
		return bci_line_split(line->at, line->at + line->bytes,
		                      delimiter, NULL, 0);
	for (uint32_t i = 0; i < line->bytes; i++)
		count += line->at[i] == delimiter;
	return count;
}

static bool
sample_is_number(const struct bci_sample *sample, const struct bci_field *field)
{
	struct bci_figure figure = bci_figure_look(field, sample->end);

	return figure.kind == BCI_FIGURE_INTEGER ||
	       figure.kind == BCI_FIGURE_NUMBER;
}

/*
 * Split every 'step'th line by a delimiter; 'numbers' are counted if asked.
 * The first lines may be no rows, so of two numbers of fields that are as
 * frequent the later one is taken.
 */
static struct sample_split
sample_try(struct bci_sample *sample, char delimiter, uint32_t step,
           bool counting)
{
	struct bci_field fields[BCI_FIELDS_MAX];
	uint16_t seen[BCI_FIELDS_MAX + 2] = { 0 };
	uint32_t numbers[BCI_FIELDS_MAX + 2] = { 0 };
	struct sample_split split = { .delimiter = delimiter };

	for (uint32_t i = 0; i < sample->line_count; i += step) {
		struct bci_sample_line *line = &sample->lines[i];
		uint32_t count;

		if (line->comment)
			continue;
		count = counting ? sample_split_line(line, delimiter, fields)
		                 : sample_count(line, delimiter);
		if (count > BCI_FIELDS_MAX)
			count = BCI_FIELDS_MAX + 1;
		line->fields = count;
		seen[count]++;
		for (uint32_t j = 0; counting && count > 1 && j < count; j++)
			numbers[count] += j < BCI_FIELDS_MAX &&
			                  sample_is_number(sample, &fields[j]);
		if (seen[count] >= split.lines) {
			split.lines = seen[count];
			split.fields = count;
		}
	}
	split.numbers = numbers[split.fields];
	return split;
}

/* Choose the delimiter; returns how the lines look by it. */
static struct sample_split
sample_choose(struct bci_sample *sample)
{
	static const char known[] = { '\t', ';', '|', ',', ' ' };
	struct sample_split best = { .delimiter = ',' };
	uint32_t step = sample->line_count / SAMPLE_TRIES + 1;

	if (sample->delimiter != 0)
		return sample_try(sample, sample->delimiter, 1, false);
	for (size_t i = 0; i < BCI_COUNT(known); i++) {
		struct sample_split next =
			sample_try(sample, known[i], step, true);

		if (next.fields >= 2 &&
		    (best.fields == 0 || next.numbers > best.numbers))
			best = next;
	}
	return sample_try(sample, best.delimiter, 1, false);
}

/* ------------------------------------------------------------------------ */
/*  The first row                                                           */
/* ------------------------------------------------------------------------ */

static bool
sample_is_moment(const struct bci_field *field)
{
	struct bci_form_guess guess;
	bool digits = false;

	for (size_t i = 0; i < field->bytes && !digits; i++)
		digits = field->text[i] >= '0' && field->text[i] <= '9';
	return digits && bci_form_find(field, 1, BCI_FORM_MOMENT, &guess);
}

/* Whether a cell names what a column is. */
static bool
sample_is_name(const struct bci_field *field)
{
	char name[BC_COLUMN_NAME_MAX + 1];

	return bci_column_spell(field->text, field->bytes, name) &&
	       bci_column_meaning(name) != NULL;
}

/*
 * Whether a line looks like a row rather than like a header or free text.  A
 * symbol or a period may read like a name (OPEN and T are traded, D is a day),
 * so a few names beside a moment and numbers do not make a header.
 */
static bool
sample_is_row(const struct bci_sample *sample,
              const struct bci_sample_line *line)
{
	struct bci_field fields[BCI_FIELDS_MAX];
	uint32_t names = 0, moments = 0, numbers = 0, texts = 0;
	uint32_t count = sample_split_line(line, sample->delimiter, fields);

	for (uint32_t i = 0; i < count && i < BCI_FIELDS_MAX; i++) {
		struct bci_figure figure =
			bci_figure_look(&fields[i], sample->end);
		bool moment = figure.kind != BCI_FIGURE_EMPTY &&
		              figure.kind != BCI_FIGURE_NUMBER &&
		              sample_is_moment(&fields[i]);

		moments += moment;
		numbers += figure.kind == BCI_FIGURE_INTEGER ||
		           figure.kind == BCI_FIGURE_NUMBER;
		texts += figure.kind == BCI_FIGURE_TEXT && !moment;
		names += figure.kind == BCI_FIGURE_TEXT && !moment &&
		         sample_is_name(&fields[i]);
	}
	if (names > moments + numbers || (names == 1 && moments == 0))
		return false;
	return moments + numbers > 0 && texts <= moments + numbers + 1;
}

/*
 * Pass over the lines before the first row.  What looks like a row is a broken
 * one if it has about as many fields, or comes behind what may be a header: it
 * is refused, not passed over.
 */
static enum bc_status
sample_find_rows(struct bci_sample *sample, struct bc_error *err)
{
	bool headed = false;
	uint32_t i = 0;

	for (; i < sample->line_count && i < SAMPLE_LEAD_MAX; i++) {
		const struct bci_sample_line *line = &sample->lines[i];

		if (line->comment)
			continue;
		if ((headed || 2 * line->fields >= sample->fields) &&
		    sample_is_row(sample, line))
			break;
		headed = headed || line->fields == sample->fields;
	}
	sample->lead = i;
	if (i == 1 && sample->line_count == 1 && !sample->lines[0].comment)
		return bci_fail_row(err, BC_INVALID, 1,
		                    "one line, and it is no row");
	if (i == sample->line_count || i == SAMPLE_LEAD_MAX)
		return bci_fail_row(err, BC_INVALID, 1,
		                    "no line looks like a row of numbers");
	return BC_OK;
}

/* Whether a line is one of those before the first row once more. */
static bool
sample_is_repeated(const struct bci_sample *sample,
                   const struct bci_sample_line *line)
{
	for (uint32_t i = 0; i < sample->lead; i++)
		if (line->bytes == sample->lines[i].bytes &&
		    memcmp(line->at, sample->lines[i].at, line->bytes) == 0)
			return true;
	return false;
}

/* Lay out the cells of the rows column by column. */
static enum bc_status
sample_fill(struct bci_sample *sample, struct bc_error *err)
{
	struct bci_field fields[BCI_FIELDS_MAX];

	for (uint32_t i = sample->lead; i < sample->line_count; i++)
		if (!sample->lines[i].comment &&
		    sample->lines[i].fields == sample->fields &&
		    !sample_is_repeated(sample, &sample->lines[i]))
			sample->row_lines[sample->rows++] = i;
	sample->cells = bci_alloc(&bci_allocator_default,
	                          (uint64_t)sample->rows * sample->fields,
	                          sizeof(*sample->cells));
	if (sample->cells == NULL)
		return bci_fail(err, BC_NOMEM, "no memory for a sample");
	for (uint32_t i = 0; i < sample->rows; i++) {
		sample_split_line(&sample->lines[sample->row_lines[i]],
		                  sample->delimiter, fields);
		for (uint32_t j = 0; j < sample->fields; j++)
			sample->cells[(size_t)j * sample->rows + i] = fields[j];
	}
	return BC_OK;
}

enum bc_status
bci_sample_take(const char *text, size_t bytes, struct bci_sample *sample,
                struct bc_error *err)
{
	struct sample_split split;
	enum bc_status status;

	memset(sample, 0, sizeof(*sample));
	sample->begin = sample->text = text;
	sample->end = text + bytes;
	if (bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		sample->text += 3;
	BCI_TRY(sample_check_text(sample, err));
	BCI_TRY(sample_gather(sample, err));
	split = sample_choose(sample);
	if (split.fields > BCI_FIELDS_MAX)
		return bci_fail_row(err, BC_INVALID, 1,
		                    "rows have more than %d fields",
		                    BCI_FIELDS_MAX);
	if (split.fields < 2)
		return bci_fail_row(err, BC_INVALID, 1,
		                    "no delimiter (tab ; | , or blank) makes "
		                    "rows of its lines");
	sample->delimiter = split.delimiter;
	sample->fields = split.fields;
	BCI_TRY(sample_find_rows(sample, err));
	BCI_TRY(sample_fill(sample, err));
done:
	return status;
}

void
bci_sample_free(struct bci_sample *sample)
{
	bci_free(&bci_allocator_default, sample->cells);
	sample->cells = NULL;
}
