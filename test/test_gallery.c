/* SPDX-License-Identifier: MIT */
/*
 * test_gallery.c - a cache with one of everything, whole, damaged or after a
 * power cut, and acts on it of many calls each, while an allocation, a call of
 * LMDB or of the system fails: one at each place in the code, by who calls it.
 *
 * Whatever fails, no byte that is read is wrong, and nothing is said to be all
 * there is that is not.  The first call that says another thing than without a
 * failure says what failed, and why.  Nothing stays open, mapped or allocated;
 * then the cache opens again, shows no wrong byte and takes another put.
 */
#include "support.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <lmdb.h>

#include "fault/act.h"
#include "fault/holds.h"
#include "fault/lab.h"
#include "fault/place.h"
#include "fault/shelf.h"
#include "fault/shim.h"

#define FAULTS 9
#define FLIPS 9     /* of bits, in a damaged gallery */
#define FRAMES 9    /* a place is who calls, and from where so far up */
#define SOME 3      /* trials of an act by itself, with a few faults */
#define AMONG 60    /* one of so many calls that could fail */
#define TRIALS 8000 /* in all sweeps together, about */
#define ACTS_MAX 64

/* One way in which it fails, and what a call may then say. */
static const struct fault {
	const char *name;
	unsigned calls; /* enum fault_calls; 0 for the allocator */
	int error;
	bool repeat;
} faults[FAULTS] = {
	{ "memory", 0, 0, false },
	{ "LMDB: ENOMEM", FAULT_LMDB, ENOMEM, false },
	{ "LMDB: EIO", FAULT_LMDB, EIO, false },
	{ "LMDB: damaged", FAULT_LMDB, MDB_CORRUPTED, false },
	{ "LMDB: full", FAULT_LMDB, MDB_MAP_FULL, false },
	{ "EIO", FAULT_IO, EIO, false },
	{ "ENOSPC from there on", FAULT_IO, ENOSPC, true },
	{ "EMFILE", FAULT_OPEN, EMFILE, true },
	{ "maps", FAULT_MAP, ENOMEM, false },
};

static struct stage stage;
static struct shelf whole, cut; /* closed; left behind by a power cut */
static char boot[TEST_PATH];
static const struct act *act;

/* Places that failed already, by fault; and what the allocator has to do. */
static struct place_set known[FAULTS];
static struct {
	struct bc_allocator real;
	struct place_set *places; /* NULL: nothing fails */
	uint64_t left;
	bool fired;
} memory;

static void *
memory_alloc(void *unused, size_t bytes)
{
	uint64_t place;

	(void)unused;
	if (memory.places == NULL)
		return memory.real.alloc(memory.real.context, bytes);
	place = place_here(FRAMES);
	if (!place_is_known(memory.places, place) && memory.left-- == 1) {
		place_add(memory.places, place);
		memory.places = NULL;
		memory.fired = true;
		return NULL;
	}
	return memory.real.alloc(memory.real.context, bytes);
}

static void
memory_release(void *unused, void *data)
{
	(void)unused;
	memory.real.release(memory.real.context, data);
}

bool
act_note(struct stage *at, enum bc_status status, const char *call)
{
	unsigned number = at->at++;

	assert_true(number < ACT_CALLS);
	if (at->learns) {
		at->said[number] = status;
		at->count = at->at;
	} else if (!at->differs &&
	           (number >= at->count || at->said[number] != status)) {
		at->differs = true;
		at->other = status;
		at->call = call;
		snprintf(at->text, sizeof(at->text), "%s", at->err.message);
	}
	return status == BC_OK;
}

bool
act_view(struct stage *at, enum bc_status status, const char *key,
         struct bc_view *view, const char *call)
{
	if (status == BC_OK && key != NULL && !gallery_is_right(key, view))
		act_wrong(at, call, 0);
	bc_view_release(view);
	return act_note(at, status, call);
}

void
act_wrong(struct stage *at, const char *condition, int line)
{
	print_error("%s: %s (line %d) is not so\n", holds_trying, condition,
	            line);
	at->wrong++;
}

/* ---- the galleries ------------------------------------------------------ */

static void
die_amid_changes(void *unused)
{
	struct bc_cache *cache;

	(void)unused;
	require(bc_open(stage.dir.cache, NULL, &cache, NULL) == BC_OK);
	gallery_change(cache, 1 | 16);
	kill(getpid(), SIGKILL);
}

static int
group_setup(void **state)
{
	FILE *to;

	(void)state;
	test_dir_make_fast(&stage.dir);
	gallery_make(stage.dir.cache);
	shelf_load(&whole, stage.dir.cache);
	assert_int_equal(test_child_run(die_amid_changes, NULL),
	                 TEST_CHILD_SIGNAL + SIGKILL);
	shelf_load(&cut, stage.dir.cache);
	to = fopen(test_path(boot, stage.dir.path, "boot_id"), "we");
	assert_non_null(to);
	fprintf(to, "01234567-89ab-4cde-8f01-23456789abcd\n");
	assert_int_equal(fclose(to), 0);
	stage.options = (struct bc_options)BC_OPTIONS_INIT;
	stage.options.lock_timeout_ms = 2000;
	memory.real = test_allocator(&stage.memory);
	stage.options.allocator = (struct bc_allocator){
		.alloc = memory_alloc,
		.release = memory_release,
	};
	return 0;
}

static int
group_teardown(void **state)
{
	(void)state;
	shelf_free(&whole);
	shelf_free(&cut);
	test_dir_remove(&stage.dir);
	return 0;
}

/* A few bits of each arena, or back. */
static void
flip(struct shelf *shelf)
{
	for (size_t i = 0; i < shelf->count; i++) {
		struct shelf_file *file = &shelf->files[i];
		const struct shelf_part *part = &file->parts[0];

		if (strchr(file->name, '/') == NULL || file->part_count == 0)
			continue;
		for (uint64_t k = 0; k < FLIPS; k++) {
			uint64_t word = test_mix(i, k);

			part->bytes[word / 8 % part->count] ^=
				(unsigned char)(1u << word % 8);
		}
	}
}

static void
place_gallery(void)
{
	struct shelf *shelf = (act->flags & ACT_BOOT) != 0 ? &cut : &whole;
	bool damaged = (act->flags & ACT_DAMAGED) != 0;

	fault_boot_id((act->flags & ACT_BOOT) != 0 ? boot : NULL);
	if (damaged)
		flip(shelf);
	shelf_store(shelf);
	if (damaged)
		flip(shelf);
}

/* ---- one trial ---------------------------------------------------------- */

static void
fault_begin(const struct fault *fault, uint64_t at)
{
	struct place_set *places = &known[fault - faults];
	struct fault_plan plan = { .calls = fault->calls,
		                   .mode = FAULT_FAIL,
		                   .error = fault->error,
		                   .at = at,
		                   .repeat = fault->repeat,
		                   .places = places,
		                   .frames = FRAMES };

	memory.left = at;
	memory.fired = false;
	if (fault->calls == 0)
		memory.places = places;
	else
		fault_arm(&plan);
}

static bool
fault_end(const struct fault *fault)
{
	memory.places = NULL;
	fault_disarm();
	return fault->calls == 0 ? memory.fired : fault_fired();
}

static void
opened(void)
{
	struct bc_error err;

	assert_status(
		bc_open(stage.dir.cache, &stage.options, &stage.cache, &err),
		BC_OK, &err);
}

static void
closed(void)
{
	bc_close(stage.cache);
	stage.cache = NULL;
	HOLDS(atomic_load(&stage.memory.live) == 0);
}

/* The act, from the beginning to where it was closed again. */
static bool
perform(const struct fault *fault, uint64_t at)
{
	bool opens = (act->flags & ACT_OPENS) != 0, fired = false;
	struct gallery_found found;

	stage.at = 0;
	stage.differs = false;
	if (!opens)
		opened();
	if (fault != NULL)
		fault_begin(fault, at);
	act->run(&stage);
	if (fault != NULL)
		fired = fault_end(fault);
	if (stage.cache != NULL) {
		found = gallery_read(stage.cache);
		HOLDS(found.wrong + found.short_ == 0);
	}
	closed();
	HOLDS(stage.wrong == 0);
	return fired;
}

/* What is said of a failure is what fails. */
static void
said_honestly(bool fired)
{
	static const enum bc_status honest[] = {
		BC_NOMEM, BC_IO,   BC_NOSPACE, BC_FULL,
		BC_BUSY,  BC_MISS, BC_CORRUPT,
	};

	if (!stage.differs)
		return;
	HOLDS(fired);
	for (size_t i = 0; i < ACT_COUNT(honest); i++)
		if (stage.other == honest[i])
			return;
	print_error("%s: %s says %s: %s\n", holds_trying, stage.call,
	            bc_status_name(stage.other), stage.text);
	fail();
}

static void
still_works(void)
{
	struct gallery_found found;
	struct bc_error err;

	assert_status(bc_thaw(stage.dir.cache, &stage.options, &err), BC_OK,
	              &err);
	opened();
	found = gallery_read(stage.cache);
	HOLDS(found.wrong + found.short_ == 0);
	assert_status(test_put_rows(stage.cache, "after", 1, 1, 300, &err),
	              BC_OK, &err);

	HOLDS(bc_exists(stage.cache, "after", NULL) == BC_OK);
	closed();
}

static bool
one_trial(const struct fault *fault, uint64_t at)
{
	unsigned files = test_open_files();
	unsigned maps = test_mappings(stage.dir.path);
	bool fired;

	holds_try("%s, %s at %llu", act->name, fault->name,
	          (unsigned long long)at);
	place_gallery();
	fired = perform(fault, at);
	said_honestly(fired);
	still_works();
	HOLDS(test_open_files() == files);
	HOLDS(test_mappings(stage.dir.path) == maps);
	lab_trials(fired);
	return fired;
}

/* Each place fails once; by itself, and for a few trials, only some do. */
static void
sweep(const struct fault *fault)
{
	uint64_t done, at;

	for (done = 0; lab_in_time(); done++) {
		at = lab_step(AMONG, TRIALS);
		if (!one_trial(fault, at) || (!lab_is_on() && done >= SOME))
			break;
	}
}

static void
nothing_is_wrong_whatever_fails(void **state)
{
	static const struct act *first;

	act = *state;
	if (first == NULL)
		first = act;
	else if (first == act) /* all over again */
		memset(known, 0, sizeof(known));
	holds_try("%s, learning", act->name);
	place_gallery();
	stage.count = 0;
	stage.learns = true;
	perform(NULL, 0);
	stage.learns = false;
	for (size_t i = 0; i < FAULTS; i++)
		if (lab_is_on() || lab_next() % FAULTS < 2)
			sweep(&faults[i]);
	fault_boot_id(NULL);
}

static struct CMUnitTest tests[ACTS_MAX];

static size_t
add_acts(size_t count, const struct act *acts, unsigned more)
{
	for (unsigned i = 0; i < more; i++) {
		assert_true(count < ACTS_MAX);
		tests[count++] = (struct CMUnitTest){
			.name = acts[i].name,
			.test_func = nothing_is_wrong_whatever_fails,
			.initial_state = (void *)(uintptr_t)&acts[i],
		};
	}
	return count;
}

int
main(int argc, char **argv)
{
	size_t count = 0;
	int code;

	count = add_acts(count, look_acts, look_act_count);
	count = add_acts(count, change_acts, change_act_count);
	count = add_acts(count, care_acts, care_act_count);
	group_setup(NULL);
	code = lab_main(argc, argv, "gallery", tests, count);
	group_teardown(NULL);
	return code;
}
