/* SPDX-License-Identifier: MIT */
/*
 * test_flips.c - bits that flip anywhere in a cache that is closed, and ledgers
 * that are anything: no flip may cost another value than the one it is in, or
 * show a wrong byte.  A trial is a bit, or a ledger.  For bits of the catalogue
 * see test_sweep.c.
 */
#include "support.h"

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

/* Bit 'bit' of all arenas together, or back; false if there are not so many. */
static bool
flip_arenas(uint64_t bit)
{
	for (size_t i = 0; i < shelf.count; i++) {
		struct shelf_file *file = &shelf.files[i];

		if (!shelf_is_arena(file))
			continue;
		if (bit < shelf_bits(file)) {
			shelf_flip(file, bit);
			return true;
		}
		bit -= shelf_bits(file);
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
		bits += shelf_is_arena(&shelf.files[i])
		                ? shelf_bits(&shelf.files[i])
		                : 0;
	for (done = 0; done < trials && lab_in_time(); done++) {
		bit = lab_next() % bits;
		assert_true(flip_arenas(bit));
		shelf_store(&shelf);
		flip_arenas(bit);
		found = gallery_use(dir.cache, &opened);
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
