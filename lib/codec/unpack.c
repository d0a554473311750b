/* SPDX-License-Identifier: MIT */
/*
 * unpack.c - a packed segment: checked once as a whole, then read by rows and
 * columns.
 *
 * Header, plan and index are checked when it is opened, each chunk by its
 * checksum when it is read.  The bytes may lie in a file that changes under
 * us: so the plan, which says what is written where, is copied when it is
 * checked; places taken from the index are held against the limits each time,
 * and no number is read again once it was checked.
 */
#include "common.h"

#include "check.h"
#include "bytes.h"
#include "decoder.h"
#include "error.h"
#include "group.h"
#include "hash.h"
#include "rounding.h"

struct unpack_work {
	struct bci_decoder decoder;
	unsigned char whole[BCI_PACK_CHUNK];
	unsigned char shuffled[BCI_PACK_CHUNK];
};

/* A walk over the groups: where the index and the chunks of one are. */
struct unpack_walk {
	const struct bci_pack *pack;
	uint32_t next;
	struct bci_group group;
	uint64_t entries, next_entries; /* offsets of its index and chunks */
	uint64_t data, next_data;
};

#define UNPACK_ALIGNMENT 64

size_t
bci_pack_decode_work(void)
{
	return sizeof(struct unpack_work) + UNPACK_ALIGNMENT;
}

/* ------------------------------------------------------------------------ */
/*  Groups and chunks                                                       */
/* ------------------------------------------------------------------------ */

static void
unpack_walk_begin(const struct bci_pack *pack, struct unpack_walk *walk)
{
	walk->pack = pack;
	walk->next = 0;
	walk->next_entries = BCI_PACK_HEADER + pack->groups * BCI_PACK_PLAN;
	walk->next_data = pack->head;
}

/* Go to the next group; false if there is none or its plan makes no sense. */
static bool
unpack_walk_next(struct unpack_walk *walk)
{
	const struct bci_pack *pack = walk->pack;
	uint64_t entries;

	if (walk->next == pack->groups ||
	    !bci_group_load(pack->plan + walk->next * BCI_PACK_PLAN, pack->rows,
	                    pack->columns, &walk->group))
		return false;
	walk->entries = walk->next_entries;
	walk->data = walk->next_data;
	entries = walk->group.chunks * walk->group.entry;
	if (!bci_within(walk->entries, entries, pack->head - BCI_PACK_SUM) ||
	    !bci_within(walk->data, walk->group.data_bytes, pack->length))
		return false;
	walk->next_entries += entries;
	walk->next_data += walk->group.data_bytes;
	walk->next++;
	return true;
}

/* A chunk: where it lies, its checksum, its first time. */
struct unpack_chunk {
	const unsigned char *at;
	size_t bytes;
	uint64_t sum;
	uint64_t time;
};

/* A place, which the compiler is not to look up again. */
static uint32_t
unpack_place(const unsigned char *entry)
{
	uint32_t place = bci_load32(entry);

	__asm__("" : "+r"(place));
	return place;
}

/* Look chunk 'index' up; false if it does not lie where it may. */
static bool
unpack_find(const struct unpack_walk *walk, uint64_t index,
            struct unpack_chunk *out)
{
	const struct bci_group *group = &walk->group;
	const struct bci_pack *pack = walk->pack;
	const unsigned char *entry =
		pack->bytes + walk->entries + index * group->entry;
	uint32_t end = unpack_place(entry), begin = 0;

	if (index > 0)
		begin = unpack_place(entry - group->entry);
	if (begin >= end || end > group->data_bytes ||
	    end - begin > bci_group_chunk_limit(group, pack->rows, index))
		return false;
	out->at = pack->bytes + walk->data + begin;
	out->bytes = end - begin;
	out->sum = bci_load64(entry + 4);
	out->time = 0;
	if (group->model == BCI_MODEL_TIME)
		out->time = bci_load64(entry + BCI_PACK_ENTRY);
	return true;
}

/* ------------------------------------------------------------------------ */
/*  Open                                                                    */
/* ------------------------------------------------------------------------ */

/* The header; the rest is not looked at. */
static enum bc_status
unpack_header(struct bci_pack *pack, struct bc_error *err)
{
	const unsigned char *in = pack->bytes;

	if (pack->length < BCI_PACK_HEADER + BCI_PACK_SUM ||
	    bci_load32(in) != BCI_PACK_MAGIC)
		return bci_fail(err, BC_FORMAT, "not a packed segment");
	if (bci_load16(in + 4) != BCI_PACK_VERSION)
		return bci_fail(err, BC_FORMAT,
		                "packed segment of version %u, not %u",
		                bci_load16(in + 4), BCI_PACK_VERSION);
	pack->rows = bci_load64(in + 8);
	pack->columns = bci_load32(in + 16);
	pack->groups = bci_load32(in + 20);
	if (bci_load16(in + 6) != 0 || pack->rows > BCI_PACK_RAW_MAX ||
	    pack->columns == 0 || pack->columns > BC_COLUMNS_MAX ||
	    pack->groups == 0 || pack->groups > pack->columns)
		return bci_fail(err, BC_CORRUPT,
		                "packed segment: %u groups, %u columns, "
		                "%llu rows",
		                pack->groups, pack->columns,
		                (unsigned long long)pack->rows);
	if (bci_load64(in + 24) != pack->length)
		return bci_fail(err, BC_CORRUPT,
		                "packed segment of %llu bytes, not %llu",
		                (unsigned long long)pack->length,
		                (unsigned long long)bci_load64(in + 24));
	return BC_OK;
}

/* Where the first chunk is, from the plan; checksum up to there. */
static enum bc_status
unpack_head(struct bci_pack *pack, struct bc_error *err)
{
	uint64_t head =
		BCI_PACK_HEADER + (uint64_t)pack->groups * BCI_PACK_PLAN;
	struct bci_group group;

	if (head > pack->length)
		return bci_fail(err, BC_CORRUPT, "packed segment: plan is cut");
	memcpy(pack->plan, pack->bytes + BCI_PACK_HEADER,
	       head - BCI_PACK_HEADER);
	for (uint32_t i = 0; i < pack->groups; i++) {
		if (!bci_group_load(pack->plan + i * BCI_PACK_PLAN, pack->rows,
		                    pack->columns, &group))
			return bci_fail(err, BC_CORRUPT,
			                "packed segment: group %u", i);
		head += group.chunks * group.entry;
	}
	head += BCI_PACK_SUM;
	if (head > pack->length)
		return bci_fail(err, BC_CORRUPT,
		                "packed segment: index is cut");
	if (bci_load64(pack->bytes + head - BCI_PACK_SUM) !=
	    bci_hash64(pack->bytes, head - BCI_PACK_SUM))
		return bci_fail(err, BC_CORRUPT,
		                "packed segment: checksum of the index");
	pack->head = head;
	return BC_OK;
}

/* Every column is in one group, every chunk where it may be. */
static enum bc_status
unpack_index(const struct bci_pack *pack, struct bc_error *err)
{
	bool seen[BC_COLUMNS_MAX] = { false };
	struct unpack_walk walk;
	struct unpack_chunk chunk;
	uint32_t columns = 0;
	uint64_t index;

	unpack_walk_begin(pack, &walk);
	while (unpack_walk_next(&walk)) {
		const struct bci_group *group = &walk.group;

		for (unsigned i = 0; i < group->count; i++) {
			columns += !seen[group->columns[i]];
			seen[group->columns[i]] = true;
		}
		chunk.at = pack->bytes + walk.data;
		chunk.bytes = 0;
		for (index = 0; index < group->chunks; index++) {
			if (!unpack_find(&walk, index, &chunk))
				return bci_fail(err, BC_CORRUPT,
				                "packed segment: chunk %llu of "
				                "group %u",
				                (unsigned long long)index,
				                walk.next - 1);
		}
		if (chunk.at + chunk.bytes != pack->bytes + walk.next_data)
			break;
	}
	if (walk.next != pack->groups || walk.next_data != pack->length ||
	    columns != pack->columns)
		return bci_fail(err, BC_CORRUPT,
		                "packed segment: %u columns in %u groups do "
		                "not add up",
		                pack->columns, pack->groups);
	return BC_OK;
}

enum bc_status
bci_pack_open(const void *bytes, uint64_t length, struct bci_pack *out,
              struct bc_error *err)
{
	enum bc_status status;

	memset(out, 0, offsetof(struct bci_pack, plan));
	out->bytes = bytes;
	out->length = length;
	out->verify = true;
	out->kernel = bci_kernel_best();
	BCI_TRY(unpack_header(out, err));
	BCI_TRY(unpack_head(out, err));
	BCI_TRY(unpack_index(out, err));
done:
	return status;
}

/* ------------------------------------------------------------------------ */
/*  Decode                                                                  */
/* ------------------------------------------------------------------------ */

/* Rows [first, first + count) of a chunk of bytes. */
static bool
unpack_bytes(const struct unpack_walk *walk, uint64_t index,
             const struct unpack_chunk *chunk, uint64_t first, uint64_t count,
             unsigned char *out, struct unpack_work *work)
{
	const struct bci_group *group = &walk->group;
	const size_t element = group->element;
	size_t rows = (size_t)bci_group_rows(group, walk->pack->rows, index);
	unsigned char *shuffled =
		group->model == BCI_MODEL_SHUFFLED ? work->shuffled : NULL;

	if (group->codec == BCI_CODEC_RAW || chunk->bytes == rows * element) {
		if (chunk->bytes != rows * element)
			return false;
		memcpy(out, chunk->at + first * element, count * element);
		return true;
	}
	if (count == rows)
		return bci_bytes_decompress(chunk->at, chunk->bytes, rows,
		                            element, shuffled, out);
	if (!bci_bytes_decompress(chunk->at, chunk->bytes, rows, element,
	                          shuffled, work->whole))
		return false;
	memcpy(out, work->whole + first * element, count * element);
	return true;
}

/* Rows [first, first + count) of chunk 'index', for the places in 'out'. */
static bool
unpack_chunk_rows(const struct unpack_walk *walk, uint64_t index,
                  uint64_t first, uint64_t count,
                  void *const out[BCI_GROUP_COLUMNS], struct unpack_work *work)
{
	const struct bci_pack *pack = walk->pack;
	struct unpack_chunk chunk;
	struct bci_frame frame;

	if (!unpack_find(walk, index, &chunk) ||
	    (pack->verify && bci_hash64(chunk.at, chunk.bytes) != chunk.sum))
		return false;
	if (!bci_group_has_blocks(&walk->group))
		return unpack_bytes(walk, index, &chunk, first, count, out[0],
		                    work);
	frame = bci_group_frame(&walk->group, pack->rows, index);
	return bci_decoder_run(&work->decoder, pack->kernel, &frame, chunk.at,
	                       chunk.bytes, chunk.time, (size_t)first,
	                       (size_t)count, out);
}

/* Rows [first, end) of the group that the walk is at. */
static enum bc_status
unpack_group(const struct unpack_walk *walk, uint64_t first, uint64_t end,
             void *const *out, struct unpack_work *work, struct bc_error *err)
{
	const struct bci_group *group = &walk->group;
	unsigned char *to[BCI_GROUP_COLUMNS] = { NULL };
	bool wanted = false;

	for (unsigned i = 0; i < group->count; i++) {
		to[i] = out[group->columns[i]];
		wanted = wanted || to[i] != NULL;
	}
	for (uint64_t at = first, index = first >> group->shift;
	     wanted && at < end; index++) {
		uint64_t begin = index << group->shift;
		uint64_t rows = bci_group_rows(group, walk->pack->rows, index);
		uint64_t count = bci_min(end, begin + rows) - at;

		if (!unpack_chunk_rows(walk, index, at - begin, count,
		                       (void *const *)to, work))
			return bci_fail(err, BC_CORRUPT,
			                "packed segment: chunk %llu of group "
			                "%u is damaged",
			                (unsigned long long)index,
			                walk->next - 1);
		for (unsigned i = 0; i < group->count; i++) {
			if (to[i] != NULL)
				to[i] += count * group->element;
		}
		at += count;
	}
	return BC_OK;
}

enum bc_status
bci_pack_decode(const struct bci_pack *pack, uint64_t first, uint64_t count,
                void *const *out, void *work, struct bc_error *err)
{
	struct unpack_work *aligned =
		(void *)((unsigned char *)work +
	                 (0 - (uintptr_t)work) % UNPACK_ALIGNMENT);
	enum bc_status status = BC_OK;
	struct unpack_walk walk;
	bci_rounding found;

	if (!bci_within(first, count, pack->rows))
		return bci_fail(
			err, BC_INVALID, "rows %llu and %llu more of %llu",
			(unsigned long long)first, (unsigned long long)count,
			(unsigned long long)pack->rows);
	found = bci_rounding_begin();
	unpack_walk_begin(pack, &walk);
	while (status == BC_OK && unpack_walk_next(&walk))
		status = unpack_group(&walk, first, first + count, out, aligned,
		                      err);
	bci_rounding_end(found);
	return status;
}

/* ------------------------------------------------------------------------ */
/*  What is in it                                                           */
/* ------------------------------------------------------------------------ */

enum bc_status
bci_pack_find(const struct bci_pack *pack, uint32_t column,
              struct bci_pack_place *out)
{
	struct unpack_walk walk;

	unpack_walk_begin(pack, &walk);
	while (unpack_walk_next(&walk)) {
		const struct bci_group *group = &walk.group;

		for (unsigned i = 0; i < group->count; i++) {
			if (group->columns[i] != column)
				continue;
			out->type = group->type;
			out->codec = group->codec;
			out->group = walk.next - 1;
			out->role = BCI_PACK_ROLE_NONE;
			if (group->model == BCI_MODEL_TIME)
				out->role = BCI_PACK_ROLE_TIME;
			else if (group->model == BCI_MODEL_OHLC)
				out->role = (enum bci_pack_role)(
					BCI_PACK_ROLE_OPEN + i);
			return BC_OK;
		}
	}
	return BC_INVALID;
}

enum bc_status
bci_pack_block_time(const struct bci_pack *pack, uint64_t block,
                    int64_t *time_ns)
{
	struct unpack_walk walk;
	struct unpack_chunk chunk;

	unpack_walk_begin(pack, &walk);
	while (unpack_walk_next(&walk)) {
		if (walk.group.model != BCI_MODEL_TIME)
			continue;
		if (block >= walk.group.chunks)
			return BC_INVALID;
		if (!unpack_find(&walk, block, &chunk))
			return BC_CORRUPT;
		*time_ns = (int64_t)chunk.time;
		return BC_OK;
	}
	return BC_INVALID;
}

/* Count the parts of chunk 'index'. */
static bool
unpack_measure_block(const struct unpack_walk *walk, uint64_t index,
                     struct bci_pack_stats *stats)
{
	struct bci_frame frame =
		bci_group_frame(&walk->group, walk->pack->rows, index);
	struct unpack_chunk chunk;
	struct bci_preamble block;
	const unsigned char *payload;

	if (!unpack_find(walk, index, &chunk) ||
	    !bci_preamble_load(chunk.at, chunk.bytes, &frame, &block, &payload))
		return false;
	stats->maps[block.map]++;
	for (unsigned i = 0; i < frame.columns; i++) {
		if (block.map == BCI_MAP_RAW)
			continue;
		stats->patches += block.streams[i].patches;
		stats->layers += block.streams[i].depth;
		stats->exceptions += block.exceptions[i];
	}
	return true;
}

/* Go to a group, and say what its plan does; BC_INVALID if there is none. */
static enum bc_status
unpack_share(const struct bci_pack *pack, uint32_t group,
             struct unpack_walk *walk, struct bci_pack_stats *out)
{
	const struct bci_group *found = &walk->group;

	memset(out, 0, sizeof(*out));
	unpack_walk_begin(pack, walk);
	do {
		if (!unpack_walk_next(walk))
			return BC_INVALID;
	} while (walk->next <= group);
	out->codec = found->codec;
	out->type = found->type;
	out->columns = found->count;
	out->chunks = found->chunks;
	out->raw_bytes = pack->rows * found->count * found->element;
	out->packed_bytes = found->data_bytes + found->chunks * found->entry;
	return BC_OK;
}

enum bc_status
bci_pack_share(const struct bci_pack *pack, uint32_t group,
               struct bci_pack_stats *out)
{
	struct unpack_walk walk;

	return unpack_share(pack, group, &walk, out);
}

enum bc_status
bci_pack_measure(const struct bci_pack *pack, uint32_t group,
                 struct bci_pack_stats *out)
{
	struct unpack_walk walk;
	enum bc_status status = unpack_share(pack, group, &walk, out);

	if (status != BC_OK)
		return status;
	for (uint64_t i = 0; i < out->chunks; i++) {
		if (bci_group_has_blocks(&walk.group) &&
		    !unpack_measure_block(&walk, i, out))
			return BC_CORRUPT;
	}
	return BC_OK;
}
