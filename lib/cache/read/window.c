/* SPDX-License-Identifier: MIT */
/*
 * window.c - a window that moves over a range bar by bar.
 *
 * A stretch of rows is held ready as one view: those of the window and some
 * ahead.  Moving within it changes four numbers of the view; only at its end
 * the next stretch is shown.
 */
#include "common.h"

#include "alloc.h"
#include "error.h"
#include "query.h"
#include "scroll.h"

#define WINDOW_MAGIC 0x77696e64u
#define WINDOW_AHEAD 65536

struct bc_window {
	unsigned magic;
	uint64_t rows, ahead;
	uint64_t at;         /* the row that comes next */
	uint64_t first, end; /* rows of the stretch; equal: none */
	struct bc_view stretch;
	const int64_t *times; /* of the stretch */
	struct bci_scroll scroll;
};

enum bc_status
bc_window_open(struct bc_cache *cache, const char *key, int64_t from_ns,
               int64_t to_ns, const char *const *columns, unsigned flags,
               uint64_t rows, uint64_t ahead, struct bc_window **out,
               enum bc_miss *miss, struct bc_error *err)
{
	struct bci_query query = {
		.key = key,
		.columns = columns,
		.by = BCI_BY_TIME,
		.flags = flags,
		.from_ns = from_ns,
		.to_ns = to_ns,
		.count = rows - 1,
	};
	struct bc_window *window;
	enum bc_status status;

	*out = NULL;
	if (miss != NULL)
		*miss = BC_MISS_NONE;
	if (rows == 0 || rows > BCI_SCROLL_ROWS_MAX ||
	    ahead > BCI_SCROLL_ROWS_MAX)
		return bci_fail(err, BC_INVALID,
		                "a window of %llu rows, and %llu ahead",
		                (unsigned long long)rows,
		                (unsigned long long)ahead);
	window = bci_zalloc(&cache->allocator, 1, sizeof(*window));
	if (window == NULL)
		return bci_fail(err, BC_NOMEM, "no memory to read %s", key);
	window->rows = rows;
	window->ahead = ahead != 0 ? ahead : WINDOW_AHEAD;
	status = bci_scroll_open(&window->scroll, cache, &query, miss, err);
	if (status != BC_OK) {
		bci_free(&cache->allocator, window);
		return status;
	}
	window->magic = WINDOW_MAGIC;
	window->at = window->scroll.span.begin;
	*out = window;
	return BC_OK;
}

/* The first row that the window shows when its last is 'at'. */
static uint64_t
window_first(const struct bc_window *window, uint64_t at)
{
	return at + 1 - bci_min(window->rows, at + 1);
}

/* Show the stretch that begins with the rows before 'at'. */
static enum bc_status
window_refill(struct bc_window *window)
{
	const struct bci_span *span = &window->scroll.span;
	uint64_t first = bci_max(window_first(window, window->at), span->first);
	uint64_t end =
		window->at + bci_min(window->ahead, span->end - window->at);
	enum bc_status status;

	window->first = window->end = 0;
	status =
		bci_scroll_show(&window->scroll, first, end,
	                        window->rows + window->ahead, &window->stretch);
	if (status != BC_OK)
		return status;
	window->first = first;
	window->end = end;
	window->times = bc_view_time(&window->stretch);
	bci_scroll_expect(&window->scroll, end, window->ahead);
	return BC_OK;
}

enum bc_status
bc_window_next(struct bc_window *window, struct bc_view *view)
{
	const struct bci_span *span = &window->scroll.span;
	uint64_t first;
	enum bc_status status;

	BCI_ASSERT(window->magic == WINDOW_MAGIC);
	if (window->at >= span->end) {
		window->first = window->end = 0;
		return bci_scroll_show(&window->scroll, span->end, span->end, 0,
		                       view);
	}
	first = bci_max(window_first(window, window->at), span->first);
	if (BCI_UNLIKELY(window->at >= window->end || first < window->first)) {
		status = window_refill(window);
		if (status != BC_OK) {
			*view = window->stretch;
			return status;
		}
	}
	*view = window->stretch;
	view->rows = window->at + 1 - first;
	view->first_row += first - window->first;
	view->bytes = view->rows * view->schema->row_bytes;
	view->copied_bytes = view->copied_bytes != 0 ? view->bytes : 0;
	view->first_ns = window->times[first - window->first];
	view->last_ns = window->times[window->at - window->first];
	view->open_rows = window->at == span->open_row;
	window->at++;
	return BC_OK;
}

enum bc_status
bc_window_seek(struct bc_window *window, int64_t time_ns)
{
	struct bci_span *span = &window->scroll.span;
	enum bc_status status;
	uint64_t row;

	BCI_ASSERT(window->magic == WINDOW_MAGIC);
	status = bci_scroll_row(&window->scroll, time_ns, &row);
	if (status != BC_OK)
		return status;
	window->at = bci_max(bci_min(row, span->end), span->begin);
	return bci_scroll_prove(&window->scroll, row, time_ns);
}

void
bc_window_close(struct bc_window *window)
{
	struct bc_allocator allocator;

	if (window == NULL)
		return;
	BCI_ASSERT(window->magic == WINDOW_MAGIC);
	allocator = window->scroll.allocator;
	window->magic = 0;
	bci_scroll_close(&window->scroll);
	bci_free(&allocator, window);
}
