/* SPDX-License-Identifier: MIT */
/*
 * checksum.c - the checksum that lies beside a file: lines of 64 hexadecimal
 * digits and a name, as sha256sum writes and Binance publishes them.
 */
#include "checksum.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "hash.h"

#define CHECKSUM_DIGITS 64
#define CHECKSUM_LINE 4352 /* digits and the longest path */

/*
 * Whether the line states a checksum: 'digits' are its digits then, and *named
 * says whether it is that of 'name'.
 */
static bool
checksum_line(char *line, const char *name, char digits[CHECKSUM_DIGITS + 1],
              bool *named)
{
	char *stated = line + CHECKSUM_DIGITS;

	if (strspn(line, "0123456789abcdefABCDEF") != CHECKSUM_DIGITS ||
	    strchr(" \t\r\n", *stated) == NULL)
		return false;
	line[strcspn(line, "\r\n")] = '\0';
	stated += strspn(stated, " \t*");
	*named = strcmp(stated, name) == 0;
	memcpy(digits, line, CHECKSUM_DIGITS);
	digits[CHECKSUM_DIGITS] = '\0';
	return true;
}

/* Read the checksum of 'name', or the only one that is stated. */
static bool
checksum_read(FILE *file, const char *name, char digits[CHECKSUM_DIGITS + 1])
{
	char line[CHECKSUM_LINE];
	unsigned count = 0;
	bool named = false;

	while (!named && fgets(line, sizeof(line), file) != NULL)
		count += checksum_line(line, name, digits, &named);
	return named || count == 1;
}

bool
checksum_verify(const char *path, const char *data, uint64_t bytes,
                bool *checked, struct bc_error *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	char digits[CHECKSUM_DIGITS + 1], found[CHECKSUM_DIGITS + 1];
	unsigned char hash[CHECKSUM_DIGITS / 2];
	char *beside = NULL;
	FILE *file;
	bool stated;

	*checked = false;
	if (asprintf(&beside, "%s.CHECKSUM", path) < 0) {
		bci_fail(err, BC_NOMEM, "out of memory");
		return false;
	}
	file = fopen(beside, "re");
	free(beside);
	if (file == NULL && errno == ENOENT)
		return true;
	stated = file != NULL && checksum_read(file, name, digits);
	if (file != NULL)
		fclose(file);
	if (!stated) {
		bci_fail(err, BC_INVALID,
		         "the .CHECKSUM beside it has no SHA-256 of it; take "
		         "that file away to do without");
		return false;
	}
	bci_sha256(data, bytes, hash);
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(found + 2 * i, 3, "%02x", hash[i]);
	if (strcasecmp(found, digits) != 0) {
		bci_fail(err, BC_INVALID,
		         "its SHA-256 is not what the .CHECKSUM beside it "
		         "states: fetch it again");
		return false;
	}
	*checked = true;
	return true;
}
