/* SPDX-License-Identifier: MIT */
/*
 * barcache.h - a local cache of market data that many processes read in place.
 *
 * A cache is a directory.  It holds entries under keys: frames (typed columns
 * of equal length with a time column, such as OHLCV bars), series (frames that
 * grow and are read by range), arrays (columns without time) and blobs (bytes).
 * A value that was put once is read by any number of processes on the host
 * straight from the page cache: no copy, no lock, no server.  One process
 * writes at a time; readers never wait for it.
 *
 * RULES THAT HOLD EVERYWHERE
 *
 * Errors: a fallible call returns an enum bc_status.  BC_OK is 0, an error is
 * negative, BC_MISS is the error "nothing to serve" and comes with a reason.
 * Results come back through pointers and are untouched or zeroed on failure,
 * as each call says.  A call that takes a struct bc_error fills it on every
 * failure (path, key, row, errno in words); NULL is allowed there.
 *
 * Time: int64 nanoseconds since 1970-01-01 00:00:00 UTC.  The time of a bar is
 * the moment it opens.  Ranges are half-open: [from, to).
 *
 * Ownership: who opens closes; closing takes NULL.  Strings and structs that
 * are passed in are copied unless a call says "borrowed".
 *
 * Threads: a struct bc_cache may be used by any number of threads at once.
 *
 * After BC_IO: a commit that failed has changed nothing.  If the disk failed
 * while LMDB wrote its last page of a commit, every later call of this process
 * returns BC_IO, until all its handles of the cache are closed and opened anew.
 *
 * Fork: after fork() the child may go on using the handles of its parent; the
 * first call in the child opens the cache anew.  Views taken before the fork
 * stay valid in both.  _Fork() and raw clone() are not supported.
 */
#ifndef BARCACHE_H
#define BARCACHE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The one place that states the version; the build reads it from here. */
#define BC_VERSION_STRING "0.1.0"
#define BC_VERSION_MAJOR 0
#define BC_VERSION_MINOR 1
#define BC_VERSION_PATCH 0

#if defined(__GNUC__)
#define BC_API __attribute__((visibility("default")))
#define BC_CHECKED __attribute__((warn_unused_result))
#else
#define BC_API
#define BC_CHECKED
#endif

/* Zeroes a struct of options but for its size, which is its first member. */
#ifdef __cplusplus
#define BC_SIZE_FIRST(type) { sizeof(type) }
#else
#define BC_SIZE_FIRST(type) { .struct_size = sizeof(type) }
#endif

/* Version of the library that runs, as BC_VERSION_STRING; never NULL. */
BC_API const char *bc_version(void);

/* Version of the LMDB library that runs, such as "0.9.24"; never NULL. */
BC_API const char *bc_lmdb_version(void);

/* ------------------------------------------------------------------------ */
/*  Status and errors                                                       */
/* ------------------------------------------------------------------------ */

/* One code for each different reaction of a caller.  Values never change. */
enum bc_status {
	BC_OK = 0,
	BC_MISS = -1,       /* nothing to serve; enum bc_miss says why */
	BC_NOMEM = -2,      /* no memory, or no address space */
	BC_INVALID = -3,    /* an argument is not what the call takes */
	BC_KEY = -4,        /* the key is empty, too long or not UTF-8 */
	BC_ORDER = -5,      /* times are not strictly ascending */
	BC_BARS = -6,       /* a bar is impossible: see bc_put() */
	BC_EXISTS = -7,     /* the key exists and replacing was ruled out */
	BC_TOO_LARGE = -8,  /* the value is larger than the cache accepts */
	BC_ENTRIES = -9,    /* the cache holds as many entries as it may */
	BC_FULL = -10,      /* the byte budget of the cache is used up */
	BC_NOSPACE = -11,   /* the disk is full */
	BC_IO = -12,        /* the operating system failed a call */
	BC_CORRUPT = -13,   /* stored bytes are not what was written */
	BC_FORMAT = -14,    /* not a barcache, or one of another format */
	BC_UNSAFE = -15,    /* owner, mode, link or file system refused */
	BC_DENIED = -16,    /* no permission */
	BC_READONLY = -17,  /* the cache was, or can only be, opened to read */
	BC_BUSY = -18,      /* another writer kept the lock past the deadline */
	BC_ABSENT = -19,    /* there is no cache at this path */
	BC_COPY = -20       /* the range cannot be shown without a copy */
};

/* Short English text of a status; static, never NULL. */
BC_API const char *bc_strerror(enum bc_status status);

/* The name of a status as the header spells it, "BC_BUSY"; never NULL. */
BC_API const char *bc_status_name(enum bc_status status);

/*
 * What went wrong, in words, in memory of the caller.  'message' is one line
 * without a newline and names the path, key or row at fault.  'row' is the
 * index of the row at fault or -1; 'os_errno' is 0 where no call failed.
 */
struct bc_error {
	enum bc_status status;
	int os_errno;
	int64_t row;
	char message[256];
};

/* Why a read had nothing to serve. */
enum bc_miss {
	BC_MISS_NONE = 0,      /* it was not a miss */
	BC_MISS_ABSENT,        /* no such key */
	BC_MISS_EXPIRED,       /* its time to live is over */
	BC_MISS_EVICTED,       /* it was evicted to make room */
	BC_MISS_CORRUPT,       /* stored bytes failed a check */
	BC_MISS_OTHER_REQUEST, /* the key hashes a different request */
	BC_MISS_NOT_COVERED,   /* the range asked for is not known here */
	BC_MISS_BYPASSED,      /* the cache was opened to bypass or refresh */
	BC_MISS_REASONS        /* how many there are */
};

/* "absent", "expired", ...; static, never NULL. */
BC_API const char *bc_miss_name(enum bc_miss miss);

/* ------------------------------------------------------------------------ */
/*  Cache: open and close                                                   */
/* ------------------------------------------------------------------------ */

/*
 * An open cache.
 *
 * Threads: any number at once.  Lifetime: until bc_close(); views live on.
 * A process may open one directory several times; the handles share one
 * environment and differ only in their flags.
 */
struct bc_cache;

/* What a put promises when it returns.  Stored with the cache. */
enum bc_durability {
	BC_DURABILITY_DEFAULT = 0, /* keep what is stored; relaxed when new */
	BC_DURABLE = 1, /* survives a power cut */
	BC_RELAXED = 2, /* survives kill -9; a power cut may lose puts newer
	                   than sync_interval_ms, each then a clean miss */
	BC_SCRATCH = 3  /* survives kill -9; gone after a reboot */
};

/* Whether a read checks the checksums of what it returns. */
enum bc_checking {
	BC_CHECK_FIRST = 0,  /* each 64 KiB once a process (default) */
	BC_CHECK_ALWAYS = 1, /* on every read */
	BC_CHECK_NEVER = 2   /* bounds and headers only: trusted disks */
};

enum bc_open_flags {
	BC_OPEN_CREATE = 1,     /* make the cache if there is none */
	BC_OPEN_READONLY = 2,   /* changes through this handle are refused */
	BC_OPEN_BYPASS = 4,     /* every get misses, every put does nothing */
	BC_OPEN_REFRESH = 8,    /* every get misses, puts replace */
	BC_OPEN_GROUP = 16,     /* a group is trusted with the cache */
	BC_OPEN_NETWORK = 32    /* allow a network file system: unsafe */
};

/*
 * Events worth a line in a log: a checksum mismatch, a segment dropped, a
 * reopen after fork, a lock taken over from a dead holder.
 */
enum bc_event {
	BC_EVENT_CHECKSUM = 1,  /* a segment failed its checksum */
	BC_EVENT_QUARANTINE,    /* a writer dropped a bad segment */
	BC_EVENT_REOPEN,        /* opened anew after fork() */
	BC_EVENT_TAKEOVER,      /* the last writer died holding the lock */
	BC_EVENT_ROLLBACK,      /* an arena is older than the catalogue knows */
	BC_EVENT_DISCARD,       /* a scratch cache was begun afresh */
	BC_EVENT_GUARDED,       /* reading without LMDB's reader table */
	BC_EVENT_SYNC           /* a sync failed; what it covered was dropped */
};

/*
 * Called with one line of text and no lock of the library held that another
 * reader needs; it must not call back into barcache.  Any thread may call it.
 */
typedef void bc_log(void *context, enum bc_event event, const char *text);

/*
 * Memory for handles and slow paths.  'alloc' returns memory aligned for any
 * type, or NULL; 'release' takes what 'alloc' gave.  Both may be called from
 * any thread that uses the cache.  NULL functions mean malloc and free.
 */
struct bc_allocator {
	void *(*alloc)(void *context, size_t bytes);
	void (*release)(void *context, void *memory);
	void *context;
};

/*
 * What goes first once a budget is used up.  Of equals, what was put first.
 * Values are stored and never change.
 *
 * All but s3fifo and adaptive rank the entries.  Where there are more than 256,
 * a put ranks those only that it comes by: about sixteen for each that goes, in
 * rounds over all, so that it takes no longer the more there are; what goes is
 * then of the lowest rather than the lowest itself.  bc_compact() ranks all.
 * The limit of the number of entries goes by lru with s3fifo and adaptive.
 */
enum bc_policy {
	BC_POLICY_DEFAULT = 0, /* adaptive */
	BC_POLICY_LRU = 1,     /* what was not accessed for longest */
	BC_POLICY_SIZE = 2,    /* the largest */
	BC_POLICY_HYBRID = 3,  /* the largest of the half that was not accessed
	                          for longest; then of half of the rest */
	BC_POLICY_SCORE = 4,   /* the least accesses / (seconds since the last
	                          + 1); where all are ranked a tenth of them */
	BC_POLICY_S3FIFO = 5,  /* what was put first and not accessed since; a
	                          tenth of the budget is for newcomers */
	BC_POLICY_GDSF = 6,    /* the least accesses x cost of fetching / bytes
	                          / (seconds since the last + 1) */
	BC_POLICY_ADAPTIVE = 7 /* as s3fifo, but a loop over more than the
	                          budget does not flush what is kept */
};

/* "default", "lru", "size", "hybrid", ...; static, never NULL. */
BC_API const char *bc_policy_name(enum bc_policy policy);

/* The policy of a name as above.  Returns BC_OK, BC_INVALID for another. */
BC_API BC_CHECKED enum bc_status
bc_policy_parse(const char *name, enum bc_policy *out);

/*
 * How to open.  Begin with BC_OPTIONS_INIT; zero means the default everywhere.
 * The settings marked (stored) are written to a new cache; for a cache that
 * exists they are ignored: bc_config_set() changes them.
 */
struct bc_options {
	size_t struct_size;       /* set by BC_OPTIONS_INIT */
	unsigned flags;           /* enum bc_open_flags */
	enum bc_checking checking;
	enum bc_durability durability; /* (stored) default BC_RELAXED */
	uint64_t warm_bytes;      /* (stored) budget, default 1 GiB */
	uint64_t cold_bytes;      /* (stored) budget, default 10 GiB */
	uint64_t value_max_bytes; /* (stored) default 1 GiB, the most */
	uint64_t entries_max;     /* (stored) default 2^40 */
	uint32_t sync_interval_ms;/* (stored) relaxed mode, default 10,000 */
	uint32_t lock_timeout_ms; /* wait for another writer, default 10,000 */
	bc_log *log;              /* NULL: no log */
	void *log_context;
	struct bc_allocator allocator;
	const char *name;         /* this process in `stats`; default comm */
	const char *backtest;     /* what is hit and put through this handle is
	                             linked with it: see bc_link() */
	uint32_t link_interval_ms;/* how long links of hits may stay in memory,
	                             default 10,000 */
	enum bc_policy policy;    /* (stored) of eviction */
	unsigned low_percent;     /* (stored) see struct bc_config */
	uint64_t hot_bytes;       /* of decoded segments that this process
	                             keeps of this cache; default 256 MiB.
	                             Threads and handles share them; the
	                             handle opened last says how many */
	uint32_t group_id;        /* of a cache made with BC_OPEN_GROUP;
	                             default: the group of its directory */
	const char *trace;        /* file that what is read and put through
	                             this handle is appended to; NULL: what
	                             the environment variable BARCACHE_TRACE
	                             says, if anything: see barcache(1) */
};
#define BC_OPTIONS_INIT BC_SIZE_FIRST(struct bc_options)

/*
 * Open the cache in directory 'path'; with BC_OPEN_CREATE make it (the last
 * component of the path too, mode 0700) if it is not there.  'options' may be
 * NULL.  On failure *out is NULL and nothing half-made is left that a later
 * open would trip over.
 *
 * Whoever can write the files can crash and deceive who reads them; so they are
 * written by their owner alone, mode 0600.  BC_OPEN_GROUP makes a cache for a
 * group instead, 2770 and 0660, and opens one that another member of the group
 * owns: only where every member is trusted as the owner is.
 *
 * Returns BC_OK; BC_ABSENT if there is no cache and creating was not asked
 * for; BC_FORMAT if the directory holds something else, a newer format, or
 * the LMDB library is 1.0 or later; BC_UNSAFE if the directory or a file is a
 * symbolic link or reached over one of another user, belongs neither to the
 * caller nor to root, is writable by others, or lies on a network file system
 * without BC_OPEN_NETWORK; BC_DENIED; BC_BUSY if another process kept the
 * lock past lock_timeout_ms while creating, opening or closing; BC_NOSPACE;
 * BC_NOMEM; BC_IO; BC_INVALID if an option is out of range, or 'trace' holds
 * something else.
 */
BC_API BC_CHECKED enum bc_status
bc_open(const char *path, const struct bc_options *options,
        struct bc_cache **out, struct bc_error *err);

/*
 * Close a handle; NULL is allowed.  In relaxed mode what this process put is
 * synced.  Views live on until released; snapshots, streams, windows, batches
 * and bound handles of this cache are closed before.
 */
BC_API void bc_close(struct bc_cache *cache);

/*
 * Sync everything committed so far, whatever the durability; in scratch mode
 * too.  Returns BC_OK, BC_READONLY, BC_BUSY, BC_IO or BC_NOSPACE.  After a
 * failure the affected entries have been dropped: see BC_EVENT_SYNC.
 */
BC_API BC_CHECKED enum bc_status
bc_sync(struct bc_cache *cache, struct bc_error *err);

/* ------------------------------------------------------------------------ */
/*  Keys                                                                    */
/* ------------------------------------------------------------------------ */

/*
 * A key is 1 to BC_KEY_MAX bytes of UTF-8 without control characters (below
 * 0x20 and 0x7F).  Three forms are usual and may be mixed in one cache: a
 * request key, a series key, free text.  Keys never become file names.
 */
#define BC_KEY_MAX 400

/* A request key is 16 lower-case hexadecimal digits. */
#define BC_REQUEST_KEY_BYTES 17 /* with the final NUL */

/*
 * A request as RustyBT words it.  Nothing is normalised: case, dates and
 * symbols count as they are; the order of symbols does not, duplicates do.
 */
struct bc_request {
	const char *const *symbols;
	size_t symbol_count;
	const char *start;
	const char *end;
	const char *resolution;
	const char *source;
};

/*
 * The request key: the first 16 hexadecimal digits of SHA-256 over the
 * canonical JSON text that RustyBT hashes.  Returns BC_OK, BC_KEY if a string
 * is not valid UTF-8, BC_INVALID if one is NULL, BC_NOMEM.
 */
BC_API BC_CHECKED enum bc_status
bc_key_request(const struct bc_request *request, char key[BC_REQUEST_KEY_BYTES],
               struct bc_error *err);

/*
 * One instrument at one timeframe.  'variant' tells apart what must not mix
 * (mark or index prices, an adjustment epoch); NULL or "" for none.
 */
struct bc_series {
	const char *source;    /* "binance" */
	const char *market;    /* "spot" */
	const char *symbol;    /* "BTC/USDT:USDT", any UTF-8 */
	const char *timeframe; /* "1m", "1M" is a month */
	const char *variant;   /* "mark", "adj3" */
};

/*
 * Write the series key source/market/symbol/timeframe[@variant] to 'key'.
 * Within a part, '%', '/', '@' and control characters are written as %XX, so
 * two different series never share a key.  The timeframe is stored in its
 * canonical spelling ("60min" becomes "1h").  Returns BC_OK, BC_KEY if a part
 * is empty, not UTF-8, or the key longer than BC_KEY_MAX, BC_INVALID if the
 * timeframe is not one.
 */
BC_API BC_CHECKED enum bc_status
bc_key_series(const struct bc_series *series, char key[BC_KEY_MAX + 1],
              struct bc_error *err);

/*
 * The reverse: take a series key apart into 'text' (its memory) and point
 * 'series' at the parts; 'variant' is "" where there is none.  Returns BC_OK,
 * or BC_KEY if 'key' is no series key in the spelling of bc_key_series().
 */
BC_API BC_CHECKED enum bc_status
bc_key_parse(const char *key, char text[BC_KEY_MAX + 8],
             struct bc_series *series, struct bc_error *err);

/* ------------------------------------------------------------------------ */
/*  Columns and schemas                                                     */
/* ------------------------------------------------------------------------ */

enum bc_type {
	BC_I64 = 1,
	BC_F64 = 2,
	BC_I32 = 3,
	BC_F32 = 4,
	BC_U8 = 5,
	BC_TEXT = 6 /* uint32 codes into a dictionary of strings */
};

/* Bytes of one element; 0 for a value that is no type. */
BC_API size_t bc_type_bytes(enum bc_type type);

/* "i64", "f64", "i32", "f32", "u8", "text"; "?" for no type. */
BC_API const char *bc_type_name(enum bc_type type);

#define BC_COLUMNS_MAX 512     /* columns of one frame, time included */
#define BC_COLUMN_NAME_MAX 63  /* bytes of a column's name */

/* The name that marks the time column; it is i64 and always column 0. */
#define BC_TIME "time"

/*
 * Names and types of the columns of an entry.  Interned: read-only, shared by
 * all views of the same shape.  Lifetime: as long as any view of it, or the
 * cache.
 */
struct bc_schema {
	uint32_t column_count;
	uint32_t has_time; /* 1 if column 0 is the time column */
	uint64_t row_bytes; /* of one row, all columns together */
	const struct bc_schema_column *columns;
	uint32_t wide;      /* private: columns of 8, 4 and 1 bytes that are */
	uint32_t medium;    /* stored, of which 'columns' may be a part */
	uint32_t narrow;
};

struct bc_schema_column {
	const char *name;
	enum bc_type type;
	uint32_t bytes;   /* of one element */
	uint32_t wide;    /* private: columns of 8, 4 and 1 bytes before */
	uint32_t medium;
	uint32_t narrow;
	uint32_t texts;   /* private: columns of text before */
};

/* Index of the column 'name', or -1. */
BC_API int bc_schema_find(const struct bc_schema *schema, const char *name);

/* ------------------------------------------------------------------------ */
/*  Views: what a read returns                                              */
/* ------------------------------------------------------------------------ */

enum bc_kind { BC_FRAME = 1, BC_BLOB = 2, BC_ARRAYS = 3, BC_SERIES = 4 };

/* Where the bytes of a view came from. */
enum bc_tier { BC_TIER_NONE = 0, BC_HOT, BC_WARM, BC_COLD, BC_TIERS };

/*
 * A value as it lies in the shared page cache.
 *
 * Columns have 'rows' elements, are contiguous, little-endian, aligned to 64
 * bytes (of a part of an entry: to the size of an element), and read-only:
 * writing through them is a crash, not corruption.
 * Times are strictly ascending.
 *
 * Threads: any number may read one view; a view may be copied and moved to
 * another thread; exactly one copy is released.
 * Lifetime: until bc_view_release(), whatever happens to the entry, even
 * after bc_close().  A view costs nothing but the mapping it keeps.
 */
struct bc_view {
	enum bc_kind kind;
	enum bc_tier tier;
	enum bc_miss miss;     /* why, after BC_MISS; else BC_MISS_NONE */
	uint32_t open_rows;    /* 1: the last row is a bar that had not ended */
	uint64_t copied_bytes; /* bytes that had to be copied, 0 if mapped */
	uint64_t rows;         /* elements of each column; 0 for a blob */
	int64_t first_ns;      /* time of the first and of the last row; */
	int64_t last_ns;       /* 0 and 0 if there is no time column */
	const struct bc_schema *schema; /* NULL for a blob */
	const void *data;      /* a blob's bytes; else private */
	uint64_t bytes;        /* payload: of the blob, or of all columns */
	uint64_t revision;     /* of the entry: grows with every put */
	/* private */
	uint64_t layout_rows, first_row, body_bytes;
	void *pin, *pin_count;
};

/*
 * The elements of column 'index' (0 is the time of a frame), as an array of
 * the column's type; of uint32 codes for BC_TEXT.  NULL if there is no such
 * column.  Costs a few multiplications.
 */
BC_API const void *bc_view_column(const struct bc_view *view, uint32_t index);

/* The column called 'name' if it has exactly that type, else NULL. */
BC_API const void *bc_view_find(const struct bc_view *view, const char *name,
                                enum bc_type type);

/* Shorthands: the time column, and a column of doubles by name; or NULL. */
BC_API const int64_t *bc_view_time(const struct bc_view *view);
BC_API const double *bc_view_f64(const struct bc_view *view, const char *name);

/*
 * Text of 'code' in the text column 'index': 'bytes' of UTF-8, not
 * terminated, valid as long as the view.  NULL if the column is not text, the
 * code is not in its dictionary, or the stored dictionary is damaged.
 */
BC_API const char *bc_view_text(const struct bc_view *view, uint32_t index,
                                uint32_t code, size_t *bytes);

/* How many strings the dictionary of text column 'index' holds; 0 if none. */
BC_API uint32_t bc_view_text_count(const struct bc_view *view, uint32_t index);

/* Let go of a view and zero it.  NULL and a zeroed view are allowed. */
BC_API void bc_view_release(struct bc_view *view);

/* ------------------------------------------------------------------------ */
/*  Reading                                                                 */
/* ------------------------------------------------------------------------ */

/*
 * Get the entry 'key' as it was last committed by any process; of a series all
 * bars that have ended, whether or not some between them are still unknown.
 * Lock-free: no system call and no allocation once this process has mapped
 * the arena that holds it and the thread has had a hit (values up to about
 * 1 KiB that were put alone are copied out of the catalogue instead, rows of
 * several segments as bc_read() does it).  What was got before is got again
 * without a lookup while nothing is committed; up to 256 KiB of memory are
 * kept for that, in each of 16 places that the threads of a process share.
 * The caller releases the view.
 *
 * Returns BC_OK with *view filled; BC_MISS with *view zeroed but for 'miss';
 * BC_NOMEM, BC_IO or BC_BUSY (guarded lookup only) with *view zeroed.
 */
BC_API BC_CHECKED enum bc_status
bc_get(struct bc_cache *cache, const char *key, struct bc_view *view);

/*
 * Get by request: the key is computed, and the stored request compared, so
 * that a collision of 64-bit keys is a miss (BC_MISS_OTHER_REQUEST) and never
 * another request's bars.  Returns as bc_get(), and BC_KEY or BC_INVALID.
 */
BC_API BC_CHECKED enum bc_status
bc_get_request(struct bc_cache *cache, const struct bc_request *request,
               struct bc_view *view);

/*
 * Get 'count' entries from one consistent point in time.  views[i] is filled
 * or has its 'miss' set.  Returns BC_OK if all were hits, BC_MISS if any was
 * not; on another error every view is zeroed.
 */
BC_API BC_CHECKED enum bc_status
bc_get_many(struct bc_cache *cache, const char *const *keys, size_t count,
            struct bc_view *views);

/*
 * Whether a get of 'key' would be a hit, without touching its bytes, its
 * access time or the counters.  Returns BC_OK, BC_MISS (with *miss set if not
 * NULL), BC_NOMEM, BC_IO, BC_BUSY.
 */
BC_API BC_CHECKED enum bc_status
bc_exists(struct bc_cache *cache, const char *key, enum bc_miss *miss);

/*
 * A handle bound to one key: while nothing in the cache changes, reading
 * through it skips the lookup.  It always serves the newest commit.
 *
 * Threads: one at a time.  Lifetime: closed with bc_unbind() before the cache.
 */
struct bc_bound;

/*
 * Bind to 'key', which need not exist yet.  Returns BC_OK, BC_KEY, BC_NOMEM;
 * *out is NULL on failure.
 */
BC_API BC_CHECKED enum bc_status
bc_bind(struct bc_cache *cache, const char *key, struct bc_bound **out);

/* As bc_get() of the bound key. */
BC_API BC_CHECKED enum bc_status
bc_bound_get(struct bc_bound *bound, struct bc_view *view);

/* Let go of a bound handle; its views live on.  NULL is allowed. */
BC_API void bc_unbind(struct bc_bound *bound);

/*
 * One consistent point in time over the keys it was taken for: it shows every
 * put committed before it was taken and none committed later.  It copies the
 * locators and keeps the arenas mapped; it holds no transaction, so it may
 * live as long as a backtest does and delays nobody.
 *
 * Threads: any number may read from it; one closes it.
 */
struct bc_snapshot;

/*
 * Take a snapshot of 'count' keys.  A key that does not exist is absent from
 * it.  Returns BC_OK, BC_NOMEM, BC_IO, BC_BUSY; *out is NULL on failure.
 */
BC_API BC_CHECKED enum bc_status
bc_snapshot_open(struct bc_cache *cache, const char *const *keys, size_t count,
                 struct bc_snapshot **out, struct bc_error *err);

/*
 * Get key 'index' (in the order given to bc_snapshot_open).  Returns as
 * bc_get(), and BC_INVALID if there is no such index.
 */
BC_API BC_CHECKED enum bc_status
bc_snapshot_get(struct bc_snapshot *snapshot, size_t index,
                struct bc_view *view);

/* Close a snapshot; its views live on.  NULL is allowed. */
BC_API void bc_snapshot_close(struct bc_snapshot *snapshot);

/* ------------------------------------------------------------------------ */
/*  Reading ranges                                                          */
/* ------------------------------------------------------------------------ */

/*
 * These calls read a part of a series or of a frame: the rows of a range, with
 * one contiguous array a column.  Where the rows lie in one segment the view
 * points into it; where they lie in several, the segments' pages are mapped
 * side by side, once for all readers of the process that want the same ones.
 * What cannot be mapped (the newest rows, pieces that do not fill pages) is
 * copied to its place; view->copied_bytes says how much of the rows that is
 * (the strings of text columns do not count).
 *
 * 'columns' names the columns that are wanted, ended by NULL; the time comes
 * first in any case.  Only what is asked for is mapped and verified.  NULL: all
 * columns.  The schema of the view has just these columns, in stored order.
 *
 * The columns of these views are aligned to the size of an element.
 */
enum bc_read_flags {
	BC_READ_PARTIAL = 1,   /* what there is, though not all is known */
	BC_READ_OPEN = 2,      /* with the bar that had not ended, if any */
	BC_READ_ZERO_COPY = 4, /* BC_COPY rather than copy a byte */
	BC_READ_PRIVATE = 8    /* always copy, into memory of the view's own */
};

/*
 * The rows with from_ns <= time < to_ns.  INT64_MIN stands for the first row
 * stored and INT64_MAX for the last, included.  Of a series the whole range
 * must be known, at both ends and inside (see bc_append()), or with
 * BC_READ_PARTIAL need not: by default a backtest is never shorter than was
 * asked for.  Of a frame the range is taken as it is.
 *
 * Returns BC_OK with *view filled, perhaps with no rows (known to be empty);
 * BC_MISS with the reason in view->miss (BC_MISS_NOT_COVERED: bc_missing() says
 * what); BC_INVALID if the entry has no time, a column is not there, a flag is
 * unknown or to_ns < from_ns; BC_COPY; BC_KEY; BC_NOMEM, BC_IO, BC_BUSY.  *view
 * is zeroed but for 'miss' unless BC_OK.
 */
BC_API BC_CHECKED enum bc_status
bc_read(struct bc_cache *cache, const char *key, int64_t from_ns, int64_t to_ns,
        const char *const *columns, unsigned flags, struct bc_view *view);

/*
 * The newest 'rows' rows, or as many as there are.  Of a series what lies
 * between them must be known, or with BC_READ_PARTIAL need not.  Returns as
 * bc_read().
 */
BC_API BC_CHECKED enum bc_status
bc_tail(struct bc_cache *cache, const char *key, uint64_t rows,
        const char *const *columns, unsigned flags, struct bc_view *view);

/*
 * The one row that was the newest at 'time_ns': the last whose time is not
 * after it.  Of a series what lies between that row and 'time_ns', this
 * included, must be known, or with BC_READ_PARTIAL need not.  INT64_MAX, and
 * the moment before it, ask for the newest row.  Returns as bc_read(); BC_OK
 * with no rows if there is none.
 */
BC_API BC_CHECKED enum bc_status
bc_asof(struct bc_cache *cache, const char *key, int64_t time_ns,
        const char *const *columns, unsigned flags, struct bc_view *view);

/*
 * Rows [first, first + count) as counted from the oldest; what lies beyond the
 * newest is left out.  Of a series what lies between them must be known, or
 * with BC_READ_PARTIAL need not.  Linear in the segments of a series that come
 * before.  Returns as bc_read().
 */
BC_API BC_CHECKED enum bc_status
bc_read_rows(struct bc_cache *cache, const char *key, uint64_t first,
             uint64_t count, const char *const *columns, unsigned flags,
             struct bc_view *view);

/*
 * Rows [first, first + count) of a view, as another view of the same memory.
 * 'out' is released too, before or after 'view'.  Returns BC_OK, or BC_INVALID
 * if the view has not that many rows.
 */
BC_API BC_CHECKED enum bc_status
bc_view_slice(const struct bc_view *view, uint64_t first, uint64_t count,
              struct bc_view *out);

/*
 * The rows of a multi-symbol view in which text column 'column' is 'text'.
 * Where these are neighbours (rows sorted by symbol) *out is a slice, without a
 * copy; else it is a copy of them, in their order.  No such rows: BC_OK and no
 * rows.  Returns BC_OK, BC_INVALID if there is no such text column, BC_NOMEM.
 */
BC_API BC_CHECKED enum bc_status
bc_view_select(const struct bc_view *view, const char *column, const char *text,
               struct bc_view *out);

/*
 * A range, block by block, in constant memory however long it is: for series
 * larger than memory.  It shows one point in time throughout.
 *
 * Threads: one at a time.
 */
struct bc_stream;

/*
 * Begin at the first row of [from_ns, to_ns), as bc_read() takes them.  Blocks
 * have 'block_rows' rows (1 to 2^24; 0: 65,536), the last one fewer.  Returns
 * as bc_read(), with the reason of a miss in *miss (may be NULL); *out is NULL
 * on failure.
 */
BC_API BC_CHECKED enum bc_status
bc_stream_open(struct bc_cache *cache, const char *key, int64_t from_ns,
               int64_t to_ns, const char *const *columns, unsigned flags,
               uint64_t block_rows, struct bc_stream **out, enum bc_miss *miss,
               struct bc_error *err);

/*
 * The next block.  *view is valid until the next call and is not released; at
 * the end it has no rows.  The kernel is asked to read on meanwhile.  Returns
 * BC_OK; BC_MISS if stored bytes are damaged; BC_COPY; BC_NOMEM, BC_IO.
 */
BC_API BC_CHECKED enum bc_status
bc_stream_next(struct bc_stream *stream, struct bc_view *view);

/* NULL is allowed. */
BC_API void bc_stream_close(struct bc_stream *stream);

/*
 * A window that moves over a range bar by bar, as a backtest does: for each row
 * of the range a view of it and of the rows before.  It shows one point in time
 * throughout.
 *
 * Threads: one at a time.
 */
struct bc_window;

/*
 * Make a window of 'rows' rows (1 to 2^24) over [from_ns, to_ns); rows before
 * from_ns fill it where there are some.  'ahead' rows are kept ready beyond it,
 * so that most moves cost a few additions; 0: 65,536.  Returns as
 * bc_stream_open().
 */
BC_API BC_CHECKED enum bc_status
bc_window_open(struct bc_cache *cache, const char *key, int64_t from_ns,
               int64_t to_ns, const char *const *columns, unsigned flags,
               uint64_t rows, uint64_t ahead, struct bc_window **out,
               enum bc_miss *miss, struct bc_error *err);

/*
 * Move to the next row of the range.  The last row of *view is that row; it has
 * as many before it as the window holds, or as there are.  Valid until the next
 * call, not released; no rows at the end.  Returns as bc_stream_next().
 */
BC_API BC_CHECKED enum bc_status
bc_window_next(struct bc_window *window, struct bc_view *view);

/*
 * Move so that bc_window_next() comes to the first row that is not before
 * 'time_ns', forwards or backwards.  Returns as bc_stream_next().
 */
BC_API BC_CHECKED enum bc_status
bc_window_seek(struct bc_window *window, int64_t time_ns);

/* NULL is allowed. */
BC_API void bc_window_close(struct bc_window *window);

/* ------------------------------------------------------------------------ */
/*  Writing                                                                 */
/* ------------------------------------------------------------------------ */

/*
 * A column to put.  'data' has as many elements as the frame has rows and is
 * borrowed until the put, or the commit of its batch, returns.  For BC_TEXT
 * it holds uint32 codes below 'dictionary_count', and 'dictionary' the
 * strings (UTF-8, at most 65,535 bytes each).
 */
struct bc_column {
	const char *name; /* 1 to BC_COLUMN_NAME_MAX bytes, unique, no '"' */
	enum bc_type type;
	const void *data;
	const char *const *dictionary;
	uint32_t dictionary_count;
};

/*
 * A frame to put: columns of equal length.  If 'time_ns' is not NULL it
 * becomes column 0, "time"; if it is NULL the value is arrays without time.
 */
struct bc_frame {
	uint64_t rows; /* may be 0 */
	const int64_t *time_ns;
	const struct bc_column *columns;
	uint32_t column_count;
};

enum bc_put_flags {
	BC_PUT_NEW = 1,     /* refuse to replace: BC_EXISTS */
	BC_PUT_SUSPECT = 2, /* keep impossible bars and count them */
	BC_PUT_BEST_EFFORT = 4 /* where there is no room or no turn for it, do
	                          without: see bc_put() */
};

/* Words for a time to live, beside a positive number of ns. */
#define BC_TTL_DEFAULT INT64_C(0) /* by the rules of the cache */
#define BC_TTL_NEVER INT64_MAX    /* it does not expire */
#define BC_TTL_NONE INT64_MIN     /* what is open of a series: stale at once */

/*
 * Where a value goes when it is put.  Warm ones are read in place; cold ones
 * are packed to a fraction and decoded when they are read (see "The cold
 * tier").  What packing would not make smaller by a tenth is stored as it is,
 * also in the cold tier.
 */
enum bc_placement {
	BC_PLACE_AUTO = 0, /* warm; it goes cold when its room is needed */
	BC_PLACE_WARM = 1,
	BC_PLACE_COLD = 2
};

/* Begin with BC_PUT_OPTIONS_INIT; zero means the default everywhere. */
struct bc_put_options {
	size_t struct_size;
	unsigned flags;      /* enum bc_put_flags */
	int64_t ttl_ns;      /* time to live from now, or BC_TTL_... */
	uint64_t dataset_id; /* opaque to barcache; info returns it */
	uint64_t cost_ns;    /* what fetching it cost; used by eviction */
	const struct bc_request *request; /* stored, compared on a hit */
	const char *const *tags; /* ended by NULL, in place of those that it
	                            has; NULL: as it was */
	const char *backtest;    /* to link it with; NULL: the handle's */
	enum bc_placement placement;
};
#define BC_PUT_OPTIONS_INIT BC_SIZE_FIRST(struct bc_put_options)

/* What became of rows; the same words wherever rows are counted. */
struct bc_counts {
	uint64_t inserted;
	uint64_t updated;
	uint64_t identical;
	uint64_t conflicting;
	uint64_t suspect;  /* kept although impossible; also in the others */
	uint64_t rejected;
};

/*
 * Insert or replace 'key' by a frame; bc_append() adds to what is there.
 * Atomic: a reader sees the old value or the new one; views of the old value
 * keep its bytes.  Not cached is never half cached: on failure the cache is as
 * before.
 *
 * Checked before anything is written: times strictly ascending (BC_ORDER with
 * the row; always refused); and where columns are called open, high, low and
 * close and are f64 or f32: finite, low <= open, close <= high (BC_BARS with
 * the row, or counted as suspect with BC_PUT_SUSPECT).  Volume may be NaN.
 *
 * 'key' may be NULL if options->request is given: then it is the request key.
 * 'counts' and 'options' may be NULL.  'counts' is filled by the commit.
 *
 * With BC_PUT_BEST_EFFORT a put that fails with BC_NOSPACE, BC_FULL,
 * BC_ENTRIES, BC_TOO_LARGE or BC_BUSY returns BC_OK, and nothing is cached: the
 * data are in hand, and the next read misses.  err->status is then that status,
 * with its message, and BC_OK if it was cached; bc_stats() counts not_cached.
 * A batch is let go as a whole, if all that it puts or appends says so and it
 * removes nothing.
 *
 * Returns BC_OK; BC_KEY; BC_INVALID (column name or type, text code, request);
 * BC_ORDER; BC_BARS; BC_EXISTS; BC_TOO_LARGE (above value_max_bytes or a
 * quarter of the budget of its tier); BC_ENTRIES (or 262,144 shapes of frames);
 * BC_FULL; BC_NOSPACE; BC_BUSY; BC_READONLY; BC_NOMEM; BC_IO.
 */
BC_API BC_CHECKED enum bc_status
bc_put(struct bc_cache *cache, const char *key, const struct bc_frame *frame,
       const struct bc_put_options *options, struct bc_counts *counts,
       struct bc_error *err);

/* The same for 'bytes' bytes at 'data' (NULL only if 'bytes' is 0). */
BC_API BC_CHECKED enum bc_status
bc_put_blob(struct bc_cache *cache, const char *key, const void *data,
            uint64_t bytes, const struct bc_put_options *options,
            struct bc_error *err);

/*
 * Remove what has expired.  It is a miss already; this gives its room back, a
 * few hundred entries a commit, so that other writers get their turn.  Commits
 * do the same for a few entries now and then: see expire_interval_ms in struct
 * bc_config.  *removed (may be NULL) gets how many entries were removed.
 *
 * While the wall clock is in doubt nothing is: for a minute after it was set by
 * more than a minute, and for the first minute after a boot.
 *
 * Returns BC_OK, BC_BUSY, BC_READONLY, BC_NOSPACE, BC_NOMEM, BC_IO.
 */
BC_API BC_CHECKED enum bc_status
bc_expire(struct bc_cache *cache, uint64_t *removed, struct bc_error *err);

/* Begin with BC_TOUCH_OPTIONS_INIT; zero means the default everywhere. */
struct bc_touch_options {
	size_t struct_size;
	int64_t ttl_ns;     /* from now on, as in bc_put_options, or
	                       bc_append_options; 0: as it was put */
	int64_t refresh_ns; /* of a series, as in bc_append_options */
};
#define BC_TOUCH_OPTIONS_INIT BC_SIZE_FIRST(struct bc_touch_options)

/*
 * Give 'key' another time to live, from now on, without storing it anew: of a
 * series what is open of it, if anything is.  Counts as an access.  'options'
 * may be NULL.
 *
 * Returns BC_OK; BC_MISS if there is no such entry, or it has expired; BC_KEY;
 * BC_INVALID (a negative time to live; BC_TTL_NONE or 'refresh_ns' for what is
 * no series); BC_BUSY, BC_READONLY, BC_NOSPACE, BC_NOMEM, BC_IO.
 */
BC_API BC_CHECKED enum bc_status
bc_touch(struct bc_cache *cache, const char *key,
         const struct bc_touch_options *options, struct bc_error *err);

/*
 * Remove 'key', its labels, and what bc_read_derived() has kept of it.  What
 * bc_remove() acknowledged never comes back.  Pinned entries go, too.  Returns
 * BC_OK; BC_MISS if there is no such key (that it was evicted, and the labels
 * that it had, are forgotten); BC_KEY, BC_BUSY, BC_READONLY, BC_NOSPACE,
 * BC_NOMEM, BC_IO.
 */
BC_API BC_CHECKED enum bc_status
bc_remove(struct bc_cache *cache, const char *key, struct bc_error *err);

/*
 * Many puts and removals in one atomic commit.  A batch holds no lock until
 * bc_batch_commit(); the column data it was given is borrowed until then.
 *
 * Threads: one at a time.
 */
struct bc_batch;

BC_API BC_CHECKED enum bc_status
bc_batch_begin(struct bc_cache *cache, struct bc_batch **out,
               struct bc_error *err);

/*
 * Add to the batch; a later operation on a key wins.  Values are checked
 * here, limits and the budget at commit, which also fills 'counts' (borrowed
 * until then).  Return as bc_put() and bc_remove(), except that removing an
 * absent key is no error.
 */
BC_API BC_CHECKED enum bc_status
bc_batch_put(struct bc_batch *batch, const char *key,
             const struct bc_frame *frame, const struct bc_put_options *options,
             struct bc_counts *counts, struct bc_error *err);
BC_API BC_CHECKED enum bc_status
bc_batch_put_blob(struct bc_batch *batch, const char *key, const void *data,
                  uint64_t bytes, const struct bc_put_options *options,
                  struct bc_error *err);
BC_API BC_CHECKED enum bc_status
bc_batch_remove(struct bc_batch *batch, const char *key, struct bc_error *err);

/*
 * Commit everything or nothing, and free the batch: *batch is NULL afterwards
 * whatever is returned.  Returns as bc_put().
 */
BC_API BC_CHECKED enum bc_status
bc_batch_commit(struct bc_batch **batch, struct bc_error *err);

/* Forget the batch and free it.  NULL is allowed. */
BC_API void bc_batch_abort(struct bc_batch *batch);

/* ------------------------------------------------------------------------ */
/*  The cold tier                                                           */
/* ------------------------------------------------------------------------ */

/*
 * Cold values take a fraction of their bytes: each column is packed by what it
 * holds (prices and volumes as the decimals that they are, floats, counters,
 * times by their steps; text, flags and blobs by LZ4), without loss of a bit,
 * and verified before the raw bytes are given up.  They read as warm ones do,
 * through every call; view->tier says where the bytes came from:
 *
 * - BC_COLD: they were decoded for this read, to memory that views and the
 *   process share (bc_options.hot_bytes), or, where few rows of a large value
 *   are asked for, only the blocks of 1,024 rows that hold them;
 * - BC_HOT: they were found there, decoded by an earlier read;
 * - BC_WARM: they are read in place.  A value that is decoded for a second
 *   time, by whatever process, becomes warm: then all processes read the same
 *   bytes, and none has a copy of its own.
 *
 * view->copied_bytes counts decoded bytes; BC_READ_ZERO_COPY refuses them.
 */

/* What bc_place() did. */
struct bc_place_report {
	uint64_t segments; /* that were moved */
	uint64_t bytes;    /* that these had taken, at their old place */
	uint64_t left;     /* not moved: packing does not pay, or damaged */
};

/*
 * Move all of 'key' to a tier: BC_PLACE_COLD or BC_PLACE_WARM.  Its values, its
 * revision and its counts of accesses stay; readers notice nothing.  A series
 * goes in steps, so that other writers get their turn.  'report' may be NULL;
 * it also says what was done before a failure.
 *
 * Returns BC_OK, also if there was nothing to move; BC_MISS if there is no such
 * entry; BC_KEY; BC_INVALID (no such tier); BC_TOO_LARGE (a segment takes more
 * than a quarter of the budget of the tier); BC_FULL; BC_NOSPACE; BC_BUSY;
 * BC_READONLY; BC_NOMEM; BC_IO.
 */
BC_API BC_CHECKED enum bc_status
bc_place(struct bc_cache *cache, const char *key, enum bc_placement placement,
         struct bc_place_report *report, struct bc_error *err);

/* ------------------------------------------------------------------------ */
/*  Series: growing, and what is known of them                              */
/* ------------------------------------------------------------------------ */

/* What holds where a stored bar and a new one of its time differ. */
enum bc_merge {
	BC_MERGE_LAST = 0, /* the new one: what is fetched again is truer */
	BC_MERGE_FIRST,    /* the stored one */
	BC_MERGE_ERROR,    /* neither: BC_EXISTS, nothing is changed */
	BC_MERGE_VOLUME    /* that of higher volume, else the new one */
};

enum bc_append_flags {
	BC_APPEND_SUSPECT = 2, /* as BC_PUT_SUSPECT */
	BC_APPEND_OPEN = 4,    /* the last row is a bar that has not ended */
	BC_APPEND_BEST_EFFORT = 8 /* as BC_PUT_BEST_EFFORT */
};

/* Begin with BC_APPEND_OPTIONS_INIT; zero means the default everywhere. */
struct bc_append_options {
	size_t struct_size;
	unsigned flags; /* enum bc_append_flags */
	enum bc_merge merge;
	/*
	 * The range that was fetched, half-open; all rows lie in it.  It is
	 * known from then on: where it has no rows, there are none.  0 and 0:
	 * from the first row to the end of the last, which the timeframe of
	 * the key says, or else the shortest step between the rows.
	 */
	int64_t from_ns, to_ns;
	uint64_t dataset_id; /* as in bc_put_options; 0: as it was */
	uint64_t cost_ns;
	const char *const *tags; /* as in bc_put_options */
	const char *backtest;
	enum bc_placement placement; /* of segments that this call writes */
	/*
	 * With BC_APPEND_OPEN: until when what had not ended need not be
	 * fetched again, see bc_missing().  'refresh_ns' is that moment, as a
	 * calendar of the market says it; 0: now and 'ttl_ns'.
	 * BC_TTL_DEFAULT: as the first rule that fits says, or a day for bars
	 * of a day, 300 s for those of 1 and 5 minutes, an hour for all other.
	 */
	int64_t ttl_ns; /* or BC_TTL_NEVER, BC_TTL_NONE */
	int64_t refresh_ns;
};
#define BC_APPEND_OPTIONS_INIT BC_SIZE_FIRST(struct bc_append_options)

/*
 * Merge rows into the series 'key', which is made if it is not there; a frame
 * of that key becomes a series.  The rows may lie behind, before, between or
 * over those stored.  Atomic as bc_put() is, and it checks what that checks.
 *
 * By time: new rows are 'inserted'; equal ones (in every bit) 'identical', and
 * if all are nothing is written; different ones 'updated' or 'conflicting', as
 * options->merge says.  A bar that had ended is never replaced by one that had
 * not ('conflicting'), one that had not always by what comes next ('updated').
 * A bar that has not ended is 'rejected' if a later one is stored.
 *
 * With 'frame' NULL or without rows, the range of the options is recorded as
 * known to be empty.  Columns are those of the first rows, in any order.
 * 'counts' and 'options' may be NULL.
 *
 * Returns BC_OK; BC_KEY; BC_INVALID (columns that differ from the stored ones,
 * a key that holds a blob or arrays, a frame without time, a range that does
 * not hold the rows, or none); BC_ORDER, BC_BARS or BC_EXISTS with the row;
 * BC_TOO_LARGE (a segment of it above a quarter of the warm budget);
 * BC_ENTRIES, BC_FULL, BC_NOSPACE, BC_BUSY, BC_READONLY, BC_CORRUPT (stored
 * rows that are needed are damaged: the next writer drops them), BC_NOMEM,
 * BC_IO.
 */
BC_API BC_CHECKED enum bc_status
bc_append(struct bc_cache *cache, const char *key, const struct bc_frame *frame,
          const struct bc_append_options *options, struct bc_counts *counts,
          struct bc_error *err);

/*
 * The same in a batch; see bc_batch_put().  Several appends to one key apply in
 * order, behind a put of that key, if the batch has one before them.
 */
BC_API BC_CHECKED enum bc_status
bc_batch_append(struct bc_batch *batch, const char *key,
                const struct bc_frame *frame,
                const struct bc_append_options *options,
                struct bc_counts *counts, struct bc_error *err);

/*
 * Drop what is stored and known of [from_ns, to_ns), INT64_MIN and INT64_MAX
 * standing for the ends.  The series stays, perhaps without rows.  *rows (may
 * be NULL) gets the number of rows dropped.  Returns BC_OK, BC_MISS if there is
 * no such entry, and otherwise as bc_append().
 */
BC_API BC_CHECKED enum bc_status
bc_remove_range(struct bc_cache *cache, const char *key, int64_t from_ns,
                int64_t to_ns, uint64_t *rows, struct bc_error *err);

/*
 * What is known of a stretch of time.  Where two fetches disagree, the kind
 * that comes first here holds.
 */
enum bc_known {
	BC_KNOWN_NOTHING = 0,
	BC_KNOWN_BARS = 1,  /* fetched and final: its bars are stored */
	BC_KNOWN_EMPTY = 2, /* fetched and final: there are no bars */
	BC_KNOWN_OPEN = 4   /* fetched, but it had not ended: may yet change */
};

/* [from_ns, to_ns), never empty. */
struct bc_interval {
	int64_t from_ns, to_ns;
	enum bc_known known;
};

/*
 * Copy what is known of 'key' to 'out' (room for 'capacity'), in ascending
 * order; *count is how many intervals there are, which may be more.  Returns
 * BC_OK, BC_MISS if there is no such series, BC_CORRUPT, BC_NOMEM, BC_IO,
 * BC_BUSY.
 */
BC_API BC_CHECKED enum bc_status
bc_coverage(struct bc_cache *cache, const char *key, struct bc_interval *out,
            size_t capacity, size_t *count, struct bc_error *err);

/* A stretch of [from_ns, to_ns) of keys[key] that is still to be fetched. */
struct bc_gap {
	size_t key;
	int64_t from_ns, to_ns;
};

enum bc_missing_flags {
	BC_MISSING_SETTLED = 1 /* what had not ended when fetched is not asked
	                          for again */
};

/*
 * Exactly what is still to be fetched of [from_ns, to_ns) for each of 'count'
 * keys: whatever is not known, and what had not ended when it was fetched and
 * is not fresh any more.  It is fresh until the moment that bc_append() was
 * given or reckoned, and never if the range reaches beyond it: who has to ask
 * for what comes next asks for both.  What is final is always fresh.
 *
 * Of a key that does not exist, has expired or holds no bars all of it; of a
 * frame nothing from its first row to the end of its last, as bc_append()
 * reckons it.  Rows that were found damaged are missing.  A handle that
 * bypasses or refreshes misses everything.  INT64_MIN and INT64_MAX are ends as
 * any other.
 *
 * Gaps are ordered by key and time; *found is how many there are, which may be
 * more than 'capacity'.  All keys are seen at one point in time.  Returns
 * BC_OK; BC_INVALID if to_ns < from_ns or a flag is unknown; BC_CORRUPT if what
 * is known of a key cannot be read; BC_NOMEM, BC_IO, BC_BUSY.
 */
BC_API BC_CHECKED enum bc_status
bc_missing(struct bc_cache *cache, const char *const *keys, size_t count,
           int64_t from_ns, int64_t to_ns, unsigned flags, struct bc_gap *gaps,
           size_t capacity, size_t *found, struct bc_error *err);

/* How far bc_compact() is. */
struct bc_compact_progress {
	const char *step;  /* "expire", "evict", "drop", "merge", "clean",
	                      "tidy": their order */
	uint64_t done;     /* entries or arenas looked at in this step */
	uint64_t elapsed_ns;
	uint64_t used_bytes; /* of the arenas, now */
};

/* Called after each commit; anything but 0 ends the work, which is no error. */
typedef int bc_compact_function(void *context,
                                const struct bc_compact_progress *progress);

/* What bc_compact() is to do.  Begin with BC_COMPACT_OPTIONS_INIT. */
struct bc_compact_options {
	size_t struct_size;
	const char *prefix;  /* only merge keys that begin so, and do nothing
	                        else; NULL: do everything */
	unsigned flags;      /* enum bc_compact_flags */
	enum bc_policy policy; /* who is evicted; default: that of the cache */
	uint64_t target_bytes; /* of live values that may stay warm, with
	                          BC_COMPACT_TARGET; else what low_percent of
	                          the budget is */
	uint64_t cold_target_bytes; /* the same of the cold tier, with
	                               BC_COMPACT_COLD_TARGET */
	int64_t max_ns;      /* begin no step later than this; 0: no limit */
	bc_compact_function *progress; /* NULL: none */
	void *context;
};
#define BC_COMPACT_OPTIONS_INIT BC_SIZE_FIRST(struct bc_compact_options)

enum bc_compact_flags {
	BC_COMPACT_DRY_RUN = 1, /* only say what would be done */
	BC_COMPACT_TARGET = 2,  /* target_bytes counts, 0 too */
	BC_COMPACT_COLD_TARGET = 4 /* and so does cold_target_bytes */
};

struct bc_compact_report {
	uint64_t entries;         /* looked at */
	uint64_t merged;          /* of them with segments merged */
	uint64_t segments_before; /* of those merged */
	uint64_t segments_after;
	uint64_t bytes_written;   /* by merging */
	uint64_t expired;         /* entries removed: their time was up, */
	uint64_t dropped;         /* or what they were made of is gone */
	uint64_t evicted;         /* segments that are gone, of either tier */
	uint64_t evicted_bytes;
	uint64_t demoted;         /* segments packed into the cold tier */
	uint64_t demoted_bytes;   /* that they took in the warm one */
	uint64_t moved;           /* segments, to clean arenas */
	uint64_t moved_bytes;
	uint64_t arenas_before, arenas_after;
	uint64_t blocks_before;   /* bytes of the disk that arenas take */
	uint64_t blocks_after;
	uint64_t elapsed_ns;
	uint64_t incomplete;      /* 1: max_ns or 'progress' ended it */
};

/*
 * Put a cache in order: remove what has expired, evict down to the target of
 * each tier (what leaves the warm one is packed where that pays), give back
 * arenas that are mostly dead, merge the segments of series to fewer and larger
 * ones that map side by side, drop derived entries that are of no use any more.
 * In steps, each a commit of its own, so that other writers get their turn;
 * readers go on.  It may be killed anywhere, and run twice at once.
 *
 * 'options' and 'report' may be NULL.  Returns BC_OK; BC_FULL or BC_NOSPACE if
 * there is no room for the copy; BC_BUSY, BC_READONLY, BC_CORRUPT, BC_NOMEM,
 * BC_IO; BC_INVALID.
 */
BC_API BC_CHECKED enum bc_status
bc_compact(struct bc_cache *cache, const struct bc_compact_options *options,
           struct bc_compact_report *report, struct bc_error *err);

/* ------------------------------------------------------------------------ */
/*  One fetch for all                                                       */
/* ------------------------------------------------------------------------ */

/*
 * What a fetch function is asked for.  One is made by these calls, for as long
 * as the function runs.
 */
struct bc_fetch {
	struct bc_cache *cache;
	const char *key;
	int64_t from_ns, to_ns; /* of a series: the range; else 0 and 0 */
	void *context;          /* of the options */
};

/*
 * Fetch from wherever the data live and hand over what came, by one call or
 * more of those below.  Anything but BC_OK is what the waiting call returns.
 * What was handed over before is kept.  'err' is never NULL; without a text in
 * it the status speaks for itself.
 *
 * It runs in the thread that waits for it, or (bc_fetch_many()) in one of the
 * library's; in several at once, each for another key.  It may use the cache,
 * but not fetch the key that it is asked for.
 */
typedef enum bc_status bc_fetch_function(struct bc_fetch *fetch,
                                         struct bc_error *err);

/*
 * Hand over rows of a series, as bc_append().  Without a range in the options
 * the call says that all of fetch->from_ns to fetch->to_ns was fetched.
 */
BC_API BC_CHECKED enum bc_status
bc_fetch_append(struct bc_fetch *fetch, const struct bc_frame *frame,
                const struct bc_append_options *options,
                struct bc_counts *counts, struct bc_error *err);

/* Hand over a frame, as bc_put(), or bytes, as bc_put_blob(). */
BC_API BC_CHECKED enum bc_status
bc_fetch_put(struct bc_fetch *fetch, const struct bc_frame *frame,
             const struct bc_put_options *options, struct bc_error *err);
BC_API BC_CHECKED enum bc_status
bc_fetch_put_blob(struct bc_fetch *fetch, const void *data, uint64_t bytes,
                  const struct bc_put_options *options, struct bc_error *err);

enum bc_fetch_flags {
	BC_FETCH_STALE = 1 /* while another fetches, what is stored is served:
	                      an expired value, a series as far as it goes */
};

/* Begin with BC_FETCH_OPTIONS_INIT; zero means the default everywhere. */
struct bc_fetch_options {
	size_t struct_size;
	unsigned flags;              /* enum bc_fetch_flags */
	bc_fetch_function *function; /* required */
	void *context;
	/*
	 * How long to wait for another that fetches the same key, default
	 * 60,000; then the call fetches itself.  And how long a fetch of one's
	 * own is in time: what is handed over later than that after the
	 * function was called is dropped (BC_OK, nothing counted) if another
	 * has changed the entry meanwhile.
	 */
	uint32_t wait_ms;
	unsigned threads; /* fetching at once, for many keys; default 4,
	                     at most 256 */
};
#define BC_FETCH_OPTIONS_INIT BC_SIZE_FIRST(struct bc_fetch_options)

/*
 * bc_get(), and if that misses (other than by damage to the file system) fetch
 * and get.  Of all processes and threads that want the same key exactly one
 * fetches; the others wait for it, and need no fetch of their own if it goes
 * well.  If it fails or dies, one of them takes its place.
 *
 * A handle that refreshes fetches although the entry is there, unless another
 * stored it since the call began.  One that bypasses never asks the function.
 * What was fetched counts as a miss and a hit.
 *
 * Returns as bc_get(); what the function returned; BC_MISS if it returned BC_OK
 * and handed nothing over; BC_READONLY without asking it, if the result could
 * not be stored; BC_KEY; BC_INVALID (options); BC_UNSAFE, BC_DENIED,
 * BC_NOSPACE, BC_IO (the file of locks).  *view is zeroed unless BC_OK, but for
 * 'miss' after BC_MISS.
 */
BC_API BC_CHECKED enum bc_status
bc_get_or_fetch(struct bc_cache *cache, const char *key,
                const struct bc_fetch_options *options, struct bc_view *view,
                struct bc_error *err);

/*
 * bc_read(), and fetch first whatever of [from_ns, to_ns) is missing, as
 * bc_missing() says it: the function is asked for one gap after the other, and
 * for the rest of a gap if it handed over a part.  Of what it left alone it is
 * not asked again; with BC_READ_PARTIAL in 'flags' that is no miss.  What had
 * not ended and is stale is asked for once a call, but not if another fetched
 * it while this one waited.  Both ends are needed (no INT64_MIN, _MAX).
 *
 * Of a key one range is fetched at a time.  Returns as bc_get_or_fetch() and
 * bc_read().
 */
BC_API BC_CHECKED enum bc_status
bc_read_or_fetch(struct bc_cache *cache, const char *key, int64_t from_ns,
                 int64_t to_ns, const char *const *columns, unsigned flags,
                 const struct bc_fetch_options *options, struct bc_view *view,
                 struct bc_error *err);

/*
 * The same for many keys, options->threads of them at a time; statuses[i] and
 * views[i] are those of keys[i].  With to_ns <= from_ns the keys are gotten as
 * by bc_get_or_fetch().  Returns BC_OK if all went well, else the first status
 * that did not, with its reason in 'err'; the other views are good.
 */
BC_API BC_CHECKED enum bc_status
bc_fetch_many(struct bc_cache *cache, const char *const *keys, size_t count,
              int64_t from_ns, int64_t to_ns, const char *const *columns,
              unsigned flags, const struct bc_fetch_options *options,
              struct bc_view *views, enum bc_status *statuses,
              struct bc_error *err);

/* ------------------------------------------------------------------------ */
/*  Resampling and indicators                                               */
/* ------------------------------------------------------------------------ */

/* Which end of a bucket. */
enum bc_side { BC_LEFT = 0, BC_RIGHT };

/* What stands for a bucket without rows, between the first and the last. */
enum bc_fill {
	BC_FILL_NONE = 0, /* nothing */
	BC_FILL_NAN,      /* a row of NaN; sums are 0 */
	BC_FILL_FLAT      /* a bar at the last close, of volume 0; of any other
	                     column what it was last */
};

/* What to do with a first or last bucket of which not all was read. */
enum bc_partial {
	BC_PARTIAL_KEEP = 0, /* keep, and say so in column "partial" (u8) */
	BC_PARTIAL_DROP
};

/* Begin with BC_RESAMPLE_INIT; zero: as everybody does it, in UTC. */
struct bc_resample {
	size_t struct_size;
	const char *timeframe; /* "1h", "1d", "1w", "1M"; required */
	enum bc_side label;    /* the end that is the time of the bucket */
	enum bc_side closed;   /* the end that belongs to it: BC_RIGHT for rows
	                          stamped with the end of their bar */
	enum bc_fill fill;
	enum bc_partial partial;
	int from_midnight;     /* buckets below a day begin anew each day */
	int64_t offset_ns;     /* a day begins so long after midnight; shorter
	                          buckets are shifted as much */
	const char *zone;      /* whose days: "America/New_York"; NULL: UTC */
	unsigned week_begins;  /* 0 Monday to 6 Sunday */
};
#define BC_RESAMPLE_INIT BC_SIZE_FIRST(struct bc_resample)

/*
 * Bars of a view with time to larger bars: open first, high max, low min, close
 * last, what counts something (volume, trades) summed, vwap the mean, of any
 * other column the last.  A NaN is passed over.  Sums of integers are i64, of
 * floats f64.  'source' is the timeframe of the rows or NULL; with it, a bar
 * that would fall into two buckets is refused.  Zones are those of the system,
 * in /usr/share/zoneinfo.
 *
 * [from_ns, to_ns) is the range of times that was read; INT64_MIN and INT64_MAX
 * stand for the first row and the end of the last one (by the source, or else
 * the shortest step between the rows).  A bucket that reaches beyond it is
 * partial, as is one with a bar that had not ended or with a row whose own
 * "partial" is set.  Column "partial" comes last, if any bucket is.
 *
 * The result has memory of its own and is released as any view.
 *
 * Returns BC_OK; BC_INVALID (no time, no such timeframe or zone, a timeframe
 * that is finer than the source or no multiple of it, a column that has no such
 * sum or no NaN to fill with, a sum that does not fit int64); BC_ORDER if the
 * times do not ascend; BC_NOMEM; BC_IO if the zone cannot be read.  *out is
 * zeroed unless BC_OK.
 */
BC_API BC_CHECKED enum bc_status
bc_resample(struct bc_cache *cache, const struct bc_view *view,
            const char *source, int64_t from_ns, int64_t to_ns,
            const struct bc_resample *rule, struct bc_view *out,
            struct bc_error *err);

/*
 * Indicators.  All take 'count' rows in the order of time and write 'count'
 * values to 'out', memory of the caller that overlaps no input.  The value of
 * row i covers the rows i - window + 1 to i; a row that has none yet is NaN.
 * 'window' is 1 or more, and may be larger than 'count': then all are NaN.
 *
 * A value that is NaN or infinite is missing.  Nothing is computed across it:
 * the rows before and behind it are two series, and the row itself is NaN.
 *
 * Relative error is below 1e-12 for any window and number of rows, as long as
 * the values of a window do not cancel each other (prices do not) and their sum
 * is finite.  The same input gives the same bits on every processor, and no
 * value depends on the rows behind it.
 */

/* The mean of the last 'window' values; the first one at row window - 1. */
BC_API void bc_sma(const double *values, uint64_t count, uint64_t window,
                   double *out);

/*
 * The exponential average: the first one, at row window - 1, is the mean of the
 * values so far, and each next one lies 2 / (window + 1) of the way from the
 * last one to the new value.
 */
BC_API void bc_ema(const double *values, uint64_t count, uint64_t window,
                   double *out);

/*
 * Wilder's relative strength index (New Concepts in Technical Trading Systems,
 * 1978), 0 to 100: 100 G / (G + L), where G and L are averages of the gains and
 * of the losses from one value to the next.  The first one, at row 'window', is
 * of plain means; from then on an average moves 1 / window of the way to what
 * is new.  It is 50 where nothing moved at all.
 */
BC_API void bc_rsi(const double *values, uint64_t count, uint64_t window,
                   double *out);

/*
 * Wilder's average true range.  The true range of a bar is the largest of
 * high - low, |high - c| and |low - c|, where c is the close before it; that of
 * the first bar is high - low.  The first average, at row window - 1, is the
 * mean of the ranges so far; each next one moves 1 / window of the way.
 */
BC_API void bc_atr(const double *high, const double *low, const double *close,
                   uint64_t count, uint64_t window, double *out);

/* What to make of a range of bars.  Begin with BC_DERIVE_INIT. */
struct bc_derive {
	size_t struct_size;
	const struct bc_resample *resample; /* NULL: bars as they are */
	/*
	 * Ended by NULL: "sma(20)", "ema(50)", "rsi(14)", "atr(14)", or of
	 * another column than the close: "sma(volume,20)".  At most 64, with
	 * windows of up to 1,000,000.  NULL: none.
	 */
	const char *const *add;
};
#define BC_DERIVE_INIT BC_SIZE_FIRST(struct bc_derive)

/*
 * bc_read() of a range of 'key', resampled, with a column added for each
 * indicator ("sma_20", "sma_volume_20").  'flags' are BC_READ_PARTIAL and
 * BC_READ_OPEN.  If 'key' is a series key, its timeframe is that of the rows.
 *
 * The result is kept in the cache as a frame of its own, is shared by all
 * processes, and falls with any change of 'key': it is never older than that.
 * The next read then makes it anew in the same place; where none comes it stays
 * until it or 'key' is removed, under a key that begins with "derived/" and
 * 'key' (hashed if too long), and depends on 'key': see bc_depend().  Where it
 * cannot be stored (a cache that is read-only, full or kept busy by another
 * writer) it is made anew each time, as is one with a bar that had not ended.
 *
 * Indicators see the bars before the range as well, where they are stored: as
 * many as they need to be what they would be over all of the series, to the
 * last digits of a double.  That is the window for an SMA, 20 windows for an
 * EMA, and 40 for RSI and ATR.  The bars themselves do not depend on what is
 * added: a first bucket that the range cuts is made of the rows of the range.
 *
 * Returns as bc_read() and bc_resample(), a miss with its reason in view->miss;
 * BC_INVALID also for an indicator that is none, of a column that is not there
 * or is text, or whose name is taken.
 */
BC_API BC_CHECKED enum bc_status
bc_read_derived(struct bc_cache *cache, const char *key, int64_t from_ns,
                int64_t to_ns, unsigned flags, const struct bc_derive *derive,
                struct bc_view *view, struct bc_error *err);

/* ------------------------------------------------------------------------ */
/*  Labels: tags, backtests, dependencies; pins                             */
/* ------------------------------------------------------------------------ */

/*
 * A label is a text that an entry has and is found by.  It stays with the entry
 * when that is put again, appended to or evicted, and goes with it when it is
 * removed.  What was evicted is remembered for a while with its labels, which
 * the calls below list and change as if it were there; put again before it is
 * forgotten it has them again.  A label is 1 to BC_LABEL_MAX bytes of UTF-8
 * without control characters.
 */
#define BC_LABEL_MAX 400

enum bc_label_kind {
	BC_LABEL_TAG = 1,      /* a word of your own */
	BC_LABEL_BACKTEST = 2, /* the backtest that used the entry */
	BC_LABEL_PARENT = 3    /* the key of what the entry was made of */
};

/* A label of an entry, as two functions list them. */
struct bc_label {
	enum bc_label_kind kind;
	const char *text;
	const char *key;   /* of the entry */
	int64_t since_ns;  /* when it got the label */
};

/* The strings are valid during the call; a non-zero return ends the list. */
typedef int bc_label_function(void *context, const struct bc_label *label);

/* What becomes of the labels that an entry has. */
enum bc_labelling {
	BC_LABELS_ADD = 0, /* they stay; those given are added */
	BC_LABELS_REMOVE,  /* those given are taken away */
	BC_LABELS_REPLACE  /* those given take their place */
};

/*
 * Change the tags of 'key'; 'tags' is ended by NULL, and may be NULL for none.
 * Adding one that is there, or taking away one that is not, changes nothing.
 * Returns BC_OK; BC_MISS if there is no such entry; BC_INVALID (a label that
 * cannot be one); BC_KEY, BC_BUSY, BC_READONLY, BC_NOSPACE, BC_NOMEM, BC_IO.
 */
BC_API BC_CHECKED enum bc_status
bc_tag(struct bc_cache *cache, const char *key, const char *const *tags,
       enum bc_labelling how, struct bc_error *err);

/*
 * The same for what 'key' was made of: keys, which need not exist.  A cycle is
 * no error.  See bc_invalidate().
 */
BC_API BC_CHECKED enum bc_status
bc_depend(struct bc_cache *cache, const char *key, const char *const *parents,
          enum bc_labelling how, struct bc_error *err);

/*
 * Link 'key' with a backtest ('linked' is 1), or no longer (0).  Returns as
 * bc_tag().
 *
 * A handle that was opened with options.backtest does so by itself: it links
 * what is put, as part of the put, and what is hit, in whatever way it is read.
 * A hit that this process has not seen before is remembered (the key is copied)
 * and written with the next commit of the process, by bc_flush() or bc_close(),
 * or by a thread of the library that is started for it, link_interval_ms later
 * at most.  kill -9 loses what was not yet written.  What cannot be written
 * links nothing: a handle of BC_OPEN_READONLY has no backtest (BC_INVALID), and
 * where the files cannot be written hits go unrecorded.
 */
BC_API BC_CHECKED enum bc_status
bc_link(struct bc_cache *cache, const char *backtest, const char *key,
        int linked, struct bc_error *err);

/*
 * Write the links of hits that all handles of this process have gathered for
 * this cache, and what this one has for its trace.  Returns BC_OK, BC_BUSY,
 * BC_READONLY, BC_NOSPACE, BC_NOMEM, BC_IO; then links are still to be written.
 */
BC_API BC_CHECKED enum bc_status
bc_flush(struct bc_cache *cache, struct bc_error *err);

/*
 * List the labels of 'key', by kind and text; 'kind' 0: all kinds.  Returns
 * BC_OK (also when there are none, or 'function' ended the list), BC_MISS if
 * there is no such entry, BC_NOMEM, BC_IO, BC_BUSY.  No transaction is held
 * while 'function' runs, so it may call barcache.
 */
BC_API BC_CHECKED enum bc_status
bc_labels(struct bc_cache *cache, const char *key, enum bc_label_kind kind,
          bc_label_function *function, void *context, struct bc_error *err);

/*
 * List the entries with a label, by age of the entry; 'text' NULL: with any of
 * that kind, by text.  Returns as bc_labels(), but never BC_MISS; BC_INVALID if
 * there is no such kind.
 */
BC_API BC_CHECKED enum bc_status
bc_labelled(struct bc_cache *cache, enum bc_label_kind kind, const char *text,
            bc_label_function *function, void *context, struct bc_error *err);

enum bc_invalidate_flags {
	BC_INVALIDATE_SELF = 1 /* the key itself, too */
};

/*
 * Remove all that was made of 'key', and what was made of that, and so on, in
 * one commit; *removed (may be NULL) is how many entries went.  'key' need not
 * exist, and stays even if it depends on itself, unless BC_INVALIDATE_SELF is
 * given.  Pinned entries go: they are no longer true.  Returns BC_OK;
 * BC_INVALID (flags); BC_KEY, BC_BUSY, BC_READONLY, BC_NOSPACE, BC_NOMEM,
 * BC_IO.
 */
BC_API BC_CHECKED enum bc_status
bc_invalidate(struct bc_cache *cache, const char *key, unsigned flags,
              uint64_t *removed, struct bc_error *err);

/* What became of the entries of a backtest. */
struct bc_cleared {
	uint64_t unlinked; /* all that it was linked with, evicted ones too */
	uint64_t removed;  /* of these, those that are gone; not those evicted,
	                      of which nothing is known any more either */
	uint64_t pinned;   /* of these, those kept because they are pinned */
};

/*
 * Forget a backtest in one commit: unlink its entries, and remove those that no
 * other one is linked with; pinned ones stay.  With 'force' all of them are
 * removed.  Links of hits that other processes have not yet written do not
 * count.  'cleared' may be NULL.  Returns BC_OK (also if there is no such
 * backtest); BC_INVALID (the name); BC_BUSY, BC_READONLY, BC_NOSPACE, BC_NOMEM,
 * BC_IO.
 */
BC_API BC_CHECKED enum bc_status
bc_clear_backtest(struct bc_cache *cache, const char *backtest, int force,
                  struct bc_cleared *cleared, struct bc_error *err);

/*
 * Keep 'key' from being evicted ('pinned' is 1), or no longer (0).  It is still
 * replaced by puts, expires, and is removed by its name.  Returns as bc_tag().
 */
BC_API BC_CHECKED enum bc_status
bc_pin(struct bc_cache *cache, const char *key, int pinned,
       struct bc_error *err);

/* ------------------------------------------------------------------------ */
/*  Looking around                                                          */
/* ------------------------------------------------------------------------ */

/* What is known of an entry.  Strings are valid as the call says. */
struct bc_info {
	const char *key;
	enum bc_kind kind;
	enum bc_tier tier;
	uint64_t id, revision;
	uint64_t rows;
	int64_t first_ns, last_ns;    /* of the rows; 0 if there is no time */
	int64_t step_ns;              /* constant step, 0 if it varies */
	int64_t created_ns;           /* first put under this key */
	int64_t updated_ns;           /* newest put */
	int64_t expires_ns;           /* 0: never */
	int64_t ttl_ns;               /* as it was put, or touched */
	int64_t refresh_ns;           /* of a series: until then what is open
	                                 is fresh; 0: it never is */
	int64_t accessed_ns;          /* last hit, to the second; 0: none */
	uint64_t access_count;        /* 1 for the put, 1 for every hit */
	uint64_t dataset_id, cost_ns, suspect_rows;
	uint64_t payload_bytes;       /* of the values as a caller sees them */
	uint64_t stored_bytes;        /* on disk */
	uint64_t raw_bytes;           /* the same, if nothing was packed; of
	                                 cold segments rounded up to 64 */
	uint64_t cold_bytes;          /* the part of stored_bytes that is in
	                                 the cold tier */
	uint32_t cold_segments;       /* of segment_count */
	uint32_t segment_count;
	uint32_t open_rows;           /* 1: the last bar had not ended */
	uint64_t tail_rows;           /* of a series: in no segment yet */
	uint64_t interval_count;      /* of a series: see bc_coverage() */
	unsigned char digest[16];     /* of names, types and values; zeros
	                                 for a series */
	const char *request;          /* canonical JSON, or NULL */
	const struct bc_schema *schema; /* NULL for a blob */
	uint32_t pinned;              /* 1: is not evicted */
	uint32_t labelled;            /* 0: has no labels, as bc_labels() lists
	                                 them; 1: may have some */
};

/*
 * Copy what is known of 'key' to *info.  'text' is memory for the strings:
 * info->key and info->request point into it (a request that does not fit is
 * left out as NULL).  Counts as no access; an entry whose time is over is shown
 * until it is removed or replaced.  Returns BC_OK, BC_MISS if there is no such
 * entry, BC_CORRUPT, BC_INVALID if there is no room for the key, BC_NOMEM,
 * BC_IO, BC_BUSY.
 */
BC_API BC_CHECKED enum bc_status
bc_info(struct bc_cache *cache, const char *key, char *text, size_t text_bytes,
        struct bc_info *info, struct bc_error *err);

/*
 * Which entries; all conditions given must hold.  Zeroed: all entries.  Times
 * are of the wall clock.
 */
struct bc_filter {
	const char *prefix;
	const char *glob;   /* the whole key: * ? [a-z]; '*' matches '/' too */
	const char *regex;  /* POSIX extended, matches anywhere in the key */
	const char *tag;      /* has it; these two are found by an index */
	const char *backtest; /* is linked with it */
	const char *source;   /* first part of a series key, or the source of
	                         the request */
	enum bc_kind kind;
	int64_t updated_before_ns;     /* its newest put or append */
	int64_t not_accessed_since_ns; /* neither hit nor put */
	/*
	 * Of those that the other conditions select, all but this many of each
	 * group: the newest by their updates, or of the same moment by their
	 * keys.  A group is made of the keys that are the same up to the last
	 * '/' or '@'; a key without either is in no group, and not selected.
	 * Not together with updated_before_ns.  0: there are no groups.
	 */
	uint64_t keep_last;
};

/*
 * Called for each entry in order of keys (bytes).  'info' and its strings are
 * valid during the call.  A non-zero return ends the listing.
 */
typedef int bc_list_function(void *context, const struct bc_info *info);

/*
 * List entries; 'filter' may be NULL.  Each entry is shown as it stood when
 * its turn came; no transaction is held while 'function' runs, so it may call
 * barcache.  Returns BC_OK (also when 'function' ended it), BC_INVALID for a
 * filter that makes no sense, such as a regular expression that does not
 * compile, BC_NOMEM, BC_IO, BC_BUSY.
 */
BC_API BC_CHECKED enum bc_status
bc_list(struct bc_cache *cache, const struct bc_filter *filter,
        bc_list_function *function, void *context, struct bc_error *err);

/* Commits never look: only bc_expire() and bc_compact() do. */
#define BC_EXPIRE_MANUAL UINT32_MAX

enum bc_remove_flags {
	BC_REMOVE_DRY_RUN = 1,   /* only say what would go */
	BC_REMOVE_FORCE = 2,     /* pinned ones go, too, and those that other
	                            backtests use */
	BC_REMOVE_DEPENDENTS = 4 /* and all that was made of them: see
	                            bc_invalidate() */
};

/* Called with the key of an entry that went, or would go. */
typedef void bc_removed_function(void *context, const char *key);

/* What is to go.  Begin with BC_REMOVE_OPTIONS_INIT. */
struct bc_remove_options {
	size_t struct_size;
	unsigned flags;                 /* enum bc_remove_flags */
	const struct bc_filter *filter; /* what it selects; NULL: nothing */
	const char *const *keys;        /* and these, ended by NULL; or NULL */
	bc_removed_function *function;  /* or NULL */
	void *context;
};
#define BC_REMOVE_OPTIONS_INIT BC_SIZE_FIRST(struct bc_remove_options)

struct bc_removed {
	uint64_t removed;    /* entries */
	uint64_t bytes;      /* that they took */
	uint64_t dependents; /* of 'removed', those that others were made of */
	uint64_t pinned;     /* kept: they are pinned */
	uint64_t shared;     /* kept: other backtests use them */
	uint64_t missing;    /* of the keys given, those that are not there */
	uint64_t changed;    /* kept: they were put anew meanwhile */
};

/*
 * Remove entries.  What is to go is found first, and then removed: up to 65,536
 * entries in one commit, more in several.  An entry that another was put in the
 * place of meanwhile stays; as does one that was changed at all, if the filter
 * asks for times or for the newest.
 *
 * Entries that were evicted are forgotten with their labels if they are named,
 * or selected by key, tag and backtest alone; they are not counted, but for
 * 'missing', and not shown to 'function'.
 *
 * With filter->backtest the entries selected are unlinked from it, and those
 * that no other backtest is linked with are removed: see bc_clear_backtest().
 *
 * 'function' is called when they are gone, in order of keys, and may use the
 * cache.  'removed' may be NULL.  Returns BC_OK; BC_INVALID as bc_list(), for
 * unknown flags, and if neither filter nor keys are given; BC_BUSY, BC_READONLY
 * (but not for a dry run), BC_NOSPACE, BC_NOMEM, BC_IO.  After a failure some
 * may have gone: 'removed' says how many.
 */
BC_API BC_CHECKED enum bc_status
bc_remove_where(struct bc_cache *cache, const struct bc_remove_options *options,
                struct bc_removed *removed, struct bc_error *err);

/* Settings stored with the cache. */
struct bc_config {
	enum bc_durability durability;
	uint64_t warm_bytes, cold_bytes;
	uint64_t value_max_bytes, entries_max;
	uint32_t sync_interval_ms;
	uint32_t expire_interval_ms; /* commits look for expired entries so
	                                often; 0: every 300,000 */
	int64_t ttl_ns;      /* of values that no rule names; BC_TTL_DEFAULT:
	                        they do not expire */
	int64_t cold_ttl_ns; /* what is packed lives no longer than this from
	                        then on; 0: as long as it would anyway */
	enum bc_policy policy;  /* what goes first once a budget is used up */
	unsigned low_percent;   /* 1 to 100, 0: 85.  Eviction goes down to so
	                           much of a budget, where it has to look for
	                           victims; the rest is for bytes that are dead
	                           but not given back yet */
	/* Facts, ignored by bc_config_set(). */
	uint32_t format_version;
	uint64_t cache_id;
	int64_t created_ns;
	uint32_t frozen; /* 1: see bc_freeze() */
};

BC_API BC_CHECKED enum bc_status
bc_config_get(struct bc_cache *cache, struct bc_config *config,
              struct bc_error *err);

/*
 * Change the settings; every process sees them with its next put.  Returns
 * BC_OK, BC_INVALID if one is out of range, BC_READONLY, BC_BUSY, BC_IO.
 */
BC_API BC_CHECKED enum bc_status
bc_config_set(struct bc_cache *cache, const struct bc_config *config,
              struct bc_error *err);

/* How long what is put under a class of keys lives. */
struct bc_rule {
	const char *pattern; /* the whole key, as bc_filter.glob */
	int64_t ttl_ns;      /* more than 0, or BC_TTL_NEVER */
};

/* Called for each rule, in order; a non-zero return ends it. */
typedef int bc_rule_function(void *context, const struct bc_rule *rule);

/*
 * Show the rules of the cache.  Of those that fit a key the first one holds;
 * where none does, a value lives as bc_config.ttl_ns says.  They hold for what
 * is put, appended or touched from then on.  'rule' is valid during the call.
 * Returns BC_OK, BC_CORRUPT, BC_NOMEM, BC_IO, BC_BUSY.
 */
BC_API BC_CHECKED enum bc_status
bc_rules_get(struct bc_cache *cache, bc_rule_function *function, void *context,
             struct bc_error *err);

/*
 * Replace all rules by these, at most 256.  Returns BC_OK, BC_INVALID,
 * BC_READONLY, BC_BUSY, BC_NOSPACE, BC_IO.
 */
BC_API BC_CHECKED enum bc_status
bc_rules_set(struct bc_cache *cache, const struct bc_rule *rules, size_t count,
             struct bc_error *err);

/*
 * Counters: hits by tier, misses by reason; hits + misses = requests.  They
 * only grow; one that is full stays so.
 */
struct bc_counters {
	uint64_t hits[BC_TIERS];          /* indexed by enum bc_tier */
	uint64_t misses[BC_MISS_REASONS]; /* indexed by enum bc_miss */
	uint64_t puts, removals;
	uint64_t put_bytes;               /* payload put */
	uint64_t written_bytes;           /* stored, for whatever reason */
	uint64_t evictions;               /* entries, segments of series */
	uint64_t evicted_bytes;
	uint64_t expirations;             /* entries that a sweep removed */
	uint64_t demotions, promotions;   /* entries packed; unpacked */
	uint64_t moved_bytes;             /* copied to clean arenas */
	uint64_t arenas_removed;          /* files */
	uint64_t fetches, fetch_ns;       /* calls of callers' functions */
	uint64_t links;                   /* of backtests, written */
	uint64_t not_cached;              /* puts let go: best effort */
	uint64_t quarantined;             /* damaged entries dropped */
	uint64_t stale;                   /* hits on what had expired */
};

/* Operations whose time is taken: all of some, 1 in 64 of reads. */
enum bc_op {
	BC_OP_GET = 0, /* a hit of bc_get() and the like */
	BC_OP_READ,    /* a hit of bc_read() and the like */
	BC_OP_PUT,     /* a commit: put, batch, remove */
	BC_OP_FETCH,   /* a caller's function */
	BC_OP_DECODE,  /* of a packed entry, for the hot tier */
	BC_OP_COMPACT, /* one step */
	BC_OPS         /* how many there are */
};

/* "get", "read", ...; static, never NULL. */
BC_API const char *bc_op_name(enum bc_op op);

/* How long operations took; all are 0 where there was none. */
struct bc_latency {
	uint64_t count, sum_ns, min_ns, max_ns;
	uint64_t p50_ns, p99_ns, p999_ns; /* to an eighth */
};

/* Sums of counters, and what follows from them. */
struct bc_rates {
	uint64_t requests, hits, misses;
	double hit_ratio;           /* 0 to 1; 0 without requests */
	double write_amplification; /* written_bytes / put_bytes; 0 if none */
	double avg_fetch_ns;        /* 0 without fetches */
};

BC_API void bc_rates(const struct bc_counters *counters, struct bc_rates *out);

struct bc_stats {
	struct bc_counters total;    /* of all processes, ever */
	struct bc_counters process;  /* of this process and cache */
	uint64_t entries, segments;
	uint64_t live_bytes;     /* of segments that entries name: the sum of
	                            their stored_bytes, but tails of series */
	uint64_t warm_bytes;     /* linked: bytes of warm arena files */
	uint64_t cold_bytes;     /* linked: bytes of cold arena files */
	uint64_t catalogue_bytes, ledger_bytes;
	uint64_t warm_budget_bytes, cold_budget_bytes;
	uint64_t arenas, arenas_mapped; /* of the cache; by this process */
	uint64_t access_sum;     /* sum of access counts of all entries */
	uint32_t readers, readers_max; /* slots of LMDB's reader table */
	uint32_t processes;      /* that have this cache open */
	uint32_t guarded;        /* 1 if this process reads guarded */
	uint32_t read_only;      /* 1 if this process cannot write */
	uint64_t entries_max;    /* the limit */
	uint64_t evicted_entries; /* known, but evicted: not in 'entries' */
	uint64_t live_cold_bytes; /* the part of live_bytes that is packed */
	uint64_t corrupt;        /* segments found damaged, by the ledger */
	uint64_t pinned_unlinked_bytes; /* of arenas that are removed, but on
	                            the disk as long as processes map them */
	double avg_access_count; /* access_sum / entries; 0 if none */
	double compression_ratio;/* unpacked / packed bytes; 1 if none */
	double ops_per_second;   /* requests, puts, removals of the processes
	                            that have it open, each since it did */
	int64_t folded_ns;       /* when counters were last added to a day */
	int64_t compacted_ns;    /* the newest bc_compact(); 0: none */
};

/* Returns BC_OK, BC_IO, BC_BUSY, BC_NOMEM. */
BC_API BC_CHECKED enum bc_status
bc_stats(struct bc_cache *cache, struct bc_stats *stats, struct bc_error *err);

/* The counters of one day (UTC). */
struct bc_day {
	int64_t day;        /* since 1970-01-01 */
	struct bc_counters counters;
	/* As of the last fold of the day, or now if it is today. */
	uint64_t entries, live_bytes;
};

/*
 * Copy the days from 'first' to 'last', both included and counted since
 * 1970-01-01, to 'days' (room for 'capacity', 0 to count only) in order, and
 * how many there are to *count.  Days without a row are left out; today has one
 * always.  What was counted since the last commit of a writer is today's.
 * Returns BC_OK, BC_IO, BC_BUSY, BC_CORRUPT.
 */
BC_API BC_CHECKED enum bc_status
bc_days(struct bc_cache *cache, int64_t first, int64_t last,
        struct bc_day *days, size_t capacity, size_t *count,
        struct bc_error *err);

/*
 * How long operations of this process took if 'process', else of all processes
 * since the ledger was made.  BC_INVALID if there is no such operation; BC_IO.
 */
BC_API BC_CHECKED enum bc_status
bc_latency(struct bc_cache *cache, enum bc_op op, int process,
           struct bc_latency *out, struct bc_error *err);

/* One of the entries that are read most. */
struct bc_hot {
	char key[BC_KEY_MAX + 1];
	enum bc_kind kind;
	enum bc_tier tier;
	uint64_t access_count; /* 1 for the put, 1 for every hit */
	int64_t accessed_ns;   /* last hit, to the second */
	uint64_t stored_bytes;
};

/*
 * The entries with the most accesses, at most 'capacity' of them, most first;
 * equal ones in order of their keys.  Looks at every entry, a part at a time.
 * Returns BC_OK, BC_NOMEM, BC_IO, BC_BUSY.
 */
BC_API BC_CHECKED enum bc_status
bc_top(struct bc_cache *cache, const struct bc_filter *filter,
       struct bc_hot *out, size_t capacity, size_t *count,
       struct bc_error *err);

/* One process that has the cache open. */
struct bc_process {
	uint64_t pid;          /* in its own PID namespace */
	uint64_t pid_namespace;
	int64_t started_ns;    /* when it opened the cache */
	char name[32];
	struct bc_counters counters;
	/* As it last noted, at its last slow step or second of hits. */
	int64_t noted_ns;
	uint64_t mapped_bytes; /* of arenas */
	uint64_t views;        /* held */
	int64_t views_since_ns;/* it has held one without a break; 0: none */
	uint64_t links_pending;/* of backtests, not written yet */
	/* Of removed arenas that it keeps on the disk; what the kernel says
	 * where it may be asked, else as noted. */
	uint64_t pinned_unlinked_bytes;
};

/*
 * Copy the rows of live processes to 'processes' (room for 'capacity') and
 * their number to *count.  Returns BC_OK, BC_IO.
 */
BC_API BC_CHECKED enum bc_status
bc_processes(struct bc_cache *cache, struct bc_process *processes,
             size_t capacity, size_t *count, struct bc_error *err);

/* How bad something is; also the exit status of `barcache health`. */
enum bc_severity { BC_FINE = 0, BC_WARNING = 1, BC_CRITICAL = 2 };

/* What is wrong, and what to do about it, in a sentence or two. */
struct bc_advice {
	enum bc_severity severity;
	const char *name; /* "budget", "disk", ...: stable; static */
	char text[200];
};
#define BC_ADVICE_MAX 16

/* How a cache is.  What is not known is 0, and -1 where that could be so. */
struct bc_health {
	enum bc_severity severity;  /* the worst of 'advice' */
	uint32_t opens;             /* 1; else 'error' says why not */
	struct bc_error error;
	uint32_t format_version;
	uint32_t writable;          /* 1 if this user may put */
	uint32_t guarded;           /* 1: read without LMDB's reader table */
	uint32_t frozen;
	uint32_t ledger;            /* 1: it is there and used */
	double map_used;            /* of the catalogue's room, 0 to 1 */
	double warm_used, cold_used;/* of the budgets, 0 to 1 and above */
	uint64_t disk_free_bytes;   /* for this user, where the cache is */
	uint64_t disk_bytes;
	uint32_t readers, readers_max, readers_stale;
	uint64_t reader_lag;        /* commits since the oldest reader began */
	uint32_t processes;
	int64_t views_since_ns;     /* the oldest of all processes; 0: none */
	uint64_t pinned_unlinked_bytes;
	uint64_t linked_bytes;      /* arenas, catalogue, ledger */
	uint64_t budget_bytes;      /* warm and cold */
	uint64_t writer_pid;        /* who holds the writer lock, or did last */
	int64_t writer_since_ns;    /* took it, or gave it back */
	uint32_t writer_holds;      /* 1: the lock is held now */
	int32_t writer_alive;       /* 1, 0; -1: in another PID namespace */
	uint64_t corrupt;           /* segments found damaged */
	uint64_t corrupt_pending;   /* of these, not looked at by a writer */
	uint64_t quarantined;       /* entries dropped */
	int64_t committed_ns;       /* the newest commit; 0: none */
	int64_t compacted_ns;       /* the newest compaction; 0: none */
	uint64_t resident_bytes;    /* of arenas, in memory right now */
	uint64_t resident_of_bytes; /* of so many that were looked at */
	uint32_t advice_count;
	struct bc_advice advice[BC_ADVICE_MAX];
};

/*
 * Examine the cache in directory 'path' without changing it; it need not be one
 * that can be opened.  'flags' are of enum bc_open_flags: BC_OPEN_GROUP,
 * BC_OPEN_NETWORK.
 * Returns BC_OK whenever *health was filled, also for a cache that does not
 * open; BC_NOMEM.
 */
BC_API BC_CHECKED enum bc_status
bc_health(const char *path, unsigned flags, struct bc_health *health,
          struct bc_error *err);

/* How columns are stored in packed segments. */
enum bc_codec {
	BC_CODEC_RAW = 0, /* as they are: packing them would save nothing */
	BC_CODEC_DEC,     /* decimals and integers */
	BC_CODEC_F32,     /* doubles that are floats, and floats */
	BC_CODEC_BITS,    /* doubles by their bits */
	BC_CODEC_LZ4,     /* bytes: texts, flags, blobs */
	BC_CODECS         /* how many there are */
};

/* "raw", "dec", "f32", "bits", "lz4"; static, never NULL. */
BC_API const char *bc_codec_name(enum bc_codec codec);

/* So many, what they would take as readers use them, and what they take. */
struct bc_packed {
	uint64_t count, raw_bytes, stored_bytes;
};

/* What packing gives. */
struct bc_compression {
	struct bc_packed tiers[BC_TIERS];   /* segments; by enum bc_tier */
	struct bc_packed packed;            /* segments, of those the cold */
	struct bc_packed codecs[BC_CODECS]; /* columns of packed segments, and
	                                       blobs: values and their index */
	uint64_t unreadable;                /* packed, but damaged */
};

/*
 * Sum up how an entry is stored, or all of them ('key' NULL): by tier and, of
 * what is packed, by codec.  The newest rows of a series, which are in no
 * segment yet, are left out.  Of all entries it takes no time where none is
 * cold; else it goes through all of them, and looks at the header of every
 * packed segment.  Counts as no access; entries that come or go meanwhile are
 * counted or not.
 *
 * Returns BC_OK, BC_MISS if there is no such entry, BC_KEY, BC_NOMEM, BC_IO,
 * BC_BUSY.
 */
BC_API BC_CHECKED enum bc_status
bc_compression(struct bc_cache *cache, const char *key,
               struct bc_compression *out, struct bc_error *err);

/* What bc_verify() found. */
struct bc_verify_report {
	uint64_t entries, segments, bytes; /* checked */
	uint64_t bad_segments;
	uint64_t bad_entries;
};

/* Called for each bad entry with the reason in words. */
typedef void bc_verify_function(void *context, const char *key,
                                const char *reason);

/*
 * Read and check every byte of every entry whose key begins with 'prefix'
 * (NULL: all): bounds, headers, checksums, times.  Bad segments are marked,
 * so that they are misses from now on.  'function' may be NULL.  Returns
 * BC_OK if nothing is wrong, BC_CORRUPT if something is, BC_IO, BC_NOMEM.
 */
BC_API BC_CHECKED enum bc_status
bc_verify(struct bc_cache *cache, const char *prefix,
          bc_verify_function *function, void *context,
          struct bc_verify_report *report, struct bc_error *err);

/* An entry to be warmed, or a part of it. */
struct bc_warm_key {
	const char *key;
	int64_t from_ns, to_ns; /* rows of [from, to); of all times unless
	                           from_ns < to_ns */
};

/* What became of an entry. */
struct bc_warmed {
	const char *key;
	size_t index;            /* of the keys given; others come behind */
	enum bc_status status;   /* BC_OK; BC_MISS; BC_CORRUPT if it is damaged;
	                            BC_KEY, BC_NOMEM, BC_IO, BC_BUSY */
	enum bc_miss miss;       /* why, after BC_MISS */
	uint64_t segments;       /* that have to do with the range */
	uint64_t bytes;          /* of these, on disk */
	uint64_t resident_bytes; /* of these, in memory before; to a page */
	uint64_t decoded_bytes;  /* of packed ones, in the hot tier now */
};

/*
 * Called for each entry as it is done, in no order: by any thread of the call,
 * one at a time.  A non-zero return ends the call.
 */
typedef int bc_warm_function(void *context, const struct bc_warmed *entry);

enum bc_warm_flags {
	BC_WARM_VERIFY = 1, /* check them as their first use would */
	BC_WARM_DRY_RUN = 2 /* read nothing, only say what there is */
};

/* What is to be warmed.  Begin with BC_WARM_OPTIONS_INIT. */
struct bc_warm_options {
	size_t struct_size;
	unsigned flags;                 /* enum bc_warm_flags */
	unsigned threads;               /* up to 256; 0: one a processor */
	const struct bc_warm_key *keys; /* or NULL */
	size_t key_count;
	const struct bc_filter *filter; /* and what it selects; NULL: nothing,
	                                   or without keys everything */
	int64_t from_ns, to_ns;         /* for that, as in bc_warm_key */
	bc_warm_function *function;     /* or NULL */
	void *context;
};
#define BC_WARM_OPTIONS_INIT BC_SIZE_FIRST(struct bc_warm_options)

struct bc_warm_report {
	uint64_t entries; /* looked at; of them */
	uint64_t missing; /* BC_MISS */
	uint64_t damaged; /* BC_CORRUPT */
	uint64_t failed;  /* another error */
	uint64_t segments, bytes, resident_bytes, decoded_bytes;
};

/*
 * Bring entries into memory before they are needed: their pages are read from
 * the disk and mapped, so that reading them takes no page fault in this process
 * and no disk in any; with BC_WARM_VERIFY the checks of a first use are done in
 * this one, as well.  Packed segments are checked and decoded in any case, into
 * the hot tier of this process, as far as its limit goes.  Segments are warmed
 * as a whole, also where a range takes a part of one.  Nothing keeps the pages
 * in memory; the kernel drops what is not used as ever.
 *
 * The work is done by threads that live as long as the call.  It counts as no
 * access: neither access times nor hits and misses change, and nothing is
 * linked with a backtest.  A damaged segment is marked, as by a read; with
 * BC_CHECK_NEVER nothing is looked for.
 *
 * 'options' (everything) and 'report' may be NULL.  Returns BC_OK, also if
 * entries are missing or damaged: the report says; BC_INVALID for unknown flags
 * and as bc_list(); BC_NOMEM, BC_IO, BC_BUSY.
 */
BC_API BC_CHECKED enum bc_status
bc_warm(struct bc_cache *cache, const struct bc_warm_options *options,
        struct bc_warm_report *report, struct bc_error *err);

/* ------------------------------------------------------------------------ */
/*  Care                                                                    */
/* ------------------------------------------------------------------------ */

/*
 * Freeze a cache: sync everything, and let nobody write until bc_thaw().  A
 * writer gets BC_READONLY, whoever opened the cache before.  Who opens it from
 * now on writes to no file of it, not even a lock: it may lie on a read-only
 * mount or in an image, and be read from several containers at once.  Such a
 * process counts its accesses in its own memory.  Freezing a frozen cache does
 * nothing.  Returns BC_OK, BC_READONLY, BC_BUSY, BC_NOSPACE, BC_NOMEM, BC_IO.
 */
BC_API BC_CHECKED enum bc_status
bc_freeze(struct bc_cache *cache, struct bc_error *err);

/*
 * Thaw the cache in directory 'path', opened with 'options' (may be NULL) and
 * closed again.  A cache that is not frozen is left as it is.  Returns as
 * bc_open(); BC_BUSY also while a process has the cache open that opened it
 * frozen; BC_READONLY if its files cannot be written.
 */
BC_API BC_CHECKED enum bc_status
bc_thaw(const char *path, const struct bc_options *options,
        struct bc_error *err);

/*
 * Called now and then with how many bytes of how many are done;
 * by the calling thread.
 */
typedef void bc_progress(void *context, uint64_t done, uint64_t total);

enum bc_repair_flags {
	BC_REPAIR_DRY_RUN = 1 /* only say what would be done */
};

/* Begin with BC_REPAIR_OPTIONS_INIT. */
struct bc_repair_options {
	size_t struct_size;
	unsigned flags;               /* enum bc_repair_flags */
	bc_verify_function *function; /* called for each bad entry, or NULL */
	bc_progress *progress;        /* of reading, or NULL */
	void *context;                /* of both */
};
#define BC_REPAIR_OPTIONS_INIT BC_SIZE_FIRST(struct bc_repair_options)

struct bc_repair_report {
	uint64_t entries, bytes;  /* read */
	uint64_t bad_entries;     /* found; of them */
	uint64_t bad_segments;    /* at least so many segments */
	uint64_t dropped_entries; /* removed as a whole */
	uint64_t dropped_segments; /* those of removed entries too */
	uint64_t accounts; /* sums and counts that were wrong */
	uint64_t stamps;   /* slots of the ledger that were another's */
	uint64_t rows;     /* of tables: without an entry, or missing */
	uint64_t arenas;   /* removed, because nothing in them was named */
};

/*
 * Read all of a cache and drop what is damaged: of a series the segments that
 * are, with what is known of their time, of anything else the entry.  Put right
 * what the catalogue and the ledger say of the rest, and remove files that
 * nothing names.  Others may go on reading and writing meanwhile; the parts
 * that change something keep the writer lock, for a moment or, where there are
 * millions of entries, some seconds.  Repairing what is not damaged changes
 * nothing.  'options' and 'report' may be NULL.
 *
 * Returns BC_OK, also if something was dropped; BC_CORRUPT if the catalogue
 * itself cannot be read: see bc_salvage(); BC_READONLY, BC_BUSY, BC_NOSPACE,
 * BC_NOMEM, BC_IO.
 */
BC_API BC_CHECKED enum bc_status
bc_repair(struct bc_cache *cache, const struct bc_repair_options *options,
          struct bc_repair_report *report, struct bc_error *err);

/* Something that was dropped because it was damaged. */
struct bc_quarantined {
	uint64_t number;     /* grows by one with each */
	int64_t time_ns;     /* when it was dropped */
	const char *key;
	const char *reason;
	uint32_t arena;      /* where it lay; 0: in no arena */
	uint64_t offset;
	uint64_t bytes;
};

/* As bc_list_function. */
typedef int bc_quarantine_function(void *context,
                                   const struct bc_quarantined *dropped);

/*
 * Show what repairs and writers have dropped, oldest first: the newest 1,000.
 * *count (may be NULL) says how many; 'function' may be NULL.  Returns BC_OK,
 * BC_NOMEM, BC_IO, BC_BUSY.
 */
BC_API BC_CHECKED enum bc_status
bc_quarantine(struct bc_cache *cache, bc_quarantine_function *function,
              void *context, uint64_t *count, struct bc_error *err);

struct bc_salvage_report {
	uint64_t arenas;   /* looked through */
	uint64_t segments; /* whole ones that were found in them */
	uint64_t stored;   /* of these, the others are older */
	uint64_t refused;  /* of these, they could not be stored */
	uint64_t entries;  /* made of what was stored */
	uint64_t bytes;    /* of what was stored */
};

/*
 * Make a new cache in directory 'path' from the arenas of the cache in 'lost',
 * whose catalogue is lost or cannot be read; nothing of 'lost' is changed, and
 * nobody may write to it.  Under each key comes back what was put last, and of
 * series keys the segments that belong together.  The arenas do not say what
 * was removed, when something expires, what lay in the catalogue itself (values
 * of up to 1,400 bytes and the newest rows of series), nor what of a series is
 * known to be empty: what is missing is fetched again.  Packed values are left
 * out.  'options' are those of the new cache (a warm budget of 0: four times
 * what was found); it and 'report' may be NULL.
 *
 * Returns BC_OK; BC_ABSENT if there are no arenas; BC_EXISTS if there is a
 * cache at 'path'; else as bc_open() and bc_put().  A salvage that fails leaves
 * the part of the new cache that it had made.
 */
BC_API BC_CHECKED enum bc_status
bc_salvage(const char *lost, const char *path, const struct bc_options *options,
           struct bc_salvage_report *report, struct bc_error *err);

enum bc_copy_flags {
	BC_COPY_VERIFY = 1, /* read the copy back and check every byte */
	BC_COPY_FREEZE = 2  /* the copy is frozen */
};

/* Begin with BC_COPY_OPTIONS_INIT. */
struct bc_copy_options {
	size_t struct_size;
	unsigned flags;        /* enum bc_copy_flags */
	bc_progress *progress; /* NULL: none */
	void *context;
};
#define BC_COPY_OPTIONS_INIT BC_SIZE_FIRST(struct bc_copy_options)

struct bc_copy_report {
	uint64_t revision;    /* of the last commit that the copy shows */
	int64_t committed_ns; /* when that was */
	uint64_t entries;
	uint64_t arenas;
	uint64_t bytes;       /* of the arenas, holes included */
	uint64_t lost_arenas; /* that the cache names but does not have */
	uint64_t bad_entries; /* found by BC_COPY_VERIFY */
};

/*
 * Copy a cache to directory 'path', which must not exist or be empty, as it is
 * at one moment.  Readers and writers go on; what they do later is not in the
 * copy.  A file system that can share the blocks of files does.  The copy is
 * whole and on the disk once it has its name; before that it lies beside it,
 * under a name of its own, which the next copy to 'path' removes.
 *
 * It is a cache like the other, with the same id and durability (relaxed, if
 * that is scratch), not frozen unless asked for; counters and access times
 * begin anew.  'options' and 'report' may be NULL.
 *
 * Returns BC_OK; BC_CORRUPT if checking it found damage (the copy stays; what
 * is damaged in the cache is so in the copy); BC_EXISTS if there is something
 * at 'path'; BC_BUSY if another process is copying to it; BC_ABSENT if the
 * directory that it is to lie in is not there; BC_INVALID if that is the cache
 * itself, or for an unknown flag; BC_UNSAFE, BC_DENIED, BC_NOSPACE, BC_NOMEM,
 * BC_IO.
 */
BC_API BC_CHECKED enum bc_status
bc_copy(struct bc_cache *cache, const char *path,
        const struct bc_copy_options *options, struct bc_copy_report *report,
        struct bc_error *err);

#ifdef __cplusplus
}
#endif

#endif /* BARCACHE_H */
