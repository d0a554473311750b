/* SPDX-License-Identifier: MIT */
/*
 * sniff_name.c - roles of fields by names: those of the header, and those that
 * the caller gives in place of some or of all.
 *
 * Of names that mean the same, the first or the surer one holds, and the others
 * keep their own.  Single letters mean something among their sisters only, and
 * a symbol that all names share is looked through.
 */
#include "common.h"

#include <stdio.h>

#include "error.h"
#include "sniffing.h"

/* ------------------------------------------------------------------------ */
/*  Fields                                                                  */
/* ------------------------------------------------------------------------ */

int
bci_sniff_role(const struct bci_sniffing *s, enum bci_role role)
{
	for (uint32_t i = 0; i < s->out->field_count; i++)
		if (s->out->fields[i].role == role)
			return (int)i;
	return -1;
}

int
bci_sniff_named(const struct bci_sniffing *s, const char *name)
{
	for (uint32_t i = 0; i < s->out->field_count; i++)
		if (bci_role_is_kept(s->out->fields[i].role) &&
		    strcmp(s->out->fields[i].name, name) == 0)
			return (int)i;
	return -1;
}

void
bci_sniff_assign(struct bci_sniffing *s, uint32_t column, enum bci_role role,
                 const char *name)
{
	struct bci_dialect_field *field = &s->out->fields[column];

	field->role = role;
	snprintf(field->name, sizeof(field->name), "%s", name);
}

bool
bci_sniff_next(const char **list, struct bci_field *name)
{
	const char *end;

	if (*list == NULL)
		return false;
	end = strchr(*list, ',');
	*name = (struct bci_field){ *list, end == NULL
		                                   ? strlen(*list)
		                                   : (size_t)(end - *list) };
	*list = end == NULL ? NULL : end + 1;
	while (name->bytes != 0 && *name->text == ' ') {
		name->text++;
		name->bytes--;
	}
	while (name->bytes != 0 && name->text[name->bytes - 1] == ' ')
		name->bytes--;
	return true;
}

int
bci_sniff_find(const struct bci_sniffing *s, const struct bci_field *name)
{
	char ours[BC_COLUMN_NAME_MAX + 1], label[BC_COLUMN_NAME_MAX + 1];

	for (uint32_t i = 0; i < s->label_count; i++)
		if (name->bytes == s->labels[i].bytes && name->bytes != 0 &&
		    memcmp(name->text, s->labels[i].text, name->bytes) == 0)
			return (int)i;
	if (!bci_column_spell(name->text, name->bytes, ours) || ours[0] == '\0')
		return -1;
	for (uint32_t i = 0; i < s->out->field_count; i++)
		if (strcmp(s->out->fields[i].name, ours) == 0)
			return (int)i;
	for (uint32_t i = 0; i < s->label_count; i++)
		if (bci_column_spell(s->labels[i].text, s->labels[i].bytes,
		                     label) &&
		    strcmp(label, ours) == 0)
			return (int)i;
	return -1;
}

void
bci_sniff_columns_text(const struct bci_sniffing *s, char text[128])
{
	size_t at = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < s->out->field_count; i++) {
		const struct bci_dialect_field *field = &s->out->fields[i];
		const char *name =
			field->label[0] != '\0' ? field->label : field->name;

		if (name[0] == '\0')
			continue;
		if (at + strlen(name) + 8 > 128) {
			snprintf(text + at, 128 - at, ", ...");
			return;
		}
		at += (size_t)snprintf(text + at, 128 - at, "%s%s",
		                       at == 0 ? "" : ", ", name);
	}
}

/* ------------------------------------------------------------------------ */
/*  The header's names                                                      */
/* ------------------------------------------------------------------------ */

/* Bytes of 'field' up to 'max' that end no character in the middle. */
static size_t
sniff_cut(const struct bci_field *field, size_t max)
{
	size_t bytes = field->bytes < max ? field->bytes : max;

	while (bytes != 0 && bytes < field->bytes &&
	       ((unsigned char)field->text[bytes] & 0xc0) == 0x80)
		bytes--;
	return bytes;
}

/* Name a field by its place. */
static void
sniff_number_name(struct bci_dialect_field *field, uint32_t column)
{
	snprintf(field->name, sizeof(field->name), "field_%u", column + 1);
}

/* Give each field its label and a name of ours, whatever it means. */
void
bci_sniff_label(struct bci_sniffing *s)
{
	for (uint32_t i = 0; i < s->sample.fields; i++) {
		struct bci_dialect_field *field = &s->out->fields[i];
		size_t bytes;

		if (s->label_count == 0) {
			sniff_number_name(field, i);
			continue;
		}
		bytes = sniff_cut(&s->labels[i], BC_COLUMN_NAME_MAX);
		memcpy(field->label, s->labels[i].text, bytes);
		field->label[bytes] = '\0';
		if (s->labels[i].bytes == 0 ||
		    !bci_column_spell(s->labels[i].text, s->labels[i].bytes,
		                      field->name) ||
		    field->name[0] == '\0')
			sniff_number_name(field, i);
		else
			s->meanings[i] = bci_column_meaning(field->name);
	}
}

/* Whether an integer column has Databento's record types of bars only. */
static bool
sniff_is_rtype(const struct bci_sniffing *s, uint32_t column)
{
	double value;

	if (strcmp(s->out->fields[column].name, "rtype") != 0)
		return false;
	for (uint32_t i = 0; i < s->sample.rows; i++)
		if (!bci_sniff_value(s, column, i, &value) || value < 32 ||
		    value > 35)
			return false;
	return true;
}

/* Forget prices that are single letters without their sisters: o, h, l, c. */
static void
sniff_doubt_letters(struct bci_sniffing *s)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < s->sample.fields; i++)
		count += s->meanings[i] != NULL &&
		         s->meanings[i]->role == BCI_ROLE_PRICE;
	for (uint32_t i = 0; i < s->sample.fields && count < 4; i++)
		if (s->meanings[i] != NULL && s->labels[i].bytes == 1 &&
		    s->meanings[i]->role == BCI_ROLE_PRICE)
			s->meanings[i] = NULL;
}

/* A name in two parts: that of a column, and a symbol before or behind it. */
struct sniff_parts {
	const struct bci_meaning *meaning; /* NULL: it has no such parts */
	const char *symbol;
	size_t bytes;
};

static struct sniff_parts
sniff_part(const char *name, bool behind)
{
	const char *cut = behind ? strchr(name, '_') : strrchr(name, '_');
	char part[BC_COLUMN_NAME_MAX + 1];
	struct sniff_parts parts = { 0 };

	if (cut == NULL)
		return parts;
	snprintf(part, sizeof(part), "%.*s",
	         behind ? (int)(cut - name) : BC_COLUMN_NAME_MAX,
	         behind ? name : cut + 1);
	parts.meaning = bci_column_meaning(part);
	parts.symbol = behind ? cut + 1 : name;
	parts.bytes = behind ? strlen(cut + 1) : (size_t)(cut - name);
	return parts;
}

/*
 * Where open, high, low and close have the same symbol in their names
 * ("AAPL.Open" in R, "Open_AAPL" of flattened columns), read them without it.
 */
static void
sniff_strip_symbol(struct bci_sniffing *s, bool behind)
{
	struct sniff_parts parts[BCI_FIELDS_MAX], first = { 0 };
	uint32_t prices = 0;

	for (uint32_t i = 0; i < s->sample.fields; i++) {
		parts[i] = sniff_part(s->out->fields[i].name, behind);
		if (parts[i].meaning == NULL || parts[i].meaning->weak ||
		    !bci_role_is_kept(parts[i].meaning->role)) {
			parts[i].meaning = NULL;
			continue;
		}
		if (first.meaning == NULL)
			first = parts[i];
		if (parts[i].bytes != first.bytes ||
		    memcmp(parts[i].symbol, first.symbol, first.bytes) != 0)
			return;
		prices += parts[i].meaning->role == BCI_ROLE_PRICE;
	}
	for (uint32_t i = 0; i < s->sample.fields && prices >= 4; i++)
		if (parts[i].meaning != NULL)
			s->meanings[i] = parts[i].meaning;
}

static bool
sniff_means_price(const struct bci_sniffing *s)
{
	for (uint32_t i = 0; i < s->sample.fields; i++)
		if (s->meanings[i] != NULL &&
		    s->meanings[i]->role == BCI_ROLE_PRICE)
			return true;
	return false;
}

/* Take the role that the name of a field has. */
static void
sniff_by_name(struct bci_sniffing *s, uint32_t column)
{
	struct bci_dialect_field *field = &s->out->fields[column];
	const struct bci_meaning *meaning = s->meanings[column];

	field->role = BCI_ROLE_DROP;
	if (sniff_is_rtype(s, column)) {
		field->role = BCI_ROLE_PERIOD;
		return;
	}
	if (meaning == NULL)
		return;
	/* A close that is nowhere is missed in every row. */
	if (s->kinds[column] == BCI_FIGURE_EMPTY &&
	    strcmp(meaning->name, "close") != 0)
		return;
	field->role = meaning->role;
	if (meaning->role != BCI_ROLE_DROP)
		snprintf(field->name, sizeof(field->name), "%s", meaning->name);
}

/* Whether 'a' says better than 'b' what both mean. */
static bool
sniff_is_better(const struct bci_sniffing *s, uint32_t a, uint32_t b)
{
	const struct bci_meaning *first = s->meanings[a];
	const struct bci_meaning *second = s->meanings[b];

	return first != NULL && second != NULL && second->weak && !first->weak;
}

/*
 * Of fields that mean the same price, or the symbol or the period, one is
 * left: the first, but for weak names.  The others keep their own.
 */
static void
sniff_single_out(struct bci_sniffing *s)
{
	struct bci_dialect_field *fields = s->out->fields;

	for (uint32_t i = 0; i < s->sample.fields; i++) {
		if (fields[i].role != BCI_ROLE_PRICE &&
		    fields[i].role != BCI_ROLE_SYMBOL &&
		    fields[i].role != BCI_ROLE_PERIOD)
			continue;
		for (uint32_t j = 0; j < s->sample.fields; j++) {
			if (j == i || fields[j].role != fields[i].role ||
			    (fields[i].role == BCI_ROLE_PRICE &&
			     strcmp(fields[i].name, fields[j].name) != 0))
				continue;
			if (j < i && !sniff_is_better(s, i, j))
				bci_sniff_rename(s, i);
			else if (j < i)
				bci_sniff_rename(s, j);
		}
	}
}

void
bci_sniff_rename(struct bci_sniffing *s, uint32_t column)
{
	char name[BC_COLUMN_NAME_MAX + 1] = "";

	if (s->label_count != 0)
		bci_column_spell(s->labels[column].text,
		                 s->labels[column].bytes, name);
	if (name[0] == '\0')
		snprintf(name, sizeof(name), "field_%u", column + 1);
	bci_sniff_assign(s, column, BCI_ROLE_DROP, name);
}

/* ------------------------------------------------------------------------ */
/*  Names that the caller gives                                             */
/* ------------------------------------------------------------------------ */

/* Give a field the role of a name from outside. */
static enum bc_status
sniff_call(struct bci_sniffing *s, uint32_t column,
           const struct bci_field *name, bool asked)
{
	char ours[BC_COLUMN_NAME_MAX + 1];
	const struct bci_meaning *meaning;

	if (bci_figure_is(name, "-") || name->bytes == 0) {
		bci_sniff_rename(s, column);
		return BC_OK;
	}
	if (!bci_column_spell(name->text, name->bytes, ours) || ours[0] == '\0')
		return bci_fail(s->err, BC_INVALID,
		                "--columns: '%.*s' is no name of a column",
		                bci_sniff_shown(name), name->text);
	meaning = s->meanings[column] = bci_column_meaning(ours);
	if (meaning == NULL || meaning->role == BCI_ROLE_DROP)
		bci_sniff_assign(s, column, BCI_ROLE_DROP, ours);
	else
		bci_sniff_assign(s, column, meaning->role, meaning->name);
	s->asked[column] =
		asked && (meaning == NULL || bci_role_is_kept(meaning->role));
	return BC_OK;
}

/*
 * The names of a list; one in brackets may be missing, and so may, from a
 * source that is known, the time of day of bars of a day.
 */
struct sniff_list {
	uint32_t count, optional;
	bool clock;
};

static struct sniff_list
sniff_count(const char *text, enum bci_basis basis)
{
	struct sniff_list list = { 0 };
	struct bci_field name;

	while (bci_sniff_next(&text, &name)) {
		list.count++;
		list.optional += name.bytes != 0 && *name.text == '[';
		list.clock |=
			bci_figure_is(&name, "clock") && basis != BCI_GIVEN;
	}
	return list;
}

enum bc_status
bci_sniff_list(struct bci_sniffing *s, const char *list, enum bci_basis basis)
{
	struct sniff_list known = sniff_count(list, basis);
	uint32_t fields = s->sample.fields, column = 0;
	struct bci_field name;
	bool daily;
	enum bc_status status = BC_OK;

	bci_sniff_label(s);
	s->out->basis.columns = basis;
	/* What a delimiter at the end of lines adds need not be named. */
	if (known.count + 1 == fields &&
	    s->kinds[fields - 1] == BCI_FIGURE_EMPTY)
		fields--;
	daily = known.clock && known.count == fields + 1;
	if (known.count < fields ||
	    known.count > fields + known.optional + (daily ? 1 : 0))
		return bci_fail_row(s->err, BC_INVALID, s->out->line,
		                    "rows have %u fields, but %s %u", fields,
		                    basis == BCI_GIVEN ? "--columns names"
		                                       : "the preset is one of",
		                    known.count);
	for (uint32_t i = 0; i < s->sample.fields; i++)
		s->out->fields[i].role = BCI_ROLE_DROP;
	while (column < fields && bci_sniff_next(&list, &name)) {
		if (daily && bci_figure_is(&name, "clock"))
			continue;
		if (name.bytes >= 2 && *name.text == '[')
			name = (struct bci_field){ name.text + 1,
				                   name.bytes - 2 };
		BCI_TRY(sniff_call(s, column++, &name, basis == BCI_GIVEN));
	}
	BCI_TRY(bci_sniff_time(s));
	BCI_TRY(bci_sniff_check_prices(s));
done:
	return status;
}

/* A field takes a meaning from all others. */
static void
sniff_displace(struct bci_sniffing *s, uint32_t column)
{
	const struct bci_dialect_field *own = &s->out->fields[column];
	bool moment = own->role == BCI_ROLE_TIME;

	if (own->role == BCI_ROLE_DROP)
		return;
	for (uint32_t i = 0; i < s->sample.fields; i++) {
		const struct bci_dialect_field *field = &s->out->fields[i];

		if (i == column || field->role == BCI_ROLE_DROP)
			continue;
		if (strcmp(field->name, own->name) == 0 ||
		    (moment && (field->role == BCI_ROLE_DATE ||
		                field->role == BCI_ROLE_CLOCK)))
			bci_sniff_rename(s, i);
	}
}

/* Where the caller names some fields of a header otherwise. */
static enum bc_status
sniff_relabel(struct bci_sniffing *s)
{
	const char *list = s->hints->columns;
	struct bci_field pair, label, name;
	const char *equal;
	int column;
	enum bc_status status;

	while (bci_sniff_next(&list, &pair)) {
		equal = memchr(pair.text, '=', pair.bytes);
		if (equal == NULL)
			return bci_fail(s->err, BC_INVALID,
			                "--columns: '%.*s' is not LABEL=NAME",
			                bci_sniff_shown(&pair), pair.text);
		label = (struct bci_field){ pair.text,
			                    (size_t)(equal - pair.text) };
		name = (struct bci_field){ equal + 1,
			                   pair.bytes - label.bytes - 1 };
		column = bci_sniff_find(s, &label);
		if (column < 0) {
			char seen[128];

			bci_sniff_columns_text(s, seen);
			return bci_fail_row(s->err, BC_INVALID, s->header_line,
			                    "--columns: no column is %.*s; "
			                    "there are %s",
			                    bci_sniff_shown(&label), label.text,
			                    seen);
		}
		BCI_TRY(sniff_call(s, (uint32_t)column, &name, true));
		sniff_displace(s, (uint32_t)column);
		s->out->basis.columns = BCI_GIVEN;
	}
	status = BC_OK;
done:
	return status;
}

enum bc_status
bci_sniff_names(struct bci_sniffing *s)
{
	enum bc_status status;

	bci_sniff_label(s);
	s->out->basis.columns = BCI_STATED;
	sniff_doubt_letters(s);
	if (!sniff_means_price(s))
		sniff_strip_symbol(s, false);
	if (!sniff_means_price(s))
		sniff_strip_symbol(s, true);
	for (uint32_t i = 0; i < s->label_count; i++)
		sniff_by_name(s, i);
	BCI_TRY(sniff_relabel(s));
	sniff_single_out(s);
	BCI_TRY(bci_sniff_time(s));
	BCI_TRY(bci_sniff_check_prices(s));
	bci_sniff_doubt(s);
done:
	return status;
}
