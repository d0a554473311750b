/* SPDX-License-Identifier: MIT */
/*
 * history.h - a history of a cache of every kind of change, and what a power
 * cut may leave of it.
 *
 * Step n follows from the seed and n: a put, a batch, a removal, rows of a
 * series, a move between tiers, a sync, a compaction, closing and opening.
 * The cache is small, so that it evicts and cleans all the time, and its keys
 * are of two kinds: pinned ones, which must never be lost but as the durability
 * says, and others, which may be evicted but never come back as they were.
 */
#ifndef BARCACHE_CRASH_HISTORY_H
#define BARCACHE_CRASH_HISTORY_H

#include "support.h"

#include <stdio.h>

#define HISTORY_PINNED 6 /* keys of values; the first ones */
#define HISTORY_VALUES 18
#define HISTORY_SERIES 3 /* the last of them is not pinned */
#define HISTORY_STEPS 256

struct history {
	uint64_t seed;
	enum bc_durability durability;
	uint64_t steps; /* at most HISTORY_STEPS */
};

/* What is noted outside the cache, and the number of the step. */
enum history_mark {
	HISTORY_BEGUN = 1,
	HISTORY_DONE,   /* the call has returned */
	HISTORY_SYNCED, /* all steps before it are on the disk */
	HISTORY_FAILED  /* it found no room, and so did nothing */
};
typedef void history_note(void *context, enum history_mark mark,
                          uint64_t number);

/* What was noted until the power was cut. */
struct history_seen {
	uint64_t begun, done, synced;
	bool failed[HISTORY_STEPS + 1];
};
void history_see(struct history_seen *seen, enum history_mark mark,
                 uint64_t number);

/* Make the cache in 'path' and go through the steps.  False if one fails. */
bool history_run(const struct history *history, const char *path,
                 history_note *note, void *context);

/* What a checker found. */
enum history_verdict {
	HISTORY_RIGHT = 0,
	HISTORY_OPEN,   /* the cache does not open */
	HISTORY_ERROR,  /* a read failed with an error */
	HISTORY_WRONG,  /* bytes that were never put */
	HISTORY_LOST,   /* what had to be there is not, or is older */
	HISTORY_SERVED, /* scratch: what had to be discarded is there */
	HISTORY_COMMIT, /* the cache takes no new commit */
	HISTORY_DAMAGE, /* after that commit something does not verify */
	HISTORY_LITTER, /* after that commit there are files of nobody */
	HISTORY_CRASH,  /* the checker died */
	HISTORY_HANG,
	HISTORY_VERDICTS
};
const char *history_verdict_name(enum history_verdict verdict);

/*
 * Open what a power cut left in 'path' and look at it, put something, look
 * again.  For a child that believes it runs after another boot.  'out' gets
 * what is wrong in words (NULL: nowhere).
 */
enum history_verdict history_check(const struct history *history,
                                   const struct history_seen *seen,
                                   const char *path, FILE *out);

/* ---- parts of it --------------------------------------------------------- */

enum history_kind {
	HISTORY_PUT,
	HISTORY_BATCH,
	HISTORY_REMOVE,
	HISTORY_APPEND,
	HISTORY_PLACE,
	HISTORY_SYNC,
	HISTORY_COMPACT,
	HISTORY_REOPEN
};

#define HISTORY_TOUCHES 5

struct history_step {
	enum history_kind kind;
	unsigned count; /* of keys touched; later ones win */
	unsigned key[HISTORY_TOUCHES];
	bool removes[HISTORY_TOUCHES];
	uint64_t rows;  /* appended to series key[0] */
	uint64_t word;  /* for the rest */
};
struct history_step history_step(uint64_t seed, uint64_t number);

void history_key(unsigned key, char text[24]);
void history_series(unsigned series, char text[24]);

/* The version of a key after step 'number', or 0; the last step that touched
 * it; the rows of a series. */
uint64_t history_version(const struct history *history,
                         const struct history_seen *seen, unsigned key,
                         uint64_t number);
uint64_t history_touched(const struct history *history,
                         const struct history_seen *seen, unsigned key,
                         uint64_t number);
uint64_t history_rows(const struct history *history,
                      const struct history_seen *seen, unsigned series,
                      uint64_t number);

/* Row 'index' of a series. */
#define HISTORY_MINUTE INT64_C(60000000000)
int64_t history_row_mark(uint64_t seed, unsigned series, uint64_t index);
double history_row_close(uint64_t seed, unsigned series, uint64_t index);

#endif /* BARCACHE_CRASH_HISTORY_H */
