/* SPDX-License-Identifier: MIT */
/*
 * tzdata.c - the system's time zones by the names that people give them.
 */
#include "barcache.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "tool.h"
#include "tzdata.h"
#include "zones.h"

/* ------------------------------------------------------------------------ */
/*  Files                                                                   */
/* ------------------------------------------------------------------------ */

static const char *
tzdata_directory(void)
{
	const char *directory = secure_getenv("TZDIR");

	return directory == NULL || *directory == '\0' ? BCI_ZONES_DIRECTORY
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
		char letter = *wanted;

		if (letter == ' ')
			letter = '_';
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

const struct bci_zone *
tzdata_find(const char *name)
{
	const struct bci_zone *zone;
	struct bc_error err;
	enum bc_status status =
		bci_zones_find(tzdata_directory(), name, &zone, &err);

	if (status == BC_ABSENT)
		tzdata_unknown(name);
	else if (status != BC_OK)
		tool_say("%s", err.message);
	return zone;
}
