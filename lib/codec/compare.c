/* SPDX-License-Identifier: MIT */
/*
 * compare.c - whether a packed segment gives back the columns that it was made
 * of: what is asked before they are dropped.
 *
 * A piece of a column at a time, so that the memory does not grow with the
 * segment; all columns of bars are decoded together, as they are when read.
 */
#include "common.h"

#include "check.h"
#include "error.h"
#include "pack.h"

/* A piece of four columns stays within a second-level cache. */
#define COMPARE_ROWS 8192
#define COMPARE_BYTES (8 * COMPARE_ROWS)

size_t
bci_pack_compare_work(void)
{
	return BCI_GROUP_COLUMNS * COMPARE_BYTES + bci_pack_decode_work() + 8;
}

/* Decode a piece of the columns in 'numbers' and compare each. */
static enum bc_status
compare_piece(const struct bci_pack *pack,
              const struct bci_pack_column *columns, const uint32_t *numbers,
              unsigned count, uint64_t first, uint64_t rows, void *work,
              struct bc_error *err)
{
	void *out[BC_COLUMNS_MAX] = { NULL };
	unsigned char *room = work;
	enum bc_status status;

	for (unsigned i = 0; i < count; i++)
		out[numbers[i]] = room + i * COMPARE_BYTES;
	status = bci_pack_decode(pack, first, rows, out,
	                         room + BCI_GROUP_COLUMNS * COMPARE_BYTES, err);
	for (unsigned i = 0; i < count && status == BC_OK; i++) {
		const struct bci_pack_column *column = &columns[numbers[i]];
		size_t bytes = bc_type_bytes(column->type);
		const unsigned char *values = column->values;

		if (memcmp(out[numbers[i]], values + first * bytes,
		           rows * bytes) != 0)
			status = bci_fail_row(err, BC_CORRUPT, first,
			                      "packed column %u differs within "
			                      "%llu rows from here",
			                      numbers[i],
			                      (unsigned long long)rows);
	}
	return status;
}

/* The group of each column; fails where one is of another type. */
static enum bc_status
compare_groups(const struct bci_pack *pack,
               const struct bci_pack_column *columns, uint32_t count,
               uint32_t groups[BC_COLUMNS_MAX], struct bc_error *err)
{
	struct bci_pack_place place;

	if (pack->columns != count)
		return bci_fail(err, BC_CORRUPT, "%u packed columns, not %u",
		                pack->columns, count);
	for (uint32_t i = 0; i < count; i++) {
		if (bci_pack_find(pack, i, &place) != BC_OK ||
		    place.type != columns[i].type)
			return bci_fail(err, BC_CORRUPT,
			                "packed column %u is of another type",
			                i);
		groups[i] = place.group;
	}
	return BC_OK;
}

enum bc_status
bci_pack_compare(const struct bci_pack *pack,
                 const struct bci_pack_column *columns, uint32_t count,
                 void *work, struct bc_error *err)
{
	uint32_t groups[BC_COLUMNS_MAX], numbers[BCI_GROUP_COLUMNS];
	enum bc_status status =
		compare_groups(pack, columns, count, groups, err);

	for (uint32_t group = 0; group < pack->groups && status == BC_OK;
	     group++) {
		unsigned members = 0;

		for (uint32_t i = 0; i < count; i++) {
			if (groups[i] == group && members < BCI_GROUP_COLUMNS)
				numbers[members++] = i;
		}
		for (uint64_t at = 0; at < pack->rows && status == BC_OK;
		     at += COMPARE_ROWS)
			status = compare_piece(
				pack, columns, numbers, members, at,
				bci_min(pack->rows - at, COMPARE_ROWS), work,
				err);
	}
	return status;
}
