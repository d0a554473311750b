/* SPDX-License-Identifier: MIT */
/*
 * file.c - opening and creating the files of a cache.
 *
 * LMDB follows whatever a name leads to and creates its files sparse.  So every
 * file is opened by one name in a directory that is open (dir.c), nothing
 * through a link, nothing of a stranger; what will be mapped for writing is
 * allocated first; modes are set outright, whatever the umask.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control.h"
#include "dir.h"
#include "error.h"
#include "file.h"

enum bc_status
bci_file_check(int dir_fd, const char *name, const struct stat *st,
               struct bc_error *err)
{
	if (!S_ISREG(st->st_mode) || st->st_nlink > 1)
		return bci_fail(err, BC_UNSAFE,
		                "%s is not a regular file with one name", name);
	return bci_dir_check(dir_fd, name, st, err);
}

/* What open() said; for a mode that forbids it, which one that is. */
static enum bc_status
file_fail(int dir_fd, const char *name, int error, struct bc_error *err)
{
	struct stat st;

	if (error == ELOOP)
		return bci_fail(err, BC_UNSAFE, "%s is a symbolic link", name);
	if (error == ENXIO || error == EISDIR)
		return bci_fail(err, BC_UNSAFE, "%s is not a regular file",
		                name);
	if (error == EACCES &&
	    fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return bci_fail_os(err, error, "cannot open %s (mode %04o)",
		                   name, (unsigned)st.st_mode & 07777u);
	return bci_fail_os(err, error, "cannot open %s", name);
}

/* bci_file_open(), and what fstat() says of the file. */
static enum bc_status
file_open(int dir_fd, const char *name, int flags, int *fd, struct stat *st,
          struct bc_error *err)
{
	enum bc_status status;

	*fd = openat(dir_fd, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0)
		return file_fail(dir_fd, name, errno, err);
	if (fstat(*fd, st) != 0) {
		int saved = errno;

		bci_file_close(fd);
		return bci_fail_os(err, saved, "cannot examine %s", name);
	}
	status = bci_file_check(dir_fd, name, st, err);
	if (status != BC_OK)
		bci_file_close(fd);
	return status;
}

enum bc_status
bci_file_open(int dir_fd, const char *name, int flags, int *fd,
              struct bc_error *err)
{
	struct stat st;

	return file_open(dir_fd, name, flags, fd, &st, err);
}

enum bc_status
bci_file_create(int dir_fd, const char *name, bool group, int *fd,
                struct bc_error *err)
{
	*fd = openat(dir_fd, name,
	             O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd < 0)
		return bci_fail_os(err, errno, "cannot create %s", name);
	if (fchmod(*fd, group ? 0660 : 0600) != 0) {
		int saved = errno;

		bci_file_close(fd);
		return bci_fail_os(err, saved, "cannot set the mode of %s",
		                   name);
	}
	return BC_OK;
}

enum bc_status
bci_file_allocate(int fd, uint64_t offset, uint64_t bytes, struct bc_error *err)
{
	int error;

	do
		error = BCI_CONTROL(sparse_files)
		                ? ftruncate(fd, (off_t)(offset + bytes))
		                : posix_fallocate(fd, (off_t)offset,
		                                  (off_t)bytes);
	while (error == EINTR);
	if (error != 0)
		return bci_fail_os(err, error, "cannot allocate %llu bytes",
		                   (unsigned long long)bytes);
	return BC_OK;
}

bool
bci_file_is_sparse(const struct stat *st, uint64_t bytes)
{
	return (uint64_t)st->st_blocks * 512 < bytes;
}

/* Not posix_fallocate(): where it has to write, others write meanwhile. */
enum bc_status
bci_file_fill(int fd, uint64_t offset, uint64_t bytes, struct bc_error *err)
{
	int error;

	do
		error = fallocate(fd, 0, (off_t)offset, (off_t)bytes) == 0
		                ? 0
		                : errno;
	while (error == EINTR);
	if (error == ENOSPC || error == EDQUOT)
		return bci_fail_os(err, error, "cannot allocate %llu bytes",
		                   (unsigned long long)bytes);
	return BC_OK;
}

enum bc_status
bci_file_ensure(int dir_fd, const char *name, bool group, uint64_t bytes,
                int *fd, struct bc_error *err)
{
	enum bc_status status;
	struct stat st;

	st.st_size = 0;
	status = file_open(dir_fd, name, O_RDWR, fd, &st, err);
	if (status == BC_ABSENT) {
		status = bci_file_create(dir_fd, name, group, fd, err);
		/* Another process may have been faster. */
		if (status != BC_OK && faccessat(dir_fd, name, F_OK, 0) == 0)
			status = file_open(dir_fd, name, O_RDWR, fd, &st, err);
	}
	if (status != BC_OK)
		return status;
	if ((uint64_t)st.st_size < bytes)
		status = bci_file_allocate(*fd, 0, bytes, err);
	if (status != BC_OK)
		bci_file_close(fd);
	return status;
}

enum bc_status
bci_file_write(int fd, const void *data, size_t bytes, uint64_t offset,
               struct bc_error *err)
{
	const unsigned char *from = data;

	while (bytes != 0) {
		ssize_t wrote = pwrite(fd, from, bytes, (off_t)offset);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return bci_fail_os(err, errno, "cannot write");
		from += wrote;
		offset += (uint64_t)wrote;
		bytes -= (size_t)wrote;
	}
	return BC_OK;
}

ssize_t
bci_file_read(int fd, void *data, size_t bytes, uint64_t offset)
{
	ssize_t got;

	do
		got = pread(fd, data, bytes, (off_t)offset);
	while (got < 0 && errno == EINTR);
	return got;
}

void
bci_file_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
