/* SPDX-License-Identifier: MIT */
/*
 * shelf.h - the files of a cache in memory, to be written again and again, as
 * they were or with changes.
 */
#ifndef BARCACHE_FAULT_SHELF_H
#define BARCACHE_FAULT_SHELF_H

#include "support.h"

#include <sys/types.h>

#define SHELF_FILES 16
#define SHELF_PARTS 8 /* of a file that has holes */

struct shelf_part {
	unsigned char *bytes;
	uint64_t offset, count;
};

struct shelf_file {
	char name[64]; /* below the cache: "warm/00000001.mdb" */
	uint64_t bytes;
	struct shelf_part parts[SHELF_PARTS];
	size_t part_count;
	/* The file on the disk as shelf_restore() left it; NULL: it has not. */
	unsigned char *map;
	ino_t inode;
	blkcnt_t blocks;
};

struct shelf {
	char path[TEST_PATH];
	struct shelf_file files[SHELF_FILES];
	size_t count;
};

/* Read all files below 'path'; what does not work ends the program. */
void shelf_load(struct shelf *shelf, const char *path);

/* Make 'path' what it was, with what the parts say now and nothing else. */
void shelf_store(const struct shelf *shelf);

/*
 * The same, by writing only what is different; every file is mapped then, so
 * that its bytes can be changed in place.
 */
void shelf_restore(struct shelf *shelf);

/* Whether a file is an arena: those alone lie in folders. */
bool shelf_is_arena(const struct shelf_file *file);

/* The bits of all parts of a file, and turning one of them in its part. */
uint64_t shelf_bits(const struct shelf_file *file);
void shelf_flip(struct shelf_file *file, uint64_t bit);

void shelf_free(struct shelf *shelf);

/* The file of that name. */
struct shelf_file *shelf_find(struct shelf *shelf, const char *name);

#endif /* BARCACHE_FAULT_SHELF_H */
