/* SPDX-License-Identifier: MIT */
/*
 * edit.c - changes to bytes: a bit, a number of one to eight bytes, one near
 * the number that is there, one of those at which sums wrap, a run of bytes
 * from another place.
 */
#include "edit.h"

#include "check.h"

uint64_t
edits_number(struct edits *edits, unsigned bytes)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < bytes && edits_left(edits); i++)
		number |= (uint64_t)*edits->at++ << 8 * i;
	return number;
}

/* A number at which something may be different. */
static uint64_t
edits_border(struct edits *edits)
{
	static const uint64_t borders[] = {
		0,          1,          2,         63,         64,
		255,        4095,       4096,      65535,      65536,
		1u << 26,   1u << 30,   INT32_MAX, 1u << 31,   UINT32_MAX,
		1ull << 32, 1ull << 62, INT64_MAX, 1ull << 63, UINT64_MAX,
	};
	unsigned which = (unsigned)edits_number(edits, 1);

	return borders[which % (sizeof(borders) / sizeof(*borders))];
}

void
edits_change(struct edits *edits, unsigned char *region, size_t bytes)
{
	unsigned what = (unsigned)edits_number(edits, 1);
	unsigned width = 1u << (what >> 3 & 3);
	uint64_t place = edits_number(edits, bytes > 65536 ? 4 : 2);
	uint64_t value = 0;
	size_t from;

	if (bytes == 0)
		return;
	place %= bytes;
	width = (unsigned)bci_min(width, bytes - place);
	memcpy(&value, region + place, width);
	switch (what & 7) {
	case 0:
		value ^= 1ull << edits_number(edits, 1) % 64;
		break;
	case 1:
	case 2:
		value = edits_border(edits);
		break;
	case 3:
		value += edits_number(edits, 1) - 128;
		break;
	case 4:
		from = edits_number(edits, 2) % bytes;
		memmove(region + place, region + from,
		        bci_min(edits_number(edits, 1),
		                bytes - bci_max(place, from)));
		return;
	default:
		value = edits_number(edits, width);
		break;
	}
	memcpy(region + place, &value, width);
}
