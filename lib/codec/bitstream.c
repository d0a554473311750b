/* SPDX-License-Identifier: MIT */
/*
 * bitstream.c - choosing the width of a stream, writing and reading it.
 *
 * A signed value v is stored as v + 2^(width-1), so that small negative and
 * positive ones take the same few bits, and the addition that undoes it comes
 * with the unpacking.  Below layers it is folded to an unsigned one, since the
 * bits that are left to the layers have to be none for most of them.
 */
#include "common.h"

#include <limits.h>

#include "check.h"
#include "bitstream.h"

#define STREAM_UNIT 128 /* bytes of one word of all 32 lanes */
#define STREAM_WORD 32u
/* The second byte of a header. */
#define STREAM_SIGNED 1u
#define STREAM_SHIFT 1 /* where patch_shift is, and what follows the fields */
#define STREAM_MORE 3
enum stream_more { STREAM_NOTHING, STREAM_PATCHES, STREAM_LAYERS };
/* A layer has to save that much, since it takes time to read. */
#define STREAM_LAYER_SAVES 128

/* Bytes of fields of up to 32 bits: whole words of all lanes. */
static size_t
bitstream_fields(size_t rows, unsigned width)
{
	size_t lane_rows = (rows + STREAM_WORD - 1) / STREAM_WORD;

	return (lane_rows * width + STREAM_WORD - 1) / STREAM_WORD *
	       STREAM_UNIT;
}

static unsigned
bitstream_low(unsigned width)
{
	return width < STREAM_WORD ? width : STREAM_WORD;
}

static size_t
bitstream_units(size_t rows, unsigned width)
{
	return bitstream_fields(rows, bitstream_low(width)) +
	       bitstream_fields(rows, width - bitstream_low(width));
}

size_t
bci_bitstream_bytes(const struct bci_bitstream *stream, size_t rows)
{
	return bitstream_units(rows, stream->width) +
	       stream->patches * (2 + ((size_t)1 << stream->patch_shift)) +
	       bci_layers_bytes(stream->layers, stream->depth, rows);
}

size_t
bci_bitstream_header_bytes(const struct bci_bitstream *stream)
{
	return 2 + (stream->patches > 0 ? 2 : 3 * (size_t)stream->depth);
}

/* What is added to a field to get its value. */
static uint64_t
bitstream_base(const struct bci_bitstream *stream)
{
	if (!stream->is_signed || stream->depth > 0 || stream->width == 0)
		return 0;
	return 0 - (UINT64_C(1) << (stream->width - 1));
}

/*
 * above[w]: how many values need more than w bits, for w up to 64.  Returns the
 * most bits that one needs.
 */
static unsigned
bitstream_count(const struct bci_kernel *kernel, const uint64_t *values,
                size_t rows, bool is_signed, unsigned above[65])
{
	uint8_t lengths[BCI_PACK_ROWS] __attribute__((aligned(32)));
	uint8_t most = 0;
	unsigned width;

	kernel->lengths(values, rows, is_signed, lengths);
	memset(lengths + rows, 0, BCI_PACK_ROWS - rows);
	for (size_t i = 0; i < BCI_PACK_ROWS; i++)
		most = lengths[i] > most ? lengths[i] : most;
	memset(above, 0, 65 * sizeof(above[0]));
	for (width = most; width > 0 && above[width] < rows; width--)
		above[width - 1] = kernel->longer(lengths, width - 1);
	while (width-- > 0)
		above[width] = (unsigned)rows;
	return most;
}

/* log2 of the bytes that hold so many bits; 8 only in wide blocks. */
static uint8_t
bitstream_patch_shift(unsigned bits, bool wide)
{
	uint8_t shift = 0;

	while (shift < (wide ? 3 : 2) && bits > (8u << shift))
		shift++;
	return shift;
}

/* The smallest form so far, and what it takes with its header. */
struct bitstream_best {
	struct bci_bitstream stream;
	size_t bytes;
};

/* Take 'one' if it is smaller by more than its layers have to save. */
static void
bitstream_offer(struct bitstream_best *best, const struct bci_bitstream *one,
                size_t rows)
{
	size_t bytes = bci_bitstream_bytes(one, rows) +
	               bci_bitstream_header_bytes(one) +
	               (size_t)one->depth * STREAM_LAYER_SAVES;

	if (bytes >= best->bytes)
		return;
	best->bytes = bytes;
	best->stream = *one;
}

/* One width for all, and patches for at most a third. */
static void
bitstream_try_patches(const unsigned above[65], unsigned most, size_t rows,
                      bool is_signed, bool wide, struct bitstream_best *best)
{
	for (unsigned width = most;; width--) {
		struct bci_bitstream one = { (uint8_t)width, is_signed,
			                     .patches =
			                             (uint16_t)above[width] };

		if (one.patches > rows / 3)
			break;
		if (one.patches > 0)
			one.patch_shift = bitstream_patch_shift(
				most - width + is_signed, wide);
		bitstream_offer(best, &one, rows);
		if (width == 0)
			break;
	}
}

/*
 * The width at which a second layer begins so that both take the fewest bits,
 * 'rest[w]' is what a last layer above w takes.
 */
static unsigned
bitstream_split(const unsigned rest[65], unsigned count, unsigned width,
                unsigned most)
{
	unsigned best = width + 1, least = UINT_MAX;

	for (unsigned next = width + 1; next < most; next++) {
		unsigned bits = count * (next - width) + rest[next];

		if (bits < least) {
			least = bits;
			best = next;
		}
	}
	return best;
}

/* A width and one or two layers above it. */
static void
bitstream_try_layers(const unsigned above[65], unsigned most, size_t rows,
                     bool is_signed, struct bitstream_best *best)
{
	unsigned rest[65];
	unsigned width = most > BCI_LAYERS_WIDTH ? most - BCI_LAYERS_WIDTH : 0;

	for (unsigned next = width; next < most; next++)
		rest[next] = above[next] * (most - next);
	for (; width < most; width++) {
		struct bci_bitstream one = { (uint8_t)width, is_signed,
			                     .depth = 1 };
		unsigned next;

		if (bitstream_units(rows, width) + rows / 8 +
		            STREAM_LAYER_SAVES >
		    best->bytes)
			break; /* Nor does any greater width. */
		one.layers[0].count = (uint16_t)above[width];
		one.layers[0].width = (uint8_t)(most - width);
		bitstream_offer(best, &one, rows);
		if (most - width < 2)
			break;
		next = bitstream_split(rest, above[width], width, most);
		one.depth = 2;
		one.layers[0].width = (uint8_t)(next - width);
		one.layers[1].count = (uint16_t)above[next];
		one.layers[1].width = (uint8_t)(most - next);
		bitstream_offer(best, &one, rows);
	}
}

void
bci_bitstream_choose(const struct bci_kernel *kernel, const uint64_t *values,
                     size_t rows, bool is_signed, bool *wide,
                     struct bci_bitstream *out)
{
	struct bitstream_best best = { .bytes = SIZE_MAX };
	unsigned above[65];
	unsigned most = bitstream_count(kernel, values, rows, is_signed, above);

	*wide = *wide || most > STREAM_WORD;
	bitstream_try_patches(above, most, rows, is_signed, *wide, &best);
	bitstream_try_layers(above, most, rows, is_signed, &best);
	*out = best.stream;
}

/* The bits above the width, with their sign, of values that have such. */
static unsigned char *
bitstream_put_patches(const struct bci_kernel *kernel,
                      const struct bci_bitstream *stream,
                      const uint64_t *values, size_t rows, unsigned char *out)
{
	const uint64_t base = bitstream_base(stream);
	const size_t bytes = (size_t)1 << stream->patch_shift;
	unsigned char *high = out + 2 * stream->patches;
	uint16_t long_rows[BCI_PACK_ROWS + 1];
	uint8_t lengths[BCI_PACK_ROWS];
	size_t count = 0;

	if (stream->patches == 0)
		return out;
	kernel->lengths(values, rows, stream->is_signed, lengths);
	for (size_t i = 0; i < rows; i++) {
		long_rows[count] = (uint16_t)i;
		count += lengths[i] > stream->width;
	}
	BCI_ASSERT(count == stream->patches);
	memcpy(out, long_rows, 2 * count);
	for (size_t i = 0; i < count; i++) {
		uint64_t above = values[long_rows[i]] - base;

		if (stream->is_signed)
			above = (uint64_t)((int64_t)above >> stream->width);
		else
			above >>= stream->width;
		memcpy(high + i * bytes, &above, bytes);
	}
	return high + count * bytes;
}

/* Fields of bits 'shift' and up of the values. */
static unsigned char *
bitstream_put_fields(const struct bci_kernel *kernel, const uint64_t *values,
                     size_t rows, uint64_t base, unsigned shift, unsigned width,
                     unsigned char *out)
{
	uint32_t fields[BCI_PACK_ROWS] __attribute__((aligned(64)));
	const uint32_t mask = (uint32_t)((UINT64_C(1) << width) - 1);
	unsigned char whole[4 * BCI_PACK_ROWS];
	size_t bytes = bitstream_fields(rows, width);

	if (width == 0)
		return out;
	for (size_t i = 0; i < rows; i++)
		fields[i] = (uint32_t)((values[i] - base) >> shift) & mask;
	memset(fields + rows, 0, sizeof(fields) - sizeof(fields[0]) * rows);
	if (rows == BCI_PACK_ROWS) {
		kernel->pack(fields, width, out);
	} else {
		kernel->pack(fields, width, whole);
		memcpy(out, whole, bytes);
	}
	return out + bytes;
}

/* Values (there is at least one) as fields below layers have them. */
static void
bitstream_fold(const uint64_t *values, size_t rows, bool is_signed,
               uint64_t *out)
{
	size_t i = 0;

	do {
		uint64_t sign = is_signed ? 0 - (values[i] >> 63) : 0;

		out[i] = values[i] << is_signed ^ sign;
	} while (++i < rows);
}

/* The runs of fields. */
static unsigned char *
bitstream_put_units(const struct bci_kernel *kernel,
                    const struct bci_bitstream *stream, const uint64_t *values,
                    size_t rows, unsigned char *out)
{
	const uint64_t base = bitstream_base(stream);
	unsigned low = bitstream_low(stream->width);

	out = bitstream_put_fields(kernel, values, rows, base, 0, low, out);
	return bitstream_put_fields(kernel, values, rows, base, STREAM_WORD,
	                            stream->width - low, out);
}

unsigned char *
bci_bitstream_put(const struct bci_kernel *kernel,
                  const struct bci_bitstream *stream, const uint64_t *values,
                  size_t rows, unsigned char *out)
{
	uint64_t folded[BCI_PACK_ROWS];

	if (stream->depth == 0) {
		out = bitstream_put_units(kernel, stream, values, rows, out);
		return bitstream_put_patches(kernel, stream, values, rows, out);
	}
	bitstream_fold(values, rows, stream->is_signed, folded);
	out = bitstream_put_units(kernel, stream, folded, rows, out);
	for (size_t i = 0; i < rows; i++)
		folded[i] >>= stream->width; /* Less than 64. */
	return bci_layers_put(stream->layers, stream->depth, folded, rows, out);
}

unsigned char *
bci_bitstream_store(const struct bci_bitstream *stream, unsigned char *out)
{
	unsigned more = STREAM_NOTHING;

	if (stream->patches > 0)
		more = STREAM_PATCHES;
	else if (stream->depth > 0)
		more = STREAM_LAYERS + stream->depth - 1u;
	*out++ = stream->width;
	*out++ = (unsigned char)(stream->is_signed |
	                         (unsigned)stream->patch_shift << STREAM_SHIFT |
	                         more << STREAM_MORE);
	if (stream->patches > 0) {
		bci_store16(out, stream->patches);
		out += 2;
	}
	for (unsigned i = 0; i < stream->depth; i++) {
		bci_store16(out, stream->layers[i].count);
		out[2] = stream->layers[i].width;
		out += 3;
	}
	return out;
}

/* The layers of a stream above 'left' bits that its width leaves. */
static bool
bitstream_load_layers(const unsigned char *in, size_t rows, unsigned left,
                      struct bci_bitstream *out)
{
	if (left > BCI_LAYERS_WIDTH)
		left = BCI_LAYERS_WIDTH;
	for (unsigned i = 0; i < out->depth; i++) {
		struct bci_layer *layer = &out->layers[i];

		layer->count = bci_load16(in + 3 * i);
		layer->width = in[3 * i + 2];
		if (layer->count == 0 || layer->count > rows ||
		    layer->width == 0 || layer->width > left)
			return false;
		rows = layer->count;
		left -= layer->width;
	}
	return true;
}

size_t
bci_bitstream_load(const unsigned char *in, size_t room, size_t rows, bool wide,
                   struct bci_bitstream *out)
{
	const unsigned most = wide ? 64 : 32;
	unsigned more;
	size_t bytes;

	memset(out, 0, sizeof(*out));
	if (room < 2)
		return 0;
	more = in[1] >> STREAM_MORE;
	out->width = in[0];
	out->is_signed = in[1] & STREAM_SIGNED;
	out->patch_shift = in[1] >> STREAM_SHIFT & 3;
	if (more >= STREAM_LAYERS)
		out->depth = (uint8_t)(more - STREAM_LAYERS + 1);
	bytes = 2 + (more == STREAM_PATCHES ? 2 : 3 * (size_t)out->depth);
	if (out->width > most || out->patch_shift > (wide ? 3 : 2) ||
	    out->depth > BCI_LAYERS || room < bytes ||
	    (more != STREAM_PATCHES && out->patch_shift > 0) ||
	    (more != STREAM_NOTHING && out->width == most))
		return 0;
	if (more == STREAM_PATCHES) {
		out->patches = bci_load16(in + 2);
		if (out->patches == 0 || out->patches > rows)
			return 0;
	}
	return bitstream_load_layers(in + 2, rows, most - out->width, out)
	               ? bytes
	               : 0;
}

/* The value of patch 'i' in 'bytes' bytes, its sign extended. */
static inline uint64_t
bitstream_patch(const unsigned char *values, unsigned shift, size_t i,
                bool is_signed)
{
	const unsigned empty = 64 - (8u << shift);
	uint64_t value = 0;

	memcpy(&value, values + (i << shift), (size_t)1 << shift);
	if (!is_signed)
		return value;
	return (uint64_t)((int64_t)(value << empty) >> empty);
}

uint64_t
bci_bitstream_sparse(const struct bci_bitstream *stream,
                     const unsigned char *in, size_t i, unsigned *row)
{
	*row = bci_load16(in + 2 * i);
	return bitstream_patch(in + 2 * stream->patches, stream->patch_shift, i,
	                       stream->is_signed);
}

/*
 * Add the patches to the values; false if their rows do not ascend.  A row
 * that is none changes some value of the block, which is then thrown away.
 */
#define STREAM_PATCH(shift)                                                    \
	for (size_t i = 0; i < stream->patches; i++) {                         \
		unsigned row = bci_load16(in + 2 * i);                         \
		uint64_t patch = bitstream_patch(high, (shift), i, is_signed)  \
		                 << stream->width;                             \
                                                                               \
		bad |= row < after || row >= rows;                             \
		after = row + 1;                                               \
		row %= BCI_PACK_ROWS;                                          \
		if (wide != NULL)                                              \
			wide[row] += patch;                                    \
		else                                                           \
			narrow[row] += (uint32_t)patch;                        \
	}                                                                      \
	break

static inline __attribute__((always_inline)) bool
bitstream_patch_rows(const struct bci_bitstream *stream,
                     const unsigned char *in, size_t rows, const bool is_signed,
                     uint32_t *narrow, uint64_t *wide)
{
	const unsigned char *high = in + 2 * stream->patches;
	unsigned after = 0, bad = 0;

	switch (stream->patch_shift) { /* Each loop with a constant. */
	case 0:
		STREAM_PATCH(0);
	case 1:
		STREAM_PATCH(1);
	case 2:
		STREAM_PATCH(2);
	default:
		STREAM_PATCH(3);
	}
	return bad == 0;
}

static bool
bitstream_patch32(const struct bci_bitstream *stream, const unsigned char *in,
                  size_t rows, uint32_t *out)
{
	if (stream->is_signed)
		return bitstream_patch_rows(stream, in, rows, true, out, NULL);
	return bitstream_patch_rows(stream, in, rows, false, out, NULL);
}

static bool
bitstream_patch64(const struct bci_bitstream *stream, const unsigned char *in,
                  size_t rows, uint64_t *out)
{
	if (stream->is_signed)
		return bitstream_patch_rows(stream, in, rows, true, NULL, out);
	return bitstream_patch_rows(stream, in, rows, false, NULL, out);
}

/* Unpack fields; kernels read whole blocks, so a short one is copied. */
static void
bitstream_unpack(const struct bci_kernel *kernel, const unsigned char *in,
                 size_t rows, unsigned width, uint32_t base,
                 struct bci_bitstream_work *work, uint32_t *out)
{
	if (rows < BCI_PACK_ROWS && width > 0) {
		memcpy(work->tail, in, bitstream_fields(rows, width));
		in = work->tail;
	}
	kernel->unpack(in, width, base, out);
}

bool
bci_bitstream_get32(const struct bci_kernel *kernel,
                    const struct bci_bitstream *stream, const unsigned char *in,
                    size_t rows, struct bci_bitstream_work *work, uint32_t *out)
{
	bitstream_unpack(kernel, in, rows, stream->width,
	                 (uint32_t)bitstream_base(stream), work, out);
	in += bitstream_units(rows, stream->width);
	if (stream->depth == 0)
		return bitstream_patch32(stream, in, rows, out);
	if (!bci_layers_get(kernel, stream->layers, stream->depth, in, rows,
	                    stream->width, &work->layers, out, NULL))
		return false;
	if (stream->is_signed)
		kernel->unfold32(out);
	return true;
}

bool
bci_bitstream_get64(const struct bci_kernel *kernel,
                    const struct bci_bitstream *stream, const unsigned char *in,
                    size_t rows, struct bci_bitstream_work *work, uint64_t *out)
{
	unsigned low = bitstream_low(stream->width);

	bitstream_unpack(kernel, in, rows, low, 0, work, work->low);
	if (stream->width == low) {
		kernel->widen(work->low, bitstream_base(stream), out);
	} else {
		bitstream_unpack(kernel, in + bitstream_fields(rows, low), rows,
		                 stream->width - low, 0, work, work->high);
		kernel->join(work->low, work->high, bitstream_base(stream),
		             out);
	}
	in += bitstream_units(rows, stream->width);
	if (stream->depth == 0)
		return bitstream_patch64(stream, in, rows, out);
	if (!bci_layers_get(kernel, stream->layers, stream->depth, in, rows,
	                    stream->width, &work->layers, NULL, out))
		return false;
	if (stream->is_signed)
		kernel->unfold64(out);
	return true;
}
