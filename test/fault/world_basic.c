/* SPDX-License-Identifier: MIT */
/*
 * world_basic.c - the public calls that everybody uses.  Each returns the
 * status of the call and notes what it read, and whether it set an output
 * although it failed.
 */
#include "world.h"

#include <stdio.h>

void
old_key(unsigned index, char key[24])
{
	snprintf(key, 24, "old/%u", index);
}

static enum bc_status
call_open(struct world *world, struct bc_error *err)
{
	enum bc_status status =
		bc_open(world->dir.cache, &world->options, &world->cache, err);

	world->filled = status != BC_OK && world->cache != NULL;
	return status;
}

static enum bc_status
call_put(struct world *world, struct bc_error *err)
{
	return test_value_put(world->cache, &world->value, err);
}

static enum bc_status
call_batch(struct world *world, struct bc_error *err)
{
	struct bc_batch *batch = NULL;
	enum bc_status status = bc_batch_begin(world->cache, &batch, err);

	if (status != BC_OK) {
		world->filled = batch != NULL;
		return status;
	}
	status = test_value_add(batch, &world->value, err);
	if (status == BC_OK)
		status = bc_batch_put_blob(batch, "other", "abc", 3, NULL, err);
	if (status == BC_OK)
		status = bc_batch_remove(batch, "absent", err);
	if (status != BC_OK) {
		bc_batch_abort(batch);
		return status;
	}
	status = bc_batch_commit(&batch, err);
	world->filled = batch != NULL;
	return status;
}

static enum bc_status
call_remove(struct world *world, struct bc_error *err)
{
	return bc_remove(world->cache, "target", err);
}

/* The version in 'view', which is released; the view of a failure is zero. */
enum bc_status
world_view_done(struct world *world, enum bc_status status,
                struct bc_view *view)
{
	if (status != BC_OK) {
		world->filled = view->data != NULL || view->rows != 0 ||
		                view->schema != NULL || view->bytes != 0;
		return status;
	}
	world->seen = test_view_version(view, "target", WORLD_SEED);
	bc_view_release(view);
	return status;
}

static enum bc_status
call_get(struct world *world, struct bc_error *err)
{
	struct bc_view view;

	(void)err;
	return world_view_done(world, bc_get(world->cache, "target", &view),
	                       &view);
}

static enum bc_status
call_get_many(struct world *world, struct bc_error *err)
{
	static const char *const keys[] = { "old/0", "target" };
	struct bc_view views[2];
	enum bc_status status;

	(void)err;
	status = bc_get_many(world->cache, keys, 2, views);
	if (status == BC_OK)
		bc_view_release(&views[0]);
	return world_view_done(world, status, &views[1]);
}

static enum bc_status
call_snapshot(struct world *world, struct bc_error *err)
{
	static const char *const keys[] = { "old/0", "target" };
	struct bc_snapshot *snapshot = NULL;
	enum bc_status status;
	struct bc_view view;

	status = bc_snapshot_open(world->cache, keys, 2, &snapshot, err);
	if (status != BC_OK) {
		world->filled = snapshot != NULL;
		return status;
	}
	status = bc_snapshot_get(snapshot, 1, &view);
	bc_snapshot_close(snapshot);
	if (err != NULL)
		err->status = status; /* That call has no words of its own. */
	return world_view_done(world, status, &view);
}

static enum bc_status
call_bind(struct world *world, struct bc_error *err)
{
	struct bc_bound *bound = NULL;
	enum bc_status status;
	struct bc_view view;

	(void)err;
	status = bc_bind(world->cache, "target", &bound);
	if (status != BC_OK) {
		world->filled = bound != NULL;
		return status;
	}
	status = bc_bound_get(bound, &view);
	bc_unbind(bound);
	return world_view_done(world, status, &view);
}

static enum bc_status
call_exists(struct world *world, struct bc_error *err)
{
	enum bc_status status = bc_exists(world->cache, "target", NULL);

	(void)err;
	world->seen = world->version;
	return status;
}

static int
list_count(void *context, const struct bc_info *info)
{
	unsigned *count = context;

	(void)info;
	(*count)++;
	return 0;
}

static enum bc_status
call_list(struct world *world, struct bc_error *err)
{
	struct bc_filter filter = { .regex = "^(old|target)" };
	enum bc_status status;
	unsigned count = 0;

	status = bc_list(world->cache, &filter, list_count, &count, err);
	if (status == BC_OK && count == WORLD_KEYS + 1)
		world->seen = world->version;
	return status;
}

static enum bc_status
call_info(struct world *world, struct bc_error *err)
{
	struct bc_info info;
	enum bc_status status;
	char text[512];

	status =
		bc_info(world->cache, "target", text, sizeof(text), &info, err);
	if (status == BC_OK && info.rows == 300)
		world->seen = world->version;
	return status;
}

static enum bc_status
call_stats(struct world *world, struct bc_error *err)
{
	struct bc_stats stats;
	enum bc_status status;

	status = bc_stats(world->cache, &stats, err);
	if (status == BC_OK && stats.entries >= WORLD_KEYS + 1)
		world->seen = world->version;
	return status;
}

static enum bc_status
call_config(struct world *world, struct bc_error *err)
{
	struct bc_config config;
	enum bc_status status;

	world->seen = world->version;
	status = bc_config_get(world->cache, &config, err);
	if (status != BC_OK)
		return status;
	config.sync_interval_ms++;
	return bc_config_set(world->cache, &config, err);
}

static enum bc_status
call_sync(struct world *world, struct bc_error *err)
{
	world->seen = world->version;
	return bc_sync(world->cache, err);
}

static enum bc_status
call_verify(struct world *world, struct bc_error *err)
{
	struct bc_verify_report report;

	world->seen = world->version;
	return bc_verify(world->cache, NULL, NULL, NULL, &report, err);
}

const struct call basic_calls[] = {
	{ "bc_open, creating", "bc_open", call_open, CREATES, true, 300 },
	{ "bc_open", "bc_open", call_open, OPENS, true, 300 },
	{ "bc_put, large", "bc_put", call_put, PUTS, true, 9000 },
	{ "bc_put", "bc_put", call_put, PUTS, true, 300 },
	{ "bc_put, inline", "bc_put", call_put, PUTS, true, 8 },
	{ "bc_put_blob", "bc_put_blob", call_put, PUTS, true, 0 },
	{ "bc_batch_commit",
	  "bc_batch_begin bc_batch_put bc_batch_put_blob "
	  "bc_batch_remove bc_batch_commit",
	  call_batch, PUTS, true, 300 },
	{ "bc_remove", "bc_remove", call_remove, REMOVES, true, 300 },
	{ "bc_get", "bc_get", call_get, READS, false, 300 },
	{ "bc_get_many", "bc_get_many", call_get_many, READS, false, 300 },
	{ "bc_snapshot_open", "bc_snapshot_open bc_snapshot_get", call_snapshot,
	  READS, true, 300 },
	{ "bc_bind", "bc_bind bc_bound_get", call_bind, READS, false, 300 },
	{ "bc_exists", "bc_exists", call_exists, READS, false, 300 },
	{ "bc_list", "bc_list", call_list, READS, true, 300 },
	{ "bc_info", "bc_info", call_info, READS, true, 300 },
	{ "bc_stats", "bc_stats", call_stats, READS, true, 300 },
	{ "bc_config_set", "bc_config_get bc_config_set", call_config, READS,
	  true, 300 },
	{ "bc_sync", "bc_sync", call_sync, READS, true, 300 },
	{ "bc_verify", "bc_verify", call_verify, READS, true, 300 },
};

const unsigned basic_call_count = CALL_COUNT(basic_calls);
