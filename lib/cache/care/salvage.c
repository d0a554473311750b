/* SPDX-License-Identifier: MIT */
/*
 * salvage.c - a new cache from the arenas of one whose catalogue is lost.
 *
 * Every segment has its key, its schema and a revision.  Of those under one key
 * the newest is what was stored last.  A series has several: those that belong
 * together never overlap in time, and what one replaced it covers.  So from the
 * newest back, each is taken that overlaps none of those taken so far.  What
 * the arenas do not say is lost: what was removed comes back, values that lay
 * in the catalogue do not, and of what was known of a series remains what its
 * segments cover.  What was packed comes back unpacked: evicting it packs it
 * again.
 */
#include "common.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "arena.h"
#include "cache.h"
#include "dir.h"
#include "error.h"
#include "extent.h"
#include "file.h"
#include "mapping.h"
#include "remains.h"

#define WARM_LEAST (1ull << 30)

/* Keys of what follows from other entries, and is made again on demand. */
#define DERIVED "derived/"

struct salvage_map {
	void *base;
	uint64_t bytes;
};

struct salvage {
	const struct bc_allocator *allocator;
	struct bc_salvage_report *report;
	struct bc_cache *cache; /* the new one */
	struct salvage_map *maps;
	size_t map_count, map_room;
	struct bci_relic *relics;
	size_t count, room;
	uint64_t bytes;
};

/* ---- finding ----------------------------------------------------------- */

/* Room for one more element. */
static void *
salvage_grow(struct salvage *salvage, void *array, size_t count, size_t *room,
             size_t bytes)
{
	size_t more = 2 * *room + 64;

	if (count < *room)
		return array;
	array = bci_regrow(salvage->allocator, array, count, more, bytes);
	*room = array == NULL ? 0 : more;
	return array;
}

static enum bc_status
salvage_no_memory(struct bc_error *err)
{
	return bci_fail(err, BC_NOMEM, "no memory to salvage");
}

static enum bc_status
salvage_note(struct salvage *salvage, const struct bci_relic *relic,
             struct bc_error *err)
{
	salvage->report->segments++;
	if (relic->header.key_bytes >= strlen(DERIVED) &&
	    memcmp(relic->key, DERIVED, strlen(DERIVED)) == 0)
		return BC_OK;
	salvage->relics = salvage_grow(salvage, salvage->relics, salvage->count,
	                               &salvage->room, sizeof(*relic));
	if (salvage->relics == NULL) {
		salvage->count = 0;
		return salvage_no_memory(err);
	}
	salvage->relics[salvage->count++] = *relic;
	salvage->bytes += relic->locator.bytes;
	return BC_OK;
}

/* Map an arena, for as long as it takes, and look through it. */
static enum bc_status
salvage_arena(struct salvage *salvage, int dir_fd, const char *name,
              struct bc_error *err)
{
	struct salvage_map map = { .base = NULL };
	struct bci_relic relic;
	enum bc_status status;
	uint64_t at = 0;
	struct stat st;
	int fd = -1;

	status = bci_file_open(dir_fd, name, O_RDONLY, &fd, err);
	if (status != BC_OK)
		return status;
	if (fstat(fd, &st) == 0 && st.st_size > 0) {
		map.bytes = (uint64_t)st.st_size;
		map.base = bci_map_file(fd, map.bytes, false);
	}
	bci_file_close(&fd);
	if (map.base == NULL)
		return map.bytes == 0
		               ? BC_OK
		               : bci_fail(err, BC_NOMEM, "cannot map %s", name);
	salvage->maps = salvage_grow(salvage, salvage->maps, salvage->map_count,
	                             &salvage->map_room, sizeof(map));
	if (salvage->maps == NULL) {
		salvage->map_count = 0;
		bci_unmap(map.base, map.bytes);
		return salvage_no_memory(err);
	}
	salvage->maps[salvage->map_count++] = map;
	salvage->report->arenas++;
	while (status == BC_OK &&
	       bci_relic_next(map.base, map.bytes, &at, &relic))
		status = salvage_note(salvage, &relic, err);
	return status;
}

/* All arenas of a class. */
static enum bc_status
salvage_class(struct salvage *salvage, int dir_fd, enum bci_arena_class class_,
              struct bc_error *err)
{
	struct dirent *entry;
	enum bc_status status;
	DIR *dir;
	int fd;

	status = bci_dir_below(dir_fd, bci_arena_directory(class_), &fd, err);
	if (status == BC_ABSENT || status == BC_UNSAFE)
		return BC_OK; /* It is lost, too. */
	if (status != BC_OK)
		return status;
	dir = bci_dir_list(fd);
	if (dir == NULL)
		return bci_fail_os(err, errno, "cannot list the directory");
	while (status == BC_OK && (entry = readdir(dir)) != NULL) {
		if (bci_arena_number(entry->d_name) != 0)
			status = salvage_arena(salvage, fd, entry->d_name, err);
	}
	closedir(dir);
	return status;
}

/* ---- choosing ---------------------------------------------------------- */

static int
salvage_compare_keys(const struct bci_relic *a, const struct bci_relic *b)
{
	size_t bytes = bci_min(a->header.key_bytes, b->header.key_bytes);
	int order = memcmp(a->key, b->key, bytes);

	return order != 0 ? order
	                  : (int)a->header.key_bytes - (int)b->header.key_bytes;
}

/* By key, the newest first. */
static int
salvage_compare(const void *left, const void *right)
{
	const struct bci_relic *a = left, *b = right;
	int order = salvage_compare_keys(a, b);

	if (order != 0)
		return order;
	return (a->header.revision < b->header.revision) -
	       (a->header.revision > b->header.revision);
}

/* By time. */
static int
salvage_compare_times(const void *left, const void *right)
{
	const struct bci_relic *a = left, *b = right;

	return (a->header.first_ns > b->header.first_ns) -
	       (a->header.first_ns < b->header.first_ns);
}

static bool
salvage_overlaps(const struct bci_relic *relic, const struct bci_relic *taken,
                 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (relic->header.first_ns <= taken[i].header.last_ns &&
		    taken[i].header.first_ns <= relic->header.last_ns)
			return true;
	}
	return false;
}

/* Whether the segments of one key, newest first, are those of a series. */
static bool
salvage_is_series(const struct bci_relic *relics, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (relics[i].header.series == 1 &&
		    relics[i].header.entry_id == relics[0].header.entry_id)
			return relics[0].header.kind == BC_FRAME;
	}
	return false;
}

/*
 * Of the segments of one series, newest first, bring those that are to be
 * stored to the front; returns how many.
 */
static size_t
salvage_choose(struct bci_relic *relics, size_t count)
{
	size_t taken = 1;

	for (size_t i = 1; i < count; i++) {
		if (relics[i].header.entry_id != relics[0].header.entry_id ||
		    relics[i].header.kind != BC_FRAME ||
		    relics[i].header.rows == 0 ||
		    salvage_overlaps(&relics[i], relics, taken))
			continue;
		relics[taken++] = relics[i];
	}
	qsort(relics, taken, sizeof(*relics), salvage_compare_times);
	return taken;
}

/* ---- storing ----------------------------------------------------------- */

/* A dictionary as a put takes it, in one piece of memory. */
static enum bc_status
salvage_dictionary(struct salvage *salvage, const unsigned char *area,
                   uint64_t area_bytes, uint32_t index, const char ***out,
                   uint32_t *count)
{
	uint64_t stored;
	size_t bytes;
	char **texts, *at;

	*count = 0;
	if (bci_segment_dictionary(area, area_bytes, index, &stored) == NULL)
		return BC_CORRUPT;
	(void)bci_segment_text(area, area_bytes, index, 0, &bytes, count);
	texts = bci_zalloc(salvage->allocator,
	                   (*count + 1ull) * sizeof(*texts) + *count + stored,
	                   1);
	if (texts == NULL)
		return BC_NOMEM;
	at = (char *)(texts + *count + 1);
	for (uint32_t code = 0; code < *count; code++) {
		uint32_t same;
		const char *text = bci_segment_text(area, area_bytes, index,
		                                    code, &bytes, &same);

		texts[code] = at;
		if (text != NULL)
			memcpy(at, text, bytes);
		at += text != NULL ? bytes + 1 : 1;
	}
	*out = (const char **)texts;
	return BC_OK;
}

/* A segment's columns, taken apart for a put. */
struct salvage_frame {
	struct bc_frame frame;
	struct bc_column columns[BC_COLUMNS_MAX];
	const char **dictionaries[BC_COLUMNS_MAX];
};

static enum bc_status
salvage_columns(struct salvage *salvage, const struct bci_remains *body,
                uint64_t rows, const struct bc_schema *schema,
                struct salvage_frame *out)
{
	const unsigned char *area = body->data + body->data_bytes;
	enum bc_status status;

	out->frame = (struct bc_frame){ .rows = rows, .columns = out->columns };
	for (uint32_t i = 0; i < schema->column_count; i++) {
		const struct bc_schema_column *from = &schema->columns[i];
		const void *values =
			body->data + bci_layout_offset(from->wide, from->medium,
		                                       from->narrow, rows);
		uint32_t index = out->frame.column_count;
		struct bc_column *to = &out->columns[index];

		if (i == 0 && schema->has_time) {
			out->frame.time_ns = values;
			continue;
		}
		*to = (struct bc_column){
			.name = from->name,
			.type = from->type,
			.data = values,
		};
		out->frame.column_count++;
		if (from->type != BC_TEXT)
			continue;
		status = salvage_dictionary(
			salvage, area, body->text_bytes, from->texts,
			&out->dictionaries[index], &to->dictionary_count);
		if (status != BC_OK)
			return status;
		to->dictionary = out->dictionaries[index];
	}
	return BC_OK;
}

/* How long a bar is, where the key does not say it: as the closest two. */
static uint64_t
salvage_step(const int64_t *time_ns, uint64_t rows)
{
	uint64_t step = UINT64_MAX;

	for (uint64_t i = 1; i < rows; i++)
		step = bci_min(step,
		               (uint64_t)time_ns[i] - (uint64_t)time_ns[i - 1]);
	return rows > 1 ? step : 1;
}

/* Where the rows end that follow each other at once, from row 'from' on. */
static uint64_t
salvage_run(const char *key, const int64_t *time_ns, uint64_t rows,
            uint64_t from, uint64_t step)
{
	uint64_t to = from + 1;

	for (; to < rows; to++) {
		int64_t last = time_ns[to - 1];

		if ((uint64_t)time_ns[to] - (uint64_t)last > step &&
		    time_ns[to] > bci_extent_end(key, &last, 1))
			break;
	}
	return to;
}

/*
 * Append the rows of a series.  What lies between two rows that do not follow
 * each other at once may have been fetched or not: nothing is known of it.
 */
static enum bc_status
salvage_append(struct salvage *salvage, const char *key,
               const struct salvage_frame *frame, struct bc_error *err)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	const int64_t *time_ns = frame->frame.time_ns;
	uint64_t rows = frame->frame.rows, from, to;
	struct bc_column columns[BC_COLUMNS_MAX];
	struct bc_frame run = frame->frame;
	enum bc_status status = BC_OK;
	uint64_t step;

	if (time_ns == NULL)
		return BC_CORRUPT; /* It is none. */
	step = salvage_step(time_ns, rows);
	options.flags = BC_APPEND_SUSPECT;
	run.columns = columns;
	for (from = 0; status == BC_OK && from < rows; from = to) {
		to = salvage_run(key, time_ns, rows, from, step);
		run.rows = to - from;
		run.time_ns = time_ns + from;
		for (uint32_t i = 0; i < run.column_count; i++) {
			columns[i] = frame->columns[i];
			columns[i].data = (const char *)columns[i].data +
			                  from * bc_type_bytes(columns[i].type);
		}
		status = bc_append(salvage->cache, key, &run, &options, NULL,
		                   err);
	}
	return status;
}

static enum bc_status
salvage_put_frame(struct salvage *salvage, const struct bci_relic *relic,
                  const char *key, bool series, struct bc_error *err)
{
	struct bc_put_options put = BC_PUT_OPTIONS_INIT;
	struct bci_remains body = { .memory = NULL };
	struct salvage_frame *frame;
	struct bc_schema *schema;
	enum bc_status status;
	bool damaged;

	put.flags = BC_PUT_SUSPECT;
	schema = bci_schema_decode(salvage->allocator, relic->schema,
	                           relic->header.schema_bytes, &damaged);
	if (schema == NULL)
		return damaged ? BC_CORRUPT : salvage_no_memory(err);
	frame = bci_zalloc(salvage->allocator, 1, sizeof(*frame));
	status = frame == NULL ? BC_NOMEM
	                       : bci_remains_open(salvage->allocator, relic,
	                                          schema, &body);
	if (status == BC_OK)
		status = salvage_columns(salvage, &body, relic->header.rows,
		                         schema, frame);
	if (status == BC_NOMEM)
		status = salvage_no_memory(err);
	if (status == BC_OK && series)
		status = salvage_append(salvage, key, frame, err);
	else if (status == BC_OK)
		status = bc_put(salvage->cache, key, &frame->frame, &put, NULL,
		                err);
	for (size_t i = 0; frame != NULL && i < BC_COLUMNS_MAX; i++)
		bci_free(salvage->allocator, (void *)frame->dictionaries[i]);
	bci_remains_close(salvage->allocator, &body);
	bci_free(salvage->allocator, frame);
	bci_free(salvage->allocator, schema);
	return status;
}

static enum bc_status
salvage_put(struct salvage *salvage, const struct bci_relic *relic, bool series,
            struct bc_error *err)
{
	char key[BC_KEY_MAX + 1];
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bci_remains body = { .memory = NULL };
	enum bc_status status;

	memcpy(key, relic->key, relic->header.key_bytes);
	key[relic->header.key_bytes] = '\0';
	if (relic->header.kind != BC_BLOB)
		return salvage_put_frame(salvage, relic, key, series, err);
	status = bci_remains_open(salvage->allocator, relic, NULL, &body);
	if (status == BC_NOMEM)
		status = salvage_no_memory(err);
	if (status == BC_OK)
		status = bc_put_blob(salvage->cache, key, body.data,
		                     body.data_bytes, &options, err);
	bci_remains_close(salvage->allocator, &body);
	return status;
}

/* Whether a failure is one of this segment alone. */
static bool
salvage_goes_on(enum bc_status status)
{
	return status == BC_CORRUPT || status == BC_INVALID ||
	       status == BC_ORDER || status == BC_KEY || status == BC_BARS ||
	       status == BC_TOO_LARGE;
}

/* Store what belongs to one key. */
static enum bc_status
salvage_key(struct salvage *salvage, struct bci_relic *relics, size_t count,
            struct bc_error *err)
{
	bool series = salvage_is_series(relics, count);
	size_t chosen = series ? salvage_choose(relics, count) : 1;
	size_t stored = 0;
	enum bc_status status;

	for (size_t i = 0; i < chosen; i++) {
		status = salvage_put(salvage, &relics[i], series, err);
		if (status != BC_OK && !salvage_goes_on(status))
			return status;
		stored += status == BC_OK;
		salvage->report->refused += status != BC_OK;
		salvage->report->bytes +=
			status == BC_OK ? relics[i].locator.bytes : 0;
	}
	salvage->report->stored += stored;
	salvage->report->entries += stored != 0;
	return BC_OK;
}

static enum bc_status
salvage_store(struct salvage *salvage, struct bc_error *err)
{
	struct bci_relic *relics = salvage->relics;
	enum bc_status status = BC_OK;
	size_t from, to;

	if (salvage->count == 0)
		return BC_OK;
	qsort(relics, salvage->count, sizeof(*relics), salvage_compare);
	for (from = 0; status == BC_OK && from < salvage->count; from = to) {
		for (to = from + 1;
		     to < salvage->count &&
		     salvage_compare_keys(&relics[from], &relics[to]) == 0;
		     to++)
			;
		status = salvage_key(salvage, relics + from, to - from, err);
	}
	return status;
}

/* ---- all of it --------------------------------------------------------- */

/* Whether the new cache would lie in the lost one. */
static bool
salvage_is_same(int lost_fd, const char *path)
{
	struct stat lost, there;

	return fstat(lost_fd, &lost) == 0 && stat(path, &there) == 0 &&
	       lost.st_dev == there.st_dev && lost.st_ino == there.st_ino;
}

/* Make the new cache, with room for what was found. */
static enum bc_status
salvage_make(struct salvage *salvage, const char *path,
             const struct bc_options *given, struct bc_error *err)
{
	struct bc_options options = BC_OPTIONS_INIT;
	enum bc_status status;

	if (given != NULL)
		options = *given;
	options.flags &= ~(unsigned)(BC_OPEN_CREATE | BC_OPEN_READONLY |
	                             BC_OPEN_BYPASS | BC_OPEN_REFRESH);
	status = bc_open(path, &options, &salvage->cache, err);
	if (status == BC_OK) {
		bc_close(salvage->cache);
		salvage->cache = NULL;
		return bci_fail(err, BC_EXISTS, "there is a cache at %s", path);
	}
	if (status != BC_ABSENT)
		return status;
	options.flags |= BC_OPEN_CREATE;
	if (options.warm_bytes == 0)
		options.warm_bytes = bci_max(WARM_LEAST, 4 * salvage->bytes);
	return bc_open(path, &options, &salvage->cache, err);
}

enum bc_status
bc_salvage(const char *lost, const char *path, const struct bc_options *options,
           struct bc_salvage_report *report, struct bc_error *err)
{
	const struct bci_dir_options dir = {
		.group = options != NULL &&
		         (options->flags & BC_OPEN_GROUP) != 0,
		.network = options != NULL &&
		           (options->flags & BC_OPEN_NETWORK) != 0,
	};
	struct bc_salvage_report ignored;
	struct salvage salvage = {
		.allocator = options != NULL && options->allocator.alloc != NULL
		                     ? &options->allocator
		                     : &bci_allocator_default,
		.report = report != NULL ? report : &ignored,
	};
	enum bc_status status;
	int fd = -1;

	*salvage.report = (struct bc_salvage_report){ 0 };
	BCI_TRY(bci_dir_open(lost, &dir, &fd, err));
	if (salvage_is_same(fd, path)) {
		status = bci_fail(err, BC_EXISTS, "%s is the lost cache itself",
		                  path);
		goto done;
	}
	BCI_TRY(salvage_class(&salvage, fd, BCI_ARENA_WARM, err));
	BCI_TRY(salvage_class(&salvage, fd, BCI_ARENA_COLD, err));
	if (salvage.report->arenas == 0) {
		status = bci_fail(err, BC_ABSENT, "%s has no arenas", lost);
		goto done;
	}
	BCI_TRY(salvage_make(&salvage, path, options, err));
	BCI_TRY(salvage_store(&salvage, err));
	status = bc_sync(salvage.cache, err);
done:
	bc_close(salvage.cache);
	bci_file_close(&fd);
	for (size_t i = 0; i < salvage.map_count; i++)
		bci_unmap(salvage.maps[i].base, salvage.maps[i].bytes);
	bci_free(salvage.allocator, salvage.maps);
	bci_free(salvage.allocator, salvage.relics);
	return status;
}
