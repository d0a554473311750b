/* SPDX-License-Identifier: MIT */
/*
 * recorder.h - the part of the shim that writes a trace (recording.h) of what a
 * process does to the files below a directory.
 */
#ifndef BARCACHE_FAULT_RECORDER_H
#define BARCACHE_FAULT_RECORDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shim.h"

/*
 * From now on append to the file 'fd' what is done below 'root', an empty
 * directory.  False if it cannot be looked at.  For one thread.
 */
FAULT_API bool fault_record(const char *root, int fd);

/* Write TRACE_MARK 'which' with 'number'; nothing unless recording. */
FAULT_API void fault_mark(uint64_t which, uint64_t number);

/* ---- for the wrappers, after a call that worked -------------------------- */

void record_write(int fd, const void *data, ssize_t bytes, off_t offset);

/* The same of bytes that the kernel moved: they are read back. */
void record_copied(int fd, ssize_t bytes, off_t offset);

/* Where write() and writev() are about to write; -1 unless recording. */
off_t record_position(int fd);

void record_sync(int fd);
void record_size(int fd, off_t bytes);
void record_allocate(int fd, off_t offset, off_t bytes);

/* Whether open() with these is about to make a file. */
bool record_is_new(int fd, const char *path, int flags);
void record_open(int opened, int fd, const char *path, int flags, bool is_new);
void record_mkdir(int fd, const char *path);
void record_remove(int fd, const char *path);
void record_rename(int from_fd, const char *from, int to_fd, const char *to);

/* A shared mapping for writing comes, is synced, goes (before the call). */
void record_map(void *memory, size_t bytes, int protection, int flags, int fd);
void record_msync(const void *memory);
void record_unmap(const void *memory);

#endif /* BARCACHE_FAULT_RECORDER_H */
