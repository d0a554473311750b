/* SPDX-License-Identifier: MIT */
/*
 * shelf.c - files in memory; of one with holes only what is between them, as a
 * ledger has little in much room.
 *
 * Restoring leaves alone what is as it was, file by file and page by page: a
 * process that only looked at a cache has changed next to nothing.
 */
#include "shelf.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

/* Where files are, below the path. */
static const char *const folders[] = { "", "/warm", "/cold" };

/* The path of a file, or of another one in a folder. */
#define SHELF_NAME (TEST_PATH + 300)

static void
store_file(const struct shelf *shelf, const struct shelf_file *file)
{
	char path[SHELF_NAME];
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
	char path[TEST_PATH + 8];

	test_remove_tree(shelf->path);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", shelf->path, folders[i]);
		MUST(mkdir(path, 0700) == 0);
	}
	for (size_t i = 0; i < shelf->count; i++)
		store_file(shelf, &shelf->files[i]);
}

/* ---- restoring ----------------------------------------------------------- */

static void
unmap_file(struct shelf_file *file)
{
	if (file->map != NULL)
		MUST(munmap(file->map, file->bytes) == 0);
	file->map = NULL;
}

/* Write the file anew, and map it. */
static void
renew_file(const struct shelf *shelf, struct shelf_file *file)
{
	char path[SHELF_NAME];
	struct stat st;
	int fd;

	unmap_file(file);
	store_file(shelf, file);
	snprintf(path, sizeof(path), "%s/%s", shelf->path, file->name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	MUST(fd >= 0 && fstat(fd, &st) == 0);
	file->map = mmap(NULL, file->bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
	                 fd, 0);
	MUST(file->map != MAP_FAILED);
	file->inode = st.st_ino;
	file->blocks = st.st_blocks;
	close(fd);
}

static void
restore_part(const struct shelf_part *part, unsigned char *map)
{
	for (uint64_t at = 0; at < part->count; at += 4096) {
		uint64_t rest = part->count - at;
		size_t bytes = rest < 4096 ? (size_t)rest : 4096;

		if (memcmp(map + part->offset + at, part->bytes + at, bytes) !=
		    0)
			memcpy(map + part->offset + at, part->bytes + at,
			       bytes);
	}
}

static bool
is_in_part(const struct shelf_file *file, uint64_t at)
{
	for (size_t i = 0; i < file->part_count; i++) {
		const struct shelf_part *part = &file->parts[i];

		if (at >= part->offset && at - part->offset < part->count)
			return true;
	}
	return false;
}

/*
 * Holes that were filled with zeros, as an open does to files that have some,
 * may stay; whether they were.
 */
static bool
is_zero_elsewhere(const struct shelf_file *file, const char *path)
{
	static const unsigned char zeros[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t at = 0, end;
	bool zero = true;

	MUST(fd >= 0);
	while (zero && (at = lseek(fd, at, SEEK_DATA)) >= 0) {
		end = lseek(fd, at, SEEK_HOLE);
		for (; zero && at < end; at += 4096) {
			size_t bytes = end - at < 4096 ? (size_t)(end - at)
			                               : sizeof(zeros);

			zero = is_in_part(file, (uint64_t)at) ||
			       memcmp(file->map + at, zeros, bytes) == 0;
		}
	}
	close(fd);
	return zero;
}

/* Whether the file is the one that is mapped, and only parts may differ. */
static bool
is_same_file(struct shelf_file *file, const char *path)
{
	struct stat st;

	if (file->map == NULL || lstat(path, &st) != 0 ||
	    st.st_ino != file->inode || (uint64_t)st.st_size != file->bytes)
		return false;
	if (st.st_blocks != file->blocks && !is_zero_elsewhere(file, path))
		return false;
	file->blocks = st.st_blocks;
	return true;
}

static bool
is_known(const struct shelf *shelf, const char *name)
{
	for (size_t i = 0; i < shelf->count; i++) {
		if (strcmp(shelf->files[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Take away what is in a folder besides. */
static void
clear_folder(const struct shelf *shelf, const char *folder)
{
	char path[SHELF_NAME], name[2 * SHELF_NAME];
	const struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), "%s%s", shelf->path, folder);
	directory = opendir(path);
	MUST(directory != NULL);
	while ((entry = readdir(directory)) != NULL) {
		if (entry->d_type == DT_DIR)
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (!is_known(shelf, name + strlen(shelf->path) + 1))
			MUST(unlink(name) == 0);
	}
	closedir(directory);
}

void
shelf_restore(struct shelf *shelf)
{
	char path[SHELF_NAME];

	for (size_t i = 0; i < 3; i++)
		clear_folder(shelf, folders[i]);
	for (size_t i = 0; i < shelf->count; i++) {
		struct shelf_file *file = &shelf->files[i];

		snprintf(path, sizeof(path), "%s/%s", shelf->path, file->name);
		if (!is_same_file(file, path)) {
			renew_file(shelf, file);
			continue;
		}
		for (size_t j = 0; j < file->part_count; j++)
			restore_part(&file->parts[j], file->map);
	}
}

bool
shelf_is_arena(const struct shelf_file *file)
{
	return strchr(file->name, '/') != NULL;
}

/* ---- bits ---------------------------------------------------------------- */

uint64_t
shelf_bits(const struct shelf_file *file)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < file->part_count; i++)
		bits += 8 * file->parts[i].count;
	return bits;
}

void
shelf_flip(struct shelf_file *file, uint64_t bit)
{
	for (size_t i = 0; i < file->part_count; i++) {
		struct shelf_part *part = &file->parts[i];

		if (bit < 8 * part->count) {
			part->bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
			return;
		}
		bit -= 8 * part->count;
	}
}

void
shelf_free(struct shelf *shelf)
{
	for (size_t i = 0; i < shelf->count; i++) {
		unmap_file(&shelf->files[i]);
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
