/* SPDX-License-Identifier: MIT */
/*
 * shelf.c - files in memory; of one with holes only what is between them, as a
 * ledger has little in much room.
 */
#include "shelf.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MUST(condition)                                                        \
	do {                                                                   \
		if (!(condition)) {                                            \
			perror(#condition);                                    \
			abort();                                               \
		}                                                              \
	} while (0)

static void
load_part(struct shelf_file *file, int fd, off_t from, off_t to)
{
	struct shelf_part *part = &file->parts[file->part_count++];

	MUST(file->part_count <= SHELF_PARTS);
	part->offset = (uint64_t)from;
	part->count = (uint64_t)(to - from);
	part->bytes = malloc(part->count);
	MUST(part->bytes != NULL);
	MUST(pread(fd, part->bytes, part->count, from) == (ssize_t)part->count);
}

static void
load_file(void *context, const char *path)
{
	struct shelf *shelf = context;
	struct shelf_file *file = &shelf->files[shelf->count++];
	const char *name = path + strlen(shelf->path) + 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t at = 0, end;

	MUST(shelf->count <= SHELF_FILES && fd >= 0);
	MUST(strlen(name) < sizeof(file->name));
	memset(file, 0, sizeof(*file));
	memcpy(file->name, name, strlen(name) + 1);
	file->bytes = (uint64_t)lseek(fd, 0, SEEK_END);
	while ((at = lseek(fd, at, SEEK_DATA)) >= 0) {
		end = lseek(fd, at, SEEK_HOLE);
		load_part(file, fd, at, end);
		at = end;
	}
	close(fd);
}

void
shelf_load(struct shelf *shelf, const char *path)
{
	memset(shelf, 0, sizeof(*shelf));
	MUST(strlen(path) < sizeof(shelf->path));
	memcpy(shelf->path, path, strlen(path) + 1);
	test_walk(path, load_file, shelf);
}

static void
store_file(const struct shelf *shelf, const struct shelf_file *file)
{
	char path[TEST_PATH + 65];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", shelf->path, file->name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	MUST(fd >= 0 && ftruncate(fd, (off_t)file->bytes) == 0);
	for (size_t i = 0; i < file->part_count; i++) {
		const struct shelf_part *part = &file->parts[i];

		MUST(pwrite(fd, part->bytes, part->count,
		            (off_t)part->offset) == (ssize_t)part->count);
	}
	close(fd);
}

void
shelf_store(const struct shelf *shelf)
{
	static const char *const folders[] = { "", "/warm", "/cold" };
	char path[TEST_PATH + 8];

	test_remove_tree(shelf->path);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", shelf->path, folders[i]);
		MUST(mkdir(path, 0700) == 0);
	}
	for (size_t i = 0; i < shelf->count; i++)
		store_file(shelf, &shelf->files[i]);
}

void
shelf_free(struct shelf *shelf)
{
	for (size_t i = 0; i < shelf->count; i++) {
		for (size_t j = 0; j < shelf->files[i].part_count; j++)
			free(shelf->files[i].parts[j].bytes);
	}
	memset(shelf, 0, sizeof(*shelf));
}

struct shelf_file *
shelf_find(struct shelf *shelf, const char *name)
{
	size_t i = 0;

	while (i < shelf->count && strcmp(shelf->files[i].name, name) != 0)
		i++;
	MUST(i < shelf->count);
	return &shelf->files[i];
}
