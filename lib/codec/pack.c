/* SPDX-License-Identifier: MIT */
/*
 * pack.c - columns into a packed segment.
 *
 *   header | plan of each group | index | checksum | chunks of each group
 *
 * How many chunks a group has follows from its codec, which is only known when
 * the group is packed.  So plan and index get the room of the most chunks, the
 * chunks are written behind it, and what was left over is closed at the end.
 */
#include "common.h"

#include "check.h"
#include "bytes.h"
#include "encoder.h"
#include "group.h"
#include "hash.h"
#include "error.h"
#include "rounding.h"

/* The working memory; LZ4's state lies behind it. */
struct pack_work {
	struct bci_encoder encoder;
	struct bci_group groups[BC_COLUMNS_MAX];
	unsigned char shuffled[BCI_PACK_CHUNK];
};

struct packer {
	const struct bci_pack_options *options;
	const struct bci_kernel *kernel;
	const struct bci_pack_column *columns;
	uint64_t rows;
	struct pack_work *work;
	void *state;
	uint32_t groups;
	unsigned char *data; /* where the next chunk goes */
};

#define PACK_ALIGNMENT 64

/* The next address that is a multiple; work has room for that. */
static void *
pack_align(void *work)
{
	uintptr_t at = (uintptr_t)work;

	return (unsigned char *)work + (0 - at) % PACK_ALIGNMENT;
}

size_t
bci_pack_encode_work(void)
{
	return sizeof(struct pack_work) + bci_bytes_state_bytes() +
	       2 * PACK_ALIGNMENT;
}

/* ------------------------------------------------------------------------ */
/*  Groups                                                                  */
/* ------------------------------------------------------------------------ */

/* The column of this role, set and type; -1 if there is not exactly one. */
static int
pack_find_role(const struct bci_pack_column *columns, uint32_t count,
               const struct bci_pack_column *open, enum bci_pack_role role)
{
	int found = -1;

	for (uint32_t i = 0; i < count; i++) {
		const struct bci_pack_column *one = &columns[i];

		if (one->role != role || one->set != open->set)
			continue;
		if (found >= 0 || one->type != open->type ||
		    one->codec != open->codec)
			return -1;
		found = (int)i;
	}
	return found;
}

/* Whether column 'index' is one of four; their numbers. */
static bool
pack_find_bars(const struct bci_pack_column *columns, uint32_t count,
               uint32_t index, uint16_t bars[BCI_GROUP_COLUMNS])
{
	const struct bci_pack_column *column = &columns[index];

	if (column->role < BCI_PACK_ROLE_OPEN || column->type == BC_U8 ||
	    column->type == BC_TEXT || column->codec == BCI_CODEC_LZ4 ||
	    column->codec == BCI_CODEC_RAW)
		return false;
	for (unsigned i = 0; i < BCI_GROUP_COLUMNS; i++) {
		int found = pack_find_role(
			columns, count, column,
			(enum bci_pack_role)(BCI_PACK_ROLE_OPEN + i));

		if (found < 0)
			return false;
		bars[i] = (uint16_t)found;
	}
	return true;
}

/* A group of blocks for column 'index'; false if another column has it. */
static bool
pack_form_group(const struct bci_pack_column *columns, uint32_t count,
                uint32_t index, struct bci_group *group)
{
	memset(group, 0, sizeof(*group));
	group->type = columns[index].type;
	group->codec = BCI_CODEC_DEC;
	if (pack_find_bars(columns, count, index, group->columns)) {
		group->model = BCI_MODEL_OHLC;
		return columns[index].role == BCI_PACK_ROLE_OPEN;
	}
	group->columns[0] = (uint16_t)index;
	group->model = columns[index].role == BCI_PACK_ROLE_TIME &&
	                               columns[index].type == BC_I64
	                       ? BCI_MODEL_TIME
	                       : BCI_MODEL_SINGLE;
	return true;
}

/* Whether LZ4 may pack a column. */
static bool
pack_wants_lz4(const struct bci_pack_column *column)
{
	return column->codec == BCI_CODEC_LZ4 ||
	       (column->codec == BCI_CODEC_AUTO &&
	        (column->type == BC_U8 || column->type == BC_TEXT));
}

uint64_t
bci_pack_bound(const struct bci_pack_column *columns, uint32_t count,
               uint64_t rows)
{
	uint64_t bytes = BCI_PACK_HEADER + BCI_PACK_SUM, extra = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t blocks = rows / BCI_PACK_ROWS + 1;
		uint64_t raw = rows * bc_type_bytes(columns[i].type);

		/* A block of raw values has a byte more. */
		bytes += BCI_PACK_PLAN + raw +
		         blocks * (BCI_PACK_ENTRY_TIME + 1);
		if (pack_wants_lz4(&columns[i]))
			extra = bci_max(extra, raw + blocks * BCI_PACK_ENTRY);
	}
	return bytes + extra;
}

/* ------------------------------------------------------------------------ */
/*  Chunks                                                                  */
/* ------------------------------------------------------------------------ */

/* The entry of a chunk: where it ends, its checksum, its first time. */
static void
pack_enter(const struct packer *packer, const struct bci_group *group,
           uint64_t index, uint64_t end, const unsigned char *chunk,
           size_t bytes, unsigned char *entries)
{
	unsigned char *entry = entries + index * group->entry;

	bci_store32(entry, (uint32_t)end);
	bci_store64(entry + 4, bci_hash64(chunk, bytes));
	if (group->model == BCI_MODEL_TIME) {
		const struct bci_pack_column *time =
			&packer->columns[group->columns[0]];

		memcpy(entry + BCI_PACK_ENTRY,
		       (const unsigned char *)time->values +
		               (index << group->shift) * sizeof(int64_t),
		       sizeof(int64_t));
	}
}

/* Where the rows of chunk 'index' begin in column 'i' of a group. */
static const unsigned char *
pack_values(const struct packer *packer, const struct bci_group *group,
            unsigned i, uint64_t index)
{
	const unsigned char *values = packer->columns[group->columns[i]].values;

	return values + (index << group->shift) * group->element;
}

/* The forms that a column may have where only one codec is to be tried. */
static unsigned
pack_maps(enum bci_codec codec)
{
	switch (codec) {
	case BCI_CODEC_DEC:
		return BCI_MAPS(BCI_MAP_INT) | BCI_MAPS(BCI_MAP_DEC);
	case BCI_CODEC_F32:
		return BCI_MAPS(BCI_MAP_FLOAT);
	case BCI_CODEC_BITS:
		return BCI_MAPS(BCI_MAP_BITS);
	default:
		return BCI_MAPS_ALL;
	}
}

/* Pack the group as blocks; returns the bytes of its chunks. */
static uint64_t
pack_blocks(struct packer *packer, struct bci_group *group, unsigned maps,
            unsigned char *entries, unsigned char *out)
{
	unsigned char *at = out;
	unsigned seen = 0;

	for (uint64_t i = 0; i < group->chunks; i++) {
		struct bci_frame frame =
			bci_group_frame(group, packer->rows, i);
		const void *values[BCI_GROUP_COLUMNS];
		size_t bytes;

		for (unsigned j = 0; j < group->count; j++)
			values[j] = pack_values(packer, group, j, i);
		bytes = bci_encoder_run(&packer->work->encoder, packer->kernel,
		                        &frame, values, maps, at);
		seen |= BCI_MAPS(*at & BCI_PACK_FORM_MAP);
		pack_enter(packer, group, i, (uint64_t)(at - out) + bytes, at,
		           bytes, entries);
		at += bytes;
	}
	if (seen & (BCI_MAPS(BCI_MAP_INT) | BCI_MAPS(BCI_MAP_DEC)))
		group->codec = BCI_CODEC_DEC;
	else if (seen & BCI_MAPS(BCI_MAP_FLOAT))
		group->codec = BCI_CODEC_F32;
	else if (seen & BCI_MAPS(BCI_MAP_BITS))
		group->codec = BCI_CODEC_BITS;
	else
		group->codec = BCI_CODEC_RAW;
	return (uint64_t)(at - out);
}

/* Pack the group's only column as bytes; returns those of its chunks. */
static uint64_t
pack_bytes(struct packer *packer, const struct bci_group *group,
           unsigned char *entries, unsigned char *out)
{
	unsigned char *at = out;
	unsigned char *shuffled = group->model == BCI_MODEL_SHUFFLED
	                                  ? packer->work->shuffled
	                                  : NULL;
	int level = packer->options->level;

	if (level != BCI_PACK_LEVEL_FAST &&
	    (level < BCI_LZ4_LEVEL_MIN || level > BCI_LZ4_LEVEL_MAX))
		level = BCI_LZ4_LEVEL_DEFAULT;
	for (uint64_t i = 0; i < group->chunks; i++) {
		const unsigned char *values = pack_values(packer, group, 0, i);
		size_t rows = (size_t)bci_group_rows(group, packer->rows, i);
		size_t bytes = rows * group->element;

		if (group->codec == BCI_CODEC_LZ4)
			bytes = bci_bytes_compress(packer->state, level, values,
			                           rows, group->element,
			                           shuffled, at);
		else
			memcpy(at, values, bytes);
		pack_enter(packer, group, i, (uint64_t)(at - out) + bytes, at,
		           bytes, entries);
		at += bytes;
	}
	return (uint64_t)(at - out);
}

/* Whether the first chunk gets smaller with its bytes shuffled. */
static bool
pack_shuffle_helps(struct packer *packer, const struct bci_group *group,
                   unsigned char *out)
{
	size_t rows = (size_t)bci_group_rows(group, packer->rows, 0);
	const unsigned char *values = pack_values(packer, group, 0, 0);
	size_t plain;

	if (group->element == 1)
		return false;
	plain = bci_bytes_compress(packer->state, BCI_LZ4_LEVEL_MIN, values,
	                           rows, group->element, NULL, out);
	return bci_bytes_compress(packer->state, BCI_LZ4_LEVEL_MIN, values,
	                          rows, group->element, packer->work->shuffled,
	                          out) < plain;
}

/* ------------------------------------------------------------------------ */
/*  Choosing                                                                */
/* ------------------------------------------------------------------------ */

/* The group as it is, to the same place; bars and times keep their blocks. */
static uint64_t
pack_raw(struct packer *packer, struct bci_group *group, unsigned char *entries)
{
	if (group->model == BCI_MODEL_OHLC || group->model == BCI_MODEL_TIME)
		return pack_blocks(packer, group, 0, entries, packer->data);
	group->model = BCI_MODEL_BYTES;
	group->codec = BCI_CODEC_RAW;
	bci_group_settle(group, packer->rows);
	return pack_bytes(packer, group, entries, packer->data);
}

/*
 * Pack one group to packer->data, its index to 'entries', with the codec that
 * takes the fewest bytes; raw unless that saves the share asked for.
 */
static void
pack_group(struct packer *packer, struct bci_group *group,
           unsigned char *entries)
{
	const struct bci_pack_column *column =
		&packer->columns[group->columns[0]];
	const uint64_t raw = packer->rows * group->element * group->count;
	struct bci_group other = *group;
	uint64_t best = UINT64_MAX, data = 0, size;

	if (column->codec != BCI_CODEC_LZ4 && column->codec != BCI_CODEC_RAW) {
		data = pack_blocks(packer, group, pack_maps(column->codec),
		                   entries, packer->data);
		best = data + group->chunks * group->entry;
	}
	if (pack_wants_lz4(column) && packer->rows > 0) {
		unsigned char *table = packer->data + data;

		other.codec = BCI_CODEC_LZ4;
		other.model = BCI_MODEL_BYTES;
		bci_group_settle(&other, packer->rows);
		if (pack_shuffle_helps(packer, &other, table))
			other.model = BCI_MODEL_SHUFFLED;
		size = pack_bytes(packer, &other, table,
		                  table + other.chunks * other.entry);
		if (size + other.chunks * other.entry < best) {
			best = size + other.chunks * other.entry;
			data = size;
			memcpy(entries, table, other.chunks * other.entry);
			memmove(packer->data,
			        table + other.chunks * other.entry, size);
			*group = other;
		}
	}
	if (best > raw || packer->rows == 0 ||
	    best * 1000 > raw * (1000 - packer->options->saving))
		data = pack_raw(packer, group, entries);
	group->data_bytes = (uint32_t)data;
}

/* ------------------------------------------------------------------------ */
/*  The segment                                                             */
/* ------------------------------------------------------------------------ */

static enum bc_status
pack_check(const struct bci_pack_options *options,
           const struct bci_pack_column *columns, uint32_t count, uint64_t rows,
           uint64_t room, struct bc_error *err)
{
	uint64_t row_bytes = 0;
	unsigned times = 0;

	if (count == 0 || count > BC_COLUMNS_MAX || options->saving > 1000)
		return bci_fail(err, BC_INVALID,
		                "%u columns to pack, to save %u of 1000", count,
		                options->saving);
	for (uint32_t i = 0; i < count; i++) {
		row_bytes += bc_type_bytes(columns[i].type);
		times += columns[i].role == BCI_PACK_ROLE_TIME;
		if (bc_type_bytes(columns[i].type) == 0 ||
		    columns[i].codec > BCI_CODEC_AUTO)
			return bci_fail(
				err, BC_INVALID, "column %u: type %d, codec %d",
				i, (int)columns[i].type, (int)columns[i].codec);
	}
	if (times > 1)
		return bci_fail(err, BC_INVALID, "%u time columns", times);
	if (rows > BCI_PACK_RAW_MAX / row_bytes)
		return bci_fail(err, BC_TOO_LARGE,
		                "%llu rows of %llu bytes to pack",
		                (unsigned long long)rows,
		                (unsigned long long)row_bytes);
	if (room < bci_pack_bound(columns, count, rows))
		return bci_fail(err, BC_TOO_LARGE, "no room to pack in");
	return BC_OK;
}

/* Form the groups; returns the most bytes that plan and index may take. */
static uint64_t
pack_plan(struct packer *packer, uint32_t count)
{
	uint64_t head = BCI_PACK_HEADER;

	for (uint32_t i = 0; i < count; i++) {
		struct bci_group *group = &packer->work->groups[packer->groups];

		if (!pack_form_group(packer->columns, count, i, group))
			continue;
		bci_group_settle(group, packer->rows);
		head += BCI_PACK_PLAN + group->chunks * group->entry;
		packer->groups++;
	}
	return head;
}

/* Pack all groups behind 'head' bytes, with their index at 'entries'. */
static uint64_t
pack_groups(struct packer *packer, unsigned char *out)
{
	unsigned char *entries =
		out + BCI_PACK_HEADER + packer->groups * BCI_PACK_PLAN;

	for (uint32_t i = 0; i < packer->groups; i++) {
		struct bci_group *group = &packer->work->groups[i];

		pack_group(packer, group, entries);
		bci_group_store(group,
		                out + BCI_PACK_HEADER + i * BCI_PACK_PLAN);
		entries += group->chunks * group->entry;
		packer->data += group->data_bytes;
	}
	return (uint64_t)(entries - out) + BCI_PACK_SUM;
}

static void
pack_header(const struct packer *packer, uint32_t count, uint64_t head,
            uint64_t total, unsigned char *out)
{
	bci_store32(out, BCI_PACK_MAGIC);
	bci_store16(out + 4, BCI_PACK_VERSION);
	bci_store16(out + 6, 0);
	bci_store64(out + 8, packer->rows);
	bci_store32(out + 16, count);
	bci_store32(out + 20, packer->groups);
	bci_store64(out + 24, total);
	bci_store64(out + head - BCI_PACK_SUM,
	            bci_hash64(out, head - BCI_PACK_SUM));
}

enum bc_status
bci_pack_encode(const struct bci_pack_options *options,
                const struct bci_pack_column *columns, uint32_t count,
                uint64_t rows, void *work, unsigned char *out, uint64_t room,
                uint64_t *bytes, struct bc_error *err)
{
	struct packer packer = {
		.options = options,
		.kernel = options->kernel,
		.columns = columns,
		.rows = rows,
		.work = pack_align(work),
	};
	bci_rounding found;
	enum bc_status status;
	uint64_t head, most, data, raw = 0;

	*bytes = 0;
	status = pack_check(options, columns, count, rows, room, err);
	if (status != BC_OK)
		return status;
	if (packer.kernel == NULL)
		packer.kernel = bci_kernel_best();
	packer.state = pack_align(packer.work + 1);
	most = pack_plan(&packer, count) + BCI_PACK_SUM;
	packer.data = out + most;

	found = bci_rounding_begin();
	head = pack_groups(&packer, out);
	bci_rounding_end(found);

	data = (uint64_t)(packer.data - out) - most;
	memmove(out + head, out + most, data);
	pack_header(&packer, count, head, head + data, out);
	for (uint32_t i = 0; i < count; i++)
		raw += rows * bc_type_bytes(columns[i].type);
	if ((head + data) * 1000 <= raw * (1000 - options->saving) ||
	    options->saving == 0)
		*bytes = head + data;
	return BC_OK;
}
