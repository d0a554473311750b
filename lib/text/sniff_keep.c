/* SPDX-License-Identifier: MIT */
/*
 * sniff_keep.c - the volume, and which fields become columns, under which
 * names and types.
 *
 * Open, high, low, close, volume and their bid and ask forms are kept unasked,
 * because bars of many sources have just these; anything else only where it is
 * asked for.  The first of several volumes is the one in the base asset.
 */
#include "common.h"

#include <stdio.h>

#include "error.h"
#include "sniffing.h"

/* ------------------------------------------------------------------------ */
/*  The volume                                                              */
/* ------------------------------------------------------------------------ */

/* Whether all numbers of a column are 0. */
bool
bci_sniff_is_zero(const struct bci_sniffing *s, uint32_t column)
{
	double value;

	for (uint32_t i = 0; i < s->sample.rows; i++)
		if (bci_sniff_value(s, column, i, &value) && value != 0)
			return false;
	return true;
}

/* The next field kept as 'name' behind 'after', or -1. */
static int
sniff_next_named(const struct bci_sniffing *s, const char *name, int after)
{
	for (uint32_t i = (uint32_t)(after + 1); i < s->sample.fields; i++)
		if (s->out->fields[i].role == BCI_ROLE_VALUE &&
		    strcmp(s->out->fields[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* Rename the volumes behind the one at 'first': the next is in the quote. */
static void
sniff_other_volumes(struct bci_sniffing *s, int first)
{
	bool quoted = sniff_next_named(s, "quote_volume", -1) >= 0;

	for (int i = sniff_next_named(s, "volume", -1); i >= 0;
	     i = sniff_next_named(s, "volume", i)) {
		if (i == first)
			continue;
		if (i > first && !quoted) {
			bci_sniff_assign(s, (uint32_t)i, BCI_ROLE_VALUE,
			                 "quote_volume");
			quoted = true;
			continue;
		}
		bci_sniff_rename(s, (uint32_t)i);
	}
}

/* The volume that the caller picks. */
static enum bc_status
sniff_given_volume(struct bci_sniffing *s)
{
	struct bci_field name = { s->hints->volume, strlen(s->hints->volume) };
	char seen[128];
	int column = bci_sniff_find(s, &name);

	if (column < 0 && !bci_figure_is(&name, "none")) {
		bci_sniff_columns_text(s, seen);
		return bci_fail_row(s->err, BC_INVALID, s->header_line,
		                    "--volume: no column is %.*s; there are %s",
		                    bci_sniff_shown(&name), name.text, seen);
	}
	for (int i = sniff_next_named(s, "volume", -1); i >= 0;
	     i = sniff_next_named(s, "volume", i))
		if (i != column)
			bci_sniff_rename(s, (uint32_t)i);
	if (column >= 0)
		bci_sniff_assign(s, (uint32_t)column, BCI_ROLE_VALUE, "volume");
	return BC_OK;
}

enum bc_status
bci_sniff_volume(struct bci_sniffing *s)
{
	int volume, ticks;

	if (s->hints->volume != NULL)
		return sniff_given_volume(s);
	volume = sniff_next_named(s, "volume", -1);
	ticks = sniff_next_named(s, "tick_volume", -1);
	/* MetaTrader writes 0 where the broker knows of ticks only. */
	if (ticks >= 0 &&
	    (volume < 0 || (bci_sniff_is_zero(s, (uint32_t)volume) &&
	                    !bci_sniff_is_zero(s, (uint32_t)ticks)))) {
		if (volume >= 0)
			bci_sniff_rename(s, (uint32_t)volume);
		bci_sniff_assign(s, (uint32_t)ticks, BCI_ROLE_VALUE, "volume");
		volume = ticks;
	}
	if (volume >= 0)
		sniff_other_volumes(s, volume);
	return BC_OK;
}

/* ------------------------------------------------------------------------ */
/*  What is asked for                                                       */
/* ------------------------------------------------------------------------ */

/* The type of that name, or 0. */
static enum bc_type
sniff_type(const char *text, size_t bytes)
{
	for (int type = BC_I64; type <= BC_TEXT; type++) {
		const char *name = bc_type_name((enum bc_type)type);

		if (strlen(name) == bytes && memcmp(name, text, bytes) == 0)
			return (enum bc_type)type;
	}
	return (enum bc_type)0;
}

/* Mark one name of the list, "NAME" or "NAME:TYPE". */
static enum bc_status
sniff_ask(struct bci_sniffing *s, const struct bci_field *item)
{
	const char *colon = memrchr(item->text, ':', item->bytes);
	struct bci_field name = *item;
	enum bc_type type = (enum bc_type)0;
	char seen[128];
	int column;

	if (colon != NULL)
		type = sniff_type(colon + 1,
		                  (size_t)(item->text + item->bytes - colon) -
		                          1);
	if (type != 0)
		name.bytes = (size_t)(colon - item->text);
	column = bci_sniff_find(s, &name);
	if (column < 0) {
		bci_sniff_columns_text(s, seen);
		return bci_fail_row(s->err, BC_INVALID, s->header_line,
		                    "--extra: no column is %.*s; there are %s",
		                    bci_sniff_shown(&name), name.text, seen);
	}
	s->asked[column] = true;
	s->out->fields[column].type = type;
	return BC_OK;
}

/* Mark all fields that hold something and have a name. */
static void
sniff_ask_all(struct bci_sniffing *s)
{
	for (uint32_t i = 0; i < s->sample.fields; i++)
		s->asked[i] = s->kinds[i] != BCI_FIGURE_EMPTY &&
		              (s->label_count == 0 || s->labels[i].bytes != 0);
}

/*
 * Whether a file looks like ours: a header in our own spelling that begins with
 * "time", and times as export writes them.
 */
static bool
sniff_is_ours(const struct bci_sniffing *s)
{
	const struct bci_field *cell = bci_sample_column(&s->sample, 0);
	char name[BC_COLUMN_NAME_MAX + 1];

	if (s->out->delimiter != ',' || s->label_count != s->sample.fields ||
	    s->sample.rows == 0 || cell->bytes < 20 || cell->text[10] != 'T' ||
	    cell->text[cell->bytes - 1] != 'Z' || s->labels[0].bytes != 4 ||
	    memcmp(s->labels[0].text, BC_TIME, 4) != 0)
		return false;
	for (uint32_t i = 0; i < s->label_count; i++)
		if (!bci_column_spell(s->labels[i].text, s->labels[i].bytes,
		                      name) ||
		    strlen(name) != s->labels[i].bytes ||
		    memcmp(s->labels[i].text, name, s->labels[i].bytes) != 0)
			return false;
	return true;
}

/* The type that fits the cells of a column. */
static enum bc_type
sniff_fitting(const struct bci_sniffing *s, uint32_t column)
{
	const unsigned char *looks = bci_sniff_looks(s, column);
	enum bc_type type = BC_I64;

	for (uint32_t i = 0; i < s->sample.rows; i++) {
		if (looks[i] == BCI_FIGURE_TEXT)
			return BC_TEXT;
		/* An integer has no way to say that there is none. */
		if (looks[i] != BCI_FIGURE_INTEGER)
			type = BC_F64;
	}
	return type;
}

static enum bci_role
sniff_role_of(enum bc_type type)
{
	switch (type) {
	case BC_TEXT:
		return BCI_ROLE_TEXT;
	case BC_F64:
	case BC_F32:
		return BCI_ROLE_VALUE;
	default:
		return BCI_ROLE_COUNT;
	}
}

/* Decide about one field. */
static void
sniff_keep_field(struct bci_sniffing *s, uint32_t column)
{
	struct bci_dialect_field *field = &s->out->fields[column];
	const struct bci_meaning *meaning = bci_column_meaning(field->name);
	bool standard = bci_role_is_kept(field->role) && meaning != NULL &&
	                meaning->standard;

	if (!bci_role_is_kept(field->role) && field->role != BCI_ROLE_DROP)
		return; /* a moment, a symbol */
	if (!standard && !s->asked[column]) {
		field->role = BCI_ROLE_DROP;
		return;
	}
	if (field->type == 0)
		field->type = standard ? BC_F64 : sniff_fitting(s, column);
	if (field->role != BCI_ROLE_PRICE)
		field->role = sniff_role_of(field->type);
}

/* Whether another kept field before 'column' has this name. */
static bool
sniff_is_taken(const struct bci_sniffing *s, uint32_t column, const char *name)
{
	if (strcmp(name, BC_TIME) == 0)
		return true;
	for (uint32_t i = 0; i < column; i++)
		if (bci_role_is_kept(s->out->fields[i].role) &&
		    strcmp(s->out->fields[i].name, name) == 0)
			return true;
	return false;
}

/* Make the name of a kept field its own: "note", "note_2". */
static void
sniff_make_unique(struct bci_sniffing *s, uint32_t column)
{
	char name[BC_COLUMN_NAME_MAX + 1];

	snprintf(name, sizeof(name), "%s", s->out->fields[column].name);
	for (uint32_t i = 2; sniff_is_taken(s, column, name); i++)
		snprintf(name, sizeof(name), "%.58s_%u",
		         s->out->fields[column].name, i);
	strcpy(s->out->fields[column].name, name);
}

enum bc_status
bci_sniff_keep(struct bci_sniffing *s)
{
	const char *list = s->hints->extra;
	struct bci_field item;
	enum bc_status status;

	/* What export wrote comes back as it was. */
	if (list == NULL && sniff_is_ours(s))
		list = "all";
	if (list != NULL && strcmp(list, "all") == 0) {
		sniff_ask_all(s);
		list = NULL;
	}
	while (bci_sniff_next(&list, &item))
		if (item.bytes != 0)
			BCI_TRY(sniff_ask(s, &item));
	for (uint32_t i = 0; i < s->sample.fields; i++) {
		sniff_keep_field(s, i);
		if (!bci_role_is_kept(s->out->fields[i].role))
			continue;
		sniff_make_unique(s, i);
		s->out->column_count++;
	}
	if (s->out->column_count == 0)
		return bci_fail_row(s->err, BC_INVALID, s->header_line,
		                    "no column is left to keep");
	if (s->out->column_count >= BC_COLUMNS_MAX)
		return bci_fail_row(s->err, BC_INVALID, s->header_line,
		                    "%u columns are more than a frame has",
		                    s->out->column_count);
	status = BC_OK;
done:
	return status;
}
