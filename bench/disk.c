/* SPDX-License-Identifier: MIT */
/*
 * disk.c - writing, syncing and removing files without any cache.
 */
#include "disk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define DISK_MIB ((uint64_t)1 << 20)
#define DISK_FILE (64 * DISK_MIB)

/* Write so many bytes of memory to a new file, and sync it. */
static void
disk_file(const char *path, uint64_t bytes, bool sync)
{
	unsigned char *block = bench_alloc(1, DISK_MIB);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	memset(block, 'x', DISK_MIB);
	for (uint64_t done = 0; fd >= 0 && done < bytes; done += DISK_MIB) {
		size_t part = bytes - done < DISK_MIB ? (size_t)(bytes - done)
		                                      : (size_t)DISK_MIB;

		if (write(fd, block, part) != (ssize_t)part)
			bench_die("cannot write %s", path);
	}
	if (fd < 0 || (sync && fdatasync(fd) != 0) || close(fd) != 0)
		bench_die("cannot write %s", path);
	free(block);
}

double
disk_write(const char *path, uint64_t bytes, bool sync)
{
	uint64_t begin = bench_now_ns();
	double ns;

	disk_file(path, bytes, sync);
	ns = (double)(bench_now_ns() - begin);
	bench_remove_tree(path);
	return ns;
}

static const char *
disk_part(const char *dir, unsigned number, char path[BENCH_PATH_MAX])
{
	snprintf(path, BENCH_PATH_MAX, "%s/disk.%u", dir, number);
	return path;
}

double
disk_replace(const char *dir, uint64_t bytes)
{
	unsigned count = (unsigned)(bytes / DISK_FILE) + 1;
	uint64_t part = bytes / count, begin;
	char path[BENCH_PATH_MAX];
	double ns;

	for (unsigned i = 0; i < 2 * count; i++)
		disk_file(disk_part(dir, i, path), part, false);
	bench_settle(dir);
	begin = bench_now_ns();
	for (unsigned i = 0; i < count; i++) {
		disk_file(disk_part(dir, 2 * count + i, path), part, true);
		bench_remove_tree(disk_part(dir, 2 * i, path));
		bench_remove_tree(disk_part(dir, 2 * i + 1, path));
	}
	bench_settle(dir);
	ns = (double)(bench_now_ns() - begin);
	for (unsigned i = 0; i < count; i++)
		bench_remove_tree(disk_part(dir, 2 * count + i, path));
	return ns;
}
