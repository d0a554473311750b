/* SPDX-License-Identifier: MIT */
/*
 * input.c - the texts that a path leads to.
 *
 * A large file is mapped, others are read.  What is in it is known by its
 * bytes, never by its name.
 */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "buffer.h"
#include "checksum.h"
#include "clock.h"
#include "common.h"
#include "error.h"
#include "foreign.h"
#include "json.h"
#include "unpack.h"

struct input_source {
	int fd;             /* of a regular file, to see whether it changes */
	struct stat info;   /* what it was before it was read */
	struct input input; /* the text at hand; 'name' and 'types' are ours */
	struct buffer text; /* its bytes */
	struct buffer file; /* as they were read; empty once taken for text */
	char *path;
	int64_t modified_ns; /* of the file */
	uint64_t stored_bytes;
	zip_t *zip;       /* NULL if it is no archive */
	zip_int64_t next; /* member, or text if it is no archive */
	bool taken;       /* not all members so far were passed over */
};

/* ------------------------------------------------------------------------ */
/*  Reading                                                                 */
/* ------------------------------------------------------------------------ */

/* A time of a file system or of an archive, which may be any, or 0. */
static int64_t
input_time_ns(int64_t time)
{
	return time > 0 && time < INT64_MAX / BCI_SECOND_NS
	               ? time * BCI_SECOND_NS
	               : 0;
}

/* Whether a file of this kind is read; a device never ends, or waits. */
static bool
input_is_readable(const struct stat *info, bool standard, struct bc_error *err)
{
	if (S_ISREG(info->st_mode) || S_ISFIFO(info->st_mode) || standard)
		return true;
	bci_fail(err, BC_IO, "cannot be read: it is a %s",
	         S_ISDIR(info->st_mode)    ? "directory"
	         : S_ISSOCK(info->st_mode) ? "socket"
	                                   : "device");
	return false;
}

bool
input_unchanged(const struct input_source *source, struct bc_error *err)
{
	const struct stat *before = &source->info;
	struct stat after;

	if (source->fd < 0)
		return true;
	if (fstat(source->fd, &after) != 0)
		return buffer_refuse(err, errno);
	if (after.st_size == before->st_size &&
	    after.st_mtim.tv_sec == before->st_mtim.tv_sec &&
	    after.st_mtim.tv_nsec == before->st_mtim.tv_nsec)
		return true;
	/* Its last row may be half of one. */
	bci_fail(err, BC_IO, "it was written to while it was read: try again");
	return false;
}

/* Have all of an open file, whatever it is. */
static bool
input_load(struct input_source *source, int fd, bool standard,
           struct bc_error *err)
{
	struct stat *info = &source->info;
	struct buffer size = { 0 };

	if (fstat(fd, info) != 0)
		return buffer_refuse(err, errno);
	if (!input_is_readable(info, standard, err))
		return false;
	if (S_ISREG(info->st_mode))
		source->modified_ns = input_time_ns(info->st_mtim.tv_sec) +
		                      info->st_mtim.tv_nsec;
	size.bytes = buffer_expect(fd, info);
	if (!buffer_fits(&size, err) ||
	    !buffer_load(&source->file, fd, info, source->path, err))
		return false;
	if (size.bytes == 0)
		return true;
	source->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (source->fd < 0)
		return buffer_refuse(err, errno);
	if (source->file.bytes == size.bytes)
		return input_unchanged(source, err);
	bci_fail(err, BC_IO, "it was written to while it was read: try again");
	return false;
}

/* Open a path, or standard input, and have all of it. */
static bool
input_fetch(struct input_source *source, bool standard, struct bc_error *err)
{
	struct stat info;
	bool good;
	int fd = STDIN_FILENO;

	if (!standard) {
		/* Opening a device may already wait for somebody. */
		if (stat(source->path, &info) != 0)
			return buffer_refuse(err, errno);
		if (!input_is_readable(&info, false, err))
			return false;
		fd = open(source->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			return buffer_refuse(err, errno);
	}
	good = input_load(source, fd, standard, err);
	if (!standard)
		close(fd);
	return good;
}

/* ------------------------------------------------------------------------ */
/*  Opening                                                                 */
/* ------------------------------------------------------------------------ */

static bool
input_begins(const struct buffer *file, const char *magic, size_t bytes)
{
	return file->bytes >= bytes && memcmp(file->data, magic, bytes) == 0;
}

/* Refuse archives that are documents of other programs. */
static bool
input_check_zip(zip_t *zip, struct bc_error *err)
{
	const char *first = zip_get_name(zip, 0, 0);

	if (zip_name_locate(zip, "xl/workbook.xml", 0) >= 0 ||
	    zip_name_locate(zip, "xl/workbook.bin", 0) >= 0)
		bci_fail(err, BC_INVALID,
		         "an Excel workbook: save the sheet as CSV");
	else if (zip_name_locate(zip, "content.xml", 0) >= 0 ||
	         zip_name_locate(zip, "[Content_Types].xml", 0) >= 0)
		bci_fail(err, BC_INVALID,
		         "an office document: save the sheet as CSV");
	else if (first != NULL && strlen(first) > 4 &&
	         strcmp(first + strlen(first) - 4, ".npy") == 0)
		bci_fail(err, BC_INVALID,
		         "NumPy arrays, which are not read here: they have no "
		         "names of columns; write them as CSV with "
		         "numpy.savetxt()");
	else
		return true;
	return false;
}

/* Make text UTF-8; false with *err filled if it is none, or too much. */
static bool
input_is_text(struct buffer *text, struct bc_error *err)
{
	if (!buffer_fits(text, err) || !unpack_utf16(text, err) ||
	    foreign_is(text->data, text->bytes, err))
		return false;
	unpack_windows(text);
	return true;
}

/* See what the file is. */
static bool
input_recognise(struct input_source *source, struct bc_error *err)
{
	struct buffer *file = &source->file;
	struct input *input = &source->input;

	source->stored_bytes = file->bytes;
	if (input_begins(file, "\x1f\x8b", 2)) {
		input->packing = INPUT_GZIP;
		return true;
	}
	if (input_begins(file, "PK\x03\x04", 4) ||
	    input_begins(file, "PK\x05\x06", 4)) {
		input->packing = INPUT_ZIP;
		source->zip = unpack_zip_open(file->data, file->bytes, err);
		return source->zip != NULL && input_check_zip(source->zip, err);
	}
	return input_is_text(file, err);
}

static struct input_source *
input_new(const char *path, struct bc_error *err)
{
	struct input_source *source = calloc(1, sizeof(*source));

	if (source != NULL)
		source->fd = -1;
	if (source != NULL && (source->path = strdup(path)) != NULL)
		return source;
	bci_fail(err, BC_NOMEM, "out of memory");
	free(source);
	return NULL;
}

struct input_source *
input_open(const char *path, struct bc_error *err)
{
	struct input_source *source = input_new(path, err);
	bool standard = strcmp(path, "-") == 0;

	if (source != NULL && input_fetch(source, standard, err) &&
	    (standard ||
	     checksum_verify(path, source->file.data, source->file.bytes,
	                     &source->input.checked, err)) &&
	    input_recognise(source, err))
		return source;
	input_close(source);
	return NULL;
}

struct input_source *
input_open_file(int fd, const char *name, struct bc_error *err)
{
	struct input_source *source = input_new(name, err);

	if (source != NULL && input_load(source, fd, true, err) &&
	    input_recognise(source, err))
		return source;
	input_close(source);
	return NULL;
}

/* Let go of the text at hand. */
static void
input_drop(struct input_source *source)
{
	struct input *input = &source->input;

	buffer_free(&source->text);
	free(input->name);
	free(input->types);
	*input = (struct input){
		.packing = input->packing,
		.checked = input->checked,
	};
}

void
input_close(struct input_source *source)
{
	if (source == NULL)
		return;
	input_drop(source);
	zip_discard(source->zip); /* It allows NULL, and borrows the file. */
	buffer_free(&source->file);
	if (source->fd >= 0)
		close(source->fd);
	free(source->path);
	free(source);
}

/* ------------------------------------------------------------------------ */
/*  Texts                                                                   */
/* ------------------------------------------------------------------------ */

/* Take rows of JSON as text. */
static bool
input_take_json(struct input_source *source, struct bc_error *err)
{
	char types[BCI_JSON_TYPES], *rows;
	size_t bytes;

	if (bci_json_rows(&bci_allocator_default, source->text.data,
	                  source->text.bytes, &rows, &bytes, types,
	                  err) != BC_OK)
		return false;
	buffer_free(&source->text);
	source->text = (struct buffer){ rows, bytes, bytes, false };
	source->input.json = true;
	source->input.types = strdup(types);
	return true;
}

/* A file that is one text. */
static bool
input_take_file(struct input_source *source, struct bc_error *err)
{
	struct input *input = &source->input;

	source->next++;
	input->name = strdup(source->path);
	input->stored_bytes = source->stored_bytes;
	input->modified_ns = source->modified_ns;
	if (input->packing == INPUT_GZIP)
		return unpack_gzip(source->file.data, source->file.bytes,
		                   &source->text, &input->modified_ns, err) &&
		       input_is_text(&source->text, err);
	source->text = source->file;
	source->file = (struct buffer){ 0 };
	return true;
}

/* Whether a member holds no rows: folders, what macOS and Windows add. */
static bool
input_is_passed(const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *base = slash != NULL ? slash + 1 : name;

	return base[0] == '\0' || base[0] == '.' ||
	       strncmp(name, "__MACOSX/", 9) == 0 ||
	       strcmp(base, "Thumbs.db") == 0 ||
	       strcmp(base, "desktop.ini") == 0;
}

/* The name of a member as it is shown. */
static char *
input_member_name(const char *path, const char *member)
{
	char *name = NULL;

	if (asprintf(&name, "%s/%s", path, member) < 0)
		return NULL;
	for (char *at = name + strlen(path); *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
	return name;
}

/* Unpack the member that 'stat' describes. */
static bool
input_take_member(struct input_source *source, const zip_stat_t *stat,
                  struct bc_error *err)
{
	struct input *input = &source->input;
	struct buffer packed = { 0 };
	bool good;

	input->name = input_member_name(source->path, stat->name);
	input->stored_bytes = stat->comp_size;
	input->modified_ns = input_time_ns(stat->mtime);
	if (!unpack_zip_member(source->zip, stat, &source->text, err))
		return false;
	if (!input_begins(&source->text, "\x1f\x8b", 2))
		return input_is_text(&source->text, err);
	packed = source->text;
	source->text = (struct buffer){ 0 };
	good = unpack_gzip(packed.data, packed.bytes, &source->text,
	                   &input->modified_ns, err);
	buffer_free(&packed);
	return good && input_is_text(&source->text, err);
}

/* The next member of an archive that is a text: 1, 0 or -1. */
static int
input_next_member(struct input_source *source, struct bc_error *err)
{
	zip_int64_t count = zip_get_num_entries(source->zip, 0);

	while (source->next < count) {
		zip_uint64_t index = (zip_uint64_t)source->next++;
		zip_stat_t stat;

		if (zip_stat_index(source->zip, index, 0, &stat) != 0) {
			bci_fail(err, BC_INVALID, "it is damaged: %s",
			         zip_strerror(source->zip));
			return -1;
		}
		if (input_is_passed(stat.name))
			continue;
		source->taken = true;
		return input_take_member(source, &stat, err) ? 1 : -1;
	}
	if (source->taken)
		return 0;
	source->taken = true;
	bci_fail(err, BC_INVALID, "the archive holds no files");
	return -1;
}

int
input_next(struct input_source *source, const struct input **out,
           struct bc_error *err)
{
	struct input *input = &source->input;
	int result;

	input_drop(source);
	*out = input;
	if (source->zip != NULL)
		result = input_next_member(source, err);
	else if (source->next != 0)
		result = 0;
	else
		result = input_take_file(source, err) ? 1 : -1;
	if (result > 0 && bci_json_is(source->text.data, source->text.bytes) &&
	    !input_take_json(source, err))
		result = -1;
	if (result > 0 && !input->json)
		input->types = strdup("");
	if (result != 0 && input->name == NULL)
		input->name = strdup(source->path);
	if (result > 0 && (input->name == NULL || input->types == NULL)) {
		bci_fail(err, BC_NOMEM, "out of memory");
		result = -1;
	}
	input->data = source->text.data;
	input->bytes = source->text.bytes;
	return result;
}
