/* SPDX-License-Identifier: MIT */
/*
 * span.h - which rows of an entry a read shows, and where they lie: pieces of
 * segments in order of time, behind them the tail.
 */
#ifndef BCI_SPAN_H
#define BCI_SPAN_H

#include "hit.h"

/* How rows are asked for. */
enum bci_query_by {
	BCI_BY_TIME,   /* [from_ns, to_ns), and 'count' rows before, if any */
	BCI_BY_MOMENT, /* the last one before to_ns */
	BCI_BY_TAIL,   /* the newest 'count' */
	BCI_BY_ROWS    /* [first, first + count) */
};

struct bci_query {
	const char *key;
	size_t key_bytes;
	const char *const *columns; /* NULL: all */
	enum bci_query_by by;
	unsigned flags; /* enum bc_read_flags */
	int64_t from_ns, to_ns;
	uint64_t first, count;
	int64_t now_ns;
	bool stale; /* an expired entry will do */
};

/* All ended bars, known to be all or not: what a get shows of a series. */
#define BCI_QUERY_ALL(name, length)                                            \
	{                                                                      \
		.key = (name), .key_bytes = (length), .by = BCI_BY_TIME,       \
		.flags = BC_READ_PARTIAL, .from_ns = INT64_MIN,                \
		.to_ns = INT64_MAX                                             \
	}

/*
 * A segment, or (map is NULL) a copy in the span's chunk that was checked.  A
 * packed one has no data until it is decoded; see cold/piece.h.
 */
struct bci_piece {
	struct bci_locator locator; /* rows and times: those of the piece */
	struct bci_map *map;        /* pinned */
	struct bci_hot *hot;        /* a reference: what it was decoded to */
	bool again; /* it was, or is being, decoded for a second time */
	const unsigned char *data;
	uint64_t body_bytes; /* behind 'data' */
	uint64_t start; /* its first row, as rows of the span are counted */
};

/* The schema of the time alone: of a series that never had a row. */
extern const struct bc_schema bci_time_schema;

/* Pieces that need no memory of their own. */
#define BCI_SPAN_OWN 16

/*
 * Rows are counted from the first one of the first piece, shown or not.  A span
 * outlives its transaction; whoever has a lane may show rows of it.
 */
struct bci_span {
	struct bc_cache *cache;
	struct bci_env *env;
	const char *key; /* borrowed from the query */
	size_t key_bytes;
	uint64_t key_hash;
	uint64_t entry_id, revision;
	int64_t expires_ns;
	uint32_t slot; /* of a series, as its record has it; else 0 */
	enum bc_kind kind;
	enum bc_tier tier; /* that rows have come from so far */
	bool reported;     /* damage is known already */
	unsigned shard;    /* that our pins are in */
	const struct bc_schema *schema, *shown;
	struct bci_piece *pieces;
	size_t count, capacity;
	struct bci_chunk *chunk; /* the tail, or an inline segment; or NULL */
	uint64_t tail_checksum;  /* of the entry's tail, if it is a piece */
	struct bci_piece words;  /* has the dictionaries, if map is not NULL */
	uint64_t rows;           /* of all pieces */
	uint64_t first, end;     /* those shown */
	uint64_t begin;          /* the first that was asked for */
	bool searched;           /* 'begin' and 'end' were found by these: */
	int64_t from_ns, to_ns;
	struct bci_locator lost; /* BC_ABSENT: its arena is gone; or empty */
	uint64_t open_row;       /* not ended; UINT64_MAX: not among them */
	struct bci_piece own[BCI_SPAN_OWN];
};

/*
 * Find the rows of a query in the lane's transaction, pin what holds them and
 * copy the tail.  Returns BC_OK; BC_MISS with *miss; BC_INVALID as bc_read();
 * BC_ABSENT as bci_hit_find(); BC_NOMEM, BC_IO, BC_BUSY.  *span is to be closed
 * only after BC_OK.
 */
enum bc_status bci_span_find(struct bc_cache *cache, struct bci_env *env,
                             struct bci_lane *lane,
                             const struct bci_query *query,
                             struct bci_span *span, enum bc_miss *miss);

/* Let go of it; 'lane' is one that the caller has, or NULL. */
void bci_span_close(struct bci_span *span, struct bci_lane *lane);

/* Count an access to the series as such, in slot 'number' less 1. */
static inline void
bci_series_stamp(struct bci_env *env, uint32_t number, uint64_t entry_id,
                 int64_t now_ns)
{
	struct bci_slot *slot;

	if (number == 0 || !env->ledger.writable)
		return;
	slot = bci_ledger_slot(&env->ledger, number - 1);
	if (BCI_LIKELY(slot != NULL))
		bci_slot_stamp(slot, bci_entry_slot_id(entry_id),
		               (uint32_t)(now_ns / 1000000000));
}

/* As bci_hit_note(), of the rows that a span shows. */
static inline void
bci_span_note(const struct bci_span *span, const struct bci_lane *lane,
              int64_t now_ns)
{
	if (BCI_LIKELY(!span->cache->notes))
		return;
	if (span->cache->tracer != NULL)
		bci_tracer_span(span->cache->tracer, lane, span, now_ns);
	bci_link_hit(span->cache, span->env, lane, span->entry_id, span->key,
	             span->key_bytes);
}

/* Make room for more pieces. */
enum bc_status bci_span_grow(struct bci_span *span);

/* The index of the piece that has row 'row'. */
size_t bci_span_piece(const struct bci_span *span, uint64_t row);

/*
 * The time of a row, and the first row whose time is not before 'time_ns'.
 * Packed pieces that this looks into must be open.
 */
int64_t bci_span_time(const struct bci_span *span, uint64_t row);
uint64_t bci_span_row(const struct bci_span *span, int64_t time_ns);

/*
 * Open what these two are about to look into; the caller has the lane.  BC_OK;
 * BC_MISS if it is damaged; BC_NOMEM.
 */
enum bc_status bci_span_open_row(struct bci_span *span, struct bci_lane *lane,
                                 uint64_t row);
enum bc_status bci_span_open_time(struct bci_span *span, struct bci_lane *lane,
                                  int64_t time_ns);

/* Whether columns and dictionaries lie within the segment. */
bool bci_piece_is_sane(const struct bci_locator *locator,
                       const struct bc_schema *schema);

/* The times of a piece. */
static inline const int64_t *
bci_piece_times(const struct bci_piece *piece)
{
	return (const int64_t *)(const void *)piece->data;
}

#endif /* BCI_SPAN_H */
