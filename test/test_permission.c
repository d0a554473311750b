/* SPDX-License-Identifier: MIT */
/*
 * test_permission.c - files whose modes somebody changed.
 *
 * Each file of a cache gets each of eight modes; a table says what opening,
 * reading and writing then come to, for the owner, who is not root.  Nothing
 * may crash, hang, serve wrong bytes or change a mode.
 */
#include "fault/lab.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEED 29
#define USER 65534
#define MODES 8

static struct test_dir dir;

/* Of a directory 'x' is added where there is 'r'. */
static const mode_t modes[MODES] = { 0000, 0200, 0400, 0600,
	                             0640, 0660, 0602, 0666 };

/* What comes of opening, of a get, and of a put. */
enum result {
	ALL,     /* all of them work */
	READS,   /* it is read; a put is BC_READONLY */
	GUARDED, /* the same, without LMDB's table of readers */
	UNPUT,   /* it is read; a put is BC_DENIED */
	FOREIGN, /* it is read; a put is BC_UNSAFE */
	SHUT,    /* it opens; the rest is BC_DENIED */
	REFUSED, /* it opens; the rest is BC_UNSAFE */
	DENIED,  /* opening is BC_DENIED */
	UNSAFE,  /* opening is BC_UNSAFE */
	RESULTS
};

static const struct {
	const char *name;
	enum bc_status open, get, put;
	bool guarded;
} results[RESULTS] = {
	{ "all", BC_OK, BC_OK, BC_OK, false },
	{ "reads", BC_OK, BC_OK, BC_READONLY, false },
	{ "guarded", BC_OK, BC_OK, BC_READONLY, true },
	{ "unput", BC_OK, BC_OK, BC_DENIED, false },
	{ "foreign", BC_OK, BC_OK, BC_UNSAFE, false },
	{ "shut", BC_OK, BC_DENIED, BC_DENIED, false },
	{ "refused", BC_OK, BC_UNSAFE, BC_UNSAFE, false },
	{ "denied", BC_DENIED, BC_OK, BC_OK, false },
	{ "unsafe", BC_UNSAFE, BC_OK, BC_OK, false },
};

/* By mode, as above; 'says' is what a message names, beside the mode. */
static const struct {
	const char *name, *says;
	enum result expected[MODES];
} files[] = {
	{ "meta.mdb",
	  "meta.mdb",
	  { DENIED, DENIED, READS, ALL, ALL, ALL, UNSAFE, UNSAFE } },
	{ "meta.mdb-lock",
	  "meta.mdb-lock",
	  { GUARDED, GUARDED, GUARDED, ALL, ALL, ALL, UNSAFE, UNSAFE } },
	{ "ledger",
	  "ledger",
	  { DENIED, DENIED, ALL, ALL, ALL, ALL, UNSAFE, UNSAFE } },
	{ "writer.lock",
	  "writer.lock",
	  { READS, READS, READS, ALL, ALL, ALL, UNSAFE, UNSAFE } },
	{ "arenas.lock",
	  "arenas.lock",
	  { READS, READS, READS, ALL, ALL, ALL, UNSAFE, UNSAFE } },
	{ "guard.lock",
	  "guard.lock",
	  { UNPUT, UNPUT, UNPUT, ALL, ALL, ALL, FOREIGN, FOREIGN } },
	{ "warm/00000001.mdb",
	  "00000001.mdb",
	  { SHUT, SHUT, UNPUT, ALL, ALL, ALL, REFUSED, REFUSED } },
	{ "warm",
	  "warm",
	  { DENIED, DENIED, ALL, ALL, ALL, ALL, UNSAFE, UNSAFE } },
};

static struct outcome {
	enum bc_status open, get, put;
	char message[256];
	bool guarded;
} * outcome;

static void
make_cache(void *unused)
{
	struct bc_cache *cache;
	struct bc_error err;

	(void)unused;
	test_become(USER, USER, USER);
	cache = test_open(dir.cache, BC_OPEN_CREATE);
	assert_status(test_put_rows(cache, "a", 1, SEED, 3000, &err), BC_OK,
	              &err);
	bc_close(cache);
}

static void
use_cache(void *unused)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;
	struct bc_stats stats;
	struct bc_view view;

	(void)unused;
	test_become(USER, USER, USER);
	options.lock_timeout_ms = 500;
	outcome->open = bc_open(dir.cache, &options, &cache, &err);
	if (outcome->open != BC_OK) {
		memcpy(outcome->message, err.message, sizeof(err.message));
		return;
	}
	outcome->get = bc_get(cache, "a", &view);
	if (outcome->get == BC_OK)
		require(test_view_version(&view, "a", SEED) == 1);
	bc_view_release(&view);
	assert_status(bc_stats(cache, &stats, &err), BC_OK, &err);
	outcome->guarded = stats.guarded != 0;
	outcome->put = test_put_rows(cache, "b", 1, SEED, 3000, &err);
	if (outcome->put != BC_OK)
		memcpy(outcome->message, err.message, sizeof(err.message));
	bc_close(cache);
}

/* Whether it came as expected, and a failure says which file it was. */
static bool
is_expected(enum result expected, const char *says)
{
	bool good = outcome->open == results[expected].open &&
	            outcome->get == results[expected].get &&
	            outcome->put == results[expected].put &&
	            outcome->guarded == results[expected].guarded;

	return good &&
	       (expected == ALL || strstr(outcome->message, says) != NULL);
}

/* One file with one mode; false after a message if it came otherwise. */
static bool
try_mode(size_t file, unsigned which)
{
	enum result expected = files[file].expected[which];
	bool is_dir = strcmp(files[file].name, "warm") == 0;
	mode_t mode = modes[which];
	char path[TEST_PATH];
	struct stat st;
	bool good;

	if (is_dir)
		mode |= (mode & 0444) >> 2;
	test_dir_make_fast(&dir);
	assert_int_equal(chown(dir.path, USER, USER), 0);
	assert_int_equal(test_child_run(make_cache, NULL), 0);
	test_path(path, dir.cache, files[file].name);
	assert_int_equal(chmod(path, mode), 0);
	memset(outcome, 0, sizeof(*outcome));
	assert_int_equal(test_child_run(use_cache, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	good = is_expected(expected, files[file].says);
	if (!good)
		print_error("%s with mode %04o: expected '%s', came to open "
		            "%s, get %s, put %s%s: %s\n",
		            files[file].name, mode, results[expected].name,
		            bc_status_name(outcome->open),
		            bc_status_name(outcome->get),
		            bc_status_name(outcome->put),
		            outcome->guarded ? ", guarded" : "",
		            outcome->message);
	test_dir_remove(&dir);
	return good;
}

static void
every_mode_of_every_file_ends_as_expected(void **state)
{
	const size_t count = sizeof(files) / sizeof(*files);
	unsigned wrong = 0;

	(void)state;
	if (geteuid() != 0)
		test_skip("may not become another user");
	outcome = test_shared(sizeof(*outcome));
	for (size_t file = 0; file < count; file++)
		for (unsigned which = 0; which < MODES; which++)
			wrong += !try_mode(file, which);
	lab_trials(count * MODES);
	assert_int_equal(wrong, 0);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mode_of_every_file_ends_as_expected),
	};

	return LAB_MAIN(argc, argv, "permission", tests);
}
