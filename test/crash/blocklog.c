/* SPDX-License-Identifier: MIT */
/*
 * blocklog.c - a file that is the disk of a loop device, and remembers in which
 * order it was written and flushed.
 *
 * usage: crash_blocklog IMAGE TRACE MOUNTPOINT
 *
 * A FUSE file system of two files: 'disk', with the content of IMAGE, and
 * 'mark', to which a program writes what it has done (two 64-bit words: which
 * mark, a number).  Both go to TRACE in the form of fault/recording.h, as what
 * was done to a file 'disk' in an empty directory.  One thread keeps the order.
 */
#define FUSE_USE_VERSION 31

#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fault/recording.h"

#define ROOT 1
#define DISK 2
#define CHUNK (64u << 10)

static int image_fd, trace_fd;
static off_t image_bytes;

static int
blocklog_emit(const struct trace_record *record, const void *bytes)
{
	struct iovec parts[TRACE_PARTS];
	size_t all = trace_parts(record, bytes, parts);

	return writev(trace_fd, parts, TRACE_PARTS) == (ssize_t)all ? 0 : -EIO;
}

static int
blocklog_event(enum trace_kind kind, uint64_t inode)
{
	const struct trace_record record = { .kind = kind, .inode = inode };

	return blocklog_emit(&record, NULL);
}

static int
blocklog_write(uint64_t offset, const void *bytes, size_t size)
{
	const struct trace_record record = {
		.kind = TRACE_WRITE,
		.inode = DISK,
		.offset = offset,
		.bytes = size,
	};

	return blocklog_emit(&record, bytes);
}

/* ---- the file system ----------------------------------------------------- */

/*
 * Leave the mounts of the program that started this one: who is last to hold a
 * mounted disk has to write to it, and this one would wait for itself.
 */
static void *
fs_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
	(void)connection;
	(void)config;
	if (unshare(CLONE_NEWNS) != 0)
		_exit(1);
	return NULL;
}

static int
fs_getattr(const char *path, struct stat *status, struct fuse_file_info *info)
{
	(void)info;
	memset(status, 0, sizeof(*status));
	status->st_nlink = 1;
	if (strcmp(path, "/") == 0)
		status->st_mode = S_IFDIR | 0700;
	else if (strcmp(path, "/disk") == 0 || strcmp(path, "/mark") == 0)
		status->st_mode = S_IFREG | 0600;
	else
		return -ENOENT;
	if (strcmp(path, "/disk") == 0)
		status->st_size = image_bytes;
	return 0;
}

/* The kernel keeps nothing of it: what it writes comes here in its order. */
static int
fs_open(const char *path, struct fuse_file_info *info)
{
	(void)path;
	info->direct_io = 1;
	return 0;
}

static int
fs_read(const char *path, char *bytes, size_t size, off_t offset,
        struct fuse_file_info *info)
{
	ssize_t got = pread(image_fd, bytes, size, offset);

	(void)path;
	(void)info;
	return got < 0 ? -errno : (int)got;
}

static int
fs_write(const char *path, const char *bytes, size_t size, off_t offset,
         struct fuse_file_info *info)
{
	int result;

	(void)info;
	if (strcmp(path, "/mark") == 0) {
		struct trace_record record = { .kind = TRACE_MARK };

		if (size != 2 * sizeof(uint64_t))
			return -EINVAL;
		memcpy(&record.offset, bytes, sizeof(uint64_t));
		memcpy(&record.inode, bytes + sizeof(uint64_t),
		       sizeof(uint64_t));
		result = blocklog_emit(&record, NULL);
		return result != 0 ? result : (int)size;
	}
	if (pwrite(image_fd, bytes, size, offset) != (ssize_t)size)
		return -EIO;
	result = blocklog_write((uint64_t)offset, bytes, size);
	return result != 0 ? result : (int)size;
}

static int
fs_fsync(const char *path, int data, struct fuse_file_info *info)
{
	(void)path;
	(void)data;
	(void)info;
	return blocklog_event(TRACE_SYNC, DISK);
}

static int
fs_truncate(const char *path, off_t bytes, struct fuse_file_info *info)
{
	(void)path;
	(void)bytes;
	(void)info;
	return 0;
}

static int
fs_fallocate(const char *path, int mode, off_t offset, off_t bytes,
             struct fuse_file_info *info)
{
	(void)path;
	(void)mode;
	(void)offset;
	(void)bytes;
	(void)info;
	return -EOPNOTSUPP; /* No holes are punched in a disk. */
}

/* ---- beginning ----------------------------------------------------------- */

/* What the image holds is there from the beginning. */
static int
blocklog_begin(void)
{
	static char bytes[CHUNK], zeros[CHUNK];
	const struct trace_record disk = {
		.kind = TRACE_CREATE,
		.inode = DISK,
		.directory = ROOT,
		.bytes = 4,
	};
	const struct trace_record size = {
		.kind = TRACE_ALLOCATE,
		.inode = DISK,
		.offset = (uint64_t)image_bytes,
	};
	ssize_t got;
	int result;

	result =
		blocklog_event(TRACE_ROOT, ROOT) | blocklog_emit(&disk, "disk");
	result |= blocklog_event(TRACE_SYNC, ROOT) | blocklog_emit(&size, NULL);
	for (off_t at = 0; at < image_bytes && result == 0; at += got) {
		got = pread(image_fd, bytes, CHUNK, at);
		if (got <= 0)
			return -EIO;
		if (memcmp(bytes, zeros, (size_t)got) != 0)
			result = blocklog_write((uint64_t)at, bytes,
			                        (size_t)got);
	}
	return result | blocklog_event(TRACE_SYNC, DISK);
}

int
main(int count, char **words)
{
	static const struct fuse_operations operations = {
		.init = fs_init,
		.getattr = fs_getattr,
		.open = fs_open,
		.read = fs_read,
		.write = fs_write,
		.fsync = fs_fsync,
		.truncate = fs_truncate,
		.fallocate = fs_fallocate,
	};
	char program[] = "crash_blocklog", front[] = "-f", single[] = "-s";
	char *arguments[] = { program, front, single, NULL, NULL };

	if (count != 4)
		return 2;
	image_fd = open(words[1], O_RDWR | O_CLOEXEC);
	trace_fd =
		open(words[2],
	             O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (image_fd < 0 || trace_fd < 0)
		return 1;
	image_bytes = lseek(image_fd, 0, SEEK_END);
	if (blocklog_begin() != 0)
		return 1;
	arguments[3] = words[3];
	return fuse_main(4, arguments, &operations, NULL);
}
