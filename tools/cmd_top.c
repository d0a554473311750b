/* SPDX-License-Identifier: MIT */
/*
 * cmd_top.c - barcache top: what happens in a cache right now.
 *
 * Counters are read now and then, and what is shown is how much they grew a
 * second.  The hottest entries take a walk over all of them, so in a large
 * cache they are looked for less often: a tenth of the time at most.
 */
#include "barcache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "counter.h"
#include "entry.h"
#include "moment.h"
#include "output.h"
#include "screen.h"
#include "stats_print.h"
#include "tool.h"
#include "unit.h"

enum { TOP_INTERVAL, TOP_ONCE, TOP_SORT, TOP_FILTER };

enum top_sort { TOP_BY_ACCESSES, TOP_BY_RATE, TOP_BY_BYTES, TOP_BY_TIME };

static const struct args_option top_options[] = {
	[TOP_INTERVAL] = { "interval", ARGS_DURATION, "DURATION",
	                   "Look every DURATION, such as 500ms; default 2s" },
	[TOP_ONCE] = { "once", ARGS_FLAG, NULL,
	               "Print what one interval shows, and end" },
	[TOP_SORT] = { "sort", ARGS_CHOICE, "accesses|rate|bytes|time",
	               "Order of the entries; default accesses" },
	[TOP_FILTER] = { "filter", ARGS_TEXT, "GLOB",
	                 "Show entries only whose key matches GLOB" },
};

static const char *const top_sorts[] = { "accesses", "rate", "bytes", "time" };
#define TOP_SORTS 4

#define TOP_INTERVAL_NS (2 * BCI_SECOND_NS)
#define TOP_ENTRIES 200
#define TOP_PROCESSES 256
#define TOP_FILTER_BYTES 200

struct top {
	struct tool *tool;
	struct screen screen;
	int64_t interval_ns;
	int64_t taken_ns; /* of the monotonic clock: when 'now' was */
	double seconds;   /* from 'before' to 'now' */
	struct bc_stats before, now;
	struct bc_latency latency[BC_OPS];
	struct bc_hot *hot, *old_hot;
	size_t hot_count, old_count;
	int64_t hot_taken_ns, hot_next_ns;
	double hot_seconds;
	struct bc_process *processes, *old_processes;
	size_t process_count, old_process_count;
	enum top_sort sort;
	bool show_processes;
	bool typing; /* the filter */
	char filter[TOP_FILTER_BYTES];
};

/* ---- looking ------------------------------------------------------------- */

/* The accesses of 'key' when entries were last looked at; 0: not known. */
static uint64_t
top_old_accesses(const struct top *top, const struct bc_hot *hot)
{
	size_t i;

	for (i = 0; i < top->old_count; ++i)
		if (strcmp(top->old_hot[i].key, hot->key) == 0)
			return top->old_hot[i].access_count;
	return hot->access_count;
}

static double
top_hot_rate(const struct top *top, const struct bc_hot *hot)
{
	uint64_t old = top_old_accesses(top, hot);

	return top->hot_seconds <= 0 || hot->access_count < old
	               ? 0
	               : (double)(hot->access_count - old) / top->hot_seconds;
}

/* For qsort(), which hands on nothing. */
static const struct top *top_sorting;

static int
top_compare(const void *left, const void *right)
{
	const struct bc_hot *a = left, *b = right;
	double x, y;

	switch (top_sorting->sort) {
	case TOP_BY_RATE:
		x = top_hot_rate(top_sorting, a);
		y = top_hot_rate(top_sorting, b);
		break;
	case TOP_BY_BYTES:
		x = (double)a->stored_bytes;
		y = (double)b->stored_bytes;
		break;
	case TOP_BY_TIME:
		x = (double)a->accessed_ns;
		y = (double)b->accessed_ns;
		break;
	default:
		x = (double)a->access_count;
		y = (double)b->access_count;
	}
	if (x != y)
		return x > y ? -1 : 1;
	return strcmp(a->key, b->key);
}

static void
top_order(struct top *top)
{
	top_sorting = top;
	qsort(top->hot, top->hot_count, sizeof(*top->hot), top_compare);
}

/* Look for the hottest entries, if it is time. */
static enum bc_status
top_look_entries(struct top *top, bool now, struct bc_error *err)
{
	struct bc_filter filter = { .glob = top->filter };
	int64_t begun_ns = bci_clock_monotonic_ns(), took_ns;
	struct bc_hot *swap = top->old_hot;
	enum bc_status status;

	if (!now && begun_ns < top->hot_next_ns)
		return BC_OK;
	top->old_hot = top->hot;
	top->old_count = top->hot_count;
	top->hot = swap;
	status = bc_top(top->tool->cache,
	                top->filter[0] == '\0' ? NULL : &filter, top->hot,
	                TOP_ENTRIES, &top->hot_count, err);
	took_ns = bci_clock_monotonic_ns() - begun_ns;
	top->hot_seconds = (double)(begun_ns - top->hot_taken_ns) / 1e9;
	top->hot_taken_ns = begun_ns;
	top->hot_next_ns = begun_ns + 10 * took_ns;
	top_order(top);
	return status;
}

static enum bc_status
top_look_processes(struct top *top, struct bc_error *err)
{
	struct bc_process *swap = top->old_processes;

	top->old_processes = top->processes;
	top->old_process_count = top->process_count;
	top->processes = swap;
	return bc_processes(top->tool->cache, top->processes, TOP_PROCESSES,
	                    &top->process_count, err);
}

static enum tool_exit
top_look(struct top *top, bool entries)
{
	int64_t now_ns = bci_clock_monotonic_ns();
	struct bc_error err;
	enum bc_op op;

	top->before = top->now;
	top->seconds = (double)(now_ns - top->taken_ns) / 1e9;
	top->taken_ns = now_ns;
	if (bc_stats(top->tool->cache, &top->now, &err) != BC_OK)
		return tool_fail(&err);
	for (op = 0; op < BC_OPS; ++op)
		if (bc_latency(top->tool->cache, op, 0, &top->latency[op],
		               &err) != BC_OK)
			return tool_fail(&err);
	if (top_look_entries(top, entries, &err) != BC_OK ||
	    top_look_processes(top, &err) != BC_OK)
		return tool_fail(&err);
	return TOOL_DONE;
}

/* ---- showing ------------------------------------------------------------- */

/* So much a second. */
static double
top_rate(const struct top *top, uint64_t grown)
{
	return top->seconds <= 0 ? 0 : (double)grown / top->seconds;
}

static void
top_draw_rates(struct top *top)
{
	struct bc_counters since =
		counter_since(&top->now.total, &top->before.total);
	char put[UNIT_TEXT], moved[UNIT_TEXT];
	struct bc_rates rates;

	bc_rates(&since, &rates);
	screen_line(&top->screen,
	            "requests %.0f/s  hits %.0f/s (hot %.0f, warm %.0f, cold "
	            "%.0f)  misses %.0f/s  hit rate %.1f %%",
	            top_rate(top, rates.requests), top_rate(top, rates.hits),
	            top_rate(top, since.hits[BC_HOT]),
	            top_rate(top, since.hits[BC_WARM]),
	            top_rate(top, since.hits[BC_COLD]),
	            top_rate(top, rates.misses), 100 * rates.hit_ratio);
	screen_line(&top->screen,
	            "puts %.1f/s  %s/s  fetches %.1f/s  evictions %.1f/s  "
	            "expirations %.1f/s  moved %s/s",
	            top_rate(top, since.puts),
	            unit_format_bytes((uint64_t)top_rate(top, since.put_bytes),
	                              put),
	            top_rate(top, since.fetches),
	            top_rate(top, since.evictions),
	            top_rate(top, since.expirations),
	            unit_format_bytes(
			    (uint64_t)top_rate(top, since.moved_bytes), moved));
}

static void
top_draw_sizes(struct top *top)
{
	char used[UNIT_TEXT], budget[UNIT_TEXT], cold[UNIT_TEXT],
		cold_budget[UNIT_TEXT], kept[UNIT_TEXT];
	const struct bc_stats *now = &top->now;

	screen_line(&top->screen,
	            "entries %" PRIu64 "  warm %s of %s  cold %s of %s  kept "
	            "by views %s",
	            now->entries, unit_format_bytes(now->warm_bytes, used),
	            unit_format_bytes(now->warm_budget_bytes, budget),
	            unit_format_bytes(now->cold_bytes, cold),
	            unit_format_bytes(now->cold_budget_bytes, cold_budget),
	            unit_format_bytes(now->pinned_unlinked_bytes, kept));
}

static void
top_draw_latency(struct top *top)
{
	char text[SCREEN_COLUMNS_MAX] = "p50/p99 us";
	size_t used = strlen(text);
	enum bc_op op;

	for (op = 0; op < BC_OPS; ++op) {
		const struct bc_latency *one = &top->latency[op];

		if (one->count != 0 && used < sizeof(text))
			used += (size_t)snprintf(
				text + used, sizeof(text) - used,
				"  %s %.1f/%.1f", bc_op_name(op),
				(double)one->p50_ns / 1e3,
				(double)one->p99_ns / 1e3);
	}
	screen_line(&top->screen, "%s", text);
}

static void
top_draw_entries(struct top *top)
{
	size_t i;

	screen_bright(&top->screen, "%10s %9s %-6s %-4s %10s %-20s  %s",
	              "ACCESSES", "RATE/S", "KIND", "TIER", "BYTES", "LAST",
	              "KEY");
	for (i = 0; i < top->hot_count && screen_left(&top->screen) > 1; ++i) {
		const struct bc_hot *hot = &top->hot[i];
		char bytes[UNIT_TEXT], clock[BCI_TIME_TEXT];

		screen_line(&top->screen,
		            "%10" PRIu64 " %9.1f %-6s %-4s %10s %-20s  %s",
		            hot->access_count, top_hot_rate(top, hot),
		            entry_kind(hot->kind), entry_tier(hot->tier),
		            unit_format_bytes(hot->stored_bytes, bytes),
		            hot->accessed_ns == 0
		                    ? "-"
		                    : entry_clock(hot->accessed_ns, clock),
		            hot->key);
	}
}

/* What the counters of a process were before; zeros if it is new. */
static struct bc_counters
top_old_counters(const struct top *top, const struct bc_process *process)
{
	size_t i;

	for (i = 0; i < top->old_process_count; ++i) {
		const struct bc_process *old = &top->old_processes[i];

		if (old->pid == process->pid &&
		    old->started_ns == process->started_ns)
			return old->counters;
	}
	return process->counters;
}

static void
top_draw_processes(struct top *top)
{
	size_t i;

	screen_bright(&top->screen, "%10s %10s %10s %8s %8s %10s %10s  %s",
	              "PID", "HITS/S", "MISSES/S", "PUTS/S", "VIEWS", "MAPPED",
	              "KEPT", "NAME");
	for (i = 0; i < top->process_count && screen_left(&top->screen) > 1;
	     ++i) {
		const struct bc_process *process = &top->processes[i];
		struct bc_counters old = top_old_counters(top, process);
		struct bc_counters since =
			counter_since(&process->counters, &old);
		char mapped[UNIT_TEXT], kept[UNIT_TEXT];
		struct bc_rates rates;

		bc_rates(&since, &rates);
		screen_line(
			&top->screen,
			"%10" PRIu64 " %10.0f %10.0f %8.1f %8" PRIu64
			" %10s %10s  %s",
			process->pid, top_rate(top, rates.hits),
			top_rate(top, rates.misses), top_rate(top, since.puts),
			process->views,
			unit_format_bytes(process->mapped_bytes, mapped),
			unit_format_bytes(process->pinned_unlinked_bytes, kept),
			process->name);
	}
}

static void
top_draw(struct top *top)
{
	char clock[BCI_TIME_TEXT];

	screen_clear(&top->screen);
	screen_bright(&top->screen, "barcache %s  %s  %" PRIu32 " process%s",
	              top->tool->path, entry_clock(bci_clock_wall_ns(), clock),
	              top->now.processes, top->now.processes == 1 ? "" : "es");
	top_draw_rates(top);
	top_draw_sizes(top);
	top_draw_latency(top);
	screen_line(&top->screen, "%s", "");
	if (top->show_processes)
		top_draw_processes(top);
	else
		top_draw_entries(top);
	while (screen_left(&top->screen) > 1)
		screen_line(&top->screen, "%s", "");
	if (top->typing)
		screen_line(&top->screen, "filter (glob): %s_", top->filter);
	else
		screen_line(&top->screen,
		            "q quit  p %s  s sort: %s  / filter: %s  space "
		            "now",
		            top->show_processes ? "entries" : "processes",
		            top_sorts[top->sort],
		            top->filter[0] == '\0' ? "none" : top->filter);
	screen_show(&top->screen);
}

/* ---- keys -----------------------------------------------------------------
 */

/* A key while the filter is typed; true once it is done. */
static bool
top_type(struct top *top, int key)
{
	size_t used = strlen(top->filter);

	if (key == '\r' || key == '\n') {
		top->typing = false;
		return true;
	}
	if (key == 0x1b) { /* Esc: none */
		top->typing = false;
		top->filter[0] = '\0';
		return true;
	}
	if (key == 0x7f || key == '\b') {
		if (used > 0)
			top->filter[used - 1] = '\0';
	} else if (key >= 0x20 && used + 1 < sizeof(top->filter)) {
		top->filter[used] = (char)key;
		top->filter[used + 1] = '\0';
	}
	return false;
}

enum top_deed { TOP_WAIT, TOP_DRAW, TOP_LOOK, TOP_QUIT };

static enum top_deed
top_press(struct top *top, int key)
{
	if (key == SCREEN_OVER)
		return TOP_QUIT;
	if (key == 0)
		return TOP_DRAW; /* of another size, perhaps */
	if (top->typing)
		return top_type(top, key) ? TOP_LOOK : TOP_DRAW;
	switch (key) {
	case 'q':
		return TOP_QUIT;
	case 'p':
		top->show_processes = !top->show_processes;
		return TOP_DRAW;
	case 's':
		top->sort = (enum top_sort)((top->sort + 1) % TOP_SORTS);
		top_order(top);
		return TOP_DRAW;
	case '/':
		top->typing = true;
		top->filter[0] = '\0';
		return TOP_DRAW;
	case ' ':
		return TOP_LOOK;
	default:
		return TOP_WAIT;
	}
}

/* Wait for keys until it is time to look again; false: the end. */
static bool
top_wait(struct top *top, bool *entries)
{
	int64_t until_ns = top->taken_ns + top->interval_ns;

	*entries = false;
	for (;;) {
		int64_t rest_ns = until_ns - bci_clock_monotonic_ns();
		enum top_deed deed;

		if (rest_ns <= 0)
			return true;
		deed = top_press(top, screen_key((int)(rest_ns / 1000000) + 1));
		if (deed == TOP_QUIT)
			return false;
		if (deed == TOP_DRAW)
			top_draw(top);
		if (deed == TOP_LOOK) {
			*entries = true;
			return true;
		}
	}
}

static enum tool_exit
top_live(struct top *top)
{
	enum tool_exit result = TOOL_DONE;
	bool entries = true;

	if (!screen_begin(&top->screen))
		return tool_usage(top->tool,
		                  "not a terminal; with --once it needs none");
	do {
		result = top_look(top, entries);
		if (result == TOOL_DONE)
			top_draw(top);
	} while (result == TOOL_DONE && top_wait(top, &entries));
	screen_end(&top->screen);
	return result;
}

/* ---- once ------------------------------------------------------------------
 */

static void
top_json(struct top *top)
{
	struct bc_counters since =
		counter_since(&top->now.total, &top->before.total);
	json_t *object = json_object(), *counted = json_object();

	output_add(object, "seconds", json_real(top->seconds));
	counter_add_json(counted, &since);
	output_add(object, "counted", counted);
	output_add_count(object, "entry_count", top->now.entries);
	output_add_count(object, "warm_bytes", top->now.warm_bytes);
	output_add_count(object, "cold_bytes", top->now.cold_bytes);
	output_add_count(object, "pinned_unlinked_bytes",
	                 top->now.pinned_unlinked_bytes);
	output_add(object, "top_accessed",
	           stats_hot_list(top->hot, top->hot_count));
	output_add(object, "processes",
	           stats_processes_list(top->processes, top->process_count));
	output_json(object);
}

static enum tool_exit
top_once(struct top *top)
{
	enum tool_exit result = top_look(top, true);
	struct bc_counters since;
	struct bc_rates rates;

	if (result != TOOL_DONE)
		return result;
	bci_clock_sleep_ns(top->interval_ns);
	result = top_look(top, true);
	if (result != TOOL_DONE)
		return result;
	if (top->tool->json) {
		top_json(top);
		return TOOL_DONE;
	}
	since = counter_since(&top->now.total, &top->before.total);
	bc_rates(&since, &rates);
	output_pair("requests", "%.0f/s", top_rate(top, rates.requests));
	output_pair("hits", "%.0f/s", top_rate(top, rates.hits));
	output_pair("misses", "%.0f/s", top_rate(top, rates.misses));
	output_pair("puts", "%.1f/s", top_rate(top, since.puts));
	output_pair("evictions", "%.1f/s", top_rate(top, since.evictions));
	output_pair("entries", "%" PRIu64, top->now.entries);
	output_pair("processes", "%" PRIu32, top->now.processes);
	stats_hot_print(top->hot, top->hot_count);
	return TOOL_DONE;
}

static enum tool_exit
top_run(struct tool *tool)
{
	const struct args_value *values = tool->args.values;
	struct top *top = tool_alloc(1, sizeof(*top));
	enum tool_exit result;

	top->tool = tool;
	top->interval_ns = values[TOP_INTERVAL].set ? values[TOP_INTERVAL].ns
	                                            : TOP_INTERVAL_NS;
	if (values[TOP_SORT].set)
		top->sort = (enum top_sort)values[TOP_SORT].number;
	if (values[TOP_FILTER].set)
		snprintf(top->filter, sizeof(top->filter), "%s",
		         values[TOP_FILTER].text);
	top->hot = tool_alloc(TOP_ENTRIES, sizeof(*top->hot));
	top->old_hot = tool_alloc(TOP_ENTRIES, sizeof(*top->hot));
	top->processes = tool_alloc(TOP_PROCESSES, sizeof(*top->processes));
	top->old_processes = tool_alloc(TOP_PROCESSES, sizeof(*top->processes));
	result = tool_open(tool, TOOL_READ, NULL);
	if (result == TOOL_DONE)
		result = tool->json || values[TOP_ONCE].set ? top_once(top)
		                                            : top_live(top);
	free(top->old_processes);
	free(top->processes);
	free(top->old_hot);
	free(top->hot);
	free(top);
	return result;
}

const struct tool_command cmd_top = {
	.name = "top",
	.summary = "Show live what happens in the cache",
	.operands = "",
	.options = top_options,
	.option_count = sizeof(top_options) / sizeof(top_options[0]),
	.run = top_run,
	.notes = "Keys: q quits, p shows processes or entries, s sorts the "
		 "entries by accesses, rate, bytes, or time, / sets a filter "
		 "(Enter ends it, Esc takes it away), space looks now.\n\n"
		 "JSON, as with --once: seconds, counted (the counters of "
		 "stats, of that time), entry_count, warm_bytes, cold_bytes, "
		 "pinned_unlinked_bytes, top_accessed and processes as in "
		 "stats.",
};
