/* SPDX-License-Identifier: MIT */
/*
 * hole.c - bars that a timeframe expects and that are not stored.
 *
 * Bars are expected whole timeframes apart from those that are there, so the
 * rows themselves say whether a day of theirs begins at midnight or at the
 * open of an exchange.  Each row is compared with the one before it; in front
 * of the first row it is counted backwards from there, and in a stretch without
 * any from another row.  Rows that are nearer to each other than the timeframe
 * have nothing between them.
 */
#include "hole.h"

/* No time has more months before it. */
#define HOLE_MONTHS_MAX 10000

/* What is looked for. */
struct hole_search {
	const struct bci_timeframe *timeframe;
	const struct bc_interval *stretch;
	hole_function *function;
	void *context;
};

/* The moment 'bars' bars from 'time_ns', or the end of time. */
static int64_t
hole_move(const struct hole_search *search, int64_t time_ns, int32_t bars)
{
	int64_t moved_ns;

	if (!bci_timeframe_move(search->timeframe, time_ns, bars, &moved_ns))
		return bars < 0 ? INT64_MIN : INT64_MAX;
	return moved_ns;
}

/* How many bars are expected from 'first_ns' on and before 'end_ns'. */
static uint64_t
hole_count(const struct hole_search *search, int64_t first_ns, int64_t end_ns)
{
	int64_t step_ns = search->timeframe->step_ns;
	uint64_t bars = 0;

	if (first_ns >= end_ns)
		return 0;
	if (step_ns > 0)
		return ((uint64_t)end_ns - (uint64_t)first_ns - 1) /
		               (uint64_t)step_ns +
		       1;
	while (hole_move(search, first_ns, (int32_t)bars) < end_ns)
		++bars;
	return bars;
}

/* Report the bars expected behind that of 'last_ns' and before 'next_ns'. */
static void
hole_between(const struct hole_search *search, int64_t last_ns, int64_t next_ns)
{
	struct bc_interval hole = {
		.from_ns = hole_move(search, last_ns, 1),
		.to_ns = next_ns,
	};
	uint64_t bars = hole_count(search, hole.from_ns, next_ns);

	if (bars != 0)
		search->function(search->context, &hole, bars);
}

/* The first moment of the stretch at which a bar is expected, by any row. */
static int64_t
hole_first(const struct hole_search *search, int64_t row_ns)
{
	const struct bc_interval *stretch = search->stretch;
	int64_t from_ns = stretch->from_ns, first_ns = row_ns;
	uint64_t step_ns = (uint64_t)search->timeframe->step_ns, ahead;
	int32_t bars = 0;

	if (step_ns > 0) {
		/* How far it is from 'from_ns' to the next one. */
		if (from_ns < row_ns) {
			ahead = ((uint64_t)row_ns - (uint64_t)from_ns) %
			        step_ns;
		} else {
			ahead = ((uint64_t)from_ns - (uint64_t)row_ns) %
			        step_ns;
			ahead = ahead == 0 ? 0 : step_ns - ahead;
		}
		if (ahead >= (uint64_t)stretch->to_ns - (uint64_t)from_ns)
			return stretch->to_ns;
		return from_ns + (int64_t)ahead;
	}
	while (first_ns < from_ns)
		first_ns = hole_move(search, row_ns, ++bars);
	while (bars > -HOLE_MONTHS_MAX &&
	       hole_move(search, row_ns, bars - 1) >= from_ns)
		first_ns = hole_move(search, row_ns, --bars);
	return first_ns;
}

/*
 * Report the bars expected in the stretch before 'end_ns', where it has no
 * row.
 */
static void
hole_before(const struct hole_search *search, int64_t row_ns, int64_t end_ns)
{
	struct bc_interval hole = {
		.from_ns = hole_first(search, row_ns),
		.to_ns = end_ns,
	};
	uint64_t bars = hole_count(search, hole.from_ns, end_ns);

	if (bars != 0)
		search->function(search->context, &hole, bars);
}

/* Walk over the rows of the stretch. */
static enum bc_status
hole_walk(const struct hole_search *search, struct bc_stream *stream,
          int64_t row_ns)
{
	enum bc_status status;
	struct bc_view view;
	int64_t last_ns = 0;
	bool begun = false;
	uint64_t row;

	while ((status = bc_stream_next(stream, &view)) == BC_OK &&
	       view.rows != 0) {
		const int64_t *time_ns = bc_view_time(&view);

		if (!begun)
			hole_before(search, time_ns[0], time_ns[0]);
		for (row = begun ? 0 : 1; row < view.rows; ++row)
			hole_between(search,
			             row == 0 ? last_ns : time_ns[row - 1],
			             time_ns[row]);
		last_ns = time_ns[view.rows - 1];
		begun = true;
	}
	if (status == BC_OK && begun)
		hole_between(search, last_ns, search->stretch->to_ns);
	else if (status == BC_OK)
		hole_before(search, row_ns, search->stretch->to_ns);
	return status;
}

enum tool_exit
hole_find(const struct tool *tool, const struct bc_info *info,
          const struct bc_interval *stretch,
          const struct bci_timeframe *timeframe, hole_function *function,
          void *context)
{
	static const char *const time_alone[] = { NULL };
	struct hole_search search = { timeframe, stretch, function, context };
	struct bc_stream *stream;
	enum bc_status status;
	struct bc_error err;

	status = bc_stream_open(tool->cache, info->key, stretch->from_ns,
	                        stretch->to_ns, time_alone, BC_READ_PARTIAL, 0,
	                        &stream, NULL, &err);
	if (status != BC_OK)
		return tool_fail(&err);
	status = hole_walk(&search, stream, info->first_ns);
	bc_stream_close(stream);
	if (status == BC_OK)
		return TOOL_DONE;
	tool_say("cannot read %s: %s", info->key, bc_strerror(status));
	return status == BC_MISS ? TOOL_MISS : TOOL_CANNOT;
}
