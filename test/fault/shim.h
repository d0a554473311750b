/* SPDX-License-Identifier: MIT */
/*
 * shim.h - make the N-th call of a kind fail, or be the last thing that a
 * process does.
 *
 * The shim stands between a program and the C library and LMDB by symbol
 * interposition.  A test program that links it first arms it through the
 * functions below; any other program gets it with LD_PRELOAD and is told by
 * its environment: see README.md.
 */
#ifndef BARCACHE_FAULT_SHIM_H
#define BARCACHE_FAULT_SHIM_H

#include <stdbool.h>
#include <stdint.h>

#define FAULT_API __attribute__((visibility("default")))

/* Kinds of calls; a plan names any number of them. */
enum fault_calls {
	FAULT_WRITE = 1, /* write, pwrite, writev, copy_file_range */
	FAULT_SYNC = 2,  /* fsync, fdatasync, msync */
	FAULT_SIZE = 4,  /* ftruncate, fallocate, posix_fallocate */
	FAULT_OPEN = 8,  /* open, openat */
	FAULT_NAME = 16, /* rename, link, unlink, mkdir and their -at forms */
	FAULT_MAP = 32,  /* mmap, mremap */
	FAULT_LOCK = 64, /* fcntl that takes or asks for a lock */
	FAULT_LMDB = 128 /* mdb_* */
};
#define FAULT_IO                                                               \
	(FAULT_WRITE | FAULT_SYNC | FAULT_SIZE | FAULT_OPEN | FAULT_NAME |     \
	 FAULT_MAP)

enum fault_mode {
	FAULT_NONE = 0,
	FAULT_FAIL,       /* the call fails with 'error', nothing happens */
	FAULT_SHORT,      /* a write moves half of its bytes and says so */
	FAULT_KILL,       /* SIGKILL before the call */
	FAULT_KILL_AFTER, /* SIGKILL after the call */
	FAULT_TORN,       /* a write moves half of its bytes, then SIGKILL */
	FAULT_STOP        /* SIGSTOP before the call, which then goes on */
};

struct place_set; /* place.h */

struct fault_plan {
	unsigned calls;       /* enum fault_calls */
	enum fault_mode mode; /* FAULT_NONE only counts */
	int error;            /* of FAULT_FAIL: an errno or a code of LMDB */
	uint64_t at;          /* which matching call, from 1 */
	bool repeat;          /* that one and all after it */
	const char *path;     /* only calls on a path that contains this */
	/*
	 * Only calls from places that are not in this set, by so many frames;
	 * the place of the one that it happens to is added.  One thread at a
	 * time; NULL: all calls.
	 */
	struct place_set *places;
	int frames;
};

/* Count from zero and follow 'plan', which is copied but for its path. */
FAULT_API void fault_arm(const struct fault_plan *plan);

/* Let everything through. */
FAULT_API void fault_disarm(void);

/* How many calls matched since fault_arm(). */
FAULT_API uint64_t fault_count(void);

/* Whether the fault happened since fault_arm(). */
FAULT_API bool fault_fired(void);

/*
 * From now on the kernel's boot id is read from 'file'; NULL ends it.  A test
 * can so pretend that the host was restarted.  'file' is borrowed.
 */
FAULT_API void fault_boot_id(const char *file);

#endif /* BARCACHE_FAULT_SHIM_H */
