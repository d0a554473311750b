/* SPDX-License-Identifier: MIT */
/*
 * test_tracer.c - a trace has a line for each access, and no other: as many as
 * the counters say, of the sizes that are stored, once for each process.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "hash.h"

#define LINES 4096

/* The lines of the trace of the running test. */
static struct {
	char path[TEST_PATH];
	struct bci_access items[LINES];
	size_t count, kinds[BCI_ACCESS_KINDS];
} trace;

static void
read_trace(void)
{
	char line[256];
	FILE *file = fopen(trace.path, "re");

	assert_non_null(file);
	trace.count = 0;
	memset(trace.kinds, 0, sizeof(trace.kinds));
	assert_non_null(fgets(line, sizeof(line), file));
	assert_string_equal(line, BCI_TRACE_HEAD "\n");
	while (fgets(line, sizeof(line), file) != NULL) {
		struct bci_access *access = &trace.items[trace.count++];

		assert_true(trace.count < LINES);
		line[strcspn(line, "\n")] = '\0';
		assert_int_equal(bci_access_parse(line, access),
		                 BCI_LINE_ACCESS);
		trace.kinds[access->kind]++;
	}
	fclose(file);
}

/* A cache whose accesses are traced. */
static void
open_traced(void)
{
	struct bc_options options = unit_options();

	test_path(trace.path, fixture.dir.path, "trace");
	options.trace = trace.path;
	unit_restart(&options);
}

static void
get(const char *key, enum bc_status expected)
{
	struct bc_view view;

	assert_int_equal(bc_get(fixture.cache, key, &view), expected);
	bc_view_release(&view);
}

static void
expect_access(size_t index, enum bci_access_kind kind, const char *key,
              uint64_t bytes, uint64_t cost_ns)
{
	const struct bci_access *access = &trace.items[index];

	assert_true(index < trace.count);
	assert_int_equal(access->kind, kind);
	assert_true(access->key == bci_hash64(key, strlen(key)));
	assert_int_equal(access->bytes, bytes);
	assert_int_equal(access->cost_ns, cost_ns);
	assert_true(access->time_ns > 1600000000 * UNIT_SECOND_NS);
}

static void
each_access_has_a_line(void **state)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	const char *keys[] = { "a", "none", "b" };
	struct bc_view view, views[3];
	struct bc_snapshot *snapshot;
	struct bc_bound *bound;
	struct bc_error err;
	uint64_t bytes, large;

	(void)state;
	open_traced();
	get("a", BC_MISS);
	options.cost_ns = 12345;
	assert_status(bc_put_blob(fixture.cache, "a", "xyz", 3, &options, &err),
	              BC_OK, &err);
	unit_put("b", 1, 1000);
	assert_status(bc_put_blob(fixture.cache, "a", NULL, 1, NULL, &err),
	              BC_INVALID, &err);
	get("a", BC_OK);
	assert_int_equal(bc_read(fixture.cache, "b", INT64_MIN, INT64_MAX, NULL,
	                         0, &view),
	                 BC_OK);
	bc_view_release(&view);
	assert_int_equal(bc_get_many(fixture.cache, keys, 3, views), BC_MISS);
	for (unsigned i = 0; i < 3; i++)
		bc_view_release(&views[i]);
	assert_status(bc_bind(fixture.cache, "b", &bound), BC_OK, NULL);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(bc_bound_get(bound, &view), BC_OK);
		bc_view_release(&view);
	}
	bc_unbind(bound);
	assert_status(bc_snapshot_open(fixture.cache, keys, 2, &snapshot, &err),
	              BC_OK, &err);
	assert_int_equal(bc_snapshot_get(snapshot, 0, &view), BC_OK);
	bc_view_release(&view);
	bc_snapshot_close(snapshot);
	bytes = unit_info("a").stored_bytes;
	large = unit_info("b").stored_bytes;
	assert_status(bc_flush(fixture.cache, &err), BC_OK, &err);
	read_trace();
	assert_int_equal(trace.count, 11);
	expect_access(0, BCI_ACCESS_MISS, "a", 0, 0);
	expect_access(1, BCI_ACCESS_PUT, "a", bytes, 12345);
	expect_access(2, BCI_ACCESS_PUT, "b", large, 0);
	expect_access(3, BCI_ACCESS_GET, "a", bytes, 0);
	expect_access(4, BCI_ACCESS_READ, "b", large, 0);
	expect_access(10, BCI_ACCESS_GET, "a", bytes, 0);
}

/* Hits, misses and puts are as many as the counters say. */
static void
counts_agree_with_the_counters(void **state)
{
	struct bc_stats stats;
	struct bc_rates rates;
	struct bc_error err;
	char key[8];

	(void)state;
	open_traced();
	for (unsigned i = 0; i < 3000; i++) {
		uint64_t random = test_mix(i, 3);

		snprintf(key, sizeof(key), "k%u", (unsigned)(random % 40));
		if (random >> 32 & 7) {
			struct bc_view view;

			if (bc_get(fixture.cache, key, &view) == BC_OK)
				bc_view_release(&view);
		} else {
			unit_put(key, i + 1, 1 + (random >> 40 & 63));
		}
	}
	assert_status(bc_flush(fixture.cache, &err), BC_OK, &err);
	stats = unit_stats();
	bc_rates(&stats.total, &rates);
	read_trace();
	assert_int_equal(trace.kinds[BCI_ACCESS_GET], rates.hits);
	assert_int_equal(trace.kinds[BCI_ACCESS_MISS], rates.misses);
	assert_int_equal(trace.kinds[BCI_ACCESS_PUT], stats.total.puts);
	assert_int_equal(trace.count, 3000);
	assert_true(rates.hits > 100 && rates.misses > 10);
}

#define ROWS 100000u

/* What goes is segments, so each has a line: when it is put, and when read. */
static void
segments_of_a_series_have_lines_of_their_own(void **state)
{
	static int64_t times[ROWS];
	static double closes[ROWS];
	const struct bc_column column = { "close", BC_F64, closes, NULL, 0 };
	const struct bc_frame frame = { ROWS, times, &column, 1 };
	struct bc_options options = unit_options();
	const char *key = "x/y/A/1m";
	uint64_t segments;
	struct bc_view view;
	struct bc_error err;

	(void)state;
	test_path(trace.path, fixture.dir.path, "trace");
	options.trace = trace.path;
	options.warm_bytes = 4 << 20; /* a segment takes a quarter at most */
	unit_restart(&options);
	for (unsigned i = 0; i < ROWS; i++)
		times[i] = (1700000040 + 60ll * i) * UNIT_SECOND_NS;
	assert_status(bc_append(fixture.cache, key, &frame, NULL, NULL, &err),
	              BC_OK, &err);
	segments = unit_info(key).segment_count;
	assert_true(segments > 1);
	for (unsigned i = 0; i < 2; i++) { /* No short cut the second time. */
		assert_int_equal(bc_read(fixture.cache, key, INT64_MIN,
		                         INT64_MAX, NULL, 0, &view),
		                 BC_OK);
		bc_view_release(&view);
	}
	assert_int_equal(bc_read(fixture.cache, key, times[10], times[20], NULL,
	                         0, &view),
	                 BC_OK);
	bc_view_release(&view);
	assert_status(bc_flush(fixture.cache, &err), BC_OK, &err);
	read_trace();
	assert_int_equal(trace.kinds[BCI_ACCESS_PUT], segments);
	assert_int_equal(trace.kinds[BCI_ACCESS_READ], 2 * segments + 1);
	for (uint64_t i = 0; i < segments; i++) {
		assert_true(trace.items[i].key ==
		            trace.items[segments + i].key);
		assert_int_equal(trace.items[i].bytes,
		                 trace.items[segments + i].bytes);
	}
	assert_true(trace.items[3 * segments].key == trace.items[0].key);
}

static void
get_in_child(void *unused)
{
	struct bc_view view;

	(void)unused;
	for (unsigned i = 0; i < 5; i++) {
		require(bc_get(fixture.cache, "a", &view) == BC_OK);
		bc_view_release(&view);
	}
	bc_close(fixture.cache);
}

static void
what_a_parent_has_in_memory_its_child_does_not_write(void **state)
{
	struct bc_error err;

	(void)state;
	open_traced();
	unit_put("a", 1, 10);
	get("a", BC_OK);
	assert_int_equal(test_child_run(get_in_child, NULL), 0);
	assert_status(bc_flush(fixture.cache, &err), BC_OK, &err);
	read_trace();
	assert_int_equal(trace.kinds[BCI_ACCESS_PUT], 1);
	assert_int_equal(trace.kinds[BCI_ACCESS_GET], 6);
}

static void
the_environment_names_a_file_and_options_come_first(void **state)
{
	struct bc_options options = unit_options();

	(void)state;
	test_path(trace.path, fixture.dir.path, "environment");
	assert_int_equal(setenv("BARCACHE_TRACE", trace.path, 1), 0);
	unit_restart(&options);
	unit_put("a", 1, 10);
	unit_reopen(
		&options); /* Closing writes, and the file is appended to. */
	get("a", BC_OK);
	unit_reopen(&options);
	read_trace();
	assert_int_equal(trace.count, 2);
	open_traced();
	get("b", BC_MISS);
	assert_int_equal(unsetenv("BARCACHE_TRACE"), 0);
	unit_reopen(NULL);
	get("b", BC_MISS);
	read_trace();
	assert_int_equal(trace.count, 1);
}

static void
what_is_no_trace_is_left_alone(void **state)
{
	struct bc_options options = unit_options();
	struct bc_cache *cache;
	char path[TEST_PATH], found[32] = "";
	struct bc_error err;
	FILE *file;

	(void)state;
	options.trace = test_path(path, fixture.dir.path, "notes");
	file = fopen(path, "we");
	assert_non_null(file);
	fputs("of another kind, by far\n", file);
	fclose(file);
	assert_status(bc_open(fixture.dir.cache, &options, &cache, &err),
	              BC_INVALID, &err);
	assert_null(cache);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(found, sizeof(found), file));
	fclose(file);
	assert_string_equal(found, "of another kind, by far\n");
	options.trace = test_path(path, fixture.dir.path, "no/such/file");
	assert_status(bc_open(fixture.dir.cache, &options, &cache, &err),
	              BC_ABSENT, &err);
	options.trace = fixture.dir.path;
	assert_int_not_equal(bc_open(fixture.dir.cache, &options, &cache, &err),
	                     BC_OK);
	assert_null(cache);
}

static void
lines_are_read_as_they_are_written(void **state)
{
	static const char *const wrong[] = {
		"x",
		"1 2 3",
		"1 2 3 x",
		"1 g 3 4",
		"1 2 -3 4",
		"9223372036854775808 2 3 4",
		"1 2 18446744073709551616 4",
	};
	const struct bci_access given = { INT64_MAX, UINT64_MAX, UINT64_MAX,
		                          UINT64_MAX, BCI_ACCESS_READ };
	struct bci_access found;
	char line[BCI_ACCESS_LINE];
	size_t bytes = bci_access_format(&given, line);

	(void)state;
	assert_int_equal(strlen(line), bytes);
	line[bytes - 1] = '\0';
	assert_int_equal(bci_access_parse(line, &found), BCI_LINE_ACCESS);
	assert_true(found.time_ns == given.time_ns && found.key == given.key &&
	            found.bytes == given.bytes &&
	            found.cost_ns == given.cost_ns && found.kind == given.kind);
	assert_int_equal(bci_access_parse("-7 ff 3 4 later", &found),
	                 BCI_LINE_ACCESS);
	assert_true(found.time_ns == -7 && found.key == 255 &&
	            found.kind == BCI_ACCESS_OTHER);
	assert_int_equal(bci_access_parse("# 1 2 3 4", &found),
	                 BCI_LINE_NOTHING);
	assert_int_equal(bci_access_parse("", &found), BCI_LINE_NOTHING);
	assert_int_equal(bci_access_parse(BCI_TRACE_HEAD, &found),
	                 BCI_LINE_NOTHING);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(bci_access_parse(wrong[i], &found),
		                 BCI_LINE_WRONG);
}

int
main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)
	static const struct CMUnitTest tests[] = {
		TEST(each_access_has_a_line),
		TEST(counts_agree_with_the_counters),
		TEST(segments_of_a_series_have_lines_of_their_own),
		TEST(what_a_parent_has_in_memory_its_child_does_not_write),
		TEST(the_environment_names_a_file_and_options_come_first),
		TEST(what_is_no_trace_is_left_alone),
		TEST(lines_are_read_as_they_are_written),
	};

	return cmocka_run_group_tests_name("tracer", tests, NULL, NULL);
}
