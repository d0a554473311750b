/* SPDX-License-Identifier: MIT */
/*
 * segment.h - the image of a segment: a header, a table of checksums, the
 * column data as readers use it, the dictionaries of text columns.
 *
 *   0             struct bci_segment_header
 *   104           schema in its stored form, then the key, then zeros
 *   ...           XXH3 of each 64 KiB of what follows, u64 each, up to
 *   header_bytes  columns, each from a multiple of its alignment
 *   ...           dictionaries, one a text column
 *
 * A packed segment has the same header; what follows is not columns, but their
 * packed form.
 *
 * An image lies 16 bytes after a multiple of 64 in its file (LMDB puts 16 bytes
 * before a value), so header_bytes is 48 modulo 64, or 4,080 modulo 4,096 where
 * columns begin on pages.  Everything that is not data is zero.
 */
#ifndef BCI_SEGMENT_H
#define BCI_SEGMENT_H

#include "hash.h"
#include "record.h"
#include "schema.h"

#define BCI_SEGMENT_VERSION 1
#define BCI_BLOCK 65536u

/* One pwrite() moves less than 2 GiB; LMDB takes a short one for an error. */
#define BCI_SEGMENT_MAX (1u << 30)

struct bci_segment_header {
	uint8_t magic[4]; /* "BCSG" */
	uint16_t version;
	uint16_t column_count;
	uint64_t cache_id;
	uint32_t arena; /* 0: inline in the catalogue */
	uint32_t header_bytes;
	uint64_t entry_id;
	uint64_t key_hash; /* XXH3 of the key */
	uint64_t revision;
	uint64_t rows;
	int64_t first_ns;
	int64_t last_ns;
	uint64_t data_bytes; /* columns with their padding, or the blob */
	uint64_t text_bytes; /* dictionaries; both as they are stored */
	uint32_t block_count;
	uint8_t codec; /* enum bci_form */
	uint8_t kind;
	uint8_t reserved0[2];
	uint32_t schema_bytes;
	uint16_t key_bytes;
	uint16_t series; /* 1: written as a part of a series */
};
_Static_assert(sizeof(struct bci_segment_header) == 104, "segment header");

/*
 * Rows that lie behind one another in memory, for a value that is put together
 * from several places: for each column of the schema, the time included, where
 * its elements begin.  Codes of text are those of the value's dictionaries.
 */
struct bci_part {
	const void *const *columns;
	uint64_t first, rows; /* elements [first, first + rows) of each */
};

/* What a put wants stored: borrowed from the caller until it is written. */
struct bci_value {
	enum bc_kind kind;
	uint64_t rows;
	const int64_t *time_ns;          /* NULL without a time column */
	const struct bc_column *columns; /* without time; with 'parts' only
	                                    the dictionaries are looked at */
	uint32_t column_count;
	const struct bci_part *parts; /* NULL: the rows are in 'columns' */
	size_t part_count;
	const struct bc_schema *schema; /* NULL for a blob */
	const unsigned char *schema_stored;
	size_t schema_bytes;
	const void *blob;
	uint64_t blob_bytes;
};

/* Who it belongs to. */
struct bci_segment_owner {
	uint64_t cache_id;
	uint64_t entry_id;
	uint64_t revision;
	uint32_t arena;
	const char *key; /* repeated in the image; none if key_bytes is 0 */
	size_t key_bytes;
	uint64_t key_hash;
	bool series; /* it is a part of one */
};

/* Sizes of an image, before it exists. */
struct bci_segment_plan {
	uint64_t data_bytes, text_bytes, header_bytes, bytes;
	uint32_t block_count;
	bool bare; /* without schema and key: for inline segments */
};

/* Work the sizes out.  False if the image would exceed BCI_SEGMENT_MAX. */
bool bci_segment_plan(const struct bci_value *value, size_t key_bytes,
                      bool bare, struct bci_segment_plan *plan);

/*
 * Write the image to 'to' (plan->bytes of it) and fill every field of 'locator'
 * that follows from the content; arena, offset and slot are the caller's.
 */
void bci_segment_write(const struct bci_value *value,
                       const struct bci_segment_owner *owner,
                       const struct bci_segment_plan *plan, unsigned char *to,
                       struct bci_locator *locator, uint8_t digest[16]);

/*
 * Sizes of an image with the same header as 'image', which was checked, and
 * another body: another form of its content, or only another place for it.
 * False if it would exceed BCI_SEGMENT_MAX.
 */
bool bci_segment_replan(const unsigned char *image, enum bci_form form,
                        uint64_t data_bytes, uint64_t text_bytes,
                        struct bci_segment_plan *plan);

/*
 * Write header and table of that image to 'to', where its body is already.
 * 'locator' is that of 'image' and becomes that of the new one; its offset,
 * slot and raw lines are the caller's.
 */
void bci_segment_rewrite(const unsigned char *image, enum bci_form form,
                         const struct bci_segment_plan *plan, uint32_t arena,
                         unsigned char *to, struct bci_locator *locator);

/*
 * Bounds that must hold before a single byte of a segment is touched, and the
 * places at which columns are aligned.  No sum of offset and bytes overflows.
 */
static inline bool
bci_locator_is_sane(const struct bci_locator *locator)
{
	uint32_t shift = locator->arena == 0 ? 0 : BCI_VALUE_SHIFT;

	return locator->header_bytes >= sizeof(struct bci_segment_header) &&
	       locator->header_bytes <= locator->bytes &&
	       locator->bytes <= BCI_SEGMENT_MAX &&
	       (locator->codec == BCI_FORM_RAW ||
	        (locator->codec == BCI_FORM_PACKED && locator->arena != 0 &&
	         bci_locator_is_cold(locator))) &&
	       (BCI_VALUE_SHIFT + locator->header_bytes) % BCI_LINE == 0 &&
	       locator->offset <= INT64_MAX &&
	       locator->offset % BCI_LINE == shift;
}

/*
 * What the catalogue says of a segment, to be compared with its header.  The
 * segments of a series are of kind BC_FRAME and have no revision in common.
 */
struct bci_segment_claim {
	enum bc_kind kind;
	const uint64_t *revision; /* NULL: not compared */
	const char *key;
	size_t key_bytes;
	uint64_t key_hash;              /* bci_hash64() of it; 0: not known */
	const struct bc_schema *schema; /* NULL for a blob */
};

/*
 * The cheap check of every read, whatever was checked before: the image at
 * 'image' is the one that the catalogue means.  A locator with a bit flipped
 * may lead to a segment that was checked, but is another's, or has other rows;
 * and a whole record may be found under a key that is not its own, or say
 * another kind or schema.  The claim's schema is compared by its size alone.
 */
static inline bool
bci_segment_agrees(const unsigned char *image,
                   const struct bci_locator *locator, uint64_t entry_id,
                   const struct bci_segment_claim *claim)
{
	const struct bc_schema *schema = claim->schema;
	uint64_t key_hash = claim->key_hash;
	struct bci_segment_header header;

	if (key_hash == 0)
		key_hash = bci_hash64(claim->key, claim->key_bytes);

	memcpy(&header, image, sizeof(header));
	return header.entry_id == entry_id && header.arena == locator->arena &&
	       header.key_hash == key_hash && header.kind == claim->kind &&
	       (claim->revision == NULL ||
	        header.revision == *claim->revision) &&
	       header.column_count ==
	               (schema == NULL ? 0 : schema->column_count) &&
	       (schema == NULL || header.codec != BCI_FORM_RAW ||
	        header.data_bytes == bci_layout_bytes(schema, header.rows)) &&
	       header.header_bytes == locator->header_bytes &&
	       header.rows == locator->rows &&
	       header.first_ns == locator->first_ns &&
	       header.last_ns == locator->last_ns &&
	       header.codec == locator->codec &&
	       header.header_bytes + header.data_bytes + header.text_bytes ==
	               locator->bytes;
}

/*
 * The check before the first read: it is a segment of this cache, arena and
 * entry.  locator->bytes of it are mapped.
 */
bool bci_segment_is(const unsigned char *image,
                    const struct bci_locator *locator, uint64_t cache_id,
                    uint64_t entry_id);

/*
 * The full check of a header against its locator and schema (NULL for a blob):
 * checksum, sizes, counts.  NULL if all is well, else what is wrong.
 */
const char *bci_segment_check(const unsigned char *image,
                              const struct bci_locator *locator,
                              const struct bc_schema *schema);

/*
 * Compare: records of the catalogue have no checksum of their own, so a bit
 * that flipped in a key, a kind or a schema shows only here.  The header was
 * checked.  NULL if they agree, else what differs.
 */
const char *bci_segment_check_claim(const unsigned char *image,
                                    const struct bci_segment_claim *claim);

/* Blocks that a segment of these sizes has. */
static inline uint32_t
bci_segment_blocks(const struct bci_locator *locator)
{
	return (locator->bytes - locator->header_bytes + BCI_BLOCK - 1) /
	       BCI_BLOCK;
}

/* Whether block 'index' matches the table of a header already checked. */
bool bci_segment_check_block(const unsigned char *image,
                             const struct bci_locator *locator, uint32_t index);

/* The bytes of a segment's dictionaries, whose header was checked. */
uint64_t bci_segment_text_bytes(const unsigned char *image);

/*
 * Dictionary 'column', counted over the text columns, as it is stored in
 * 'area', which is what follows the columns.  NULL if the area is damaged.
 */
const unsigned char *bci_segment_dictionary(const unsigned char *area,
                                            uint64_t area_bytes,
                                            uint32_t column, uint64_t *bytes);

/*
 * Text of a dictionary: 'area' is what follows the columns.  'column' counts
 * the text columns before it.  NULL if there is no such code or the area is
 * damaged.  *count gets the size of the dictionary.
 */
const char *bci_segment_text(const unsigned char *area, uint64_t area_bytes,
                             uint32_t column, uint32_t code, size_t *bytes,
                             uint32_t *count);

#endif /* BCI_SEGMENT_H */
