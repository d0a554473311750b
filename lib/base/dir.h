/* SPDX-License-Identifier: MIT */
/*
 * dir.h - the directory of a cache, opened so that nobody but those who are
 * trusted with it can have put another in its place.
 */
#ifndef BCI_DIR_H
#define BCI_DIR_H

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

#include "common.h"

/* How to treat a cache directory. */
struct bci_dir_options {
	bool create;  /* make the last component if it is not there */
	bool group;   /* its group is trusted, whoever owns it */
	bool network; /* accept network file systems */
};

/*
 * Open the directory 'path' to *fd, close-on-exec.  On the way to it links are
 * followed only if they are ours or root's.  Returns BC_OK; BC_ABSENT if it is
 * not there; BC_UNSAFE if it is a link, belongs neither to us nor to root,
 * is writable by others, or lies on a network file system; BC_DENIED,
 * BC_READONLY, BC_NOSPACE, BC_IO.
 *
 * Writable by others is one that everybody may write to, and one that its group
 * may, unless it is shared: set-group-id, which is what bci_dir_share() makes
 * of it.  A shared one may belong to anybody if its group is trusted and ours.
 */
enum bc_status bci_dir_open(const char *path,
                            const struct bci_dir_options *options, int *fd,
                            struct bc_error *err);

/*
 * bci_dir_open() in two steps: open the directory that 'path' lies in, for
 * naming what is in it, and say by which name (unless NULL) it does; then open
 * or make it there.
 */
enum bc_status bci_dir_parent(const char *path, int *fd,
                              char name[NAME_MAX + 1], struct bc_error *err);
enum bc_status bci_dir_open_at(int parent_fd, const char *name,
                               const char *path,
                               const struct bci_dir_options *options, int *fd,
                               struct bc_error *err);

/*
 * Open the directory of one name in 'dir_fd', close-on-exec.  Returns BC_OK;
 * BC_ABSENT; BC_UNSAFE if it is no directory, and as bci_dir_check();
 * BC_DENIED; BC_IO.
 */
enum bc_status bci_dir_below(int dir_fd, const char *name, int *fd,
                             struct bc_error *err);

/* Make the subdirectory 'name' unless it is there; safe in a race. */
enum bc_status bci_dir_make(int dir_fd, const char *name, bool group,
                            struct bc_error *err);

/*
 * Whether what is called 'name' in 'dir_fd', of which 'st' is known, is written
 * by those alone whom that is trusted to: BC_OK, or BC_UNSAFE if it is writable
 * by everybody, or belongs neither to us nor to root, unless both belong to a
 * group that shares them.
 */
enum bc_status bci_dir_check(int dir_fd, const char *name,
                             const struct stat *st, struct bc_error *err);

/*
 * Share an open directory with a group: 2770.  Group 0 is the one that it has.
 * Returns BC_OK, BC_DENIED if it is not ours, or nor is the group; BC_READONLY,
 * BC_IO.
 */
enum bc_status bci_dir_share(int dir_fd, uint32_t group_id,
                             struct bc_error *err);

/*
 * List the open directory 'fd', which closedir() closes then; NULL with errno
 * if it is -1, or cannot be listed and is closed.
 */
DIR *bci_dir_list(int fd);

/* Whether a directory was made for its group to write to. */
static inline bool
bci_dir_is_shared(const struct stat *st)
{
	const mode_t bits = S_ISGID | S_IWGRP;

	return S_ISDIR(st->st_mode) && (st->st_mode & bits) == bits;
}

#endif /* BCI_DIR_H */
