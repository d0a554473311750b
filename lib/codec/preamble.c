/* SPDX-License-Identifier: MIT */
/*
 * preamble.c - the header of a block.  Its integers have as many bytes as they
 * need, seven bits each (LEB128), since a block is often smaller than such a
 * header would be with fixed fields; signed ones are folded to unsigned ones.
 */
#include "common.h"

#include "preamble.h"

static size_t
preamble_integer_bytes(uint64_t value)
{
	size_t bytes = 1;

	while ((value >>= 7) != 0)
		bytes++;
	return bytes;
}

static unsigned char *
preamble_integer_store(uint64_t value, unsigned char *out)
{
	while (value >= 0x80) {
		*out++ = (unsigned char)(value | 0x80);
		value >>= 7;
	}
	*out++ = (unsigned char)value;
	return out;
}

/* 0, -1, 1, -2, ... to 0, 1, 2, 3, ... and back. */
static uint64_t
preamble_fold(uint64_t value)
{
	return value << 1 ^ (0 - (value >> 63));
}

static uint64_t
preamble_unfold(uint64_t value)
{
	return value >> 1 ^ (0 - (value & 1));
}

/* Which fields a block has. */
static bool
preamble_has_tick(const struct bci_preamble *block)
{
	return block->map == BCI_MAP_INT || block->map == BCI_MAP_DEC;
}

static bool
preamble_has_base(const struct bci_frame *frame)
{
	return frame->model != BCI_MODEL_TIME;
}

/* Only where a value may not be what the map makes of any integer. */
static bool
preamble_has_exceptions(const struct bci_preamble *block,
                        const struct bci_frame *frame)
{
	return block->map == BCI_MAP_DEC ||
	       (block->map == BCI_MAP_FLOAT && frame->type == BC_F64);
}

static size_t
preamble_raw_bytes(const struct bci_frame *frame)
{
	return (size_t)frame->columns * frame->bytes * frame->rows;
}

size_t
bci_preamble_bytes(const struct bci_preamble *block,
                   const struct bci_frame *frame)
{
	size_t bytes = 1;

	if (block->map == BCI_MAP_DEC)
		bytes++;
	if (preamble_has_tick(block))
		bytes += preamble_integer_bytes(block->tick);
	if (preamble_has_base(frame))
		bytes += preamble_integer_bytes(preamble_fold(block->base));
	if (block->sum)
		bytes += preamble_integer_bytes(preamble_fold(block->slope));
	for (unsigned i = 0; i < frame->columns; i++) {
		bytes += bci_bitstream_header_bytes(&block->streams[i]);
		bytes += bci_bitstream_bytes(&block->streams[i], frame->rows);
		if (!preamble_has_exceptions(block, frame))
			continue;
		bytes += preamble_integer_bytes(block->exceptions[i]);
		bytes += (size_t)block->exceptions[i] * (2 + frame->bytes);
	}
	return bytes;
}

unsigned char *
bci_preamble_store(const struct bci_preamble *block,
                   const struct bci_frame *frame, unsigned char *out)
{
	unsigned form = block->map;

	if (block->sum)
		form |= BCI_PACK_FORM_SUM;
	if (block->wide)
		form |= BCI_PACK_FORM_WIDE;
	*out++ = (unsigned char)form;
	if (block->map == BCI_MAP_DEC)
		*out++ = (unsigned char)block->exponent;
	if (preamble_has_tick(block))
		out = preamble_integer_store(block->tick, out);
	if (preamble_has_base(frame))
		out = preamble_integer_store(preamble_fold(block->base), out);
	if (block->sum)
		out = preamble_integer_store(preamble_fold(block->slope), out);
	for (unsigned i = 0; i < frame->columns; i++)
		out = bci_bitstream_store(&block->streams[i], out);
	if (preamble_has_exceptions(block, frame)) {
		for (unsigned i = 0; i < frame->columns; i++)
			out = preamble_integer_store(block->exceptions[i], out);
	}
	return out;
}

/* What is left to read; 'at' is NULL once something was not there. */
struct preamble_cursor {
	const unsigned char *at, *end;
};

static const unsigned char *
preamble_take(struct preamble_cursor *cursor, size_t bytes)
{
	const unsigned char *at = cursor->at;

	if (at == NULL || (size_t)(cursor->end - at) < bytes) {
		cursor->at = NULL;
		return NULL;
	}
	cursor->at += bytes;
	return at;
}

static uint64_t
preamble_take_integer(struct preamble_cursor *cursor)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		const unsigned char *at = preamble_take(cursor, 1);

		if (at == NULL)
			return 0;
		if (shift == 63 && *at > 1)
			break;
		value |= (uint64_t)(*at & 0x7F) << shift;
		if (*at < 0x80)
			return value;
	}
	cursor->at = NULL; /* More than 64 bits. */
	return 0;
}

/* Whether values of this type can be such integers. */
static bool
preamble_map_allowed(enum bci_pack_map map, enum bc_type type)
{
	switch (map) {
	case BCI_MAP_RAW:
		return true;
	case BCI_MAP_INT:
		return type == BC_I64 || type == BC_I32 || type == BC_U8 ||
		       type == BC_TEXT;
	case BCI_MAP_DEC:
	case BCI_MAP_FLOAT:
		return type == BC_F64 || type == BC_F32;
	case BCI_MAP_BITS:
		return type == BC_F64;
	default:
		return false;
	}
}

/* The first byte: map, sum and wide, as far as they go together. */
static bool
preamble_load_form(unsigned form, const struct bci_frame *frame,
                   struct bci_preamble *block)
{
	block->map = (enum bci_pack_map)(form & BCI_PACK_FORM_MAP);
	block->sum = (form & BCI_PACK_FORM_SUM) != 0;
	block->wide = (form & BCI_PACK_FORM_WIDE) != 0;
	if (form > (BCI_PACK_FORM_MAP | BCI_PACK_FORM_SUM |
	            BCI_PACK_FORM_WIDE) ||
	    !preamble_map_allowed(block->map, frame->type))
		return false;
	if (block->map == BCI_MAP_RAW)
		return !block->sum && !block->wide;
	switch (frame->model) {
	case BCI_MODEL_TIME: /* The base is the first row's. */
		return block->sum;
	case BCI_MODEL_OHLC:
		return !block->sum;
	default:
		return true;
	}
}

/* The streams: signed are opens and closes of bars, and differences. */
static bool
preamble_load_streams(struct preamble_cursor *cursor,
                      const struct bci_frame *frame, struct bci_preamble *block,
                      uint64_t *bytes)
{
	for (unsigned i = 0; i < frame->columns; i++) {
		struct bci_bitstream *stream = &block->streams[i];
		size_t taken = 0;

		if (cursor->at != NULL)
			taken = bci_bitstream_load(
				cursor->at, (size_t)(cursor->end - cursor->at),
				frame->rows, block->wide, stream);
		if (taken == 0)
			return false;
		cursor->at += taken;
		if (frame->model == BCI_MODEL_OHLC
		            ? stream->is_signed != (i == 0 || i == 3)
		            : stream->is_signed && !block->sum)
			return false;
		*bytes += bci_bitstream_bytes(stream, frame->rows);
	}
	return true;
}

/* The fields between the form and the streams. */
static bool
preamble_load_scale(struct preamble_cursor *cursor,
                    const struct bci_frame *frame, struct bci_preamble *block)
{
	const unsigned char *at;

	block->exponent = 0;
	block->tick = 1;
	block->slope = 0;
	if (block->map == BCI_MAP_DEC) {
		at = preamble_take(cursor, 1);
		if (at == NULL)
			return false;
		block->exponent = *at;
		if (block->exponent > BCI_EXPONENT_MAX)
			return false;
	}
	if (preamble_has_tick(block))
		block->tick = preamble_take_integer(cursor);
	if (preamble_has_base(frame))
		block->base = preamble_unfold(preamble_take_integer(cursor));
	if (block->sum)
		block->slope = preamble_unfold(preamble_take_integer(cursor));
	return cursor->at != NULL && block->tick != 0 &&
	       (block->map != BCI_MAP_DEC ||
	        (double)block->tick < BCI_DECIMAL_LIMIT);
}

bool
bci_preamble_load(const unsigned char *in, size_t bytes,
                  const struct bci_frame *frame, struct bci_preamble *block,
                  const unsigned char **payload)
{
	struct preamble_cursor cursor = { in, in + bytes };
	const unsigned char *form = preamble_take(&cursor, 1);
	uint64_t rest = 0;

	if (form == NULL || !preamble_load_form(*form, frame, block))
		return false;
	if (block->map == BCI_MAP_RAW) {
		rest = preamble_raw_bytes(frame);
	} else {
		if (!preamble_load_scale(&cursor, frame, block) ||
		    !preamble_load_streams(&cursor, frame, block, &rest))
			return false;
		for (unsigned i = 0; i < frame->columns; i++) {
			uint64_t count = 0;

			if (preamble_has_exceptions(block, frame))
				count = preamble_take_integer(&cursor);
			if (cursor.at == NULL || count > frame->rows)
				return false;
			block->exceptions[i] = (uint16_t)count;
			rest += count * (2 + frame->bytes);
		}
	}
	*payload = cursor.at;
	return rest == (uint64_t)(cursor.end - cursor.at);
}
