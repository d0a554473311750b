/* SPDX-License-Identifier: MIT */
/*
 * target.c - a directory that is there as a whole or not at all.
 *
 * It is made under a name that follows from the one it gets: so a copy that was
 * killed leaves one directory at most, which the next one removes.  A lock says
 * whether somebody is still at it.
 */
#include "common.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "dir.h"
#include "error.h"
#include "file.h"
#include "lock.h"
#include "target.h"

#define TEMPORARY ".copying"
#define LOCK_FILE "writer.lock"

/* ---- removing ---------------------------------------------------------- */

/* Remove the files of a directory but for 'kept'; it is closed. */
static void
target_empty(int fd, const char *kept)
{
	DIR *dir = bci_dir_list(fd);
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    strcmp(entry->d_name, kept) != 0)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
}

static int
target_open_below(int dir_fd, const char *name)
{
	return openat(dir_fd, name,
	              O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Remove what a copy consists of, but for the file 'kept'. */
static void
target_clear(struct bci_target *target, const char *kept)
{
	static const char *const below[] = { "warm", "cold" };

	for (size_t i = 0; i < BCI_COUNT(below); i++) {
		target_empty(target_open_below(target->dir_fd, below[i]), "");
		(void)unlinkat(target->dir_fd, below[i], AT_REMOVEDIR);
	}
	target_empty(target_open_below(target->dir_fd, "."), kept);
}

/* ---- names ------------------------------------------------------------- */

/* Take 'path' apart and make the temporary name from it. */
static enum bc_status
target_name(struct bci_target *target, const char *path, struct bc_error *err)
{
	size_t bytes = strlen(path), room;
	char *slash;

	while (bytes > 1 && path[bytes - 1] == '/')
		bytes--;
	room = bytes + sizeof(TEMPORARY) + 1;
	target->path = bci_alloc(target->allocator, room, 1);
	target->temporary = bci_alloc(target->allocator, room, 1);
	if (target->path == NULL || target->temporary == NULL)
		return bci_fail(err, BC_NOMEM, "no memory to copy a cache");
	memcpy(target->path, path, bytes);
	target->path[bytes] = '\0';
	snprintf(target->temporary, room, "%s%s", target->path, TEMPORARY);
	slash = strrchr(target->path, '/');
	target->name = slash == NULL ? target->path : slash + 1;
	target->temporary_name =
		target->temporary + (target->name - target->path);
	if (target->name[0] == '\0' || strcmp(target->name, ".") == 0 ||
	    strcmp(target->name, "..") == 0)
		return bci_fail(err, BC_EXISTS, "%s exists", path);
	return BC_OK;
}

/* Open the directory that it is to lie in. */
static enum bc_status
target_parent(struct bci_target *target, const struct bci_env *env,
              struct bc_error *err)
{
	struct stat parent, cache;
	enum bc_status status;
	int fd;

	status = bci_dir_parent(target->path, &fd, NULL, err);
	if (status != BC_OK)
		return status;
	/* That one is for names alone; this one can be synced. */
	target->parent_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(fd);
	if (target->parent_fd < 0)
		return bci_fail_os(err, errno,
		                   "cannot open the directory of %s",
		                   target->path);
	if (fstat(target->parent_fd, &parent) != 0 ||
	    fstat(env->dir_fd, &cache) != 0)
		return bci_fail_os(err, errno, "cannot examine a directory");
	target->group_id = cache.st_gid;
	if (parent.st_dev == cache.st_dev && parent.st_ino == cache.st_ino)
		return bci_fail(err, BC_INVALID,
		                "%s would lie in the cache itself",
		                target->path);
	return BC_OK;
}

/* Whether there is nothing at the name, or an empty directory. */
static enum bc_status
target_check_free(struct bci_target *target, struct bc_error *err)
{
	int fd = target_open_below(target->parent_fd, target->name);
	DIR *dir = bci_dir_list(fd);
	struct dirent *entry;
	unsigned count = 0;

	if (dir == NULL && errno == ENOENT)
		return BC_OK;
	if (dir == NULL && errno != ENOTDIR && errno != ELOOP)
		return bci_fail_os(err, errno, "cannot examine %s",
		                   target->path);
	if (dir != NULL) {
		while ((entry = readdir(dir)) != NULL)
			count += strcmp(entry->d_name, ".") != 0 &&
			         strcmp(entry->d_name, "..") != 0;
		closedir(dir);
		if (count == 0)
			return BC_OK;
	}
	return bci_fail(err, BC_EXISTS, "%s exists", target->path);
}

/* ---- the directory ----------------------------------------------------- */

/*
 * Keep other copies away.  One that was at it may have given the directory its
 * name by the time we have the lock.
 */
static enum bc_status
target_lock(struct bci_target *target, bool group, struct bc_error *err)
{
	struct stat ours, named;
	enum bc_status status;
	int error;

	status = bci_file_ensure(target->dir_fd, LOCK_FILE, group, 0,
	                         &target->lock_fd, err);
	if (status != BC_OK)
		return status;
	error = bci_lock_try(target->lock_fd, BCI_LOCK_COPY,
	                     BCI_LOCK_EXCLUSIVE);
	if (error != 0 && error != EAGAIN)
		return bci_fail_os(err, error, "cannot lock writer.lock");
	if (error == EAGAIN || fstat(target->dir_fd, &ours) != 0 ||
	    fstatat(target->parent_fd, target->temporary_name, &named,
	            AT_SYMLINK_NOFOLLOW) != 0 ||
	    ours.st_ino != named.st_ino || ours.st_dev != named.st_dev) {
		bci_file_close(&target->lock_fd);
		return bci_fail(err, BC_BUSY,
		                "another process is copying to %s",
		                target->path);
	}
	/* Now that it is ours to remove: for the cache that it becomes. */
	return bci_file_allocate(target->lock_fd, 0, 4096, err);
}

enum bc_status
bci_target_open(struct bci_target *target, const struct bc_cache *cache,
                const struct bci_env *env, const char *path,
                struct bc_error *err)
{
	const struct bci_dir_options options = {
		.create = true,
		.group = env->group,
		.network = (cache->flags & BC_OPEN_NETWORK) != 0,
	};
	enum bc_status status;

	*target = (struct bci_target){
		.allocator = &env->allocator,
		.parent_fd = -1,
		.dir_fd = -1,
		.lock_fd = -1,
	};
	BCI_TRY(target_name(target, path, err));
	BCI_TRY(target_parent(target, env, err));
	BCI_TRY(target_check_free(target, err));
	BCI_TRY(bci_dir_open_at(target->parent_fd, target->temporary_name,
	                        target->temporary, &options, &target->dir_fd,
	                        err));
	if (env->group)
		BCI_TRY(bci_dir_share(target->dir_fd, target->group_id, err));
	BCI_TRY(target_lock(target, env->group, err));
	target_clear(target, LOCK_FILE);
done:
	return status;
}

enum bc_status
bci_target_finish(struct bci_target *target, struct bc_error *err)
{
	if (fsync(target->dir_fd) != 0)
		return bci_fail_os(err, errno, "cannot sync %s",
		                   target->temporary);
	if (renameat(target->parent_fd, target->temporary_name,
	             target->parent_fd, target->name) != 0) {
		if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR)
			return bci_fail(err, BC_EXISTS, "%s exists",
			                target->path);
		return bci_fail_os(err, errno, "cannot rename %s",
		                   target->temporary);
	}
	bci_file_close(&target->lock_fd); /* There is nothing to remove. */
	if (fsync(target->parent_fd) != 0)
		return bci_fail_os(err, errno,
		                   "cannot sync the directory of "
		                   "%s",
		                   target->path);
	return BC_OK;
}

void
bci_target_close(struct bci_target *target)
{
	/* Without the lock it is another's, or has its name. */
	if (target->lock_fd >= 0) {
		target_clear(target, "");
		(void)unlinkat(target->parent_fd, target->temporary_name,
		               AT_REMOVEDIR);
	}
	bci_file_close(&target->lock_fd);
	bci_file_close(&target->dir_fd);
	bci_file_close(&target->parent_fd);
	bci_free(target->allocator, target->temporary);
	bci_free(target->allocator, target->path);
}
