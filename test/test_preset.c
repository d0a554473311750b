/* SPDX-License-Identifier: MIT */
/*
 * test_preset.c - the table of shapes is in order: each row can be found, its
 * fields are known and its forms compile.
 */
#include "barcache.h"

#include <stdio.h>
#include <string.h>

#include "column.h"
#include "form.h"
#include "preset.h"
#include "support.h"
#include "zone.h"

static void
each_preset_is_found_by_its_names(void **state)
{
	(void)state;
	assert_true(bci_preset_count >= 17);
	for (size_t i = 0; i < bci_preset_count; i++) {
		const struct bci_preset *preset = &bci_presets[i];

		/* The first of that name is this one: names are unique. */
		assert_ptr_equal(bci_preset_find(preset->name), preset);
		if (preset->also != NULL)
			assert_ptr_equal(bci_preset_find(preset->also), preset);
	}
	assert_null(bci_preset_find(""));
	assert_null(bci_preset_find("Binance"));
	assert_null(bci_preset_find("binanc"));
}

static void
the_usual_sources_are_there(void **state)
{
	static const char *const names[] = {
		"binance",  "ccxt",     "freqtrade",   "yahoo",   "yfinance",
		"stooq",    "mt5",      "stooq-bulk",  "mt4",     "histdata-mt",
		"polygon",  "histdata", "dukascopy",   "massive", "databento",
		"kibot",    "lean",     "qlib",        "kaggle",  "kraken",
		"coinbase", "bitfinex", "tradingview",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (bci_preset_find(names[i]) == NULL)
			fail_msg("there is no %s", names[i]);
}

/* How many names a list has. */
static size_t
count_names(const char *list)
{
	size_t count = 1;

	for (; *list != '\0'; list++)
		count += *list == ',';
	return count;
}

/* The next name of 'fields', without its brackets; NULL at the end. */
static const char *
next_field(const char *at, char name[BC_COLUMN_NAME_MAX + 1])
{
	size_t bytes;

	at += *at == ',' || *at == '[';
	at += *at == '[';
	bytes = strcspn(at, ",]");
	if (bytes == 0)
		return NULL;
	snprintf(name, BC_COLUMN_NAME_MAX + 1, "%.*s", (int)bytes, at);
	return at + bytes + (at[bytes] == ']');
}

static void
the_fields_of_each_preset_are_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < bci_preset_count; i++) {
		const struct bci_preset *preset = &bci_presets[i];
		const char *at = preset->fields;
		char name[BC_COLUMN_NAME_MAX + 1];
		const struct bci_meaning *meaning;
		bool time = false, clock = false;

		while ((at = next_field(at, name)) != NULL) {
			time = time || strcmp(name, "time") == 0 ||
			       strcmp(name, "date") == 0;
			clock = clock || strcmp(name, "clock") == 0;
			if (strcmp(name, "-") == 0)
				continue;
			meaning = bci_column_meaning(name);
			if (meaning == NULL || strcmp(meaning->name, name) != 0)
				fail_msg("%s: %s is no name of ours",
				         preset->name, name);
		}
		if (!time || clock != (preset->clock_format != NULL))
			fail_msg("%s: fields and formats differ", preset->name);
	}
}

/* A header read by its names must give the fields. */
static void
the_labels_of_each_preset_mean_its_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < bci_preset_count; i++) {
		const struct bci_preset *preset = &bci_presets[i];
		const char *at = preset->fields, *label = preset->labels;
		char name[BC_COLUMN_NAME_MAX + 1];

		if (label == NULL)
			continue;
		assert_true(preset->header);
		assert_int_equal(count_names(label), count_names(at));
		while ((at = next_field(at, name)) != NULL) {
			size_t bytes = strcspn(label, ",");
			char spelled[BC_COLUMN_NAME_MAX + 1];
			const struct bci_meaning *meaning;

			assert_true(bci_column_spell(label, bytes, spelled));
			meaning = bci_column_meaning(spelled);
			label += bytes + 1;
			if (strcmp(name, "-") == 0 || meaning == NULL)
				continue;
			if (strcmp(name, "date") == 0 ||
			    strcmp(name, "clock") == 0 ||
			    strcmp(name, "time") == 0)
				assert_true(meaning->role >= BCI_ROLE_TIME &&
				            meaning->role <= BCI_ROLE_CLOCK);
			else if (strcmp(meaning->name, name) != 0)
				fail_msg("%s: %s means %s, not %s",
				         preset->name, spelled, meaning->name,
				         name);
		}
	}
}

static void
the_formats_and_zones_of_each_preset_are_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < bci_preset_count; i++) {
		const struct bci_preset *preset = &bci_presets[i];
		const char *const formats[] = { preset->time_format,
			                        preset->clock_format,
			                        preset->daily_format };
		struct bci_zone_change change;
		struct bci_form form;
		struct bci_zone zone;

		assert_non_null(preset->time_format);
		for (size_t j = 0; j < 3; j++)
			if (formats[j] != NULL &&
			    !bci_form_compile(formats[j], &form))
				fail_msg("%s: '%s' is no form", preset->name,
				         formats[j]);
		/* Names of zones are looked up elsewhere. */
		if (preset->zone != NULL && strchr(preset->zone, '/') == NULL)
			assert_true(
				bci_zone_fixed(preset->zone, &change, &zone));
		assert_true(preset->price_divisor >= 1);
		assert_true(preset->stamp != BCI_STAMP_UNKNOWN);
		assert_non_null(preset->summary);
		if (preset->json)
			assert_true(preset->delimiter == ',' &&
			            !preset->header);
	}
}

static void
the_traps_of_sources_are_known(void **state)
{
	(void)state;
	assert_string_equal(bci_preset_find("polygon")->fields,
	                    "symbol,volume,open,close,high,low,time,count");
	assert_string_equal(bci_preset_find("bitfinex")->fields,
	                    "time,open,close,high,low,volume");
	assert_string_equal(bci_preset_find("coinbase")->fields,
	                    "time,low,high,open,close,volume");
	/* Fixed: HistData knows no summer time. */
	assert_string_equal(bci_preset_find("histdata")->zone, "-05:00");
	assert_string_equal(bci_preset_find("kibot")->zone, "America/New_York");
	assert_null(bci_preset_find("mt5")->zone);
	assert_int_equal(bci_preset_find("ninjatrader")->stamp,
	                 BCI_STAMP_CLOSE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_preset_is_found_by_its_names),
		cmocka_unit_test(the_usual_sources_are_there),
		cmocka_unit_test(the_fields_of_each_preset_are_known),
		cmocka_unit_test(the_labels_of_each_preset_mean_its_fields),
		cmocka_unit_test(
			the_formats_and_zones_of_each_preset_are_known),
		cmocka_unit_test(the_traps_of_sources_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
