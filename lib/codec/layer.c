/* SPDX-License-Identifier: MIT */
/*
 * layer.c - layers of a stream, written and read.
 *
 * Volumes, and prices of markets where most minutes stand still, have lengths
 * of all kinds; one width is too wide for most of them, and a list of those
 * that are longer takes 16 bits for each row number.  A mark takes one bit a
 * row, whatever the share of long values is.
 */
#include "common.h"

#include "layer.h"

static size_t
layer_bytes(const struct bci_layer *layer, size_t rows)
{
	return (rows + 7) / 8 + ((size_t)layer->count * layer->width + 7) / 8;
}

size_t
bci_layers_bytes(const struct bci_layer *layers, unsigned depth, size_t rows)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < depth; i++) {
		bytes += layer_bytes(&layers[i], rows);
		rows = layers[i].count;
	}
	return bytes;
}

/* Mark the rows of values that are not 0, and move those to the front. */
static size_t
layer_mark(uint64_t *values, size_t rows, unsigned char *marks)
{
	size_t count = 0;

	for (size_t i = 0; i < rows; i += 8) {
		const size_t end = rows - i < 8 ? rows : i + 8;
		unsigned bits = 0;

		for (size_t j = i; j < end; j++) {
			uint64_t value = values[j];

			bits |= (unsigned)(value != 0) << (j - i);
			values[count] = value;
			count += value != 0;
		}
		*marks++ = (unsigned char)bits;
	}
	return count;
}

/* The lowest 'width' bits of each value, one behind the other. */
static unsigned char *
layer_put_fields(uint64_t *values, size_t count, unsigned width,
                 unsigned char *out)
{
	const uint64_t mask = (UINT64_C(1) << width) - 1;
	uint64_t bits = 0;
	unsigned held = 0; /* less than 32 */

	for (size_t i = 0; i < count; i++) {
		bits |= (values[i] & mask) << held;
		values[i] >>= width;
		held += width;
		if (held < 32)
			continue;
		bci_store32(out, (uint32_t)bits);
		out += 4;
		bits >>= 32;
		held -= 32;
	}
	for (; held > 0; held -= held < 8 ? held : 8) {
		*out++ = (unsigned char)bits;
		bits >>= 8;
	}
	return out;
}

unsigned char *
bci_layers_put(const struct bci_layer *layers, unsigned depth, uint64_t *values,
               size_t rows, unsigned char *out)
{
	for (unsigned i = 0; i < depth; i++) {
		size_t count = layer_mark(values, rows, out);

		out += (rows + 7) / 8;
		out = layer_put_fields(values, count, layers[i].width, out);
		rows = count;
	}
	return out;
}

/* Whether the bits of no row are 0. */
static bool
layer_ends(const unsigned char *marks, size_t rows)
{
	return rows % 8 == 0 || marks[rows / 8] >> rows % 8 == 0;
}

/*
 * Marks and fields that are not as many are found out when all are done: until
 * then some fields are not those of their rows, or of none.
 */
bool
bci_layers_get(const struct bci_kernel *kernel, const struct bci_layer *layers,
               unsigned depth, const unsigned char *in, size_t rows,
               unsigned shift, struct bci_layer_work *work, uint32_t *narrow,
               uint64_t *wide)
{
	const unsigned char *marks[BCI_LAYERS];
	size_t above = rows, used;

	for (unsigned i = 0; i < depth; i++) {
		const size_t count = layers[i].count;
		const unsigned char *fields;
		size_t bytes = (count * layers[i].width + 7) / 8;

		marks[i] = in;
		if (!layer_ends(in, above))
			return false;
		in += (above + 7) / 8;
		fields = in;
		if ((size_t)(work->end - in) < bytes + BCI_LAYERS_AHEAD)
			fields = memcpy(work->tight, in, bytes);
		kernel->loosen(fields, layers[i].width, count, work->fields[i]);
		in += bytes;
		above = count;
	}
	if (depth > 1) {
		used = kernel->spread32(marks[1], work->fields[1],
		                        layers[0].width, layers[0].count,
		                        work->fields[0]);
		if (used != layers[1].count)
			return false;
	}
	if (wide != NULL)
		used = kernel->spread64(marks[0], work->fields[0], shift, rows,
		                        wide);
	else
		used = kernel->spread32(marks[0], work->fields[0], shift, rows,
		                        narrow);
	return used == layers[0].count;
}
