/* SPDX-License-Identifier: MIT */
/*
 * budget.c - making room for what comes.
 *
 * The live bytes of a class never exceed its budget.  Its files may, by an
 * arena, while one after the other is given back; so there is time to do it
 * bit by bit, each commit in proportion to what it adds.
 *
 * What goes is up to the policy: an ordered one names the arena that goes next,
 * another one victims wherever they lie; when enough of what is linked is dead,
 * arenas are cleaned and nothing more is evicted.
 */
#include "common.h"

#include "arena.h"
#include "clean.h"
#include "error.h"
#include "evict.h"
#include "pool.h"
#include "victim.h"

/* What a fresh catalogue and ledger take, whatever is in the cache. */
#define CATALOGUE_FREE (2ull << 20)

/* What a new arena takes before there is a segment in it. */
#define FILE_EXTRA (8ull * BCI_PAGE)

/* Segments that go before it is looked again what else can be done. */
#define VICTIMS_MOST 4096u

/* Of what lies in entry records so many bytes go at a time. */
#define AGED_MIN (8u * BCI_INLINE_MAX)

/* What goes for a byte that comes, until live bytes are at the low mark. */
#define SURPLUS_RATE 8u

/* Arenas that cannot be given back in this transaction; more is unusual. */
#define BLOCKED_MAX 16u

/* What is linked, and what could go. */
struct budget_view {
	uint64_t young_bytes, main_bytes;
	uint64_t oldest[BCI_QUEUES];            /* sealed; 0: none */
	uint64_t oldest_bytes[BCI_QUEUES];      /* live in it */
	uint64_t dirty, dirty_gain, dirty_live; /* with most to be gained */
	uint64_t begun, begun_live; /* that a step before this one began with */
};

struct budget {
	struct bci_writer *writer;
	enum bci_arena_class class_;
	enum bc_policy policy;
	uint64_t bytes, file_bytes; /* that come */
	uint64_t limit, low, slack; /* of the class */
	uint64_t blocked[BLOCKED_MAX];
	size_t blocked_count;
	uint64_t before; /* arenas from this number on were made just now */
	bool sealed;     /* what was in use was given up for it */
	bool stuck;      /* what would be moved was moved just before */
};

/* ---- what there is ----------------------------------------------------- */

static bool
budget_is_cold(const struct budget *budget)
{
	return budget->class_ == BCI_ARENA_COLD;
}

/* Bytes in arenas, those included that are on their way to them. */
static uint64_t
budget_linked(const struct budget *budget)
{
	struct bci_writer *writer = budget->writer;
	uint64_t bytes = *bci_state_linked(&writer->state, budget->class_);

	for (unsigned queue = 0; queue < BCI_QUEUES; queue++) {
		if (bci_queue_class(queue) == budget->class_)
			bytes += writer->active[queue].pending_bytes;
	}
	return bytes;
}

/* Damaged records may have led the sums of what is live astray. */
static uint64_t
budget_live(const struct budget *budget)
{
	const struct bci_state_record *state = &budget->writer->state;
	uint64_t linked = budget_linked(budget);

	if (budget_is_cold(budget))
		return bci_min(state->live_cold_bytes, linked);
	return bci_min(bci_state_live_warm(state),
	               linked + state->inline_bytes);
}

/* Bytes of catalogue and ledger that come on top of what is warm. */
static uint64_t
budget_beside(const struct budget *budget)
{
	struct bci_writer *writer = budget->writer;
	uint64_t bytes;

	if (budget_is_cold(budget))
		return 0;
	bytes = sizeof(struct bci_slot) * writer->state.next_slot +
	        bci_catalogue_used(writer->txn, &writer->env->tables);
	return bytes > CATALOGUE_FREE ? bytes - CATALOGUE_FREE : 0;
}

/*
 * What counts as linked: where catalogue and ledger take more than an arena,
 * that as well.
 */
static uint64_t
budget_weight(const struct budget *budget)
{
	uint64_t linked = budget_linked(budget);
	uint64_t beside = budget_beside(budget);

	return linked + bci_max(beside, budget->slack) - budget->slack;
}

static bool
budget_is_blocked(const struct budget *budget, uint64_t number)
{
	for (size_t i = 0; i < budget->blocked_count; i++) {
		if (budget->blocked[i] == number)
			return true;
	}
	return budget->blocked_count == BLOCKED_MAX;
}

static void
budget_block(struct budget *budget, uint64_t number)
{
	if (budget->blocked_count < BLOCKED_MAX)
		budget->blocked[budget->blocked_count++] = number;
}

static enum bc_status
budget_look(const struct budget *budget, struct budget_view *view,
            struct bc_error *err)
{
	struct bci_writer *writer = budget->writer;
	struct bci_arena_record arena;
	enum bc_status status;
	uint64_t number = 0;

	*view = (struct budget_view){ 0 };
	while ((status = bci_arena_next(writer->txn, &writer->env->tables,
	                                &number, &arena)) == BC_OK) {
		unsigned queue = arena.queue % BCI_QUEUES;
		uint64_t gain;

		if (bci_writer_queue(writer, number) != BCI_QUEUES)
			arena = writer->active[queue].arena;
		if (arena.class_ != budget->class_)
			continue;
		if (queue == BCI_YOUNG)
			view->young_bytes += arena.end_bytes;
		else
			view->main_bytes += arena.end_bytes;
		if (!arena.sealed || number >= budget->before ||
		    budget_is_blocked(budget, number))
			continue; /* In use, or to be looked at last. */
		if (view->oldest[queue] == 0) {
			view->oldest[queue] = number;
			view->oldest_bytes[queue] = arena.live_bytes;
		}
		if (number == writer->env->cleaned[budget->class_].number) {
			view->begun = number;
			view->begun_live = arena.live_bytes;
		}
		gain = bci_clean_gain(&arena);
		/* At least an eighth, else it is hardly worth the copying. */
		if (gain > arena.end_bytes / 8 && gain > view->dirty_gain) {
			view->dirty = number;
			view->dirty_gain = gain;
			view->dirty_live = arena.live_bytes;
		}
	}
	return status == BC_MISS
	               ? BC_OK
	               : bci_fail(err, status, "cannot read the arenas");
}

/* Copying on and on for one commit helps nobody: evict instead. */
static bool
budget_is_tired(const struct budget *budget)
{
	return budget->writer->moved_bytes[budget->class_] > 2 * budget->slack;
}

/* The same where what is left to copy was copied just before. */
static bool
budget_moved(const struct budget *budget)
{
	return budget->stuck || budget_is_tired(budget);
}

/* ---- ways to make room ------------------------------------------------- */

/*
 * Evict so many bytes of what the policy chooses, or of what lies in entry
 * records: that is in no arena that will be the oldest some day, so what was
 * not accessed for longest goes.  *did says whether anything went.
 */
static enum bc_status
budget_evict(struct budget *budget, bool inlined, uint64_t bytes, bool *did,
             struct bc_error *err)
{
	const struct bci_eviction eviction = {
		.meant = { .class_ = budget->class_, .inlined = inlined },
		.policy = inlined ? BC_POLICY_LRU : budget->policy,
		.bytes = bytes,
		.most = VICTIMS_MOST,
	};
	struct bci_evicted evicted;
	enum bc_status status =
		bci_evict(budget->writer, &eviction, &evicted, err);

	*did = evicted.segments != 0;
	return status;
}

/* With an arena goes a sixteenth of it, some at a time. */
static enum bc_status
budget_age(struct budget *budget, uint64_t done_bytes, struct bc_error *err)
{
	uint64_t mine = budget->writer->state.inline_bytes, bytes;
	uint64_t *due = &budget->writer->env->inlined_due;
	bool did;

	if (budget_is_cold(budget) || mine < budget->slack / 4)
		return BC_OK;
	*due += (uint64_t)((double)mine / 16 * (double)done_bytes /
	                   (double)budget->slack);
	if (*due < AGED_MIN)
		return BC_OK;
	bytes = bci_min(*due, mine / 16);
	*due = 0;
	return budget_evict(budget, true, bytes, &did, err);
}

/* Whether there are so many entries that it takes time to have them go. */
static bool
budget_is_numerous(const struct budget *budget)
{
	return budget->writer->state.segments > BCI_POOL_EXACT;
}

/*
 * What should go, of victims that lie anywhere: down to the low-water mark, but
 * of many it goes bit by bit, so that no commit does it for all others.
 */
static uint64_t
budget_surplus(const struct budget *budget, bool hard)
{
	uint64_t live = budget_live(budget);
	uint64_t target =
		budget->low > budget->bytes ? budget->low - budget->bytes : 0;
	uint64_t share =
		SURPLUS_RATE *
		(budget->file_bytes - bci_min(budget->file_bytes, FILE_EXTRA));
	uint64_t surplus = live - bci_min(live, target);

	/* The files are too many, though what is live is little: then less,
	 * until there is something to clean. */
	if (surplus == 0)
		surplus = live / 8 + budget->bytes;
	if (hard)
		share += budget->slack / 8;
	return budget_is_numerous(budget) ? bci_min(surplus, share) : surplus;
}

/* Give an arena back, or a part of it; *did says whether anything changed. */
static enum bc_status
budget_clean(struct budget *budget, uint64_t number, enum bci_clean_how how,
             uint64_t quota, uint64_t evict, bool *did, struct bc_error *err)
{
	struct bci_cleaning cleaning = {
		.how = how,
		.policy = budget->policy,
		.quota_bytes = quota,
		.evict_bytes = evict,
		.history = bci_writer_history(budget->writer),
	};
	enum bc_status status;

	if (how == BCI_CLEAN_JUDGE && budget_moved(budget))
		cleaning.how = BCI_CLEAN_EMPTY;
	status = bci_clean(budget->writer, number, &cleaning, err);
	if (status == BC_OK && how == BCI_CLEAN_JUDGE)
		status = budget_age(
			budget, cleaning.evicted_bytes + cleaning.moved_bytes,
			err);
	*did = cleaning.evicted_segments + cleaning.moved_segments != 0 ||
	       cleaning.gone;
	if (!*did && cleaning.blocked && !budget->stuck &&
	    cleaning.how != BCI_CLEAN_EMPTY)
		*did = budget->stuck = true; /* There are other ways. */
	else if (cleaning.blocked || !*did)
		budget_block(budget, number);
	return status;
}

/* An ordered policy: the oldest arena of a queue, and if need be the rest. */
static enum bc_status
budget_step_ordered(struct budget *budget, const struct budget_view *view,
                    uint64_t quota, uint64_t evict, bool *did,
                    struct bc_error *err)
{
	struct bci_writer *writer = budget->writer;
	const struct bci_state_record *state = &writer->state;
	enum bci_queue queue = BCI_COLD, other = BCI_COLD;
	uint64_t number;

	*did = false;
	if (!budget_is_cold(budget)) {
		queue = bci_policy_next(budget->policy,
		                        bci_writer_history(writer),
		                        view->young_bytes, view->main_bytes);
		other = queue == BCI_YOUNG ? BCI_MAIN : BCI_YOUNG;
	}
	number = view->oldest[queue];
	if (!budget_is_cold(budget) && evict != 0 && state->inline_bytes != 0 &&
	    (state->inline_bytes > budget->slack || number == 0)) {
		enum bc_status status =
			budget_evict(budget, true, evict, did, err);

		if (status != BC_OK || *did)
			return status;
	}
	if (number == 0)
		number = view->oldest[other];
	if (number == 0 && evict != 0) { /* Only those in use are left. */
		number = *bci_state_active(&writer->state, queue);
		if (number == 0 || budget_is_blocked(budget, number))
			number = *bci_state_active(&writer->state, other);
		if (number != 0 && budget_is_blocked(budget, number))
			number = 0;
	}
	if (number == 0)
		return BC_OK;
	return budget_clean(budget, number, BCI_CLEAN_JUDGE, quota, evict, did,
	                    err);
}

/*
 * Victims that lie anywhere, and the arena that these have left with most to be
 * gained.
 */
static enum bc_status
budget_step_scattered(struct budget *budget, struct budget_view *view,
                      bool hard, uint64_t quota, bool *did,
                      struct bc_error *err)
{
	uint64_t live = budget_live(budget) + budget->bytes;
	enum bc_status status = BC_OK;

	*did = false;
	if (budget_is_tired(budget)) {
		uint64_t number = view->dirty;

		for (unsigned queue = 0; number == 0 && queue < BCI_QUEUES;
		     queue++)
			number = view->oldest[queue];
		if (number != 0)
			return budget_clean(budget, number, BCI_CLEAN_EMPTY,
			                    UINT64_MAX, 0, did, err);
	}
	if (live > budget->low || budget_moved(budget) || view->dirty == 0) {
		status = budget_evict(budget, false,
		                      budget_surplus(budget, hard), did, err);
		/* Where it goes bit by bit, so does the cleaning. */
		if (status == BC_OK && *did && !hard &&
		    live <= budget->low + budget->slack)
			status = budget_look(budget, view, err);
		else if (*did)
			return status;
	}
	if (status != BC_OK || view->dirty == 0)
		return status;
	return budget_clean(budget, view->dirty, BCI_CLEAN_MOVE, quota, 0, did,
	                    err);
}

/*
 * Nothing that is sealed can go: seal what is in use, once.  *did says whether
 * there was any.
 */
static enum bc_status
budget_seal(struct budget *budget, bool *did, struct bc_error *err)
{
	struct bci_writer *writer = budget->writer;
	enum bc_status status = BC_OK;

	*did = false;
	if (budget->sealed)
		return BC_OK;
	budget->sealed = true;
	*did = budget->before != UINT64_MAX;
	budget->before = UINT64_MAX;
	budget->blocked_count = 0;
	for (unsigned queue = 0; status == BC_OK && queue < BCI_QUEUES;
	     queue++) {
		if (bci_queue_class(queue) != budget->class_)
			continue;
		*did |= *bci_state_active(&writer->state, queue) != 0;
		status = bci_writer_seal(writer, queue, err);
	}
	return status;
}

/*
 * Whether nothing is evicted before it has to be: where the policy does not go
 * by arenas, or an arena is as large as the budget.
 */
static bool
budget_is_patient(const struct budget *budget)
{
	return !bci_policy_is_ordered(budget->policy) ||
	       budget->limit < 2 * budget->slack;
}

/*
 * Whether it begins to evict before it has to, so that not all of what makes an
 * arena worth cleaning goes for one commit.
 */
static bool
budget_evicts_early(const struct budget *budget)
{
	return !bci_policy_is_ordered(budget->policy) &&
	       budget_is_numerous(budget);
}

/* One step towards room; *did says whether there was anything to do. */
static enum bc_status
budget_step(struct budget *budget, bool hard, uint64_t over_live, bool *did,
            struct bc_error *err)
{
	uint64_t live = budget_live(budget) + budget->bytes;
	uint64_t linked = budget_weight(budget);
	uint64_t left = budget->limit + budget->slack;
	bool many = live > budget->low || budget_moved(budget);
	enum bci_clean_how how =
		budget->writer->env->cleaned[budget->class_].how;
	struct budget_view view;
	uint64_t quota = UINT64_MAX, cleaned;
	enum bc_status status = budget_look(budget, &view, err);

	*did = false;
	if (status != BC_OK)
		return status;
	if (view.begun != 0)
		cleaned = view.begun_live;
	else if (!many || !bci_policy_is_ordered(budget->policy))
		cleaned = view.dirty_live;
	else
		cleaned = bci_max(bci_max(view.oldest_bytes[BCI_YOUNG],
		                          view.oldest_bytes[BCI_MAIN]),
		                  view.oldest_bytes[BCI_COLD]);
	left = left > linked ? left - linked : 1;
	if (!hard)
		quota = cleaned / left * budget->file_bytes +
		        cleaned % left * budget->file_bytes / left +
		        budget->file_bytes / 4 + BCI_PAGE;
	if (view.begun != 0 && (how != BCI_CLEAN_MOVE ||
	                        (over_live == 0 && !budget_moved(budget))))
		return budget_clean(budget, view.begun, how, quota, over_live,
		                    did, err);
	if (view.dirty != 0 &&
	    (!many || (hard && over_live == 0 && !budget_moved(budget) &&
	               budget_is_patient(budget))))
		return budget_clean(budget, view.dirty, BCI_CLEAN_MOVE, quota,
		                    0, did, err);
	if (!many && view.dirty == 0 && budget_is_patient(budget)) {
		/* Little is live: there may be more to clean. */
		if (!hard && !budget_evicts_early(budget))
			return BC_OK;
		if (hard)
			status = budget_seal(budget, did, err);
		if (status != BC_OK || *did)
			return status;
	}
	if (bci_policy_is_ordered(budget->policy))
		return budget_step_ordered(budget, &view, quota, over_live, did,
		                           err);
	return budget_step_scattered(budget, &view, hard, quota, did, err);
}

/* ---- the whole --------------------------------------------------------- */

static enum bc_status
budget_fail(const struct budget *budget, struct bc_error *err)
{
	return bci_fail(err, BC_FULL,
	                "%llu bytes do not fit the %s budget of %llu bytes: no "
	                "other entry may go",
	                (unsigned long long)budget->bytes,
	                budget_is_cold(budget) ? "cold" : "warm",
	                (unsigned long long)budget->limit);
}

/* What a class has, and what comes. */
static struct budget
budget_of(struct bci_writer *writer, enum bci_arena_class class_,
          uint64_t bytes, uint64_t file_bytes)
{
	const struct bci_config_record *config = &writer->config;
	uint64_t limit = class_ == BCI_ARENA_COLD ? config->cold_bytes
	                                          : config->warm_bytes;
	uint64_t percent = bci_config_low_percent(config);

	return (struct budget){
		.writer = writer,
		.class_ = class_,
		.policy = (enum bc_policy)config->policy,
		.bytes = bytes,
		.file_bytes = file_bytes == 0 ? 0 : file_bytes + FILE_EXTRA,
		.limit = limit,
		.low = limit / 100 * percent + limit % 100 * percent / 100,
		.slack = bci_arena_capacity(limit),
		.before = writer->first_arena,
	};
}

static enum bc_status
budget_make_room(struct budget *budget, struct bc_error *err)
{
	struct bci_writer *writer = budget->writer;
	enum bc_status status;

	if (budget->bytes > budget->limit)
		return budget_fail(budget, err);
	for (bool stepped = writer->keeps_all;; stepped = true) {
		uint64_t live = budget_live(budget) + budget->bytes;
		uint64_t linked = budget_weight(budget) + budget->file_bytes;
		uint64_t most = budget->limit + budget->slack;
		bool hard = live > budget->limit || linked > most;
		size_t blocked = budget->blocked_count;
		bool did = false;

		/* A small budget is less than the files of an empty cache. */
		if (!hard && (stepped || linked <= bci_max(budget->limit,
		                                           budget->slack / 2)))
			break;
		if (writer->keeps_all)
			return budget_fail(budget, err);
		status = budget_step(budget, hard,
		                     live > budget->limit ? live - budget->limit
		                                          : 0,
		                     &did, err);
		if (did) /* There may be more to give up than before. */
			budget->sealed = false;
		if (status == BC_OK && hard && !did &&
		    budget->blocked_count == blocked)
			status = budget_seal(budget, &did, err);
		if (status != BC_OK)
			return status;
		if (hard && !did && budget->blocked_count == blocked) {
			if (live > budget->limit ||
			    budget_linked(budget) + budget->file_bytes > most)
				return budget_fail(budget, err);
			break; /* The catalogue is what is large. */
		}
	}
	return bci_ghosts_trim(writer, 64, err);
}

enum bc_status
bci_writer_make_room(struct bci_writer *writer, uint64_t bytes,
                     uint64_t file_bytes, uint64_t new_entries,
                     struct bc_error *err)
{
	struct budget budget =
		budget_of(writer, BCI_ARENA_WARM, bytes, file_bytes);
	enum bc_status status = bci_evict_entries(writer, new_entries, err);

	if (status != BC_OK || (bytes == 0 && file_bytes == 0))
		return status;
	return budget_make_room(&budget, err);
}

enum bc_status
bci_writer_make_room_cold(struct bci_writer *writer, uint64_t bytes,
                          uint64_t file_bytes, struct bc_error *err)
{
	struct budget budget =
		budget_of(writer, BCI_ARENA_COLD, bytes, file_bytes);

	return budget_make_room(&budget, err);
}
