/* SPDX-License-Identifier: MIT */
/*
 * test_cold.c - what is packed reads as what is not: every call that reads,
 * over all types and many sizes, against a warm twin under another key.
 */
#include "cold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "shift.h"

static struct test_dir cold_dir;
static struct bc_cache *cold_cache;

static int
cold_setup(void **state)
{
	(void)state;
	test_dir_make_fast(&cold_dir);
	cold_cache = test_open(cold_dir.cache, BC_OPEN_CREATE);
	return 0;
}

static int
cold_teardown(void **state)
{
	(void)state;
	bc_close(cold_cache);
	test_dir_remove(&cold_dir);
	return 0;
}

/* ------------------------------------------------------------------------ */
/*  Twins                                                                   */
/* ------------------------------------------------------------------------ */

static void
expect_same_column(const struct bc_view *warm, const struct bc_view *cold,
                   uint32_t index)
{
	const char *left = bc_view_column(warm, index);
	const char *right = bc_view_column(cold, index);
	const size_t bytes = bc_type_bytes(warm->schema->columns[index].type);

	if (warm->rows != 0)
		assert_memory_equal(left, right, bytes * warm->rows);
	if (warm->schema->columns[index].type != BC_TEXT)
		return;
	for (uint64_t i = 0; i < warm->rows; i += 1 + warm->rows / 64) {
		size_t length, other;
		const char *text = bc_view_text(
			warm, index, ((const uint32_t *)(const void *)left)[i],
			&length);
		const char *same = bc_view_text(
			cold, index, ((const uint32_t *)(const void *)right)[i],
			&other);

		assert_non_null(text);
		assert_non_null(same);
		assert_int_equal(length, other);
		assert_memory_equal(text, same, length);
	}
}

static void
expect_same(const struct bc_view *warm, const struct bc_view *cold)
{
	assert_int_equal(warm->kind, cold->kind);
	assert_true(warm->rows == cold->rows && warm->bytes == cold->bytes);
	assert_true(warm->first_ns == cold->first_ns &&
	            warm->last_ns == cold->last_ns);
	assert_int_equal(warm->open_rows, cold->open_rows);
	if (warm->schema == NULL) {
		assert_memory_equal(warm->data, cold->data, warm->bytes);
		return;
	}
	assert_int_equal(warm->schema->column_count,
	                 cold->schema->column_count);
	for (uint32_t i = 0; i < warm->schema->column_count; i++)
		expect_same_column(warm, cold, i);
}

/* Put a frame to both keys. */
static void
put_twins(const struct bc_frame *frame)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	char text[BC_KEY_MAX + 1];
	struct bc_info info;
	struct bc_error err;

	options.flags = BC_PUT_SUSPECT;
	assert_status(bc_put(cold_cache, "warm", frame, &options, NULL, &err),
	              BC_OK, &err);
	options.placement = BC_PLACE_COLD;
	assert_status(bc_put(cold_cache, "cold", frame, &options, NULL, &err),
	              BC_OK, &err);
	if (frame->rows < 1000)
		return; /* It may lie in the catalogue, or not be worth it. */
	assert_status(
		bc_info(cold_cache, "cold", text, sizeof(text), &info, &err),
		BC_OK, &err);
	assert_int_equal(info.tier, BC_COLD);
	assert_true(info.stored_bytes < info.payload_bytes * 3 / 4);
}

/* Compare one answer of both; whatever the status, it is the same. */
#define expect_twins(call, ...)                                                \
	do {                                                                   \
		struct bc_view left, right;                                    \
		enum bc_status one =                                           \
			call(cold_cache, "warm", __VA_ARGS__, &left);          \
		enum bc_status other =                                         \
			call(cold_cache, "cold", __VA_ARGS__, &right);         \
                                                                               \
		assert_int_equal(one, other);                                  \
		assert_int_equal(left.miss, right.miss);                       \
		if (one == BC_OK)                                              \
			expect_same(&left, &right);                            \
		bc_view_release(&left);                                        \
		bc_view_release(&right);                                       \
	} while (0)

static void
expect_twin_gets(void)
{
	struct bc_view warm, cold;

	assert_status(bc_get(cold_cache, "warm", &warm), BC_OK, NULL);
	assert_status(bc_get(cold_cache, "cold", &cold), BC_OK, NULL);
	expect_same(&warm, &cold);
	bc_view_release(&warm);
	bc_view_release(&cold);
}

/* Ranges of all kinds, before and after the whole was decoded. */
static void
expect_twin_reads(const struct cold_frame *frame, uint64_t seed)
{
	static const char *const some[] = { "close", "symbol", NULL };
	const uint64_t rows = frame->frame.rows;

	for (uint64_t i = 0; i < 24; i++) {
		uint64_t a = test_mix(seed, i) % (rows + 1);
		uint64_t n = test_mix(i, seed) % (i % 3 ? 40 : rows + 2);
		int64_t from_ns = START + (int64_t)a * MINUTE + (i % 2 != 0);
		int64_t to_ns = from_ns + (int64_t)n * MINUTE;
		const char *const *columns = i % 4 == 3 ? some : NULL;
		unsigned flags = i % 5 == 4 ? BC_READ_PRIVATE : 0;

		expect_twins(bc_read_rows, a, n, columns, flags);
		expect_twins(bc_read, from_ns, to_ns, columns,
		             flags | BC_READ_PARTIAL);
		expect_twins(bc_tail, n, columns, flags);
		expect_twins(bc_asof, from_ns, columns, flags);
		if (i == 12)
			expect_twin_gets();
	}
	expect_twins(bc_read, INT64_MIN, INT64_MAX, NULL, BC_READ_PARTIAL);
	expect_twins(bc_asof, INT64_MAX, NULL, 0);
}

static void
test_twins(void **state)
{
	static const uint64_t sizes[] = { 0,    1,    1023, 1024,  1025,
		                          4096, 5000, 8191, 100000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (uint64_t gap = 0; gap < 40; gap += 13) {
			struct cold_frame frame;

			cold_frame_make(&frame, sizes[i], gap, START, i + gap);
			put_twins(&frame.frame);
			expect_twin_reads(&frame, i + gap);
			cold_frame_free(&frame);
		}
	}
}

/* ------------------------------------------------------------------------ */
/*  From tier to tier                                                       */
/* ------------------------------------------------------------------------ */

static struct bci_env *
cold_env(void)
{
	struct bci_env *env;

	assert_int_equal(bci_cache_env(cold_cache, &env, NULL), BC_OK);
	return env;
}

static enum bc_tier
tier_of(const char *key)
{
	char text[BC_KEY_MAX + 1];
	struct bc_info info;
	struct bc_error err;

	assert_status(bc_info(cold_cache, key, text, sizeof(text), &info, &err),
	              BC_OK, &err);
	return info.tier;
}

/* Get the key and compare it with its twin; returns where it came from. */
static enum bc_tier
get_cold(void)
{
	struct bc_view warm, cold;
	enum bc_tier tier;

	assert_status(bc_get(cold_cache, "warm", &warm), BC_OK, NULL);
	assert_status(bc_get(cold_cache, "cold", &cold), BC_OK, NULL);
	expect_same(&warm, &cold);
	tier = cold.tier;
	bc_view_release(&warm);
	bc_view_release(&cold);
	return tier;
}

/* Demote the first segment of a key. */
static enum bc_status
demote(const char *key)
{
	struct bci_writer writer;
	struct bci_entry entry;
	struct bci_locator locator;
	struct bci_bytes record;
	enum bc_status status;
	struct bc_error err;

	assert_status(bci_writer_begin(cold_cache, cold_env(), &writer, &err),
	              BC_OK, &err);
	assert_int_equal(bci_table_get(writer.txn, writer.env->tables.entries,
	                               key, strlen(key), &record),
	                 BC_OK);
	assert_int_equal(bci_entry_parse(record.data, record.size, &entry),
	                 BC_OK);
	bci_entry_locator(&entry, 0, &locator);
	status = bci_demote(&writer, key, strlen(key), &locator, &err);
	if (status == BC_OK)
		assert_status(bci_writer_commit(&writer, &err), BC_OK, &err);
	else
		bci_writer_abort(&writer);
	return status;
}

static void
test_promote(void **state)
{
	struct bci_state_record before, after;
	struct cold_frame frame;
	char text[BC_KEY_MAX + 1];
	struct bc_info first, last;

	(void)state;
	cold_frame_make(&frame, 43200, 0, START, 1);
	put_twins(&frame.frame);
	assert_int_equal(bci_env_read(cold_env(), NULL, &before, NULL), BC_OK);
	assert_true(before.live_cold_bytes != 0);
	assert_true(before.cold_raw_bytes > before.live_cold_bytes);
	assert_int_equal(get_cold(), BC_COLD);
	assert_int_equal(get_cold(), BC_HOT);
	assert_int_equal(tier_of("cold"), BC_COLD);
	/* As another process would: decode it once more. */
	bci_hots_drop(cold_env());
	assert_int_equal(get_cold(), BC_COLD);
	assert_int_equal(tier_of("cold"), BC_WARM);
	assert_int_equal(get_cold(), BC_WARM);
	assert_int_equal(atomic_load(&cold_env()->hots.count), 0);
	assert_int_equal(
		bc_info(cold_cache, "warm", text, sizeof(text), &first, NULL),
		BC_OK);
	assert_int_equal(
		bc_info(cold_cache, "cold", text, sizeof(text), &last, NULL),
		BC_OK);
	assert_memory_equal(first.digest, last.digest, sizeof(last.digest));
	assert_true(first.stored_bytes == last.stored_bytes);
	assert_int_equal(last.access_count, 5);
	assert_int_equal(bci_env_read(cold_env(), NULL, &after, NULL), BC_OK);
	assert_true(after.live_cold_bytes == 0 && after.cold_raw_bytes == 0);
	cold_frame_free(&frame);
}

static void
test_demote(void **state)
{
	char text[BC_KEY_MAX + 1];
	struct bc_info first, last;
	struct cold_frame frame;
	struct bc_error err;

	(void)state;
	cold_frame_make(&frame, 43200, 13, START, 2);
	put_twins(&frame.frame);
	assert_int_equal(
		bc_info(cold_cache, "warm", text, sizeof(text), &first, NULL),
		BC_OK);
	assert_int_equal(demote("warm"), BC_OK);
	assert_int_equal(demote("warm"), BC_MISS); /* It is cold already. */
	assert_int_equal(
		bc_info(cold_cache, "warm", text, sizeof(text), &last, NULL),
		BC_OK);
	assert_int_equal(last.tier, BC_COLD);
	assert_true(first.revision == last.revision &&
	            first.access_count == last.access_count &&
	            first.id == last.id &&
	            last.stored_bytes * 5 / 4 < first.stored_bytes);
	assert_int_equal(get_cold(), BC_COLD);
	assert_status(bc_verify(cold_cache, NULL, NULL, NULL, NULL, &err),
	              BC_OK, &err);
	cold_frame_free(&frame);
}

/* Whoever holds a view keeps its bytes, whatever the hot tier lets go of. */
static void
test_held(void **state)
{
	struct bc_view views[12], again;
	struct cold_frame frame;
	char key[8];

	(void)state;
	bci_hots_limit(cold_env(), 3 << 20);
	cold_frame_make(&frame, 20000, 0, START, 3);
	for (size_t i = 0; i < 12; i++) {
		struct bc_put_options options = BC_PUT_OPTIONS_INIT;
		struct bc_error err;

		options.flags = BC_PUT_SUSPECT;
		options.placement = BC_PLACE_COLD;
		snprintf(key, sizeof(key), "k%zu", i);
		assert_status(bc_put(cold_cache, key, &frame.frame, &options,
		                     NULL, &err),
		              BC_OK, &err);
		assert_int_equal(bc_get(cold_cache, key, &views[i]), BC_OK);
		assert_int_equal(views[i].tier, BC_COLD);
	}
	assert_true(cold_env()->hots.bytes <= 3 << 20);
	assert_int_equal(bc_get(cold_cache, "k11", &again), BC_OK);
	assert_int_equal(again.tier, BC_HOT);
	assert_ptr_equal(again.data, views[11].data);
	bc_view_release(&again);
	bci_hots_drop(cold_env());
	bc_close(cold_cache); /* Views outlive it. */
	for (size_t i = 0; i < 12; i++) {
		assert_memory_equal(bc_view_time(&views[i]), frame.time_ns,
		                    8 * 20000);
		assert_memory_equal(bc_view_column(&views[i], 5), frame.data[4],
		                    8 * 20000);
		bc_view_release(&views[i]);
	}
	cold_cache = test_open(cold_dir.cache, 0);
	cold_frame_free(&frame);
}

/* ------------------------------------------------------------------------ */
/*  Series, blobs                                                           */
/* ------------------------------------------------------------------------ */

static void
append_twins(const struct bc_frame *frame, int64_t from_ns, int64_t to_ns)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	struct bc_error err;

	options.flags = BC_APPEND_SUSPECT;
	options.from_ns = from_ns;
	options.to_ns = to_ns;
	assert_status(
		bc_append(cold_cache, "warm", frame, &options, NULL, &err),
		BC_OK, &err);
	options.placement = BC_PLACE_COLD;
	assert_status(
		bc_append(cold_cache, "cold", frame, &options, NULL, &err),
		BC_OK, &err);
}

/* What is merged of packed segments is packed, and says the same. */
static void
test_merge(void **state)
{
	struct bc_compact_report report;
	struct bc_place_report placed;
	struct cold_frame frame;
	struct bc_view view;
	struct bc_error err;
	uint64_t rows;

	(void)state;
	for (uint64_t i = 0; i < 3; i++) {
		cold_frame_make(&frame, 10000, 0,
		                START + (int64_t)(i * 10000) * MINUTE, i);
		append_twins(&frame.frame, 0, 0);
		cold_frame_free(&frame);
	}
	/* Rows leave the middle: what is left are odd segments. */
	for (size_t i = 0; i < 2; i++)
		assert_status(
			bc_remove_range(cold_cache, i == 0 ? "warm" : "cold",
		                        START + 14000 * MINUTE,
		                        START + 15000 * MINUTE, &rows, &err),
			BC_OK, &err);
	assert_status(
		bc_place(cold_cache, "cold", BC_PLACE_COLD, &placed, &err),
		BC_OK, &err);
	assert_status(bc_compact(cold_cache, NULL, &report, &err), BC_OK, &err);
	assert_int_equal(report.merged, 2);
	assert_int_equal(bc_get(cold_cache, "cold", &view), BC_OK);
	assert_int_equal(view.tier, BC_COLD);
	bc_view_release(&view);
	expect_twin_gets();
}

/* Appended, overwritten, cut, moved to and fro: always what its twin is. */
static void
test_series(void **state)
{
	struct bc_place_report report;
	struct cold_frame frame;
	struct bc_error err;
	uint64_t rows;

	(void)state;
	for (uint64_t i = 0; i < 6; i++) {
		int64_t from_ns = START + (int64_t)(i * 30000) * MINUTE;

		cold_frame_make(&frame, 30000 + i, i == 2 ? 11 : 0, from_ns, i);
		append_twins(&frame.frame, from_ns,
		             frame.time_ns[frame.frame.rows - 1] + MINUTE);
		expect_twin_reads(&frame, i);
		cold_frame_free(&frame);
	}
	cold_frame_make(&frame, 500, 0, START + 777 * MINUTE, 99);
	append_twins(&frame.frame, 0, 0);
	for (size_t i = 0; i < 2; i++)
		assert_status(
			bc_remove_range(cold_cache, i == 0 ? "warm" : "cold",
		                        START + 50000 * MINUTE,
		                        START + 50200 * MINUTE, &rows, &err),
			BC_OK, &err);
	expect_twin_reads(&frame, 7);
	assert_status(
		bc_place(cold_cache, "cold", BC_PLACE_WARM, &report, &err),
		BC_OK, &err);
	assert_int_equal(report.left, 0);
	assert_status(
		bc_place(cold_cache, "warm", BC_PLACE_COLD, &report, &err),
		BC_OK, &err);
	assert_true(report.segments != 0);
	expect_twin_reads(&frame, 8);
	assert_status(bc_verify(cold_cache, NULL, NULL, NULL, NULL, &err),
	              BC_OK, &err);
	cold_frame_free(&frame);
}

static void
test_blobs(void **state)
{
	static const size_t sizes[] = { 0, 1, 5000, 70000, 1 << 20 };
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	char *bytes = malloc(1 << 20);
	struct bc_error err;

	(void)state;
	assert_non_null(bytes);
	options.placement = BC_PLACE_COLD;
	for (size_t i = 0; i < 10; i++) {
		size_t size = sizes[i / 2];

		/* Every second one is noise, which nothing packs. */
		for (size_t k = 0; k < size; k++)
			bytes[k] = (char)(i % 2 ? test_mix(k, i) : k / 100);
		assert_status(bc_put_blob(cold_cache, "warm", bytes, size, NULL,
		                          &err),
		              BC_OK, &err);
		assert_status(bc_put_blob(cold_cache, "cold", bytes, size,
		                          &options, &err),
		              BC_OK, &err);
		expect_twin_gets();
		if (size > 4096)
			assert_int_equal(tier_of("cold"), BC_COLD);
		expect_twin_gets();
	}
	free(bytes);
}

/* ------------------------------------------------------------------------ */
/*  Damage                                                                  */
/* ------------------------------------------------------------------------ */

/* Flip bytes of a stored packed segment: a miss or what was put. */
static void
test_damage(void **state)
{
	struct bci_bytes record;
	struct bci_locator locator;
	struct cold_frame frame;
	struct bci_writer writer;
	struct bci_entry entry;
	struct bc_view view;
	struct bc_error err;
	char path[TEST_PATH], name[TEST_PATH];
	unsigned missed = 0;
	FILE *file;

	(void)state;
	cold_frame_make(&frame, 3000, 0, START, 5);
	put_twins(&frame.frame);
	assert_status(bci_writer_begin(cold_cache, cold_env(), &writer, &err),
	              BC_OK, &err);
	assert_int_equal(bci_table_get(writer.txn, writer.env->tables.entries,
	                               "cold", 4, &record),
	                 BC_OK);
	assert_int_equal(bci_entry_parse(record.data, record.size, &entry),
	                 BC_OK);
	bci_entry_locator(&entry, 0, &locator);
	bci_writer_abort(&writer);
	assert_int_equal(locator.codec, BCI_FORM_PACKED);
	snprintf(name, sizeof(name), "cold/%08u.mdb", locator.arena);
	test_path(path, cold_dir.cache, name);
	for (uint64_t at = 0; at < locator.bytes; at += 1 + at / 40) {
		int byte;

		bc_close(cold_cache);
		file = fopen(path, "r+b");
		assert_non_null(file);
		assert_int_equal(
			fseek(file, (long)(locator.offset + at), SEEK_SET), 0);
		byte = fgetc(file);
		assert_int_equal(fseek(file, -1, SEEK_CUR), 0);
		fputc(byte ^ (1 << at % 8), file);
		fclose(file);
		/* To read only: nothing is dropped. */
		cold_cache = test_open(cold_dir.cache, BC_OPEN_READONLY);
		if (at % 2) {
			assert_int_equal(bc_read_rows(cold_cache, "cold", 5, 9,
			                              NULL, 0, &view),
			                 at % 2 ? view.miss ? BC_MISS : BC_OK
			                        : BC_OK);
			if (view.miss == BC_MISS_NONE)
				assert_memory_equal(bc_view_time(&view),
				                    frame.time_ns + 5, 72);
			bc_view_release(&view);
		}
		assert_int_equal(bc_get(cold_cache, "cold", &view), BC_MISS);
		assert_int_equal(view.miss, BC_MISS_CORRUPT);
		missed++;
		bc_close(cold_cache);
		file = fopen(path, "r+b");
		assert_non_null(file);
		assert_int_equal(
			fseek(file, (long)(locator.offset + at), SEEK_SET), 0);
		fputc(byte, file);
		fclose(file);
		cold_cache = test_open(cold_dir.cache, BC_OPEN_READONLY);
		bci_slot_begin(&cold_env()->ledger, locator.slot,
		               bci_segment_id(&locator, entry.head.id), 0);
	}
	assert_true(missed > 100);
	assert_int_equal(bc_get(cold_cache, "cold", &view), BC_OK);
	bc_view_release(&view);
	cold_frame_free(&frame);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_twins, cold_setup,
		                                cold_teardown),
		cmocka_unit_test_setup_teardown(test_promote, cold_setup,
		                                cold_teardown),
		cmocka_unit_test_setup_teardown(test_demote, cold_setup,
		                                cold_teardown),
		cmocka_unit_test_setup_teardown(test_held, cold_setup,
		                                cold_teardown),
		cmocka_unit_test_setup_teardown(test_merge, cold_setup,
		                                cold_teardown),
		cmocka_unit_test_setup_teardown(test_series, cold_setup,
		                                cold_teardown),
		cmocka_unit_test_setup_teardown(test_blobs, cold_setup,
		                                cold_teardown),
		cmocka_unit_test_setup_teardown(test_damage, cold_setup,
		                                cold_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
