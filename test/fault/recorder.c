/* SPDX-License-Identifier: MIT */
/*
 * recorder.c - writing a trace.
 *
 * A file belongs to the trace if its inode was made below the root, which every
 * such file was, as the root is empty at first.  What is written through a
 * mapping no call tells; so at each mark and sync the mapped pages that have
 * blocks are compared with a copy of them, and those that changed are written
 * down.  Like the rest of the shim this allocates nothing and calls the kernel
 * past the wrappers.
 */
#include "gate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "recorder.h"
#include "recording.h"

#define INODES 4096
#define MAPS 32
#define EXTENTS 256
#define PAGE 4096u

struct recorded_map {
	const char *memory;
	char *copy; /* of what was written down; holes where nothing was */
	size_t bytes;
	uint64_t inode;
};

/* A range of a file that has blocks; what else is mapped reads as zeros. */
struct recorded_extent {
	uint64_t inode;
	uint64_t from, to;
};

static int trace_fd = -1;
static dev_t device;
static uint64_t inodes[INODES];
static unsigned inode_count;
static struct recorded_map maps[MAPS];
static struct recorded_extent extents[EXTENTS];
static unsigned extent_count;

static void
emit(const struct trace_record *record, const void *bytes)
{
	struct iovec parts[TRACE_PARTS];
	size_t all = trace_parts(record, bytes, parts);

	if (syscall(SYS_writev, trace_fd, parts, TRACE_PARTS) != (long)all)
		abort();
}

static bool
inode_is_known(uint64_t inode)
{
	for (unsigned i = inode_count; i-- > 0;)
		if (inodes[i] == inode)
			return true;
	return false;
}

static void
inode_add(uint64_t inode)
{
	if (inode_is_known(inode))
		return;
	if (inode_count == INODES)
		abort();
	inodes[inode_count++] = inode;
}

/* The inode of an open file of the trace, or 0. */
static uint64_t
inode_of(int fd)
{
	struct stat status;

	if (trace_fd < 0 || fd < 0 || fstat(fd, &status) != 0 ||
	    status.st_dev != device || !inode_is_known(status.st_ino))
		return 0;
	return status.st_ino;
}

/* The directory of 'path' if it is one of the trace, else 0; its last name. */
static uint64_t
directory_of(int fd, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char text[PATH_MAX];
	struct stat status;

	*name = slash == NULL ? path : slash + 1;
	if (trace_fd < 0)
		return 0;
	if (slash == NULL)
		snprintf(text, sizeof(text), ".");
	else
		snprintf(text, sizeof(text), "%.*s", (int)(slash - path), path);
	if (fstatat(fd, text, &status, 0) != 0 || status.st_dev != device ||
	    !inode_is_known(status.st_ino))
		return 0;
	return status.st_ino;
}

/* ---- mappings ------------------------------------------------------------ */

static void
extent_add(uint64_t inode, uint64_t from, uint64_t to)
{
	from -= from % PAGE;
	for (unsigned i = 0; i < extent_count; i++) {
		struct recorded_extent *extent = &extents[i];

		if (extent->inode != inode || from > extent->to ||
		    to < extent->from)
			continue;
		extent->from = from < extent->from ? from : extent->from;
		extent->to = to > extent->to ? to : extent->to;
		return;
	}
	if (extent_count < EXTENTS)
		extents[extent_count++] =
			(struct recorded_extent){ inode, from, to };
}

static void
map_look_page(struct recorded_map *map, uint64_t at)
{
	struct trace_record record = {
		.kind = TRACE_WRITE,
		.inode = map->inode,
		.offset = at,
		.bytes = PAGE,
	};

	if (memcmp(map->memory + at, map->copy + at, PAGE) == 0)
		return;
	memcpy(map->copy + at, map->memory + at, PAGE);
	emit(&record, map->copy + at);
}

/* Write down what changed in a mapping. */
static void
map_look(struct recorded_map *map)
{
	for (unsigned i = 0; i < extent_count; i++) {
		const struct recorded_extent *extent = &extents[i];

		if (extent->inode != map->inode)
			continue;
		for (uint64_t at = extent->from;
		     at + PAGE <= extent->to && at + PAGE <= map->bytes;
		     at += PAGE)
			map_look_page(map, at);
	}
}

static void
maps_look(uint64_t inode)
{
	for (unsigned i = 0; i < MAPS; i++)
		if (maps[i].memory != NULL &&
		    (inode == 0 || maps[i].inode == inode))
			map_look(&maps[i]);
}

void
record_map(void *memory, size_t bytes, int protection, int flags, int fd)
{
	uint64_t inode =
		(protection & PROT_WRITE) != 0 && (flags & MAP_SHARED) != 0
			? inode_of(fd)
			: 0;
	void *copy;
	unsigned i;

	if (inode == 0 || memory == MAP_FAILED)
		return;
	for (i = 0; i < MAPS && maps[i].memory != NULL; i++)
		;
	copy = (void *)syscall(SYS_mmap, NULL, bytes, PROT_READ | PROT_WRITE,
	                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
	                       0L);
	if (i == MAPS || copy == MAP_FAILED)
		abort();
	maps[i] = (struct recorded_map){ memory, copy, bytes, inode };
}

static struct recorded_map *
map_of(const void *memory)
{
	const char *at = memory;

	for (unsigned i = 0; trace_fd >= 0 && i < MAPS; i++)
		if (maps[i].memory != NULL && at >= maps[i].memory &&
		    at < maps[i].memory + maps[i].bytes)
			return &maps[i];
	return NULL;
}

void
record_msync(const void *memory)
{
	struct recorded_map *map = map_of(memory);
	struct trace_record record = { .kind = TRACE_SYNC };

	if (map == NULL)
		return;
	map_look(map);
	record.inode = map->inode;
	emit(&record, NULL);
}

void
record_unmap(const void *memory)
{
	struct recorded_map *map = map_of(memory);

	if (map == NULL)
		return;
	map_look(map);
	syscall(SYS_munmap, map->copy, map->bytes);
	map->memory = NULL;
}

/* ---- contents ------------------------------------------------------------ */

void
record_write(int fd, const void *data, ssize_t bytes, off_t offset)
{
	uint64_t inode = bytes > 0 ? inode_of(fd) : 0;
	struct trace_record record = {
		.kind = TRACE_WRITE,
		.inode = inode,
		.offset = (uint64_t)offset,
		.bytes = (uint64_t)bytes,
	};

	if (inode == 0)
		return;
	if ((fcntl(fd, F_GETFL) & (O_DSYNC | O_SYNC)) != 0)
		record.kind = TRACE_DURABLE;
	extent_add(inode, record.offset, record.offset + record.bytes);
	emit(&record, data);
}

void
record_copied(int fd, ssize_t bytes, off_t offset)
{
	char some[PAGE];
	long got;

	if (bytes <= 0 || inode_of(fd) == 0)
		return;
	for (off_t at = offset, end = offset + bytes; at < end; at += got) {
		size_t step = end - at < PAGE ? (size_t)(end - at) : PAGE;

		got = syscall(SYS_pread64, fd, some, step, at);
		if (got <= 0)
			abort();
		record_write(fd, some, got, at);
	}
}

off_t
record_position(int fd)
{
	return inode_of(fd) != 0 ? lseek(fd, 0, SEEK_CUR) : -1;
}

void
record_sync(int fd)
{
	struct trace_record record = {
		.kind = TRACE_SYNC,
		.inode = inode_of(fd),
	};

	if (record.inode == 0)
		return;
	maps_look(record.inode);
	emit(&record, NULL);
}

void
record_size(int fd, off_t bytes)
{
	struct trace_record record = {
		.kind = TRACE_SIZE,
		.inode = inode_of(fd),
		.offset = (uint64_t)bytes,
	};

	if (record.inode == 0)
		return;
	/* Only as long as is looked at: a file of 64 MB has few blocks. */
	if (bytes <= 1 << 20)
		extent_add(record.inode, 0, (uint64_t)bytes);
	emit(&record, NULL);
}

void
record_allocate(int fd, off_t offset, off_t bytes)
{
	struct trace_record record = {
		.kind = TRACE_ALLOCATE,
		.inode = inode_of(fd),
		.offset = (uint64_t)(offset + bytes),
	};

	if (record.inode == 0)
		return;
	extent_add(record.inode, (uint64_t)offset, record.offset);
	emit(&record, NULL);
}

/* ---- names --------------------------------------------------------------- */

bool
record_is_new(int fd, const char *path, int flags)
{
	struct stat status;

	return trace_fd >= 0 && (flags & O_CREAT) != 0 &&
	       fstatat(fd, path, &status, AT_SYMLINK_NOFOLLOW) != 0;
}

/* That 'inode' has a name now. */
static void
record_name(uint64_t inode, uint64_t directory, const char *name,
            bool is_directory)
{
	const struct trace_record record = {
		.kind = TRACE_CREATE,
		.inode = inode,
		.directory = directory,
		.offset = is_directory,
		.bytes = strlen(name),
	};

	inode_add(inode);
	emit(&record, name);
}

void
record_open(int opened, int fd, const char *path, int flags, bool is_new)
{
	const char *name;
	uint64_t directory;
	struct stat status;

	if (trace_fd < 0 || opened < 0)
		return;
	if (!is_new) {
		if ((flags & O_TRUNC) != 0)
			record_size(opened, 0);
		return;
	}
	directory = directory_of(fd, path, &name);
	if (directory != 0 && fstat(opened, &status) == 0)
		record_name(status.st_ino, directory, name, false);
}

void
record_mkdir(int fd, const char *path)
{
	const char *name;
	uint64_t directory = directory_of(fd, path, &name);
	struct stat status;

	if (directory != 0 && fstatat(fd, path, &status, 0) == 0)
		record_name(status.st_ino, directory, name, true);
}

void
record_remove(int fd, const char *path)
{
	const char *name;
	struct trace_record record = {
		.kind = TRACE_REMOVE,
		.directory = directory_of(fd, path, &name),
		.bytes = strlen(name),
	};

	if (record.directory != 0)
		emit(&record, name);
}

void
record_rename(int from_fd, const char *from, int to_fd, const char *to)
{
	const char *old, *new;
	struct trace_record record = {
		.kind = TRACE_RENAME,
		.inode = directory_of(from_fd, from, &old),
		.directory = directory_of(to_fd, to, &new),
	};
	char names[2 * NAME_MAX + 2];

	if (record.inode == 0 || record.directory == 0)
		return;
	record.bytes = strlen(old) + strlen(new) + 2;
	snprintf(names, sizeof(names), "%s%c%s", old, 0, new);
	emit(&record, names);
}

/* ---- beginning, marks ---------------------------------------------------- */

bool
fault_record(const char *root, int fd)
{
	struct trace_record record = { .kind = TRACE_ROOT };
	struct stat status;

	if (stat(root, &status) != 0)
		return false;
	memset(maps, 0, sizeof(maps));
	inode_count = 0;
	extent_count = 0;
	device = status.st_dev;
	trace_fd = fd;
	inode_add(status.st_ino);
	record.inode = status.st_ino;
	emit(&record, NULL);
	return true;
}

void
fault_mark(uint64_t which, uint64_t number)
{
	const struct trace_record record = {
		.kind = TRACE_MARK,
		.inode = number,
		.offset = which,
	};

	if (trace_fd < 0)
		return;
	maps_look(0);
	emit(&record, NULL);
}
