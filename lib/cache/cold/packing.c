/* SPDX-License-Identifier: MIT */
/*
 * packing.c - from a raw body to its packed form and back.
 *
 * A blob is a column of bytes to the codec, and so are dictionaries: they get
 * LZ4 where it pays, chunk by chunk, with checksums, by the code that columns
 * have.  Blobs are large and may be anything, and a put may wait for them: so
 * a few pieces are tried first, and all of it only if these pack well, both
 * with the fast compressor.  What comes out of the codec is compared with what
 * went in before anybody may rely on it: the raw bytes are given up for it.
 */
#include "common.h"

#include "alloc.h"
#include "error.h"
#include "packing.h"
#include "schema.h"

/*
 * What packing has to save, in 1/1000: less is not worth decoding.  Blobs are
 * decoded as a whole, so they have to save more.
 */
#define PACKING_SAVING 100
#define PACKING_SAVING_BLOB 250

/* Pieces of a blob that are tried first, where it has so many more. */
#define PACKING_PIECE BCI_BLOCK
#define PACKING_PIECES 4
#define PACKING_PIECES_MIN 16

/* ---- making one -------------------------------------------------------- */

struct packing_work {
	struct bci_packing *out;
	struct bci_pack_column columns[BC_COLUMNS_MAX];
	uint32_t count;
	uint64_t rows;
	struct bci_pack_options options;
	void *encode, *compare;
};

static unsigned
packing_saving(const struct bc_schema *schema)
{
	return schema == NULL ? PACKING_SAVING_BLOB : PACKING_SAVING;
}

/* 'bytes' bytes, as a column of its own. */
static void
packing_bytes(struct packing_work *work, const unsigned char *values,
              uint64_t bytes, int level)
{
	work->count = 1;
	work->rows = bytes;
	work->columns[0] = (struct bci_pack_column){
		.type = BC_U8,
		.codec = BCI_CODEC_LZ4,
		.values = values,
	};
	work->options.level = level;
}

/* Name the columns of a raw body to the codec. */
static void
packing_columns(struct packing_work *work, const unsigned char *body,
                const struct bci_locator *locator,
                const struct bc_schema *schema, uint64_t data_bytes)
{
	memset(work->columns, 0, sizeof(work->columns));
	work->options = (struct bci_pack_options){
		.saving = packing_saving(schema),
	};
	if (schema == NULL) {
		packing_bytes(work, body, data_bytes, BCI_PACK_LEVEL_FAST);
		return;
	}
	work->count = schema->column_count;
	work->rows = locator->rows;
	bci_pack_roles(schema, work->columns);
	for (uint32_t i = 0; i < work->count; i++) {
		const struct bc_schema_column *column = &schema->columns[i];

		work->columns[i].type = column->type;
		work->columns[i].codec = BCI_CODEC_AUTO;
		work->columns[i].values =
			body + bci_layout_offset(column->wide, column->medium,
		                                 column->narrow, locator->rows);
	}
}

/* Pack columns to 'to' and compare; *bytes is 0 if that does not pay. */
static enum bc_status
packing_encode(struct packing_work *work, unsigned char *to, uint64_t room,
               uint64_t *bytes, struct bc_error *err)
{
	struct bci_pack pack;
	enum bc_status status;

	*bytes = 0;
	if (work->rows == 0 || work->count == 0)
		return BC_OK;
	status =
		bci_pack_encode(&work->options, work->columns, work->count,
	                        work->rows, work->encode, to, room, bytes, err);
	if (status != BC_OK || *bytes == 0)
		return status;
	status = bci_pack_open(to, *bytes, &pack, err);
	if (status == BC_OK)
		status = bci_pack_compare(&pack, work->columns, work->count,
		                          work->compare, err);
	return status;
}

/* Whether a large blob packs as well in some pieces as it should as a whole. */
static bool
packing_promises(const struct packing_work *work, unsigned char *to,
                 uint64_t room)
{
	struct bci_pack_column piece = work->columns[0];
	const unsigned char *values = piece.values;
	const uint64_t stride = work->rows / PACKING_PIECES;
	uint64_t bytes, total = 0;

	if (piece.codec != BCI_CODEC_LZ4 ||
	    work->rows < PACKING_PIECES_MIN * PACKING_PIECE)
		return true;
	for (uint64_t at = 0; at + stride <= work->rows; at += stride) {
		piece.values = values + at;
		if (bci_pack_encode(&work->options, &piece, 1, PACKING_PIECE,
		                    work->encode, to, room, &bytes,
		                    NULL) != BC_OK)
			return false;
		total += bytes != 0 ? bytes : PACKING_PIECE;
	}
	return total * 1000 <= PACKING_PIECES * PACKING_PIECE *
	                               (1000ull - work->options.saving);
}

/* The dictionaries: packed if that pays, else as they are. */
static enum bc_status
packing_text(struct packing_work *work, const unsigned char *text,
             uint64_t bytes, unsigned char *to, uint64_t room, bool *packed,
             struct bc_error *err)
{
	struct bci_packing *out = work->out;
	enum bc_status status;

	packing_bytes(work, text, bytes, 0);
	status = packing_encode(work, to, room, &out->text_bytes, err);
	*packed = out->text_bytes != 0;
	if (status != BC_OK || *packed)
		return status;
	out->text_bytes = bytes;
	memcpy(to, text, bytes);
	return BC_OK;
}

/* The most that one column of 'bytes' bytes takes. */
static uint64_t
packing_text_room(uint64_t bytes)
{
	const struct bci_pack_column column = { .type = BC_U8,
		                                .codec = BCI_CODEC_LZ4 };

	return bci_max(bytes, bci_pack_bound(&column, 1, bytes));
}

/* Pack data and dictionaries into out->body. */
static enum bc_status
packing_body(struct packing_work *work, const unsigned char *body,
             const struct bci_segment_header *header, struct bc_error *err)
{
	struct bci_packing *out = work->out;
	const uint64_t text = header->text_bytes;
	struct bci_packing_head head = { .version = BCI_PACKING_VERSION,
		                         .data_bytes = header->data_bytes,
		                         .text_bytes = text };
	uint64_t room = bci_pack_bound(work->columns, work->count, work->rows);
	bool text_packed = false;
	enum bc_status status;
	unsigned char *at;

	out->body =
		bci_alloc(out->allocator, 1,
	                  sizeof(head) + room + 8 + packing_text_room(text));
	if (out->body == NULL)
		return bci_fail(err, BC_NOMEM, "no memory to pack");
	at = out->body + sizeof(head);
	if (!packing_promises(work, at, room))
		return BC_OK;
	status = packing_encode(work, at, room, &head.pack_bytes, err);
	if (status != BC_OK || head.pack_bytes == 0)
		return status;
	at += head.pack_bytes;
	while ((at - out->body) % 8 != 0)
		*at++ = 0;
	out->data_bytes = (uint64_t)(at - out->body);
	if (text != 0)
		status = packing_text(work, body + header->data_bytes, text, at,
		                      packing_text_room(text), &text_packed,
		                      err);
	head.text_packed = text_packed;
	memcpy(out->body, &head, sizeof(head));
	return status;
}

/* Whether the packed image is so much shorter than the raw one. */
static bool
packing_pays(const struct bci_packing *packing,
             const struct bci_locator *locator, const struct bc_schema *schema)
{
	return packing->plan.bytes * 1000ull <=
	       locator->bytes * (1000ull - packing_saving(schema));
}

enum bc_status
bci_packing_make(const struct bc_allocator *allocator,
                 const unsigned char *image, const struct bci_locator *locator,
                 const struct bc_schema *schema, struct bci_packing *out,
                 struct bc_error *err)
{
	struct bci_segment_header header;
	struct packing_work *work;
	enum bc_status status = BC_NOMEM;

	memcpy(&header, image, sizeof(header));
	*out = (struct bci_packing){
		.allocator = allocator,
		.raw_lines = (locator->bytes + BCI_LINE - 1) / BCI_LINE,
	};
	/* The locator has 24 bits for the lines. */
	if (out->raw_lines >> 24 != 0)
		return BC_OK;
	work = bci_alloc(allocator, 1, sizeof(*work));
	if (work == NULL)
		return bci_fail(err, status, "no memory to pack");
	work->out = out;
	work->encode = bci_alloc(allocator, 1, bci_pack_encode_work());
	work->compare = bci_alloc(allocator, 1, bci_pack_compare_work());
	packing_columns(work, image + locator->header_bytes, locator, schema,
	                header.data_bytes);
	if (work->encode != NULL && work->compare != NULL)
		status = packing_body(work, image + locator->header_bytes,
		                      &header, err);
	else
		(void)bci_fail(err, status, "no memory to pack");
	bci_free(allocator, work->encode);
	bci_free(allocator, work->compare);
	bci_free(allocator, work);
	if (status != BC_OK || out->data_bytes == 0 ||
	    !bci_segment_replan(image, BCI_FORM_PACKED, out->data_bytes,
	                        out->text_bytes, &out->plan) ||
	    !packing_pays(out, locator, schema))
		bci_packing_free(out);
	return status;
}

void
bci_packing_free(struct bci_packing *packing)
{
	bci_free(packing->allocator, packing->body);
	packing->body = NULL;
}

void
bci_packing_write(const struct bci_packing *packing, const unsigned char *image,
                  uint32_t arena, unsigned char *to,
                  struct bci_locator *locator)
{
	memcpy(to + packing->plan.header_bytes, packing->body,
	       packing->data_bytes + packing->text_bytes);
	bci_segment_rewrite(image, BCI_FORM_PACKED, &packing->plan, arena, to,
	                    locator);
	bci_locator_set_raw_lines(locator, packing->raw_lines);
}

/* ---- reading one ------------------------------------------------------- */

/* Whether the codec has the columns that the schema says. */
static bool
packed_fits(const struct bci_packed *packed)
{
	const struct bc_schema *schema = packed->schema;
	struct bci_pack_place place;

	if (schema == NULL)
		return packed->pack.columns == 1 &&
		       packed->pack.rows == packed->data_bytes &&
		       bci_pack_find(&packed->pack, 0, &place) == BC_OK &&
		       place.type == BC_U8;
	if (packed->pack.columns != schema->column_count ||
	    packed->pack.rows != packed->rows ||
	    packed->data_bytes != bci_layout_bytes(schema, packed->rows))
		return false;
	for (uint32_t i = 0; i < schema->column_count; i++) {
		if (bci_pack_find(&packed->pack, i, &place) != BC_OK ||
		    place.type != schema->columns[i].type)
			return false;
	}
	return true;
}

/* The same of the dictionaries. */
static bool
packed_text_fits(struct bci_packed *packed)
{
	struct bci_pack_place place;

	if (!packed->text_packed)
		return packed->text_stored == packed->text_bytes;
	return bci_pack_open(packed->text, packed->text_stored,
	                     &packed->text_pack, NULL) == BC_OK &&
	       packed->text_pack.columns == 1 &&
	       packed->text_pack.rows == packed->text_bytes &&
	       bci_pack_find(&packed->text_pack, 0, &place) == BC_OK &&
	       place.type == BC_U8;
}

const char *
bci_packed_open(const unsigned char *image, const struct bci_locator *locator,
                const struct bc_schema *schema, struct bci_packed *out)
{
	const unsigned char *body = image + locator->header_bytes;
	struct bci_segment_header header;
	struct bci_packing_head head;

	memcpy(&header, image, sizeof(header));
	if (header.data_bytes < sizeof(head) ||
	    !bci_within(header.data_bytes, header.text_bytes,
	                locator->bytes - locator->header_bytes))
		return "sizes of what is packed";
	memcpy(&head, body, sizeof(head));
	if (head.version != BCI_PACKING_VERSION || head.text_packed > 1 ||
	    head.pack_bytes > header.data_bytes - sizeof(head) ||
	    head.data_bytes > BCI_SEGMENT_MAX ||
	    head.text_bytes > BCI_SEGMENT_MAX ||
	    head.data_bytes + head.text_bytes > bci_locator_raw_bytes(locator))
		return "head of what is packed";
	/* Not zeroed as a whole: it has room for plans of any size. */
	out->schema = schema;
	out->rows = locator->rows;
	out->text = body + header.data_bytes;
	out->text_stored = header.text_bytes;
	out->text_packed = head.text_packed;
	out->data_bytes = head.data_bytes;
	out->text_bytes = head.text_bytes;
	if (bci_pack_open(body + sizeof(head), head.pack_bytes, &out->pack,
	                  NULL) != BC_OK)
		return "what is packed";
	if (!packed_fits(out) || !packed_text_fits(out))
		return "packed columns and catalogue differ";
	return NULL;
}

bool
bci_packed_decode_rows(const struct bci_packed *packed,
                       const struct bc_schema *shown, uint64_t first,
                       uint64_t count, void *work, unsigned char *to,
                       uint64_t layout_rows, uint64_t at)
{
	void *out[BC_COLUMNS_MAX];
	const struct bc_schema *whole = packed->schema;

	if (count == 0)
		return true;
	for (uint32_t i = 0, next = 0; i < whole->column_count; i++) {
		const struct bc_schema_column *column = &whole->columns[i];

		out[i] = NULL;
		/* Those shown come in the same order, each at its place. */
		if (next == shown->column_count ||
		    shown->columns[next].wide != column->wide ||
		    shown->columns[next].medium != column->medium ||
		    shown->columns[next].narrow != column->narrow)
			continue;
		next++;
		out[i] = to +
		         bci_layout_offset(column->wide, column->medium,
		                           column->narrow, layout_rows) +
		         at * column->bytes;
	}
	return bci_pack_decode(&packed->pack, first, count, out, work, NULL) ==
	       BC_OK;
}

bool
bci_packed_decode_text(const struct bci_packed *packed, void *work,
                       unsigned char *to)
{
	void *const out[1] = { to };

	if (packed->text_packed)
		return bci_pack_decode(&packed->text_pack, 0,
		                       packed->text_bytes, out, work,
		                       NULL) == BC_OK;
	if (packed->text_bytes != 0)
		memcpy(to, packed->text, packed->text_bytes);
	return true;
}

/* Zeros between the columns: a raw body has no byte without a value. */
static void
packed_pad(const struct bci_packed *packed, unsigned char *to)
{
	const struct bc_schema *schema = packed->schema;
	uint64_t unit = bci_layout_alignment(packed->rows);

	for (uint32_t i = 0; i < schema->column_count; i++) {
		const struct bc_schema_column *column = &schema->columns[i];
		uint64_t bytes = packed->rows * column->bytes;

		memset(to +
		               bci_layout_offset(column->wide, column->medium,
		                                 column->narrow, packed->rows) +
		               bytes,
		       0, bci_round_up(bytes, unit) - bytes);
	}
}

bool
bci_packed_decode(const struct bci_packed *packed, void *work,
                  unsigned char *to)
{
	void *const out[1] = { to };

	if (packed->schema == NULL) {
		if (bci_pack_decode(&packed->pack, 0, packed->data_bytes, out,
		                    work, NULL) != BC_OK)
			return false;
	} else {
		packed_pad(packed, to);
		if (!bci_packed_decode_rows(packed, packed->schema, 0,
		                            packed->rows, work, to,
		                            packed->rows, 0))
			return false;
	}
	return bci_packed_decode_text(packed, work, to + packed->data_bytes);
}
