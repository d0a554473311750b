/* SPDX-License-Identifier: MIT */
/*
 * unit.c - sizes, durations and counts as people write and read them.
 *
 * Fractions such as 1.5G are refused: what is stored is exact, and 1536M says
 * the same.
 */
#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit unit_sizes[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "K", 1ULL << 10 },
	{ "M", 1ULL << 20 },
	{ "G", 1ULL << 30 },
	{ "T", 1ULL << 40 },
	{ "KiB", 1ULL << 10 },
	{ "MiB", 1ULL << 20 },
	{ "GiB", 1ULL << 30 },
	{ "TiB", 1ULL << 40 },
	{ "KB", 1000ULL },
	{ "MB", 1000000ULL },
	{ "GB", 1000000000ULL },
	{ "TB", 1000000000000ULL },
};

/* In nanoseconds. */
static const struct unit unit_durations[] = {
	{ "", 1000000000ULL },
	{ "ms", 1000000ULL },
	{ "s", 1000000000ULL },
	{ "m", 60 * 1000000000ULL },
	{ "h", 3600 * 1000000000ULL },
	{ "d", 86400 * 1000000000ULL },
	{ "w", 7 * 86400 * 1000000000ULL },
};

/* Digits at the front of 'text'; NULL if there are none or too many. */
static const char *
unit_digits(const char *text, uint64_t *number)
{
	uint64_t value = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; ++at)
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'),
		                           &value))
			return NULL;
	*number = value;
	return at == text ? NULL : at;
}

/* A number and a unit of the table, multiplied. */
static bool
unit_parse(const struct unit *units, size_t count, const char *text,
           uint64_t *product)
{
	const char *rest;
	uint64_t number;
	size_t i;

	rest = unit_digits(text, &number);
	if (rest == NULL)
		return false;
	for (i = 0; i < count; ++i)
		if (strcasecmp(rest, units[i].name) == 0)
			return !__builtin_mul_overflow(number, units[i].factor,
			                               product);
	return false;
}

bool
unit_parse_count(const char *text, uint64_t *count)
{
	const char *rest = unit_digits(text, count);

	return rest != NULL && *rest == '\0';
}

bool
unit_parse_size(const char *text, uint64_t *bytes)
{
	return unit_parse(unit_sizes,
	                  sizeof(unit_sizes) / sizeof(unit_sizes[0]), text,
	                  bytes);
}

bool
unit_parse_duration(const char *text, int64_t *ns)
{
	uint64_t product;

	if (!unit_parse(unit_durations,
	                sizeof(unit_durations) / sizeof(unit_durations[0]),
	                text, &product) ||
	    product == 0 || product > INT64_MAX)
		return false;
	*ns = (int64_t)product;
	return true;
}

const char *
unit_format_ttl(int64_t ns, char text[UNIT_TEXT])
{
	size_t i = sizeof(unit_durations) / sizeof(unit_durations[0]) - 1;

	if (ns == BC_TTL_DEFAULT)
		return "default";
	if (ns == BC_TTL_NEVER)
		return "never";
	while (i > 1 && (uint64_t)ns % unit_durations[i].factor != 0)
		--i;
	snprintf(text, UNIT_TEXT, "%" PRIu64 "%s",
	         (uint64_t)ns / unit_durations[i].factor,
	         unit_durations[i].name);
	return text;
}

/*
 * About three digits of a value in the smallest unit, each of the others 'base'
 * times the one before it.
 */
static const char *
unit_format_scaled(uint64_t small, double base, const char *const names[],
                   size_t count, char text[UNIT_TEXT])
{
	double value = (double)small;
	size_t unit = 0;

	/* 1023.5 would be printed as "1024" of the smaller unit. */
	while (value >= base - 0.5 && unit + 1 < count) {
		value /= base;
		++unit;
	}
	if (unit == 0 || value >= 99.95 || value == (double)(uint64_t)value)
		snprintf(text, UNIT_TEXT, "%.0f %s", value, names[unit]);
	else
		snprintf(text, UNIT_TEXT, "%.1f %s", value, names[unit]);
	return text;
}

const char *
unit_format_bytes(uint64_t bytes, char text[UNIT_TEXT])
{
	static const char *const names[] = { "B",   "KiB", "MiB",
		                             "GiB", "TiB", "PiB" };

	return unit_format_scaled(bytes, 1024, names,
	                          sizeof(names) / sizeof(names[0]), text);
}

const char *
unit_format_latency(uint64_t ns, char text[UNIT_TEXT])
{
	static const char *const names[] = { "ns", "us", "ms", "s" };

	return unit_format_scaled(ns, 1000, names,
	                          sizeof(names) / sizeof(names[0]), text);
}

/* How often 'base' divides 'bytes', at most four times; *rest is what stays. */
static size_t
unit_divide(uint64_t bytes, uint64_t base, uint64_t *rest)
{
	size_t times = 0;

	for (*rest = bytes; *rest != 0 && *rest % base == 0 && times < 4;
	     ++times)
		*rest /= base;
	return times;
}

const char *
unit_format_size(uint64_t bytes, char text[UNIT_TEXT])
{
	static const char *const binary[] = { "", "KiB", "MiB", "GiB", "TiB" };
	static const char *const decimal[] = { "", "KB", "MB", "GB", "TB" };
	uint64_t of_1024, of_1000;
	size_t by_1024 = unit_divide(bytes, 1024, &of_1024);
	size_t by_1000 = unit_divide(bytes, 1000, &of_1000);

	if (of_1024 <= of_1000)
		snprintf(text, UNIT_TEXT, "%" PRIu64 "%s", of_1024,
		         binary[by_1024]);
	else
		snprintf(text, UNIT_TEXT, "%" PRIu64 "%s", of_1000,
		         decimal[by_1000]);
	return text;
}

const char *
unit_format_span(uint64_t ns, char text[UNIT_SPAN_TEXT])
{
	static const struct unit units[] = {
		{ "d", 86400000000000 },
		{ "h", 3600000000000 },
		{ "m", 60000000000 },
		{ "s", 1000000000 },
		{ "ms", 1000000 },
		{ "us", 1000 },
		{ "ns", 1 },
	};
	const size_t count = sizeof(units) / sizeof(units[0]);
	size_t i = 0;
	int used;

	while (i < count && ns < units[i].factor)
		++i;
	if (i == count) {
		snprintf(text, UNIT_SPAN_TEXT, "0s");
		return text;
	}
	used = snprintf(text, UNIT_SPAN_TEXT, "%" PRIu64 "%s",
	                ns / units[i].factor, units[i].name);
	ns %= units[i].factor;
	if (i + 1 < count && ns >= units[i + 1].factor)
		snprintf(text + used, UNIT_SPAN_TEXT - (size_t)used,
		         " %" PRIu64 "%s", ns / units[i + 1].factor,
		         units[i + 1].name);
	return text;
}
