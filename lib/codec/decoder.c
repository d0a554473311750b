/* SPDX-License-Identifier: MIT */
/*
 * decoder.c - a block back into rows.  The header was checked as a whole, so
 * that the sizes of its parts are those of the block; streams are unpacked
 * into memory of our own, and only what was asked for goes to the caller.
 */
#include "common.h"

#include "decoder.h"
#include "ordinal.h"

/* A run: what was asked for, and where the parts of the block are. */
struct decoder_run {
	struct bci_decoder *decoder;
	const struct bci_kernel *kernel;
	const struct bci_frame *frame;
	struct bci_preamble block;
	const unsigned char *streams[BCI_GROUP_COLUMNS];
	const unsigned char *exceptions[BCI_GROUP_COLUMNS];
	size_t first, count;
	void *const *out;
};

/* Where each stream and each list of exceptions begins. */
static void
decoder_locate(struct decoder_run *run, const unsigned char *at)
{
	const struct bci_preamble *block = &run->block;

	for (unsigned i = 0; i < run->frame->columns; i++) {
		run->streams[i] = at;
		at += bci_bitstream_bytes(&block->streams[i], run->frame->rows);
	}
	for (unsigned i = 0; i < run->frame->columns; i++) {
		run->exceptions[i] = at;
		at += (size_t)block->exceptions[i] * (2 + run->frame->bytes);
	}
}

static void
decoder_raw(const struct decoder_run *run, const unsigned char *at)
{
	const size_t bytes = run->frame->bytes;

	for (unsigned i = 0; i < run->frame->columns; i++) {
		if (run->out[i] != NULL)
			memcpy(run->out[i], at + run->first * bytes,
			       run->count * bytes);
		at += run->frame->rows * bytes;
	}
}

/* Integers of the rows asked for, in place or not, to values of a column. */
static void
decoder_map(const struct decoder_run *run, const uint64_t *integers, void *out)
{
	const struct bci_scale scale = { 0, 1, run->block.exponent };
	const bool narrow = run->frame->type == BC_F32;
	double *doubles = narrow ? run->decoder->doubles : out;

	switch (run->block.map) {
	case BCI_MAP_DEC:
		run->kernel->decimal_i64(integers, run->count, &scale, doubles);
		for (size_t i = 0; narrow && i < run->count; i++)
			((float *)out)[i] = (float)doubles[i];
		break;
	case BCI_MAP_FLOAT:
		if (narrow)
			bci_ordinal_to_floats(integers, run->count, out);
		else
			bci_ordinal_to_widened(integers, run->count, out);
		break;
	case BCI_MAP_BITS:
		run->kernel->images(integers, run->count, out);
		break;
	default:
		bci_ordinal_to_ints(integers, run->frame->type, run->count,
		                    out);
	}
}

/*
 * Differences that are all the same but for a few, as those of times are: steps
 * from each of these to the next.
 */
static bool
decoder_steps(const struct decoder_run *run, size_t end, uint64_t *integers)
{
	const struct bci_preamble *block = &run->block;
	const struct bci_bitstream *stream = &block->streams[0];
	uint64_t next = block->base;
	unsigned row, after = 0, at = 0;

	for (size_t i = 0; i < stream->patches; i++) {
		uint64_t more =
			bci_bitstream_sparse(stream, run->streams[0], i, &row);

		if (row < after || row >= run->frame->rows)
			return false;
		after = row + 1;
		if (row >= end)
			break;
		run->kernel->steps(next, block->slope, row - at, integers + at);
		next += block->slope * (row - at) + block->tick * more;
		at = row;
	}
	run->kernel->steps(next, block->slope, end - at, integers + at);
	return true;
}

/* A column of differences. */
static bool
decoder_sum(struct decoder_run *run)
{
	struct bci_decoder *decoder = run->decoder;
	const struct bci_preamble *block = &run->block;
	const size_t end = run->first + run->count;
	uint64_t *integers = decoder->integers;

	/* Times are written only once. */
	if (run->frame->type == BC_I64 && run->first == 0)
		integers = run->out[0];
	if (bci_bitstream_is_sparse(&block->streams[0])) {
		if (!decoder_steps(run, end, integers))
			return false;
	} else if (block->wide) {
		if (!bci_bitstream_get64(run->kernel, &block->streams[0],
		                         run->streams[0], run->frame->rows,
		                         &decoder->stream, decoder->wide[0]))
			return false;
		run->kernel->sum_u64(decoder->wide[0], end, block->base,
		                     block->tick, block->slope, integers);
	} else {
		if (!bci_bitstream_get32(run->kernel, &block->streams[0],
		                         run->streams[0], run->frame->rows,
		                         &decoder->stream, decoder->narrow[0]))
			return false;
		if (block->streams[0].is_signed)
			run->kernel->sum_i32(decoder->narrow[0], end,
			                     block->base, block->tick,
			                     block->slope, integers);
		else
			run->kernel->sum_u32(decoder->narrow[0], end,
			                     block->base, block->tick,
			                     block->slope, integers);
	}
	if (integers != run->out[0])
		decoder_map(run, integers + run->first, run->out[0]);
	return true;
}

/* Whether doubles follow from the stream without integers between. */
static bool
decoder_direct(const struct decoder_run *run)
{
	return run->block.map == BCI_MAP_DEC && run->frame->type == BC_F64;
}

/* base + tick * stream, for the rows asked for. */
static const uint64_t *
decoder_scale(const struct decoder_run *run, uint64_t base,
              const uint64_t *stream)
{
	const uint64_t tick = run->block.tick;
	uint64_t *integers = run->decoder->integers;

	if (base == 0 && tick == 1)
		return stream;
	for (size_t i = 0; i < run->count; i++)
		integers[i] = base + tick * stream[i];
	return integers;
}

/* One value in all rows, as a volume is that nobody reported. */
static void
decoder_constant(const struct decoder_run *run, const struct bci_scale *scale)
{
	const uint32_t zero = 0;
	double value;

	run->kernel->decimal_u32(&zero, 1, scale, &value);
	run->kernel->steps(bci_bits(value), 0, run->count, run->out[0]);
}

/* A column of numbers above a base. */
static bool
decoder_offsets32(struct decoder_run *run, const struct bci_scale *scale)
{
	struct bci_decoder *decoder = run->decoder;
	const struct bci_preamble *block = &run->block;
	const uint32_t *stream = decoder->narrow[0] + run->first;

	if (decoder_direct(run) &&
	    bci_bitstream_is_sparse(&block->streams[0]) &&
	    block->streams[0].patches == 0) {
		decoder_constant(run, scale);
		return true;
	}
	if (!bci_bitstream_get32(run->kernel, &block->streams[0],
	                         run->streams[0], run->frame->rows,
	                         &decoder->stream, decoder->narrow[0]))
		return false;
	if (decoder_direct(run)) {
		run->kernel->decimal_u32(stream, run->count, scale,
		                         run->out[0]);
		return true;
	}
	for (size_t i = 0; i < run->count; i++)
		decoder->integers[i] = block->base + block->tick * stream[i];
	decoder_map(run, decoder->integers, run->out[0]);
	return true;
}

static bool
decoder_offsets64(struct decoder_run *run, const struct bci_scale *scale)
{
	struct bci_decoder *decoder = run->decoder;
	const struct bci_preamble *block = &run->block;
	const uint64_t *stream = decoder->wide[0] + run->first;

	if (!bci_bitstream_get64(run->kernel, &block->streams[0],
	                         run->streams[0], run->frame->rows,
	                         &decoder->stream, decoder->wide[0]))
		return false;
	if (decoder_direct(run)) {
		run->kernel->decimal_u64(stream, run->count, scale,
		                         run->out[0]);
		return true;
	}
	decoder_map(run, decoder_scale(run, block->base, stream), run->out[0]);
	return true;
}

/* Whether a stream of bars is needed: closes and opens depend on two. */
static bool
decoder_needs(const struct decoder_run *run, unsigned column)
{
	return column == 0 || column == 3 || run->out[column] != NULL;
}

/* All prices of bars as doubles, as nearly everybody wants them. */
static bool
decoder_whole(const struct decoder_run *run)
{
	return decoder_direct(run) && run->out[0] != NULL &&
	       run->out[1] != NULL && run->out[2] != NULL &&
	       run->out[3] != NULL;
}

static bool
decoder_bars32(struct decoder_run *run, const struct bci_scale *scale)
{
	struct bci_decoder *decoder = run->decoder;
	const struct bci_preamble *block = &run->block;
	uint32_t *columns[BCI_GROUP_COLUMNS];

	for (unsigned i = 0; i < BCI_GROUP_COLUMNS; i++) {
		columns[i] = decoder->narrow[i];
		if (decoder_needs(run, i) &&
		    !bci_bitstream_get32(run->kernel, &block->streams[i],
		                         run->streams[i], run->frame->rows,
		                         &decoder->stream, columns[i]))
			return false;
	}
	if (decoder_whole(run)) {
		run->kernel->bars32_decimal(columns, (uint32_t)block->base,
		                            run->first, run->count, scale,
		                            run->out);
		return true;
	}
	run->kernel->bars32(columns, (uint32_t)block->base);
	for (unsigned i = 0; i < BCI_GROUP_COLUMNS; i++) {
		const uint32_t *ticks = columns[i] + run->first;

		if (run->out[i] == NULL)
			continue;
		if (decoder_direct(run)) {
			run->kernel->decimal_i32(ticks, run->count, scale,
			                         run->out[i]);
			continue;
		}
		for (size_t j = 0; j < run->count; j++)
			decoder->integers[j] =
				block->tick * (uint64_t)(int32_t)ticks[j];
		decoder_map(run, decoder->integers, run->out[i]);
	}
	return true;
}

static bool
decoder_bars64(struct decoder_run *run, const struct bci_scale *scale)
{
	struct bci_decoder *decoder = run->decoder;
	const struct bci_preamble *block = &run->block;
	uint64_t *columns[BCI_GROUP_COLUMNS];

	for (unsigned i = 0; i < BCI_GROUP_COLUMNS; i++) {
		columns[i] = decoder->wide[i];
		if (decoder_needs(run, i) &&
		    !bci_bitstream_get64(run->kernel, &block->streams[i],
		                         run->streams[i], run->frame->rows,
		                         &decoder->stream, columns[i]))
			return false;
	}
	run->kernel->bars64(columns, block->base);
	for (unsigned i = 0; i < BCI_GROUP_COLUMNS; i++) {
		const uint64_t *ticks = columns[i] + run->first;

		if (run->out[i] == NULL)
			continue;
		if (decoder_direct(run)) {
			run->kernel->decimal_i64(ticks, run->count, scale,
			                         run->out[i]);
			continue;
		}
		decoder_map(run, decoder_scale(run, 0, ticks), run->out[i]);
	}
	return true;
}

/* Whether the rows of a column's exceptions ascend and are of the block. */
static bool
decoder_exceptions_ascend(const struct decoder_run *run, unsigned column)
{
	const unsigned char *rows = run->exceptions[column];
	unsigned before = 0;

	for (size_t i = 0; i < run->block.exceptions[column]; i++) {
		unsigned row = bci_load16(rows + 2 * i);

		if (row < before || row >= run->frame->rows)
			return false;
		before = row + 1;
	}
	return true;
}

/* Put the exceptions of a column, which are its own bytes, over its rows. */
static bool
decoder_except(const struct decoder_run *run, unsigned column)
{
	const size_t count = run->block.exceptions[column];
	const size_t bytes = run->frame->bytes;
	const unsigned char *rows = run->exceptions[column];
	const unsigned char *values = rows + 2 * count;
	unsigned char *out = run->out[column];

	if (!decoder_exceptions_ascend(run, column))
		return false;
	for (size_t i = 0; i < count; i++) {
		size_t row = bci_load16(rows + 2 * i);

		if (row >= run->first && row - run->first < run->count)
			memcpy(out + (row - run->first) * bytes,
			       values + i * bytes, bytes);
	}
	return true;
}

bool
bci_decoder_run(struct bci_decoder *decoder, const struct bci_kernel *kernel,
                const struct bci_frame *frame, const unsigned char *in,
                size_t bytes, uint64_t base, size_t first, size_t count,
                void *const out[BCI_GROUP_COLUMNS])
{
	struct decoder_run run = {
		.decoder = decoder,
		.kernel = kernel,
		.frame = frame,
		.first = first,
		.count = count,
		.out = out,
	};
	const unsigned char *payload;
	struct bci_scale scale;
	bool good;

	decoder->stream.layers.end = in + bytes;
	run.block.base = base;
	if (!bci_preamble_load(in, bytes, frame, &run.block, &payload))
		return false;
	if (run.block.map == BCI_MAP_RAW) {
		decoder_raw(&run, payload);
		return true;
	}
	decoder_locate(&run, payload);
	scale.base = (double)(int64_t)run.block.base;
	scale.tick = (double)run.block.tick;
	scale.exponent = run.block.exponent;
	if (frame->model == BCI_MODEL_OHLC)
		good = run.block.wide ? decoder_bars64(&run, &scale)
		                      : decoder_bars32(&run, &scale);
	else if (run.block.sum)
		good = decoder_sum(&run);
	else
		good = run.block.wide ? decoder_offsets64(&run, &scale)
		                      : decoder_offsets32(&run, &scale);
	for (unsigned i = 0; i < frame->columns && good; i++) {
		if (out[i] != NULL && run.block.exceptions[i] > 0)
			good = decoder_except(&run, i);
	}
	return good;
}
