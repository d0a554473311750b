/* SPDX-License-Identifier: MIT */
/*
 * export_file.h - where the rows of an export go: standard output, a file, a
 * compressed file; and the names of files in a tree.
 */
#ifndef TOOL_EXPORT_FILE_H
#define TOOL_EXPORT_FILE_H

#include "barcache.h"

#include <stdbool.h>

/* A file that is being written beside its name; zeroed: none. */
struct export_file {
	const char *path; /* borrowed; NULL: standard output */
	char *temporary;
	int fd;
	void *gzip;       /* a gzFile, or NULL */
	uint64_t bytes;   /* of the file, once it is committed */
};

/*
 * The path of the file for 'key' in the tree below 'directory', in memory of
 * the caller: a series is SOURCE/MARKET/SYMBOL@TF[@VARIANT].ENDING, with the
 * escapes of its key, and any other key a name of its own.
 */
char *export_file_name(const char *directory, const char *key,
                       const char *ending);

/*
 * Begin to write 'path' (borrowed), with the directories that it needs if
 * 'parents'; one that ends in ".gz" is compressed.  NULL is standard output.
 * False after a message; *exists is set if it is because there is such a file
 * and 'replace' does not allow to replace it.
 */
bool export_file_begin(struct export_file *file, const char *path, bool parents,
                       bool replace, bool *exists);

/* False after a message, but without one if nobody reads a pipe any more. */
bool export_file_write(struct export_file *file, const void *data,
                       size_t bytes);

/* Give the file its name.  False after a message. */
bool export_file_commit(struct export_file *file);

/* Forget what was begun and not committed. */
void export_file_abort(struct export_file *file);

#endif /* TOOL_EXPORT_FILE_H */
