/* SPDX-License-Identifier: MIT */
/*
 * policy.c - the policies that choose victims by one figure: each candidate
 * gets a rank, the lowest goes first, ties go by the order of putting.
 *
 * Only victims are sorted (victims.h), so that few of many cost little, and
 * nothing is allocated.
 */
#include "common.h"

#include "adaptive.h"
#include "check.h"
#include "policy.h"
#include "rehearsal.h"
#include "victims.h"

#define SECOND_NS 1e9

static const char *const policy_names[] = {
	[BC_POLICY_DEFAULT] = "default", [BC_POLICY_LRU] = "lru",
	[BC_POLICY_SIZE] = "size",       [BC_POLICY_HYBRID] = "hybrid",
	[BC_POLICY_SCORE] = "score",     [BC_POLICY_S3FIFO] = "s3fifo",
	[BC_POLICY_GDSF] = "gdsf",       [BC_POLICY_ADAPTIVE] = "adaptive",
};

const char *
bc_policy_name(enum bc_policy policy)
{
	if ((unsigned)policy >= BCI_COUNT(policy_names))
		return "unknown";
	return policy_names[policy];
}

enum bc_status
bc_policy_parse(const char *name, enum bc_policy *out)
{
	for (unsigned i = 0; i < BCI_COUNT(policy_names); i++) {
		if (strcmp(name, policy_names[i]) == 0) {
			*out = (enum bc_policy)i;
			return BC_OK;
		}
	}
	return BC_INVALID;
}

enum bc_policy
bci_policy_resolve(enum bc_policy policy)
{
	return policy == BC_POLICY_DEFAULT ? BC_POLICY_ADAPTIVE : policy;
}

bool
bci_policy_is_ordered(enum bc_policy policy)
{
	policy = bci_policy_resolve(policy);
	return policy == BC_POLICY_S3FIFO || policy == BC_POLICY_ADAPTIVE;
}

/* ---- ranks ------------------------------------------------------------- */

/* Order of what is not negative is the order of its bits. */
static uint64_t
policy_rank_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

/* Seconds since the last access; 0 if the clock was set back since. */
static double
policy_age(const struct bci_candidate *candidate, int64_t now_ns)
{
	if (candidate->accessed_ns >= now_ns)
		return 0;
	return (double)((uint64_t)now_ns - (uint64_t)candidate->accessed_ns) /
	       SECOND_NS;
}

/* By last access; one in the future is one now. */
static uint64_t
policy_recency(const struct bci_candidate *candidate, int64_t now_ns)
{
	int64_t accessed_ns = candidate->accessed_ns;

	if (accessed_ns > now_ns)
		accessed_ns = now_ns;
	return (uint64_t)accessed_ns ^ 1ull << 63;
}

static uint64_t
policy_score(const struct bci_candidate *candidate, int64_t now_ns)
{
	return policy_rank_of(candidate->count /
	                      (policy_age(candidate, now_ns) + 1));
}

/* What keeping a byte is worth: what it saves, as often as it is asked for. */
static uint64_t
policy_worth(const struct bci_candidate *candidate, int64_t now_ns)
{
	double bytes = candidate->bytes == 0 ? 1 : (double)candidate->bytes;
	double cost = candidate->cost_ns == 0 ? bytes * BCI_POLICY_COST_NS
	                                      : (double)candidate->cost_ns;

	return policy_rank_of(candidate->count * cost / bytes /
	                      (policy_age(candidate, now_ns) + 1));
}

uint64_t
bci_policy_rank(enum bc_policy policy, const struct bci_candidate *candidate,
                int64_t now_ns)
{
	switch (policy) {
	case BC_POLICY_SIZE:
		return UINT64_MAX - candidate->bytes;
	case BC_POLICY_SCORE:
		return policy_score(candidate, now_ns);
	case BC_POLICY_GDSF:
		return policy_worth(candidate, now_ns);
	default:
		return policy_recency(candidate, now_ns);
	}
}

static void
policy_rank_all(enum bc_policy policy, struct bci_candidate *candidates,
                size_t count, int64_t now_ns)
{
	for (size_t i = 0; i < count; i++)
		candidates[i].rank =
			bci_policy_rank(policy, &candidates[i], now_ns);
}

/* ---- choosing ---------------------------------------------------------- */

/*
 * The largest of the older half first; once that half is gone, of the older
 * half of the rest.
 */
static size_t
policy_choose_hybrid(struct bci_candidate *candidates, size_t count,
                     uint64_t need, int64_t now_ns)
{
	size_t done = 0;

	policy_rank_all(BC_POLICY_LRU, candidates, count, now_ns);
	while (need > 0 && done < count) {
		struct bci_candidate *rest = candidates + done;
		size_t half = (count - done + 1) / 2;

		bci_victims_part(rest, count - done, half);
		policy_rank_all(BC_POLICY_SIZE, rest, half, now_ns);
		done += bci_victims_take(rest, half, 0, &need);
	}
	return done;
}

size_t
bci_policy_choose(enum bc_policy policy, const struct bci_choice *choice)
{
	struct bci_candidate *candidates = choice->candidates;
	size_t count, least = 0;
	uint64_t need;

	if (choice->used_bytes <= choice->target_bytes)
		return 0;
	need = choice->used_bytes - choice->target_bytes;
	count = bci_victims_spare(candidates, choice->count);
	policy = bci_policy_resolve(policy);
	if (bci_policy_is_ordered(policy))
		return bci_rehearsal_choose(policy, candidates, count, need,
		                            choice->now_ns);
	if (policy == BC_POLICY_HYBRID)
		return policy_choose_hybrid(candidates, count, need,
		                            choice->now_ns);
	if (policy == BC_POLICY_SCORE)
		least = choice->count < 20 ? 1 : choice->count / 10;
	policy_rank_all(policy, candidates, count, choice->now_ns);
	return bci_victims_take(candidates, count, least, &need);
}

/* ---- s3fifo ------------------------------------------------------------ */

/* Newcomers have a tenth. */
#define YOUNG_SHARE 10u

static enum bci_queue
policy_s3fifo_next(uint64_t young_bytes, uint64_t main_bytes)
{
	if (young_bytes > main_bytes / (YOUNG_SHARE - 1))
		return BCI_YOUNG;
	return BCI_MAIN;
}

static bool
policy_s3fifo_keeps(struct bci_history *history,
                    struct bci_candidate *candidate)
{
	bool young = candidate->queue != BCI_MAIN;
	bool keeps = candidate->credit > 1;

	if (keeps && young)
		candidate->credit = 1;
	else if (keeps)
		candidate->credit =
			(uint8_t)(bci_min(candidate->credit, BCI_CREDIT_MAX) -
		                  1);
	else if (young && history != NULL)
		bci_history_note(history, candidate->key,
		                 candidate->accessed_ns);
	return keeps;
}

/* ---- policies that go by where segments lie ---------------------------- */

enum bci_queue
bci_policy_next(enum bc_policy policy, struct bci_history *history,
                uint64_t young_bytes, uint64_t main_bytes)
{
	if (bci_policy_resolve(policy) == BC_POLICY_ADAPTIVE)
		return bci_adaptive_next(history, young_bytes, main_bytes);
	return policy_s3fifo_next(young_bytes, main_bytes);
}

bool
bci_policy_keeps(enum bc_policy policy, struct bci_history *history,
                 struct bci_candidate *candidate, int64_t now_ns)
{
	if (candidate->pinned)
		return true;
	if (bci_policy_resolve(policy) == BC_POLICY_ADAPTIVE)
		return bci_adaptive_keeps(history, candidate, now_ns);
	return policy_s3fifo_keeps(history, candidate);
}

enum bci_queue
bci_policy_admit(enum bc_policy policy, struct bci_history *history,
                 uint64_t key, uint64_t bytes, int64_t now_ns)
{
	int64_t accessed_ns;

	if (!bci_policy_is_ordered(policy) || history == NULL)
		return BCI_YOUNG;
	accessed_ns = bci_history_find(history, key);
	if (accessed_ns == INT64_MIN)
		return BCI_YOUNG;
	bci_history_forget(history, key);
	if (bci_policy_resolve(policy) == BC_POLICY_S3FIFO)
		return BCI_MAIN;
	return bci_adaptive_admit(history, bytes, accessed_ns, now_ns);
}
