/* SPDX-License-Identifier: MIT */
/*
 * world.c - performing operations on a cache and on its model.
 *
 * A cache without room refuses an operation that the model can do; then neither
 * does it.
 */
#include "world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERIFY_EVERY 8

static struct bc_cache *
world_open(const struct model_world *world)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;

	options.flags = BC_OPEN_CREATE;
	options.warm_bytes = world->warm_bytes;
	assert_status(bc_open(world->path, &options, &cache, &err), BC_OK,
	              &err);
	return cache;
}

void
model_world_begin(struct model_world *world, const char *path,
                  uint64_t warm_bytes)
{
	memset(world, 0, sizeof(*world));
	world->path = path;
	world->warm_bytes = warm_bytes;
	world->checks = 12;
	for (size_t i = 0; i < MODEL_SHAPES; i++)
		world->series[i].shape = &model_shapes[i];
	world->cache = world_open(world);
	world->second = world_open(world);
}

void
model_world_end(struct model_world *world)
{
	for (size_t i = 0; i < MODEL_KEPT; i++)
		model_kept_release(&world->kept[i]);
	for (size_t i = 0; i < MODEL_SHAPES; i++)
		model_series_clear(&world->series[i]);
	bc_close(world->second);
	bc_close(world->cache);
}

/* ---- one operation ------------------------------------------------------- */

/* The rows of an operation as calls take them. */
struct world_call {
	const struct model_op *op;
	const char *key;
	struct model_frame frame;
	struct bc_append_options append;
	struct bc_put_options put;
	struct bc_counts counts;
	struct model_result expected;
};

static void
call_make(struct world_call *call, const struct model_op *op)
{
	static const struct bc_append_options append = {
		.struct_size = sizeof(append),
		.ttl_ns = BC_TTL_NONE, /* The model knows of no clock. */
	};
	static const struct bc_put_options put = BC_PUT_OPTIONS_INIT;
	unsigned shape = op->key + (op->kind == MODEL_WRONG);
	struct model_rows rows = { 0 };

	memset(call, 0, sizeof(*call));
	call->op = op;
	call->key = model_shapes[op->key].key;
	call->append = append;
	call->append.flags = op->flags;
	call->append.merge = op->merge;
	call->append.from_ns = op->from_ns;
	call->append.to_ns = op->to_ns;
	call->put = put;
	call->put.flags = op->flags & BC_APPEND_SUSPECT ? BC_PUT_SUSPECT : 0;
	model_op_rows(op, &rows);
	model_frame_make(&call->frame, &model_shapes[shape % MODEL_SHAPES],
	                 &rows, op->version);
	free(rows.items);
}

static enum bc_status
call_alone(struct world_call *call, struct bc_cache *cache, uint64_t *removed,
           struct bc_error *err)
{
	const struct model_op *op = call->op;

	switch (op->kind) {
	case MODEL_APPEND:
	case MODEL_WRONG:
		return bc_append(cache, call->key,
		                 op->rows > 0 ? &call->frame.frame : NULL,
		                 &call->append, &call->counts, err);
	case MODEL_PUT:
		return bc_put(cache, call->key, &call->frame.frame, &call->put,
		              &call->counts, err);
	case MODEL_BLOB:
		return bc_put_blob(cache, call->key, "bytes", 5, NULL, err);
	case MODEL_REMOVE:
		return bc_remove(cache, call->key, err);
	case MODEL_REMOVE_RANGE:
		return bc_remove_range(cache, call->key, op->from_ns, op->to_ns,
		                       removed, err);
	case MODEL_COMPACT:
		return bc_compact(cache, NULL, NULL, err);
	default:
		return BC_OK;
	}
}

static void
call_differs(const struct world_call *call, enum bc_status status,
             const struct bc_error *err)
{
	const struct bc_counts *found = &call->counts;
	const struct bc_counts *wanted = &call->expected.counts;

	fprintf(stderr,
	        "%s: %s (%s), row %" PRId64 ", expected %s, row %" PRId64 "\n"
	        "  inserted %" PRIu64 "/%" PRIu64 " updated %" PRIu64
	        "/%" PRIu64 " identical %" PRIu64 "/%" PRIu64
	        " conflicting %" PRIu64 "/%" PRIu64 " suspect %" PRIu64
	        "/%" PRIu64 " rejected %" PRIu64 "/%" PRIu64 "\n",
	        call->key, bc_status_name(status),
	        status == BC_OK ? "" : err->message,
	        status == BC_OK ? -1 : err->row,
	        bc_status_name(call->expected.status), call->expected.row,
	        found->inserted, wanted->inserted, found->updated,
	        wanted->updated, found->identical, wanted->identical,
	        found->conflicting, wanted->conflicting, found->suspect,
	        wanted->suspect, found->rejected, wanted->rejected);
	test_require_failed("what a call says", __FILE__, __LINE__);
}

/* What the call said and filled in must be what the model says. */
static void
call_compare(const struct world_call *call, enum bc_status status,
             const struct bc_error *err)
{
	const struct model_result *expected = &call->expected;
	const enum model_op_kind kind = call->op->kind;
	bool counts = kind == MODEL_APPEND || kind == MODEL_PUT;

	if (status != expected->status ||
	    (status != BC_OK && err->status != status) ||
	    ((status == BC_BARS || status == BC_EXISTS) &&
	     err->row != expected->row) ||
	    (status == BC_OK && counts &&
	     memcmp(&call->counts, &expected->counts, sizeof(call->counts)) !=
	             0))
		call_differs(call, status, err);
}

static bool
is_without_room(const struct model_world *world, enum bc_status status)
{
	return status == BC_FULL ||
	       (status == BC_TOO_LARGE && world->warm_bytes < (8 << 20));
}

static uint64_t
revision_of(struct bc_cache *cache, const char *key)
{
	char text[BC_KEY_MAX + 200];
	struct bc_info info;

	if (bc_info(cache, key, text, sizeof(text), &info, NULL) != BC_OK)
		return 0;
	return info.revision;
}

static bool
series_same(const struct model_series *one, const struct model_series *other)
{
	return one->kind == other->kind && one->open == other->open &&
	       one->rows.count == other->rows.count &&
	       one->known.count == other->known.count &&
	       (one->rows.count == 0 ||
	        memcmp(one->rows.items, other->rows.items,
	               one->rows.count * sizeof(*one->rows.items)) == 0) &&
	       (one->known.count == 0 ||
	        memcmp(one->known.items, other->known.items,
	               one->known.count * sizeof(*one->known.items)) == 0);
}

void
model_world_perform(struct model_world *world, const struct model_op *op)
{
	struct model_series *series = &world->series[op->key];
	struct bc_cache *cache =
		op->check % 4 == 0 ? world->second : world->cache;
	uint64_t removed = 0, expected_removed = 0, revision;
	struct model_series before;
	struct world_call call;
	enum bc_status status;
	struct bc_error err;

	if (op->kind == MODEL_WRONG &&
	    (series->rows.count == 0 || op->rows == 0))
		return;
	revision = revision_of(cache, series->shape->key);
	model_series_copy(&before, series);
	call_make(&call, op);
	call.expected = model_op_apply(op, series, &expected_removed);
	status = call_alone(&call, cache, &removed, &err);
	if (is_without_room(world, status)) {
		model_series_clear(series);
		model_series_copy(series, &before);
		world->full++;
	} else {
		call_compare(&call, status, &err);
		require(removed == expected_removed);
		if (op->kind == MODEL_APPEND && series_same(series, &before))
			require(revision_of(cache, series->shape->key) ==
			        revision);
	}
	model_series_clear(&before);
	model_frame_free(&call.frame);
}

/* ---- batches ------------------------------------------------------------- */

static bool
is_for_batch(const struct model_op *op)
{
	return op->kind == MODEL_APPEND || op->kind == MODEL_PUT ||
	       op->kind == MODEL_BLOB || op->kind == MODEL_REMOVE;
}

/* Whether a later operation of the batch makes this one void. */
static bool
is_void(const struct model_op *ops, size_t count, size_t index)
{
	for (size_t i = index + 1; i < count; i++)
		if (ops[i].key == ops[index].key && ops[i].kind != MODEL_APPEND)
			return true;
	return false;
}

static enum bc_status
call_add(struct world_call *call, struct bc_batch *batch, struct bc_error *err)
{
	const struct model_op *op = call->op;

	switch (op->kind) {
	case MODEL_APPEND:
		return bc_batch_append(batch, call->key,
		                       op->rows > 0 ? &call->frame.frame : NULL,
		                       &call->append, &call->counts, err);
	case MODEL_PUT:
		return bc_batch_put(batch, call->key, &call->frame.frame,
		                    &call->put, &call->counts, err);
	case MODEL_BLOB:
		return bc_batch_put_blob(batch, call->key, "bytes", 5, NULL,
		                         err);
	default:
		return bc_batch_remove(batch, call->key, err);
	}
}

/*
 * Put into the batch and the model what can be done; calls[i] is that of
 * ops[i], whose op is NULL where it is void or cannot be done.  Returns what
 * the commit must.
 */
static enum bc_status
batch_fill(struct model_world *world, const struct model_op *ops, size_t count,
           struct bc_batch *batch, struct world_call *calls)
{
	enum bc_status commit = BC_OK;
	struct bc_error err;
	uint64_t removed;

	for (size_t i = 0; i < count; i++) {
		struct model_series *series = &world->series[ops[i].key];
		struct model_result result = { .status = BC_OK };

		call_make(&calls[i], &ops[i]);
		if (is_void(ops, count, i))
			calls[i].op = NULL;
		else
			result = model_op_apply(&ops[i], series, &removed);
		if (result.status == BC_BARS || result.status == BC_INVALID) {
			calls[i].op = NULL;
			continue;
		}
		if (result.status == BC_EXISTS)
			commit = commit == BC_OK ? BC_EXISTS : commit;
		calls[i].expected = result;
		if (calls[i].op != NULL)
			assert_status(call_add(&calls[i], batch, &err), BC_OK,
			              &err);
	}
	return commit;
}

static void
world_batch(struct model_world *world, const struct model_op *ops, size_t count)
{
	static struct world_call calls[MODEL_BATCH];
	struct model_series before[MODEL_SHAPES];
	enum bc_status expected, status;
	struct bc_batch *batch = NULL;
	struct bc_error err;
	size_t i;

	for (i = 0; i < MODEL_SHAPES; i++)
		model_series_copy(&before[i], &world->series[i]);
	assert_status(bc_batch_begin(world->cache, &batch, &err), BC_OK, &err);
	expected = batch_fill(world, ops, count, batch, calls);
	status = bc_batch_commit(&batch, &err);
	require(batch == NULL);
	if (!is_without_room(world, status))
		assert_status(status, expected, &err);
	else
		world->full++;
	for (i = 0; i < MODEL_SHAPES; i++) {
		if (status != BC_OK) {
			model_series_clear(&world->series[i]);
			world->series[i] = before[i];
		} else {
			model_series_clear(&before[i]);
		}
	}
	for (i = 0; i < count; i++) {
		if (status == BC_OK && calls[i].op != NULL &&
		    calls[i].op->kind != MODEL_REMOVE)
			call_compare(&calls[i], BC_OK, &err);
		model_frame_free(&calls[i].frame);
	}
}

/* ---- comparing ----------------------------------------------------------- */

static void
world_compare(struct model_world *world, const struct model_op *op)
{
	struct bc_cache *cache =
		op->check % 3 == 0 ? world->second : world->cache;
	struct model_dice dice = { .seed = op->check };
	const struct model_series *series = &world->series[op->key];
	struct bc_verify_report report;
	struct bc_error err;
	unsigned i;

	model_check_whole(cache, series);
	model_check_missing(cache, world->series, MODEL_SHAPES, &dice);
	for (i = 0; i < world->checks; i++) {
		struct model_kept *kept = &world->kept[i % MODEL_KEPT];

		model_check_read(cache, series, &dice,
		                 model_roll(&dice, 8) == 0 ? kept : NULL);
	}
	model_check_stream(cache, series, &dice);
	model_check_window(cache, series, &dice);
	for (i = 0; i < MODEL_KEPT; i++)
		model_kept_check(&world->kept[i]);
	if (world->done % VERIFY_EVERY != 0)
		return;
	for (i = 0; i < MODEL_SHAPES; i++)
		model_check_whole(cache, &world->series[i]);
	assert_status(bc_verify(cache, NULL, NULL, NULL, &report, &err), BC_OK,
	              &err);
}

void
model_world_run(struct model_world *world, const struct model_op *ops,
                size_t count)
{
	size_t i, n;

	for (i = 0; i < count; i += n) {
		n = 1;
		while (ops[i].batch != 0 && is_for_batch(&ops[i]) &&
		       i + n < count && n < MODEL_BATCH &&
		       ops[i + n].batch == ops[i].batch &&
		       is_for_batch(&ops[i + n]))
			n++;
		if (n > 1) {
			world_batch(world, &ops[i], n);
		} else if (ops[i].kind == MODEL_REOPEN) {
			bc_close(world->cache);
			world->cache = world_open(world);
		} else {
			model_world_perform(world, &ops[i]);
		}
		world->done += n;
		world_compare(world, &ops[i + n - 1]);
	}
}
