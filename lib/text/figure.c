/* SPDX-License-Identifier: MIT */
/*
 * figure.c - what a single cell of a file looks like.
 *
 * Numbers come as machines write them and as people do: "1,234.5", "1.234,5",
 * "1 234,5", "$12.30", "1.2M", "-0.5%", "(3.1)".  Which of '.' and ',' is the
 * decimal mark shows in many cells only, so looking at a cell collects marks
 * and leaves the decision to its caller.  A mark that comes more than once
 * stands between thousands: behind it come groups of three digits (of two in
 * India), by which "2024.01.02" is no number.
 */
#include "common.h"

#include <strings.h>

#include "figure.h"
#include "number.h"

/* Longer cells are no numbers: a double written out in full takes no more than
 * 767 digits behind 308 zeros, a sign and a point. */
#define FIGURE_MAX 1100

/* Longer ones are not looked at as a whole. */
#define FIGURE_QUICK_MAX 31

bool
bci_figure_is(const struct bci_field *field, const char *text)
{
	return field->bytes == strlen(text) &&
	       strncasecmp(field->text, text, field->bytes) == 0;
}

static bool
figure_is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* Whether a cell says that there is nothing; one with a digit does not. */
static bool
figure_is_empty(const struct bci_field *field)
{
	static const char *const words[] = { "null", "nan", "none", "na",
		                             "n/a",  "-",   "--",   "nil",
		                             "#n/a", "inf", "-inf" };

	if (field->bytes == 0)
		return true;
	if (field->bytes > 4 || figure_is_digit(*field->text))
		return false;
	for (size_t i = 0; i < BCI_COUNT(words); i++)
		if (bci_figure_is(field, words[i]))
			return true;
	return false;
}

/* Pass over 'text' at the beginning of a cell. */
static bool
figure_pass(struct bci_field *field, const char *text)
{
	size_t bytes = strlen(text);

	if (field->bytes < bytes || memcmp(field->text, text, bytes) != 0)
		return false;
	field->text += bytes;
	field->bytes -= bytes;
	return true;
}

/* Pass over signs, brackets, currencies and blanks before the digits. */
static void
figure_pass_front(struct bci_field *field, bool *plain)
{
	static const char *const marks[] = { "$", "(",        "\xe2\x82\xac",
		                             " ", "+",        "\xc2\xa3",
		                             "-", "\xc2\xa5", "\xe2\x82\xb9" };
	size_t i = 0;

	if (figure_is_digit(*field->text))
		return;
	while (i < BCI_COUNT(marks)) {
		if (!figure_pass(field, marks[i])) {
			i++;
			continue;
		}
		*plain = *plain && (marks[i][0] == '-' || marks[i][0] == '+');
		i = 0;
	}
}

/* Bytes of the longest of what may come behind the digits. */
#define FIGURE_TAIL_MAX 4

/* What may come behind the digits. */
static bool
figure_is_tail(struct bci_field tail)
{
	static const char *const tails[] = { "",  "%", "K", "M",  "B",
		                             "T", "k", "m", "bn", ")" };

	if (tail.bytes == 0 || tail.bytes > FIGURE_TAIL_MAX)
		return tail.bytes == 0;
	while (tail.bytes != 0 && *tail.text == ' ')
		figure_pass(&tail, " ");
	for (size_t i = 0; i < BCI_COUNT(tails); i++)
		if (bci_figure_is(&tail, tails[i]))
			return true;
	return bci_figure_is(&tail, "\xe2\x82\xac") ||
	       bci_figure_is(&tail, "%)");
}

/* The bytes of the mark at 'at' that is neither '.' nor ',', or 0. */
static size_t
figure_other_mark(const char *at, const char *end, char *mark)
{
	static const struct {
		const char *text;
		char mark;
	} marks[] = { { " ", ' ' },
		      { "'", '\'' },
		      { "\xc2\xa0", ' ' },
		      { "\xe2\x80\xaf", ' ' },
		      { "\xe2\x80\x99", '\'' } };

	if (*at != ' ' && *at != '\'' && *at != '\xc2' && *at != '\xe2')
		return 0;
	for (size_t i = 0; i < BCI_COUNT(marks); i++) {
		size_t bytes = strlen(marks[i].text);

		if ((size_t)(end - at) > bytes &&
		    memcmp(at, marks[i].text, bytes) == 0 &&
		    figure_is_digit(at[bytes])) {
			*mark = marks[i].mark;
			return bytes;
		}
	}
	return 0;
}

/* Whether an exponent is at 'at': "e-5"; *end is behind it. */
static bool
figure_exponent(const char *at, const char *end, const char **behind)
{
	if (at == end || (*at != 'e' && *at != 'E'))
		return false;
	at++;
	if (at < end && (*at == '+' || *at == '-'))
		at++;
	if (at == end || !figure_is_digit(*at))
		return false;
	while (at < end && figure_is_digit(*at))
		at++;
	*behind = at;
	return true;
}

/* What is known while the digits of a number are walked over. */
struct figure_marks {
	struct bci_figure figure;
	uint32_t digits, group; /* all, and since the last mark */
	bool broken;            /* a group is none of thousands */
};

/* Take the mark at 'at'; returns its bytes, 0 if there is none. */
static size_t
figure_mark(struct figure_marks *walk, const char *at, const char *end)
{
	struct bci_figure *figure = &walk->figure;
	uint32_t marks = figure->points + figure->commas + (figure->other != 0);
	char other = 0;
	size_t bytes = 1;

	if (*at != '.' && *at != ',')
		bytes = figure_other_mark(at, end, &other);
	if (bytes == 0)
		return 0;
	if (marks == 0)
		figure->before = walk->group;
	else if (walk->group != 3 && walk->group != 2)
		walk->broken = true;
	figure->points += *at == '.';
	figure->commas += *at == ',';
	if (other != 0)
		figure->other = other;
	else
		figure->last = *at;
	walk->group = 0;
	return bytes;
}

/* Whether the marks that were seen can stand in one number. */
static bool
figure_holds(const struct figure_marks *walk)
{
	const struct bci_figure *figure = &walk->figure;
	uint32_t same = figure->last == '.' ? figure->points : figure->commas;

	if (walk->digits == 0 || walk->broken)
		return false;
	if (figure->points > 1 && figure->commas > 1)
		return false;
	/* The last mark groups if it came before, and then closes three. */
	if (same > 1)
		return walk->group == 3 && figure->before <= 3 &&
		       (figure->points == 0 || figure->commas == 0);
	return figure->last != 0 || figure->other == 0 || walk->group == 3;
}

/*
 * Look at what machines write: digits, and a point among them.  Which bytes
 * are digits is asked of sixteen at once.
 */
static inline bool
figure_quick(const struct bci_field *field, const char *end,
             struct bci_figure *out)
{
	size_t sign = field->bytes != 0 && *field->text == '-';
	size_t bytes = field->bytes - sign;
	uint32_t points, marks, far_points, far_marks;
	const char *at = field->text + sign;
	char near[FIGURE_QUICK_MAX + 1];

	if (bytes > FIGURE_QUICK_MAX)
		return false;
	if (end - at < (int)sizeof(near)) {
		memset(near, 0, sizeof(near));
		at = memcpy(near, at, bytes);
	}
	marks = bci_number_marks(at, '.', &points) & 0xffff;
	if (bytes > 16) {
		far_marks = bci_number_marks(at + 16, '.', &far_points);
		marks |= far_marks << 16;
		points |= far_points << 16;
	}
	marks &= (UINT32_C(1) << bytes) - 1;
	out->before =
		marks == 0 ? (uint32_t)bytes : (uint32_t)__builtin_ctz(marks);
	if (out->before == 0 || out->before > 18)
		return false;
	if (marks == 0) {
		out->kind = BCI_FIGURE_INTEGER;
		return true;
	}
	/* No number goes on like a date or a time of day. */
	if (at[out->before] == '-' || at[out->before] == '/' ||
	    at[out->before] == ':') {
		out->kind = BCI_FIGURE_TEXT;
		return true;
	}
	out->kind = BCI_FIGURE_NUMBER;
	out->points = 1;
	out->last = '.';
	out->after = (uint32_t)bytes - out->before - 1;
	/* The first mark is a point and the only one. */
	return marks == (points & (0 - points));
}

/* Whether plain digits fit an integer. */
static bool
figure_fits(const struct bci_field *field)
{
	const char *end = field->text + field->bytes;
	int64_t value;

	return bci_integer_parse(field->text, end, &value) == end;
}

/* Look at what people write. */
static struct bci_figure
figure_walk(const struct bci_field *field)
{
	static const struct bci_figure text = { .kind = BCI_FIGURE_TEXT };
	struct figure_marks walk = { 0 };
	struct bci_field rest = *field;
	const char *at, *end;
	bool plain = true;

	if (figure_is_empty(field))
		return walk.figure;
	if (field->bytes > FIGURE_MAX)
		return text;
	figure_pass_front(&rest, &plain);
	at = rest.text;
	end = rest.text + rest.bytes;
	while (at < end) {
		size_t mark = 0;

		if (figure_is_digit(*at)) {
			walk.digits++;
			walk.group++;
			mark = 1;
		} else {
			mark = figure_mark(&walk, at, end);
		}
		if (mark == 0)
			break;
		at += mark;
		plain = plain && walk.figure.last == 0 &&
		        walk.figure.other == 0;
	}
	if (figure_exponent(at, end, &at))
		plain = false;
	rest = (struct bci_field){ at, (size_t)(end - at) };
	if (!figure_holds(&walk) || !figure_is_tail(rest))
		return text;
	walk.figure.after = walk.figure.last != 0 ? walk.group : 0;
	plain = plain && rest.bytes == 0 && figure_fits(field);
	walk.figure.kind = plain ? BCI_FIGURE_INTEGER : BCI_FIGURE_NUMBER;
	return walk.figure;
}

struct bci_figure
bci_figure_look(const struct bci_field *field, const char *end)
{
	struct bci_figure figure = { 0 };

	return figure_quick(field, end, &figure) ? figure : figure_walk(field);
}
