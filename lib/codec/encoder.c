/* SPDX-License-Identifier: MIT */
/*
 * encoder.c - the forms of a block, measured one after the other.
 *
 * Each form is built as streams, its size follows from them, and it is written
 * if that is less than the best so far; the first wins a tie, and the forms
 * come in the order of how fast they decode.  Where decimals take less than
 * half of the raw bytes, the images of floats are not tried, and below three
 * quarters not those of doubles: an image has bits for every digit that such a
 * number might have.
 */
#include "common.h"

#include "encoder.h"
#include "ordinal.h"

static size_t
encoder_raw_bytes(const struct bci_frame *frame)
{
	return (size_t)frame->columns * frame->bytes * frame->rows;
}

/* The exceptions of a column: rows, then values. */
static unsigned char *
encoder_put_exceptions(const struct bci_encoder *encoder, unsigned column,
                       const uint64_t *wrong, size_t count, unsigned char *out)
{
	const size_t bytes = encoder->frame->bytes;
	unsigned char *values = out + 2 * count;

	for (size_t row = 0; count > 0; count--, row++) {
		row = bci_decimals_next_bad(wrong, row, encoder->frame->rows);
		bci_store16(out, (uint16_t)row);
		memcpy(values, encoder->values[column] + row * bytes, bytes);
		out += 2;
		values += bytes;
	}
	return values;
}

/* Write 'block', whose streams are in the encoder, if it is the smallest. */
static void
encoder_offer(struct bci_encoder *encoder, struct bci_preamble *block,
              uint64_t (*wrong)[BCI_PACK_ROWS])
{
	const struct bci_frame *frame = encoder->frame;
	unsigned char *out = encoder->out;
	size_t bytes = bci_preamble_bytes(block, frame);

	if (bytes >= encoder->bytes)
		return;
	encoder->bytes = bytes;
	out = bci_preamble_store(block, frame, out);
	for (unsigned i = 0; i < frame->columns; i++)
		out = bci_bitstream_put(encoder->kernel, &block->streams[i],
		                        encoder->streams[i], frame->rows, out);
	for (unsigned i = 0; i < frame->columns && wrong != NULL; i++)
		out = encoder_put_exceptions(encoder, i, wrong[i],
		                             block->exceptions[i], out);
	BCI_ASSERT(out == encoder->out + bytes);
}

/* How many of each column are exceptions. */
static void
encoder_count_exceptions(const struct bci_frame *frame,
                         uint64_t (*wrong)[BCI_PACK_ROWS],
                         struct bci_preamble *block)
{
	for (unsigned i = 0; i < frame->columns && wrong != NULL; i++) {
		uint64_t count = 0;

		for (size_t row = 0; row < frame->rows; row++)
			count -= wrong[i][row];
		block->exceptions[i] = (uint16_t)count;
	}
}

/* ------------------------------------------------------------------------ */
/*  A column by itself                                                      */
/* ------------------------------------------------------------------------ */

static uint64_t
encoder_gcd(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/*
 * Division by a number that divides, by a product: an odd number has an inverse
 * modulo 2^64.  For a value that it does not divide the result is above 'most'.
 */
struct encoder_divisor {
	uint64_t inverse, most;
	unsigned shift;
};

static struct encoder_divisor
encoder_divisor(uint64_t value)
{
	const unsigned shift = (unsigned)__builtin_ctzll(value);
	const uint64_t odd = value >> shift;
	uint64_t inverse = odd; /* In its last three bits. */

	for (unsigned bits = 3; bits < 64; bits *= 2)
		inverse *= 2 - odd * inverse;
	return (struct encoder_divisor){ inverse, UINT64_MAX / value, shift };
}

static inline uint64_t
encoder_divide(uint64_t value, const struct encoder_divisor *by)
{
	uint64_t odd = value * by->inverse;

	return odd >> by->shift | odd << (64 - by->shift) % 64;
}

/* Divide the stream by what its values share; returns that, 0 if all are 0. */
static uint64_t
encoder_reduce(uint64_t *stream, size_t rows)
{
	struct encoder_divisor by = { 0 }; /* Of 0 alone. */
	uint64_t tick = 0;

	for (size_t i = 0; i < rows && tick != 1; i++) {
		if (stream[i] == 0 ||
		    (tick != 0 && encoder_divide(stream[i], &by) <= by.most))
			continue;
		tick = encoder_gcd(stream[i], tick);
		by = encoder_divisor(tick);
	}
	for (size_t i = 0; i < rows && tick > 1; i++)
		stream[i] = encoder_divide(stream[i], &by);
	return tick;
}

/* Offer the stream at hand, whose block has all but widths. */
static void
encoder_offer_single(struct bci_encoder *encoder, struct bci_preamble *block,
                     bool is_signed, uint64_t (*wrong)[BCI_PACK_ROWS])
{
	block->wide = false;
	bci_bitstream_choose(encoder->kernel, encoder->streams[0],
	                     encoder->frame->rows, is_signed, &block->wide,
	                     &block->streams[0]);
	encoder_offer(encoder, block, wrong);
}

/* Numbers above the least one. */
static void
encoder_offsets(struct bci_encoder *encoder, struct bci_preamble block,
                uint64_t tick, uint64_t (*wrong)[BCI_PACK_ROWS])
{
	uint64_t *stream = encoder->streams[0];
	const size_t rows = encoder->frame->rows;
	int64_t least =
		encoder->kernel->offsets(encoder->images[0], rows, stream);

	block.sum = false;
	block.base = (uint64_t)least * tick;
	if (block.map == BCI_MAP_INT) {
		tick = encoder_reduce(stream, rows);
		tick += tick == 0;
	}
	block.tick = tick;
	encoder_offer_single(encoder, &block, false, wrong);
}

/*
 * Differences of neighbours above the least one, and as they are.  What the
 * latter share is what the former and the least one do, so that they follow
 * from those without another division.
 */
static void
encoder_sums(struct bci_encoder *encoder, struct bci_preamble block,
             uint64_t tick, uint64_t (*wrong)[BCI_PACK_ROWS])
{
	uint64_t *stream = encoder->streams[0];
	const size_t rows = encoder->frame->rows;
	int64_t least =
		encoder->kernel->steps_of(encoder->images[0], rows, stream);
	uint64_t size = least < 0 ? 0 - (uint64_t)least : (uint64_t)least;
	uint64_t shared = 1, whole = 1;

	block.sum = true;
	block.base = encoder->images[0][0] * tick;
	block.slope = (uint64_t)least * tick;
	if (block.map == BCI_MAP_INT) {
		shared = encoder_reduce(stream, rows);
		tick = shared + (shared == 0);
	}
	block.tick = tick;
	encoder_offer_single(encoder, &block, false, wrong);
	if (block.streams[0].width == 0 && block.streams[0].patches == 0)
		return; /* Nothing is left to say. */
	if (block.map == BCI_MAP_INT) {
		whole = encoder_gcd(size, shared);
		block.tick = whole;
	}
	size /= whole;
	if (least < 0)
		size = 0 - size;
	for (size_t i = 1; i < rows; i++)
		stream[i] = stream[i] * (shared / whole) + size;
	block.slope = 0;
	encoder_offer_single(encoder, &block, true, wrong);
}

/* An exception takes the place of the value before it, and so no bits. */
static void
encoder_fill_single(uint64_t *images, const uint64_t *wrong, size_t rows)
{
	size_t good = 0;
	uint64_t last;

	while (wrong[good] != 0) /* As no more than a third are. */
		good++;
	last = images[good];
	for (size_t i = 0; i < rows; i++) {
		if (wrong[i] != 0)
			images[i] = last;
		last = images[i];
	}
}

static void
encoder_offer_column(struct bci_encoder *encoder, struct bci_preamble *block,
                     uint64_t tick, uint64_t (*wrong)[BCI_PACK_ROWS])
{
	encoder_count_exceptions(encoder->frame, wrong, block);
	if (block->exceptions[0] > 0)
		encoder_fill_single(encoder->images[0], wrong[0],
		                    encoder->frame->rows);
	if (encoder->frame->model != BCI_MODEL_TIME)
		encoder_offsets(encoder, *block, tick, wrong);
	encoder_sums(encoder, *block, tick, wrong);
}

/* ------------------------------------------------------------------------ */
/*  Bars                                                                    */
/* ------------------------------------------------------------------------ */

/* Exceptions take the place of what the model expects there. */
static void
encoder_fill_bars(struct bci_encoder *encoder, uint64_t (*wrong)[BCI_PACK_ROWS])
{
	uint64_t *open = encoder->images[0], *close = encoder->images[3];
	const size_t rows = encoder->frame->rows;
	size_t good = 0;
	uint64_t last;

	/* As no more than a third of all prices are. */
	while (wrong[0][good] != 0 && wrong[3][good] != 0)
		good++;
	last = wrong[0][good] == 0 ? open[good] : close[good];
	for (size_t i = 0; i < rows; i++) {
		bool rising;

		if (wrong[0][i] != 0)
			open[i] = last;
		if (wrong[3][i] != 0)
			close[i] = open[i];
		last = close[i];
		rising = (int64_t)open[i] < (int64_t)close[i];
		if (wrong[1][i] != 0)
			encoder->images[1][i] = rising ? close[i] : open[i];
		if (wrong[2][i] != 0)
			encoder->images[2][i] = rising ? open[i] : close[i];
	}
}

/* Whether all images are integers of 32 bits. */
static bool
encoder_bars_narrow(const struct bci_encoder *encoder)
{
	uint64_t outside = 0;

	for (unsigned i = 0; i < BCI_GROUP_COLUMNS; i++) {
		for (size_t row = 0; row < encoder->frame->rows; row++)
			outside |=
				(encoder->images[i][row] + 0x80000000u) >> 32;
	}
	return outside == 0;
}

/* Divide integers by what they all share; returns that. */
static uint64_t
encoder_reduce_bars(struct bci_encoder *encoder)
{
	const size_t rows = encoder->frame->rows;
	uint64_t tick = 0;

	for (unsigned i = 0; i < BCI_GROUP_COLUMNS; i++) {
		for (size_t row = 0; row < rows && tick != 1; row++) {
			uint64_t size = encoder->images[i][row];

			if (size >> 63 != 0)
				size = 0 - size;
			if (tick == 0 || size % tick != 0)
				tick = encoder_gcd(size, tick);
		}
	}
	/* The least integer is its own opposite. */
	if (tick <= 1 || tick >> 63 != 0)
		return 1;
	for (unsigned i = 0; i < BCI_GROUP_COLUMNS; i++) {
		for (size_t row = 0; row < rows; row++)
			encoder->images[i][row] =
				(uint64_t)((int64_t)encoder->images[i][row] /
			                   (int64_t)tick);
	}
	return tick;
}

/* Differences of 32-bit integers are such themselves, modulo 2^32. */
static void
encoder_narrow(uint64_t *stream, size_t rows, bool is_signed)
{
	if (is_signed) {
		for (size_t i = 0; i < rows; i++)
			stream[i] = (uint64_t)(int32_t)stream[i];
	} else {
		for (size_t i = 0; i < rows; i++)
			stream[i] = (uint32_t)stream[i];
	}
}

static void
encoder_offer_bars(struct bci_encoder *encoder, struct bci_preamble *block,
                   uint64_t tick, uint64_t (*wrong)[BCI_PACK_ROWS])
{
	const size_t rows = encoder->frame->rows;

	encoder_count_exceptions(encoder->frame, wrong, block);
	if ((block->exceptions[0] | block->exceptions[1] |
	     block->exceptions[2] | block->exceptions[3]) != 0)
		encoder_fill_bars(encoder, wrong);
	if (block->map == BCI_MAP_INT)
		tick = encoder_reduce_bars(encoder);
	block->tick = tick;
	block->sum = false;
	block->base = encoder->images[0][0];
	block->wide = !encoder_bars_narrow(encoder);
	encoder->kernel->unbars(encoder->images, rows, encoder->streams);
	for (unsigned i = 0; i < BCI_GROUP_COLUMNS; i++) {
		bool is_signed = i == 0 || i == 3;
		uint64_t *stream = encoder->streams[i];

		if (!block->wide)
			encoder_narrow(stream, rows, is_signed);
		bci_bitstream_choose(encoder->kernel, stream, rows, is_signed,
		                     &block->wide, &block->streams[i]);
	}
	encoder_offer(encoder, block, wrong);
}

/* ------------------------------------------------------------------------ */
/*  The forms                                                               */
/* ------------------------------------------------------------------------ */

static void
encoder_offer_images(struct bci_encoder *encoder, struct bci_preamble *block,
                     uint64_t tick, uint64_t (*wrong)[BCI_PACK_ROWS])
{
	if (encoder->frame->model == BCI_MODEL_OHLC)
		encoder_offer_bars(encoder, block, tick, wrong);
	else
		encoder_offer_column(encoder, block, tick, wrong);
}

static void
encoder_try_ints(struct bci_encoder *encoder)
{
	struct bci_preamble block = { .map = BCI_MAP_INT };

	for (unsigned i = 0; i < encoder->frame->columns; i++)
		bci_ordinal_of_ints(encoder->values[i], encoder->frame->type,
		                    encoder->frame->rows, encoder->images[i]);
	encoder_offer_images(encoder, &block, 1, NULL);
}

static void
encoder_try_decimals(struct bci_encoder *encoder)
{
	const struct bci_frame *frame = encoder->frame;
	struct bci_decimals decimals = { .ticks = encoder->images,
		                         .wrong = encoder->wrong };
	const double *columns[BCI_GROUP_COLUMNS];
	struct bci_preamble block = { .map = BCI_MAP_DEC };

	for (unsigned i = 0; i < frame->columns; i++) {
		columns[i] = encoder->doubles[i];
		if (frame->type == BC_F32)
			bci_decimals_of_floats(encoder->values[i], frame->rows,
			                       encoder->doubles[i]);
		else
			columns[i] = (const double *)(const void *)
			                     encoder->values[i];
	}
	if (!bci_decimals_find(encoder->kernel, columns, frame->columns,
	                       frame->rows, &decimals) ||
	    decimals.bad > frame->rows * frame->columns / 3)
		return;
	block.exponent = decimals.exponent;
	encoder_offer_images(encoder, &block, decimals.tick,
	                     decimals.bad > 0 ? encoder->wrong : NULL);
}

/* How many doubles of a block may be no floats. */
static size_t
encoder_floats_most(const struct bci_frame *frame)
{
	return frame->rows * frame->columns / 10;
}

/*
 * Images of the floats that the doubles of a column are; how many are none, to
 * which 'bad' others come.  Where those are too many, the rest is not looked
 * at.
 */
static size_t
encoder_narrow_column(struct bci_encoder *encoder, unsigned column, size_t bad)
{
	const size_t rows = encoder->frame->rows;
	const size_t most = encoder_floats_most(encoder->frame);
	size_t found = 0;

	for (size_t i = 0; i < rows && bad + found <= most; i += 128)
		found +=
			bci_ordinal_of_narrowed(encoder->values[column] + 8 * i,
		                                rows - i < 128 ? rows - i : 128,
		                                encoder->images[column] + i,
		                                encoder->wrong[column] + i);
	return found;
}

static void
encoder_try_floats(struct bci_encoder *encoder)
{
	const struct bci_frame *frame = encoder->frame;
	struct bci_preamble block = { .map = BCI_MAP_FLOAT };
	size_t bad = 0;

	for (unsigned i = 0; i < frame->columns; i++) {
		if (frame->type == BC_F32)
			bci_ordinal_of_floats(encoder->values[i], frame->rows,
			                      encoder->images[i]);
		else
			bad += encoder_narrow_column(encoder, i, bad);
	}
	if (bad <= encoder_floats_most(frame))
		encoder_offer_images(encoder, &block, 1,
		                     bad > 0 ? encoder->wrong : NULL);
}

static void
encoder_try_bits(struct bci_encoder *encoder)
{
	struct bci_preamble block = { .map = BCI_MAP_BITS };

	for (unsigned i = 0; i < encoder->frame->columns; i++)
		encoder->kernel->images(
			(const uint64_t *)(const void *)encoder->values[i],
			encoder->frame->rows, encoder->images[i]);
	encoder_offer_images(encoder, &block, 1, NULL);
}

size_t
bci_encoder_run(struct bci_encoder *encoder, const struct bci_kernel *kernel,
                const struct bci_frame *frame,
                const void *const values[BCI_GROUP_COLUMNS], unsigned maps,
                unsigned char *out)
{
	const size_t raw = encoder_raw_bytes(frame);
	const bool floating = frame->type == BC_F64 || frame->type == BC_F32;

	encoder->kernel = kernel;
	encoder->frame = frame;
	encoder->out = out;
	encoder->bytes = raw + 1;
	for (unsigned i = 0; i < frame->columns; i++)
		encoder->values[i] = values[i];
	if (!floating && maps & BCI_MAPS(BCI_MAP_INT))
		encoder_try_ints(encoder);
	if (floating && maps & BCI_MAPS(BCI_MAP_DEC))
		encoder_try_decimals(encoder);
	if (floating && maps & BCI_MAPS(BCI_MAP_FLOAT) &&
	    encoder->bytes > raw / 2)
		encoder_try_floats(encoder);
	if (frame->type == BC_F64 && maps & BCI_MAPS(BCI_MAP_BITS) &&
	    encoder->bytes > raw / 4 * 3)
		encoder_try_bits(encoder);
	if (encoder->bytes <= raw)
		return encoder->bytes;
	*out++ = BCI_MAP_RAW;
	for (unsigned i = 0; i < frame->columns; i++) {
		memcpy(out, values[i], frame->bytes * frame->rows);
		out += frame->bytes * frame->rows;
	}
	return raw + 1;
}
