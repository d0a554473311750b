/* SPDX-License-Identifier: MIT */
/*
 * test_label.c - tags, dependencies and pins: found both ways, and gone with
 * their entry.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "labelling.h"

/* ---- what is listed ----------------------------------------------------- */

/* "kind:text" or "text:key" of all that is listed, joined by blanks. */
struct listed {
	char text[4096];
	bool by_key;
	unsigned most;
};

static int
listed_add(void *context, const struct bc_label *label)
{
	struct listed *listed = context;
	size_t used = strlen(listed->text);

	assert_true(label->since_ns > 0);
	if (listed->by_key)
		snprintf(listed->text + used, sizeof(listed->text) - used,
		         "%s%s:%s", used != 0 ? " " : "", label->text,
		         label->key);
	else
		snprintf(listed->text + used, sizeof(listed->text) - used,
		         "%s%d:%s", used != 0 ? " " : "", (int)label->kind,
		         label->text);
	return listed->most != 0 && --listed->most == 0;
}

static void
expect_labels(const char *key, enum bc_label_kind kind, const char *expected)
{
	struct listed listed = { .text = "" };
	struct bc_error err;

	assert_status(
		bc_labels(fixture.cache, key, kind, listed_add, &listed, &err),
		BC_OK, &err);
	assert_string_equal(listed.text, expected);
}

static void
expect_labelled(enum bc_label_kind kind, const char *text, const char *expected)
{
	struct listed listed = { .text = "", .by_key = true };
	struct bc_error err;

	assert_status(bc_labelled(fixture.cache, kind, text, listed_add,
	                          &listed, &err),
	              BC_OK, &err);
	assert_string_equal(listed.text, expected);
}

#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
tag(const char *key, const char *const *tags, enum bc_labelling how)
{
	struct bc_error err;

	assert_status(bc_tag(fixture.cache, key, tags, how, &err), BC_OK, &err);
}

static uint64_t
invalidate(const char *key, unsigned flags)
{
	uint64_t removed = 99;
	struct bc_error err;

	assert_status(bc_invalidate(fixture.cache, key, flags, &removed, &err),
	              BC_OK, &err);
	return removed;
}

/* ---- tags --------------------------------------------------------------- */

static void
tags_are_found_both_ways(void **state)
{
	(void)state;
	unit_put("a", 1, 10);
	unit_put("b", 1, 1000);
	expect_labels("a", 0, "");
	tag("a", TEXTS("fast", "crypto"), BC_LABELS_ADD);
	tag("b", TEXTS("crypto"), BC_LABELS_ADD);
	expect_labels("a", 0, "1:crypto 1:fast");
	expect_labels("a", BC_LABEL_BACKTEST, "");
	expect_labelled(BC_LABEL_TAG, "crypto", "crypto:a crypto:b");
	expect_labelled(BC_LABEL_TAG, "fast", "fast:a");
	expect_labelled(BC_LABEL_TAG, NULL, "crypto:a crypto:b fast:a");
	expect_labelled(BC_LABEL_TAG, "cry", "");
	expect_labelled(BC_LABEL_TAG, "crypto2", "");
	expect_labelled(BC_LABEL_PARENT, NULL, "");
	assert_int_equal(unit_info("a").labelled, 1);
}

static void
tagging_anew_leaves_no_old_tag(void **state)
{
	(void)state;
	unit_put("a", 1, 10);
	tag("a", TEXTS("x", "y"), BC_LABELS_ADD);
	tag("a", TEXTS("y", "z"), BC_LABELS_REPLACE);
	expect_labels("a", 0, "1:y 1:z");
	expect_labelled(BC_LABEL_TAG, NULL, "y:a z:a");
	tag("a", TEXTS("z", "none"), BC_LABELS_REMOVE);
	expect_labels("a", 0, "1:y");
	tag("a", NULL, BC_LABELS_REPLACE);
	expect_labels("a", 0, "");
	expect_labelled(BC_LABEL_TAG, NULL, "");
	assert_int_equal(unit_info("a").labelled, 0);
}

static void
a_put_replaces_tags_only_if_it_gives_some(void **state)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_error err;

	(void)state;
	options.tags = TEXTS("old", "both");
	assert_status(bc_put_blob(fixture.cache, "a", "x", 1, &options, &err),
	              BC_OK, &err);
	expect_labels("a", 0, "1:both 1:old");
	unit_depend("a", "parent");
	unit_put("a", 2, 5000);
	expect_labels("a", 0, "1:both 1:old 3:parent");
	options.tags = TEXTS("new", "both");
	assert_status(bc_put_blob(fixture.cache, "a", "y", 1, &options, &err),
	              BC_OK, &err);
	expect_labels("a", 0, "1:both 1:new 3:parent");
	expect_labelled(BC_LABEL_TAG, NULL, "both:a new:a");
	options.tags = TEXTS("new", "");
	assert_status(bc_put_blob(fixture.cache, "a", "z", 1, &options, &err),
	              BC_INVALID, &err);
	expect_labels("a", 0, "1:both 1:new 3:parent");
}

static void
removing_an_entry_removes_its_labels(void **state)
{
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 10);
	unit_put("b", 1, 10);
	tag("a", TEXTS("x", "y"), BC_LABELS_ADD);
	tag("b", TEXTS("x"), BC_LABELS_ADD);
	assert_status(bc_link(fixture.cache, "run", "a", 1, &err), BC_OK, &err);
	assert_status(bc_remove(fixture.cache, "a", &err), BC_OK, &err);
	expect_labelled(BC_LABEL_TAG, NULL, "x:b");
	expect_labelled(BC_LABEL_BACKTEST, NULL, "");
	/* A value that comes back has none of them. */
	unit_put("a", 2, 10);
	expect_labels("a", 0, "");
	assert_int_equal(unit_info("a").labelled, 0);
}

static void
labels_need_an_entry_and_a_text(void **state)
{
	char longest[BC_LABEL_MAX + 2];
	struct listed listed = { .text = "" };
	struct bc_error err;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[BC_LABEL_MAX + 1] = '\0';
	assert_status(
		bc_tag(fixture.cache, "a", TEXTS("x"), BC_LABELS_ADD, &err),
		BC_MISS, &err);
	assert_status(
		bc_labels(fixture.cache, "a", 0, listed_add, &listed, &err),
		BC_MISS, &err);
	unit_put("a", 1, 10);
	assert_status(
		bc_tag(fixture.cache, "", TEXTS("x"), BC_LABELS_ADD, &err),
		BC_KEY, &err);
	assert_status(
		bc_tag(fixture.cache, "a", TEXTS(""), BC_LABELS_ADD, &err),
		BC_INVALID, &err);
	assert_status(
		bc_tag(fixture.cache, "a", TEXTS("a\nb"), BC_LABELS_ADD, &err),
		BC_INVALID, &err);
	assert_status(
		bc_tag(fixture.cache, "a", TEXTS("\xff"), BC_LABELS_ADD, &err),
		BC_INVALID, &err);
	assert_status(
		bc_tag(fixture.cache, "a", TEXTS(longest), BC_LABELS_ADD, &err),
		BC_INVALID, &err);
	assert_status(bc_tag(fixture.cache, "a", TEXTS("x"),
	                     (enum bc_labelling)7, &err),
	              BC_INVALID, &err);
	assert_status(bc_labelled(fixture.cache, (enum bc_label_kind)4, "x",
	                          listed_add, &listed, &err),
	              BC_INVALID, &err);
	expect_labels("a", 0, "");
	longest[BC_LABEL_MAX] = '\0';
	tag("a", TEXTS(longest), BC_LABELS_ADD);
	expect_labelled(BC_LABEL_TAG, longest + 1, "");
	tag("a", TEXTS("t"), BC_LABELS_REPLACE);
	expect_labels("a", 0, "1:t");
	listed.most = 1;
	tag("a", TEXTS("u"), BC_LABELS_ADD);
	assert_status(
		bc_labels(fixture.cache, "a", 0, listed_add, &listed, &err),
		BC_OK, &err);
	assert_string_equal(listed.text, "1:t");
}

static void
labels_live_through_what_happens_to_the_entry(void **state)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	const int64_t times[] = { 60000000000, 120000000000 };
	const double close[] = { 1, 2 };
	const struct bc_column column = { .name = "close",
		                          .type = BC_F64,
		                          .data = close };
	const struct bc_frame frame = { 2, times, &column, 1 };
	struct bc_counts counts;
	struct bc_error err;

	(void)state;
	options.tags = TEXTS("x");
	assert_status(
		bc_append(fixture.cache, "s", &frame, &options, &counts, &err),
		BC_OK, &err);
	assert_int_equal(counts.inserted, 2);
	expect_labels("s", 0, "1:x");
	/* Nothing but the labels is new. */
	options.tags = TEXTS("y");
	options.backtest = "run";
	assert_status(
		bc_append(fixture.cache, "s", &frame, &options, &counts, &err),
		BC_OK, &err);
	assert_int_equal(counts.identical, 2);
	expect_labels("s", 0, "1:y 2:run");
	assert_status(bc_pin(fixture.cache, "s", 1, &err), BC_OK, &err);
	assert_status(bc_put(fixture.cache, "s", &frame, NULL, NULL, &err),
	              BC_OK, &err);
	assert_int_equal(unit_info("s").kind, BC_FRAME);
	assert_status(bc_append(fixture.cache, "s", &frame, NULL, NULL, &err),
	              BC_OK, &err);
	assert_status(bc_remove_range(fixture.cache, "s", INT64_MIN, INT64_MAX,
	                              NULL, &err),
	              BC_OK, &err);
	expect_labels("s", 0, "1:y 2:run");
	assert_int_equal(unit_info("s").pinned, 1);
	unit_reopen(NULL);
	expect_labels("s", 0, "1:y 2:run");
	assert_status(bc_pin(fixture.cache, "s", 0, &err), BC_OK, &err);
	assert_int_equal(unit_info("s").pinned, 0);
	assert_status(bc_pin(fixture.cache, "none", 1, &err), BC_MISS, &err);
}

/* A view that is bound to the value is served as it was. */
static void
labels_change_no_value(void **state)
{
	struct bc_bound *bound;
	uint64_t revision;
	struct bc_view view;
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 1000);
	revision = unit_info("a").revision;
	assert_status(bc_bind(fixture.cache, "a", &bound), BC_OK, NULL);
	tag("a", TEXTS("x"), BC_LABELS_ADD);
	assert_status(bc_pin(fixture.cache, "a", 1, &err), BC_OK, &err);
	assert_status(bc_bound_get(bound, &view), BC_OK, NULL);
	assert_int_equal(view.revision, revision);
	assert_int_equal(test_view_version(&view, "a", UNIT_SEED), 1);
	bc_view_release(&view);
	bc_unbind(bound);
}

/* ---- dependencies ------------------------------------------------------- */

static void
what_was_made_of_it_goes_with_it(void **state)
{
	(void)state;
	unit_put("raw", 1, 10);
	unit_put("hourly", 1, 10);
	unit_put("sma", 1, 10);
	unit_put("other", 1, 10);
	unit_depend("hourly", "raw");
	unit_depend("sma", "hourly");
	unit_depend("sma", "raw");
	expect_labelled(BC_LABEL_PARENT, "raw", "raw:hourly raw:sma");
	expect_labels("sma", BC_LABEL_PARENT, "3:hourly 3:raw");
	assert_int_equal(invalidate("raw", 0), 2);
	expect_hit(fixture.cache, "raw", 1);
	expect_hit(fixture.cache, "other", 1);
	expect_miss(fixture.cache, "hourly", BC_MISS_ABSENT);
	expect_miss(fixture.cache, "sma", BC_MISS_ABSENT);
	expect_labelled(BC_LABEL_PARENT, NULL, "");
	assert_int_equal(invalidate("raw", 0), 0);
	assert_int_equal(invalidate("raw", BC_INVALIDATE_SELF), 1);
	assert_int_equal(invalidate("raw", BC_INVALIDATE_SELF), 0);
	expect_miss(fixture.cache, "raw", BC_MISS_ABSENT);
	expect_hit(fixture.cache, "other", 1);
}

static void
cycles_and_diamonds_end(void **state)
{
	(void)state;
	unit_put("a", 1, 10);
	unit_put("b", 1, 10);
	unit_put("c", 1, 10);
	unit_put("d", 1, 10);
	unit_depend("b", "a");
	unit_depend("c", "a");
	unit_depend("d", "b");
	unit_depend("d", "c");
	unit_depend("a", "d");
	unit_depend("c", "c");
	assert_int_equal(invalidate("a", 0), 3);
	expect_hit(fixture.cache, "a", 1);
	expect_labels("a", 0, "3:d");
	unit_put("d", 2, 10);
	unit_depend("d", "a");
	assert_int_equal(invalidate("d", BC_INVALIDATE_SELF), 2);
	assert_int_equal(unit_stats().entries, 0);
}

static void
a_parent_need_not_exist(void **state)
{
	uint64_t removed;
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 10);
	unit_depend("a", "nowhere");
	assert_status(
		bc_invalidate(fixture.cache, "nowhere", 2, &removed, &err),
		BC_INVALID, &err);
	assert_status(bc_invalidate(fixture.cache, "", 0, &removed, &err),
	              BC_KEY, &err);
	assert_int_equal(invalidate("nowhere", BC_INVALIDATE_SELF), 1);
	assert_int_equal(unit_stats().entries, 0);
}

#define MANY 10000

static void
ten_thousand_dependents_go_in_one_commit(void **state)
{
	struct bc_batch *batch;
	uint64_t revision;
	struct bc_error err;
	char key[32], parent[32];

	(void)state;
	assert_status(bc_batch_begin(fixture.cache, &batch, &err), BC_OK, &err);
	for (unsigned i = 0; i <= MANY; i++) {
		snprintf(key, sizeof(key), "e%u", i);
		assert_status(bc_batch_put_blob(batch, key, "x", 1, NULL, &err),
		              BC_OK, &err);
	}
	assert_status(bc_batch_commit(&batch, &err), BC_OK, &err);
	/* Half of them a star, half of them a chain. */
	for (unsigned i = 1; i <= MANY; i++) {
		snprintf(key, sizeof(key), "e%u", i);
		snprintf(parent, sizeof(parent), "e%u",
		         i <= MANY / 2 ? 0 : i - 1);
		unit_depend(key, parent);
	}
	unit_put("keep", 1, 10);
	revision = unit_info("keep").revision;
	assert_int_equal(invalidate("e0", 0), MANY);
	assert_int_equal(unit_stats().entries, 2);
	unit_put("keep", 2, 10);
	assert_int_equal(unit_info("keep").revision, revision + 2);
}

/* ---- what bc_read_derived() keeps --------------------------------------- */

/* Store ten hours of minutes, and have them resampled. */
static void
derive_raw(void)
{
	struct bc_resample hourly = BC_RESAMPLE_INIT;
	struct bc_derive derive = BC_DERIVE_INIT;
	int64_t times[600];
	double close[600];
	const struct bc_column column = { .name = "close",
		                          .type = BC_F64,
		                          .data = close };
	const struct bc_frame frame = { 600, times, &column, 1 };
	struct bc_error err;
	struct bc_view view;

	for (int i = 0; i < 600; i++) {
		times[i] = i * INT64_C(60000000000);
		close[i] = i;
	}
	assert_status(bc_put(fixture.cache, "raw", &frame, NULL, NULL, &err),
	              BC_OK, &err);
	hourly.timeframe = "1h";
	derive.resample = &hourly;
	assert_status(bc_read_derived(fixture.cache, "raw", 0, times[599] + 1,
	                              0, &derive, &view, &err),
	              BC_OK, &err);
	bc_view_release(&view);
	assert_int_equal(unit_stats().entries, 2);
}

static void
derived_frames_go_with_their_source(void **state)
{
	struct bc_error err;

	(void)state;
	derive_raw();
	/* One that a user stored is not the library's to remove. */
	unit_put("mine", 1, 10);
	unit_depend("mine", "raw");
	assert_status(bc_remove(fixture.cache, "raw", &err), BC_OK, &err);
	assert_int_equal(unit_stats().entries, 1);
	expect_hit(fixture.cache, "mine", 1);
	expect_labelled(BC_LABEL_PARENT, NULL, "raw:mine");
}

/* Whether the one entry whose key begins with "derived/" is of no use. */
static int
see_derived(void *context, const struct bc_info *info)
{
	snprintf(context, BC_KEY_MAX + 1, "%s", info->key);
	return 0;
}

static bool
derived_is_lost(void)
{
	static const struct bc_filter filter = { .prefix = "derived/" };
	struct bci_env *env = atomic_load(&fixture.cache->env);
	char key[BC_KEY_MAX + 1] = "";
	struct bci_entry_record head;
	struct bci_writer writer;
	struct bc_error err;
	bool lost;

	assert_status(bc_list(fixture.cache, &filter, see_derived, key, &err),
	              BC_OK, &err);
	assert_status(bci_writer_begin(fixture.cache, env, &writer, &err),
	              BC_OK, &err);
	assert_status(bci_entry_head(&writer, key, strlen(key), &head, &err),
	              BC_OK, &err);
	assert_status(bci_parent_is_lost(&writer, &head, &lost, &err), BC_OK,
	              &err);
	bci_writer_abort(&writer);
	return lost;
}

static void
derived_frames_are_lost_when_their_source_changes(void **state)
{
	const struct bc_filter derived = { .prefix = "derived/" };
	char key[BC_KEY_MAX + 1] = "";
	struct bc_error err;

	(void)state;
	derive_raw();
	assert_false(derived_is_lost());
	assert_status(bc_list(fixture.cache, &derived, see_derived, key, &err),
	              BC_OK, &err);
	unit_put("later", 1, 10);
	unit_put("raw", 1, 10);
	assert_true(derived_is_lost());
	/* What else it depends on is no source of it. */
	unit_depend(key, "later");
	unit_depend(key, "absent");
	assert_true(derived_is_lost());
}

/* ---- evicted ------------------------------------------------------------ */

/* Link 'key' with a backtest and put others until it is evicted. */
static void
link_and_evict(const char *key)
{
	enum bc_miss miss = BC_MISS_NONE;
	struct bc_error err;
	char other[16];

	assert_status(bc_link(fixture.cache, "run", key, 1, &err), BC_OK, &err);
	for (unsigned i = 0; bc_exists(fixture.cache, key, &miss) == BC_OK;
	     i++) {
		assert_true(i < 1000);
		snprintf(other, sizeof(other), "other%u", i);
		unit_put(other, 1, 3000);
	}
	assert_int_equal(miss, BC_MISS_EVICTED);
}

static void
what_is_evicted_keeps_its_labels_until_it_is_forgotten(void **state)
{
	struct bc_options options = unit_options();
	struct bc_cleared cleared;
	struct bc_error err;

	(void)state;
	options.warm_bytes = 1 << 20;
	options.cold_bytes = 4096;
	unit_restart(&options);
	unit_put("x", 1, 1000);
	tag("x", TEXTS("a", "b"), BC_LABELS_ADD);
	link_and_evict("x");
	expect_labels("x", 0, "1:a 1:b 2:run");
	expect_labelled(BC_LABEL_TAG, "a", "a:x");
	unit_put("x", 2, 1000);
	expect_labels("x", 0, "1:a 1:b 2:run");
	link_and_evict("x");
	assert_status(bc_remove(fixture.cache, "x", &err), BC_MISS, &err);
	expect_miss(fixture.cache, "x", BC_MISS_ABSENT);
	expect_labelled(BC_LABEL_BACKTEST, "run", "");
	unit_put("y", 1, 1000);
	link_and_evict("y");
	assert_status(
		bc_clear_backtest(fixture.cache, "run", 0, &cleared, &err),
		BC_OK, &err);
	assert_int_equal(cleared.unlinked, 1);
	assert_int_equal(cleared.removed, 0);
	expect_miss(fixture.cache, "y", BC_MISS_ABSENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, unit_teardown)
		CASE(tags_are_found_both_ways),
		CASE(tagging_anew_leaves_no_old_tag),
		CASE(a_put_replaces_tags_only_if_it_gives_some),
		CASE(removing_an_entry_removes_its_labels),
		CASE(labels_need_an_entry_and_a_text),
		CASE(labels_live_through_what_happens_to_the_entry),
		CASE(labels_change_no_value),
		CASE(what_was_made_of_it_goes_with_it),
		CASE(cycles_and_diamonds_end),
		CASE(a_parent_need_not_exist),
		CASE(ten_thousand_dependents_go_in_one_commit),
		CASE(derived_frames_go_with_their_source),
		CASE(derived_frames_are_lost_when_their_source_changes),
		CASE(what_is_evicted_keeps_its_labels_until_it_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
