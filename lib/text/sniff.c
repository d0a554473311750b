/* SPDX-License-Identifier: MIT */
/*
 * sniff.c - finding out the dialect of a file from its bytes, step by step.
 *
 * A sample of the lines gives delimiter and rows (sample.c), its numbers their
 * style (sniff_number.c).  Fields get their roles by the caller, by the header
 * (sniff_header.c, sniff_name.c) or by what is in them (sniff_row.c,
 * sniff_price.c), among them the moment of a row (sniff_time.c).  Then it is
 * clear what is kept (sniff_keep.c), whether the source is a known one, and
 * what the moments mean (sniff_zone.c).  No step looks back at an earlier one.
 */
#include "common.h"

#include <stdio.h>

#include "alloc.h"
#include "error.h"
#include "sniffing.h"

/* ------------------------------------------------------------------------ */
/*  The source                                                              */
/* ------------------------------------------------------------------------ */

/* Whether the labels of the header are those of a preset, in its order. */
static bool
sniff_has_labels(const struct bci_sniffing *s, const struct bci_preset *preset)
{
	const char *list = preset->labels;
	const char *roles = preset->fields;
	struct bci_field name, role;
	uint32_t i = 0;

	if (list == NULL)
		return false;
	while (bci_sniff_next(&list, &name)) {
		bool optional = bci_sniff_next(&roles, &role) &&
		                role.bytes != 0 && *role.text == '[';

		if (i == s->label_count && optional)
			continue;
		if (i == s->label_count || name.bytes != s->labels[i].bytes ||
		    memcmp(name.text, s->labels[i].text, name.bytes) != 0)
			return false;
		i++;
	}
	return i == s->label_count;
}

/* Whether the fields of a file without a header are those of a preset. */
static bool
sniff_has_fields(const struct bci_sniffing *s, const struct bci_preset *preset)
{
	const char *list = preset->fields;
	struct bci_field name;
	uint32_t i = 0;

	while (bci_sniff_next(&list, &name)) {
		const struct bci_dialect_field *field = &s->out->fields[i];
		const char *ours = field->name;

		if (i == s->sample.fields)
			return false;
		if (field->role == BCI_ROLE_TIME)
			ours = "time";
		if (name.bytes != strlen(ours) ||
		    memcmp(name.text, ours, name.bytes) != 0)
			return false;
		i++;
	}
	return i == s->sample.fields;
}

/* Whether moments are in the form of a preset. */
static bool
sniff_has_form(const struct bci_sniffing *s, const struct bci_preset *preset)
{
	const struct bci_form *form = &s->out->time;
	struct bci_form known;

	if (form->kind == BCI_FORM_UNIX)
		return bci_form_compile(preset->time_format, &known) &&
		       known.kind == BCI_FORM_UNIX;
	return strcmp(form->text, preset->time_format) == 0 ||
	       (preset->daily_format != NULL &&
	        strcmp(form->text, preset->daily_format) == 0);
}

/* Whether fields are separated as in a preset; tabs separate those of JSON. */
static bool
sniff_has_delimiter(const struct bci_sniffing *s,
                    const struct bci_preset *preset)
{
	return s->sample.delimiter == '\t' ||
	       (!preset->json && s->sample.delimiter == preset->delimiter);
}

/* Whether a preset is like the files of everybody and says nothing more. */
static bool
sniff_is_plain(const struct bci_preset *preset)
{
	return preset->zone == NULL &&
	       strcmp(preset->fields, "time,open,high,low,close,[volume]") == 0;
}

/*
 * Whether a file is one of a preset.  Fields without names are a signature
 * only where moments are numbers, which leave no zone to be wrong about; those
 * that everybody has are none of a source that writes a header.
 */
static bool
sniff_is_preset(const struct bci_sniffing *s, const struct bci_preset *preset)
{
	if (sniff_is_plain(preset) || !sniff_has_delimiter(s, preset) ||
	    !sniff_has_form(s, preset))
		return false;
	if (s->label_count != 0)
		return sniff_has_labels(s, preset);
	return s->out->time.kind == BCI_FORM_UNIX &&
	       (!preset->header || s->sample.fields > 6) &&
	       sniff_has_fields(s, preset);
}

static void
sniff_recognise(struct bci_sniffing *s)
{
	for (size_t i = 0; i < bci_preset_count && s->out->preset == NULL; i++)
		if (sniff_is_preset(s, &bci_presets[i]))
			s->out->preset = &bci_presets[i];
}

/* The preset that the caller names must fit. */
static enum bc_status
sniff_check_preset(struct bci_sniffing *s)
{
	const struct bci_preset *preset = s->hints->preset;
	char delimiter = s->sample.delimiter;

	s->out->preset = preset;
	if (delimiter == '\t' || delimiter == preset->delimiter)
		return BC_OK;
	return bci_fail_row(s->err, BC_INVALID, s->out->line,
	                    "fields are separated by '%c', those of --preset "
	                    "%s by '%c'",
	                    delimiter, preset->name, preset->delimiter);
}

/* ------------------------------------------------------------------------ */
/*  The steps                                                               */
/* ------------------------------------------------------------------------ */

/* Give the fields their roles, by the surest of what is known. */
static enum bc_status
sniff_roles(struct bci_sniffing *s)
{
	const char *columns = s->hints->columns;
	enum bc_status status;

	if (columns != NULL && strchr(columns, '=') == NULL)
		return bci_sniff_list(s, columns, BCI_GIVEN);
	if (s->out->header)
		return bci_sniff_names(s);
	if (columns != NULL)
		return bci_fail_row(s->err, BC_INVALID, s->out->line,
		                    "--columns LABEL=NAME needs a header: name "
		                    "all %u fields in their order",
		                    s->sample.fields);
	if (s->hints->preset != NULL)
		return bci_sniff_list(s, s->hints->preset->fields, BCI_STATED);
	bci_sniff_label(s);
	for (uint32_t i = 0; i < s->sample.fields; i++)
		s->out->fields[i].role = BCI_ROLE_DROP;
	BCI_TRY(bci_sniff_time(s));
	BCI_TRY(bci_sniff_rows(s));
done:
	return status;
}

/* Make room for what will be known of cells and rows. */
static enum bc_status
sniff_reserve(struct bci_sniffing *s)
{
	const struct bci_sample *sample = &s->sample;

	s->looks = bci_alloc(&bci_allocator_default,
	                     (uint64_t)sample->rows * sample->fields,
	                     sizeof(*s->looks));
	s->moments = bci_zalloc(&bci_allocator_default, sample->rows,
	                        sizeof(*s->moments));
	if (s->looks == NULL || s->moments == NULL)
		return bci_fail(s->err, BC_NOMEM, "no memory for a sample");
	return BC_OK;
}

enum bc_status
bci_sniff(const char *text, size_t bytes, const struct bci_hints *hints,
          struct bci_dialect *out, struct bc_error *err)
{
	struct bci_sniffing *s;
	enum bc_status status;

	/* Most of it are fields that are not there. */
	memset(out, 0, offsetof(struct bci_dialect, fields));
	memset(&out->time, 0,
	       sizeof(*out) - offsetof(struct bci_dialect, time));
	s = bci_zalloc(&bci_allocator_default, 1, sizeof(*s));
	if (s == NULL)
		return bci_fail(err, BC_NOMEM, "no memory for a sample");
	s->hints = hints;
	s->out = out;
	s->err = err;
	BCI_TRY(bci_sample_take(text, bytes, &s->sample, err));
	BCI_TRY(sniff_reserve(s));
	out->delimiter = s->sample.delimiter;
	out->field_count = s->sample.fields;
	memset(out->fields, 0, out->field_count * sizeof(*out->fields));
	bci_sniff_numbers(s);
	BCI_TRY(bci_sniff_header(s));
	if (hints->preset != NULL)
		BCI_TRY(sniff_check_preset(s));
	BCI_TRY(sniff_roles(s));
	BCI_TRY(bci_sniff_volume(s));
	sniff_recognise(s);
	BCI_TRY(bci_sniff_keep(s));
	bci_sniff_zone(s);
	bci_sniff_stamp(s);
	bci_sniff_divisor(s);
done:
	bci_sample_free(&s->sample);
	bci_free(&bci_allocator_default, s->looks);
	bci_free(&bci_allocator_default, s->moments);
	bci_free(&bci_allocator_default, s);
	return status;
}
