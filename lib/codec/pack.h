/* SPDX-License-Identifier: MIT */
/*
 * pack.h - columns of a segment in their packed form, and back.
 *
 * Pure: bytes in, bytes out; memory only from the caller.  The form is that of
 * doc/format-packed.md: groups of columns (the four prices of bars are one),
 * each cut into chunks with a checksum, so that any range of rows of any
 * columns can be read without the rest.
 *
 *   bytes = bci_pack_bound(columns, count, rows)
 *   bci_pack_encode(...)              columns -> bytes
 *   bci_pack_open(bytes)              checks header, plan and index
 *   bci_pack_decode(pack, rows, ...)  checks chunks, writes columns
 *
 * Whoever drops the values after packing them calls bci_pack_compare() first.
 */
#ifndef BCI_PACK_H
#define BCI_PACK_H

#include "kernel.h"

/* The most that a segment holds unpacked. */
#define BCI_PACK_RAW_MAX (UINT64_C(1) << 30)

/* How a group of columns is stored. */
enum bci_codec {
	BCI_CODEC_RAW = 0,
	BCI_CODEC_DEC = 1,  /* integers or decimals, at least some blocks */
	BCI_CODEC_F32 = 2,  /* images of floats */
	BCI_CODEC_BITS = 3, /* images of doubles */
	BCI_CODEC_LZ4 = 4,
	BCI_CODEC_AUTO = 5 /* not stored: the smallest of all */
};
#define BCI_CODECS 5

/* What a column is to others of its set. */
enum bci_pack_role {
	BCI_PACK_ROLE_NONE = 0,
	BCI_PACK_ROLE_TIME,
	BCI_PACK_ROLE_OPEN,
	BCI_PACK_ROLE_HIGH,
	BCI_PACK_ROLE_LOW,
	BCI_PACK_ROLE_CLOSE
};

struct bci_pack_column {
	enum bc_type type;
	enum bci_pack_role role;
	unsigned set;         /* bars whose columns belong together */
	enum bci_codec codec; /* AUTO, or the only one to try beside raw */
	const void *values;   /* aligned for the type */
};

struct bci_pack_options {
	int level;       /* of LZ4: FAST, 3 to 12; 0: the default */
	unsigned saving; /* share that packing has to save, in 1/1000 */
	const struct bci_kernel *kernel; /* NULL: the best */
};
#define BCI_PACK_SAVING_DEFAULT 125
#define BCI_PACK_LEVEL_FAST 1

/*
 * Roles of columns from their names: "open", "high", "low" and "close" with
 * the same letters before and behind them ("bid_open", ...) and the time.
 */
void bci_pack_roles(const struct bc_schema *schema,
                    struct bci_pack_column *columns);

/* Room for the packed form of any values, and for working on it. */
uint64_t bci_pack_bound(const struct bci_pack_column *columns, uint32_t count,
                        uint64_t rows);
size_t bci_pack_encode_work(void);
size_t bci_pack_decode_work(void);

/*
 * Pack 'rows' rows to 'out' ('room' bytes); *bytes is what they take, or 0 if
 * that does not save the share asked for.  Equal values give equal bytes on
 * every processor (but for LZ4, where another release may choose others).
 * 'work' has bci_pack_encode_work() bytes.  Returns BC_OK; BC_INVALID if a
 * column's type or codec is none, or two have the time's role; BC_TOO_LARGE
 * if the values have more than BCI_PACK_RAW_MAX bytes or 'room' is less than
 * bci_pack_bound().
 */
enum bc_status bci_pack_encode(const struct bci_pack_options *options,
                               const struct bci_pack_column *columns,
                               uint32_t count, uint64_t rows, void *work,
                               unsigned char *out, uint64_t room,
                               uint64_t *bytes, struct bc_error *err);

/* A packed segment whose header, plan and index were checked. */
struct bci_pack {
	const unsigned char *bytes;
	uint64_t length;
	uint64_t head; /* bytes before the first chunk */
	uint64_t rows;
	uint32_t columns;
	uint32_t groups;
	bool verify; /* compare checksums of chunks: set by open */
	const struct bci_kernel *kernel;
	/* A copy of the groups' plans; nothing is behind the last one. */
	unsigned char plan[BC_COLUMNS_MAX * BCI_PACK_PLAN];
};

/*
 * Check the packed form of 'length' bytes, which stay where they are as long
 * as *out is used.  Should they change meanwhile, other values come of them or
 * BC_CORRUPT, in the same types and columns.  Returns BC_OK; BC_FORMAT if it is
 * none or of another version; BC_CORRUPT if it is damaged.
 */
enum bc_status bci_pack_open(const void *bytes, uint64_t length,
                             struct bci_pack *out, struct bc_error *err);

/* Of a column: its type, group, and what the group is. */
struct bci_pack_place {
	enum bc_type type;
	enum bci_codec codec;
	enum bci_pack_role role; /* TIME, OPEN, ...; NONE by itself */
	uint32_t group;
};
enum bc_status bci_pack_find(const struct bci_pack *pack, uint32_t column,
                             struct bci_pack_place *out);

/*
 * Decode rows [first, first + count).  out[i] is where the first of them goes
 * in column i, aligned for its type, or NULL if it is not wanted; nothing
 * beyond the rows is written.  'work' has bci_pack_decode_work() bytes.
 * Returns BC_OK; BC_INVALID if there are not so many rows; BC_CORRUPT, and
 * then what was written is not to be used.
 */
enum bc_status bci_pack_decode(const struct bci_pack *pack, uint64_t first,
                               uint64_t count, void *const *out, void *work,
                               struct bc_error *err);

/*
 * Decode everything and compare it with the columns it was made of, whose rows
 * are as many.  'work' has bci_pack_compare_work() bytes.  Returns BC_OK if
 * every bit is the same, else BC_CORRUPT.
 */
size_t bci_pack_compare_work(void);
enum bc_status bci_pack_compare(const struct bci_pack *pack,
                                const struct bci_pack_column *columns,
                                uint32_t count, void *work,
                                struct bc_error *err);

/* The first time of each block of BCI_PACK_ROWS rows; see the time column. */
enum bc_status bci_pack_block_time(const struct bci_pack *pack, uint64_t block,
                                   int64_t *time_ns);

/* What a group takes; bci_pack_share() leaves out what is behind 'chunks'. */
struct bci_pack_stats {
	enum bci_codec codec;
	enum bc_type type;
	uint32_t columns;
	uint64_t raw_bytes, packed_bytes; /* chunks with their index */
	uint64_t chunks;
	uint64_t maps[BCI_MAP_BITS + 1]; /* blocks by enum bci_pack_map */
	uint64_t patches, layers, exceptions;
};
enum bc_status bci_pack_share(const struct bci_pack *pack, uint32_t group,
                              struct bci_pack_stats *out);
enum bc_status bci_pack_measure(const struct bci_pack *pack, uint32_t group,
                                struct bci_pack_stats *out);

#endif /* BCI_PACK_H */
