/* SPDX-License-Identifier: MIT */
/*
 * calls.c - the wrapped functions of the C library.
 *
 * Each has the same shape: ask the gate, fail or tear if it says so, else
 * call the real one, let the recorder know, then ask whether this was the last
 * thing to do.  Calls that only give something up (close, munmap, unlocking) do
 * not ask the gate: the kernel does not fail them.  Built without
 * _FORTIFY_SOURCE, whose inline functions have the same names.
 */
#include "gate.h"

#include "recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* A second name for the same function, as large-file builds use it. */
#define ALIAS(name) __attribute__((alias(#name), visibility("default")))

/* ------------------------------------------------------------------------ */
/*  Writing                                                                 */
/* ------------------------------------------------------------------------ */

/* Half of 'bytes', but not nothing: a write of 0 bytes is another fault. */
static size_t
half(size_t bytes)
{
	return bytes > 1 ? bytes / 2 : bytes;
}

FAULT_API ssize_t
write(int fd, const void *data, size_t bytes)
{
	REAL(write);
	struct gate gate = gate_enter(FAULT_WRITE, "write", fd, NULL);
	off_t offset = record_position(fd);
	ssize_t done;

	if (gate.mode == FAULT_FAIL) {
		errno = gate.error;
		return -1;
	}
	if (gate.mode == FAULT_TORN || gate.mode == FAULT_SHORT)
		bytes = half(bytes);
	done = real(fd, data, bytes);
	record_write(fd, data, done, offset);
	if (gate.mode == FAULT_TORN)
		gate_die();
	gate_leave(gate);
	return done;
}

FAULT_API ssize_t
pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
	REAL(pwrite);
	struct gate gate = gate_enter(FAULT_WRITE, "pwrite", fd, NULL);
	ssize_t done;

	if (gate.mode == FAULT_FAIL) {
		errno = gate.error;
		return -1;
	}
	if (gate.mode == FAULT_TORN || gate.mode == FAULT_SHORT)
		bytes = half(bytes);
	done = real(fd, data, bytes, offset);
	record_write(fd, data, done, offset);
	if (gate.mode == FAULT_TORN)
		gate_die();
	gate_leave(gate);
	return done;
}

FAULT_API ssize_t pwrite64(int fd, const void *data, size_t bytes, off_t offset)
	ALIAS(pwrite);

/* Writes the first half of the vector's bytes, cut inside an element. */
static ssize_t
writev_half(__typeof__(writev) *real, int fd, const struct iovec *vector,
            int parts)
{
	struct iovec cut[IOV_MAX];
	size_t total = 0, left;
	int i;

	for (i = 0; i < parts; i++)
		total += vector[i].iov_len;
	left = half(total);
	for (i = 0; i < parts && left > 0; i++) {
		cut[i] = vector[i];
		if (cut[i].iov_len > left)
			cut[i].iov_len = left;
		left -= cut[i].iov_len;
	}
	return real(fd, cut, i);
}

FAULT_API ssize_t
writev(int fd, const struct iovec *vector, int parts)
{
	REAL(writev);
	struct gate gate = gate_enter(FAULT_WRITE, "writev", fd, NULL);
	off_t offset = record_position(fd);
	ssize_t done;

	if (gate.mode == FAULT_FAIL) {
		errno = gate.error;
		return -1;
	}
	if (gate.mode == FAULT_TORN || gate.mode == FAULT_SHORT)
		done = writev_half(real, fd, vector, parts);
	else
		done = real(fd, vector, parts);
	record_copied(fd, done, offset);
	if (gate.mode == FAULT_TORN)
		gate_die();
	gate_leave(gate);
	return done;
}

FAULT_API ssize_t
copy_file_range(int from, off_t *in, int to, off_t *out, size_t bytes,
                unsigned flags)
{
	REAL(copy_file_range);
	struct gate gate = gate_enter(FAULT_WRITE, "copy_file_range", to, NULL);
	off_t offset = out != NULL ? *out : record_position(to);
	ssize_t done;

	if (gate.mode == FAULT_FAIL) {
		errno = gate.error;
		return -1;
	}
	if (gate.mode == FAULT_TORN || gate.mode == FAULT_SHORT)
		bytes = half(bytes);
	done = real(from, in, to, out, bytes, flags);
	record_copied(to, done, offset);
	if (gate.mode == FAULT_TORN)
		gate_die();
	gate_leave(gate);
	return done;
}

/* ------------------------------------------------------------------------ */
/*  Calls that return 0, or -1 and errno                                    */
/* ------------------------------------------------------------------------ */

/* The body of such a wrapper; 'record' is done once it has worked. */
#define PLAIN(call, name, fd, path, arguments, record)                         \
	do {                                                                   \
		REAL(name);                                                    \
		struct gate gate = gate_enter(call, #name, fd, path);          \
		int result;                                                    \
                                                                               \
		if (gate.mode == FAULT_FAIL) {                                 \
			errno = gate.error;                                    \
			return -1;                                             \
		}                                                              \
		result = real arguments;                                       \
		if (result >= 0)                                               \
			record;                                                \
		gate_leave(gate);                                              \
		return result;                                                 \
	} while (0)

FAULT_API int
fsync(int fd)
{
	PLAIN(FAULT_SYNC, fsync, fd, NULL, (fd), record_sync(fd));
}

FAULT_API int
fdatasync(int fd)
{
	PLAIN(FAULT_SYNC, fdatasync, fd, NULL, (fd), record_sync(fd));
}

/* It writes early, and promises nothing: the record says nothing of it. */
FAULT_API int
sync_file_range(int fd, off64_t offset, off64_t bytes, unsigned flags)
{
	PLAIN(FAULT_SYNC, sync_file_range, fd, NULL, (fd, offset, bytes, flags),
	      (void)0);
}

FAULT_API int
msync(void *memory, size_t bytes, int flags)
{
	PLAIN(FAULT_SYNC, msync, -1, NULL, (memory, bytes, flags),
	      record_msync(memory));
}

FAULT_API int
ftruncate(int fd, off_t bytes)
{
	PLAIN(FAULT_SIZE, ftruncate, fd, NULL, (fd, bytes),
	      record_size(fd, bytes));
}

FAULT_API int ftruncate64(int fd, off_t bytes) ALIAS(ftruncate);

FAULT_API int
fallocate(int fd, int mode, off_t offset, off_t bytes)
{
	PLAIN(FAULT_SIZE, fallocate, fd, NULL, (fd, mode, offset, bytes),
	      record_allocate(fd, offset, bytes));
}

FAULT_API int fallocate64(int fd, int mode, off_t offset, off_t bytes)
	ALIAS(fallocate);

/* This one returns the error and leaves errno alone. */
FAULT_API int
posix_fallocate(int fd, off_t offset, off_t bytes)
{
	REAL(posix_fallocate);
	struct gate gate = gate_enter(FAULT_SIZE, "posix_fallocate", fd, NULL);
	int result;

	if (gate.mode == FAULT_FAIL)
		return gate.error;
	result = real(fd, offset, bytes);
	if (result == 0)
		record_allocate(fd, offset, bytes);
	gate_leave(gate);
	return result;
}

FAULT_API int posix_fallocate64(int fd, off_t offset, off_t bytes)
	ALIAS(posix_fallocate);

/* A rename is known by where it goes: that is what could be overwritten. */
FAULT_API int
rename(const char *from, const char *to)
{
	PLAIN(FAULT_NAME, rename, -1, to, (from, to),
	      record_rename(AT_FDCWD, from, AT_FDCWD, to));
}

FAULT_API int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	PLAIN(FAULT_NAME, renameat, to_fd, to, (from_fd, from, to_fd, to),
	      record_rename(from_fd, from, to_fd, to));
}

FAULT_API int
renameat2(int from_fd, const char *from, int to_fd, const char *to,
          unsigned flags)
{
	PLAIN(FAULT_NAME, renameat2, to_fd, to,
	      (from_fd, from, to_fd, to, flags),
	      record_rename(from_fd, from, to_fd, to));
}

FAULT_API int
linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	PLAIN(FAULT_NAME, linkat, to_fd, to, (from_fd, from, to_fd, to, flags),
	      (void)0);
}

FAULT_API int
unlink(const char *path)
{
	PLAIN(FAULT_NAME, unlink, -1, path, (path),
	      record_remove(AT_FDCWD, path));
}

FAULT_API int
unlinkat(int fd, const char *path, int flags)
{
	PLAIN(FAULT_NAME, unlinkat, fd, path, (fd, path, flags),
	      record_remove(fd, path));
}

FAULT_API int
mkdir(const char *path, mode_t mode)
{
	PLAIN(FAULT_NAME, mkdir, -1, path, (path, mode),
	      record_mkdir(AT_FDCWD, path));
}

FAULT_API int
mkdirat(int fd, const char *path, mode_t mode)
{
	PLAIN(FAULT_NAME, mkdirat, fd, path, (fd, path, mode),
	      record_mkdir(fd, path));
}

/* ------------------------------------------------------------------------ */
/*  Opening, mapping, locking                                               */
/* ------------------------------------------------------------------------ */

/* The mode is passed only by a caller that may create the file. */
static mode_t
open_mode(int flags, va_list arguments)
{
	if ((flags & O_CREAT) == 0 && (flags & O_TMPFILE) != O_TMPFILE)
		return 0;
	return (mode_t)va_arg(arguments, int);
}

FAULT_API int
open(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;
	bool is_new;

	va_start(arguments, flags);
	mode = open_mode(flags, arguments);
	va_end(arguments);
	is_new = record_is_new(AT_FDCWD, path, flags);
	PLAIN(FAULT_OPEN, open, -1, path, (gate_redirect(path), flags, mode),
	      record_open(result, AT_FDCWD, path, flags, is_new));
}

FAULT_API int open64(const char *path, int flags, ...) ALIAS(open);

FAULT_API int
openat(int fd, const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;
	bool is_new;

	va_start(arguments, flags);
	mode = open_mode(flags, arguments);
	va_end(arguments);
	is_new = record_is_new(fd, path, flags);
	PLAIN(FAULT_OPEN, openat, fd, path,
	      (fd, gate_redirect(path), flags, mode),
	      record_open(result, fd, path, flags, is_new));
}

FAULT_API int openat64(int fd, const char *path, int flags, ...) ALIAS(openat);

/* What open and openat become in fortified builds, without a mode. */
FAULT_API int __open_2(const char *path, int flags);
FAULT_API int __openat_2(int fd, const char *path, int flags);

int
__open_2(const char *path, int flags)
{
	return open(path, flags);
}

int
__openat_2(int fd, const char *path, int flags)
{
	return openat(fd, path, flags);
}

FAULT_API void *
mmap(void *address, size_t bytes, int protection, int flags, int fd,
     off_t offset)
{
	REAL(mmap);
	struct gate gate = gate_enter(FAULT_MAP, "mmap", fd, NULL);
	void *memory;

	if (gate.mode == FAULT_FAIL) {
		errno = gate.error;
		return MAP_FAILED;
	}
	memory = real(address, bytes, protection, flags, fd, offset);
	record_map(memory, bytes, protection, flags, fd);
	gate_leave(gate);
	return memory;
}

FAULT_API void *mmap64(void *address, size_t bytes, int protection, int flags,
                       int fd, off_t offset) ALIAS(mmap);

/* Only to be recorded: it does not fail. */
FAULT_API int
munmap(void *memory, size_t bytes)
{
	REAL(munmap);

	record_unmap(memory);
	return real(memory, bytes);
}

FAULT_API void *
mremap(void *old, size_t old_bytes, size_t bytes, int flags, ...)
{
	REAL(mremap);
	struct gate gate = gate_enter(FAULT_MAP, "mremap", -1, NULL);
	va_list arguments;
	void *memory;

	if (gate.mode == FAULT_FAIL) {
		errno = gate.error;
		return MAP_FAILED;
	}
	va_start(arguments, flags);
	memory = real(old, old_bytes, bytes, flags,
	              (flags & MREMAP_FIXED) != 0 ? va_arg(arguments, void *)
	                                          : NULL);
	va_end(arguments);
	gate_leave(gate);
	return memory;
}

/* Whether this is a lock that the kernel may refuse. */
static bool
fcntl_locks(int command, const void *argument)
{
	const struct flock *lock = argument;

	switch (command) {
	case F_GETLK:
	case F_OFD_GETLK:
		return true;
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return lock->l_type != F_UNLCK;
	default:
		return false;
	}
}

FAULT_API int
fcntl(int fd, int command, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (!fcntl_locks(command, argument)) {
		REAL(fcntl);
		return real(fd, command, argument);
	}
	PLAIN(FAULT_LOCK, fcntl, fd, NULL, (fd, command, argument), (void)0);
}

FAULT_API int fcntl64(int fd, int command, ...) ALIAS(fcntl);
