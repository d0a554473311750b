/* SPDX-License-Identifier: MIT */
/*
 * file.h - the files of a cache directory, opened so that a link, a device or
 * a stranger's file in their place is refused instead of followed.
 */
#ifndef BCI_FILE_H
#define BCI_FILE_H

#include <sys/stat.h>
#include <sys/types.h>

#include "common.h"

/*
 * Open the existing regular file 'name' in 'dir_fd' with 'flags' (O_RDONLY or
 * O_RDWR) to *fd, close-on-exec.  Never follows a link, never blocks on a FIFO.
 * Returns BC_OK; BC_ABSENT; BC_UNSAFE as bci_file_check(); BC_DENIED;
 * BC_READONLY; BC_IO.
 */
enum bc_status bci_file_open(int dir_fd, const char *name, int flags, int *fd,
                             struct bc_error *err);

/*
 * What 'st' says of the file 'name' in 'dir_fd'.  Returns BC_OK; BC_UNSAFE if
 * it is not a regular file with one name, and as bci_dir_check().
 */
enum bc_status bci_file_check(int dir_fd, const char *name,
                              const struct stat *st, struct bc_error *err);

/*
 * Open 'name' for reading and writing, creating it first if it is not there,
 * with at least 'bytes' bytes allocated on the disk (a sparse file that is
 * mapped turns a full disk into SIGBUS).  Returns as bci_file_open(), and
 * BC_NOSPACE.
 */
enum bc_status bci_file_ensure(int dir_fd, const char *name, bool group,
                               uint64_t bytes, int *fd, struct bc_error *err);

/* Allocate [offset, offset + bytes) on the disk. */
enum bc_status bci_file_allocate(int fd, uint64_t offset, uint64_t bytes,
                                 struct bc_error *err);

/*
 * The same of a file in use that was copied from a cache: what had been
 * allocated may have become holes, which turn a full disk into SIGBUS.  Only
 * for want of space does it fail: BC_NOSPACE.
 */
enum bc_status bci_file_fill(int fd, uint64_t offset, uint64_t bytes,
                             struct bc_error *err);

/* Whether less than 'bytes' bytes of a file are on the disk. */
bool bci_file_is_sparse(const struct stat *st, uint64_t bytes);

/* Create 'name' afresh (it must not exist), mode by 'group', to *fd. */
enum bc_status bci_file_create(int dir_fd, const char *name, bool group,
                               int *fd, struct bc_error *err);

/* Write all bytes at 'offset'; retries short writes and EINTR. */
enum bc_status bci_file_write(int fd, const void *data, size_t bytes,
                              uint64_t offset, struct bc_error *err);

/* Read up to 'bytes' bytes at 'offset'; returns how many, or -1. */
ssize_t bci_file_read(int fd, void *data, size_t bytes, uint64_t offset);

/* Close if open and set to -1. */
void bci_file_close(int *fd);

#endif /* BCI_FILE_H */
