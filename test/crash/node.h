/* SPDX-License-Identifier: MIT */
/*
 * node.h - a file or directory of the model.  Private to the model.
 */
#ifndef BARCACHE_CRASH_NODE_H
#define BARCACHE_CRASH_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crash/disk.h"

#define DISK_PAGE 4096u
#define DISK_NAME 64 /* longest name, with its NUL */

struct disk_page {
	unsigned char bytes[DISK_PAGE];
	size_t settled; /* by this record: older ones are part of it */
};

/* A record that is not certain yet, and which one of the trace it is. */
struct disk_pending {
	const struct trace_record *record;
	size_t number;
};

struct disk_entry {
	char name[DISK_NAME];
	struct disk_node *node;
};

/* The names of a directory: those that are certain, those that the process
 * sees, and those of a crash state. */
enum disk_view { DISK_CERTAIN, DISK_NOW, DISK_LEFT, DISK_VIEWS };

struct disk_names {
	struct disk_entry *entries;
	size_t count;
};

struct disk_node {
	uint64_t inode;
	bool is_directory;
	struct disk_names names[DISK_VIEWS];
	struct disk_page **pages; /* certain; NULL reads as zeros */
	size_t page_count;
	uint64_t bytes; /* certain */
	struct disk_pending *pending;
	size_t pending_count, pending_room;
};

/* What a crash state keeps of what is not certain. */
struct disk_dice {
	uint64_t seed, rolled;
	unsigned keep; /* of 256 */
	enum disk_tear tear;
};

uint64_t disk_roll(struct disk_dice *dice);
bool disk_keeps(struct disk_dice *dice);

_Noreturn void disk_fail(const char *what);
void *disk_memory(void *old, size_t count, size_t bytes);

void node_free(struct disk_node *node);

/* Content: not certain yet; certain at once; all that is pending certain. */
void node_pend(struct disk_node *node, const struct trace_record *record,
               size_t number);
void node_write(struct disk_node *node, const struct trace_record *record,
                size_t number);
void node_settle(struct disk_node *node);

/* Forget the newest pending record again. */
void node_unpend(struct disk_node *node);

/* Write what a crash leaves of a file to 'path'. */
void node_leave(const struct disk_node *node, struct disk_dice *dice,
                const char *path);

/* Names. */
void node_name(struct disk_node *directory, enum disk_view view,
               const char *name, struct disk_node *node);
void node_unname(struct disk_node *directory, enum disk_view view,
                 const char *name, const struct disk_node *node);
struct disk_node *node_find(const struct disk_node *directory,
                            enum disk_view view, const char *name);

#endif /* BARCACHE_CRASH_NODE_H */
