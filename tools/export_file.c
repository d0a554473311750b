/* SPDX-License-Identifier: MIT */
/*
 * export_file.c - where the rows of an export go.
 *
 * A file is written under another name beside its own and renamed when it is
 * complete, so that nobody finds half of one.
 *
 * In a tree each part of a series key is a part of the path.  What keys escape
 * stays escaped, and so is what a file system might take for something else, in
 * the same way (%XX), so that the path can be turned back into the key.  Months
 * are "1mo" instead of "1M": there are file systems that ignore case.
 */
#include "export_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "tool.h"

/* ------------------------------------------------------------------------ */
/*  Names                                                                   */
/* ------------------------------------------------------------------------ */

/*
 * Append 'bytes' bytes of a key to a path.  With 'whole' they are a name that
 * is no path and was not escaped.
 */
static char *
export_file_escape(char *at, const char *text, size_t bytes, bool whole)
{
	size_t i;

	for (i = 0; i < bytes; ++i) {
		bool first = i == 0 || text[i - 1] == '/';
		bool last = i + 1 == bytes || text[i + 1] == '/';
		bool strange = strchr("\"*:<>?\\|", text[i]) != NULL ||
		               (whole && strchr("/%", text[i]) != NULL) ||
		               (first && (text[i] == '.' || text[i] == ' ')) ||
		               (last && (text[i] == '.' || text[i] == ' '));

		if (strange)
			at += sprintf(at, "%%%02X", (unsigned char)text[i]);
		else
			*at++ = text[i];
	}
	return at;
}

char *
export_file_name(const char *directory, const char *key, const char *ending)
{
	size_t bytes = strlen(key), head = strlen(directory), timeframe;
	char *path = tool_alloc(head + 3 * bytes + strlen(ending) + 8, 1);
	char *at = path +
	           sprintf(path, "%s%s", directory,
	                   head != 0 && directory[head - 1] == '/' ? "" : "/");
	char text[BC_KEY_MAX + 8];
	struct bc_series series;
	const char *variant;

	if (bc_key_parse(key, text, &series, NULL) != BC_OK) {
		at = export_file_escape(at, key, bytes, true);
		sprintf(at, ".%s", ending);
		return path;
	}
	/* A series key has its slashes and its '@' where they part it. */
	variant = strchrnul(key, '@');
	timeframe = strlen(series.timeframe);
	at = export_file_escape(at, key,
	                        (size_t)(variant - key) - timeframe - 1, false);
	if (series.timeframe[timeframe - 1] == 'M')
		at += sprintf(at, "@%.*smo", (int)timeframe - 1,
		              series.timeframe);
	else
		at += sprintf(at, "@%s", series.timeframe);
	at = export_file_escape(at, variant, strlen(variant), false);
	sprintf(at, ".%s", ending);
	return path;
}

/* ------------------------------------------------------------------------ */
/*  Writing                                                                 */
/* ------------------------------------------------------------------------ */

/* Make the directories that 'path' lies in. */
static bool
export_file_parents(const char *path)
{
	char *copy = tool_copy(path);
	bool made = true;
	char *at;

	for (at = copy + 1; made && (at = strchr(at, '/')) != NULL; ++at) {
		*at = '\0';
		made = mkdir(copy, 0777) == 0 || errno == EEXIST;
		if (!made)
			tool_say("cannot make the directory %s: %s", copy,
			         strerror(errno));
		*at = '/';
	}
	free(copy);
	return made;
}

/* Whether the file may take its place. */
static bool
export_file_allowed(const char *path, bool replace, bool *exists)
{
	struct stat info;

	*exists = false;
	if (lstat(path, &info) != 0) {
		if (errno == ENOENT)
			return true;
		tool_say("cannot write %s: %s", path, strerror(errno));
	} else if (!S_ISREG(info.st_mode)) {
		tool_say("cannot write %s: it is no regular file", path);
	} else if (!replace) {
		tool_say("%s exists (--replace writes it anew)", path);
		*exists = true;
	} else {
		return true;
	}
	return false;
}

/* Open a new file beside 'path', as readable as the user wants files. */
static bool
export_file_open(struct export_file *file)
{
	static const char ending[] = ".XXXXXX";
	mode_t mask = umask(0);

	umask(mask);
	file->temporary = tool_alloc(strlen(file->path) + sizeof(ending), 1);
	sprintf(file->temporary, "%s%s", file->path, ending);
	file->fd = mkostemp(file->temporary, O_CLOEXEC);
	if (file->fd < 0) {
		tool_say("cannot make a file beside %s: %s", file->path,
		         strerror(errno));
		free(file->temporary);
		file->temporary = NULL;
		return false;
	}
	/* A file system without modes does not mind. */
	(void)fchmod(file->fd, 0666 & ~mask);
	return true;
}

bool
export_file_begin(struct export_file *file, const char *path, bool parents,
                  bool replace, bool *exists)
{
	size_t bytes = path == NULL ? 0 : strlen(path);

	*file = (struct export_file){ .path = path, .fd = STDOUT_FILENO };
	*exists = false;
	if (path == NULL)
		return true;
	if (!export_file_allowed(path, replace, exists) ||
	    (parents && !export_file_parents(path)) || !export_file_open(file))
		return false;
	if (bytes < 3 || strcmp(path + bytes - 3, ".gz") != 0)
		return true;
	file->gzip = gzdopen(file->fd, "wb");
	if (file->gzip != NULL)
		return true;
	tool_say("out of memory");
	export_file_abort(file);
	return false;
}

static bool
export_file_failed(const struct export_file *file, int os_errno)
{
	if (file->path == NULL && os_errno == EPIPE)
		return false;
	tool_say("cannot write %s: %s",
	         file->path == NULL ? "the output" : file->path,
	         strerror(os_errno));
	return false;
}

bool
export_file_write(struct export_file *file, const void *data, size_t bytes)
{
	const char *at = data;

	if (file->gzip != NULL) {
		errno = 0;
		if (gzwrite(file->gzip, data, (unsigned)bytes) == (int)bytes)
			return true;
		return export_file_failed(file, errno == 0 ? ENOMEM : errno);
	}
	while (bytes != 0) {
		ssize_t count = write(file->fd, at, bytes);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return export_file_failed(file, errno);
		at += count;
		bytes -= (size_t)count;
	}
	return true;
}

bool
export_file_commit(struct export_file *file)
{
	struct stat info;
	int closed;

	if (file->path == NULL)
		return true;
	errno = 0;
	if (file->gzip != NULL)
		closed = gzclose(file->gzip) == Z_OK ? 0 : -1;
	else
		closed = close(file->fd);
	file->gzip = NULL;
	file->fd = -1;
	if (closed != 0 || stat(file->temporary, &info) != 0 ||
	    rename(file->temporary, file->path) != 0)
		return export_file_failed(file, errno == 0 ? ENOMEM : errno);
	file->bytes = (uint64_t)info.st_size;
	free(file->temporary);
	file->temporary = NULL;
	return true;
}

void
export_file_abort(struct export_file *file)
{
	if (file->temporary == NULL)
		return;
	if (file->gzip != NULL)
		gzclose(file->gzip);
	else if (file->fd >= 0)
		close(file->fd);
	unlink(file->temporary);
	free(file->temporary);
	*file = (struct export_file){ .fd = -1 };
}
