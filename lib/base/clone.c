/* SPDX-License-Identifier: MIT */
/*
 * clone.c - copying what lies between the holes of a file.
 *
 * copy_file_range() shares blocks where the file system can, and else copies
 * inside the kernel.  Between some file systems, and on old kernels, it does
 * not work at all: then the bytes pass through a buffer.
 */
#include "common.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "clone.h"
#include "error.h"
#include "file.h"

#define PIECE_BYTES (64ull << 20)
#define BUFFER_BYTES (64u << 10)

/* A piece through a buffer; *done says how far it came. */
static enum bc_status
clone_buffer(int from, int to, uint64_t at, uint64_t bytes, uint64_t *done,
             struct bc_error *err)
{
	unsigned char buffer[BUFFER_BYTES];
	enum bc_status status;

	for (*done = 0; *done < bytes;) {
		ssize_t got = bci_file_read(
			from, buffer,
			(size_t)bci_min(sizeof(buffer), bytes - *done),
			at + *done);

		if (got < 0)
			return bci_fail_os(err, errno, "cannot read");
		if (got == 0)
			break; /* It was cut short meanwhile. */
		status = bci_file_write(to, buffer, (size_t)got, at + *done,
		                        err);
		if (status != BC_OK)
			return status;
		*done += (uint64_t)got;
	}
	return BC_OK;
}

static bool
clone_is_refused(int error)
{
	return error == EXDEV || error == EINVAL || error == ENOSYS ||
	       error == EOPNOTSUPP || error == EPERM || error == EBADF;
}

/* The next piece of a stretch of data. */
static enum bc_status
clone_piece(int from, int to, uint64_t at, uint64_t bytes, uint64_t *done,
            struct bc_error *err)
{
	off_t in = (off_t)at, out = (off_t)at;
	ssize_t got;

	do
		got = copy_file_range(from, &in, to, &out, (size_t)bytes, 0);
	while (got < 0 && errno == EINTR);
	if (got > 0) {
		*done = (uint64_t)got;
		return BC_OK;
	}
	/* 0 is also what some old kernels say where it does not work. */
	if (got < 0 && !clone_is_refused(errno))
		return bci_fail_os(err, errno, "cannot copy");
	return clone_buffer(from, to, at, bytes, done, err);
}

/* The next stretch of data from *from on; false if there is none. */
static bool
clone_find(int fd, uint64_t end, uint64_t *from, uint64_t *to)
{
	off_t data = lseek(fd, (off_t)*from, SEEK_DATA), hole;

	if (data < 0 && errno == ENXIO)
		return false;
	if (data < 0) { /* Unknown here: all of it is data. */
		*to = end;
		return *from < end;
	}
	hole = lseek(fd, data, SEEK_HOLE);
	*from = (uint64_t)data;
	*to = hole < 0 ? end : bci_min((uint64_t)hole, end);
	return *from < *to;
}

enum bc_status
bci_clone(int from, int to, uint64_t bytes, bci_clone_step *step, void *context,
          struct bc_error *err)
{
	uint64_t at = 0, data, end, done = 0, before;
	enum bc_status status;
	struct stat st;

	if (fstat(from, &st) != 0)
		return bci_fail_os(err, errno, "cannot examine a file");
	bytes = bci_min(bytes, (uint64_t)st.st_size);
	if (ftruncate(to, (off_t)bytes) != 0)
		return bci_fail_os(err, errno, "cannot set a file's size");
	for (data = 0; clone_find(from, bytes, &data, &end); data = end) {
		while (data < end) {
			status = clone_piece(from, to, data,
			                     bci_min(end - data, PIECE_BYTES),
			                     &done, err);
			if (status != BC_OK)
				return status;
			if (done == 0)
				return BC_OK; /* It was cut short. */
			data += done;
			before = at;
			at = data;
			if (step != NULL)
				step(context, at - before);
		}
	}
	if (step != NULL)
		step(context, bytes - at);
	return BC_OK;
}
