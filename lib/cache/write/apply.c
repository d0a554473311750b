/* SPDX-License-Identifier: MIT */
/*
 * apply.c - storing the operations of a commit.
 *
 * Sorted by key, of several puts on one key only the last.  Then removals,
 * small values, large values, appends: small ones of one commit share LMDB
 * values ("bundles"), so that a million tiny frames do not take a million
 * pages; a single tiny one lies in its catalogue record.
 */
#include "common.h"

#include "entry.h"
#include "error.h"
#include "expire.h"
#include "growth.h"
#include "hash.h"
#include "labelling.h"
#include "measure.h"
#include "operation.h"
#include "policy.h"
#include "tally.h"
#include "victim.h"
#include "writer.h"

#define BUNDLE_BYTES (256u << 10)

/* A value in an arena into which several segments are written. */
struct apply_bundle {
	unsigned char *room;
	uint64_t offset;
	uint32_t arena;
	uint64_t used, bytes;
};

struct apply {
	struct bci_writer writer;
	struct bci_operation *operations;
	size_t count;
	bool bundling;   /* more than one small value in this commit */
	bool may_inline; /* the catalogue is small enough for inline values */
	bool changed;    /* there is something to commit */
};

/* ---- sizes ------------------------------------------------------------- */

static bool
apply_is_inline(const struct apply *apply,
                const struct bci_operation *operation)
{
	return apply->may_inline && !apply->bundling &&
	       bci_operation_is_tiny(operation);
}

/* Whether it goes to the cold tier; inline values stay in the catalogue. */
static bool
apply_is_cold(const struct apply *apply, const struct bci_operation *operation)
{
	return operation->placement == BC_PLACE_COLD &&
	       !apply_is_inline(apply, operation);
}

/*
 * Whether values may go into the catalogue.  Its file never gets shorter, so
 * they must not make it take the room that arenas give back: they get the share
 * of one arena.
 */
static bool
apply_may_inline(const struct apply *apply)
{
	struct bci_db_facts facts;

	return apply->writer.state.inline_bytes <
	               bci_arena_capacity(apply->writer.config.warm_bytes) &&
	       bci_db_facts(apply->writer.env->db, &facts, NULL) == BC_OK &&
	       facts.end_bytes < BCI_CATALOGUE_MAP / 2;
}

/* ---- one put ----------------------------------------------------------- */

/* The entry that a put replaces, copied: LMDB's pages move under it. */
struct apply_old {
	bool exists;
	bool ghost; /* it was evicted: 'entry' has what is left of it */
	int64_t created_ns;
	struct bci_entry entry;
	struct bci_entry_copy record;
};

static enum bc_status
apply_find_old(struct apply *apply, const struct bci_operation *operation,
               struct apply_old *old, struct bc_error *err)
{
	struct bci_writer *writer = &apply->writer;
	struct bci_detail_record detail;
	enum bc_status status;
	bool damaged;

	old->exists = old->ghost = false;
	status = bci_entry_get_copy(writer->txn, &writer->env->tables,
	                            operation->key, operation->key_bytes,
	                            &old->record, &old->entry, &damaged);
	if (status == BC_MISS)
		return BC_OK;
	if (status != BC_OK && !damaged)
		return bci_fail(err, status, "the record of entry %s",
		                operation->key);
	if (damaged) /* Nothing of it is kept. */
		return bci_writer_remove(writer, operation->key,
		                         operation->key_bytes, err);
	old->ghost = bci_entry_is_ghost(&old->entry);
	if (old->ghost)
		return bci_ghost_forget(writer, &old->entry, err);
	old->exists = true;
	old->created_ns = writer->now_ns;
	if (bci_detail_load(writer->txn, &writer->env->tables,
	                    old->entry.head.id, &detail) == BC_OK)
		old->created_ns = detail.created_ns;
	return bci_operation_check_new(operation, &old->entry, writer->now_ns,
	                               err);
}

static void
apply_head(struct apply *apply, const struct bci_operation *operation,
           const struct apply_old *old, struct bci_entry_record *head)
{
	struct bci_writer *writer = &apply->writer;
	bool known = old->exists || old->ghost;

	*head = (struct bci_entry_record){
		.version = BCI_RECORD_VERSION,
		.kind = (uint8_t)operation->value.kind,
		.flags = operation->parent != NULL ? BCI_ENTRY_DERIVED : 0,
		.id = known ? old->entry.head.id : writer->state.next_entry++,
		.revision = writer->state.revision,
	};
	if (known)
		head->flags |= old->entry.head.flags & BCI_ENTRY_KEEPS;
}

static void
apply_detail(struct apply *apply, const struct bci_operation *operation,
             const struct apply_old *old, struct bci_detail_record *detail)
{
	int64_t now_ns = apply->writer.now_ns;

	*detail = (struct bci_detail_record){
		.version = BCI_RECORD_VERSION,
		.created_ns = old->exists ? old->created_ns : now_ns,
		.updated_ns = now_ns,
		.dataset_id = operation->dataset_id,
		.cost_ns = operation->cost_ns,
		.suspect_rows = operation->suspect_rows,
		.payload_bytes = operation->payload_bytes,
		.request_bytes = (uint32_t)operation->request_bytes,
		.ttl_ns = operation->ttl_ns,
	};
}

static void
apply_report(const struct bci_operation *operation, bool existed)
{
	if (operation->counts == NULL)
		return;
	operation->counts->suspect = operation->suspect_rows;
	if (existed)
		operation->counts->updated = operation->value.rows;
	else
		operation->counts->inserted = operation->value.rows;
}

/* What a put adds to the catalogue. */
struct apply_records {
	struct bci_entry_record head;
	struct bci_detail_record detail;
	struct bci_locator locator;
	const unsigned char *inlined; /* or NULL */
	size_t inlined_bytes;
};

/* Write entry and details, and release what they replace. */
static enum bc_status
apply_store(struct apply *apply, const struct bci_operation *operation,
            const struct apply_old *old, struct apply_records *records,
            struct bc_error *err)
{
	struct bci_writer *writer = &apply->writer;
	const struct bci_tables *tables = &writer->env->tables;
	enum bc_status status;
	unsigned char *to;
	void *room;

	if (old->exists)
		BCI_TRY(bci_writer_release(writer, &old->entry, err));
	else
		writer->state.entries++;
	if (operation->value.schema != NULL)
		BCI_TRY(bci_schema_intern(writer->txn, tables, &writer->state,
		                          operation->schema_stored,
		                          operation->value.schema_bytes,
		                          &records->head.schema, err));
	BCI_TRY(bci_detail_store(writer->txn, tables, records->head.id,
	                         &records->detail, operation->request, err));
	BCI_TRY(bci_labelling_apply(writer, operation, records->head.id,
	                            &records->head.flags, &apply->changed,
	                            err));
	BCI_TRY(bci_table_reserve(writer->txn, tables->entries, operation->key,
	                          operation->key_bytes,
	                          sizeof(records->head) +
	                                  sizeof(records->locator) +
	                                  records->inlined_bytes,
	                          &room, err));
	to = room;
	memcpy(to, &records->head, sizeof(records->head));
	to += sizeof(records->head);
	memcpy(to, &records->locator, sizeof(records->locator));
	if (records->inlined_bytes != 0)
		memcpy(to + sizeof(records->locator), records->inlined,
		       records->inlined_bytes);
	BCI_TRY(bci_expiry_change(
		writer->txn, tables, operation->key, operation->key_bytes,
		old->exists ? &old->entry.head : NULL, &records->head, err));
	writer->counted[BCI_COUNT_PUTS]++;
	writer->counted[BCI_COUNT_PUT_BYTES] += operation->payload_bytes;
	writer->counted[BCI_COUNT_WRITTEN_BYTES] += records->inlined_bytes;
	apply_report(operation, old->exists);
done:
	return status;
}

/*
 * Put a value whose image goes to 'room', bytes 'offset' of arena 'arena'; to
 * the cold tier if 'room' is NULL, with any arena but 0.
 */
static enum bc_status
apply_at(struct apply *apply, const struct bci_operation *operation,
         const struct apply_old *old, unsigned char *room, uint32_t arena,
         uint64_t offset, struct bc_error *err)
{
	struct bci_writer *writer = &apply->writer;
	bool bare = arena == 0;
	const struct bci_segment_plan *plan =
		bare ? &operation->bare : &operation->plan;
	struct apply_records records = {
		.inlined = bare ? room : NULL,
		.inlined_bytes = bare ? plan->bytes : 0,
	};
	struct bci_segment_owner owner = {
		.cache_id = writer->env->cache_id,
		.revision = writer->state.revision,
		.arena = arena,
		.key = operation->key,
		.key_bytes = operation->key_bytes,
		.key_hash = bci_hash64(operation->key, operation->key_bytes),
	};
	enum bc_status status;

	apply_head(apply, operation, old, &records.head);
	apply_detail(apply, operation, old, &records.detail);
	if (bare)
		records.head.flags |= BCI_ENTRY_INLINE;
	owner.entry_id = records.head.id;
	if (room != NULL) {
		bci_segment_write(&operation->value, &owner, plan, room,
		                  &records.locator, records.detail.digest);
		records.locator.offset = offset;
	} else {
		status = bci_parcel_store(
			writer, &operation->parcel, &operation->value, plan,
			&owner, &records.locator, records.detail.digest, err);
		if (status != BC_OK)
			return status;
	}
	status = bci_expire_time(writer, operation->key, operation->ttl_ns,
	                         &records.head.expires_ns, err);
	if (room == NULL)
		records.head.expires_ns =
			bci_expire_limit(writer, records.head.expires_ns);
	if (status == BC_OK)
		status = bci_writer_name(writer, &records.locator,
		                         &records.head, err);
	if (status == BC_OK && writer->cache->tracer != NULL)
		bci_tracer_put(writer->cache, operation->key,
		               operation->key_bytes, NULL,
		               records.locator.bytes, operation->cost_ns);
	return status != BC_OK
	               ? status
	               : apply_store(apply, operation, old, &records, err);
}

static enum bc_status
apply_inline(struct apply *apply, const struct bci_operation *operation,
             const struct apply_old *old, struct bc_error *err)
{
	_Alignas(BCI_LINE) unsigned char room[BCI_LINE + BCI_INLINE_MAX];

	return apply_at(apply, operation, old, room + BCI_VALUE_SHIFT, 0, 0,
	                err);
}

/* A value of its own. */
static enum bc_status
apply_alone(struct apply *apply, const struct bci_operation *operation,
            const struct apply_old *old, struct bc_error *err)
{
	struct bci_writer *writer = &apply->writer;
	enum bci_queue queue;
	enum bc_status status;
	uint64_t offset;
	uint32_t arena;
	void *room;

	queue = bci_policy_admit(
		(enum bc_policy)writer->config.policy,
		bci_writer_history(writer),
		bci_hash64(operation->key, operation->key_bytes),
		operation->plan.bytes, writer->now_ns);
	status = bci_writer_room(writer, queue, operation->plan.bytes, &room,
	                         &arena, &offset, err);
	if (status != BC_OK)
		return status;
	return apply_at(apply, operation, old, room, arena, offset, err);
}

/* Begin a bundle for the small values from operation 'index' on. */
static enum bc_status
apply_begin_bundle(struct apply *apply, size_t index,
                   struct apply_bundle *bundle, struct bc_error *err)
{
	uint64_t bytes = 0;
	void *room;
	enum bc_status status;

	for (; index < apply->count; index++) {
		const struct bci_operation *next = &apply->operations[index];

		if (!bci_operation_puts(next) ||
		    !bci_operation_is_small(next) || apply_is_cold(apply, next))
			continue;
		if (bytes + bci_operation_bundled(next) > BUNDLE_BYTES)
			break;
		bytes += bci_operation_bundled(next);
	}
	status = bci_writer_room(&apply->writer, BCI_YOUNG, bytes, &room,
	                         &bundle->arena, &bundle->offset, err);
	bundle->room = room;
	bundle->used = 0;
	bundle->bytes = bytes;
	return status;
}

static enum bc_status
apply_bundled(struct apply *apply, size_t index, const struct apply_old *old,
              struct apply_bundle *bundle, struct bc_error *err)
{
	const struct bci_operation *operation = &apply->operations[index];
	uint64_t step = bci_operation_bundled(operation), at;
	enum bc_status status;

	if (bundle->used == bundle->bytes) {
		status = apply_begin_bundle(apply, index, bundle, err);
		if (status != BC_OK)
			return status;
	}
	at = bundle->used;
	BCI_ASSERT(at + step <= bundle->bytes);
	memset(bundle->room + at + operation->plan.bytes, 0,
	       step - operation->plan.bytes);
	bundle->used += step;
	return apply_at(apply, operation, old, bundle->room + at, bundle->arena,
	                bundle->offset + at, err);
}

/* ---- all --------------------------------------------------------------- */

static enum bc_status
apply_removals(struct apply *apply, struct bc_error *err)
{
	for (size_t i = 0; i < apply->count; i++) {
		struct bci_operation *operation = &apply->operations[i];
		enum bc_status status;

		if (operation->deed != BCI_REMOVE || operation->superseded)
			continue;
		status = bci_writer_remove(&apply->writer, operation->key,
		                           operation->key_bytes, err);
		if (status != BC_OK && status != BC_MISS)
			return status;
		operation->existed = status == BC_OK;
		apply->writer.counted[BCI_COUNT_REMOVALS] += operation->existed;
		apply->changed = apply->changed || operation->existed;
	}
	return BC_OK;
}

static enum bc_status
apply_puts(struct apply *apply, bool small, struct bc_error *err)
{
	struct apply_bundle bundle = { 0 };
	struct apply_old old;

	for (size_t i = 0; i < apply->count; i++) {
		const struct bci_operation *operation = &apply->operations[i];
		enum bc_status status;

		if (!bci_operation_puts(operation) ||
		    bci_operation_is_small(operation) != small)
			continue;
		apply->changed = true;
		status = apply_find_old(apply, operation, &old, err);
		if (status != BC_OK)
			return status;
		if (apply_is_inline(apply, operation))
			status = apply_inline(apply, operation, &old, err);
		else if (apply_is_cold(apply, operation))
			status = apply_at(apply, operation, &old, NULL,
			                  UINT32_MAX, 0, err);
		else if (small && apply->bundling)
			status = apply_bundled(apply, i, &old, &bundle, err);
		else
			status = apply_alone(apply, operation, &old, err);
		if (status != BC_OK)
			return status;
	}
	return BC_OK;
}

/* Whether this is one operation, and comes too late. */
static enum bc_status
apply_is_late(struct apply *apply, bool *late, struct bc_error *err)
{
	struct bci_operation *operation = apply->operations;
	enum bc_status status;
	bool wanted = true;

	*late = false;
	if (operation->parent != NULL) {
		status = bci_parent_wants(&apply->writer, operation->key,
		                          operation->key_bytes,
		                          operation->parent, &wanted, err);
		*late = !wanted;
		return status;
	}
	if (operation->turn == NULL)
		return BC_OK;
	status = bci_turn_is_over(&apply->writer, operation->key,
	                          operation->key_bytes, operation->turn, late,
	                          err);
	if (*late && operation->counts != NULL)
		*operation->counts = (struct bc_counts){ 0 };
	return status;
}

/*
 * Refuse what is to be new and is there, before room is made: that could take
 * the very entry away.
 */
static enum bc_status
apply_check_new(const struct apply *apply, struct bc_error *err)
{
	const struct bci_writer *writer = &apply->writer;
	enum bc_status status = BC_OK;
	struct bci_entry entry;

	for (size_t i = 0; status == BC_OK && i < apply->count; i++) {
		const struct bci_operation *operation = &apply->operations[i];

		if (bci_operation_puts(operation) &&
		    (operation->flags & BC_PUT_NEW) != 0 &&
		    bci_entry_get(writer->txn, &writer->env->tables,
		                  operation->key, operation->key_bytes, &entry,
		                  NULL) == BC_OK)
			status = bci_operation_check_new(operation, &entry,
			                                 writer->now_ns, err);
	}
	return status;
}

/* Appends and cuts, behind the puts and removals that they may follow. */
static enum bc_status
apply_growths(struct apply *apply, struct bc_error *err)
{
	for (size_t i = 0; i < apply->count; i++) {
		struct bci_operation *operation = &apply->operations[i];
		enum bc_status status;
		bool changed = false;

		if (bci_operation_resets(operation) || operation->superseded)
			continue;
		status = bci_growth_apply(&apply->writer, operation, &changed,
		                          err);
		if (status != BC_OK)
			return status;
		apply->changed = apply->changed || changed;
	}
	return BC_OK;
}

/* Commit, unless nothing was changed, by what is due before either. */
static enum bc_status
apply_commit(struct apply *apply, struct bc_error *err)
{
	struct bci_writer *writer = &apply->writer;

	if (apply->changed || writer->must_sync ||
	    bci_writer_changed_arenas(writer))
		return bci_writer_commit(writer, err);
	bci_writer_abort(writer);
	return BC_OK;
}

static enum bc_status
apply_all(struct bc_cache *cache, struct bci_operation *operations,
          size_t count, struct bc_error *err)
{
	struct apply apply = { .operations = operations, .count = count };
	struct bci_env *env;
	enum bc_status status;
	bool late;

	status = bci_cache_env(cache, &env, err);
	if (status != BC_OK)
		return status;
	bci_operations_sort(operations, count);
	status = bci_writer_begin_tidy(
		cache, env,
		bci_parent_patience(operations->parent, cache->lock_timeout_ns),
		&apply.writer, err);
	if (status != BC_OK)
		return status;
	BCI_TRY(apply_is_late(&apply, &late, err));
	if (late)
		goto done;
	/* Room that removals make counts for the puts beside them. */
	BCI_TRY(apply_removals(&apply, err));
	BCI_TRY(apply_check_new(&apply, err));
	BCI_TRY(bci_expire_some(&apply.writer, &apply.changed, err));
	apply.may_inline = apply_may_inline(&apply);
	BCI_TRY(bci_measure(&apply.writer, operations, count, BUNDLE_BYTES,
	                    apply.may_inline, &apply.bundling, err));
	BCI_TRY(apply_puts(&apply, true, err));
	BCI_TRY(apply_puts(&apply, false, err));
	BCI_TRY(apply_growths(&apply, err));
	if (operations->turn != NULL)
		BCI_TRY(bci_turn_renew(&apply.writer, operations->key,
		                       operations->key_bytes, operations->turn,
		                       err));
	return apply_commit(&apply, err);
done:
	bci_writer_abort(&apply.writer);
	return status;
}

/* ---- best effort ------------------------------------------------------- */

/* Whether what failed so may be let go: all of it says so. */
static bool
apply_may_let_go(const struct bci_operation *operations, size_t count,
                 enum bc_status status)
{
	if (!bci_status_is_let_go(status))
		return false;
	for (size_t i = 0; i < count; i++) {
		if ((operations[i].flags & BC_PUT_BEST_EFFORT) == 0)
			return false;
	}
	return true;
}

/* Nothing is counted as stored, and each put as not cached. */
static void
apply_let_go(struct bc_cache *cache, const struct bci_operation *operations,
             size_t count)
{
	struct bci_env *env;

	for (size_t i = 0; i < count; i++) {
		if (operations[i].counts != NULL)
			*operations[i].counts = (struct bc_counts){ 0 };
	}
	if (bci_cache_env(cache, &env, NULL) == BC_OK)
		bci_tally_add(env, BCI_COUNT_NOT_CACHED, count);
}

enum bc_status
bci_operations_commit(struct bc_cache *cache, struct bci_operation *operations,
                      size_t count, struct bc_error *err)
{
	enum bc_status status;

	if (err != NULL)
		err->status = BC_OK;
	status = apply_all(cache, operations, count, err);
	if (!apply_may_let_go(operations, count, status))
		return status;
	apply_let_go(cache, operations, count);
	return BC_OK;
}
