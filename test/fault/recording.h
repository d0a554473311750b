/* SPDX-License-Identifier: MIT */
/*
 * recording.h - what the shim writes down of a process that it records, for
 * crash/disk.h to make crash states of.
 *
 * A trace is a stream of records in the order of the calls, each a header and
 * its bytes, filled up to a multiple of 8.  Files and directories are known by
 * their inode; a CREATE gives an inode its meaning anew, as file systems use
 * numbers again.
 */
#ifndef BARCACHE_FAULT_RECORDING_H
#define BARCACHE_FAULT_RECORDING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum trace_kind {
	TRACE_ROOT = 1, /* inode: the directory under which all lies; empty */
	TRACE_WRITE,    /* bytes to inode at offset; also through a mapping */
	TRACE_DURABLE,  /* the same through a descriptor that syncs */
	TRACE_SYNC,     /* of inode, a file or a directory */
	TRACE_SIZE,     /* inode is now offset bytes long */
	TRACE_ALLOCATE, /* inode is at least offset bytes long */
	TRACE_CREATE,   /* inode in directory: name; offset 1: a directory */
	TRACE_REMOVE,   /* directory: name */
	TRACE_RENAME,   /* from directory inode to directory: two names and a
	                   NUL behind each */
	TRACE_MARK      /* of the program: offset says which, inode a number */
};

struct trace_record {
	uint64_t kind; /* enum trace_kind */
	uint64_t inode;
	uint64_t directory;
	uint64_t offset;
	uint64_t bytes; /* that follow */
};

/* What of a trace is written at once. */
enum { TRACE_PARTS = 3 };

/* The parts of a record for writev(); returns their bytes. */
static inline size_t
trace_parts(const struct trace_record *record, const void *bytes,
            struct iovec parts[TRACE_PARTS])
{
	static const char zeros[8];

	parts[0] = (struct iovec){ (void *)(uintptr_t)record, sizeof(*record) };
	parts[1] = (struct iovec){ (void *)(uintptr_t)bytes,
		                   (size_t)record->bytes };
	parts[2] =
		(struct iovec){ (void *)(uintptr_t)zeros, -record->bytes % 8 };
	return parts[0].iov_len + parts[1].iov_len + parts[2].iov_len;
}

#endif /* BARCACHE_FAULT_RECORDING_H */
