/* SPDX-License-Identifier: MIT */
/*
 * zoneinfo.c - zone files (TZif, RFC 8536) to tables of changes.
 *
 *   header      "TZif", version, 15 unused bytes, six counts, u32 each
 *   moments     of the changes, i64 each (i32 in version 1)
 *   indices     of the type that begins with each, u8
 *   types       offset i32, summer time u8, index of its name u8
 *   names, leap seconds, two flags a type
 *
 * From version 2 on that comes twice, first as in version 1, then with i64, and
 * behind it, between two newlines, the rule that holds after the last change.
 * All numbers are big-endian.
 *
 * A table is better than asking the C library: that knows one zone a process,
 * the one of TZ, which is not ours to change.
 */
#include "common.h"

#include "alloc.h"
#include "calendar.h"
#include "error.h"
#include "zoneinfo.h"
#include "zonerule.h"

#define ZONEINFO_HEADER 44
#define ZONEINFO_TYPE 6

/* Years that int64 nanoseconds hold wholly. */
#define ZONEINFO_YEAR_FIRST 1678
#define ZONEINFO_YEAR_LAST 2261

/* For what holds from the beginning, and two changes a year. */
#define ZONEINFO_ROOM (3 + 2 * (ZONEINFO_YEAR_LAST - ZONEINFO_YEAR_FIRST + 1))

/* The parts of a block, inside the file. */
struct zoneinfo_block {
	const unsigned char *moments, *indices, *types;
	uint32_t times, type_count, names, leaps;
	unsigned wide; /* bytes of a moment */
	size_t bytes;  /* of all of it, with its header */
};

static uint32_t
zoneinfo_u32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | at[3];
}

static int64_t
zoneinfo_moment(const struct zoneinfo_block *block, uint32_t index)
{
	const unsigned char *at = block->moments + index * block->wide;
	uint64_t high = zoneinfo_u32(at);

	if (block->wide == 4)
		return (int32_t)high;
	return (int64_t)(high << 32 | zoneinfo_u32(at + 4));
}

/* The offset of a type in seconds. */
static int32_t
zoneinfo_ahead(const struct zoneinfo_block *block, uint32_t type)
{
	return (int32_t)zoneinfo_u32(block->types + type * ZONEINFO_TYPE);
}

/* ------------------------------------------------------------------------ */
/*  Checking                                                                */
/* ------------------------------------------------------------------------ */

/* Find the parts of a block; false if it does not fit. */
static bool
zoneinfo_block(const unsigned char *data, size_t bytes, unsigned wide,
               struct zoneinfo_block *out)
{
	uint64_t flags, end;

	if (bytes < ZONEINFO_HEADER || memcmp(data, "TZif", 4) != 0)
		return false;
	flags = (uint64_t)zoneinfo_u32(data + 20) + zoneinfo_u32(data + 24);
	out->leaps = zoneinfo_u32(data + 28);
	out->times = zoneinfo_u32(data + 32);
	out->type_count = zoneinfo_u32(data + 36);
	out->names = zoneinfo_u32(data + 40);
	out->wide = wide;
	/* Of 32 bits each, so no sum overflows. */
	end = ZONEINFO_HEADER + (uint64_t)out->times * (wide + 1) +
	      (uint64_t)out->type_count * ZONEINFO_TYPE + out->names +
	      (uint64_t)out->leaps * (wide + 4) + flags;
	if (end > bytes)
		return false;
	out->bytes = (size_t)end;
	out->moments = data + ZONEINFO_HEADER;
	out->indices = out->moments + (size_t)out->times * wide;
	out->types = out->indices + out->times;
	return true;
}

/* What is wrong with the content of a block, or NULL. */
static const char *
zoneinfo_fault(const struct zoneinfo_block *block)
{
	if (block->type_count == 0 || block->type_count > 256)
		return "it has no types, or too many";
	if (block->leaps != 0)
		return "it counts leap seconds";
	for (uint32_t i = 0; i < block->type_count; i++) {
		const unsigned char *type = block->types + i * ZONEINFO_TYPE;
		int32_t ahead_s = zoneinfo_ahead(block, i);

		if (ahead_s <= -BCI_DAY_SECONDS || ahead_s >= BCI_DAY_SECONDS ||
		    type[4] > 1 || type[5] >= block->names)
			return "a type is damaged";
	}
	for (uint32_t i = 0; i < block->times; i++) {
		if (block->indices[i] >= block->type_count)
			return "a change is to no type";
		if (i > 0 &&
		    zoneinfo_moment(block, i) <= zoneinfo_moment(block, i - 1))
			return "its changes do not ascend";
	}
	return NULL;
}

/* Read the rule between the newlines; an empty one is none. */
static bool
zoneinfo_rule(const unsigned char *at, size_t bytes, struct bci_zone_rule *rule)
{
	const unsigned char *end;

	if (bytes < 2 || at[0] != '\n')
		return false;
	end = memchr(at + 1, '\n', bytes - 1);
	if (end == NULL)
		return false;
	if (end == at + 1)
		return true;
	return bci_zone_rule_parse((const char *)at + 1, (size_t)(end - at) - 1,
	                           rule) &&
	       rule->standard_s > -BCI_DAY_SECONDS &&
	       rule->standard_s < BCI_DAY_SECONDS &&
	       rule->daylight_s > -BCI_DAY_SECONDS &&
	       rule->daylight_s < BCI_DAY_SECONDS;
}

/* ------------------------------------------------------------------------ */
/*  The table                                                               */
/* ------------------------------------------------------------------------ */

/* When a year begins, in seconds. */
static int64_t
zoneinfo_year(int64_t year)
{
	return bci_days_of_date(year, 1, 1) * BCI_DAY_SECONDS;
}

/*
 * From a moment on the clock is so far ahead.  What int64 does not reach is
 * left out at the end, and holds from the beginning at the other one.  Rules of
 * two years may meet in one moment; then the later one holds.
 */
static void
zoneinfo_add(struct bci_zone *zone, int64_t seconds, int32_t ahead_s)
{
	int64_t ahead_ns = ahead_s * BCI_SECOND_NS, utc_ns;
	size_t last = zone->count - 1;

	if (seconds >= zoneinfo_year(ZONEINFO_YEAR_LAST + 1))
		return;
	if (seconds < zoneinfo_year(ZONEINFO_YEAR_FIRST)) {
		zone->changes[0].ahead_ns = ahead_ns;
		return;
	}
	utc_ns = seconds * BCI_SECOND_NS;
	while (last > 0 && zone->changes[last].utc_ns >= utc_ns)
		last--;
	if (zone->changes[last].ahead_ns != ahead_ns)
		zone->changes[++last] =
			(struct bci_zone_change){ utc_ns, ahead_ns };
	zone->count = last + 1;
}

/* Add what the rule says of a year, if that comes after 'last'. */
static void
zoneinfo_add_year(struct bci_zone *zone, const struct bci_zone_rule *rule,
                  int64_t year, int64_t last)
{
	int64_t begin =
		bci_zone_day_seconds(&rule->begin, year) - rule->standard_s;
	int64_t end = bci_zone_day_seconds(&rule->end, year) - rule->daylight_s;

	/* South of the equator a year begins in summer. */
	if (end < begin && end > last)
		zoneinfo_add(zone, end, rule->standard_s);
	if (begin > last)
		zoneinfo_add(zone, begin, rule->daylight_s);
	if (end >= begin && end > last)
		zoneinfo_add(zone, end, rule->standard_s);
}

static void
zoneinfo_fill(const struct zoneinfo_block *block,
              const struct bci_zone_rule *rule, struct bci_zone *zone)
{
	int64_t last = zoneinfo_year(ZONEINFO_YEAR_FIRST), year;

	zone->count = 1;
	zone->changes[0].utc_ns = INT64_MIN;
	zone->changes[0].ahead_ns = zoneinfo_ahead(block, 0) * BCI_SECOND_NS;
	for (uint32_t i = 0; i < block->times; i++)
		zoneinfo_add(zone, zoneinfo_moment(block, i),
		             zoneinfo_ahead(block, block->indices[i]));
	if (!rule->twice)
		return;
	if (block->times > 0 && zoneinfo_moment(block, block->times - 1) > last)
		last = zoneinfo_moment(block, block->times - 1);
	if (last >= zoneinfo_year(ZONEINFO_YEAR_LAST))
		return;
	/* A year early: wall clocks are in another one than UTC at times. */
	year = bci_date_of_days(last / BCI_DAY_SECONDS).year - 1;
	for (; year <= ZONEINFO_YEAR_LAST; year++)
		zoneinfo_add_year(zone, rule, year, last);
}

enum bc_status
bci_zoneinfo_parse(const struct bc_allocator *allocator, const void *data,
                   size_t bytes, struct bci_zone *out, struct bc_error *err)
{
	struct bci_zone_rule rule = { .twice = false };
	const unsigned char *at = data;
	struct zoneinfo_block block;
	const char *fault;

	if (!zoneinfo_block(at, bytes, 4, &block))
		return bci_fail(err, BC_INVALID, "it is no zone file");
	if (at[4] >= '2') {
		at += block.bytes;
		bytes -= block.bytes;
		if (!zoneinfo_block(at, bytes, 8, &block) ||
		    !zoneinfo_rule(at + block.bytes, bytes - block.bytes,
		                   &rule))
			return bci_fail(err, BC_INVALID, "it is damaged");
	}
	fault = zoneinfo_fault(&block);
	if (fault != NULL)
		return bci_fail(err, BC_INVALID, "%s", fault);
	out->changes = bci_alloc(allocator, block.times + ZONEINFO_ROOM,
	                         sizeof(*out->changes));
	if (out->changes == NULL)
		return bci_fail(err, BC_NOMEM, "no memory for a time zone");
	zoneinfo_fill(&block, &rule, out);
	return BC_OK;
}
