/* SPDX-License-Identifier: MIT */
/*
 * test_merge_random.c - random rows on both sides of a merge, against a model
 * that goes through the times one by one.
 */
#include "barcache.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "merge.h"
#include "support.h"

#define ROWS_MAX 48

/*
 * One side: a price, a volume and a text, whose codes stand for other strings
 * on the new side.  'same_text' is what the old side would call it.
 */
struct side {
	uint64_t rows, closed;
	int64_t time_ns[ROWS_MAX];
	double price[ROWS_MAX], volume[ROWS_MAX];
	uint32_t text[ROWS_MAX], same_text[ROWS_MAX];
};

static const uint32_t recode[] = { 2, 0, 4711, 1 };

struct pair {
	struct side sides[2]; /* by enum bci_merge_source */
	struct bci_merge_column columns[3];
	struct bci_merge_input input;
};

/* Let 'input' describe the sides; what it points to is in the pair. */
static void
pair_describe(struct pair *pair, enum bc_merge policy)
{
	struct side *old = &pair->sides[0], *new = &pair->sides[1];

	pair->columns[0] = (struct bci_merge_column){ BC_F64, old->price,
		                                      new->price, NULL };
	pair->columns[1] = (struct bci_merge_column){ BC_F64, old->volume,
		                                      new->volume, NULL };
	pair->columns[2] = (struct bci_merge_column){ BC_TEXT, old->text,
		                                      new->text, recode };
	pair->input = (struct bci_merge_input){
		.old_ns = old->time_ns,
		.new_ns = new->time_ns,
		.old_rows = old->rows,
		.new_rows = new->rows,
		.old_closed = old->closed,
		.new_closed = new->closed,
		.columns = pair->columns,
		.column_count = 3,
		.volume = 1,
		.policy = policy,
	};
}

static void
side_add(struct side *side, int64_t time_ns, double price, double volume,
         bool closed)
{
	side->time_ns[side->rows] = time_ns;
	side->price[side->rows] = price;
	side->volume[side->rows] = volume;
	side->rows++;
	side->closed += closed;
}

/* ------------------------------------------------------------------------ */
/*  The model                                                               */
/* ------------------------------------------------------------------------ */

struct model {
	struct side result;
	struct bc_counts counts;
	uint64_t overtaken;
	bool refused;
};

static int
model_find(const struct side *side, int64_t time_ns)
{
	for (uint64_t i = 0; i < side->rows; i++)
		if (side->time_ns[i] == time_ns)
			return (int)i;
	return -1;
}

static bool
model_same(const struct pair *pair, int i, int j)
{
	const struct side *old = &pair->sides[0], *new = &pair->sides[1];

	return memcmp(&old->price[i], &new->price[j], 8) == 0 &&
	       memcmp(&old->volume[i], &new->volume[j], 8) == 0 &&
	       old->same_text[i] == new->same_text[j];
}

static void
model_take(struct model *model, const struct side *side, int row, bool closed)
{
	struct side *result = &model->result;

	result->same_text[result->rows] = side->same_text[row];
	side_add(result, side->time_ns[row], side->price[row],
	         side->volume[row], closed);
}

/* A time of both sides. */
static void
model_both(struct model *model, const struct pair *pair, int i, int j)
{
	const struct side *old = &pair->sides[0], *new = &pair->sides[1];
	bool old_closed = (uint64_t)i < old->closed;
	bool new_closed = (uint64_t)j < new->closed;
	enum bc_merge policy = pair->input.policy;
	bool keep = false;

	if (model_same(pair, i, j) && (old_closed || !new_closed)) {
		model->counts.identical++;
		model_take(model, old, i, old_closed);
		return;
	}
	if (old_closed && new_closed) {
		model->refused |= policy == BC_MERGE_ERROR;
		keep = policy == BC_MERGE_FIRST ||
		       (policy == BC_MERGE_VOLUME &&
		        (old->volume[i] > new->volume[j] ||
		         (isnan(new->volume[j]) && !isnan(old->volume[i]))));
	} else if (old_closed) {
		keep = true;
	}
	model->counts.conflicting += keep;
	model->counts.updated += !keep;
	if (keep)
		model_take(model, old, i, true);
	else
		model_take(model, new, j, new_closed);
}

static void
model_merge(struct model *model, const struct pair *pair)
{
	const struct side *old = &pair->sides[0], *new = &pair->sides[1];
	int64_t last_closed = INT64_MIN;

	memset(model, 0, sizeof(*model));
	for (uint64_t i = 0; i < old->closed; i++)
		last_closed = old->time_ns[i];
	for (uint64_t j = 0; j < new->closed; j++)
		if (new->time_ns[j] > last_closed)
			last_closed = new->time_ns[j];
	for (int64_t t = 0; t < ROWS_MAX; t++) {
		int i = model_find(old, t), j = model_find(new, t);
		bool old_closed = i >= 0 && (uint64_t)i < old->closed;
		bool new_closed = j >= 0 && (uint64_t)j < new->closed;

		if (i >= 0 && j >= 0)
			model_both(model, pair, i, j);
		else if (i >= 0 && !old_closed && t < last_closed)
			model->overtaken++;
		else if (j >= 0 && !new_closed && t < last_closed)
			model->counts.rejected++;
		else if (i >= 0)
			model_take(model, old, i, old_closed);
		else if (j >= 0)
			model_take(model, new, j, new_closed);
		model->counts.inserted +=
			j >= 0 && i < 0 && (new_closed || t >= last_closed);
	}
}

/* ------------------------------------------------------------------------ */
/*  Comparing                                                               */
/* ------------------------------------------------------------------------ */

/* The rows that the plan describes; false if it is not as short as can be. */
static bool
gather(const struct bci_merge *merge, const struct pair *pair, struct side *out)
{
	const struct side *old = &pair->sides[0], *new = &pair->sides[1];

	out->rows = merge->rows;
	out->closed = merge->closed;
	bci_merge_gather(merge, old->time_ns, new->time_ns, 8, out->time_ns);
	bci_merge_gather(merge, old->price, new->price, 8, out->price);
	bci_merge_gather(merge, old->volume, new->volume, 8, out->volume);
	bci_merge_gather(merge, old->same_text, new->same_text, 4,
	                 out->same_text);
	for (size_t i = 0; i < merge->run_count; i++) {
		const struct bci_merge_run *run = &merge->runs[i];

		if (run->count == 0 ||
		    (i > 0 && run[-1].source == run->source &&
		     run[-1].first + run[-1].count == run->first))
			return false;
	}
	return true;
}

static bool
same_side(const struct side *a, const struct side *b)
{
	return a->rows == b->rows && a->closed == b->closed &&
	       memcmp(a->time_ns, b->time_ns, a->rows * 8) == 0 &&
	       memcmp(a->price, b->price, a->rows * 8) == 0 &&
	       memcmp(a->volume, b->volume, a->rows * 8) == 0 &&
	       memcmp(a->same_text, b->same_text, a->rows * 4) == 0;
}

static bool
agrees(struct pair *pair, enum bc_merge policy)
{
	struct bci_merge merge;
	struct model model;
	struct bc_error err;
	struct side result;
	enum bc_status status;
	bool good;

	pair_describe(pair, policy);
	model_merge(&model, pair);
	status = bci_merge_plan(&pair->input, &bci_allocator_default, &merge,
	                        &err);
	if (model.refused || status != BC_OK) {
		good = model.refused && status == BC_EXISTS &&
		       merge.run_count == 0;
	} else {
		good = gather(&merge, pair, &result) &&
		       same_side(&result, &model.result) &&
		       memcmp(&merge.counts, &model.counts,
		              sizeof(merge.counts)) == 0 &&
		       merge.overtaken == model.overtaken &&
		       merge.changed == !same_side(&result, &pair->sides[0]);
	}
	bci_merge_free(&merge);
	return good;
}

/* ------------------------------------------------------------------------ */
/*  Random rows                                                             */
/* ------------------------------------------------------------------------ */

static void
side_random(struct side *side, uint64_t seed, bool old)
{
	static const double volumes[] = { 1, 2, 3, NAN };
	uint64_t chance = test_mix(seed, 1000);
	uint64_t from = chance % ROWS_MAX, to = chance / 64 % ROWS_MAX;
	unsigned density = (unsigned)(chance / 4096 % 8);

	memset(side, 0, sizeof(*side));
	if (old || chance % 3 == 0)
		from = 0;
	for (uint64_t t = from; t <= to; t++) {
		uint64_t row = side->rows;

		chance = test_mix(seed, t);
		if (chance % 8 > density)
			continue;
		side->text[row] = (uint32_t)(chance >> 8) % (old ? 3 : 4);
		/* Most rows agree on what they do not differ in. */
		if (chance >> 16 & 7)
			side->text[row] = old ? 0 : 1;
		side->same_text[row] =
			old ? side->text[row] : recode[side->text[row]];
		side_add(side, (int64_t)t, chance >> 20 & 3 ? 5 : 6,
		         volumes[chance >> 24 & 3], true);
	}
	chance = test_mix(seed, 2000) % 8;
	side->closed -= chance < side->rows && chance < 4 ? chance : 0;
}

static void
side_drop(struct side *side, uint64_t row)
{
	struct side shorter = { .rows = 0 };

	for (uint64_t i = 0; i < side->rows; i++) {
		if (i == row)
			continue;
		shorter.text[shorter.rows] = side->text[i];
		shorter.same_text[shorter.rows] = side->same_text[i];
		side_add(&shorter, side->time_ns[i], side->price[i],
		         side->volume[i], i < side->closed);
	}
	*side = shorter;
}

/* Leave out rows that do not matter and print the others. */
static void
shrink_and_fail(struct pair *pair, enum bc_merge policy, uint64_t seed)
{
	static const char *const names[] = { "old", "new" };

	for (int s = 0; s < 2; s++)
		for (uint64_t i = pair->sides[s].rows; i-- > 0;) {
			struct side kept = pair->sides[s];

			side_drop(&pair->sides[s], i);
			if (agrees(pair, policy))
				pair->sides[s] = kept;
		}
	for (int s = 0; s < 2; s++)
		for (uint64_t i = 0; i < pair->sides[s].rows; i++)
			print_error("%s: time %d, price %g, volume %g, text "
			            "%u, %s\n",
			            names[s], (int)pair->sides[s].time_ns[i],
			            pair->sides[s].price[i],
			            pair->sides[s].volume[i],
			            pair->sides[s].same_text[i],
			            i < pair->sides[s].closed ? "closed"
			                                      : "open");
	fail_msg("seed %llu, policy %d", (unsigned long long)seed, policy);
}

static void
random_rows_merge_as_the_model_says(void **state)
{
	static struct pair pair;

	(void)state;
	for (uint64_t seed = 1; seed <= 20000; seed++) {
		enum bc_merge policy =
			(enum bc_merge)(seed % 4);

		side_random(&pair.sides[0], test_mix(seed, 1), true);
		side_random(&pair.sides[1], test_mix(seed, 2), false);
		if (!agrees(&pair, policy))
			shrink_and_fail(&pair, policy, seed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_rows_merge_as_the_model_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
