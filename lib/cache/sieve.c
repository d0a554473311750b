/* SPDX-License-Identifier: MIT */
/*
 * sieve.c - which entries a filter selects, and bc_list().
 *
 * Conditions on the key come first, since they cost no lookup.  Entries with a
 * tag or of a backtest are found by its index, in order of their ids; these,
 * and groups, are gathered and sorted before they are shown in order of keys.
 */
#include "common.h"

#include <regex.h>
#include <stdlib.h>

#include "alloc.h"
#include "error.h"
#include "key.h"
#include "keys.h"
#include "pattern.h"
#include "sieve.h"

/* Room for the key, and for a request of thousands of symbols. */
#define SIEVE_TEXT (BC_KEY_MAX + 1 + (1u << 20))

struct sieve {
	struct bc_cache *cache;
	const struct bc_filter *filter;
	regex_t regex;
	bool has_regex;
	char *source; /* what the text of such a request begins with */
	size_t source_bytes;
	bool damaged;
	bool gathers; /* entries go to 'keys' first */
	struct bci_keys keys;
	bc_list_function *function;
	void *context;
	char *text; /* SIEVE_TEXT bytes */
};

bool
bci_filter_ages(const struct bc_filter *filter)
{
	return filter->updated_before_ns != 0 ||
	       filter->not_accessed_since_ns != 0 || filter->keep_last != 0;
}

/* Whether it asks for no more than the key. */
static bool
sieve_is_by_key(const struct bc_filter *filter)
{
	return filter->tag == NULL && filter->backtest == NULL &&
	       filter->source == NULL && filter->kind == 0 &&
	       !bci_filter_ages(filter);
}

/* ---- conditions -------------------------------------------------------- */

static bool
sieve_takes_key(const struct sieve *sieve, const char *key, size_t key_bytes)
{
	const struct bc_filter *filter = sieve->filter;

	if (filter->prefix != NULL) {
		size_t bytes = strlen(filter->prefix);

		if (bytes > key_bytes ||
		    memcmp(key, filter->prefix, bytes) != 0)
			return false;
	}
	if (filter->glob != NULL && !bci_glob_match(filter->glob, key))
		return false;
	return !sieve->has_regex ||
	       regexec(&sieve->regex, key, 0, NULL, 0) == 0;
}

static bool
sieve_takes_source(const struct sieve *sieve, const struct bc_info *info)
{
	char text[BC_KEY_MAX + 8];
	struct bc_series series;

	if (info->request != NULL)
		return strncmp(info->request, sieve->source,
		               sieve->source_bytes) == 0;
	return bc_key_parse(info->key, text, &series, NULL) == BC_OK &&
	       strcmp(series.source, sieve->filter->source) == 0;
}

/* The newest of the times at which it was put or hit. */
static int64_t
sieve_accessed_ns(const struct bc_info *info)
{
	return info->accessed_ns > info->updated_ns ? info->accessed_ns
	                                            : info->updated_ns;
}

static bool
sieve_takes_info(const struct sieve *sieve, const struct bc_info *info)
{
	const struct bc_filter *filter = sieve->filter;

	if (filter->kind != 0 && info->kind != filter->kind)
		return false;
	if (filter->updated_before_ns != 0 &&
	    info->updated_ns >= filter->updated_before_ns)
		return false;
	if (filter->not_accessed_since_ns != 0 &&
	    sieve_accessed_ns(info) >= filter->not_accessed_since_ns)
		return false;
	return filter->source == NULL || sieve_takes_source(sieve, info);
}

/* Whether an entry has a label: BC_OK or BC_MISS; also if none is asked for. */
static enum bc_status
sieve_has_label(const struct sieve *sieve, const struct bc_info *info,
                enum bc_label_kind kind, const char *text)
{
	struct bci_label label = { info->id, kind, text, 0 };
	int64_t since_ns;

	if (text == NULL)
		return BC_OK;
	label.text_bytes = strlen(text);
	return info->labelled
	               ? bci_labels_since(sieve->cache, &label, &since_ns)
	               : BC_MISS;
}

/* ---- entries ----------------------------------------------------------- */

/* What is known of an entry, in a transaction of its own. */
static enum bc_status
sieve_info(struct sieve *sieve, const char *key, size_t key_bytes,
           struct bc_info *info)
{
	enum bc_status status = bci_info_load(sieve->cache, key, key_bytes,
	                                      sieve->text, SIEVE_TEXT, info);

	if (status == BC_CORRUPT && sieve->damaged) {
		*info = (struct bc_info){ .key = key };
		return BC_OK;
	}
	/* Of one that was evicted its age is not known. */
	if (status == BC_MISS && info->id != 0 && sieve->damaged &&
	    !bci_filter_ages(sieve->filter))
		return BC_OK;
	/* Removed meanwhile, or for bc_verify(). */
	return status == BC_CORRUPT ? BC_MISS : status;
}

static enum bc_status
sieve_gather(struct sieve *sieve, const struct bc_info *info, size_t key_bytes)
{
	const struct bci_found found = {
		.id = info->id,
		.time_ns = info->updated_ns,
		.key = info->key,
		.key_bytes = key_bytes,
	};

	return bci_keys_add(&sieve->keys, &found);
}

/* Show an entry, or gather it, if it is selected; BC_MISS ends the walk. */
static enum bc_status
sieve_entry(struct sieve *sieve, const char *key, size_t key_bytes)
{
	const struct bc_filter *filter = sieve->filter;
	struct bc_info info;
	enum bc_status status;

	if (!sieve_takes_key(sieve, key, key_bytes))
		return BC_OK;
	status = sieve_info(sieve, key, key_bytes, &info);
	if (status == BC_OK && !sieve_takes_info(sieve, &info))
		status = BC_MISS;
	if (status == BC_OK)
		status = sieve_has_label(sieve, &info, BC_LABEL_TAG,
		                         filter->tag);
	if (status == BC_OK)
		status = sieve_has_label(sieve, &info, BC_LABEL_BACKTEST,
		                         filter->backtest);
	if (status != BC_OK)
		return status == BC_MISS ? BC_OK : status;
	if (sieve->gathers)
		return sieve_gather(sieve, &info, key_bytes);
	return sieve->function(sieve->context, &info) != 0 ? BC_MISS : BC_OK;
}

/* A record of the table of entries, or of that of labels. */
static enum bc_status
sieve_visit(void *context, const struct bci_bytes *key,
            const struct bci_bytes *value)
{
	struct sieve *sieve = context;
	char name[BC_KEY_MAX + 1];

	if (sieve->filter->tag != NULL || sieve->filter->backtest != NULL)
		key = value;
	if (key->size == 0 || key->size > BC_KEY_MAX)
		return BC_OK;
	memcpy(name, key->data, key->size);
	name[key->size] = '\0';
	return sieve_entry(sieve, name, key->size);
}

/* ---- order and groups --------------------------------------------------- */

/* Bytes of the key up to the last separator, included; 0: it has none. */
static size_t
sieve_group(const struct bci_found *found)
{
	size_t bytes = found->key_bytes;

	while (bytes != 0 && found->key[bytes - 1] != '/' &&
	       found->key[bytes - 1] != '@')
		bytes--;
	return bytes;
}

static int
sieve_compare(const void *left, const void *right)
{
	const struct bci_found *a = left, *b = right;

	return strcmp(a->key, b->key);
}

static int
sieve_compare_groups(const struct bci_found *a, const struct bci_found *b)
{
	size_t first = sieve_group(a), second = sieve_group(b);
	int order = memcmp(a->key, b->key, bci_min(first, second));

	if (order != 0 || first == second)
		return order;
	return first < second ? -1 : 1;
}

/* By group, in it the newest first. */
static int
sieve_compare_ages(const void *left, const void *right)
{
	const struct bci_found *a = left, *b = right;
	int order = sieve_compare_groups(a, b);

	if (order != 0)
		return order;
	if (a->time_ns != b->time_ns)
		return a->time_ns > b->time_ns ? -1 : 1;
	return strcmp(b->key, a->key);
}

/* Leave out the newest 'keep' of each group, and what is in none. */
static size_t
sieve_keep_last(struct bci_found *found, size_t count, uint64_t keep)
{
	size_t kept = 0, rest = 0;

	qsort(found, count, sizeof(*found), sieve_compare_ages);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 ||
		    sieve_compare_groups(&found[i - 1], &found[i]) != 0)
			kept = 0;
		if (kept++ >= keep && sieve_group(&found[i]) != 0)
			found[rest++] = found[i];
	}
	return rest;
}

/* Show what was gathered. */
static enum bc_status
sieve_show(struct sieve *sieve)
{
	size_t count = sieve->keys.count, at = 0;
	enum bc_status status = BC_OK;
	struct bci_found *found;
	struct bc_info info;

	if (count == 0)
		return BC_OK;
	found = bci_alloc(&sieve->cache->allocator, count, sizeof(*found));
	if (found == NULL)
		return BC_NOMEM;
	for (size_t i = 0; bci_keys_next(&sieve->keys, &at, &found[i]); i++)
		continue;
	if (sieve->filter->keep_last != 0)
		count = sieve_keep_last(found, count, sieve->filter->keep_last);
	if (count != 0)
		qsort(found, count, sizeof(*found), sieve_compare);
	for (size_t i = 0; status == BC_OK && i < count; i++) {
		status = sieve_info(sieve, found[i].key, found[i].key_bytes,
		                    &info);
		if (status == BC_OK && info.id == found[i].id &&
		    sieve->function(sieve->context, &info) != 0)
			break;
		status = status == BC_MISS ? BC_OK : status;
	}
	bci_free(&sieve->cache->allocator, found);
	return status;
}

/* ---- the whole --------------------------------------------------------- */

static enum bc_status
sieve_compile(struct sieve *sieve, struct bc_error *err)
{
	char reason[128];
	int code;

	if (sieve->filter->regex == NULL)
		return BC_OK;
	code = regcomp(&sieve->regex, sieve->filter->regex,
	               REG_EXTENDED | REG_NOSUB);
	if (code != 0) {
		regerror(code, &sieve->regex, reason, sizeof(reason));
		return bci_fail(err, BC_INVALID, "regular expression %s: %s",
		                sieve->filter->regex, reason);
	}
	sieve->has_regex = true;
	return BC_OK;
}

/* The text of a request of that source, up to what comes behind the source. */
static enum bc_status
sieve_source(struct sieve *sieve, struct bc_error *err)
{
	struct bc_request request = { .start = "",
		                      .end = "",
		                      .resolution = "" };
	size_t empty, bytes;
	enum bc_status status;
	char *text = NULL;

	if (sieve->filter->source == NULL)
		return BC_OK;
	request.source = "";
	status = bci_request_text(&sieve->cache->allocator, &request, &text,
	                          &empty, err);
	bci_free(&sieve->cache->allocator, text);
	if (status != BC_OK)
		return status;
	request.source = sieve->filter->source;
	status = bci_request_text(&sieve->cache->allocator, &request,
	                          &sieve->source, &bytes, err);
	if (status == BC_NOMEM)
		return status;
	if (status != BC_OK)
		return bci_fail(err, BC_INVALID, "'%.100s' is no source",
		                sieve->filter->source);
	/* {"data_source": "...", and then what is the same for all. */
	sieve->source_bytes = strlen("{\"data_source\": \"\"") + bytes - empty;
	return BC_OK;
}

static enum bc_status
sieve_check(const struct bc_filter *filter, struct bc_error *err)
{
	if (filter->kind < 0 || filter->kind > BC_SERIES)
		return bci_fail(err, BC_INVALID, "there is no kind %d",
		                (int)filter->kind);
	if (filter->keep_last != 0 && filter->updated_before_ns != 0)
		return bci_fail(err, BC_INVALID,
		                "the last ones to keep, or the time of those "
		                "to keep: not both");
	return BC_OK;
}

static enum bc_status
sieve_run(struct sieve *sieve)
{
	const struct bc_filter *filter = sieve->filter;
	struct bci_walk walk = { .function = sieve_visit, .context = sieve };
	struct bci_label label = { .kind = BC_LABEL_TAG, .text = filter->tag };
	struct bci_label_key prefix;
	enum bc_status status;

	if (filter->backtest != NULL) {
		label.kind = BC_LABEL_BACKTEST;
		label.text = filter->backtest;
	}
	if (label.text != NULL) {
		label.text_bytes = strlen(label.text);
		if (!bci_label_valid(label.text, label.text_bytes))
			return BC_OK; /* No entry has it. */
		bci_labelled_key(&label, &prefix);
		walk.table = BCI_WALK_LABELLED;
		walk.prefix = (const char *)prefix.data;
		walk.prefix_bytes = prefix.bytes;
	} else if (filter->prefix != NULL) {
		walk.prefix = filter->prefix;
		walk.prefix_bytes = strlen(filter->prefix);
	}
	if (walk.prefix_bytes > sizeof(walk.last))
		return BC_OK; /* No key is so long. */
	sieve->gathers = label.text != NULL || filter->keep_last != 0;
	status = bci_walk(sieve->cache, &walk);
	if (status == BC_OK && sieve->gathers)
		status = sieve_show(sieve);
	return status;
}

enum bc_status
bci_sieve(struct bc_cache *cache, const struct bc_filter *filter, bool damaged,
          bc_list_function *function, void *context, struct bc_error *err)
{
	struct sieve sieve = {
		.cache = cache,
		.filter = filter,
		.damaged = damaged && sieve_is_by_key(filter),
		.keys = { .allocator = &cache->allocator },
		.function = function,
		.context = context,
	};
	enum bc_status status;

	BCI_TRY(sieve_check(filter, err));
	BCI_TRY(sieve_compile(&sieve, err));
	BCI_TRY(sieve_source(&sieve, err));
	sieve.text = bci_alloc(&cache->allocator, SIEVE_TEXT, 1);
	status = sieve.text != NULL ? sieve_run(&sieve) : BC_NOMEM;
	if (status != BC_OK)
		bci_fail(err, status, "cannot list the entries: %s",
		         bc_strerror(status));
done:
	bci_keys_free(&sieve.keys);
	bci_free(&cache->allocator, sieve.text);
	bci_free(&cache->allocator, sieve.source);
	if (sieve.has_regex)
		regfree(&sieve.regex);
	return status;
}

enum bc_status
bc_list(struct bc_cache *cache, const struct bc_filter *filter,
        bc_list_function *function, void *context, struct bc_error *err)
{
	static const struct bc_filter everything = { 0 };

	BCI_ASSERT(cache->magic == BCI_CACHE_MAGIC);
	return bci_sieve(cache, filter != NULL ? filter : &everything, false,
	                 function, context, err);
}
