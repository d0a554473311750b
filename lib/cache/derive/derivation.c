/* SPDX-License-Identifier: MIT */
/*
 * derivation.c - what a derived entry is made of and how.
 *
 *   derived/KEY?FROM..TO[&WORD...][&1h[&label=right...]][&sma(20)...]
 *
 * The same wish has one spelling, and two wishes never have the same: behind
 * the last '?' nothing is left as it is that could be taken for something else.
 * A text that is too long for a key is hashed.
 */
#include "common.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "derivation.h"
#include "error.h"
#include "hash.h"
#include "key.h"
#include "zone.h"

#define DERIVATION_PREFIX "derived/"

/* The longest text there can be: all indicators, every byte escaped. */
#define DERIVATION_TEXT                                                        \
	(2 * BC_KEY_MAX + 512 + BCI_FORMULAS_MAX * 3 * BCI_FORMULA_TEXT)

struct derivation_text {
	size_t used;
	char bytes[DERIVATION_TEXT];
};

/* ---- checking ---------------------------------------------------------- */

static enum bc_status
derivation_formulas(const char *const *add, struct bci_derivation *out,
                    struct bc_error *err)
{
	struct bci_formula *formula;
	enum bc_status status;

	for (size_t i = 0; add != NULL && add[i] != NULL; i++) {
		if (i == BCI_FORMULAS_MAX)
			return bci_fail(err, BC_INVALID,
			                "more than %d indicators",
			                BCI_FORMULAS_MAX);
		formula = &out->formulas[i];
		status = bci_formula_parse(add[i], formula, err);
		if (status != BC_OK)
			return status;
		for (size_t j = 0; j < i; j++)
			if (strcmp(out->formulas[j].name, formula->name) == 0)
				return bci_fail(err, BC_INVALID,
				                "%s is asked for twice",
				                formula->name);
		out->formula_count = i + 1;
	}
	return BC_OK;
}

/* The rule; a series key says how long the bars are that it is applied to. */
static enum bc_status
derivation_rule(const struct bc_resample *rule, struct bci_derivation *out,
                struct bc_error *err)
{
	char text[BC_KEY_MAX + 8];
	struct bc_series series;
	const char *source = NULL;

	out->resampled = rule != NULL;
	if (rule == NULL)
		return BC_OK;
	if (bc_key_parse(out->key, text, &series, NULL) == BC_OK)
		source = series.timeframe;
	return bci_resampled_parse(rule, source, &out->rule, err);
}

/* ---- the key ----------------------------------------------------------- */

static void derivation_add(struct derivation_text *text, const char *format,
                           ...) BCI_PRINTF(2, 3);

static void
derivation_add(struct derivation_text *text, const char *format, ...)
{
	size_t room = sizeof(text->bytes) - text->used;
	va_list values;
	int bytes;

	va_start(values, format);
	bytes = vsnprintf(text->bytes + text->used, room, format, values);
	va_end(values);
	BCI_ASSERT(bytes >= 0 && (size_t)bytes < room);
	text->used += (size_t)bytes;
}

/* Add "&word" with the bytes escaped that have a meaning here. */
static void
derivation_add_word(struct derivation_text *text, const char *word)
{
	size_t plain;

	derivation_add(text, "&");
	while (*word != '\0') {
		plain = strcspn(word, "?&%");
		derivation_add(text, "%.*s", (int)plain, word);
		word += plain;
		if (*word != '\0')
			derivation_add(text, "%%%02X", (unsigned char)*word++);
	}
}

static void
derivation_add_rule(const struct bci_resampled_rule *rule,
                    struct derivation_text *text)
{
	static const char *const fills[] = { "", "&fill=nan", "&fill=flat" };
	const struct bci_resample_options *options = &rule->options;
	const struct bci_bucket_rule *buckets = &options->buckets;
	char name[BCI_TIMEFRAME_TEXT];

	bci_timeframe_name(&buckets->timeframe, name);
	derivation_add(text, "&%s", name);
	if (options->label == BC_RIGHT)
		derivation_add(text, "&label=right");
	if (options->closed == BC_RIGHT)
		derivation_add(text, "&closed=right");
	derivation_add(text, "%s", fills[options->fill]);
	if (rule->drop_partial)
		derivation_add(text, "&drop");
	if (buckets->origin == BCI_ORIGIN_DAY)
		derivation_add(text, "&midnight");
	if (buckets->offset_ns != 0)
		derivation_add(text, "&offset=%" PRId64, buckets->offset_ns);
	if (buckets->zone != NULL) {
		derivation_add(text, "&zone");
		derivation_add_word(text, buckets->zone->name);
	}
	if (buckets->week_begins != 0)
		derivation_add(text, "&week=%u", buckets->week_begins);
}

static void
derivation_add_all(const struct bci_derivation *derivation,
                   struct derivation_text *text)
{
	char formula[BCI_FORMULA_TEXT];

	derivation_add(text, DERIVATION_PREFIX "%s?", derivation->key);
	if (derivation->from_ns != INT64_MIN)
		derivation_add(text, "%" PRId64, derivation->from_ns);
	derivation_add(text, "..");
	if (derivation->to_ns != INT64_MAX)
		derivation_add(text, "%" PRId64, derivation->to_ns);
	if ((derivation->flags & BC_READ_PARTIAL) != 0)
		derivation_add(text, "&partial");
	if ((derivation->flags & BC_READ_OPEN) != 0)
		derivation_add(text, "&open");
	if (derivation->resampled)
		derivation_add_rule(&derivation->rule, text);
	for (size_t i = 0; i < derivation->formula_count; i++) {
		bci_formula_text(&derivation->formulas[i], formula);
		derivation_add_word(text, formula);
	}
}

static void
derivation_name(struct bci_derivation *out)
{
	struct derivation_text text;
	unsigned char hash[32];
	char *to = out->made;

	text.used = 0; /* All of it need not be zeroed. */
	derivation_add_all(out, &text);
	if (text.used <= BC_KEY_MAX) {
		memcpy(out->made, text.bytes, text.used + 1);
		return;
	}
	bci_sha256(text.bytes, text.used, hash);
	/* No other key has the '?' here: none is made of an empty key. */
	to += sprintf(to, DERIVATION_PREFIX "?");
	for (size_t i = 0; i < sizeof(hash); i++)
		to += sprintf(to, "%02x", hash[i]);
}

enum bc_status
bci_derivation_parse(const char *key, int64_t from_ns, int64_t to_ns,
                     unsigned flags, const struct bc_derive *derive,
                     struct bci_derivation *out, struct bc_error *err)
{
	enum bc_status status;

	out->key = key;
	out->from_ns = from_ns;
	out->to_ns = to_ns;
	out->flags = flags;
	out->formula_count = 0;
	if (!bci_key_valid(key, strlen(key)))
		return bci_fail(err, BC_KEY, "'%.100s' is no key", key);
	if (to_ns < from_ns)
		return bci_fail(err, BC_INVALID,
		                "the range ends before it begins");
	if ((flags & ~(unsigned)(BC_READ_PARTIAL | BC_READ_OPEN)) != 0)
		return bci_fail(err, BC_INVALID,
		                "flags %#x; there are BC_READ_PARTIAL and "
		                "BC_READ_OPEN",
		                flags);
	if (derive == NULL || derive->struct_size != sizeof(*derive))
		return bci_fail(err, BC_INVALID,
		                "what to derive was not begun with "
		                "BC_DERIVE_INIT");
	BCI_TRY(derivation_rule(derive->resample, out, err));
	BCI_TRY(derivation_formulas(derive->add, out, err));
	derivation_name(out);
done:
	return status;
}
