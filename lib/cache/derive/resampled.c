/* SPDX-License-Identifier: MIT */
/*
 * resampled.c - views of bars as views of larger bars.
 *
 * What the buckets are and how rows become one is the work of resample.c; here
 * is what belongs to views: which rule each column has, how many bars there can
 * be, which of them were read only in part.
 */
#include "common.h"

#include "alloc.h"
#include "block.h"
#include "calendar.h"
#include "error.h"
#include "lookup.h"
#include "resampled.h"
#include "zones.h"

#define RESAMPLED_PARTIAL "partial"

/* More bars than this are a mistake: seconds filled over years. */
#define RESAMPLED_BARS_MAX (UINT64_C(1) << 32)

/* ---- rules ------------------------------------------------------------- */

static enum bc_status
resampled_timeframe(const char *text, struct bci_timeframe *out,
                    struct bc_error *err)
{
	if (text != NULL && bci_timeframe_parse(text, strlen(text), out))
		return BC_OK;
	return bci_fail(err, BC_INVALID,
	                "'%.40s' is no timeframe; they are such as 5m, 1h, 1d, "
	                "1w, 1M",
	                text == NULL ? "" : text);
}

static enum bc_status
resampled_zone(const char *name, const struct bci_zone **out,
               struct bc_error *err)
{
	enum bc_status status;

	if (name == NULL)
		return BC_OK;
	status = bci_zones_find(BCI_ZONES_DIRECTORY, name, out, err);
	return status == BC_ABSENT
	               ? bci_fail(err, BC_INVALID,
	                          "time zone '%.64s' is not known; names are "
	                          "such as America/New_York, +02:00",
	                          name)
	               : status;
}

enum bc_status
bci_resampled_parse(const struct bc_resample *rule, const char *source,
                    struct bci_resampled_rule *out, struct bc_error *err)
{
	struct bci_resample_options *options = &out->options;
	enum bc_status status;

	*out = (struct bci_resampled_rule){ .drop_partial = false };
	if (rule == NULL || rule->struct_size != sizeof(*rule))
		return bci_fail(err, BC_INVALID,
		                "the rule was not begun with BC_RESAMPLE_INIT");
	if (rule->label > BC_RIGHT || rule->closed > BC_RIGHT ||
	    rule->fill > BC_FILL_FLAT || rule->partial > BC_PARTIAL_DROP)
		return bci_fail(err, BC_INVALID,
		                "label, closed, fill or partial of the rule is "
		                "none of its values");
	BCI_TRY(resampled_timeframe(rule->timeframe,
	                            &options->buckets.timeframe, err));
	if (source != NULL)
		BCI_TRY(resampled_timeframe(source, &options->source, err));
	BCI_TRY(resampled_zone(rule->zone, &options->buckets.zone, err));
	options->buckets.origin =
		rule->from_midnight ? BCI_ORIGIN_DAY : BCI_ORIGIN_EPOCH;
	options->buckets.offset_ns = rule->offset_ns;
	options->buckets.week_begins = rule->week_begins;
	options->closed = rule->closed;
	options->label = rule->label;
	options->fill = rule->fill;
	out->drop_partial = rule->partial == BC_PARTIAL_DROP;
	status = bci_bucket_check(&options->buckets, &options->source, err);
done:
	return status;
}

/* ---- columns ----------------------------------------------------------- */

/* The columns of a view, and those of the larger bars; time is none here. */
struct resampled_plan {
	struct bci_resample_column columns[BC_COLUMNS_MAX];
	const void *from[BC_COLUMNS_MAX];
	struct bc_column to[BC_COLUMNS_MAX]; /* and the flags */
	uint32_t count;
	int close;              /* index, or -1 */
	const uint8_t *partial; /* flags that the view has, or NULL */
};

/* What an empty bar that lies flat takes its value from. */
static int
resampled_carry(const struct resampled_plan *plan, uint32_t index)
{
	const struct bci_resample_column *column = &plan->columns[index];
	unsigned type = bci_fold_type(column->rule, column->type);

	if (column->rule == BCI_FOLD_SUM)
		return BCI_CARRY_NOTHING;
	if (column->rule != BCI_FOLD_LAST && plan->close >= 0 &&
	    (unsigned)plan->columns[plan->close].type == type)
		return plan->close;
	return (int)index;
}

/* The rule of a column and what it makes, if it can. */
static enum bc_status
resampled_column(const struct bc_schema_column *from, enum bc_fill fill,
                 struct bci_resample_column *column, struct bc_column *to,
                 struct bc_error *err)
{
	column->type = from->type;
	column->rule = bci_fold_usual(from->name);
	column->carry = BCI_CARRY_NOTHING;
	to->name = from->name;
	to->type = (enum bc_type)bci_fold_type(column->rule, column->type);
	if (to->type == 0)
		return bci_fail(err, BC_INVALID,
		                "column %s is of type %s, which has no %s",
		                from->name, bc_type_name(from->type),
		                bci_fold_name(column->rule));
	if (fill == BC_FILL_NAN && to->type != BC_F64 && to->type != BC_F32 &&
	    column->rule != BCI_FOLD_SUM)
		return bci_fail(err, BC_INVALID,
		                "column %s is of type %s, which has no NaN for "
		                "an empty bar",
		                from->name, bc_type_name(from->type));
	return BC_OK;
}

static enum bc_status
resampled_columns(const struct bc_view *view, enum bc_fill fill,
                  struct resampled_plan *plan, struct bc_error *err)
{
	const struct bc_schema *schema = view->schema;
	enum bc_status status;

	plan->count = 0;
	plan->close = -1;
	plan->partial = bc_view_find(view, RESAMPLED_PARTIAL, BC_U8);
	for (uint32_t i = 1; i < schema->column_count; i++) {
		const char *name = schema->columns[i].name;
		uint32_t at = plan->count;

		if (plan->partial != NULL &&
		    strcmp(name, RESAMPLED_PARTIAL) == 0)
			continue;
		plan->to[at] = (struct bc_column){ .data = NULL };
		status = resampled_column(&schema->columns[i], fill,
		                          &plan->columns[at], &plan->to[at],
		                          err);
		if (status != BC_OK)
			return status;
		plan->from[at] = bc_view_column(view, i);
		if (strcmp(name, "close") == 0)
			plan->close = (int)at;
		plan->count++;
	}
	for (uint32_t i = 0; fill == BC_FILL_FLAT && i < plan->count; i++)
		plan->columns[i].carry = resampled_carry(plan, i);
	plan->to[plan->count] =
		(struct bc_column){ .name = RESAMPLED_PARTIAL, .type = BC_U8 };
	return BC_OK;
}

/* ---- bounds ------------------------------------------------------------ */

/* The step of the rows: what the source says, else the shortest there is. */
static int64_t
resampled_step(const struct bc_view *view,
               const struct bci_resample_options *options)
{
	const int64_t *times = bc_view_time(view);
	int64_t step = INT64_MAX;

	if (options->source.step_ns != 0)
		return options->source.step_ns;
	for (uint64_t i = 1; i < view->rows; i++)
		if (times[i] - times[i - 1] < step)
			step = times[i] - times[i - 1];
	return view->rows < 2 || step <= 0 ? 1 : step;
}

static int64_t
resampled_less(int64_t time_ns)
{
	return time_ns == INT64_MIN ? time_ns : time_ns - 1;
}

/*
 * Which buckets were read wholly: those within [*from_ns, *to_ns).  The range
 * is one of times of rows; what of the market it holds depends on which end of
 * a bar that is.
 */
static void
resampled_bounds(const struct bc_view *view,
                 const struct bci_resample_options *options,
                 const struct bci_resampled_part *part, int64_t *from_ns,
                 int64_t *to_ns)
{
	const int64_t *times = bc_view_time(view);
	int64_t last = times[view->rows - 1], step;

	step = resampled_step(view, options);
	*from_ns =
		part->from_ns == INT64_MIN ? times[part->first] : part->from_ns;
	*to_ns = part->to_ns;
	if (options->closed == BC_RIGHT) {
		if (__builtin_sub_overflow(*from_ns, step, from_ns))
			*from_ns = INT64_MIN;
		*to_ns = *to_ns == INT64_MAX ? last : resampled_less(*to_ns);
	} else if (*to_ns == INT64_MAX) {
		if (options->source.months != 0
		            ? !bci_timeframe_move(&options->source, last, 1,
		                                  to_ns)
		            : __builtin_add_overflow(last, step, to_ns))
			*to_ns = INT64_MAX;
	}
	/* A bar that had not ended leaves its bucket open. */
	if (view->open_rows != 0 && *to_ns >= last)
		*to_ns = options->closed == BC_RIGHT ? resampled_less(last)
		                                     : last;
}

/* How many buckets there may be from the first row to the last. */
static uint64_t
resampled_most(const struct bc_view *view,
               const struct bci_resample_options *options)
{
	const struct bci_timeframe *bucket = &options->buckets.timeframe;
	const int64_t *times = bc_view_time(view);
	uint64_t span = (uint64_t)times[view->rows - 1] - (uint64_t)times[0];
	uint64_t step = (uint64_t)bucket->step_ns, most;

	/* Days by the wall clock are never half as long as others. */
	if (bucket->months != 0)
		most = span / (14 * (uint64_t)BCI_DAY_NS) / bucket->months + 3;
	else if (bucket->step_ns >= BCI_DAY_NS)
		most = span / (step / 2) + 3;
	else if (options->buckets.origin == BCI_ORIGIN_DAY)
		most = (span / ((uint64_t)BCI_DAY_NS / 2) + 3) *
		       /* What has no months has a step.
		        * NOLINTNEXTLINE(clang-analyzer-core.DivideZero): so */
		       (2 * (uint64_t)BCI_DAY_NS / step + 1);
	else
		/* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): the same */
		most = span / step + 2;
	return options->fill == BC_FILL_NONE ? bci_min(most, view->rows) : most;
}

uint64_t
bci_resampled_rows(const struct bci_resampled_rule *rule)
{
	const struct bci_timeframe *bucket = &rule->options.buckets.timeframe;
	const struct bci_timeframe *source = &rule->options.source;

	if (source->months != 0)
		return bucket->months / source->months;
	if (source->step_ns == 0)
		return 0;
	if (bucket->months != 0)
		return bucket->months *
		       (31 * (uint64_t)BCI_DAY_NS / (uint64_t)source->step_ns +
		        1);
	return (uint64_t)(bucket->step_ns / source->step_ns) + 1;
}

/* ---- making ------------------------------------------------------------ */

/* The rows to take in, the bars to write. */
struct resampled_run {
	const struct bc_view *view;
	struct bci_resample *resample;
	struct resampled_plan *plan;
	struct bci_resample_out out;
	void *to[BC_COLUMNS_MAX];
};

/* Of times that do not ascend there may be more bars than was reckoned. */
static enum bc_status
resampled_fail_order(struct bc_error *err)
{
	return bci_fail(err, BC_ORDER, "the times of the rows do not ascend");
}

/* Take in rows [first, end) of the view. */
static enum bc_status
resampled_feed(struct resampled_run *run, uint64_t first, uint64_t end,
               struct bc_error *err)
{
	const void *from[BC_COLUMNS_MAX];
	const struct bci_resample_rows in = {
		.time_ns = bc_view_time(run->view) + first,
		.columns = from,
		.rows = end - first,
	};
	enum bc_status status;
	uint64_t used;

	if (first >= end)
		return BC_OK;
	for (uint32_t i = 0; i < run->plan->count; i++)
		from[i] = (const unsigned char *)run->plan->from[i] +
		          first * bc_type_bytes(run->plan->columns[i].type);
	status = bci_resample_feed(run->resample, &in, &used, &run->out, err);
	if (status == BC_OK && used != in.rows)
		return resampled_fail_order(err);
	return status;
}

/* The time that a bucket has as a bar. */
static int64_t
resampled_label(const struct bci_resample_options *options,
                const struct bci_bucket *bucket)
{
	return options->label == BC_RIGHT ? bucket->to_ns : bucket->from_ns;
}

/* The bucket that a row belongs to. */
static bool
resampled_bucket(const struct bci_resample_options *options, int64_t time_ns,
                 size_t *hint, struct bci_bucket *bucket)
{
	if (options->closed == BC_RIGHT)
		time_ns = resampled_less(time_ns);
	return bci_bucket_find(&options->buckets, time_ns, hint, bucket);
}

/* Bars of which one was partial already are. */
static void
resampled_inherit(const struct resampled_run *run,
                  const struct bci_resample_options *options)
{
	const uint8_t *partial = run->plan->partial;
	const int64_t *times = bc_view_time(run->view);
	struct bci_bucket bucket;
	uint64_t row;
	size_t hint = 0;

	for (uint64_t i = 0; partial != NULL && i < run->view->rows; i++) {
		if (partial[i] == 0 ||
		    !resampled_bucket(options, times[i], &hint, &bucket))
			continue;
		row = bci_lookup_time(run->out.time_ns, 0, run->out.rows,
		                      resampled_label(options, &bucket));
		if (row < run->out.rows)
			run->out.partial[row] = 1;
	}
}

/*
 * Take in the rows: those before the range, the range.  A bucket that has some
 * of both is made of those of the range alone, as if nothing had come before;
 * unless it is dropped: then indicators had better see all of it.
 */
static enum bc_status
resampled_take(struct resampled_run *run, const struct bci_resampled_rule *rule,
               const struct bci_resampled_part *part, int64_t to_ns,
               uint64_t *first, struct bc_error *err)
{
	const struct bci_resample_options *options = &rule->options;
	const int64_t *times = bc_view_time(run->view);
	uint64_t before = part->first, rows = run->view->rows;
	struct bci_bucket bucket = { 0, 0 };
	enum bc_status status;
	size_t hint = 0;
	bool done;

	if (before > 0 && before < rows &&
	    resampled_bucket(options, times[before], &hint, &bucket) &&
	    !rule->drop_partial)
		before = bci_lookup_time(times, 0, before,
		                         bucket.from_ns +
		                                 (options->closed == BC_RIGHT));
	BCI_TRY(resampled_feed(run, 0, before, err));
	BCI_TRY(resampled_feed(run, part->first, rows, err));
	BCI_TRY(bci_resample_finish(run->resample, to_ns, &run->out, &done,
	                            err));
	if (!done)
		return resampled_fail_order(err);
	*first = 0;
	if (part->first > 0 && part->first < rows)
		*first = bci_lookup_time(run->out.time_ns, 0, run->out.rows,
		                         resampled_label(options, &bucket));
	if (part->first >= rows)
		*first = run->out.rows;
	resampled_inherit(run, options);
done:
	return status;
}

enum bc_status
bci_resampled_make(struct bci_env *env, const struct bc_view *view,
                   const struct bci_resampled_rule *rule,
                   const struct bci_resampled_part *part, struct bc_view *out,
                   uint64_t *first, struct bc_error *err)
{
	struct bci_resample_options options = rule->options;
	struct resampled_run run = { .view = view };
	int64_t to_ns = INT64_MAX;
	enum bc_status status;
	uint64_t most = 0;

	*out = (struct bc_view){ .rows = 0 };
	*first = 0;
	run.plan = bci_alloc(&env->allocator, 1, sizeof(*run.plan));
	if (run.plan == NULL)
		return bci_fail(err, BC_NOMEM, "no memory to resample");
	BCI_TRY(resampled_columns(view, options.fill, run.plan, err));
	if (view->rows > 0) {
		resampled_bounds(view, &options, part, &options.from_ns,
		                 &to_ns);
		most = resampled_most(view, &options);
	}
	if (most > RESAMPLED_BARS_MAX) {
		status = bci_fail(err, BC_INVALID,
		                  "that would be about %llu bars",
		                  (unsigned long long)most);
		goto done;
	}
	BCI_TRY(bci_block_make(env, run.plan->to, run.plan->count + 1, most,
	                       view, out, err));
	for (uint32_t i = 0; i < run.plan->count; i++)
		run.to[i] = bci_block_column(out, i + 1);
	run.out = (struct bci_resample_out){
		.time_ns = bci_block_column(out, 0),
		.columns = run.to,
		.partial = bci_block_column(out, run.plan->count + 1),
		.capacity = most,
	};
	BCI_TRY(bci_resample_open(&env->allocator, &options, run.plan->columns,
	                          run.plan->count, &run.resample, err));
	BCI_TRY(resampled_take(&run, rule, part, to_ns, first, err));
	bci_block_show(out, 0, run.out.rows);
	out->open_rows = view->open_rows;
	out->revision = view->revision;
done:
	bci_resample_close(run.resample);
	bci_free(&env->allocator, run.plan);
	if (status != BC_OK)
		bc_view_release(out);
	return status;
}

void
bci_resampled_trim(const struct bci_resampled_rule *rule, uint64_t first,
                   struct bc_view *out)
{
	uint32_t last_column = out->schema->column_count - 1;
	const uint8_t *partial = bc_view_column(out, last_column);
	uint64_t end = out->rows;
	bool any = false;

	while (rule->drop_partial && first < end && partial[first] != 0)
		first++;
	while (rule->drop_partial && end > first && partial[end - 1] != 0) {
		end--;
		out->open_rows = 0;
	}
	for (uint64_t i = first; i < end && !any; i++)
		any = partial[i] != 0;
	if (!any)
		bci_block_drop_last(out);
	if (first == end)
		out->open_rows = 0;
	bci_block_show(out, first, end - first);
}

enum bc_status
bc_resample(struct bc_cache *cache, const struct bc_view *view,
            const char *source, int64_t from_ns, int64_t to_ns,
            const struct bc_resample *rule, struct bc_view *out,
            struct bc_error *err)
{
	const struct bci_resampled_part part = { 0, from_ns, to_ns };
	struct bci_resampled_rule checked;
	enum bc_status status;
	struct bci_env *env;
	uint64_t first;

	*out = (struct bc_view){ .rows = 0 };
	if (view->schema == NULL || !view->schema->has_time)
		return bci_fail(err, BC_INVALID,
		                "without times nothing can be resampled");
	if (to_ns < from_ns)
		return bci_fail(err, BC_INVALID,
		                "the range ends before it "
		                "begins");
	BCI_TRY(bci_resampled_parse(rule, source, &checked, err));
	BCI_TRY(bci_cache_env(cache, &env, err));
	BCI_TRY(bci_resampled_make(env, view, &checked, &part, out, &first,
	                           err));
	bci_resampled_trim(&checked, first, out);
done:
	return status;
}
