/* SPDX-License-Identifier: MIT */
/*
 * test_mapped.c - maps of arenas: found, pinned, dropped, and which blocks they
 * know to be right.
 */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ahead.h"
#include "alloc.h"
#include "checked.h"
#include "hash.h"
#include "segment.h"

#define FILE_BYTES (1u << 19)

static struct test_dir dir;
static struct bci_maps maps;
static struct test_memory memory;
static struct bci_arena_record record = { .version = BCI_RECORD_VERSION,
	                                  .class_ = BCI_ARENA_WARM,
	                                  .page_bytes = 4096,
	                                  .capacity_bytes = 1 << 20 };

static int
setup(void **state)
{
	struct bc_allocator allocator;

	(void)state;
	test_dir_make_fast(&dir);
	memset(&memory, 0, sizeof(memory));
	allocator = test_allocator(&memory);
	bci_maps_open(&maps, &allocator);
	maps.class_fd[BCI_ARENA_WARM] = open(dir.path, O_RDONLY | O_DIRECTORY);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	bci_maps_close(&maps);
	close(maps.class_fd[BCI_ARENA_WARM]);
	test_dir_remove(&dir);
	return memory.live == 0 ? 0 : -1;
}

static int
make_file(const char *name)
{
	int fd = openat(maps.class_fd[BCI_ARENA_WARM], name, O_RDWR | O_CREAT,
	                0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, FILE_BYTES), 0);
	return fd;
}

static struct bci_map *
add(uint64_t number, const char *name)
{
	struct bci_map *map = NULL;

	close(make_file(name));
	assert_status(bci_maps_add(&maps, number, &record, &map), BC_OK, NULL);
	assert_int_equal(map->number, number);
	return map;
}

static void
an_arena_that_cannot_be_mapped_is_a_status(void **state)
{
	struct bci_arena_record odd = record;
	struct bci_map *map = NULL;

	(void)state;
	assert_status(bci_maps_add(&maps, 1, &record, &map), BC_MISS, NULL);
	assert_int_equal(symlinkat("x", maps.class_fd[1], "00000001.mdb"), 0);
	assert_status(bci_maps_add(&maps, 1, &record, &map), BC_UNSAFE, NULL);
	close(make_file("00000002.mdb"));
	odd.class_ = 3;
	assert_status(bci_maps_add(&maps, 2, &odd, &map), BC_CORRUPT, NULL);
	odd = record;
	odd.capacity_bytes = UINT64_MAX;
	assert_status(bci_maps_add(&maps, 2, &odd, &map), BC_CORRUPT, NULL);
	memory.fail_at = memory.requests + 1;
	assert_status(bci_maps_add(&maps, 2, &record, &map), BC_NOMEM, NULL);
	memory.fail_at = 0;
	assert_int_equal(maps.count, 0);
	assert_null(bci_maps_find(&maps, 1));
	assert_null(bci_maps_find(&maps, 2));
}

static void
maps_are_found_by_number_even_in_one_chain(void **state)
{
	struct bci_map *a, *b, *c, *again = NULL;
	uint64_t numbers[4] = { 0 };

	(void)state;
	a = add(1, "00000001.mdb");
	b = add(1 + BCI_MAP_HEADS, "00000513.mdb");
	c = add(1 + 2 * BCI_MAP_HEADS, "00001025.mdb");
	assert_ptr_equal(bci_maps_find(&maps, 1), a);
	assert_ptr_equal(bci_maps_find(&maps, 513), b);
	assert_ptr_equal(bci_maps_find(&maps, 1025), c);
	assert_null(bci_maps_find(&maps, 2));
	assert_status(bci_maps_add(&maps, 513, &record, &again), BC_OK, NULL);
	assert_ptr_equal(again, b);
	assert_int_equal(maps.count, 3);
	assert_int_equal(bci_maps_numbers(&maps, numbers, 4), 3);
	assert_int_equal(numbers[0] + numbers[1] + numbers[2], 1 + 513 + 1025);
	assert_int_equal(bci_maps_numbers(&maps, numbers, 2), 2);
	bci_maps_drop(&maps, 513);
	assert_null(bci_maps_find(&maps, 513));
	assert_ptr_equal(bci_maps_find(&maps, 1), a);
	assert_ptr_equal(bci_maps_find(&maps, 1025), c);
	bci_maps_drop(&maps, 513); /* Not there any more. */
	assert_int_equal(maps.count, 2);
	assert_int_equal(maps.limbo_count, 1);
}

static bool
is_quiet(const void *context)
{
	(void)context;
	return true;
}

/* Another thread that drops a map now has to wait. */
static bool
is_asked_alone(const void *context)
{
	(void)context;
	assert_int_equal(pthread_mutex_trylock(&maps.mutex), EBUSY);
	return false;
}

static void
nothing_is_unmapped_while_somebody_may_pin_it(void **state)
{
	unsigned before = test_mappings(dir.path);

	(void)state;
	add(7, "00000007.mdb");
	bci_maps_drop(&maps, 7);
	bci_maps_collect(&maps, is_asked_alone, NULL);
	assert_int_equal(maps.limbo_count, 1);
	assert_int_equal(test_mappings(dir.path), before + 1);
	bci_maps_collect(&maps, is_quiet, NULL);
	assert_int_equal(maps.limbo_count, 0);
	assert_int_equal(test_mappings(dir.path), before);
}

static void
a_dropped_map_lives_until_its_last_pin(void **state)
{
	unsigned before = test_mappings(dir.path);
	struct bci_map *map = add(7, "00000007.mdb");

	(void)state;
	assert_int_equal(test_mappings(dir.path), before + 1);
	bci_map_pin(map, 0);
	bci_map_pin(map, 0);
	bci_map_pin(map, 15);
	assert_int_equal(bci_maps_pins(&maps), 3);
	bci_maps_drop(&maps, 7);
	bci_maps_collect(&maps, is_quiet, NULL);
	assert_int_equal(maps.limbo_count, 1);
	assert_int_equal(map->base[100], 0); /* Still readable. */
	atomic_fetch_add(&map->pins[0].dropped, 2);
	bci_maps_collect(&maps, is_quiet, NULL);
	assert_int_equal(bci_maps_pins(&maps), 1);
	assert_int_equal(maps.limbo_count, 1);
	atomic_fetch_add(&map->pins[15].dropped, 1);
	bci_maps_collect(&maps, is_quiet, NULL);
	assert_int_equal(maps.limbo_count, 0);
	assert_int_equal(test_mappings(dir.path), before);
}

static void
a_map_reaches_as_far_as_its_file(void **state)
{
	int fd = make_file("00000001.mdb");
	struct bci_map *map = NULL;

	(void)state;
	assert_status(bci_maps_add(&maps, 1, &record, &map), BC_OK, NULL);
	assert_true(bci_map_reaches(map, FILE_BYTES));
	assert_false(bci_map_reaches(map, FILE_BYTES + 1));
	assert_int_equal(ftruncate(fd, FILE_BYTES + 4096), 0);
	assert_true(bci_map_reaches(map, FILE_BYTES + 1)); /* It grew. */
	assert_true(bci_map_reaches(map, FILE_BYTES + 4096));
	assert_false(bci_map_reaches(map, map->map_bytes + 1));
	assert_false(bci_map_reaches(map, UINT64_MAX));
	close(fd);
	/* Another file under the same name says nothing about ours. */
	assert_int_equal(unlinkat(maps.class_fd[1], "00000001.mdb", 0), 0);
	fd = make_file("00000001.mdb");
	assert_int_equal(ftruncate(fd, FILE_BYTES + 65536), 0);
	assert_false(bci_map_reaches(map, FILE_BYTES + 65536));
	close(fd);
}

/* ------------------------------------------------------------------------ */
/*  What was checked                                                        */
/* ------------------------------------------------------------------------ */

/* Write a blob's segment into the file of arena 1, at a page's offset + 16. */
static void
plant(int fd, uint64_t at, uint64_t bytes, struct bci_locator *locator)
{
	struct bci_segment_owner owner = { .cache_id = 1,
		                           .entry_id = 2,
		                           .arena = 1,
		                           .key = "k",
		                           .key_bytes = 1 };
	struct bci_value value = { .kind = BC_BLOB, .blob_bytes = bytes };
	unsigned char digest[16], *data = malloc(bytes + 1), *image;
	struct bci_segment_plan plan;
	uint64_t i;

	for (i = 0; i < bytes; i++)
		data[i] = (unsigned char)test_mix(i, at);
	value.blob = data;
	assert_true(bci_segment_plan(&value, 1, false, &plan));
	image = aligned_alloc(64, (plan.bytes + 16 + 63) / 64 * 64);
	bci_segment_write(&value, &owner, &plan, image + 16, locator, digest);
	locator->offset = at + 16;
	assert_int_equal(
		pwrite(fd, image + 16, plan.bytes, (off_t)locator->offset),
		plan.bytes);
	free(image);
	free(data);
}

/* Copy a segment as compaction does: only the number of its arena changes. */
static void
plant_copy(int from_fd, const struct bci_locator *from, int to_fd, uint64_t at,
           struct bci_locator *to)
{
	unsigned char *image = malloc(from->bytes);
	const uint32_t arena = 2;

	*to = *from;
	to->arena = arena;
	to->offset = at + 16;
	assert_int_equal(
		pread(from_fd, image, from->bytes, (off_t)from->offset),
		from->bytes);
	memcpy(image + offsetof(struct bci_segment_header, arena), &arena,
	       sizeof(arena));
	to->checksum = bci_hash64(image, to->header_bytes);
	assert_int_equal(pwrite(to_fd, image, to->bytes, (off_t)to->offset),
	                 to->bytes);
	free(image);
}

static void
flip(int fd, uint64_t at)
{
	unsigned char byte;

	assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
}

static void
a_checked_segment_is_not_checked_again_unless_asked(void **state)
{
	int fd = make_file("00000001.mdb");
	struct bci_locator large, neighbour;
	struct bci_map *map = NULL;
	uint64_t last;

	(void)state;
	plant(fd, 4096, 3 * BCI_BLOCK, &large);
	plant(fd, 4096 + 4 * 65536, 5000, &neighbour);
	assert_status(bci_maps_add(&maps, 1, &record, &map), BC_OK, NULL);
	assert_false(bci_map_is_checked(map, &large));
	assert_null(bci_map_check(map, &large, NULL, BCI_CHECK_HERE));
	assert_true(bci_map_is_checked(map, &large));
	assert_false(bci_map_is_checked(map, &neighbour));
	last = large.offset + large.bytes - 1;
	flip(fd, last);
	assert_null(bci_map_check(map, &large, NULL, BCI_CHECK_HERE));
	assert_non_null(bci_map_check(map, &large, NULL, BCI_CHECK_AGAIN));
	flip(fd, last);
	assert_null(bci_map_check(map, &large, NULL, BCI_CHECK_AGAIN));
	/* The header is looked at each time. */
	flip(fd, large.offset + 50);
	assert_non_null(bci_map_check(map, &large, NULL, BCI_CHECK_HERE));
	close(fd);
}

static void
a_damaged_block_leaves_the_segment_unchecked(void **state)
{
	int fd = make_file("00000001.mdb");
	struct bci_locator large;
	struct bci_map *map = NULL;
	unsigned block;

	(void)state;
	plant(fd, 8192, 3 * BCI_BLOCK, &large);
	assert_status(bci_maps_add(&maps, 1, &record, &map), BC_OK, NULL);
	for (block = 0; block < 3; block++) {
		uint64_t at = large.offset + large.header_bytes +
		              block * BCI_BLOCK + 7;

		flip(fd, at);
		assert_non_null(
			bci_map_check(map, &large, NULL, BCI_CHECK_HERE));
		assert_false(bci_map_is_checked(map, &large));
		flip(fd, at);
	}
	assert_null(bci_map_check(map, &large, NULL, BCI_CHECK_HERE));
	assert_true(bci_map_is_checked(map, &large));
	close(fd);
}

static void
small_segments_on_one_page_have_bits_of_their_own(void **state)
{
	int fd = make_file("00000001.mdb");
	struct bci_locator first, second, empty;
	struct bci_map *map = NULL;

	(void)state;
	plant(fd, 4096, 100, &first);
	plant(fd, 4096 + 512, 100, &second);
	plant(fd, 4096 + 1024, 0, &empty);
	assert_status(bci_maps_add(&maps, 1, &record, &map), BC_OK, NULL);
	assert_null(bci_map_check(map, &first, NULL, BCI_CHECK_HERE));
	assert_true(bci_map_is_checked(map, &first));
	assert_false(bci_map_is_checked(map, &second));
	flip(fd, second.offset + second.bytes - 1);
	assert_non_null(bci_map_check(map, &second, NULL, BCI_CHECK_HERE));
	assert_false(bci_map_is_checked(map, &second));
	assert_false(bci_map_is_checked(map, &empty));
	assert_null(bci_map_check(map, &empty, NULL, BCI_CHECK_HERE));
	assert_true(bci_map_is_checked(map, &empty));
	close(fd);
}

static void
a_segment_that_was_moved_is_checked_where_it_was(void **state)
{
	int from_fd = make_file("00000001.mdb");
	int to_fd = make_file("00000002.mdb");
	struct bci_map *from_map = NULL, *to_map = NULL;
	struct bci_locator from, to, other;

	(void)state;
	plant(from_fd, 8192, 3 * BCI_BLOCK, &from);
	plant(to_fd, 4096, 3 * BCI_BLOCK, &other);
	plant_copy(from_fd, &from, to_fd, 131 * 4096, &to);
	from.slot = to.slot = 70000;
	other.slot = 70000;
	assert_status(bci_maps_add(&maps, 1, &record, &from_map), BC_OK, NULL);
	assert_status(bci_maps_add(&maps, 2, &record, &to_map), BC_OK, NULL);
	flip(to_fd, to.offset + to.bytes - 1);
	/* Not before all of it was checked there. */
	assert_non_null(bci_map_check(to_map, &to, NULL, BCI_CHECK_ONCE));
	assert_null(bci_map_check(from_map, &from, NULL, BCI_CHECK_ONCE));
	assert_false(bci_map_is_checked(to_map, &to));
	/* Nor by who copies it again, or checks all; nor in another slot. */
	assert_non_null(bci_map_check(to_map, &to, NULL, BCI_CHECK_HERE));
	assert_non_null(bci_map_check(to_map, &to, NULL, BCI_CHECK_AGAIN));
	to.slot++;
	assert_non_null(bci_map_check(to_map, &to, NULL, BCI_CHECK_ONCE));
	to.slot--;
	assert_null(bci_map_check(to_map, &to, NULL, BCI_CHECK_ONCE));
	assert_true(bci_map_is_checked(to_map, &to));
	/* A header that is damaged is found, and another segment is another. */
	flip(to_fd, to.offset + 50);
	assert_non_null(bci_map_check(to_map, &to, NULL, BCI_CHECK_ONCE));
	flip(to_fd, other.offset + other.bytes - 1);
	assert_non_null(bci_map_check(to_map, &other, NULL, BCI_CHECK_ONCE));
	close(from_fd);
	close(to_fd);
}

/* The head of LMDB's that a value of so many pages has. */
static void
plant_value(int fd, uint64_t page, uint32_t pages)
{
	const uint16_t flags[2] = { 0, 4 };
	unsigned char head[16];

	memcpy(head, &page, sizeof(page));
	memcpy(head + 8, flags, sizeof(flags));
	memcpy(head + 12, &pages, sizeof(pages));
	assert_int_equal(pwrite(fd, head, sizeof(head), (off_t)(page * 4096)),
	                 sizeof(head));
}

static void
values_are_found_by_their_heads(void **state)
{
	int fd = make_file("00000001.mdb");
	struct bci_map *map = NULL;

	(void)state;
	plant_value(fd, 2, 3);
	plant_value(fd, 5, 0);
	plant_value(fd, 6, UINT32_MAX);
	assert_status(bci_maps_add(&maps, 1, &record, &map), BC_OK, NULL);
	assert_int_equal(bci_map_value(map, 2 * 4096, 10 * 4096), 3 * 4096);
	assert_int_equal(bci_map_value(map, 2 * 4096, 5 * 4096), 3 * 4096);
	assert_int_equal(bci_map_value(map, 2 * 4096, 5 * 4096 - 1), 0);
	assert_int_equal(bci_map_value(map, 3 * 4096, 10 * 4096), 0);
	assert_int_equal(bci_map_value(map, 5 * 4096, 10 * 4096), 0);
	assert_int_equal(bci_map_value(map, 6 * 4096, 10 * 4096), 0);
	/* A page that does not know where it is. */
	plant_value(fd, 8, 2);
	flip(fd, 8 * 4096 + 2);
	assert_int_equal(bci_map_value(map, 8 * 4096, 10 * 4096), 0);
	close(fd);
}

static void
heads_beside_a_moved_segment_are_made_ready(void **state)
{
	int from_fd = make_file("00000001.mdb");
	int to_fd = make_file("00000002.mdb");
	struct bci_map *from_map = NULL, *map = NULL;
	struct bci_locator from, to;

	(void)state;
	plant(from_fd, 8192, 8000, &from);
	plant_value(to_fd, 0, 0);
	plant_value(to_fd, 1, 0);
	for (uint64_t i = 0; i < 40; i++)
		plant_value(to_fd, 2 + 3 * i, 3);
	plant_copy(from_fd, &from, to_fd, 4096 * (2 + 3 * 30), &to);
	plant_value(to_fd, 2 + 3 * 30, 3);
	from.slot = to.slot = 5;
	assert_status(bci_maps_add(&maps, 1, &record, &from_map), BC_OK, NULL);
	assert_status(bci_maps_add(&maps, 2, &record, &map), BC_OK, NULL);
	/* Not by who checks it, or knows it from nowhere. */
	assert_null(bci_map_check(map, &to, NULL, BCI_CHECK_HERE));
	assert_int_equal(map->ahead_bytes, 0);
	memset(map->whole, 0, map->whole_bytes);
	assert_null(bci_map_check(from_map, &from, NULL, BCI_CHECK_ONCE));
	assert_null(bci_map_check(map, &to, NULL, BCI_CHECK_ONCE));
	/* Two pages that are no values', and fourteen values. */
	assert_int_equal(map->ahead_bytes, 4096 * (2 + 3 * 14));
	bci_map_ahead(map, 4096);
	assert_int_equal(map->ahead_bytes, 4096 * (2 + 3 * 14));
	bci_map_ahead(map, to.offset);
	assert_int_equal(map->ahead_bytes, 4096 * (2 + 3 * 30));
	/* What was never written is not in memory, so there it ends. */
	bci_map_ahead(map, UINT64_MAX);
	assert_int_equal(map->ahead_bytes, FILE_BYTES);
	bci_map_ahead(map, UINT64_MAX);
	assert_int_equal(map->ahead_bytes, FILE_BYTES);
	close(from_fd);
	close(to_fd);
}

static void
bits_are_found_across_words(void **state)
{
	/* 70 blocks begin on page 60: bits 60 to 129. */
	struct bci_locator locator = {
		.offset = 60 * 4096 + 16,
		.header_bytes = 4080,
		.bytes = 4080 + 70 * BCI_BLOCK,
	};
	struct bci_map *map = add(1, "00000001.mdb");
	unsigned i;

	(void)state;
	assert_false(bci_map_is_checked(map, &locator));
	map->whole[0] = ~0ull << 60;
	map->whole[1] = ~0ull;
	map->whole[2] = 3;
	assert_true(bci_map_is_checked(map, &locator));
	for (i = 60; i < 130; i++) {
		map->whole[i / 64] &= ~(1ull << i % 64);
		assert_false(bci_map_is_checked(map, &locator));
		map->whole[i / 64] |= 1ull << i % 64;
	}
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(an_arena_that_cannot_be_mapped_is_a_status),
		TEST(a_map_reaches_as_far_as_its_file),
		TEST(a_damaged_block_leaves_the_segment_unchecked),
		TEST(maps_are_found_by_number_even_in_one_chain),
		TEST(nothing_is_unmapped_while_somebody_may_pin_it),
		TEST(a_dropped_map_lives_until_its_last_pin),
		TEST(a_checked_segment_is_not_checked_again_unless_asked),
		TEST(small_segments_on_one_page_have_bits_of_their_own),
		TEST(a_segment_that_was_moved_is_checked_where_it_was),
		TEST(values_are_found_by_their_heads),
		TEST(heads_beside_a_moved_segment_are_made_ready),
		TEST(bits_are_found_across_words),
	};

	return cmocka_run_group_tests_name("mapped", tests, NULL, NULL);
}
