/* SPDX-License-Identifier: MIT */
/*
 * test_zoneinfo.c - zone files: all those of the system against the C library,
 * files made here against RFC 8536, damaged ones.
 */
#include "support.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "alloc.h"
#include "calendar.h"
#include "zoneinfo.h"
#include "zonerule.h"

#define DIRECTORY "/usr/share/zoneinfo"
#define YEAR_1900 INT64_C(-2208988800)
#define YEAR_2100 INT64_C(4102444800)
#define DAY INT64_C(86400)

/* ------------------------------------------------------------------------ */
/*  Files made here                                                         */
/* ------------------------------------------------------------------------ */

struct file {
	unsigned char data[8192];
	size_t bytes;
};

static void
file_number(struct file *file, uint64_t value, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--)
		file->data[file->bytes++] = (unsigned char)(value >> 8 * i);
}

/* One block: 'types' of offsets, and a change to each but the first. */
static void
file_block(struct file *file, char version, const int64_t *moments,
           const int32_t *offsets, int types)
{
	int wide = moments == NULL ? 4 : 8;

	memcpy(file->data + file->bytes, "TZif", 4);
	memset(file->data + file->bytes + 4, 0, 16);
	file->data[file->bytes + 4] = (unsigned char)version;
	file->bytes += 20;
	for (int i = 0; i < 3; i++)
		file_number(file, 0, 4);
	file_number(file, moments == NULL ? 0 : (uint64_t)types - 1, 4);
	file_number(file, (uint64_t)types, 4);
	file_number(file, 4, 4);
	for (int i = 0; moments != NULL && i < types - 1; i++)
		file_number(file, (uint64_t)moments[i], wide);
	for (int i = 0; moments != NULL && i < types - 1; i++)
		file_number(file, (uint64_t)i + 1, 1);
	for (int i = 0; i < types; i++) {
		file_number(file, (uint32_t)offsets[i], 4);
		file_number(file, 0, 2);
	}
	memcpy(file->data + file->bytes, "ABC", 4);
	file->bytes += 4;
}

static void
file_make(struct file *file, const int64_t *moments, const int32_t *offsets,
          int types, const char *rule)
{
	file->bytes = 0;
	file_block(file, '3', NULL, offsets, 1);
	file_block(file, '3', moments, offsets, types);
	file->bytes += (size_t)sprintf((char *)file->data + file->bytes,
	                               "\n%s\n", rule);
}

static void
parse(const struct file *file, struct bci_zone *zone)
{
	struct bc_error err;

	assert_status(bci_zoneinfo_parse(&bci_allocator_default, file->data,
	                                 file->bytes, zone, &err),
	              BC_OK, &err);
	for (size_t i = 1; i < zone->count; i++)
		require(zone->changes[i].utc_ns > zone->changes[i - 1].utc_ns);
}

static void
refuse(const struct file *file, const char *reason)
{
	struct bci_zone zone;
	struct bc_error err;

	assert_status(bci_zoneinfo_parse(&bci_allocator_default, file->data,
	                                 file->bytes, &zone, &err),
	              BC_INVALID, &err);
	if (strstr(err.message, reason) == NULL)
		fail_msg("'%s' instead of '%s'", err.message, reason);
}

static int64_t
ahead(const struct bci_zone *zone, int64_t seconds)
{
	size_t hint = 0;

	return bci_zone_to_local(zone, seconds * BCI_SECOND_NS, &hint) /
	               BCI_SECOND_NS -
	       seconds;
}

static void
free_zone(struct bci_zone *zone)
{
	bci_free(&bci_allocator_default, zone->changes);
}

/* ------------------------------------------------------------------------ */
/*  The system's                                                            */
/* ------------------------------------------------------------------------ */

/* What nftw() carries along. */
static struct {
	struct {
		dev_t device;
		ino_t inode;
	} seen[4000];
	int count;
} walk;

static bool
walk_is_new(const struct stat *status)
{
	for (int i = 0; i < walk.count; i++)
		if (walk.seen[i].inode == status->st_ino &&
		    walk.seen[i].device == status->st_dev)
			return false;
	assert_true(walk.count < 4000);
	walk.seen[walk.count].inode = status->st_ino;
	walk.seen[walk.count++].device = status->st_dev;
	return true;
}

/* Against localtime(): each change, the second before, every third day. */
static void
compare(const struct bci_zone *zone, const char *path)
{
	int64_t at = YEAR_1900;
	size_t next = 0;
	char value[512];

	snprintf(value, sizeof(value), ":%s", path);
	setenv("TZ", value, 1);
	tzset();
	while (at < YEAR_2100) {
		time_t moment = (time_t)at;
		struct tm local;

		assert_non_null(localtime_r(&moment, &local));
		if (ahead(zone, at) != local.tm_gmtoff)
			fail_msg("%s at %lld: %lld instead of %ld", path,
			         (long long)at, (long long)ahead(zone, at),
			         local.tm_gmtoff);
		at += 3 * DAY;
		while (next < zone->count &&
		       zone->changes[next].utc_ns / BCI_SECOND_NS <=
		               (long)moment)
			next++;
		if (next < zone->count &&
		    zone->changes[next].utc_ns / BCI_SECOND_NS <= at) {
			at = zone->changes[next].utc_ns / BCI_SECOND_NS;
			at -= at - 1 > moment;
		}
	}
	unsetenv("TZ");
	tzset();
}

static int
visit(const char *path, const struct stat *status, int type, struct FTW *place)
{
	struct file *file;
	struct bci_zone zone;
	FILE *stream;

	(void)place;
	if (type != FTW_F || strstr(path, "/right/") != NULL ||
	    strstr(path, "/posix/") != NULL || !walk_is_new(status))
		return 0;
	file = calloc(1, sizeof(*file));
	assert_non_null(file);
	stream = fopen(path, "rb");
	assert_non_null(stream);
	file->bytes = fread(file->data, 1, sizeof(file->data), stream);
	fclose(stream);
	if (file->bytes < 4 || memcmp(file->data, "TZif", 4) != 0) {
		walk.count--;
		free(file);
		return 0;
	}
	assert_true(file->bytes < sizeof(file->data));
	parse(file, &zone);
	compare(&zone, path);
	free_zone(&zone);
	free(file);
	return 0;
}

static void
all_zones_are_as_the_c_library_has_them(void **state)
{
	struct stat status;

	(void)state;
	if (stat(DIRECTORY "/America/New_York", &status) != 0)
		test_skip("there is no " DIRECTORY);
	walk.count = 0;
	assert_int_equal(nftw(DIRECTORY, visit, 16, 0), 0);
	assert_true(walk.count > 100);
	print_message("%d zones\n", walk.count);
}

/* ------------------------------------------------------------------------ */
/*  RFC 8536                                                                */
/* ------------------------------------------------------------------------ */

static const int64_t moments[] = { -1000, 0, 1000000000 };
static const int32_t offsets[] = { 600, 3600, -7200, 5400 };

static void
changes_hold_until_the_next(void **state)
{
	struct bci_zone zone;
	struct file file;

	(void)state;
	file_make(&file, moments, offsets, 4, "ABC-1:30");
	parse(&file, &zone);
	assert_int_equal(zone.count, 4);
	assert_int_equal(ahead(&zone, -9000000000), 600);
	assert_int_equal(ahead(&zone, -1001), 600);
	assert_int_equal(ahead(&zone, -1000), 3600);
	assert_int_equal(ahead(&zone, -1), 3600);
	assert_int_equal(ahead(&zone, 0), -7200);
	assert_int_equal(ahead(&zone, 1000000000), 5400);
	assert_int_equal(ahead(&zone, 9000000000), 5400);
	free_zone(&zone);
}

static void
version_1_has_no_rule(void **state)
{
	struct bci_zone zone;
	struct file file = { .bytes = 0 };

	(void)state;
	file_block(&file, '\0', NULL, offsets, 1);
	parse(&file, &zone);
	assert_int_equal(zone.count, 1);
	assert_int_equal(ahead(&zone, 0), 600);
	free_zone(&zone);
}

static void
the_rule_goes_on_for_ever(void **state)
{
	static const int32_t new_york[] = { -17762, -18000 };
	struct bci_zone zone;
	struct file file;

	(void)state;
	file_make(&file, moments, new_york, 2, "EST5EDT,M3.2.0,M11.1.0");
	parse(&file, &zone);
	assert_int_equal(ahead(&zone, -1001), -17762);
	assert_int_equal(ahead(&zone, 3792985199), -18000); /* 2090-03-12 */
	assert_int_equal(ahead(&zone, 3792985200), -14400);
	assert_int_equal(ahead(&zone, 3813544799), -14400); /* 2090-11-05 */
	assert_int_equal(ahead(&zone, 3813544800), -18000);
	assert_int_equal(ahead(&zone, INT64_C(9195400000)), -14400); /* 2261 */
	free_zone(&zone);
}

static void
moments_beyond_int64_are_left_out(void **state)
{
	static const int64_t far[] = { INT64_MIN, -10000000000, 10000000000 };
	struct bci_zone zone;
	struct file file;

	(void)state;
	file_make(&file, far, offsets, 4, "");
	parse(&file, &zone);
	assert_int_equal(zone.count, 1);
	assert_int_equal(ahead(&zone, 0), -7200);
	free_zone(&zone);
}

static void
rules_may_go_round_the_year(void **state)
{
	struct bci_zone zone;
	struct file file;

	(void)state;
	file_make(&file, moments, offsets, 1, "ABC3DEF,0/0,J365/23");
	parse(&file, &zone);
	assert_int_equal(ahead(&zone, 0), -7200); /* summer without end */
	assert_int_equal(ahead(&zone, 1704081600), -7200);
	free_zone(&zone);
	file_make(&file, moments, offsets, 1,
	          "<-02>2<-01>,M3.5.0/-1,M10.5.0/0");
	parse(&file, &zone);
	assert_int_equal(ahead(&zone, 1711846799), -7200); /* 2024-03-31 */
	assert_int_equal(ahead(&zone, 1711846800), -3600);
	assert_int_equal(ahead(&zone, 1729990799), -3600); /* 2024-10-27 */
	assert_int_equal(ahead(&zone, 1729990800), -7200);
	free_zone(&zone);
}

/* ------------------------------------------------------------------------ */
/*  Rules                                                                   */
/* ------------------------------------------------------------------------ */

static void
rules_name_days_in_three_ways(void **state)
{
	static const struct {
		const char *text;
		int64_t year, month, day, time_s;
	} list[] = {
		{ "A-0B,J60,0", 2023, 3, 1, 7200 },
		{ "A-0B,J60,0", 2024, 3, 1, 7200 },
		{ "A-0B,J59/1:02:03,0", 2024, 2, 28, 3723 },
		{ "A-0B,59,0", 2023, 3, 1, 7200 },
		{ "A-0B,59,0", 2024, 2, 29, 7200 },
		{ "A-0B,365,0", 2024, 12, 31, 7200 },
		{ "A-0B,M2.5.4,0", 2024, 2, 29, 7200 },
		{ "A-0B,M2.5.5,0", 2024, 2, 23, 7200 },
		{ "A-0B,M9.1.1/24,0", 2025, 9, 1, 86400 },
		{ "A-0B,M9.1.0/-167,0", 2025, 9, 7, -601200 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct bci_zone_rule rule;
		char text[64];

		/* Names are short above to fit the line. */
		snprintf(text, sizeof(text), "AAA0BBB%s", list[i].text + 4);
		assert_true(bci_zone_rule_parse(text, strlen(text), &rule));
		if (bci_zone_day_seconds(&rule.begin, list[i].year) !=
		    bci_days_of_date(list[i].year, list[i].month, list[i].day) *
		                    DAY +
		            list[i].time_s)
			fail_msg("%s in %d", list[i].text, (int)list[i].year);
	}
}

static void
other_texts_are_no_rules(void **state)
{
	static const char *const list[] = {
		"",          "EST",           "5",
		"ES5",       "EST5EDT",       "EST5EDT,",
		"EST5EDT,0", "EST5EDT,0,",    "EST5EDT,M13.1.0,0",
		"EST5X,0,0", "EST5EDT,J0,0",  "EST5EDT,M1.6.0,0",
		"<EST5",     "EST25",         "EST5EDT,M1.1.7,0",
		"EST5:60",   "EST5EDT,366,0", "EST5EDT,0/168,0",
		"EST5 ",     "EST5EDT,0,0x",  "EST5EDT4,0,0,0",
		"EST-",      "EST5:",         "EST5EDT,M1.1,0",
	};
	struct bci_zone_rule rule;

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (bci_zone_rule_parse(list[i], strlen(list[i]), &rule))
			fail_msg("'%s' is taken for a rule", list[i]);
}

/* ------------------------------------------------------------------------ */
/*  Damage                                                                  */
/* ------------------------------------------------------------------------ */

static void
cut_files_are_refused(void **state)
{
	struct file file;
	size_t bytes;

	(void)state;
	file_make(&file, moments, offsets, 4, "ABC-1:30");
	bytes = file.bytes;
	for (file.bytes = 0; file.bytes < bytes; file.bytes++)
		refuse(&file, "it is");
}

/* Change a byte of the second block, 'at' bytes from its begin. */
static void
damage(size_t at, unsigned char byte, const char *reason)
{
	struct file file;

	file_make(&file, moments, offsets, 4, "ABC-1:30");
	file.data[44 + 6 + 4 + at] = byte;
	refuse(&file, reason);
}

static void
damaged_files_are_refused(void **state)
{
	size_t indices = 44 + 3 * 8, types = indices + 3;

	(void)state;
	damage(0, 'X', "damaged");         /* magic */
	damage(20, 0xff, "damaged");       /* flags */
	damage(31, 1, "damaged");          /* leap seconds: does not fit */
	damage(32, 0xff, "damaged");       /* changes */
	damage(39, 3, "damaged");          /* types: no rule behind them */
	damage(indices + 1, 4, "no type"); /* of a change */
	damage(44 + 8, 0x80, "ascend");    /* the second change */
	damage(types, 1, "a type");        /* offset of years */
	damage(types + 4, 2, "a type");    /* summer time */
	damage(types + 5, 4, "a type");    /* name */
}

static void
a_file_without_types_is_refused(void **state)
{
	struct file file = { .bytes = 0 };

	(void)state;
	file_block(&file, '\0', NULL, offsets, 1);
	file.data[39] = 0;
	refuse(&file, "no types");
}

static void
leap_seconds_are_refused(void **state)
{
	struct file file;

	(void)state;
	file_make(&file, moments, offsets, 4, "");
	file.data[44 + 6 + 4 + 31] = 1;
	memset(file.data + file.bytes, '\n', 12);
	file.bytes += 12;
	refuse(&file, "leap seconds");
}

static void
without_memory_nothing_is_made(void **state)
{
	struct test_memory memory = { .fail_at = 1 };
	struct bc_allocator allocator = test_allocator(&memory);
	struct bci_zone zone;
	struct bc_error err;
	struct file file;

	(void)state;
	file_make(&file, moments, offsets, 4, "");
	assert_status(bci_zoneinfo_parse(&allocator, file.data, file.bytes,
	                                 &zone, &err),
	              BC_NOMEM, &err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_zones_are_as_the_c_library_has_them),
		cmocka_unit_test(changes_hold_until_the_next),
		cmocka_unit_test(version_1_has_no_rule),
		cmocka_unit_test(the_rule_goes_on_for_ever),
		cmocka_unit_test(moments_beyond_int64_are_left_out),
		cmocka_unit_test(rules_may_go_round_the_year),
		cmocka_unit_test(rules_name_days_in_three_ways),
		cmocka_unit_test(other_texts_are_no_rules),
		cmocka_unit_test(cut_files_are_refused),
		cmocka_unit_test(damaged_files_are_refused),
		cmocka_unit_test(a_file_without_types_is_refused),
		cmocka_unit_test(leap_seconds_are_refused),
		cmocka_unit_test(without_memory_nothing_is_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
