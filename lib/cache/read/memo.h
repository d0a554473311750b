/* SPDX-License-Identifier: MIT */
/*
 * memo.h - where a lane found the records of entries in the catalogue: while
 * nothing is committed the same key is found again without a lookup.
 */
#ifndef BCI_MEMO_H
#define BCI_MEMO_H

#include "cache.h"

/* Longer keys with their records are looked up each time. */
#define BCI_MEMO_BYTES 256u

/* A key and its record as they were in the newest commit. */
struct bci_memory {
	struct bci_bytes record; /* within 'bytes' */
	unsigned char bytes[BCI_MEMO_BYTES];
};

/*
 * Recall the record of a key whose bci_hash64() is 'hash'.  False if it is not
 * known, or not any more; what it was is on its way into the caches then.  The
 * caller has the lane, and needs no transaction.
 */
bool bci_memo_recall(const struct bci_env *env, const struct bci_lane *lane,
                     const char *key, size_t key_bytes, uint64_t hash,
                     struct bci_memory *memory);

/* Remember what the lane's transaction found under a key. */
void bci_memo_learn(struct bci_lane *lane, const char *key, size_t key_bytes,
                    uint64_t hash, const struct bci_bytes *record);

/* The end, as part of closing an environment. */
void bci_memo_shut(struct bci_lane *lane);

#endif /* BCI_MEMO_H */
