/* SPDX-License-Identifier: MIT */
/*
 * test_upgrade_crash.c - the power is cut while a cache of format 1 becomes one
 * of this format, which its first change makes of it.
 *
 * A golden cache lies on the disk, whole and synced; then a history of changes
 * (crash/history.h) begins, and what a power cut may leave is looked at: every
 * golden value must be there, byte by byte, and the history as any other.
 */
#include "crash/cut.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crash/disk.h"
#include "fault/lab.h"
#include "fault/recorder.h"
#include "golden/content.h"

#define PAGE 4096
#define STEPS 2
#define STATES 150 /* of a history */

/* ---- laying it on the disk ----------------------------------------------- */

static void
sync_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	require(fd >= 0);
	require(fsync(fd) == 0);
	close(fd);
}

/* Copy a file; pages of zeros stay holes. */
static void
lay_file(const char *from, const char *to)
{
	static const char zeros[PAGE];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char page[PAGE];
	off_t at = 0;
	ssize_t got;

	require(in >= 0 && out >= 0);
	while ((got = read(in, page, sizeof(page))) > 0) {
		if (memcmp(page, zeros, (size_t)got) != 0)
			require(pwrite(out, page, (size_t)got, at) == got);
		at += got;
	}
	require(got == 0 && ftruncate(out, at) == 0);
	close(in);
	close(out);
	sync_path(to);
}

struct laying {
	const char *from, *to;
};

static void
lay_visit(void *context, const char *path)
{
	const struct laying *laying = context;
	char to[TEST_PATH];

	snprintf(to, sizeof(to), "%s%s", laying->to,
	         path + strlen(laying->from));
	lay_file(path, to);
}

/* The golden cache below 'path', which is recorded. */
static void
lay_golden(const struct test_dir *dir)
{
	static const char *const names[] = { "", "/warm", "/cold" };
	struct test_dir source;
	struct laying laying = { source.cache, dir->cache };
	char path[TEST_PATH + 8], command[3 * TEST_PATH];

	test_dir_make_fast(&source);
	require(mkdir(source.cache, 0700) == 0);
	snprintf(command, sizeof(command), "tar -C '%s' -xzf '%s'",
	         source.cache, GOLDEN_ARCHIVE);
	require(system(command) == 0);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", dir->cache, names[i]);
		require(mkdir(path, 0700) == 0);
	}
	test_walk(source.cache, lay_visit, &laying);
	for (size_t i = 3; i-- > 0;) {
		snprintf(path, sizeof(path), "%s%s", dir->cache, names[i]);
		sync_path(path);
	}
	sync_path(dir->path);
	test_dir_remove(&source);
}

static void
note_mark(void *context, enum history_mark mark, uint64_t number)
{
	(void)context;
	fault_mark(mark, number);
}

static void
upgrade_record(const struct history *history, const struct test_dir *dir,
               int trace_fd)
{
	require(fault_record(dir->path, trace_fd));
	lay_golden(dir);
	fault_mark(HISTORY_SYNCED, 0);
	require(history_run(history, dir->cache, note_mark, NULL));
}

/* Behind that mark. */
static size_t
upgrade_first(const struct disk_trace *trace)
{
	size_t first = 0;

	while (first < trace->count &&
	       trace->records[first]->kind != TRACE_MARK)
		first++;
	return first + 1;
}

/* ---- looking at it ------------------------------------------------------- */

static unsigned *amid; /* states amid the first change */

static enum history_verdict
golden_look(struct bc_cache *cache)
{
	enum history_verdict verdict = HISTORY_RIGHT;

	for (unsigned i = 0; i < GOLDEN_VALUES; i++) {
		struct golden_value value;
		struct bc_view view;

		golden_value_make(&value, i);
		if (bc_get(cache, value.key, &view) != BC_OK)
			verdict = HISTORY_LOST;
		else if (!golden_value_is(&value, &view))
			verdict = HISTORY_WRONG;
		bc_view_release(&view);
		golden_value_free(&value);
	}
	return verdict;
}

static enum history_verdict
golden_check(const char *path, FILE *out, uint32_t *format)
{
	struct bc_options options = BC_OPTIONS_INIT;
	enum history_verdict verdict = HISTORY_OPEN;
	struct bc_config config = { .format_version = 0 };
	struct bc_cache *cache = NULL;
	struct bc_error err;

	options.checking = BC_CHECK_ALWAYS;
	if (bc_open(path, &options, &cache, &err) == BC_OK &&
	    bc_config_get(cache, &config, &err) == BC_OK)
		verdict = golden_look(cache);
	else if (out != NULL)
		fprintf(out, "  golden: %s\n", err.message);
	*format = config.format_version;
	bc_close(cache);
	return verdict;
}

/* As it is found, and after the first changes to it. */
static enum history_verdict
upgrade_check(const struct history *history, const struct history_seen *seen,
              const char *path, FILE *out)
{
	enum history_verdict verdict;
	uint32_t format;

	verdict = golden_check(path, out, &format);
	*amid += seen->begun == 1 && seen->done == 0;
	if (verdict == HISTORY_RIGHT)
		verdict = history_check(history, seen, path, out);
	if (verdict == HISTORY_RIGHT)
		verdict = golden_check(path, out, &format);
	if (verdict == HISTORY_RIGHT && format == 1)
		verdict = HISTORY_COMMIT;
	return verdict;
}

/* The seed of a history in which nothing is evicted: those values may be. */
static uint64_t
upgrade_seed(void)
{
	uint64_t seed = lab_next(), number = 1;

	while (number <= STEPS)
		if (history_step(seed, number).kind == HISTORY_COMPACT) {
			seed = lab_next();
			number = 1;
		} else {
			number++;
		}
	return seed;
}

static void
a_power_cut_in_an_upgrade_loses_nothing(void **state)
{
	struct cut_medium medium = cut_files;
	struct cut_totals totals = { .states = 0 };
	struct cut_plan plan = {
		.medium = &medium,
		.durability = BC_DURABLE, /* as that cache was made */
		.seed = upgrade_seed(),
		.steps = STEPS,
		.states = lab_part(STATES, STATES),
	};

	(void)state;
	medium.record = upgrade_record;
	medium.first = upgrade_first;
	medium.check = upgrade_check;
	if (amid == NULL)
		amid = test_shared(sizeof(*amid));
	assert_int_equal(cut_history(&plan, &totals), 0);
	lab_trials(totals.states);
	lab_note("%u of them amid the upgrade", *amid);
	assert_int_equal(totals.failures, 0);
	assert_true(*amid > 0);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_power_cut_in_an_upgrade_loses_nothing),
	};

	return LAB_MAIN(argc, argv, "upgrade_crash", tests);
}
