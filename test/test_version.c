/* SPDX-License-Identifier: MIT */
/*
 * test_version.c - which releases of LMDB are accepted.  LMDB's mdb_version()
 * is answered here, so that releases to come can be played.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db.h"

static int major_part, minor_part, patch_part;

/* Stands in for the one in liblmdb. */
char *
mdb_version(int *major, int *minor, int *patch);

char *
mdb_version(int *major, int *minor, int *patch)
{
	*major = major_part;
	*minor = minor_part;
	*patch = patch_part;
	return NULL;
}

static void
play(int major, int minor, int patch)
{
	major_part = major;
	minor_part = minor;
	patch_part = patch;
}

static void
releases_of_lmdb_0_9_are_accepted(void **state)
{
	(void)state;
	play(0, 9, 24);
	assert_true(bci_db_supported());
	play(0, 9, 99);
	assert_true(bci_db_supported());
}

static void
lmdb_1_0_is_refused_in_words_and_nothing_is_made(void **state)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = (void *)&options;
	struct bc_error err = { BC_OK, 0, 0, "" };
	char path[] = "./version-XXXXXX", file[64];

	(void)state;
	play(1, 0, 2);
	assert_non_null(mkdtemp(path));
	options.flags = BC_OPEN_CREATE;
	assert_int_equal(bc_open(path, &options, &cache, &err), BC_FORMAT);
	assert_null(cache);
	assert_non_null(strstr(err.message, "LMDB 0.9"));
	snprintf(file, sizeof(file), "%s/meta.mdb", path);
	assert_int_not_equal(access(file, F_OK), 0);
	assert_int_equal(rmdir(path), 0); /* It is empty still. */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(releases_of_lmdb_0_9_are_accepted),
		cmocka_unit_test(
		        lmdb_1_0_is_refused_in_words_and_nothing_is_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
