/* SPDX-License-Identifier: MIT */
/*
 * ask.c - calling a fetch function, and the calls by which it hands over what
 * it fetched.
 *
 * Handing over stores at once, so that what came before a failure is kept.  It
 * is a put or an append with two more things: what it cost, unless the function
 * says so itself, and the turn, which drops what comes too late.
 */
#include "common.h"

#include "ask.h"
#include "clock.h"
#include "error.h"
#include "operation.h"

#define ASK_MAGIC 0x61736b21u

enum bc_status
bci_ask(struct bci_ask *ask, bc_fetch_function *function, struct bc_error *err)
{
	struct bc_error why = { .row = -1 };
	enum bc_status status;

	ask->magic = ASK_MAGIC;
	ask->since_ns = bci_clock_monotonic_ns();
	status = function(&ask->fetch, &why);
	ask->magic = 0;
	if (status == BC_OK)
		return BC_OK;
	why.message[sizeof(why.message) - 1] = '\0';
	if (why.message[0] == '\0')
		return bci_fail(err, status, "%s: fetching: %s", ask->fetch.key,
		                bc_strerror(status));
	why.status = status;
	if (err != NULL)
		*err = why;
	return status;
}

static struct bci_ask *
ask_of(struct bc_fetch *fetch)
{
	struct bci_ask *ask = (struct bci_ask *)fetch;

	BCI_ASSERT(fetch != NULL && ask->magic == ASK_MAGIC);
	return ask;
}

/* Store what was made ready, or not, and free it. */
static enum bc_status
ask_commit(struct bci_ask *ask, enum bc_status status,
           struct bci_operation *operation, struct bc_error *err)
{
	struct bc_cache *cache = ask->fetch.cache;

	if (status == BC_OK) {
		operation->turn = &ask->turn;
		if (operation->cost_ns == 0)
			operation->cost_ns =
				(uint64_t)(bci_clock_monotonic_ns() -
			                   ask->since_ns);
		status = bci_operations_commit(cache, operation, 1, err);
	}
	bci_operation_free(&cache->allocator, operation);
	if (status == BC_OK) {
		ask->handed = true;
		ask->since_ns = bci_clock_monotonic_ns();
	}
	return status;
}

/* A range need not be asked for again. */
static enum bc_status
ask_note(struct bci_ask *ask, int64_t from_ns, int64_t to_ns,
         struct bc_error *err)
{
	if (bci_intervals_set(ask->done, from_ns, to_ns, BC_KNOWN_BARS) ==
	    BC_OK)
		return BC_OK;
	return bci_fail(err, BC_NOMEM, "%s: no memory to fetch",
	                ask->fetch.key);
}

enum bc_status
bc_fetch_append(struct bc_fetch *fetch, const struct bc_frame *frame,
                const struct bc_append_options *options,
                struct bc_counts *counts, struct bc_error *err)
{
	static const struct bc_append_options defaults = BC_APPEND_OPTIONS_INIT;
	struct bci_ask *ask = ask_of(fetch);
	struct bci_operation operation;
	struct bc_append_options how;
	enum bc_status status;

	if (options != NULL && options->struct_size != sizeof(how))
		return bci_fail(err, BC_INVALID,
		                "append options were not begun with "
		                "BC_APPEND_OPTIONS_INIT");
	how = options != NULL ? *options : defaults;
	if (how.from_ns == 0 && how.to_ns == 0) {
		how.from_ns = fetch->from_ns;
		how.to_ns = fetch->to_ns;
	}
	status = bci_operation_append(&fetch->cache->allocator, fetch->key,
	                              frame, &how, counts, &operation, err);
	status = ask_commit(ask, status, &operation, err);
	if (status != BC_OK)
		return status;
	return ask_note(ask, how.from_ns, how.to_ns, err);
}

enum bc_status
bc_fetch_put(struct bc_fetch *fetch, const struct bc_frame *frame,
             const struct bc_put_options *options, struct bc_error *err)
{
	struct bci_ask *ask = ask_of(fetch);
	struct bci_operation operation;
	enum bc_status status =
		bci_operation_put(&fetch->cache->allocator, fetch->key, frame,
	                          options, NULL, &operation, err);

	status = ask_commit(ask, status, &operation, err);
	if (status != BC_OK)
		return status;
	return ask_note(ask, fetch->from_ns, fetch->to_ns, err);
}

enum bc_status
bc_fetch_put_blob(struct bc_fetch *fetch, const void *data, uint64_t bytes,
                  const struct bc_put_options *options, struct bc_error *err)
{
	struct bci_ask *ask = ask_of(fetch);
	struct bci_operation operation;
	enum bc_status status =
		bci_operation_blob(&fetch->cache->allocator, fetch->key, data,
	                           bytes, options, &operation, err);

	status = ask_commit(ask, status, &operation, err);
	if (status != BC_OK)
		return status;
	return ask_note(ask, fetch->from_ns, fetch->to_ns, err);
}
