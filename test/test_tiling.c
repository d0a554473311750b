/* SPDX-License-Identifier: MIT */
/*
 * test_tiling.c - cutting the rows of series into segments: which are kept,
 * what both ends look like, how often a row is rewritten.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "tiling.h"

#define TILES_MAX 4096

/* A series as lengths of its segments and of its tail. */
struct lengths {
	struct bci_tile tiles[TILES_MAX];
	size_t count;
	uint64_t tail, written;
};

static const struct bci_tiling_rule usual = { .most = BCI_TILE_MOST,
	                                      .tail_room = 30 };

static uint64_t
total(const struct lengths *series)
{
	uint64_t rows = series->tail;

	for (size_t i = 0; i < series->count; i++)
		rows += series->tiles[i].rows;
	return rows;
}

/* Plan, check what always holds, and take the result for the series. */
static void
plan(struct lengths *series, const struct bci_tiling_rule *rule)
{
	uint64_t rows = total(series), at = 0;
	struct bci_tiling tiling;
	size_t tile = 0;

	assert_int_equal(bci_tiling_plan(series->tiles, series->count,
	                                 series->tail, rule,
	                                 &bci_allocator_default, &tiling),
	                 BC_OK);
	assert_true(tiling.count <= TILES_MAX);
	for (size_t i = 0; i < tiling.count; i++) {
		const struct bci_cut *cut = &tiling.cuts[i];

		assert_int_equal(cut->first, at);
		assert_true(cut->rows > 0 && cut->rows <= rule->most);
		at += cut->rows;
		if (cut->tile == BCI_TILE_WRITTEN) {
			series->written += cut->rows;
			continue;
		}
		assert_true(cut->tile >= tile && cut->tile < series->count);
		tile = cut->tile;
		assert_int_equal(series->tiles[tile].state, BCI_TILE_KEPT);
		assert_int_equal(series->tiles[tile].rows, cut->rows);
	}
	assert_int_equal(at + tiling.tail_rows, rows);
	assert_true(tiling.tail_rows <= rule->tail_room);
	for (size_t i = 0; i < tiling.count; i++)
		series->tiles[i] =
			(struct bci_tile){ tiling.cuts[i].rows, BCI_TILE_KEPT };
	series->count = tiling.count;
	series->tail = tiling.tail_rows;
	bci_tiling_free(&tiling);
}

/* The lengths as text: "40960 3680 | 0". */
static const char *
shown(const struct lengths *series)
{
	static char text[8192];
	size_t used = 0;

	for (size_t i = 0; i < series->count; i++)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%llu ",
			(unsigned long long)series->tiles[i].rows);
	snprintf(text + used, sizeof(text) - used, "| %llu",
	         (unsigned long long)series->tail);
	return text;
}

static void
set(struct lengths *series, const uint64_t *rows, size_t count, uint64_t tail)
{
	*series = (struct lengths){ .count = count, .tail = tail };
	for (size_t i = 0; i < count; i++)
		series->tiles[i].rows = rows[i];
}

#define SET(series, tail, ...)                                                 \
	set((series), (const uint64_t[]){ __VA_ARGS__ },                       \
	    sizeof((const uint64_t[]){ __VA_ARGS__ }) / 8, (tail))

static void
the_end(void **state)
{
	static struct lengths series;
	struct bci_tiling_rule rule = usual;

	(void)state;
	series = (struct lengths){ .tail = 30 };
	plan(&series, &usual);
	assert_string_equal(shown(&series), "| 30");
	series.tail = 31;
	plan(&series, &usual);
	assert_string_equal(shown(&series), "31 | 0");
	/* Short ones are merged, until they are not that short. */
	SET(&series, 31, 4096, 495);
	plan(&series, &usual);
	assert_string_equal(shown(&series), "4096 526 | 0");
	SET(&series, 31, 4096, 512);
	plan(&series, &usual);
	assert_string_equal(shown(&series), "4096 512 31 | 0");
	/* Seven or so make a unit. */
	SET(&series, 31, 600, 600, 600, 600, 600, 600, 460);
	plan(&series, &usual);
	assert_string_equal(shown(&series), "600 600 600 600 600 600 491 | 0");
	SET(&series, 31, 600, 600, 600, 600, 600, 600, 500);
	plan(&series, &usual);
	assert_string_equal(shown(&series), "4096 35 | 0");
	/* And eight of those the next. */
	SET(&series, 4096, 32768, 4096, 4096, 4096, 4096, 4096, 4096, 4096);
	plan(&series, &usual);
	assert_string_equal(shown(&series), "32768 32768 | 0");
	/* Months. */
	series = (struct lengths){ .tail = 44640 };
	plan(&series, &usual);
	assert_string_equal(shown(&series), "40960 3680 | 0");
	series.tail = 41760;
	plan(&series, &usual);
	assert_string_equal(shown(&series), "40960 45056 384 | 0");
	/* More than a segment takes. */
	series = (struct lengths){ .tail = 3000000 };
	plan(&series, &usual);
	assert_string_equal(shown(&series), "1048576 1048576 901120 1728 | 0");
	/* A bar that may change stays where it is cheap. */
	rule.open = true;
	SET(&series, 31, 4096, 600);
	plan(&series, &rule);
	assert_string_equal(shown(&series), "4096 600 30 | 1");
	rule.tail_room = 0;
	plan(&series, &rule);
	assert_string_equal(shown(&series), "4096 600 30 1 | 0");
	/* Texts that the segments do not have. */
	rule = usual;
	rule.spill = true;
	SET(&series, 3, 4096, 600);
	plan(&series, &rule);
	assert_string_equal(shown(&series), "4096 600 3 | 0");
	rule.open = true;
	series.tail = 1;
	plan(&series, &rule);
	assert_string_equal(shown(&series), "4096 600 4 | 0");
}

static void
the_beginning(void **state)
{
	static struct lengths series;

	(void)state;
	SET(&series, 7, 44640, 1000000, 3680);
	series.tiles[0].state = BCI_TILE_MOVED;
	plan(&series, &usual);
	assert_string_equal(shown(&series), "3680 40960 1000000 3680 | 7");
	/* Before it: what does not fill a unit moves to the front. */
	SET(&series, 7, 44640, 3680, 40960, 999424, 3680);
	series.tiles[0].state = BCI_TILE_MOVED;
	plan(&series, &usual);
	assert_string_equal(shown(&series), "3264 45056 40960 999424 3680 | 7");
	SET(&series, 0, 1, 511, 999424);
	series.tiles[0].state = BCI_TILE_MOVED;
	plan(&series, &usual);
	assert_string_equal(shown(&series), "512 999424 | 0");
}

static void
the_middle(void **state)
{
	static struct lengths series;

	(void)state;
	/* Values alone: the same cuts. */
	SET(&series, 3, 40960, 1000, 600);
	series.tiles[1].state = BCI_TILE_EDITED;
	plan(&series, &usual);
	assert_string_equal(shown(&series), "40960 1000 600 | 3");
	assert_int_equal(series.written, 1000);
	/* The nearer end moves. */
	SET(&series, 3, 409600, 40961, 40960, 600);
	series.tiles[1].state = BCI_TILE_MOVED;
	plan(&series, &usual);
	assert_string_equal(shown(&series), "409600 81920 601 | 3");
	SET(&series, 3, 600, 40960, 40959, 409600);
	series.tiles[2].state = BCI_TILE_MOVED;
	plan(&series, &usual);
	assert_string_equal(shown(&series), "599 81920 409600 | 3");
	/* Both are far. */
	SET(&series, 3, 409600, 1, 409600);
	series.tiles[1].state = BCI_TILE_MOVED;
	plan(&series, &usual);
	assert_string_equal(shown(&series), "819200 | 4");
	SET(&series, 3, 409600, 600, 409600);
	series.tiles[1].state = BCI_TILE_MOVED;
	plan(&series, &usual);
	assert_string_equal(shown(&series), "409600 600 409600 | 3");
	/* A segment that went leaves the others as they are. */
	SET(&series, 3, 409600, 0, 40960);
	series.tiles[1].state = BCI_TILE_MOVED;
	plan(&series, &usual);
	assert_string_equal(shown(&series), "409600 40960 | 3");
	assert_int_equal(series.written, 0);
	/* All of them. */
	SET(&series, 0, 0, 0);
	series.tiles[0].state = series.tiles[1].state = BCI_TILE_MOVED;
	plan(&series, &usual);
	assert_string_equal(shown(&series), "| 0");
}

static void
small_limits(void **state)
{
	static struct lengths series;
	struct bci_tiling_rule rule = { .most = 100 };

	(void)state;
	series = (struct lengths){ .tail = 250 };
	plan(&series, &rule);
	assert_string_equal(shown(&series), "100 100 50 | 0");
	series.tail = 60;
	plan(&series, &rule);
	assert_string_equal(shown(&series), "100 100 100 10 | 0");
	/* One a segment: nothing is written twice. */
	rule.most = 1;
	series = (struct lengths){ .tail = 1 };
	for (unsigned i = 0; i < 100; i++) {
		plan(&series, &rule);
		series.tail = 1;
	}
	assert_int_equal(series.count, 100);
	assert_int_equal(series.written, 100);
	/* What is no multiple of a unit is not used to the full. */
	rule.most = 9000;
	series = (struct lengths){ .tail = 20000 };
	plan(&series, &rule);
	assert_string_equal(shown(&series), "8192 8192 3616 | 0");
}

static void
the_fewest(void **state)
{
	static struct lengths series;
	struct bci_tiling tiling;

	(void)state;
	SET(&series, 0, 1048576, 1048576, 40960, 1000, 1048576, 5);
	assert_int_equal(bci_tiling_compact(series.tiles, series.count,
	                                    BCI_TILE_MOST,
	                                    &bci_allocator_default, &tiling),
	                 BC_OK);
	assert_int_equal(tiling.count, 5);
	assert_int_equal(tiling.cuts[0].tile, 0);
	assert_int_equal(tiling.cuts[1].tile, 1);
	assert_int_equal(tiling.cuts[2].rows, 1048576);
	assert_int_equal(tiling.cuts[3].rows, 40960);
	assert_int_equal(tiling.cuts[4].rows, 1005);
	bci_tiling_free(&tiling);
	assert_int_equal(bci_tiling_compact(series.tiles, 2, BCI_TILE_MOST,
	                                    &bci_allocator_default, &tiling),
	                 BC_OK);
	assert_int_equal(tiling.count, 2);
	assert_int_equal(tiling.cuts[1].tile, 1);
	bci_tiling_free(&tiling);
}

/*
 * A million appends of one bar: each row is rewritten a few times, and there
 * are few segments all along.
 */
static void
slow_growth_is_cheap(void **state)
{
	static const uint64_t rooms[] = { 30, 64, 10, 0 };
	static struct lengths series;

	(void)state;
	for (unsigned r = 0; r < 4; r++) {
		struct bci_tiling_rule rule = { .most = BCI_TILE_MOST,
			                        .tail_room = rooms[r] };
		size_t shorts = 0;

		series = (struct lengths){ .tail = 0 };
		for (uint64_t row = 0; row < 1000000; row++) {
			series.tail++;
			if (series.tail <= rule.tail_room)
				continue;
			plan(&series, &rule);
			for (shorts = 0;
			     shorts < series.count &&
			     series.tiles[series.count - 1 - shorts].rows <
			             32768;)
				shorts++;
			assert_true(shorts <= 32);
		}
		print_message("tail of %2llu: a row is written %.1f times, %zu "
		              "segments\n",
		              (unsigned long long)rooms[r],
		              (double)series.written / 1e6, series.count);
		assert_true(series.written < 14 * 1000000);
		assert_true(series.count < 64);
	}
}

/* Random changes: whatever happens, rows are conserved and limits kept. */
static void
anything(void **state)
{
	static struct lengths series;

	(void)state;
	for (uint64_t seed = 0; seed < 3000; seed++) {
		uint64_t bits = test_mix(seed, 5);
		struct bci_tiling_rule rule = {
			.most = seed % 3 == 0 ? 1 + bits % 20000
			                      : BCI_TILE_MOST,
			.tail_room = bits % 40,
			.open = bits >> 20 & 1,
			.spill = bits >> 21 & 1,
		};

		series = (struct lengths){ .count = bits % 12,
			                   .tail = (bits >> 30) % 100 };
		for (size_t i = 0; i < series.count; i++) {
			uint64_t more = test_mix(seed, 100 + i);
			bool fits = (more >> 40) % 2;

			series.tiles[i] = (struct bci_tile){
				(more >> 8) % 5000,
				(enum bci_tile_state)(more % 3),
			};
			if (fits || series.tiles[i].rows == 0)
				series.tiles[i].rows = 1 + series.tiles[i].rows;
			if (series.tiles[i].state != BCI_TILE_MOVED)
				series.tiles[i].rows =
					1 + series.tiles[i].rows % rule.most;
			else if (more >> 50 & 1)
				series.tiles[i].rows = 0;
		}
		plan(&series, &rule);
	}
}

static void
memory_runs_out(void **state)
{
	static struct lengths series;
	struct test_memory memory = { 0 };
	struct bc_allocator allocator = test_allocator(&memory);
	struct bci_tiling tiling;
	enum bc_status status = BC_NOMEM;

	(void)state;
	series = (struct lengths){ .tail = 20000000 };
	for (uint64_t at = 1; status != BC_OK; at++) {
		memory.fail_at = memory.requests + at;
		status = bci_tiling_plan(series.tiles, 0, series.tail, &usual,
		                         &allocator, &tiling);
		assert_true(status == BC_OK || status == BC_NOMEM);
		bci_tiling_free(&tiling);
		assert_int_equal(memory.live, 0);
	}
	assert_true(memory.requests > 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end),
		cmocka_unit_test(the_beginning),
		cmocka_unit_test(the_middle),
		cmocka_unit_test(small_limits),
		cmocka_unit_test(the_fewest),
		cmocka_unit_test(slow_growth_is_cheap),
		cmocka_unit_test(anything),
		cmocka_unit_test(memory_runs_out),
	};

	return cmocka_run_group_tests_name("tiling", tests, NULL, NULL);
}
