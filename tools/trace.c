/* SPDX-License-Identifier: MIT */
/*
 * trace.c - a record of accesses, in memory and as a file.
 */
#include "trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

void *
trace_alloc(size_t count, size_t bytes)
{
	void *memory = calloc(count != 0 ? count : 1, bytes);

	if (memory == NULL) {
		fprintf(stderr, "no memory for a trace\n");
		exit(EXIT_FAILURE);
	}
	return memory;
}

void
trace_add(struct trace *trace, int64_t time_ns, uint64_t key, uint64_t bytes,
          uint64_t cost_ns)
{
	if (trace->count == trace->room) {
		size_t room = trace->room == 0 ? 4096 : 2 * trace->room;
		struct trace_access *grown = trace_alloc(room, sizeof(*grown));

		if (trace->count != 0)
			memcpy(grown, trace->items,
			       trace->count * sizeof(*grown));
		free(trace->items);
		trace->items = grown;
		trace->room = room;
	}
	trace->items[trace->count++] = (struct trace_access){
		.time_ns = time_ns,
		.key = key,
		.bytes = bytes,
		.cost_ns = cost_ns,
	};
}

/* ---- the index ---------------------------------------------------------- */

/* By time; of one moment as they came: 'id' has that. */
static int
trace_by_time(const void *a, const void *b)
{
	const struct trace_access *one = a, *other = b;

	if (one->time_ns != other->time_ns)
		return one->time_ns < other->time_ns ? -1 : 1;
	return one->id < other->id ? -1 : 1;
}

static int
trace_by_key(const void *a, const void *b)
{
	const struct trace_access *one = *(struct trace_access *const *)a;
	const struct trace_access *other = *(struct trace_access *const *)b;

	if (one->key != other->key)
		return one->key < other->key ? -1 : 1;
	return one < other ? -1 : 1;
}

/* What one access of a key says of the next one. */
static void
trace_join(const struct trace *trace, struct trace_access *access,
           struct trace_access *next)
{
	access->next = (uint32_t)(next - trace->items);
	if (next->cost_ns == 0)
		next->cost_ns = access->cost_ns;
}

void
trace_index(struct trace *trace)
{
	struct trace_access **sorted =
		trace_alloc(trace->count, sizeof(struct trace_access *));

	trace->keys = 0;
	trace->all_bytes = 0;
	for (size_t i = 0; i < trace->count; i++)
		trace->items[i].id = (uint32_t)i;
	if (trace->count != 0)
		qsort(trace->items, trace->count, sizeof(*trace->items),
		      trace_by_time);
	for (size_t i = 0; i < trace->count; i++)
		sorted[i] = &trace->items[i];
	if (trace->count != 0)
		qsort(sorted, trace->count, sizeof(struct trace_access *),
		      trace_by_key);
	for (size_t i = 0; i < trace->count; i++) {
		bool more = i + 1 < trace->count &&
		            sorted[i + 1]->key == sorted[i]->key;

		sorted[i]->id = trace->keys;
		sorted[i]->next = UINT32_MAX;
		if (more) {
			trace_join(trace, sorted[i], sorted[i + 1]);
		} else {
			trace->keys++;
			trace->all_bytes += sorted[i]->bytes;
		}
	}
	free(sorted);
}

/* ---- files --------------------------------------------------------------- */

static enum bc_status
trace_read_lines(struct trace *trace, const char *path, FILE *in,
                 struct bc_error *err)
{
	char line[256];

	for (size_t number = 1; fgets(line, sizeof(line), in); number++) {
		struct bci_access access;
		enum bci_access_line what;

		line[strcspn(line, "\r\n")] = '\0';
		if (number == 1 && strcmp(line, BCI_TRACE_HEAD) != 0)
			return bci_fail(err, BC_INVALID,
			                "%s is no trace: line 1 is not '%s'",
			                path, BCI_TRACE_HEAD);
		what = bci_access_parse(line, &access);
		if (what == BCI_LINE_WRONG || trace->count >= UINT32_MAX - 1)
			return bci_fail(err, BC_INVALID,
			                "%s: line %zu is no access", path,
			                number);
		if (what == BCI_LINE_NOTHING)
			continue;
		trace->kinds[access.kind]++;
		if (access.kind != BCI_ACCESS_MISS)
			trace_add(trace, access.time_ns, access.key,
			          access.bytes, access.cost_ns);
	}
	return ferror(in) ? bci_fail_os(err, errno, "cannot read %s", path)
	                  : BC_OK;
}

enum bc_status
trace_read(struct trace *trace, const char *path, struct bc_error *err)
{
	FILE *in = fopen(path, "re");
	enum bc_status status;

	memset(trace, 0, sizeof(*trace));
	if (in == NULL)
		return bci_fail_os(err, errno, "cannot read %s", path);
	status = trace_read_lines(trace, path, in, err);
	fclose(in);
	if (status != BC_OK)
		trace_free(trace);
	return status;
}

enum bc_status
trace_write(const struct trace *trace, const char *path, struct bc_error *err)
{
	FILE *out = fopen(path, "we");
	bool failed;

	if (out == NULL)
		return bci_fail_os(err, errno, "cannot write %s", path);
	fprintf(out, BCI_TRACE_HEAD "\n");
	for (size_t i = 0; i < trace->count; i++) {
		const struct trace_access *item = &trace->items[i];
		const struct bci_access access = {
			.time_ns = item->time_ns,
			.key = item->key,
			.bytes = item->bytes,
			.cost_ns = item->cost_ns,
		};
		char line[BCI_ACCESS_LINE];

		bci_access_format(&access, line);
		fputs(line, out);
	}
	failed = ferror(out) != 0;
	if (fclose(out) != 0 || failed)
		return bci_fail_os(err, errno, "cannot write %s", path);
	return BC_OK;
}

void
trace_free(struct trace *trace)
{
	free(trace->items);
	memset(trace, 0, sizeof(*trace));
}
