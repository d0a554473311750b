/* SPDX-License-Identifier: MIT */
/*
 * tzdata.c - the system's time zones as tables of their changes.
 *
 * The C library knows how to read its files and the rules that go on for ever
 * after their last entry.  So it is asked, through TZ, how far ahead of UTC the
 * wall clock is, in steps shorter than any offset has ever lasted; where two
 * answers differ, the second of the change lies between them.  Before 1900 and
 * after 2100 the clock is taken to stay as it is.
 */
#include "barcache.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "tool.h"
#include "tzdata.h"

#define SECOND_NS INT64_C(1000000000)
#define YEAR_1900 INT64_C(-2208988800)
#define YEAR_2100 INT64_C(4102444800)
#define STEP                                                                   \
	(INT64_C(2) * 86400) /* the shortest is four days: Freetown 1939       \
	                      */

/* The zones found in this run. */
struct tzdata {
	struct bci_zone zone;
	struct bci_zone_change fixed;
	struct tzdata *next;
};

static struct tzdata *tzdata_zones;

/* ------------------------------------------------------------------------ */
/*  Files                                                                   */
/* ------------------------------------------------------------------------ */

static const char *
tzdata_directory(void)
{
	const char *directory = getenv("TZDIR");

	return directory == NULL || *directory == '\0' ? "/usr/share/zoneinfo"
	                                               : directory;
}

/* Whether 'path' is a file of time-zone data. */
static bool
tzdata_is_file(const char *path)
{
	char magic[4] = { 0 };
	struct stat status;
	FILE *file;

	if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
		return false;
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	if (fread(magic, 1, sizeof(magic), file) != sizeof(magic))
		magic[0] = '\0';
	fclose(file);
	return memcmp(magic, "TZif", sizeof(magic)) == 0;
}

/* Write the path of a zone's file to 'path', if there is one below. */
static bool
tzdata_path(const char *name, char path[PATH_MAX])
{
	int bytes = snprintf(path, PATH_MAX, "%s/%s", tzdata_directory(), name);

	return bytes > 0 && bytes < PATH_MAX && *name != '\0' && *name != '/' &&
	       strlen(name) <= BCI_ZONE_NAME_MAX &&
	       strstr(name, "..") == NULL && tzdata_is_file(path);
}

/* ------------------------------------------------------------------------ */
/*  Names that were meant                                                   */
/* ------------------------------------------------------------------------ */

/* What nftw() looks for, and what it has found; it passes no context. */
static struct {
	const char *wanted;
	size_t skip; /* bytes of the directory and its slash */
	char found[BCI_ZONE_NAME_MAX + 1];
} tzdata_search;

/* Whether two names are the same but for case, and blanks for underlines. */
static bool
tzdata_alike(const char *wanted, const char *name)
{
	for (; *wanted != '\0' && *name != '\0'; wanted++, name++) {
		char letter = *wanted == ' ' ? '_' : *wanted;

		if (strncasecmp(&letter, name, 1) != 0)
			return false;
	}
	return *wanted == *name;
}

static int
tzdata_visit(const char *path, const struct stat *status, int type,
             struct FTW *place)
{
	const char *name = path + tzdata_search.skip;

	(void)status;
	if ((type != FTW_F && type != FTW_SL) ||
	    strlen(name) > BCI_ZONE_NAME_MAX ||
	    strncmp(name, "posix/", 6) == 0 || strncmp(name, "right/", 6) == 0)
		return 0;
	if (!tzdata_alike(tzdata_search.wanted, name) &&
	    !tzdata_alike(tzdata_search.wanted, path + place->base))
		return 0;
	if (!tzdata_is_file(path))
		return 0;
	strcpy(tzdata_search.found, name);
	return 1;
}

/* Say that there is no such zone, and which one was meant, if that shows. */
static void
tzdata_unknown(const char *name)
{
	const char *directory = tzdata_directory();
	struct stat status;

	if (stat(directory, &status) != 0) {
		tool_say("time zone '%s' is not known: there is no %s; install "
		         "the package tzdata, or give an offset such as "
		         "+02:00",
		         name, directory);
		return;
	}
	tzdata_search.wanted = name;
	tzdata_search.skip = strlen(directory) + 1;
	if (nftw(directory, tzdata_visit, 8, FTW_PHYS) == 1)
		tool_say("time zone '%s' is not known; it may be '%s'", name,
		         tzdata_search.found);
	else
		tool_say("time zone '%s' is not known; names are such as UTC, "
		         "America/New_York, Asia/Kolkata, +02:00",
		         name);
}

/* ------------------------------------------------------------------------ */
/*  Tables                                                                  */
/* ------------------------------------------------------------------------ */

/* How many seconds the wall clock that TZ names is ahead at a moment. */
static int64_t
tzdata_ahead(int64_t seconds)
{
	time_t moment = (time_t)seconds;
	struct tm local;

	return localtime_r(&moment, &local) == NULL ? 0 : local.tm_gmtoff;
}

static void
tzdata_add(struct bci_zone *zone, int64_t seconds, int64_t ahead)
{
	zone->changes =
		tool_grow(zone->changes, zone->count, sizeof(*zone->changes));
	zone->changes[zone->count++] =
		(struct bci_zone_change){ seconds * SECOND_NS,
		                          ahead * SECOND_NS };
}

/* Fill in the changes of the zone that TZ names. */
static void
tzdata_scan(struct bci_zone *zone)
{
	int64_t ahead = tzdata_ahead(YEAR_1900), low, high, next;

	tzdata_add(zone, YEAR_1900, ahead);
	for (int64_t at = YEAR_1900; at < YEAR_2100; at += STEP) {
		low = at;
		high = at + STEP;
		next = tzdata_ahead(high);
		if (next == ahead)
			continue;
		while (high - low > 1) {
			int64_t middle = low + (high - low) / 2;

			if (tzdata_ahead(middle) == ahead)
				low = middle;
			else
				high = middle;
		}
		tzdata_add(zone, high, next);
		ahead = next;
	}
}

/* Fill in the changes that the file at 'path' has. */
static void
tzdata_load(const char *path, struct bci_zone *zone)
{
	const char *old = getenv("TZ");
	char *kept = NULL, value[PATH_MAX + 1];

	if (old != NULL) {
		kept = tool_alloc(strlen(old) + 1, 1);
		strcpy(kept, old);
	}
	snprintf(value, sizeof(value), ":%s", path);
	setenv("TZ", value, 1);
	tzset();
	tzdata_scan(zone);
	if (kept != NULL)
		setenv("TZ", kept, 1);
	else
		unsetenv("TZ");
	tzset();
	free(kept);
}

const struct bci_zone *
tzdata_find(const char *name)
{
	struct tzdata *found = tzdata_zones;
	char path[PATH_MAX];

	while (found != NULL && strcmp(found->zone.name, name) != 0)
		found = found->next;
	if (found != NULL)
		return &found->zone;
	found = tool_alloc(1, sizeof(*found));
	if (!bci_zone_fixed(name, &found->fixed, &found->zone)) {
		if (!tzdata_path(name, path)) {
			tzdata_unknown(name);
			free(found);
			return NULL;
		}
		strcpy(found->zone.name, name);
		tzdata_load(path, &found->zone);
	}
	found->next = tzdata_zones;
	tzdata_zones = found;
	return &found->zone;
}
