/* SPDX-License-Identifier: MIT */
/*
 * sniff_zone.c - the zone of moments, and which end of a bar they are.
 *
 * The cells come first: a number since 1970 or an offset leaves nothing open,
 * whatever a caller says of a whole directory, and a date alone has no zone.
 * Then the caller, then names and free text of the file, then what is known of
 * its source.  Shapes that more than one source writes make an assumption only.
 */
#include "common.h"

#include <stdio.h>

#include "calendar.h"
#include "sniffing.h"

static void
sniff_set_zone(struct bci_sniffing *s, const char *zone, enum bci_basis basis,
               const char *reason)
{
	snprintf(s->out->zone, sizeof(s->out->zone), "%s", zone);
	snprintf(s->out->zone_reason, sizeof(s->out->zone_reason), "%s",
	         reason);
	s->out->basis.zone = basis;
}

/* The field that holds the moment or its date. */
static uint32_t
sniff_time_field(const struct bci_sniffing *s)
{
	int column = bci_sniff_role(s, BCI_ROLE_TIME);

	if (column < 0)
		column = bci_sniff_role(s, BCI_ROLE_DATE);
	return (uint32_t)column;
}

/* Whether rows have dates and no time of day, or midnight all along. */
static bool
sniff_is_days(const struct bci_sniffing *s)
{
	const struct bci_dialect *out = s->out;
	int64_t time_ns;

	if (out->time.kind != BCI_FORM_TEXT || !out->time.dated)
		return false;
	if (!out->time.clocked && out->clock.kind == BCI_FORM_NONE)
		return true;
	for (uint32_t i = 0; i < s->sample.rows; i++)
		if (bci_sniff_moment(s, i, &time_ns) &&
		    time_ns % BCI_DAY_NS != 0)
			return false;
	return s->sample.rows > 1;
}

/* The zone that is known of LEAN's directories. */
static const char *
sniff_lean_zone(const struct bci_sniffing *s)
{
	static const char *const markets[] = { "equity", "option", "future",
		                               "index" };

	if (!bci_sniff_is_lean(s))
		return NULL;
	if (bci_sniff_path_has(s, "crypto"))
		return "UTC";
	for (size_t i = 0; i < BCI_COUNT(markets); i++)
		if (bci_sniff_path_has(s, markets[i]) &&
		    bci_sniff_path_has(s, "usa"))
			return "America/New_York";
	return NULL;
}

/* Whether the form and the fields are those of a preset. */
static bool
sniff_has_shape(const struct bci_sniffing *s, char delimiter, const char *time,
                const char *clock)
{
	const struct bci_dialect *out = s->out;

	return !out->header && out->delimiter == delimiter &&
	       out->time.kind == BCI_FORM_TEXT &&
	       strcmp(out->time.text, time) == 0 &&
	       (clock == NULL ? out->clock.kind == BCI_FORM_NONE
	                      : strcmp(out->clock.text, clock) == 0);
}

/* Shapes that tell their source, if not beyond doubt. */
static bool
sniff_by_shape(struct bci_sniffing *s)
{
	int volume = bci_sniff_named(s, "volume");
	bool silent = volume >= 0 && bci_sniff_is_zero(s, (uint32_t)volume);

	if (silent && (sniff_has_shape(s, ';', "%Y%m%d %H%M%S", NULL) ||
	               sniff_has_shape(s, ',', "%Y.%m.%d", "%H:%M"))) {
		sniff_set_zone(s, "-05:00", BCI_ASSUMED,
		               "HistData: EST all year");
		return true;
	}
	if (sniff_has_shape(s, ',', "%m/%d/%Y", "%H:%M")) {
		sniff_set_zone(s, "America/New_York", BCI_ASSUMED,
		               "Kibot: New York time");
		return true;
	}
	return false;
}

/* What the cells themselves say. */
static bool
sniff_by_cells(struct bci_sniffing *s)
{
	if (s->out->time.kind == BCI_FORM_UNIX)
		sniff_set_zone(s, "UTC", BCI_STATED, "numbers since 1970");
	else if (s->out->time.zoned || s->out->clock.zoned)
		sniff_set_zone(s, "UTC", BCI_STATED, "offsets in the cells");
	else if (sniff_is_days(s))
		sniff_set_zone(s, "UTC", BCI_STATED, "dates alone");
	else
		return false;
	return true;
}

void
bci_sniff_zone(struct bci_sniffing *s)
{
	const struct bci_preset *preset = s->out->preset;
	const struct bci_meaning *meaning;
	const char *zone = sniff_lean_zone(s);

	if (sniff_by_cells(s))
		return;
	meaning = s->meanings[sniff_time_field(s)];
	if (s->hints->zone != NULL)
		sniff_set_zone(s, s->hints->zone, BCI_GIVEN, "");
	else if (meaning != NULL && meaning->utc)
		sniff_set_zone(s, "UTC", BCI_STATED, "the column's name");
	else if (s->said[0] != '\0')
		sniff_set_zone(s, s->said, BCI_STATED, "a line of the file");
	else if (preset != NULL && preset->zone != NULL)
		sniff_set_zone(s, preset->zone, BCI_STATED, preset->name);
	else if (zone != NULL)
		sniff_set_zone(s, zone, BCI_STATED, "LEAN, by the path");
	else if (!sniff_by_shape(s))
		sniff_set_zone(s, "UTC", BCI_ASSUMED, "nothing names a zone");
}

/* Whether the name of the moment says that it begins a bar. */
static bool
sniff_names_open(const struct bci_sniffing *s)
{
	static const char *const words[] = { "open", "start", "begin" };
	char name[BC_COLUMN_NAME_MAX + 1] = "";
	const struct bci_field *label = &s->labels[sniff_time_field(s)];

	if (s->label_count == 0 ||
	    !bci_column_spell(label->text, label->bytes, name))
		return false;
	for (size_t i = 0; i < BCI_COUNT(words); i++)
		if (strstr(name, words[i]) != NULL)
			return true;
	return false;
}

void
bci_sniff_stamp(struct bci_sniffing *s)
{
	const struct bci_meaning *meaning = s->meanings[sniff_time_field(s)];
	struct bci_dialect *out = s->out;

	out->stamp = BCI_STAMP_OPEN;
	out->basis.stamp = BCI_STATED;
	if (s->hints->stamp != BCI_STAMP_UNKNOWN) {
		out->stamp = s->hints->stamp;
		out->basis.stamp = BCI_GIVEN;
	} else if (meaning != NULL && meaning->close) {
		out->stamp = BCI_STAMP_CLOSE;
	} else if (sniff_is_days(s)) {
		/* A day is named by its date, not by the one behind it. */
		out->stamp = BCI_STAMP_OPEN;
	} else if (out->preset != NULL &&
	           out->preset->stamp != BCI_STAMP_UNKNOWN) {
		out->stamp = out->preset->stamp;
	} else if (!sniff_names_open(s) && sniff_lean_zone(s) == NULL) {
		out->basis.stamp = BCI_ASSUMED;
	}
}
