/* SPDX-License-Identifier: MIT */
/*
 * test_vandal.c - files of a cache are overwritten, holed, lengthened, unlinked
 * or replaced while readers have them mapped.
 *
 * A reader that checks always shows what was put, or a miss; it never crashes
 * and never shows another byte.  (What is changed while somebody looks at it is
 * another matter: no check can help there, so readers rest meanwhile.)
 *
 * Whoever may cut a file short under a live reader is trusted, see README.md of
 * fault/: SIGBUS may end a process that looks at what is no more there.  It
 * still sees no wrong byte, and those who open the cache from then on do not
 * end.  A trial is an act of vandalism.
 */
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fault/lab.h"
#include "fault/victim.h"

#define READERS 4
#define ACTS 9
#define CUTS 3

struct scene {
	struct victim victim;
	_Atomic int stop, pause;
	_Atomic unsigned resting;
	_Atomic uint64_t rounds; /* of all readers */
};

static struct scene *scene;

/* Until told to stop, once more after a rest: each read is right, or a miss. */
static void
reader(void *unused)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;

	(void)unused;
	options.checking = BC_CHECK_ALWAYS;
	options.flags = BC_OPEN_READONLY;
	assert_status(bc_open(scene->victim.dir.cache, &options, &cache, &err),
	              BC_OK, &err);
	for (;;) {
		victim_read(cache);
		atomic_fetch_add(&scene->rounds, 1);
		if (atomic_load(&scene->stop))
			break;
		if (!atomic_load(&scene->pause))
			continue;
		atomic_fetch_add(&scene->resting, 1);
		while (atomic_load(&scene->pause))
			test_sleep_ms(1);
		atomic_fetch_sub(&scene->resting, 1);
	}
	bc_close(cache);
}

static void
filler(void *unused)
{
	(void)unused;
	victim_fill(&scene->victim, BC_RELAXED);
}

static void
hole(const char *path, off_t offset, off_t bytes)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fallocate(fd,
	                           FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	                           offset, bytes),
	                 0);
	close(fd);
}

static void
lengthen(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, victim_bytes(path) + 65536), 0);
	close(fd);
}

/* By another file of noise, of the same length. */
static void
replace(const char *path, uint64_t word)
{
	char other[TEST_PATH];

	test_path(other, scene->victim.dir.path, "other");
	victim_copy(path, other);
	victim_scramble(other, 0, victim_bytes(path), word);
	assert_int_equal(rename(other, path), 0);
}

static void
act(const char *path, uint64_t word)
{
	off_t pages = victim_bytes(path) / 4096;
	off_t at = (off_t)((word >> 8) % (uint64_t)pages) * 4096;
	off_t bytes = 4096 * (off_t)(1 + (word >> 40) % 4);

	if (at + bytes > pages * 4096)
		bytes = pages * 4096 - at;
	switch (word % 5) {
	case 0:
		victim_scramble(path, at, bytes, word);
		break;
	case 1:
		hole(path, at, bytes);
		break;
	case 2:
		lengthen(path);
		break;
	case 3:
		assert_int_equal(unlink(path), 0);
		break;
	default:
		replace(path, word);
		break;
	}
}

/* A new cache and its arena, and readers who have read it and rest. */
static void
act_begin(pid_t readers[READERS], char path[TEST_PATH])
{
	test_remove_tree(scene->victim.dir.cache);
	assert_int_equal(test_child_run(filler, NULL), 0);
	victim_arena(&scene->victim, path);
	atomic_store(&scene->stop, 0);
	atomic_store(&scene->rounds, 0);
	for (unsigned i = 0; i < READERS; i++)
		readers[i] = test_child_start(reader, NULL);
	while (atomic_load(&scene->rounds) < READERS)
		test_sleep_ms(1);
	atomic_store(&scene->pause, 1);
	while (atomic_load(&scene->resting) < READERS)
		test_sleep_ms(1);
}

static void
one_act(void)
{
	pid_t readers[READERS];
	char path[TEST_PATH];
	uint64_t rounds;

	act_begin(readers, path);
	act(path, lab_next());
	atomic_store(&scene->pause, 0);
	rounds = atomic_load(&scene->rounds);
	while (atomic_load(&scene->rounds) < rounds + 2 * READERS)
		test_sleep_ms(1);
	atomic_store(&scene->stop, 1);
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(test_child_wait(readers[i]), 0);
	lab_trials(1);
}

/* Who comes later: what is there is right, what is not can be put. */
static void
newcomer(void *unused)
{
	struct bc_cache *cache = victim_open(&scene->victim, BC_RELAXED);
	struct bc_error err;
	char key[24];

	(void)unused;
	victim_read(cache);
	for (unsigned i = 0; i < VICTIM_KEYS; i++) {
		victim_key(i, key);
		assert_status(test_put_rows(cache, key, i + 1, VICTIM_SEED,
		                            victim_rows(i), &err),
		              BC_OK, &err);
	}
	require(victim_read(cache).right == VICTIM_KEYS);
	bc_close(cache);
}

static void
one_cut(unsigned *ended)
{
	pid_t readers[READERS];
	char path[TEST_PATH];
	off_t pages;

	act_begin(readers, path);
	pages = victim_bytes(path) / 4096;
	assert_int_equal(
		truncate(path, (off_t)(lab_next() % (uint64_t)pages) * 4096),
		0);
	atomic_store(&scene->stop, 1);
	atomic_store(&scene->pause, 0);
	for (unsigned i = 0; i < READERS; i++) {
		int code = test_child_wait(readers[i]);

		assert_true(code == 0 || code == TEST_CHILD_SIGNAL + SIGBUS);
		*ended += code != 0;
	}
	atomic_store(&scene->resting, 0); /* of those who ended */
	assert_int_equal(test_child_run(newcomer, NULL), 0);
	lab_trials(1);
}

static void
an_arena_cut_short_shows_no_wrong_byte(void **state)
{
	static unsigned ended; /* in all rounds of a run */
	uint64_t cuts = lab_part(CUTS, ACTS + CUTS);

	(void)state;
	scene = test_shared(sizeof(*scene));
	victim_begin(&scene->victim);
	while (cuts-- > 0 && lab_in_time())
		one_cut(&ended);
	victim_end(&scene->victim);
	lab_note("cut short: %u readers ended by SIGBUS", ended);
}

static void
no_act_on_an_arena_harms_its_readers(void **state)
{
	uint64_t acts = lab_part(ACTS, ACTS + CUTS);

	(void)state;
	scene = test_shared(sizeof(*scene));
	victim_begin(&scene->victim);
	while (acts-- > 0 && lab_in_time())
		one_act();
	victim_end(&scene->victim);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_act_on_an_arena_harms_its_readers),
		cmocka_unit_test(an_arena_cut_short_shows_no_wrong_byte),
	};

	return LAB_MAIN(argc, argv, "vandal", tests);
}
