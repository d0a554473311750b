/* SPDX-License-Identifier: MIT */
/*
 * disk.h - what a power cut may leave of the files of a recorded process.
 *
 * A trace is replayed into a model of a file system.  What was written is
 * certain only once its file was synced, or if it went through a descriptor
 * that syncs; a name only once its directory was synced.  Of the rest a crash
 * state has, page by page, the newest content, an older one, or a mix of two
 * that follow each other, torn at a unit; and of the names that came and went
 * some, in order or not.
 */
#ifndef BARCACHE_CRASH_DISK_H
#define BARCACHE_CRASH_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault/recording.h"

/* The records of a trace, in memory. */
struct disk_trace {
	unsigned char *bytes; /* of the whole trace; owned */
	const struct trace_record **records; /* owned */
	size_t count;
};

/* Read what fault_record() wrote to 'fd'; a fault in it ends the program. */
void disk_trace_read(struct disk_trace *trace, int fd);
void disk_trace_free(struct disk_trace *trace);

/* How a page is torn that was on its way; one of two pages in flight is. */
enum disk_tear {
	DISK_WHOLE,    /* not at all: 4 kB are written or not */
	DISK_SECTORS,  /* any of its 512 bytes */
	DISK_SECTOR,   /* the first so many sectors */
	DISK_WORDS,    /* any of its 8 bytes: more than a disk does */
	DISK_WORD,     /* the first so many words */
	DISK_TEARS
};

struct disk;

struct disk *disk_make(const struct disk_trace *trace);
void disk_free(struct disk *disk);

/*
 * Go on to the state in which the first 'count' records are done.  Not back.
 * The last of them is in flight in disk_leave().
 */
void disk_forward(struct disk *disk, size_t count);

/*
 * Write to the empty directory 'path' what a power cut leaves now.  'seed' says
 * what is kept.
 */
void disk_leave(const struct disk *disk, uint64_t seed, enum disk_tear tear,
                const char *path);

#endif /* BARCACHE_CRASH_DISK_H */
