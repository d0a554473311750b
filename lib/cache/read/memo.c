/* SPDX-License-Identifier: MIT */
/*
 * memo.c - what a lane remembers of its lookups.
 *
 * LMDB walks a B-tree from its root for each lookup: several pages, one after
 * the other, a few comparisons in each.  But a commit leaves the pages of the
 * one before as they are, so as long as no newer one is there a record lies
 * where it was found.  That is what is remembered: an address in LMDB's map for
 * each key, valid for one commit.
 *
 * No transaction holds the page while it is read, so it may be used again by
 * writers in the middle of that.  They do so only after another commit, though:
 * key and record are copied, and forgotten if there is one by then.  (LMDB
 * reuses a page that commit n + 1 has freed from n + 3 on.)
 *
 * Where the newest commit is another one, the old address is a good guess at
 * least: most commits change few pages.  Fetching it into the caches while LMDB
 * walks saves the last and longest of the waits.
 *
 * A lane's memo is of a fixed size, and bounds what it costs a process: what is
 * crowded out is looked up again.
 */
#include "common.h"

#include <stdatomic.h>

#include "mapping.h"
#include "memo.h"

#define MEMO_WAYS 4 /* items in a line of the processor's cache */
#define MEMO_SETS 4096u

#define ADDRESS_BITS 48
#define ADDRESS_MASK ((1ull << ADDRESS_BITS) - 1)

struct memo_item {
	uint64_t place; /* address of the record; above it, bytes of its key */
	uint32_t turn;  /* of the memo when it was learnt */
	uint16_t record_bytes;
	uint16_t tag; /* of the key's hash */
};
_Static_assert(sizeof(struct memo_item) * MEMO_WAYS == BCI_LINE, "a line");
_Static_assert(BC_KEY_MAX < 1u << (64 - ADDRESS_BITS), "key_bytes");

/* Anonymous memory, of which only pages that are used cost anything. */
struct bci_memo {
	uint64_t txnid; /* the commit that what is of this turn was found in */
	uint32_t turn;
	uint32_t next;                   /* way to give up next */
	char rest[BCI_LINE - 8 - 2 * 4]; /* a set lies in one line */
	struct memo_item items[MEMO_SETS][MEMO_WAYS];
};
_Static_assert(offsetof(struct bci_memo, items) == BCI_LINE, "alignment");

/* The item of a key, by all that can be said without looking at the key. */
static struct memo_item *
memo_find(struct bci_memo *memo, size_t key_bytes, uint64_t hash)
{
	struct memo_item *set = memo->items[hash % MEMO_SETS];

	for (unsigned i = 0; i < MEMO_WAYS; i++) {
		if (set[i].tag == hash >> 48 &&
		    set[i].place >> ADDRESS_BITS == key_bytes)
			return &set[i];
	}
	return NULL;
}

/* Whether what was learnt last is of the newest commit. */
static bool
memo_holds(const struct bci_memo *memo, const struct bci_env *env)
{
	return memo->txnid == bci_env_commit(env) ||
	       BCI_CONTROL(memo_outlives_commit);
}

bool
bci_memo_recall(const struct bci_env *env, const struct bci_lane *lane,
                const char *key, size_t key_bytes, uint64_t hash,
                struct bci_memory *memory)
{
	struct bci_memo *memo = lane->memo;
	const struct memo_item *item;
	const unsigned char *from;

	if (memo == NULL)
		return false;
	item = memo_find(memo, key_bytes, hash);
	if (item == NULL)
		return false;
	from = (const unsigned char *)(uintptr_t)(item->place & ADDRESS_MASK) -
	       key_bytes;
	if (item->turn != memo->turn || !memo_holds(memo, env)) {
		__builtin_prefetch(from);
		__builtin_prefetch(from + BCI_LINE);
		return false;
	}
	memcpy(memory->bytes, from, key_bytes + item->record_bytes);
	atomic_thread_fence(memory_order_acquire);
	memory->record.data = memory->bytes + key_bytes;
	memory->record.size = item->record_bytes;
	return memo_holds(memo, env) &&
	       memcmp(memory->bytes, key, key_bytes) == 0;
}

/* What was learnt of an older commit, or of a newer one, does not hold. */
static void
memo_turn(struct bci_memo *memo, uint64_t txnid)
{
	memo->txnid = txnid;
	memo->turn++;
	if (memo->turn == 0) /* After 2^32 commits all begins anew. */
		memset(memo->items, 0, sizeof(memo->items));
}

/* Where a key's item goes: where it was, or in place of one that is of less
 * use. */
static struct memo_item *
memo_place(struct bci_memo *memo, size_t key_bytes, uint64_t hash)
{
	struct memo_item *set = memo->items[hash % MEMO_SETS];
	struct memo_item *item = memo_find(memo, key_bytes, hash);

	for (unsigned i = 0; item == NULL && i < MEMO_WAYS; i++) {
		if (set[i].turn != memo->turn)
			item = &set[i];
	}
	return item != NULL ? item : &set[memo->next++ % MEMO_WAYS];
}

void
bci_memo_learn(struct bci_lane *lane, const char *key, size_t key_bytes,
               uint64_t hash, const struct bci_bytes *record)
{
	const unsigned char *at = record->data;
	uint64_t txnid = bci_txn_id(lane->txn);
	struct bci_memo *memo;

	if (lane->memo == NULL)
		lane->memo = bci_map_zeroed(sizeof(*memo));
	memo = lane->memo;
	/* LMDB keeps the key before the record, but on a page of its own where
	 * both are long. */
	if (memo == NULL || lane->guard_fd >= 0 ||
	    key_bytes + record->size > BCI_MEMO_BYTES ||
	    (uintptr_t)at > ADDRESS_MASK ||
	    memcmp(at - key_bytes, key, key_bytes) != 0)
		return;
	if (memo->txnid != txnid)
		memo_turn(memo, txnid);
	*memo_place(memo, key_bytes, hash) = (struct memo_item){
		.place = (uint64_t)(uintptr_t)at | (uint64_t)key_bytes
		                                           << ADDRESS_BITS,
		.turn = memo->turn,
		.record_bytes = (uint16_t)record->size,
		.tag = (uint16_t)(hash >> 48),
	};
}

void
bci_memo_shut(struct bci_lane *lane)
{
	bci_unmap(lane->memo, sizeof(*lane->memo));
	lane->memo = NULL;
}
