/* SPDX-License-Identifier: MIT */
/*
 * test_flips.c - bits that flip anywhere in a cache that is closed, and ledgers
 * that are anything.
 *
 * In arenas, locks and the ledger no flip may cost another value than the one
 * it is in, or show a wrong byte.  In the catalogue, whose pages are LMDB's and
 * have no checksum, a child may even crash or hang, which is counted and told;
 * wrong bytes are not allowed there either.  A trial is a bit, or a ledger.  A
 * sweep takes one bit after the other, all of them if there is time: of keys
 * and values in the catalogue none may crash a process that reads.
 */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault/gallery.h"
#include "fault/lab.h"
#include "fault/shelf.h"
#include "ledger.h"

#define CHILD_SECONDS 5
#define TRIALS 12
#define ALL (4 * TRIALS)

static struct test_dir dir;
static struct shelf shelf;

static int
setup(void **state)
{
	(void)state;
	test_dir_make_fast(&dir);
	gallery_make(dir.cache);
	shelf_load(&shelf, dir.cache);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	shelf_free(&shelf);
	test_dir_remove(&dir);
	return 0;
}

/* ---- what is done with the cache --------------------------------------- */

/* Open, read, look, put, read; what was found is added up. */
static struct gallery_found
use(enum bc_status *opened)
{
	struct gallery_found found = { 0 }, more;
	struct bc_cache *cache = NULL;
	struct bc_error err;

	*opened = bc_open(dir.cache, NULL, &cache, &err);
	if (*opened != BC_OK) {
		require(cache == NULL && err.status == *opened);
		return found;
	}
	found = gallery_read(cache);
	gallery_look(cache, dir.cache);
	gallery_change(cache, 1 | 16);
	more = gallery_read(cache);
	found.wrong += more.wrong;
	found.short_ += more.short_;
	bc_close(cache);
	return found;
}

/* A bit of a file by its number, over all bytes that are on the disk. */
static void
flip(struct shelf_file *file, uint64_t bit)
{
	for (size_t i = 0; i < file->part_count; i++) {
		struct shelf_part *part = &file->parts[i];

		if (bit < 8 * part->count) {
			part->bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
			return;
		}
		bit -= 8 * part->count;
	}
}

static uint64_t
bits_of(const struct shelf_file *file)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < file->part_count; i++)
		bits += 8 * file->parts[i].count;
	return bits;
}

/* ---- arenas ------------------------------------------------------------ */

static bool
is_arena(const struct shelf_file *file)
{
	return strchr(file->name, '/') != NULL;
}

/* Bit 'bit' of all arenas together, or back; false if there are not so many. */
static bool
flip_arenas(uint64_t bit)
{
	for (size_t i = 0; i < shelf.count; i++) {
		struct shelf_file *file = &shelf.files[i];

		if (!is_arena(file))
			continue;
		if (bit < bits_of(file)) {
			flip(file, bit);
			return true;
		}
		bit -= bits_of(file);
	}
	return false;
}

static void
no_bit_of_an_arena_shows_a_wrong_byte(void **state)
{
	uint64_t trials = lab_part(TRIALS, ALL), bits = 0, bit, done;
	struct gallery_found found;
	enum bc_status opened;

	(void)state;
	for (size_t i = 0; i < shelf.count; i++)
		bits += is_arena(&shelf.files[i]) ? bits_of(&shelf.files[i])
		                                  : 0;
	for (done = 0; done < trials && lab_in_time(); done++) {
		bit = lab_next() % bits;
		assert_true(flip_arenas(bit));
		shelf_store(&shelf);
		flip_arenas(bit);
		found = use(&opened);
		if (opened != BC_OK || found.wrong + found.short_ != 0)
			fail_msg("bit %llu of %llu: %u wrong, %u short",
			         (unsigned long long)bit,
			         (unsigned long long)bits, found.wrong,
			         found.short_);
		/* One value at most has that bit. */
		assert_true(found.right >= 20);
		lab_trials(1);
	}
}

/* ---- the ledger and the locks ------------------------------------------ */

static void
nothing_is_lost(const char *what, uint64_t number)
{
	struct gallery_found found;
	enum bc_status opened;

	found = use(&opened);
	if (opened != BC_OK ||
	    found.wrong + found.short_ + found.miss + found.part != 0)
		fail_msg("%s %llu: open %d, %u wrong, %u short, %u not there",
		         what, (unsigned long long)number, (int)opened,
		         found.wrong, found.short_, found.miss + found.part);
}

static void
no_bit_of_a_lock_or_the_ledger_costs_anything(void **state)
{
	static const char *const names[] = { "ledger", "writer.lock",
		                             "guard.lock", "arenas.lock",
		                             "meta.mdb-lock" };
	uint64_t trials = lab_part(TRIALS, ALL), bit, done;
	struct shelf_file *file;

	(void)state;
	for (done = 0; done < trials && lab_in_time(); done++) {
		file = shelf_find(&shelf, names[lab_next() % 4]);
		if (bits_of(file) == 0)
			file = shelf_find(&shelf, names[0]);
		/* Half of them where everything has a meaning. */
		bit = lab_next() % bits_of(file);
		if (lab_next() % 2 == 0)
			bit %= 8 * 128;
		flip(file, bit);
		shelf_store(&shelf);
		flip(file, bit);
		nothing_is_lost(file->name, bit);
		lab_trials(1);
	}
}

/* Fill what a ledger has on the disk; the first bytes may stay as they are. */
static void
fill(struct shelf_file *file, uint64_t from, uint64_t word, bool noise)
{
	for (size_t i = 0; i < file->part_count; i++) {
		struct shelf_part *part = &file->parts[i];
		uint64_t at = part->offset == 0 ? from : 0;

		for (; at + 8 <= part->count; at += 8) {
			uint64_t value = noise ? lab_next() : word;

			memcpy(part->bytes + at, &value, 8);
		}
	}
}

/* One of the ways in which a ledger can be something else. */
static void
spoil(struct shelf_file *file, uint64_t way)
{
	/* The year 2200, before 1970, and what no clock says. */
	static const int64_t times[] = { INT64_C(7258118400000000000), -1,
		                         INT64_MIN, INT64_MAX };
	const uint64_t magic_and_id = 16;
	uint32_t version = (uint32_t)(way / 8);

	switch (way % 8) {
	case 0:
		fill(file, 0, 0, true);
		break;
	case 1:
		fill(file, 0, 0, false);
		break;
	case 2:
		memcpy(file->parts[0].bytes + 4, &version, sizeof(version));
		break;
	case 3: /* half a page */
		file->bytes = 2048 * (1 + way / 8 % 64);
		break;
	case 4:
		fill(file, magic_and_id, UINT64_MAX, false);
		break;
	case 5:
		fill(file, BCI_LEDGER_PAST_AT, UINT64_MAX, false);
		break;
	case 6:
		fill(file, BCI_LEDGER_ROWS_AT, (uint64_t)times[way / 8 % 4],
		     false);
		break;
	default:
		fill(file, way / 8 % 2 == 0 ? magic_and_id : 128, 0, true);
		break;
	}
}

static void
no_ledger_costs_anything(void **state)
{
	uint64_t trials = lab_part(TRIALS, ALL), way, done;
	struct shelf_file *file = shelf_find(&shelf, "ledger"), saved;

	(void)state;
	for (done = 0; done < trials && lab_in_time(); done++) {
		saved = *file;
		for (size_t i = 0; i < file->part_count; i++) {
			file->parts[i].bytes = malloc(file->parts[i].count);
			assert_non_null(file->parts[i].bytes);
			memcpy(file->parts[i].bytes, saved.parts[i].bytes,
			       file->parts[i].count);
		}
		way = done < 32 ? done : lab_next();
		spoil(file, way);
		shelf_store(&shelf);
		for (size_t i = 0; i < file->part_count; i++)
			free(file->parts[i].bytes);
		*file = saved;
		nothing_is_lost("ledger", way);
		lab_trials(1);
	}
}

/* ---- the catalogue ----------------------------------------------------- */

enum outcome { RIGHT, REFUSED, LESS, WRONG, SHORT, CRASHED, HUNG, OUTCOMES };

static struct gallery_found whole; /* of a cache that is as it was */

static void
use_in_child(void *unused)
{
	struct gallery_found found;
	enum bc_status opened;

	(void)unused;
	alarm(CHILD_SECONDS);
	found = use(&opened);
	if (opened != BC_OK)
		_exit(REFUSED);
	if (found.wrong != 0)
		_exit(WRONG);
	if (found.short_ != 0)
		_exit(SHORT);
	_exit(found.right == whole.right ? RIGHT : LESS);
}

static enum outcome
outcome_of(int code)
{
	if (code == TEST_CHILD_SIGNAL + SIGALRM)
		return HUNG;
	return code < CRASHED ? (enum outcome)code : CRASHED;
}

/* Somewhere in the meta pages, in headers of pages, or anywhere. */
static uint64_t
choose_bit(const struct shelf_file *file, uint64_t word)
{
	uint64_t bits = bits_of(file), page = word / 64 % (bits / 8 / 4096);

	switch (word % 4) {
	case 0:
		return word / 64 % 2 * 8 * 4096 + word / 128 % (8 * 160);
	case 1:
		return page * 8 * 4096 + word / 65536 % (8 * 64);
	default:
		return word / 64 % bits;
	}
}

static void
bits_of_the_catalogue_show_no_wrong_byte(void **state)
{
	struct shelf_file *file = shelf_find(&shelf, "meta.mdb");
	uint64_t trials = lab_part(TRIALS, ALL), bit, done;
	static uint64_t seen[OUTCOMES]; /* in all rounds of a run */
	enum bc_status opened;
	enum outcome outcome;

	(void)state;
	shelf_store(&shelf);
	whole = use(&opened);
	assert_int_equal(opened, BC_OK);
	for (done = 0; done < trials && lab_in_time(); done++) {
		bit = choose_bit(file, lab_next());
		flip(file, bit);
		shelf_store(&shelf);
		flip(file, bit);
		outcome = outcome_of(test_child_run(use_in_child, NULL));
		seen[outcome]++;
		if (outcome == WRONG)
			fail_msg("bit %llu: wrong bytes",
			         (unsigned long long)bit);
		lab_trials(1);
	}
	lab_note("%llu unharmed, %llu refused, %llu with misses, %llu shorter, "
	         "%llu crashes, %llu hangs",
	         (unsigned long long)seen[RIGHT],
	         (unsigned long long)seen[REFUSED],
	         (unsigned long long)seen[LESS],
	         (unsigned long long)seen[SHORT],
	         (unsigned long long)seen[CRASHED],
	         (unsigned long long)seen[HUNG]);
}

/* ---- every bit ----------------------------------------------------------- */

/* What children do in turn, each until one of them dies of a bit. */
struct sweep {
	uint64_t first, bits;        /* bit 'first' is the one of trial 1 */
	uint64_t meta_at, meta_bits; /* those of the catalogue */
	uint64_t trial, trials;
	uint64_t seen[OUTCOMES];
};

/*
 * The bit of a trial: every bit once, those of neighbours far apart; every
 * other one is of the catalogue, which has few and says most.
 */
static uint64_t
sweep_bit(const struct sweep *sweep, uint64_t trial)
{
	const uint64_t prime = 1000003; /* no divisor of the bits of pages */
	uint64_t step = trial / 2 * prime;

	if (trial % 2 == 0)
		return sweep->meta_at +
		       (sweep->first + step) % sweep->meta_bits;
	return (sweep->first + step) % sweep->bits;
}

/* Turn a bit of all files together; the file, and its bit in *bit. */
static struct shelf_file *
sweep_flip(uint64_t *bit)
{
	struct shelf_file *file = shelf.files;

	while (*bit >= bits_of(file))
		*bit -= bits_of(file++);
	flip(file, *bit);
	return file;
}

static enum outcome
sweep_look(void)
{
	struct gallery_found found;
	struct bc_cache *cache;
	struct bc_error err;

	if (bc_open(dir.cache, NULL, &cache, &err) != BC_OK)
		return REFUSED;
	found = gallery_read(cache);
	bc_close(cache);
	if (found.wrong != 0)
		return WRONG;
	if (found.short_ != 0)
		return SHORT;
	return found.right == whole.right ? RIGHT : LESS;
}

static void
sweep_on(void *argument)
{
	struct sweep *sweep = argument;

	for (; sweep->trial < sweep->trials && lab_in_time(); sweep->trial++) {
		uint64_t bit = sweep_bit(sweep, sweep->trial), same = bit;
		struct shelf_file *file = sweep_flip(&bit);
		enum outcome outcome;

		shelf_store(&shelf);
		(void)sweep_flip(&same);
		alarm(CHILD_SECONDS);
		outcome = sweep_look();
		/* Only a record of the catalogue may say that there is less. */
		if (outcome == WRONG ||
		    (outcome == SHORT && strcmp(file->name, "meta.mdb") != 0))
			fail_msg("%s, bit %llu: shows what was not put",
			         file->name, (unsigned long long)bit);
		sweep->seen[outcome]++;
	}
}

/*
 * Whether a bit of the catalogue lies in a key or a value, which are ours, and
 * not in what LMDB keeps of pages, nodes and trees.
 */
static bool
sweep_is_ours(const struct shelf_file *file, uint64_t bit)
{
	const unsigned char *page;
	uint64_t at = bit / 8 % 4096;
	uint16_t flags, end, node, words[4];

	if (file->part_count != 1 || bit / 8 < 2 * 4096)
		return false;
	page = file->parts[0].bytes + bit / 8 / 4096 * 4096;
	memcpy(&flags, page + 10, sizeof(flags));
	memcpy(&end, page + 12, sizeof(end));
	if (flags != 2)
		return false;
	for (unsigned i = 16; i < end && end <= 4096; i += 2) {
		memcpy(&node, page + i, sizeof(node));
		if (node > 4096 - 8)
			return false;
		memcpy(words, page + node, sizeof(words));
		if (words[2] == 0 && at >= node + 8u &&
		    at < node + 8u + words[3] + words[0])
			return true;
	}
	return false;
}

static void
every_bit_in_turn_shows_no_wrong_byte(void **state)
{
	struct sweep *sweep = test_shared(sizeof(*sweep));
	uint64_t before = 0, bit;
	struct shelf_file *file;
	enum bc_status opened;
	enum outcome outcome;
	int code;

	(void)state;
	shelf_store(&shelf);
	whole = use(&opened);
	file = shelf_find(&shelf, "meta.mdb");
	sweep->meta_bits = bits_of(file);
	for (size_t i = 0; i < shelf.count; i++) {
		if (&shelf.files[i] == file)
			sweep->meta_at = sweep->bits;
		sweep->bits += bits_of(&shelf.files[i]);
	}
	sweep->first = lab_next() % sweep->bits;
	sweep->trials = lab_is_on() ? lab_part(2 * sweep->bits, 2 * sweep->bits)
	                            : 10 * TRIALS;
	while (sweep->trial < sweep->trials && lab_in_time()) {
		code = test_child_run(sweep_on, sweep);
		lab_trials(sweep->trial - before);
		before = sweep->trial;
		if (code == 0)
			continue;
		bit = sweep_bit(sweep, sweep->trial++);
		file = sweep_flip(&bit);
		flip(file, bit);
		outcome = outcome_of(code);
		sweep->seen[outcome]++;
		if (outcome < CRASHED || strcmp(file->name, "meta.mdb") != 0 ||
		    sweep_is_ours(file, bit))
			fail_msg("%s, bit %llu: exit %d", file->name,
			         (unsigned long long)bit, code);
	}
	lab_note("of %llu bits, %llu of the catalogue: %llu unharmed, %llu "
	         "refused, %llu with misses, "
	         "%llu shorter, %llu crashes, %llu hangs",
	         (unsigned long long)sweep->bits,
	         (unsigned long long)sweep->meta_bits,
	         (unsigned long long)sweep->seen[RIGHT],
	         (unsigned long long)sweep->seen[REFUSED],
	         (unsigned long long)sweep->seen[LESS],
	         (unsigned long long)sweep->seen[SHORT],
	         (unsigned long long)sweep->seen[CRASHED],
	         (unsigned long long)sweep->seen[HUNG]);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(no_bit_of_an_arena_shows_a_wrong_byte),
		TEST(no_bit_of_a_lock_or_the_ledger_costs_anything),
		TEST(no_ledger_costs_anything),
		TEST(bits_of_the_catalogue_show_no_wrong_byte),
		TEST(every_bit_in_turn_shows_no_wrong_byte),
	};

	return LAB_MAIN(argc, argv, "flips", tests);
}
