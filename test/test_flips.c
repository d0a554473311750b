/* SPDX-License-Identifier: MIT */
/*
 * test_flips.c - bits that flip anywhere in a cache that is closed, and ledgers
 * that are anything: no flip may cost another value than the one it is in, or
 * show a wrong byte.  A trial is a bit, or a ledger.  For bits of the catalogue
 * see test_sweep.c.
 */
#include "support.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "fault/gallery.h"
#include "fault/lab.h"
#include "fault/shelf.h"
#include "ledger.h"

#define TRIALS 12
#define ALL (3 * TRIALS)

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

/* ---- arenas ------------------------------------------------------------ */

/* A bit of all arenas together. */
struct arena_bit {
	struct shelf_file *file;
	uint64_t bit; /* of the file */
	bool of_lmdb; /* not of a value, but of what LMDB keeps values in */
};

/* Four bytes of a file from 'at' on; 0 where it has a hole. */
static uint32_t
file_word(const struct shelf_file *file, uint64_t at)
{
	uint32_t word = 0;

	for (size_t i = 0; i < file->part_count; i++) {
		const struct shelf_part *part = &file->parts[i];

		if (at >= part->offset &&
		    at + sizeof(word) <= part->offset + part->count)
			memcpy(&word, part->bytes + (at - part->offset),
			       sizeof(word));
	}
	return word;
}

/* Where in the file a bit of its parts is. */
static uint64_t
file_byte(const struct shelf_file *file, uint64_t bit)
{
	size_t i = 0;

	for (bit /= 8; bit >= file->parts[i].count; i++)
		bit -= file->parts[i].count;
	return file->parts[i].offset + bit;
}

/* Whether a byte is in no value: a value has pages of its own, behind a head.
 */
static bool
is_of_lmdb(const struct shelf_file *file, uint64_t byte)
{
	const uint32_t overflow = 4u << 16, head = BCI_VALUE_SHIFT;
	uint64_t at = 0, bytes;

	for (;; at += bytes) {
		bool value = (file_word(file, at + 8) & overflow) != 0;

		bytes = BCI_PAGE *
		        (uint64_t)(value ? file_word(file, at + 12) : 1);
		if (byte < at + bytes)
			return !value || byte < at + head;
	}
}

static struct arena_bit
arena_bit(uint64_t bit)
{
	struct arena_bit found = { .bit = bit };

	for (size_t i = 0; found.file == NULL && i < shelf.count; i++) {
		struct shelf_file *file = &shelf.files[i];

		if (!shelf_is_arena(file))
			continue;
		if (found.bit < shelf_bits(file))
			found.file = file;
		else
			found.bit -= shelf_bits(file);
	}
	assert_non_null(found.file);
	found.of_lmdb =
		is_of_lmdb(found.file, file_byte(found.file, found.bit));
	return found;
}

/* All that the gallery has is right, but for one value at most. */
static void
use_flipped(void *argument)
{
	const struct arena_bit *bit = argument;
	enum bc_status opened;
	struct gallery_found found = gallery_use(dir.cache, &opened);

	if (opened == BC_OK && found.wrong + found.short_ == 0 &&
	    found.right >= 20)
		return;
	print_error("%s, bit %llu: open %d, %u wrong, %u short, %u right\n",
	            bit->file->name, (unsigned long long)bit->bit, (int)opened,
	            found.wrong, found.short_, found.right);
	require(false);
}

/*
 * LMDB believes its pages: a bit of them may end who appends to that arena, in
 * a child here, but shows no wrong byte either.
 */
static void
no_bit_of_an_arena_shows_a_wrong_byte(void **state)
{
	static unsigned of_lmdb, crashes; /* in all runs of this */
	uint64_t trials = lab_part(TRIALS, ALL), bits = 0, done;

	(void)state;
	for (size_t i = 0; i < shelf.count; i++)
		bits += shelf_is_arena(&shelf.files[i])
		                ? shelf_bits(&shelf.files[i])
		                : 0;
	for (done = 0; done < trials && lab_in_time(); done++) {
		struct arena_bit bit = arena_bit(lab_next() % bits);
		int end = 0;

		shelf_flip(bit.file, bit.bit);
		shelf_store(&shelf);
		shelf_flip(bit.file, bit.bit);
		if (bit.of_lmdb)
			end = test_child_run(use_flipped, &bit);
		else
			use_flipped(&bit);
		if (end != TEST_CHILD_SIGNAL + SIGBUS &&
		    end != TEST_CHILD_SIGNAL + SIGSEGV &&
		    end != TEST_CHILD_SIGNAL + SIGABRT)
			assert_int_equal(end, 0);
		of_lmdb += bit.of_lmdb;
		crashes += end != 0;
		lab_trials(1);
	}
	lab_note("%u in pages of LMDB, of which %u ended who appended", of_lmdb,
	         crashes);
}

/* ---- the ledger and the locks ------------------------------------------ */

static void
nothing_is_lost(const char *what, uint64_t number)
{
	struct gallery_found found;
	enum bc_status opened;

	found = gallery_use(dir.cache, &opened);
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
		if (shelf_bits(file) == 0)
			file = shelf_find(&shelf, names[0]);
		/* Half of them where everything has a meaning. */
		bit = lab_next() % shelf_bits(file);
		if (lab_next() % 2 == 0)
			bit %= 8 * 128;
		shelf_flip(file, bit);
		shelf_store(&shelf);
		shelf_flip(file, bit);
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

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(no_bit_of_an_arena_shows_a_wrong_byte),
		TEST(no_bit_of_a_lock_or_the_ledger_costs_anything),
		TEST(no_ledger_costs_anything),
	};

	return LAB_MAIN(argc, argv, "flips", tests);
}
