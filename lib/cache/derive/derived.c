/* SPDX-License-Identifier: MIT */
/*
 * derived.c - ranges of larger bars and with indicators, made once for all.
 *
 * What was made is kept as a frame under a key that says how.  A read of it is
 * two lookups in one transaction, that of the entry it was made of and its own:
 * their revisions say whether it still holds (see parent.h).  If not, the rows
 * are read and it is made anew, in memory; storing it is an attempt whose
 * failure only means that the next one makes it again.
 */
#include "common.h"

#include "alloc.h"
#include "block.h"
#include "clock.h"
#include "derivation.h"
#include "error.h"
#include "lookup.h"
#include "operation.h"
#include "query.h"

/* Rows before the range when nothing says how many a bucket has. */
#define DERIVED_GUESS 64
#define DERIVED_GROW 8

/* No more than this before it: 40 windows of the longest, each of 67 rows. */
#define DERIVED_ROWS_MAX (UINT64_C(1) << 32)

/* ---- what is kept ------------------------------------------------------ */

/* Find what was made before, if it holds. */
static enum bc_status
derived_lookup(struct bci_env *env, struct bci_lane *lane, const char *key,
               const struct bci_wanted *wanted, struct bci_hit *hit)
{
	struct bci_entry source, made;
	enum bc_miss miss;
	enum bc_status status;

	status = bci_hit_entry(env, lane, key, strlen(key), wanted->now_ns,
	                       &source, &miss);
	if (status == BC_OK)
		status =
			bci_hit_entry(env, lane, wanted->key, wanted->key_bytes,
		                      wanted->now_ns, &made, &miss);
	if (status != BC_OK)
		return status;
	if (!bci_parent_is_same(&made.head, source.head.revision) ||
	    made.head.kind != BC_FRAME || made.segment_count != 1)
		return BC_MISS;
	status = bci_hit_fill(env, lane, &made, hit);
	if (status == BC_OK && hit->map != NULL)
		bci_map_pin(hit->map, lane->index);
	return status;
}

/* Serve what was made before; anything but BC_OK means: make it. */
static enum bc_status
derived_get(struct bc_cache *cache, struct bci_env *env,
            const struct bci_derivation *derivation, bool count,
            struct bc_view *view)
{
	const struct bci_wanted wanted = {
		.key = derivation->made,
		.key_bytes = strlen(derivation->made),
		.now_ns = bci_clock_coarse_ns(),
	};
	struct bci_lane *lane = bci_lane_take(env);
	uint64_t newest = bci_env_newest(env);
	enum bc_status status;
	struct bci_hit hit;

	*view = (struct bc_view){ .rows = 0 };
	status = bci_lane_begin(env, lane);
	if (status == BC_OK) {
		if (BCI_UNLIKELY(bci_env_is_stale(env, newest)))
			bci_env_drop_maps(env, lane, newest, wanted.now_ns);
		status = derived_lookup(env, lane, derivation->key, &wanted,
		                        &hit);
		bci_lane_end(lane);
	}
	if (status == BC_OK) {
		status = bci_hit_show(cache, env, lane, &hit, &wanted, view);
		if (status == BC_OK && count) {
			bci_hit_count(env, lane, &hit, view->tier, 0,
			              wanted.now_ns);
			bci_hit_note(cache, env, lane, &hit, wanted.key,
			             wanted.key_bytes, wanted.now_ns);
		}
	}
	bci_lane_give(lane);
	if (status != BC_OK)
		bc_view_release(view);
	return status;
}

/* ---- indicators -------------------------------------------------------- */

/* Values in the making: bars, those asked for among them, the indicators. */
struct derived {
	struct bc_cache *cache;
	struct bci_env *env;
	const struct bci_derivation *derivation;
	size_t formula_count; /* 0 where there are no columns yet */
	struct bc_view bars;
	uint64_t first; /* before it bars are there for indicators alone */
	double *values[BCI_FORMULAS_MAX];
	struct bc_column columns[BC_COLUMNS_MAX + BCI_FORMULAS_MAX];
	uint32_t column_count;
};

/* A column as doubles: itself, or converted into *memory. */
static enum bc_status
derived_doubles(const struct derived *derived, const char *name,
                const double **out, double **memory, struct bc_error *err)
{
	const struct bc_view *bars = &derived->bars;
	int index = bc_schema_find(bars->schema, name);
	const void *data = bc_view_column(bars, (uint32_t)index);
	enum bc_type type;

	if (index <= 0)
		return bci_fail(err, BC_INVALID, "there is no column %s", name);
	type = bars->schema->columns[index].type;
	*out = data;
	if (type == BC_F64)
		return BC_OK;
	if (type == BC_TEXT)
		return bci_fail(err, BC_INVALID, "column %s is text", name);
	*memory = bci_alloc(&derived->env->allocator, bars->rows + 1,
	                    sizeof(**memory));
	if (*memory == NULL)
		return bci_fail(err, BC_NOMEM, "no memory for column %s", name);
	bci_fold_to_doubles(type, data, 0, bars->rows, *memory);
	*out = *memory;
	return BC_OK;
}

static enum bc_status
derived_compute(struct derived *derived, size_t index, struct bc_error *err)
{
	const struct bci_formula *formula =
		&derived->derivation->formulas[index];
	const struct bc_allocator *allocator = &derived->env->allocator;
	const double *inputs[BCI_FORMULA_INPUTS] = { NULL };
	double *memory[BCI_FORMULA_INPUTS] = { NULL };
	uint64_t rows = derived->bars.rows;
	enum bc_status status = BC_OK;

	for (unsigned i = 0; i < formula->input_count; i++)
		BCI_TRY(derived_doubles(derived, formula->inputs[i], &inputs[i],
		                        &memory[i], err));
	derived->values[index] = bci_alloc(allocator, rows + 1, sizeof(double));
	if (derived->values[index] == NULL) {
		status = bci_fail(err, BC_NOMEM, "no memory for %s",
		                  formula->name);
		goto done;
	}
	bci_formula_compute(formula, inputs, rows, derived->values[index]);
done:
	for (unsigned i = 0; i < BCI_FORMULA_INPUTS; i++)
		bci_free(allocator, memory[i]);
	return status;
}

/* ---- reading ----------------------------------------------------------- */

/* How many bars before the range the indicators need to settle. */
static uint64_t
derived_settles(const struct bci_derivation *derivation)
{
	uint64_t most = 0;

	for (size_t i = 0; i < derivation->formula_count; i++)
		most = bci_max(most,
		               bci_formula_settles(&derivation->formulas[i]));
	return derivation->from_ns == INT64_MIN ? 0 : most;
}

/* The rows that these are made of. */
static uint64_t
derived_rows(const struct bci_derivation *derivation, uint64_t bars)
{
	uint64_t rows;

	if (bars == 0 || !derivation->resampled)
		return bars;
	rows = bci_resampled_rows(&derivation->rule);
	/* A bucket more: the first one may be cut. */
	return bci_min((bars + 1) * (rows != 0 ? rows : DERIVED_GUESS),
	               DERIVED_ROWS_MAX);
}

/* Say why there is nothing. */
static enum bc_status
derived_fail(const struct bci_derivation *derivation, enum bc_status status,
             enum bc_miss miss, struct bc_error *err)
{
	return bci_fail(err, status, "%s: %s", derivation->key,
	                status == BC_MISS ? bc_miss_name(miss)
	                                  : bc_strerror(status));
}

/* Larger bars of rows that were read; the view of these is let go. */
static enum bc_status
derived_resample(struct derived *derived, struct bc_view *rows, uint64_t begin,
                 struct bc_error *err)
{
	const struct bci_derivation *derivation = derived->derivation;
	const struct bci_resampled_part part = {
		.first = begin,
		.from_ns = derivation->from_ns,
		.to_ns = derivation->to_ns,
	};
	enum bc_status status;

	status =
		bci_resampled_make(derived->env, rows, &derivation->rule, &part,
	                           &derived->bars, &derived->first, err);
	bc_view_release(rows);
	return status;
}

/*
 * Read the range, and bars before it.  Where it is not known how many rows a
 * bucket has, or where they are few, it takes several tries.
 */
static enum bc_status
derived_read(struct derived *derived, enum bc_miss *miss, struct bc_error *err)
{
	const struct bci_derivation *derivation = derived->derivation;
	struct bci_query query = {
		.key = derivation->key,
		.key_bytes = strlen(derivation->key),
		.by = BCI_BY_TIME,
		.flags = derivation->flags,
		.from_ns = derivation->from_ns,
		.to_ns = derivation->to_ns,
		.count = derived_rows(derivation, derived_settles(derivation)),
	};
	uint64_t wanted = derived_settles(derivation), begin;
	enum bc_status status;
	struct bc_view rows;

	for (;; query.count *= DERIVED_GROW) {
		status = bci_query_read(derived->cache, &query, &rows);
		*miss = rows.miss;
		if (status != BC_OK)
			return derived_fail(derivation, status, *miss, err);
		if (rows.rows != 0 || rows.schema->column_count > 1)
			derived->formula_count = derivation->formula_count;
		begin = bci_lookup_time(bc_view_time(&rows), 0, rows.rows,
		                        derivation->from_ns);
		if (!derivation->resampled) {
			derived->bars = rows;
			derived->first = begin;
			return BC_OK;
		}
		status = derived_resample(derived, &rows, begin, err);
		if (status != BC_OK || derived->first >= wanted ||
		    begin < query.count || query.count >= DERIVED_ROWS_MAX)
			return status;
		bc_view_release(&derived->bars);
	}
}

/* ---- putting together -------------------------------------------------- */

/* Leave out the bars before the range; values of indicators begin at *skip. */
static enum bc_status
derived_trim(struct derived *derived, uint64_t *skip)
{
	struct bc_view all = derived->bars;
	enum bc_status status;

	if (derived->derivation->resampled) {
		bci_resampled_trim(&derived->derivation->rule, derived->first,
		                   &derived->bars);
		*skip = derived->bars.first_row;
		return BC_OK;
	}
	*skip = derived->first;
	status = bc_view_slice(&all, *skip, all.rows - *skip, &derived->bars);
	bc_view_release(&all);
	return status;
}

/* The columns of the result but for the time. */
static void
derived_columns(struct derived *derived, uint64_t skip)
{
	const struct bci_formula *formulas = derived->derivation->formulas;
	const struct bc_schema *schema = derived->bars.schema;
	struct bc_column *to = derived->columns;

	for (uint32_t i = 1; i < schema->column_count; i++)
		*to++ = (struct bc_column){
			.name = schema->columns[i].name,
			.type = schema->columns[i].type,
			.data = bc_view_column(&derived->bars, i),
		};
	for (size_t i = 0; i < derived->formula_count; i++)
		*to++ = (struct bc_column){
			.name = formulas[i].name,
			.type = BC_F64,
			.data = derived->values[i] + skip,
		};
	derived->column_count = (uint32_t)(to - derived->columns);
}

/* Show the result in memory of its own. */
static enum bc_status
derived_show(struct derived *derived, struct bc_view *view,
             struct bc_error *err)
{
	const struct bc_view *bars = &derived->bars;
	enum bc_status status;

	if (derived->formula_count == 0) {
		*view = derived->bars;
		derived->bars = (struct bc_view){ .rows = 0 };
		return BC_OK;
	}
	status = bci_block_make(derived->env, derived->columns,
	                        derived->column_count, bars->rows, bars, view,
	                        err);
	if (status != BC_OK)
		return status;
	if (bars->rows != 0)
		memcpy(bci_block_column(view, 0), bc_view_time(bars),
		       bars->rows * sizeof(int64_t));
	bci_block_show(view, 0, bars->rows);
	view->open_rows = bars->open_rows;
	view->revision = bars->revision;
	return BC_OK;
}

/* ---- storing ----------------------------------------------------------- */

/* The strings of text column 'index' as a put wants them, in one memory. */
static enum bc_status
derived_dictionary(struct derived *derived, uint32_t index)
{
	struct bc_column *column = &derived->columns[index - 1];
	const struct bc_view *bars = &derived->bars;
	uint32_t count = bc_view_text_count(bars, index);
	size_t bytes, all = count * sizeof(char *);
	const char **words;
	const char *text;
	char *to;

	for (uint32_t i = 0; i < count; i++) {
		(void)bc_view_text(bars, index, i, &bytes);
		all += bytes + 1;
	}
	words = bci_alloc(&derived->env->allocator, 1, all + 1);
	if (words == NULL)
		return BC_NOMEM;
	to = (char *)(words + count);
	for (uint32_t i = 0; i < count; i++) {
		text = bc_view_text(bars, index, i, &bytes);
		words[i] = to;
		if (text != NULL)
			memcpy(to, text, bytes);
		to[bytes] = '\0';
		to += bytes + 1;
	}
	column->dictionary = words;
	column->dictionary_count = count;
	return BC_OK;
}

static enum bc_status
derived_dictionaries(struct derived *derived)
{
	const struct bc_schema *schema = derived->bars.schema;
	enum bc_status status = BC_OK;

	for (uint32_t i = 1; status == BC_OK && i < schema->column_count; i++)
		if (schema->columns[i].type == BC_TEXT)
			status = derived_dictionary(derived, i);
	return status;
}

/*
 * Keep the result for the next one who wants it, unless the rows have changed
 * meanwhile.  A bar that has not ended will soon be another.
 */
static void
derived_store(struct derived *derived)
{
	const struct bci_derivation *derivation = derived->derivation;
	const struct bc_allocator *allocator = &derived->cache->allocator;
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	const struct bci_parent parent = {
		.key = derivation->key,
		.key_bytes = strlen(derivation->key),
		.revision = derived->bars.revision,
	};
	const struct bc_frame frame = {
		.rows = derived->bars.rows,
		.time_ns = bc_view_time(&derived->bars),
		.columns = derived->columns,
		.column_count = derived->column_count,
	};
	struct bci_operation operation = { .key = NULL };

	if (derived->bars.open_rows != 0 || derived->env->read_only ||
	    (derived->cache->flags & BC_OPEN_READONLY) != 0 ||
	    derived_dictionaries(derived) != BC_OK)
		return;
	options.flags = BC_PUT_SUSPECT; /* Empty bars may be NaN. */
	if (bci_operation_put(allocator, derivation->made, &frame, &options,
	                      NULL, &operation, NULL) == BC_OK) {
		operation.parent = &parent;
		(void)bci_operations_commit(derived->cache, &operation, 1,
		                            NULL);
	}
	bci_operation_free(allocator, &operation);
}

/* ---- the call ---------------------------------------------------------- */

static void
derived_free(struct derived *derived)
{
	const struct bc_allocator *allocator = &derived->env->allocator;

	for (size_t i = 0; i < BCI_FORMULAS_MAX; i++)
		bci_free(allocator, derived->values[i]);
	for (uint32_t i = 0; i < derived->column_count; i++)
		bci_free(allocator,
		         (void *)(uintptr_t)derived->columns[i].dictionary);
	bc_view_release(&derived->bars);
	bci_free(allocator, derived);
}

/* Make it, keep it if that is possible, and show it. */
static enum bc_status
derived_make(struct bc_cache *cache, struct bci_env *env,
             const struct bci_derivation *derivation, struct bc_view *view,
             struct bc_error *err)
{
	struct derived *derived =
		bci_zalloc(&env->allocator, 1, sizeof(*derived));
	enum bc_miss miss = BC_MISS_NONE;
	enum bc_status status;
	uint64_t skip;

	if (derived == NULL)
		return bci_fail(err, BC_NOMEM, "no memory to derive");
	derived->cache = cache;
	derived->env = env;
	derived->derivation = derivation;
	BCI_TRY(derived_read(derived, &miss, err));
	for (size_t i = 0; i < derived->formula_count; i++)
		BCI_TRY(derived_compute(derived, i, err));
	BCI_TRY(derived_trim(derived, &skip));
	derived_columns(derived, skip);
	derived_store(derived);
	if (derived_get(cache, env, derivation, false, view) != BC_OK)
		status = derived_show(derived, view, err);
done:
	derived_free(derived);
	if (status != BC_OK)
		*view = (struct bc_view){ .miss = miss };
	return status;
}

/* The range as it is. */
static enum bc_status
derived_plain(struct bc_cache *cache, const struct bci_derivation *derivation,
              struct bc_view *view, struct bc_error *err)
{
	enum bc_status status =
		bc_read(cache, derivation->key, derivation->from_ns,
	                derivation->to_ns, NULL, derivation->flags, view);

	return status == BC_OK
	               ? BC_OK
	               : derived_fail(derivation, status, view->miss, err);
}

enum bc_status
bc_read_derived(struct bc_cache *cache, const char *key, int64_t from_ns,
                int64_t to_ns, unsigned flags, const struct bc_derive *derive,
                struct bc_view *view, struct bc_error *err)
{
	struct bci_derivation derivation;
	enum bc_status status;
	struct bci_env *env;

	*view = (struct bc_view){ .rows = 0 };
	status = bci_derivation_parse(key, from_ns, to_ns, flags, derive,
	                              &derivation, err);
	if (status != BC_OK)
		return status;
	if (bci_query_is_bypassed(cache, view))
		return derived_fail(&derivation, BC_MISS, view->miss, err);
	if (!derivation.resampled && derivation.formula_count == 0)
		return derived_plain(cache, &derivation, view, err);
	status = bci_cache_env(cache, &env, err);
	if (status != BC_OK)
		return status;
	if (derived_get(cache, env, &derivation, true, view) == BC_OK)
		return BC_OK;
	return derived_make(cache, env, &derivation, view, err);
}
