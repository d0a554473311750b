/* SPDX-License-Identifier: MIT */
/*
 * zone.c - time zones: wall-clock time to UTC.
 *
 * A zone is a table of its changes, made elsewhere.  Between two changes the
 * wall clock runs along with UTC, so a wall-clock time is tried against each
 * of these spans that lie within a day of it: one nearly always, and the same
 * as for the row before.
 */
#include "common.h"

#include <strings.h>

#include "calendar.h"
#include "zone.h"

/* Two digits at 'text', or NULL. */
static const char *
zone_pair(const char *text, const char *end, int64_t *out)
{
	if (end - text < 2 || text[0] < '0' || text[0] > '9' || text[1] < '0' ||
	    text[1] > '9')
		return NULL;
	*out = (text[0] - '0') * 10 + (text[1] - '0');
	return text + 2;
}

/* A sign, hours, and minutes if there are any; "+2" only where 'brief'. */
static const char *
zone_hours(const char *text, const char *end, bool brief, int64_t *ahead_s)
{
	int64_t hours, minutes = 0;
	const char *at = zone_pair(text + 1, end, &hours);

	if (at == NULL) {
		if (!brief || end - text < 2 || text[1] < '0' || text[1] > '9')
			return NULL;
		hours = text[1] - '0';
		at = text + 2;
	}
	if (at < end && *at == ':')
		at = zone_pair(at + 1, end, &minutes);
	else if (at < end && *at >= '0' && *at <= '9')
		at = zone_pair(at, end, &minutes);
	if (at == NULL || hours > 23 || minutes > 59)
		return NULL;
	*ahead_s = (hours * 3600 + minutes * 60) * (*text == '-' ? -1 : 1);
	return at;
}

const char *
bci_zone_offset(const char *text, const char *end, int64_t *ahead_s)
{
	bool word = end - text >= 3 && (*text | 0x20) >= 'g' &&
	            (strncasecmp(text, "utc", 3) == 0 ||
	             strncasecmp(text, "gmt", 3) == 0);
	const char *at = word ? text + 3 : text;

	*ahead_s = 0;
	if (at < end && (*at == '+' || *at == '-'))
		return zone_hours(at, end, word, ahead_s);
	if (word)
		return at;
	return text < end && (*text | 0x20) == 'z' ? text + 1 : NULL;
}

bool
bci_zone_fixed(const char *name, struct bci_zone_change *change,
               struct bci_zone *out)
{
	size_t bytes = strlen(name);
	int64_t ahead_s;

	if (bytes > BCI_ZONE_NAME_MAX ||
	    bci_zone_offset(name, name + bytes, &ahead_s) != name + bytes)
		return false;
	change->utc_ns = INT64_MIN;
	change->ahead_ns = ahead_s * BCI_SECOND_NS;
	memcpy(out->name, name, bytes + 1);
	out->count = 1;
	out->changes = change;
	return true;
}

/* Whether span 'i', from its change to the next, has this moment. */
static inline bool
zone_has(const struct bci_zone *zone, size_t i, int64_t utc_ns)
{
	return (i == 0 || utc_ns >= zone->changes[i].utc_ns) &&
	       (i + 1 == zone->count || utc_ns < zone->changes[i + 1].utc_ns);
}

/* The span of a moment; 'hint' is tried first. */
static size_t
zone_find(const struct bci_zone *zone, int64_t utc_ns, size_t hint)
{
	size_t low = 0, high = zone->count;

	if (hint < zone->count && zone_has(zone, hint, utc_ns))
		return hint;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (zone->changes[middle].utc_ns <= utc_ns)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The sum, or the end of time that it would pass. */
static int64_t
zone_add(int64_t time_ns, int64_t ns)
{
	int64_t sum;

	if (__builtin_add_overflow(time_ns, ns, &sum))
		return ns < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

int
bci_zone_to_utc(const struct bci_zone *zone, int64_t local_ns, size_t *hint,
                int64_t utc_ns[2])
{
	size_t first = zone_find(zone, zone_add(local_ns, -BCI_DAY_NS), *hint);
	int64_t last_ns = zone_add(local_ns, BCI_DAY_NS), moment_ns;
	int count = 0;

	*hint = first;
	for (size_t i = first; i < zone->count && count < 2; i++) {
		if (i > first && zone->changes[i].utc_ns > last_ns)
			break;
		if (!__builtin_sub_overflow(local_ns, zone->changes[i].ahead_ns,
		                            &moment_ns) &&
		    zone_has(zone, i, moment_ns))
			utc_ns[count++] = moment_ns;
	}
	return count;
}

int64_t
bci_zone_to_local(const struct bci_zone *zone, int64_t utc_ns, size_t *hint)
{
	*hint = zone_find(zone, utc_ns, *hint);
	return zone_add(utc_ns, zone->changes[*hint].ahead_ns);
}
