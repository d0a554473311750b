/* SPDX-License-Identifier: MIT */
/*
 * repair.c - dropping what is damaged, and nothing else, and putting right what
 * is said of the rest.
 *
 * The order matters.  The accounts come first, because they have the slots of
 * the ledger that a damaged segment is marked in.  Then everything is read
 * without a lock.  A writer drops the segments that were marked, of series only
 * these; an entry that is still damaged then is removed as a whole.  In the end
 * the accounts are reckoned once more.  Each step is a commit of its own, so a
 * repair that is cut short has done less, and no harm.
 */
#include "common.h"

#include "alloc.h"
#include "audit.h"
#include "error.h"
#include "list.h"
#include "recover.h"
#include "verify.h"

struct repair_key {
	size_t bytes;
	char text[BC_KEY_MAX];
};

struct repair {
	struct bc_cache *cache;
	struct bci_env *env;
	const struct bc_repair_options *options;
	struct bc_repair_report *report;
	struct repair_key *keys; /* of entries that were found damaged */
	size_t count, room;
	uint64_t total; /* bytes to read */
};

/* ---- looking ----------------------------------------------------------- */

/* A bci_walk_function. */
static enum bc_status
repair_look(void *context, const struct bci_bytes *key,
            const struct bci_bytes *record)
{
	struct bc_verify_report found = { .entries = 0 };
	struct repair *repair = context;
	const struct bc_repair_options *options = repair->options;
	struct repair_key *bad;
	const char *wrong;
	enum bc_status status;

	status = bci_verify_entry(repair->cache, key, record, &found, &wrong);
	repair->report->entries += found.entries;
	repair->report->bytes += found.bytes;
	if (options->progress != NULL)
		options->progress(options->context,
		                  bci_min(repair->report->bytes, repair->total),
		                  repair->total);
	if (status != BC_OK || wrong == NULL)
		return status;
	repair->report->bad_entries++;
	repair->report->bad_segments += found.bad_segments;
	if (repair->count == repair->room) {
		size_t room = 2 * repair->room + 64;

		repair->keys = bci_regrow(&repair->env->allocator, repair->keys,
		                          repair->count, room, sizeof(*bad));
		repair->room = repair->keys == NULL ? 0 : room;
		if (repair->keys == NULL)
			return BC_NOMEM;
	}
	bad = &repair->keys[repair->count++];
	bad->bytes = key->size;
	memcpy(bad->text, key->data, key->size);
	if (options->function != NULL) {
		char name[BC_KEY_MAX + 1];

		memcpy(name, key->data, key->size);
		name[key->size] = '\0';
		options->function(options->context, name, wrong);
	}
	return BC_OK;
}

static enum bc_status
repair_find(struct repair *repair, struct bc_error *err)
{
	struct bci_walk walk = { .function = repair_look, .context = repair };
	struct bci_state_record state;
	enum bc_status status;

	status = bci_env_read(repair->env, NULL, &state, err);
	if (status != BC_OK)
		return status;
	repair->total = state.live_bytes;
	status = bci_walk(repair->cache, &walk);
	return status == BC_OK ? BC_OK
	                       : bci_fail(err, status, "cannot verify: %s",
	                                  bc_strerror(status));
}

/* ---- accounts ---------------------------------------------------------- */

static enum bc_status
repair_accounts(struct repair *repair, struct bc_error *err)
{
	bool dry = (repair->options->flags & BC_REPAIR_DRY_RUN) != 0;
	struct bci_writer writer;
	enum bc_status status;

	status = bci_writer_begin(repair->cache, repair->env, &writer, err);
	if (status != BC_OK)
		return status;
	status = bci_audit(&writer, !dry, repair->report, err);
	if (status == BC_OK && !dry) {
		writer.must_sync = true;
		return bci_writer_commit(&writer, err);
	}
	bci_writer_abort(&writer);
	return status;
}

/* ---- dropping ---------------------------------------------------------- */

/*
 * Look at an entry again; nobody writes meanwhile.  What is still wrong with it
 * now is not a segment that could be dropped alone.
 */
static enum bc_status
repair_drop(struct repair *repair, struct bci_writer *writer,
            const struct repair_key *name, struct bc_error *err)
{
	const struct bci_bytes key = { name->bytes, name->text };
	struct bc_verify_report found = { .entries = 0 };
	struct bci_entry entry = { .head.id = 0 };
	const char *wrong = NULL;
	struct bci_bytes record;
	enum bc_status status;

	status = bci_table_get(writer->txn, repair->env->tables.entries,
	                       key.data, key.size, &record);
	if (status == BC_OK)
		status = bci_verify_entry(repair->cache, &key, &record, &found,
		                          &wrong);
	if (status == BC_MISS || (status == BC_OK && wrong == NULL))
		return BC_OK; /* Mended, replaced, or gone. */
	if (status != BC_OK)
		return bci_fail(err, status, "cannot look at an entry: %s",
		                bc_strerror(status));
	(void)bci_entry_parse(record.data, record.size, &entry);
	repair->report->dropped_entries++;
	status = bci_recover_note(writer, &key, entry.head.id, NULL, wrong);
	if (status == BC_OK)
		status =
			bci_writer_remove(writer, name->text, name->bytes, err);
	return status == BC_MISS ? BC_OK : status;
}

/* A transaction that drops what was marked, and removes leftover files. */
static enum bc_status
repair_tidy(struct repair *repair, struct bc_error *err)
{
	struct bci_writer writer;
	enum bc_status status;

	repair->env->swept = false;
	status = bci_writer_begin_tidy(repair->cache, repair->env,
	                               repair->cache->lock_timeout_ns, &writer,
	                               err);
	if (status != BC_OK)
		return status;
	writer.must_sync = true;
	return bci_writer_commit(&writer, err);
}

static enum bc_status
repair_entries(struct repair *repair, struct bc_error *err)
{
	struct bci_writer writer;
	enum bc_status status = repair_tidy(repair, err);

	if (status != BC_OK || repair->count == 0)
		return status;
	status = bci_writer_begin(repair->cache, repair->env, &writer, err);
	if (status != BC_OK)
		return status;
	for (size_t i = 0; status == BC_OK && i < repair->count; i++)
		status = repair_drop(repair, &writer, &repair->keys[i], err);
	if (status != BC_OK) {
		bci_writer_abort(&writer);
		return status;
	}
	writer.must_sync = true;
	return bci_writer_commit(&writer, err);
}

/* ---- all of it --------------------------------------------------------- */

static enum bc_status
repair_run(struct repair *repair, struct bc_error *err)
{
	struct bci_state_record before, after;
	enum bc_status status;

	if ((repair->options->flags & BC_REPAIR_DRY_RUN) != 0) {
		status = repair_find(repair, err);
		return status == BC_OK ? repair_accounts(repair, err) : status;
	}
	BCI_TRY(repair_accounts(repair, err));
	BCI_TRY(repair_find(repair, err));
	BCI_TRY(bci_env_read(repair->env, NULL, &before, err));
	BCI_TRY(repair_entries(repair, err));
	BCI_TRY(bci_env_read(repair->env, NULL, &after, err));
	repair->report->dropped_segments =
		before.segments - bci_min(after.segments, before.segments);
	status = repair_accounts(repair, err);
done:
	return status;
}

enum bc_status
bc_repair(struct bc_cache *cache, const struct bc_repair_options *options,
          struct bc_repair_report *report, struct bc_error *err)
{
	static const struct bc_repair_options defaults = BC_REPAIR_OPTIONS_INIT;
	struct bc_repair_report ignored;
	struct repair repair = {
		.cache = cache,
		.options = options != NULL ? options : &defaults,
		.report = report != NULL ? report : &ignored,
	};
	enum bc_status status;

	*repair.report = (struct bc_repair_report){ 0 };
	if (repair.options->struct_size != sizeof(*options) ||
	    (repair.options->flags & ~(unsigned)BC_REPAIR_DRY_RUN) != 0)
		return bci_fail(err, BC_INVALID,
		                "unknown flags, or options that were not begun "
		                "with BC_REPAIR_OPTIONS_INIT");
	status = bci_cache_env(cache, &repair.env, err);
	if (status != BC_OK)
		return status;
	status = repair_run(&repair, err);
	bci_free(&repair.env->allocator, repair.keys);
	return status;
}
