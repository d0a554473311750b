/* SPDX-License-Identifier: MIT */
/*
 * packing.h - the body of a packed segment: what a raw one becomes, and back.
 *
 *   struct bci_packing_head
 *   the columns (or a blob, as one column of bytes) in the form of pack.h
 *   zeros to a multiple of 8
 *   the dictionaries: as they are in a raw body, or as one column of bytes
 *
 * Memory in, memory out: no transaction, no lock.
 */
#ifndef BCI_PACKING_H
#define BCI_PACKING_H

#include "pack.h"
#include "segment.h"

struct bci_packing_head {
	uint8_t version;     /* 1 */
	uint8_t text_packed; /* 1: so are the dictionaries */
	uint8_t reserved[6];
	uint64_t pack_bytes; /* of the columns' packed form, without padding */
	uint64_t data_bytes; /* unpacked: columns with padding, or the blob */
	uint64_t text_bytes; /* unpacked */
};
_Static_assert(sizeof(struct bci_packing_head) == 32, "packing head");
#define BCI_PACKING_VERSION 1

/* ---- making one -------------------------------------------------------- */

struct bci_packing {
	const struct bc_allocator *allocator;
	unsigned char *body; /* NULL: it would not save enough */
	uint64_t data_bytes, text_bytes;
	struct bci_segment_plan plan;
	uint32_t raw_lines; /* that the image takes */
};

/*
 * Pack the body of a raw image, whose blocks were checked; schema is NULL for a
 * blob.  What was packed is decoded and compared before this returns.  BC_OK;
 * BC_NOMEM; BC_CORRUPT if the header makes no sense.
 */
enum bc_status bci_packing_make(const struct bc_allocator *allocator,
                                const unsigned char *image,
                                const struct bci_locator *locator,
                                const struct bc_schema *schema,
                                struct bci_packing *out, struct bc_error *err);
void bci_packing_free(struct bci_packing *packing);

/*
 * Write the image to 'to', packing->plan.bytes of it.  'locator' is that of
 * 'image' and becomes that of the new one; see bci_segment_rewrite().
 */
void bci_packing_write(const struct bci_packing *packing,
                       const unsigned char *image, uint32_t arena,
                       unsigned char *to, struct bci_locator *locator);

/* ---- reading one ------------------------------------------------------- */

struct bci_packed {
	struct bci_pack pack; /* the columns, or a blob */
	const struct bc_schema *schema;
	uint64_t rows;
	const unsigned char *text; /* as stored */
	uint64_t text_stored;
	struct bci_pack text_pack; /* if they are packed */
	bool text_packed;
	uint64_t data_bytes, text_bytes; /* unpacked */
};

/*
 * Look at a packed image whose header was checked (bci_segment_check()); what
 * it says of its size is held against what the catalogue does.  NULL if all is
 * well, else what is wrong.
 */
const char *bci_packed_open(const unsigned char *image,
                            const struct bci_locator *locator,
                            const struct bc_schema *schema,
                            struct bci_packed *out);

/* Do without the checksums of the packed form: all blocks were checked. */
static inline void
bci_packed_trust(struct bci_packed *packed)
{
	packed->pack.verify = packed->text_pack.verify = false;
}

/* Bytes of the raw body. */
static inline uint64_t
bci_packed_body_bytes(const struct bci_packed *packed)
{
	return packed->data_bytes + packed->text_bytes;
}

/*
 * Decode everything: 'to' gets the raw body, padding included.  'work' has
 * bci_pack_decode_work() bytes.  False if it is damaged.
 */
bool bci_packed_decode(const struct bci_packed *packed, void *work,
                       unsigned char *to);

/*
 * Decode rows [first, first + count) of the columns of 'shown' to row 'at' of a
 * layout of 'layout_rows' rows at 'to'.
 */
bool bci_packed_decode_rows(const struct bci_packed *packed,
                            const struct bc_schema *shown, uint64_t first,
                            uint64_t count, void *work, unsigned char *to,
                            uint64_t layout_rows, uint64_t at);

/* The dictionaries alone, packed->text_bytes of them. */
bool bci_packed_decode_text(const struct bci_packed *packed, void *work,
                            unsigned char *to);

#endif /* BCI_PACKING_H */
