/* SPDX-License-Identifier: MIT */
/*
 * verify.c - reading and checking everything.
 */
#include "common.h"

#include "bar.h"
#include "clock.h"
#include "decode.h"
#include "error.h"
#include "hit.h"
#include "list.h"
#include "verify.h"

struct verify {
	struct bc_cache *cache;
	bc_verify_function *function;
	void *context;
	struct bc_verify_report *report;
};

const char *
bci_verify_times(const int64_t *time_ns, uint64_t rows, int64_t first_ns,
                 int64_t last_ns)
{
	if (time_ns == NULL || rows == 0)
		return NULL;
	if (bci_bar_check_times(time_ns, rows, NULL) != BC_OK)
		return "times do not ascend";
	if (time_ns[0] != first_ns || time_ns[rows - 1] != last_ns)
		return "first or last time differs from the catalogue";
	return NULL;
}

/*
 * Look the entry up and check every byte, checked before or not: *wrong says
 * what is.  Fails where that could not be found out.
 */
static enum bc_status
verify_value(struct bc_cache *cache, struct bci_env *env, const char *key,
             size_t key_bytes, struct bc_verify_report *report,
             const char **wrong)
{
	struct bci_wanted wanted = { .key = key, .key_bytes = key_bytes };
	enum bc_miss miss = BC_MISS_NONE;
	struct bci_lane *lane = bci_lane_take(env);
	struct bci_hit hit = { .chunk = NULL };
	struct bc_view view;
	enum bc_status status;

	*wrong = NULL;
	for (int i = 0; i <= BCI_HIT_RETRIES; i++) {
		status = bci_lane_begin(env, lane);
		if (status != BC_OK)
			break;
		status = bci_hit_find(cache, env, lane, &wanted, &hit, &miss);
		if (status == BC_OK && hit.map != NULL)
			bci_map_pin(hit.map, lane->index);
		bci_lane_end(lane);
		if (status != BC_ABSENT)
			break;
	}
	bci_lane_give(lane);
	if (status == BC_MISS && miss == BC_MISS_CORRUPT)
		*wrong = "catalogue record or place";
	else if (status == BC_ABSENT)
		*wrong = "its arena is gone";
	if (status != BC_OK) /* A miss: gone meanwhile. */
		return status == BC_MISS || status == BC_ABSENT ? BC_OK
		                                                : status;
	bci_hit_view(&hit, lane->index, &view);
	report->segments++;
	report->bytes += hit.locator.bytes;
	if (bci_hit_check(cache, env, &hit, &wanted, BCI_CHECK_AGAIN) != BC_OK)
		*wrong = "checksum or header";
	else if (hit.locator.codec == BCI_FORM_PACKED)
		*wrong = bci_decode_verify(
			env, &(struct bci_cold){ .image = bci_hit_image(&hit),
		                                 &hit.locator,
		                                 hit.schema,
		                                 .entry_id = hit.entry_id });
	else
		*wrong = bci_verify_times(bc_view_time(&view), view.rows,
		                          view.first_ns, view.last_ns);
	report->bad_segments += *wrong != NULL;
	bc_view_release(&view);
	return BC_OK;
}

enum bc_status
bci_verify_entry(struct bc_cache *cache, const struct bci_bytes *key,
                 const struct bci_bytes *record,
                 struct bc_verify_report *report, const char **wrong)
{
	char name[BC_KEY_MAX + 1];
	struct bci_entry entry;
	struct bci_env *env;
	enum bc_status status = bci_cache_env(cache, &env, NULL);

	*wrong = NULL;
	if (status != BC_OK)
		return status;
	memcpy(name, key->data, key->size);
	name[key->size] = '\0';
	if (bci_entry_read(key->data, key->size, record->data, record->size,
	                   &entry) != BC_OK)
		*wrong = "catalogue record";
	else if (bci_entry_is_ghost(&entry))
		return BC_OK;
	else if (entry.head.kind == BC_SERIES)
		status = bci_verify_series(cache, name, key->size, report,
		                           wrong);
	else
		status = verify_value(cache, env, name, key->size, report,
		                      wrong);
	report->entries++;
	report->bad_entries += *wrong != NULL;
	return status;
}

static enum bc_status
verify_visit(void *context, const struct bci_bytes *key,
             const struct bci_bytes *record)
{
	struct verify *verify = context;
	char name[BC_KEY_MAX + 1];
	const char *wrong;
	enum bc_status status;

	status = bci_verify_entry(verify->cache, key, record, verify->report,
	                          &wrong);
	if (wrong != NULL && verify->function != NULL) {
		memcpy(name, key->data, key->size);
		name[key->size] = '\0';
		verify->function(verify->context, name, wrong);
	}
	return status;
}

enum bc_status
bc_verify(struct bc_cache *cache, const char *prefix,
          bc_verify_function *function, void *context,
          struct bc_verify_report *report, struct bc_error *err)
{
	struct bc_verify_report ignored;
	struct verify verify = {
		.cache = cache,
		.function = function,
		.context = context,
		.report = report != NULL ? report : &ignored,
	};
	struct bci_walk walk = { .function = verify_visit, .context = &verify };
	enum bc_status status;

	*verify.report = (struct bc_verify_report){ 0 };
	if (prefix != NULL) {
		walk.prefix = prefix;
		walk.prefix_bytes = strlen(prefix);
	}
	if (walk.prefix_bytes > BC_KEY_MAX)
		return bci_fail(err, BC_INVALID, "the prefix is too long");
	status = bci_walk(cache, &walk);
	if (status != BC_OK)
		return bci_fail(err, status, "cannot verify: %s",
		                bc_strerror(status));
	if (verify.report->bad_entries != 0)
		return bci_fail(err, BC_CORRUPT,
		                "%llu of %llu entries are damaged",
		                (unsigned long long)verify.report->bad_entries,
		                (unsigned long long)verify.report->entries);
	return BC_OK;
}
