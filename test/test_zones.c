/* SPDX-License-Identifier: MIT */
/*
 * test_zones.c - zones by name: what is found, what is refused, many threads.
 */
#include "dir_unit.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zoneinfo.h"
#include "zones.h"

#define THREADS 8

/* A zone file of version 1 with one type, an hour ahead; 'more' zeros. */
static void
write_zone(const char *name, size_t more)
{
	unsigned char data[44 + 6 + 1] = "TZif";
	char path[TEST_PATH];
	FILE *file = fopen(test_path(path, dir.path, name), "wb");

	assert_non_null(file);
	data[39] = data[43] = 1;
	data[44 + 2] = 3600 >> 8;
	data[44 + 3] = 3600 & 0xff;
	assert_int_equal(fwrite(data, 1, sizeof(data), file), sizeof(data));
	for (size_t i = 0; i < more; i++)
		assert_int_equal(fputc(0, file), 0);
	fclose(file);
}

static void
expect(const char *name, enum bc_status expected, const char *reason)
{
	const struct bci_zone *zone;
	struct bc_error err;

	assert_status(bci_zones_find(dir.path, name, &zone, &err), expected,
	              &err);
	assert_null(zone);
	if (strstr(err.message, reason) == NULL)
		fail_msg("'%s' instead of '%s'", err.message, reason);
}

static void
a_zone_is_found_and_stays(void **state)
{
	const struct bci_zone *zone, *again;
	struct bc_error err;
	char path[TEST_PATH], link[TEST_PATH];
	size_t hint = 0;

	(void)state;
	write_zone("Here", 0);
	assert_int_equal(symlink(test_path(path, dir.path, "Here"),
	                         test_path(link, dir.path, "There")),
	                 0);
	assert_status(bci_zones_find(dir.path, "There", &zone, &err), BC_OK,
	              &err);
	assert_string_equal(zone->name, "There");
	assert_true(bci_zone_to_local(zone, 0, &hint) == 3600000000000);
	assert_int_equal(unlink(path), 0);
	assert_status(bci_zones_find(dir.path, "There", &again, &err), BC_OK,
	              &err);
	assert_ptr_equal(again, zone);
	expect("Here", BC_ABSENT, "'Here' is not known");
}

static void
what_is_no_zone_is_refused(void **state)
{
	char path[TEST_PATH], longest[80];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	write_zone("Zone", 0);
	expect("", BC_ABSENT, "not known");
	expect("/usr/share/zoneinfo/UTC", BC_ABSENT, "not known");
	expect("x/../Zone", BC_ABSENT, "not known");
	expect("..", BC_ABSENT, "not known");
	expect("Zo\nne", BC_ABSENT, "not known");
	expect(longest, BC_ABSENT, "not known");
	expect("Nowhere", BC_ABSENT, "not known");
	expect("Zone/Nowhere", BC_ABSENT, "not known");
	expect(".", BC_ABSENT, "not known");
	assert_int_equal(mkfifo(test_path(path, dir.path, "Fifo"), 0600), 0);
	expect("Fifo", BC_ABSENT, "not known");
}

static void
damaged_and_huge_files_are_refused(void **state)
{
	char path[TEST_PATH];
	FILE *file;

	(void)state;
	write_zone("Large", BCI_ZONEINFO_MAX);
	expect("Large", BC_INVALID, "too large");
	file = fopen(test_path(path, dir.path, "Cut"), "wb");
	assert_non_null(file);
	fputs("TZif2", file);
	fclose(file);
	expect("Cut", BC_INVALID, "Cut: it is no zone file");
	file = fopen(test_path(path, dir.path, "Text"), "wb");
	assert_non_null(file);
	fputs("a text", file);
	fclose(file);
	expect("Text", BC_ABSENT, "not known");
}

static void *
find(void *argument)
{
	const struct bci_zone **zone = argument;
	struct bc_error err;

	assert_status(bci_zones_find(dir.path, "Shared", zone, &err), BC_OK,
	              &err);
	return NULL;
}

static void
threads_get_the_same_zone(void **state)
{
	const struct bci_zone *zones[THREADS];
	pthread_t threads[THREADS];

	(void)state;
	write_zone("Shared", 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, find, &zones[i]), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (int i = 1; i < THREADS; i++)
		assert_ptr_equal(zones[i], zones[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_zone_is_found_and_stays,
		                                dir_setup, dir_teardown),
		cmocka_unit_test_setup_teardown(what_is_no_zone_is_refused,
		                                dir_setup, dir_teardown),
		cmocka_unit_test_setup_teardown(
			damaged_and_huge_files_are_refused, dir_setup,
			dir_teardown),
		cmocka_unit_test_setup_teardown(threads_get_the_same_zone,
		                                dir_setup, dir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
