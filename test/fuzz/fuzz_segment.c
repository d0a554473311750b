/* SPDX-License-Identifier: MIT */
/*
 * fuzz_segment.c - images of segments, raw and packed, that were changed: as an
 * arena has them, their locators and schemas as the catalogue does.
 *
 * The first byte of an input says which value it begins with, the second which
 * checksums are set right again, so that what lies behind them is looked at.
 * Then come changes.  What a reader does is done in its order: nothing of a
 * segment is touched before the check that allows it.
 */
#include "edit.h"
#include "reach.h"

#include "image.h"
#include "../pack/sign.h"

#include "alloc.h"
#include "hash.h"
#include "packing.h"
#include "relic.h"

#define TEMPLATES 6
#define KEY "a/b/c/1m"

/* Larger ones are only looked at, so that inputs stay quick. */
#define DECODED_MAX (1u << 22)

enum repair {
	REPAIR_BLOCKS = 1,
	REPAIR_HEADER = 2,
	REPAIR_PACK = 4,
	REPAIR_COUNTS = 8, /* what header and locator both say */
	REPAIR_TRUST = 16  /* packed chunks are read without their checksums */
};

/* A value as it is stored. */
struct stored {
	struct bci_locator locator;
	unsigned char *image; /* locator.bytes */
	unsigned char *schema;
	size_t schema_bytes; /* 0: a blob */
};

static struct stored templates[TEMPLATES];

/* ---- what inputs begin with -------------------------------------------- */

static void *
copy_of(const void *from, size_t bytes)
{
	void *copy = malloc(bytes + 1);

	CHECK(copy != NULL);
	memcpy(copy, from, bytes);
	return copy;
}

/* Keep an image, and its packed form in the template behind it. */
static void
keep(struct image *image, struct stored *raw, struct stored *packed)
{
	struct bci_packing packing;

	raw->locator = image->locator;
	raw->locator.offset = BCI_VALUE_SHIFT;
	raw->image = copy_of(image->bytes, image->plan.bytes);
	raw->schema_bytes = image->value.schema_bytes;
	raw->schema = copy_of(image->stored, raw->schema_bytes);
	*packed = *raw;
	CHECK(bci_packing_make(&bci_allocator_default, image->bytes,
	                       &raw->locator, image->schema, &packing,
	                       NULL) == BC_OK);
	CHECK(packing.body != NULL);
	packed->image = malloc(packing.plan.bytes);
	CHECK(packed->image != NULL);
	bci_packing_write(&packing, image->bytes, 3, packed->image,
	                  &packed->locator);
	packed->locator.offset = BCI_VALUE_SHIFT;
	bci_packing_free(&packing);
	image_free(image);
}

/* A frame with a column of every type. */
static void
make_frame(struct image *image)
{
	enum { ROWS = 1500 };
	static const char *const words[] = { "buy", "sell", "a longer word" };
	static int64_t time[ROWS], count[ROWS];
	static double price[ROWS];
	static float ratio[ROWS];
	static int32_t size[ROWS];
	static uint8_t flags[ROWS];
	static uint32_t side[ROWS];
	const struct bc_column columns[] = {
		{ "close", BC_F64, price, NULL, 0 },
		{ "count", BC_I64, count, NULL, 0 },
		{ "ratio", BC_F32, ratio, NULL, 0 },
		{ "size", BC_I32, size, NULL, 0 },
		{ "flags", BC_U8, flags, NULL, 0 },
		{ "side", BC_TEXT, side, words, 3 },
	};
	const struct bc_frame frame = { ROWS, time, columns, 6 };

	for (int i = 0; i < ROWS; i++) {
		time[i] = INT64_C(60000000000) * i;
		count[i] = i * 7 % 100;
		price[i] = (double)(10000 + i % 50) / 100;
		ratio[i] = (float)(i % 9);
		size[i] = i % 5;
		flags[i] = (uint8_t)(i % 3);
		side[i] = (uint32_t)(i % 3);
	}
	image_frame(image, KEY, &frame);
}

/* Bars alone, and bytes. */
static void
make_templates(void)
{
	static unsigned char blob[70000];
	struct test_value value;
	struct image image;

	if (templates[0].image != NULL)
		return;
	make_frame(&image);
	keep(&image, &templates[0], &templates[1]);
	test_value_frame(&value, KEY, 1, 5, 300);
	image_frame(&image, KEY, &value.frame);
	keep(&image, &templates[2], &templates[3]);
	test_value_free(&value);
	for (size_t i = 0; i < sizeof(blob); i++)
		blob[i] = (unsigned char)(i % 251 * (i / 4096 % 2));
	image_blob(&image, KEY, blob, sizeof(blob));
	keep(&image, &templates[4], &templates[5]);
}

/* ---- changes ----------------------------------------------------------- */

/* Set right again what 'repair' says, as far as places can be made out. */
static void
repair(struct stored *stored, unsigned how)
{
	struct bci_locator *locator = &stored->locator;
	struct bci_segment_header header;
	unsigned char *body = stored->image + locator->header_bytes;
	size_t rest = locator->bytes - locator->header_bytes;
	struct bci_packing_head head;
	uint64_t sum;

	memcpy(&header, stored->image, sizeof(header));
	if (how & REPAIR_COUNTS) {
		header.rows = locator->rows;
		header.first_ns = locator->first_ns;
		header.last_ns = locator->last_ns;
		header.codec = locator->codec;
		header.block_count = bci_segment_blocks(locator);
		memcpy(stored->image, &header, sizeof(header));
	}
	if (how & REPAIR_PACK && rest >= sizeof(head)) {
		memcpy(&head, body, sizeof(head));
		if (head.pack_bytes <= rest - sizeof(head) &&
		    head.pack_bytes >= BCI_PACK_HEADER)
			sign_pack(body + sizeof(head), head.pack_bytes);
		if (header.data_bytes < rest &&
		    rest - header.data_bytes >= BCI_PACK_HEADER)
			sign_pack(body + header.data_bytes,
			          rest - header.data_bytes);
	}
	if (how & REPAIR_BLOCKS) {
		size_t count = bci_segment_blocks(locator);
		size_t begin = locator->header_bytes - 8 * count;

		if (8 * count > locator->header_bytes)
			return;
		for (size_t i = 0; i < count; i++) {
			sum = bci_hash64(
				body + i * BCI_BLOCK,
				bci_min(BCI_BLOCK, rest - i * BCI_BLOCK));
			memcpy(stored->image + begin + 8 * i, &sum, 8);
		}
	}
	if (how & REPAIR_HEADER)
		locator->checksum =
			bci_hash64(stored->image, locator->header_bytes);
}

/* Changes to one of the parts after the other. */
static void
change(struct stored *stored, struct edits *edits, size_t bytes)
{
	struct bci_locator *locator = &stored->locator;
	const size_t head = locator->header_bytes;

	while (edits_left(edits)) {
		switch (edits_number(edits, 1) % 5) {
		case 0:
			edits_change(edits, (unsigned char *)locator,
			             sizeof(*locator));
			break;
		case 1:
			edits_change(edits, stored->image,
			             sizeof(struct bci_segment_header));
			break;
		case 2:
			edits_change(edits, stored->image + head,
			             bci_min(256, bytes - head));
			break;
		case 3:
			edits_change(edits, stored->schema,
			             stored->schema_bytes);
			break;
		default:
			edits_change(edits, stored->image, bytes);
			break;
		}
	}
}

/* ---- readers ----------------------------------------------------------- */

/* Every text that codes of column 'index' can name. */
static void
read_texts(const unsigned char *area, uint64_t bytes, uint32_t index)
{
	uint32_t count = 0, listed = 1;
	uint64_t dictionary_bytes;
	const char *text;
	size_t length;

	(void)bci_segment_dictionary(area, bytes, index, &dictionary_bytes);
	for (uint32_t code = 0; code < bci_min(listed, 1000); code++) {
		text = bci_segment_text(area, bytes, index, code, &length,
		                        &count);
		if (text == NULL)
			continue;
		CHECK(code < count);
		listed = count;
		CHECK(bci_hash64(text, length) != 0 || length != 0);
	}
	CHECK(bci_segment_text(area, bytes, index, UINT32_MAX, &length,
	                       &count) == NULL ||
	      count == UINT32_MAX);
}

/* A raw body: every column and its texts. */
static void
read_body(const unsigned char *data, uint64_t data_bytes,
          const unsigned char *text, uint64_t text_bytes, uint64_t rows,
          const struct bc_schema *schema)
{
	uint32_t texts = 0;

	if (schema == NULL) {
		(void)bci_hash64(data, data_bytes);
		return;
	}
	for (uint32_t i = 0; i < schema->column_count; i++) {
		const struct bc_schema_column *column = &schema->columns[i];
		uint64_t at = bci_layout_offset(column->wide, column->medium,
		                                column->narrow, rows);

		CHECK(at + rows * column->bytes <= data_bytes);
		(void)bci_hash64(data + at, rows * column->bytes);
		if (column->type == BC_TEXT)
			read_texts(text, text_bytes, texts++);
	}
}

/* A packed body: whole, and some rows of it. */
static void
read_packed(const struct stored *stored, const struct bc_schema *schema,
            bool trust)
{
	const struct bci_locator *locator = &stored->locator;
	struct bci_packed packed;
	unsigned char *raw;
	void *work;

	reach("packed");
	if (bci_packed_open(stored->image, locator, schema, &packed) != NULL)
		return;
	reach("behind the checksum of the pack");
	CHECK(bci_packed_body_bytes(&packed) <= bci_locator_raw_bytes(locator));
	if (bci_packed_body_bytes(&packed) > DECODED_MAX)
		return;
	if (trust)
		bci_packed_trust(&packed);
	raw = malloc(bci_max(bci_packed_body_bytes(&packed), 1));
	work = malloc(bci_pack_decode_work());
	CHECK(raw != NULL && work != NULL);
	if (bci_packed_decode(&packed, work, raw)) {
		reach("decoded");
		read_body(raw, packed.data_bytes, raw + packed.data_bytes,
		          packed.text_bytes, packed.rows, schema);
	}
	if (bci_packed_decode_text(&packed, work, raw) && schema != NULL)
		read_texts(raw, packed.text_bytes, 0);
	if (schema != NULL && packed.rows > 2)
		(void)bci_packed_decode_rows(&packed, schema, packed.rows / 2,
		                             packed.rows / 3, work, raw,
		                             packed.rows, 1);
	free(work);
	free(raw);
}

/* As a lookup does it. */
static void
read_segment(const struct stored *stored, const struct bc_schema *schema,
             unsigned how)
{
	const struct bci_locator *locator = &stored->locator;
	const uint64_t revision = 9;
	const struct bci_segment_claim claim = {
		.kind = schema == NULL ? BC_BLOB : BC_FRAME,
		.revision = &revision,
		.key = KEY,
		.key_bytes = strlen(KEY),
		.schema = schema,
	};
	const unsigned char *body = stored->image + locator->header_bytes;
	uint64_t text_bytes,
		body_bytes = locator->bytes - locator->header_bytes;

	if (!bci_segment_is(stored->image, locator, IMAGE_CACHE_ID,
	                    IMAGE_ENTRY_ID) ||
	    bci_segment_check(stored->image, locator, schema) != NULL)
		return;
	reach("behind the checksum of the header");
	(void)bci_segment_check_claim(stored->image, &claim);
	for (uint32_t i = 0; i < bci_segment_blocks(locator); i++) {
		if (!bci_segment_check_block(stored->image, locator, i))
			return;
	}
	reach("behind those of all blocks");
	if (locator->codec == BCI_FORM_PACKED) {
		read_packed(stored, schema, (how & REPAIR_TRUST) != 0);
		return;
	}
	text_bytes = bci_segment_text_bytes(stored->image);
	CHECK(text_bytes <= body_bytes);
	read_body(body, body_bytes - text_bytes, body + body_bytes - text_bytes,
	          text_bytes, locator->rows, schema);
}

/* As salvage does it: the image in a file, without a catalogue. */
static void
read_relics(const struct stored *stored, size_t bytes)
{
	unsigned char *file = malloc(BCI_VALUE_SHIFT + bytes);
	struct bci_relic relic;
	uint64_t at = 0;

	CHECK(file != NULL);
	memset(file, 0, BCI_VALUE_SHIFT);
	memcpy(file + BCI_VALUE_SHIFT, stored->image, bytes);
	while (bci_relic_next(file, BCI_VALUE_SHIFT + bytes, &at, &relic)) {
		CHECK(relic.image + relic.locator.bytes <=
		      file + BCI_VALUE_SHIFT + bytes);
		(void)bci_hash64(relic.key, relic.header.key_bytes);
		(void)bci_hash64(relic.schema, relic.header.schema_bytes);
	}
	free(file);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct edits edits = { data, data + bytes };
	const struct stored *from;
	struct bc_schema *schema = NULL;
	struct stored stored;
	bool damaged = false;
	unsigned how;
	size_t room;

	make_templates();
	reach("inputs");
	from = &templates[edits_number(&edits, 1) % TEMPLATES];
	how = (unsigned)edits_number(&edits, 1);
	room = from->locator.bytes;
	stored = *from;
	stored.image = copy_of(from->image, room);
	stored.schema = copy_of(from->schema, from->schema_bytes);
	change(&stored, &edits, room);
	/* Of a file that has so many bytes and no more. */
	if (bci_locator_is_sane(&stored.locator) &&
	    stored.locator.bytes <= room) {
		stored.image = realloc(stored.image, stored.locator.bytes);
		CHECK(stored.image != NULL);
		room = stored.locator.bytes;
		repair(&stored, how);
		if (stored.schema_bytes != 0)
			schema = bci_schema_decode(
				&bci_allocator_default, stored.schema,
				stored.schema_bytes, &damaged);
		CHECK(stored.schema_bytes == 0 || schema != NULL || damaged);
		if (stored.schema_bytes == 0 || schema != NULL)
			read_segment(&stored, schema, how);
		bci_free(&bci_allocator_default, schema);
	}
	read_relics(&stored, room);
	free(stored.schema);
	free(stored.image);
	return 0;
}
