/* SPDX-License-Identifier: MIT */
/*
 * foreign.c - kinds of files that are not read here, known by their first
 * bytes, so that they are refused with a way out rather than with what a
 * reader of text makes of them.
 */
#include "foreign.h"

#include <string.h>
#include <strings.h>

#include "check.h"
#include "error.h"

enum foreign_form {
	FOREIGN_PACKED, /* name, command that unpacks */
	FOREIGN_FRAME,  /* name, function of pandas that reads it */
	FOREIGN_OTHER   /* name, advice */
};

struct foreign {
	const char *magic;
	size_t bytes, at; /* how many, and where in the file */
	enum foreign_form form;
	const char *name, *help;
};

#define MAGIC(text) (text), sizeof(text) - 1, 0

static const struct foreign foreign_kinds[] = {
	{ MAGIC("PAR1"), FOREIGN_FRAME, "a Parquet file", "read_parquet" },
	{ MAGIC("ARROW1"), FOREIGN_FRAME, "a Feather (Arrow) file",
	  "read_feather" },
	{ MAGIC("FEA1"), FOREIGN_FRAME, "a Feather file", "read_feather" },
	{ MAGIC("\x89HDF\r\n\x1a\n"), FOREIGN_FRAME, "an HDF5 file",
	  "read_hdf" },
	{ MAGIC("\x93NUMPY"), FOREIGN_OTHER,
	  "a NumPy array, which is not read here",
	  "it has no names of columns; write it as CSV with numpy.savetxt()" },
	{ MAGIC("\xfd"
	        "7zXZ"),
	  FOREIGN_PACKED, "xz", "xz -dc" },
	{ MAGIC("\x28\xb5\x2f\xfd"), FOREIGN_PACKED, "zstd", "zstd -dc" },
	{ MAGIC("\x04\x22\x4d\x18"), FOREIGN_PACKED, "LZ4", "lz4 -dc" },
	{ MAGIC("\x1f\x9d"), FOREIGN_PACKED, "compress", "zcat" },
	{ MAGIC("\x1f\x8b"), FOREIGN_OTHER, "gzip within gzip",
	  "unpack it first" },
	{ MAGIC("7z\xbc\xaf\x27\x1c"), FOREIGN_PACKED, "7-Zip", "7z x -so" },
	{ MAGIC("Rar!\x1a\x07"), FOREIGN_PACKED, "RAR", "unrar p -inul" },
	{ MAGIC("\x5d\0\0"), FOREIGN_PACKED, "LZMA", "xz -dc --format=lzma" },
	{ MAGIC("PK\x03\x04"), FOREIGN_OTHER, "a zip archive within an archive",
	  "unpack the outer one first" },
	{ "ustar", 5, 257, FOREIGN_OTHER, "a tar archive",
	  "unpack it first (tar -xf FILE) and import the directory" },
	{ MAGIC("SQLite format 3"), FOREIGN_OTHER, "an SQLite database",
	  "write the table as CSV first: sqlite3 -header -csv FILE 'SELECT "
	  "* FROM table' | barcache import -" },
	{ MAGIC("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), FOREIGN_OTHER,
	  "an old Excel workbook", "save it as CSV" },
	{ MAGIC("\x91\x01\0\0(C)"), FOREIGN_OTHER, "a MetaTrader history file",
	  "export the chart as CSV" },
	{ MAGIC("%PDF-"), FOREIGN_OTHER, "a PDF document",
	  "no rows can be read" },
};

/* The words of pages that are sent instead of data. */
static const char *const foreign_pages[] = { "<!doctype html", "<html" };

/* bzip2 has its level within its mark. */
static bool
foreign_is_bzip2(const char *data, uint64_t bytes)
{
	return bytes >= 10 && memcmp(data, "BZh", 3) == 0 &&
	       memcmp(data + 4, "\x31\x41\x59\x26\x53\x59", 6) == 0;
}

/* A pickle states its protocol first and ends with a full stop. */
static bool
foreign_is_pickle(const char *data, uint64_t bytes)
{
	return bytes >= 4 && data[0] == '\x80' && data[1] >= 2 &&
	       data[1] <= 5 && data[bytes - 1] == '.';
}

static bool
foreign_is_page(const char *data, uint64_t bytes)
{
	uint64_t at = 0;

	while (at < bytes && at < 256 && strchr("\r\n\t ", data[at]) != NULL &&
	       data[at] != '\0')
		at++;
	for (size_t i = 0; i < BCI_COUNT(foreign_pages); i++) {
		size_t length = strlen(foreign_pages[i]);

		if (bytes - at >= length &&
		    strncasecmp(data + at, foreign_pages[i], length) == 0)
			return true;
	}
	return false;
}

/* Whether the beginning is no text: no other file has zeros there. */
static bool
foreign_is_binary(const char *data, uint64_t bytes)
{
	return memchr(data, '\0', bytes < 512 ? bytes : 512) != NULL;
}

static void
foreign_refuse(const struct foreign *kind, struct bc_error *err)
{
	switch (kind->form) {
	case FOREIGN_PACKED:
		bci_fail(err, BC_INVALID,
		         "packed with %s, which is not read here: %s FILE | "
		         "barcache import - --symbol NAME",
		         kind->name, kind->help);
		break;
	case FOREIGN_FRAME:
		bci_fail(err, BC_INVALID,
		         "%s, which is not read here; as CSV it is: python3 "
		         "-c 'import sys, pandas; pandas.%s(sys.argv[1])"
		         ".to_csv(sys.stdout)' FILE | barcache import -",
		         kind->name, kind->help);
		break;
	case FOREIGN_OTHER:
		bci_fail(err, BC_INVALID, "%s: %s", kind->name, kind->help);
		break;
	}
}

bool
foreign_is(const char *data, uint64_t bytes, struct bc_error *err)
{
	for (size_t i = 0; i < BCI_COUNT(foreign_kinds); i++) {
		const struct foreign *kind = &foreign_kinds[i];

		if (!bci_within(kind->at, kind->bytes, bytes) ||
		    memcmp(data + kind->at, kind->magic, kind->bytes) != 0)
			continue;
		foreign_refuse(kind, err);
		return true;
	}
	if (foreign_is_bzip2(data, bytes))
		bci_fail(err, BC_INVALID,
		         "packed with bzip2, which is not read here: bzip2 "
		         "-dc FILE | barcache import - --symbol NAME");
	else if (foreign_is_pickle(data, bytes))
		bci_fail(err, BC_INVALID,
		         "a Python pickle, which is not read here because "
		         "reading one runs the code in it; if you trust it, "
		         "pandas.read_pickle(FILE).to_csv() writes it as CSV");
	else if (foreign_is_page(data, bytes))
		bci_fail(err, BC_INVALID,
		         "a web page, not data: often it says why there was "
		         "nothing to download");
	else if (foreign_is_binary(data, bytes))
		bci_fail(err, BC_INVALID,
		         "neither text nor anything else that is read here");
	else
		return false;
	return true;
}
