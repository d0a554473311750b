/* SPDX-License-Identifier: MIT */
/*
 * file.c - opening and creating the files of a cache.
 *
 * LMDB follows whatever a name leads to and creates its files sparse.  So the
 * directory is opened once, everything else relative to it, nothing through a
 * link; what will be mapped for writing is allocated first; modes are set
 * outright, whatever the umask.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "error.h"
#include "file.h"

#define GROUPS_MAX 256

/* Magic numbers of statfs(2) for file systems whose locks or maps are remote.
 */
static const uint32_t network_types[] = {
	0x00006969, /* NFS */
	0x0000517b, /* SMB */
	0xff534d42, /* CIFS */
	0xfe534d42, /* SMB2 */
	0x01021997, /* 9P */
	0x65735546, /* FUSE */
	0x00c36400, /* Ceph */
	0x5346414f, /* AFS */
	0x47504653, /* GPFS */
	0x0bd00bd0, /* Lustre */
};

static bool
file_in_group(gid_t group)
{
	gid_t groups[GROUPS_MAX];
	int count = getgroups(GROUPS_MAX, groups);

	if (group == getegid())
		return true;
	for (int i = 0; i < count; i++) {
		if (groups[i] == group)
			return true;
	}
	return false;
}

/* Whether we may trust what lies in a directory: see bci_dir_open(). */
static enum bc_status
dir_check(int fd, const char *path, bool network, struct bc_error *err)
{
	struct stat st;
	struct statfs fs;

	if (fstat(fd, &st) != 0)
		return bci_fail_os(err, errno, "cannot examine %s", path);
	if ((st.st_mode & S_IWOTH) != 0)
		return bci_fail(err, BC_UNSAFE,
		                "%s is writable by everybody (mode %04o)", path,
		                (unsigned)st.st_mode & 07777u);
	if (st.st_uid != geteuid() && st.st_uid != 0 &&
	    !((st.st_mode & S_ISGID) != 0 && file_in_group(st.st_gid)))
		return bci_fail(
			err, BC_UNSAFE,
			"%s belongs to user %u, not to user %u: a cache "
			"is opened by its owner or its group",
			path, (unsigned)st.st_uid, (unsigned)geteuid());
	if (network)
		return BC_OK;
	if (fstatfs(fd, &fs) != 0)
		return bci_fail_os(err, errno, "cannot examine %s", path);
	for (size_t i = 0; i < BCI_COUNT(network_types); i++) {
		if ((uint32_t)fs.f_type == network_types[i])
			return bci_fail(err, BC_UNSAFE,
			                "%s lies on a network or user-space "
			                "file system (type %#x)",
			                path, (unsigned)fs.f_type);
	}
	return BC_OK;
}

enum bc_status
bci_dir_open(const char *path, const struct bci_dir_options *options, int *fd,
             struct bc_error *err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	enum bc_status status;
	bool made = false;

	*fd = open(path, flags);
	if (*fd < 0 && errno == ENOENT && options->create) {
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return bci_fail_os(err, errno,
			                   "cannot make directory %s", path);
		made = true;
		*fd = open(path, flags);
	}
	if (*fd < 0) {
		/* A symbolic link shows as ELOOP or, with O_DIRECTORY, as
		 * ENOTDIR. */
		struct stat st;

		if ((errno == ELOOP || errno == ENOTDIR) &&
		    lstat(path, &st) == 0)
			return bci_fail(err, BC_UNSAFE, "%s is %s", path,
			                S_ISLNK(st.st_mode)
			                        ? "a symbolic link"
			                        : "not a directory");
		return bci_fail_os(err, errno, "cannot open directory %s",
		                   path);
	}
	status = dir_check(*fd, path, options->network, err);
	if (status == BC_OK && made && options->group &&
	    fchmod(*fd, S_ISGID | 0770) != 0)
		status = bci_fail_os(err, errno, "cannot set the mode of %s",
		                     path);
	if (status != BC_OK)
		bci_file_close(fd);
	return status;
}

enum bc_status
bci_dir_make(int dir_fd, const char *name, bool group, struct bc_error *err)
{
	if (mkdirat(dir_fd, name, 0700) != 0) {
		if (errno == EEXIST)
			return BC_OK;
		return bci_fail_os(err, errno, "cannot make directory %s",
		                   name);
	}
	if (group && fchmodat(dir_fd, name, S_ISGID | 0770, 0) != 0)
		return bci_fail_os(err, errno, "cannot set the mode of %s",
		                   name);
	return BC_OK;
}

/* bci_file_open(), and what fstat() says of the file. */
static enum bc_status
file_open(int dir_fd, const char *name, int flags, int *fd, struct stat *st,
          struct bc_error *err)
{
	*fd = openat(dir_fd, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0) {
		if (errno == ELOOP)
			return bci_fail(err, BC_UNSAFE, "%s is a symbolic link",
			                name);
		if (errno == ENXIO || errno == EISDIR)
			return bci_fail(err, BC_UNSAFE,
			                "%s is not a regular file", name);
		return bci_fail_os(err, errno, "cannot open %s", name);
	}
	if (fstat(*fd, st) != 0) {
		int saved = errno;

		bci_file_close(fd);
		return bci_fail_os(err, saved, "cannot examine %s", name);
	}
	if (!S_ISREG(st->st_mode) || st->st_nlink > 1) {
		bci_file_close(fd);
		return bci_fail(err, BC_UNSAFE,
		                "%s is not a regular file with one name", name);
	}
	return BC_OK;
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
	if (group && fchmod(*fd, 0660) != 0) {
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
		error = posix_fallocate(fd, (off_t)offset, (off_t)bytes);
	while (error == EINTR);
	if (error != 0)
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
