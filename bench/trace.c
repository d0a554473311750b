/* SPDX-License-Identifier: MIT */
/*
 * trace.c - a record of accesses, in memory and as a file.
 */
#include "bench.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

#define HEAD "barcache-trace 1"

void
trace_add(struct trace *trace, int64_t time_ns, uint64_t key, uint64_t bytes,
          uint64_t cost_ns)
{
	if (trace->count == trace->room) {
		trace->room = trace->room == 0 ? 4096 : 2 * trace->room;
		trace->items = realloc(trace->items,
		                       trace->room * sizeof(*trace->items));
		if (trace->items == NULL || trace->room >= UINT32_MAX)
			bench_die("a trace of %zu accesses", trace->room);
	}
	trace->items[trace->count++] = (struct trace_access){
		.time_ns = time_ns,
		.key = key,
		.bytes = bytes,
		.cost_ns = cost_ns,
	};
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

void
trace_index(struct trace *trace)
{
	struct trace_access **sorted =
		bench_alloc(trace->count + 1, sizeof(struct trace_access *));

	trace->keys = 0;
	trace->all_bytes = 0;
	for (size_t i = 0; i < trace->count; i++)
		sorted[i] = &trace->items[i];
	qsort(sorted, trace->count, sizeof(struct trace_access *),
	      trace_by_key);
	for (size_t i = 0; i < trace->count; i++) {
		bool more = i + 1 < trace->count &&
		            sorted[i + 1]->key == sorted[i]->key;

		sorted[i]->id = trace->keys;
		sorted[i]->next =
			more ? (uint32_t)(sorted[i + 1] - trace->items)
			     : UINT32_MAX;
		if (!more) {
			trace->keys++;
			trace->all_bytes += sorted[i]->bytes;
		}
	}
	free(sorted);
}

void
trace_read(struct trace *trace, const char *path)
{
	FILE *in = fopen(path, "r");
	char line[256];

	if (in == NULL)
		bench_die("%s: cannot be read", path);
	memset(trace, 0, sizeof(*trace));
	for (size_t number = 1; fgets(line, sizeof(line), in); number++) {
		uint64_t key, bytes, cost_ns;
		int64_t time_ns;

		line[strcspn(line, "\r\n")] = '\0';
		if (number == 1 && strcmp(line, HEAD) != 0)
			bench_die("%s: not a trace (line 1 is no '%s')", path,
			          HEAD);
		if (number == 1 || line[0] == '#' || line[0] == '\0')
			continue;
		if (sscanf(line, "%" SCNd64 " %" SCNx64 " %" SCNu64 " %" SCNu64,
		           &time_ns, &key, &bytes, &cost_ns) != 4)
			bench_die("%s: line %zu is no access", path, number);
		trace_add(trace, time_ns, key, bytes, cost_ns);
	}
	if (ferror(in))
		bench_die("%s: cannot be read", path);
	fclose(in);
}

void
trace_write(const struct trace *trace, const char *path)
{
	FILE *out = fopen(path, "w");
	bool failed = out == NULL;

	if (failed)
		bench_die("%s: cannot be written", path);
	fprintf(out, HEAD "\n");
	for (size_t i = 0; i < trace->count; i++) {
		const struct trace_access *access = &trace->items[i];

		fprintf(out,
		        "%" PRId64 " %016" PRIx64 " %" PRIu64 " %" PRIu64 "\n",
		        access->time_ns, access->key, access->bytes,
		        access->cost_ns);
	}
	failed = ferror(out) != 0;
	if (fclose(out) != 0 || failed)
		bench_die("%s: cannot be written", path);
}

void
trace_free(struct trace *trace)
{
	free(trace->items);
	memset(trace, 0, sizeof(*trace));
}
