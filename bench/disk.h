/* SPDX-License-Identifier: MIT */
/*
 * disk.h - what the disk itself takes, for whatever writes to it.
 */
#ifndef BENCH_DISK_H
#define BENCH_DISK_H

#include <stdbool.h>
#include <stdint.h>

/* Nanoseconds of writing a file of so many bytes, which is gone after that. */
double disk_write(const char *path, uint64_t bytes, bool sync);

/*
 * What any copier that gives room back asks of the disk: for two files that are
 * there a new one is written and synced, and the two are removed.
 */
double disk_replace(const char *dir, uint64_t bytes);

#endif /* BENCH_DISK_H */
