/* SPDX-License-Identifier: MIT */
/*
 * fuzz_pack.c - any bytes as a packed segment, signed so that checksums do not
 * keep the rest of it unseen; and any bytes as columns, which must come back.
 *
 * The first byte of an input says which: with bit 0 columns, else a segment.
 */
#include "target.h"

#include "group.h"
#include "pack.h"

#include "../pack/sign.h"
#include "reach.h"

#define ROWS_MAX 5000
#define COLUMNS 6

/* Decode what was opened, all columns and then each by itself, in part. */
static void
read_columns(const struct bci_pack *pack, void *const *out, void *work)
{
	struct bc_error err = { 0 };
	enum bc_status status =
		bci_pack_decode(pack, 0, pack->rows, out, work, &err);

	CHECK(status == BC_OK || status == BC_CORRUPT);
	CHECK(status == err.status);
	reach(status == BC_OK ? "all of it decoded" : "not all of it decoded");
	for (uint32_t i = 0; i < pack->columns && pack->rows > 1; i++) {
		void *one[BC_COLUMNS_MAX] = { NULL };

		one[i] = out[i];
		status = bci_pack_decode(pack, pack->rows / 2,
		                         pack->rows - pack->rows / 2, one, work,
		                         &err);
		CHECK(status == BC_OK || status == BC_CORRUPT);
	}
}

/* Any bytes: refused, or some values. */
static void
check_segment(const uint8_t *data, size_t bytes)
{
	unsigned char *copy = malloc(bytes + 1);
	void *work = malloc(bci_pack_decode_work());
	void *out[BC_COLUMNS_MAX] = { NULL };
	struct bci_pack_stats stats;
	struct bci_pack_place place;
	struct bc_error err = { 0 };
	struct bci_pack pack;

	CHECK(copy != NULL && work != NULL);
	reach("segments");
	memcpy(copy, data, bytes);
	if (bytes >= BCI_PACK_HEADER)
		sign_pack(copy, bytes);
	if (bci_pack_open(copy, bytes, &pack, &err) != BC_OK) {
		CHECK(err.status == BC_CORRUPT || err.status == BC_FORMAT);
		free(work);
		free(copy);
		return;
	}
	reach("behind the checksum of the head");
	for (uint32_t i = 0; i < pack.groups; i++)
		(void)bci_pack_measure(&pack, i, &stats);
	for (uint32_t i = 0; i < pack.columns; i++) {
		CHECK(bci_pack_find(&pack, i, &place) == BC_OK);
		CHECK(bc_type_bytes(place.type) != 0);
		if (pack.rows <= ROWS_MAX && pack.columns <= 2 * COLUMNS)
			out[i] = malloc(pack.rows * bc_type_bytes(place.type) +
			                1);
	}
	if (out[0] != NULL)
		read_columns(&pack, out, work);
	for (uint32_t i = 0; i < pack.columns; i++)
		free(out[i]);
	free(work);
	free(copy);
}

/*
 * Columns of types and roles that the first bytes say, filled with the rest as
 * often as it takes.
 */
static void
check_columns(const uint8_t *data, size_t bytes)
{
	const struct bci_pack_options options = { .level = 3 };
	struct bci_pack_column columns[COLUMNS];
	void *work = malloc(bci_pack_encode_work());
	void *back = malloc(bci_pack_decode_work());
	void *values[COLUMNS], *out[COLUMNS];
	struct bc_error err = { 0 };
	struct bci_pack pack;
	unsigned char *packed;
	uint64_t rows, room, length;

	CHECK(work != NULL && back != NULL);
	rows = data[0] * 13u % 2100;
	for (size_t i = 0; i < COLUMNS; i++) {
		columns[i].type = (enum bc_type)(1 + data[1 + i] % 6);
		if (i == 0)
			columns[i].role = BCI_PACK_ROLE_TIME;
		else if (i <= 4)
			columns[i].role = (enum bci_pack_role)(i + 1);
		else
			columns[i].role = BCI_PACK_ROLE_NONE;
		columns[i].set = 0;
		columns[i].codec =
			(enum bci_codec)(data[7] >> i & 1 ? data[1 + i] / 6 % 6
		                                          : BCI_CODEC_AUTO);
		length = rows * bc_type_bytes(columns[i].type);
		values[i] = malloc(length + 1);
		out[i] = malloc(length + 1);
		CHECK(values[i] != NULL && out[i] != NULL);
		for (uint64_t j = 0; j < length; j++)
			((unsigned char *)values[i])[j] =
				data[8 + (j + i * 8) % (bytes - 8)];
		columns[i].values = values[i];
	}
	room = bci_pack_bound(columns, COLUMNS, rows);
	packed = malloc(room);
	CHECK(packed != NULL);
	CHECK(bci_pack_encode(&options, columns, COLUMNS, rows, work, packed,
	                      room, &length, &err) == BC_OK);
	CHECK(length > 0 && length <= room);
	CHECK(bci_pack_open(packed, length, &pack, &err) == BC_OK);
	CHECK(bci_pack_decode(&pack, 0, rows, out, back, &err) == BC_OK);
	for (size_t i = 0; i < COLUMNS; i++) {
		CHECK(memcmp(out[i], values[i],
		             rows * bc_type_bytes(columns[i].type)) == 0);
		free(values[i]);
		free(out[i]);
	}
	free(packed);
	free(back);
	free(work);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	if (bytes > 9 && data[0] & 1)
		check_columns(data + 1, bytes - 1);
	else if (bytes > 1 && (data[0] & 1) == 0)
		check_segment(data + 1, bytes - 1);
	return 0;
}
