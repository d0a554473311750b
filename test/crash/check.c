/* SPDX-License-Identifier: MIT */
/*
 * check.c - whether a cache is what a power cut may leave of a history.
 *
 * All that is found must be the state after one step: in durable mode after the
 * last one that was done, or the one under way; in relaxed mode perhaps after
 * one before, as the last commit may be taken back.  What is not there must not
 * have had to be: in durable mode what is not pinned, in relaxed mode also what
 * is newer than the last sync.
 */
#include "crash/history.h"

#include <stdlib.h>
#include <string.h>

#include "fault/litter.h"

#define ABSENT 0
#define WRONG UINT64_MAX

/* What was found of everything. */
struct found {
	uint64_t version[HISTORY_VALUES]; /* ABSENT, WRONG */
	bool *rows[HISTORY_SERIES];       /* which rows are there */
	uint64_t known[HISTORY_SERIES];   /* how many rows[] has */
};

struct check {
	const struct history *history;
	const struct history_seen *seen;
	const char *path;
	FILE *out;
	struct found found;
};

const char *
history_verdict_name(enum history_verdict verdict)
{
	static const char *const names[HISTORY_VERDICTS] = {
		"right",  "does not open", "read error", "wrong bytes",
		"lost",   "served",        "no commit",  "damage after commit",
		"litter", "crash",         "hang",
	};

	return names[verdict];
}

#define SAY(check, ...)                                                        \
	do {                                                                   \
		if ((check)->out != NULL)                                      \
			fprintf((check)->out, __VA_ARGS__);                    \
	} while (0)

/* ---- reading ------------------------------------------------------------- */

static enum history_verdict
read_value(struct check *check, struct bc_cache *cache, unsigned key)
{
	enum bc_status status;
	struct bc_view view;
	uint64_t version;
	char name[24];

	history_key(key, name);
	status = bc_get(cache, name, &view);
	check->found.version[key] = ABSENT;
	if (status == BC_MISS)
		return HISTORY_RIGHT;
	if (status != BC_OK) {
		SAY(check, "  %s: %s\n", name, bc_status_name(status));
		return HISTORY_ERROR;
	}
	version = test_view_version(&view, name, check->history->seed);
	bc_view_release(&view);
	check->found.version[key] = version;
	if (version != 0)
		return HISTORY_RIGHT;
	SAY(check, "  %s: wrong bytes\n", name);
	return HISTORY_WRONG;
}

/* Whether the rows of a view are rows of the series; notes which ones. */
static bool
read_rows_right(struct check *check, unsigned series,
                const struct bc_view *view)
{
	const int64_t *time_ns = bc_view_time(view);
	const int64_t *mark = bc_view_find(view, "mark", BC_I64);
	const double *close = bc_view_f64(view, "close");
	uint64_t seed = check->history->seed;

	if (view->rows != 0 && (mark == NULL || close == NULL))
		return false;
	for (uint64_t i = 0; i < view->rows; i++) {
		uint64_t index = (uint64_t)(time_ns[i] / HISTORY_MINUTE);
		double right = history_row_close(seed, series, index);

		if (time_ns[i] % HISTORY_MINUTE != 0 ||
		    index >= check->found.known[series] ||
		    mark[i] != history_row_mark(seed, series, index) ||
		    memcmp(&close[i], &right, sizeof(right)) != 0)
			return false;
		check->found.rows[series][index] = true;
	}
	return true;
}

static enum history_verdict
read_series(struct check *check, struct bc_cache *cache, unsigned series)
{
	struct found *found = &check->found;
	enum bc_status status;
	struct bc_view view;
	char name[24];
	bool right;

	found->known[series] = history_rows(check->history, check->seen, series,
	                                    check->seen->begun);
	free(found->rows[series]);
	found->rows[series] = calloc(found->known[series] + 1, sizeof(bool));
	history_series(series, name);
	status = bc_read(cache, name, INT64_MIN, INT64_MAX, NULL,
	                 BC_READ_PARTIAL, &view);
	if (status == BC_MISS)
		return HISTORY_RIGHT;
	if (status != BC_OK) {
		SAY(check, "  %s: %s\n", name, bc_status_name(status));
		return HISTORY_ERROR;
	}
	right = read_rows_right(check, series, &view);
	bc_view_release(&view);
	if (!right)
		SAY(check, "  %s: wrong rows\n", name);
	return right ? HISTORY_RIGHT : HISTORY_WRONG;
}

static enum history_verdict
read_all(struct check *check, struct bc_cache *cache)
{
	enum history_verdict worst = HISTORY_RIGHT, verdict;

	for (unsigned key = 0; key < HISTORY_VALUES; key++) {
		verdict = read_value(check, cache, key);
		worst = verdict > worst ? verdict : worst;
	}
	for (unsigned i = 0; i < HISTORY_SERIES; i++) {
		verdict = read_series(check, cache, i);
		worst = verdict > worst ? verdict : worst;
	}
	return worst;
}

/* ---- judging ------------------------------------------------------------- */

/* Whether key may be missing although step 'number' leaves it there. */
static bool
may_miss(const struct check *check, unsigned key, uint64_t number)
{
	if (key >= HISTORY_PINNED)
		return true;
	return check->history->durability == BC_RELAXED &&
	       history_touched(check->history, check->seen, key, number) >
	               check->seen->synced;
}

/* What was removed never comes back, whatever the durability. */
static bool
may_be_back(const struct check *check, unsigned key)
{
	const struct history_seen *seen = check->seen;
	uint64_t found = check->found.version[key];

	return found == ABSENT ||
	       history_version(check->history, seen, key, seen->done) != 0 ||
	       history_version(check->history, seen, key, seen->begun) == found;
}

static bool
value_fits(const struct check *check, unsigned key, uint64_t number, bool say)
{
	uint64_t version =
		history_version(check->history, check->seen, key, number);
	uint64_t found = check->found.version[key];

	if ((found == version && may_be_back(check, key)) ||
	    (found == ABSENT && may_miss(check, key, number)))
		return true;
	if (say)
		SAY(check, "  key %u: %d, after step %d it was %d\n", key,
		    (int)found, (int)number, (int)version);
	return false;
}

static bool
series_fits(const struct check *check, unsigned series, uint64_t number,
            bool say)
{
	uint64_t rows =
		history_rows(check->history, check->seen, series, number);
	uint64_t sure = series + 1 == HISTORY_SERIES ? 0 : rows;

	if (check->history->durability == BC_RELAXED && sure != 0)
		sure = history_rows(check->history, check->seen, series,
		                    check->seen->synced);
	for (uint64_t i = 0; i < check->found.known[series]; i++) {
		bool found = check->found.rows[series][i];

		if ((found || i >= sure) && (!found || i < rows))
			continue;
		if (say)
			SAY(check, "  series %u: row %d %s, %d rows, %d sure\n",
			    series, (int)i, found ? "is there" : "is not there",
			    (int)rows, (int)sure);
		return false;
	}
	return true;
}

static bool
state_fits(const struct check *check, uint64_t number, bool say)
{
	bool fits = true;

	for (unsigned key = 0; key < HISTORY_VALUES; key++)
		fits = value_fits(check, key, number, say) && fits;
	for (unsigned i = 0; i < HISTORY_SERIES; i++)
		fits = series_fits(check, i, number, say) && fits;
	return fits;
}

static enum history_verdict
judge_discarded(const struct check *check)
{
	for (unsigned key = 0; key < HISTORY_VALUES; key++)
		if (check->found.version[key] != ABSENT)
			return HISTORY_SERVED;
	for (unsigned series = 0; series < HISTORY_SERIES; series++)
		for (uint64_t i = 0; i < check->found.known[series]; i++)
			if (check->found.rows[series][i])
				return HISTORY_SERVED;
	return HISTORY_RIGHT;
}

static enum history_verdict
judge(const struct check *check)
{
	const struct history_seen *seen = check->seen;
	uint64_t from = seen->done;

	if (check->history->durability == BC_SCRATCH)
		return judge_discarded(check);
	if (check->history->durability == BC_RELAXED)
		from = seen->synced;
	for (uint64_t n = from; n <= seen->begun; n++)
		if (state_fits(check, n, false))
			return HISTORY_RIGHT;
	SAY(check, "  synced %d, done %d, begun %d\n", (int)seen->synced,
	    (int)seen->done, (int)seen->begun);
	for (uint64_t n = seen->done; n <= seen->begun; n++) {
		SAY(check, " after step %d:\n", (int)n);
		(void)state_fits(check, n, true);
	}
	return HISTORY_LOST;
}

static enum history_verdict
look(struct check *check, struct bc_cache *cache)
{
	enum history_verdict verdict = read_all(check, cache);

	return verdict != HISTORY_RIGHT ? verdict : judge(check);
}

/* ---- going on ------------------------------------------------------------ */

static void
verify_say(void *context, const char *key, const char *reason)
{
	SAY((struct check *)context, "  %s: %s\n", key, reason);
}

static enum history_verdict
look_around(struct check *check, struct bc_cache *cache)
{
	struct bc_verify_report report;
	struct litter litter = { .also = "lease.lock" };
	struct bc_stats stats;
	struct bc_error err;

	if (bc_verify(cache, NULL, verify_say, check, &report, &err) != BC_OK ||
	    bc_stats(cache, &stats, &err) != BC_OK) {
		SAY(check, "  verify: %s\n", err.message);
		return HISTORY_DAMAGE;
	}
	litter_count(&litter, check->path);
	if (litter.arenas == stats.arenas && litter.strangers == 0)
		return HISTORY_RIGHT;
	SAY(check, "  %d arena files, %d known, %d strange files\n",
	    (int)litter.arenas, (int)stats.arenas, (int)litter.strangers);
	return HISTORY_LITTER;
}

/* The first commits after the power cut. */
static enum history_verdict
go_on(struct check *check, struct bc_cache *cache)
{
	static const uint64_t rows[] = { 6, 300 };
	enum bc_status status = BC_OK;
	struct bc_error err;
	struct bc_view view;

	for (uint64_t n = 1; status == BC_OK && n <= 2; n++) {
		status = test_put_rows(cache, "next", n, 1, rows[n - 1], &err);
		if (status != BC_OK)
			break;
		status = bc_get(cache, "next", &view);
		if (status != BC_OK)
			break;
		if (test_view_version(&view, "next", 1) != n)
			status = BC_CORRUPT;
		bc_view_release(&view);
	}
	if (status == BC_OK)
		return HISTORY_RIGHT;
	SAY(check, "  put: %s: %s\n", bc_status_name(status), err.message);
	return HISTORY_COMMIT;
}

static void
say_event(void *context, enum bc_event event, const char *text)
{
	SAY((struct check *)context, "  event %d: %s\n", (int)event, text);
}

static enum history_verdict
check_open(struct check *check, struct bc_cache **cache)
{
	const struct history_seen *seen = check->seen;
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_error err;
	enum bc_status status;
	bool may_lack;

	options.checking = BC_CHECK_ALWAYS;
	options.log = say_event;
	options.log_context = check;
	status = bc_open(check->path, &options, cache, &err);
	may_lack =
		check->history->durability == BC_SCRATCH ||
		(check->history->durability == BC_DURABLE ? seen->done == 0
	                                                  : seen->synced == 0);
	if (status == BC_ABSENT && may_lack) {
		options.flags = BC_OPEN_CREATE;
		options.durability = check->history->durability;
		status = bc_open(check->path, &options, cache, &err);
	}
	if (status == BC_OK)
		return HISTORY_RIGHT;
	SAY(check, "  open: %s: %s\n", bc_status_name(status), err.message);
	return HISTORY_OPEN;
}

enum history_verdict
history_check(const struct history *history, const struct history_seen *seen,
              const char *path, FILE *out)
{
	struct check check = { history, seen, path, out, { .known = { 0 } } };
	struct bc_cache *cache = NULL;
	enum history_verdict verdict = check_open(&check, &cache);

	if (verdict == HISTORY_RIGHT)
		verdict = look(&check, cache);
	if (verdict == HISTORY_RIGHT)
		verdict = go_on(&check, cache);
	/* What was right must not have been dropped for damage. */
	if (verdict == HISTORY_RIGHT)
		verdict = look(&check, cache);
	if (verdict == HISTORY_RIGHT)
		verdict = look_around(&check, cache);
	bc_close(cache);
	for (unsigned i = 0; i < HISTORY_SERIES; i++)
		free(check.found.rows[i]);
	return verdict;
}
