/* SPDX-License-Identifier: MIT */
/*
 * test_vandal.c - files of a cache are overwritten, holed, lengthened, unlinked
 * or replaced while readers have them mapped.
 *
 * A reader that checks always shows what was put, or a miss; it never crashes
 * and never shows another byte.  (What is changed while somebody looks at it is
 * another matter: no check can help there, so readers rest meanwhile.)  Files
 * are not cut short here: whoever may do that under a live reader is trusted,
 * see README.md of fault/.  A trial is an act of vandalism.
 */
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fault/lab.h"
#include "fault/victim.h"

#define READERS 4
#define ACTS 12

struct scene {
	struct victim victim;
	_Atomic int stop, pause;
	_Atomic unsigned resting;
	_Atomic uint64_t rounds; /* of all readers */
};

static struct scene *scene;

/* Until told to stop: each read is right, or a miss. */
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
	while (!atomic_load(&scene->stop)) {
		victim_read(cache);
		atomic_fetch_add(&scene->rounds, 1);
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

static void
one_act(void)
{
	pid_t readers[READERS];
	char path[TEST_PATH];
	uint64_t rounds;

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

static void
no_act_on_an_arena_harms_its_readers(void **state)
{
	uint64_t acts = lab_part(ACTS, ACTS);

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
	};

	return LAB_MAIN(argc, argv, "vandal", tests);
}
