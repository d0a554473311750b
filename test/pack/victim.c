/* SPDX-License-Identifier: MIT */
/*
 * victim.c - see victim.h.
 */
#include "barcache.h"

#include <string.h>

#include "victim.h"

const enum specimen_kind victim_kinds[VICTIM_KINDS] = {
	SPECIMEN_TICKS, SPECIMEN_STRAY,  SPECIMEN_FLOATS,   SPECIMEN_DOUBLES,
	SPECIMEN_NOISE, SPECIMEN_TYPES,  SPECIMEN_COINS,    SPECIMEN_F32,
	SPECIMEN_I64,   SPECIMEN_QUOTES, SPECIMEN_CONSTANT, SPECIMEN_STILL,
};

void
victim_make(struct victim *victim, enum specimen_kind kind, uint64_t rows)
{
	specimen_make(&victim->table, kind, rows, 17);
	packing_make(&victim->packing, &victim->table, 0, NULL);
	victim->damaged.length = victim->packing.length;
	victim->damaged.bytes = guarded_make(victim->packing.length);
	victim->work = guarded_make(bci_pack_decode_work());
	for (uint32_t i = 0; i < victim->table.count; i++)
		victim->out[i] =
			guarded_make(specimen_column_bytes(&victim->table, i));
}

void
victim_free(struct victim *victim)
{
	for (uint32_t i = 0; i < victim->table.count; i++)
		guarded_free(victim->out[i],
		             specimen_column_bytes(&victim->table, i));
	guarded_free(victim->work, bci_pack_decode_work());
	packing_free(&victim->packing);
	packing_free(&victim->damaged);
	specimen_free(&victim->table);
}

unsigned char *
victim_restore(struct victim *victim)
{
	memcpy(victim->damaged.bytes, victim->packing.bytes,
	       victim->packing.length);
	return victim->damaged.bytes;
}

bool
victim_read(struct victim *victim, const unsigned char *bytes, size_t length)
{
	const struct specimen *table = &victim->table;
	struct bci_pack_stats stats;
	struct bc_error err = { 0 };
	struct bci_pack pack;
	enum bc_status status = bci_pack_open(bytes, length, &pack, &err);

	if (status != BC_OK) {
		assert_true(status == BC_CORRUPT || status == BC_FORMAT);
		assert_int_equal(err.status, status);
		return false;
	}
	for (uint32_t i = 0; i < pack.groups; i++)
		(void)bci_pack_measure(&pack, i, &stats);
	if (pack.rows != table->rows || pack.columns != table->count)
		return false;
	for (uint32_t i = 0; i < table->count; i++) {
		struct bci_pack_place place;

		if (bci_pack_find(&pack, i, &place) != BC_OK ||
		    place.type != table->columns[i].type)
			return false;
	}
	if (table->rows > 40) {
		status = bci_pack_decode(&pack, 7, 33, victim->out,
		                         victim->work, &err);
		assert_true(status == BC_OK || status == BC_CORRUPT);
	}
	status = bci_pack_decode(&pack, 0, table->rows, victim->out,
	                         victim->work, &err);
	assert_true(status == BC_OK || status == BC_CORRUPT);
	return status == BC_OK;
}

bool
victim_same(const struct victim *victim)
{
	for (uint32_t i = 0; i < victim->table.count; i++) {
		if (memcmp(victim->out[i], victim->table.columns[i].values,
		           specimen_column_bytes(&victim->table, i)) != 0)
			return false;
	}
	return true;
}
