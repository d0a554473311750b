/* SPDX-License-Identifier: MIT */
/*
 * group.c - the plan of a group.
 *
 *   offset 0  codec u8
 *          1  model u8
 *          2  type u8
 *          3  zero u8
 *          4  columns u16[4], 0xFFFF where there are less
 *         12  bytes of all chunks u32
 */
#include "common.h"

#include "bytes.h"
#include "group.h"

void
bci_group_settle(struct bci_group *group, uint64_t rows)
{
	group->count = group->model == BCI_MODEL_OHLC ? BCI_GROUP_COLUMNS : 1;
	group->element = (unsigned)bc_type_bytes(group->type);
	group->shift = bci_group_has_blocks(group)
	                       ? BCI_PACK_SHIFT
	                       : bci_bytes_shift(group->element);
	group->entry = group->model == BCI_MODEL_TIME ? BCI_PACK_ENTRY_TIME
	                                              : BCI_PACK_ENTRY;
	group->chunks = (rows >> group->shift) +
	                ((rows & ((UINT64_C(1) << group->shift) - 1)) != 0);
}

void
bci_group_store(const struct bci_group *group, unsigned char *out)
{
	out[0] = (unsigned char)group->codec;
	out[1] = (unsigned char)group->model;
	out[2] = (unsigned char)group->type;
	out[3] = 0;
	for (unsigned i = 0; i < BCI_GROUP_COLUMNS; i++)
		bci_store16(out + 4 + 2 * i, i < group->count
		                                     ? group->columns[i]
		                                     : BCI_PACK_NO_COLUMN);
	bci_store32(out + 12, group->data_bytes);
}

/* Whether the model can hold the type, in this codec. */
static bool
group_fits(const struct bci_group *group)
{
	const bool floating = group->type == BC_F64 || group->type == BC_F32;

	switch (group->model) {
	case BCI_MODEL_BYTES:
		return group->codec == BCI_CODEC_RAW ||
		       group->codec == BCI_CODEC_LZ4;
	case BCI_MODEL_SHUFFLED:
		return group->codec == BCI_CODEC_LZ4;
	case BCI_MODEL_TIME:
		return group->type == BC_I64 &&
		       (group->codec == BCI_CODEC_DEC ||
		        group->codec == BCI_CODEC_RAW);
	case BCI_MODEL_OHLC:
		if (group->type == BC_U8 || group->type == BC_TEXT)
			return false;
		break;
	case BCI_MODEL_SINGLE:
		break;
	default:
		return false;
	}
	switch (group->codec) {
	case BCI_CODEC_RAW:
	case BCI_CODEC_DEC:
		return true;
	case BCI_CODEC_F32:
		return floating;
	case BCI_CODEC_BITS:
		return group->type == BC_F64;
	default:
		return false;
	}
}

bool
bci_group_load(const unsigned char *in, uint64_t rows, uint32_t columns,
               struct bci_group *out)
{
	out->codec = (enum bci_codec)in[0];
	out->model = (enum bci_model)in[1];
	out->type = (enum bc_type)in[2];
	if (in[3] != 0 || in[0] >= BCI_CODECS ||
	    bc_type_bytes(out->type) == 0 || !group_fits(out))
		return false;
	bci_group_settle(out, rows);
	for (unsigned i = 0; i < BCI_GROUP_COLUMNS; i++) {
		out->columns[i] = bci_load16(in + 4 + 2 * i);
		if (i < out->count ? out->columns[i] >= columns
		                   : out->columns[i] != BCI_PACK_NO_COLUMN)
			return false;
	}
	out->data_bytes = bci_load32(in + 12);
	return true;
}

uint64_t
bci_group_chunk_limit(const struct bci_group *group, uint64_t rows,
                      uint64_t index)
{
	uint64_t raw = bci_group_rows(group, rows, index) * group->count *
	               group->element;

	return bci_group_has_blocks(group) ? raw + 1 : raw;
}

struct bci_frame
bci_group_frame(const struct bci_group *group, uint64_t rows, uint64_t index)
{
	struct bci_frame frame = {
		.model = group->model,
		.type = group->type,
		.columns = group->count,
		.bytes = group->element,
		.rows = (size_t)bci_group_rows(group, rows, index),
	};

	return frame;
}
