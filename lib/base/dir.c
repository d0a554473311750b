/* SPDX-License-Identifier: MIT */
/*
 * dir.c - opening and making the directory of a cache.
 *
 * The directory is opened once, and everything else relative to it, by one name
 * each: what happens to the path later changes nothing.  What can be swapped is
 * the way to it, while we go it.  So links are followed only where root or we
 * made them; a directory that somebody else put there is found out by its
 * owner, which is asked of the descriptor.
 *
 * The kernel walks a path without links at once, by openat2(); where there are
 * some, or no such call (before Linux 5.6, and under filters of system calls
 * that do not know it), it is walked name by name.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#ifdef SYS_openat2
#include <linux/openat2.h>
#endif

#include "dir.h"
#include "error.h"
#include "file.h"

#define GROUPS_MAX 256
#define LINKS_MAX 40              /* what the kernel follows */
#define LINK_REFUSED EKEYREJECTED /* an errno that no path has */
#define GROUP_MODE (S_ISGID | 0770)
#define OPEN_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Magic numbers of statfs(2) for file systems whose locks or maps are remote.
 */
static const uint32_t network_types[] = {
	0x00006969, /* NFS */
	0x0000517b, /* SMB */
	0xff534d42, /* CIFS */
	0xfe534d42, /* SMB2 */
	0x01021997, /* 9P */
	0x65735546, /* FUSE */
	0x00c36400, /* Ceph */
	0x5346414f, /* AFS */
	0x47504653, /* GPFS */
	0x0bd00bd0, /* Lustre */
};

/* ---- whom it belongs to ------------------------------------------------ */

static bool
dir_in_group(gid_t group)
{
	gid_t groups[GROUPS_MAX];
	int count = getgroups(GROUPS_MAX, groups);

	if (group == getegid())
		return true;
	for (int i = 0; i < count; i++) {
		if (groups[i] == group)
			return true;
	}
	return false;
}

static enum bc_status
dir_check_others(const struct stat *st, const char *path, struct bc_error *err)
{
	if ((st->st_mode & S_IWOTH) == 0)
		return BC_OK;
	return bci_fail(err, BC_UNSAFE,
	                "%s is writable by everybody (mode %04o)", path,
	                (unsigned)st->st_mode & 07777u);
}

static bool
dir_is_trusted(uid_t user)
{
	return user == geteuid() || user == 0;
}

enum bc_status
bci_dir_check(int dir_fd, const char *name, const struct stat *st,
              struct bc_error *err)
{
	enum bc_status status = dir_check_others(st, name, err);
	struct stat dir;

	if (status != BC_OK || dir_is_trusted(st->st_uid))
		return status;
	if (fstat(dir_fd, &dir) == 0 && bci_dir_is_shared(&dir) &&
	    st->st_gid == dir.st_gid)
		return BC_OK;
	return bci_fail(err, BC_UNSAFE, "%s belongs to user %u, not to user %u",
	                name, (unsigned)st->st_uid, (unsigned)geteuid());
}

/* Whether only those can have written here who are trusted to. */
static enum bc_status
dir_check_owner(const struct stat *st, const char *path,
                const struct bci_dir_options *options, struct bc_error *err)
{
	enum bc_status status = dir_check_others(st, path, err);
	bool shared = bci_dir_is_shared(st);

	if (status != BC_OK)
		return status;
	if ((st->st_mode & S_IWGRP) != 0 && !shared &&
	    !(options->group && options->create))
		return bci_fail(err, BC_UNSAFE,
		                "%s is writable by its group (mode %04o), for "
		                "which it was not made",
		                path, (unsigned)st->st_mode & 07777u);
	if (dir_is_trusted(st->st_uid))
		return BC_OK;
	if (!shared || !dir_in_group(st->st_gid))
		return bci_fail(
			err, BC_UNSAFE,
			"%s belongs to user %u, not to user %u: a cache "
			"is opened by its owner or its group",
			path, (unsigned)st->st_uid, (unsigned)geteuid());
	if (!options->group)
		return bci_fail(err, BC_UNSAFE,
		                "%s belongs to user %u, who shares it with "
		                "group %u: say that the group is trusted",
		                path, (unsigned)st->st_uid,
		                (unsigned)st->st_gid);
	return BC_OK;
}

/* Whether we may trust what lies in a directory: see bci_dir_open(). */
static enum bc_status
dir_check_all(int fd, const char *path, const struct bci_dir_options *options,
              struct bc_error *err)
{
	enum bc_status status;
	struct stat st;
	struct statfs fs;

	if (fstat(fd, &st) != 0)
		return bci_fail_os(err, errno, "cannot examine %s", path);
	status = dir_check_owner(&st, path, options, err);
	if (status != BC_OK || options->network)
		return status;
	if (fstatfs(fd, &fs) != 0)
		return bci_fail_os(err, errno, "cannot examine %s", path);
	for (size_t i = 0; i < BCI_COUNT(network_types); i++) {
		if ((uint32_t)fs.f_type == network_types[i])
			return bci_fail(err, BC_UNSAFE,
			                "%s lies on a network or user-space "
			                "file system (type %#x)",
			                path, (unsigned)fs.f_type);
	}
	return BC_OK;
}

/* ---- the way to it ----------------------------------------------------- */

/* A path that is being gone: where it is, and what is left. */
struct dir_walk {
	int fd; /* may be AT_FDCWD */
	unsigned links;
	char rest[PATH_MAX];
};

static void
dir_walk_to(struct dir_walk *walk, int fd)
{
	if (walk->fd >= 0)
		close(walk->fd);
	walk->fd = fd;
}

/* Put what the link in 'fd' says before the rest; 0 or an errno. */
static int
dir_walk_link(struct dir_walk *walk, int fd)
{
	char target[PATH_MAX];
	ssize_t bytes = readlinkat(fd, "", target, sizeof(target));
	size_t rest = strlen(walk->rest);

	if (bytes <= 0)
		return bytes < 0 ? errno : ENOENT;
	if ((size_t)bytes + 1 + rest >= sizeof(walk->rest))
		return ENAMETOOLONG;
	memmove(walk->rest + bytes + 1, walk->rest, rest + 1);
	memcpy(walk->rest, target, (size_t)bytes);
	walk->rest[bytes] = '/';
	return ++walk->links > LINKS_MAX ? ELOOP : 0;
}

/* Go on with what 'fd' is: looked at once, for others may swap the name. */
static int
dir_walk_into(struct dir_walk *walk, int fd)
{
	struct stat st;
	int error;

	if (fstat(fd, &st) != 0)
		error = errno;
	else if (S_ISDIR(st.st_mode)) {
		dir_walk_to(walk, fd);
		return 0;
	} else if (!S_ISLNK(st.st_mode))
		error = ENOTDIR;
	else if (!dir_is_trusted(st.st_uid))
		error = LINK_REFUSED;
	else
		error = dir_walk_link(walk, fd);
	close(fd);
	return error;
}

/* Take the first name off the rest, and go there; 0 or an errno. */
static int
dir_walk_step(struct dir_walk *walk)
{
	char name[NAME_MAX + 1];
	size_t bytes = strcspn(walk->rest, "/");
	int fd;

	if (bytes > NAME_MAX)
		return ENAMETOOLONG;
	/* Without a name it begins with "/": an absolute path, or a link. */
	memcpy(name, bytes == 0 ? "/" : walk->rest, bytes == 0 ? 1 : bytes);
	name[bytes == 0 ? 1 : bytes] = '\0';
	bytes += strspn(walk->rest + bytes, "/");
	memmove(walk->rest, walk->rest + bytes, strlen(walk->rest + bytes) + 1);
	fd = openat(walk->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? errno : dir_walk_into(walk, fd);
}

/*
 * Go to the directory 'path' ("" is the current one), for naming what is in it.
 * A descriptor, or a negative errno.
 */
static int
dir_walk(const char *path)
{
	struct dir_walk walk = { .fd = AT_FDCWD };
	int error = 0;

#ifdef SYS_openat2
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS,
	};
	long fd = syscall(SYS_openat2, AT_FDCWD, *path == '\0' ? "." : path,
	                  &how, sizeof(how));

	if (fd >= 0)
		return (int)fd;
#endif
	if (strlen(path) + 2 > sizeof(walk.rest))
		return -ENAMETOOLONG;
	snprintf(walk.rest, sizeof(walk.rest), "%s%s", path,
	         *path == '\0' ? "." : "");
	while (error == 0 && walk.rest[0] != '\0')
		error = dir_walk_step(&walk);
	if (error == 0)
		return walk.fd;
	dir_walk_to(&walk, -1);
	return -error;
}

/*
 * Split a path into the directory, of 'bytes' bytes, and the name of what is
 * in it, which is copied.
 */
static enum bc_status
dir_split(const char *path, size_t *bytes, char name[NAME_MAX + 1],
          struct bc_error *err)
{
	size_t end = strlen(path), begin;

	while (end > 1 && path[end - 1] == '/')
		end--;
	begin = end;
	while (begin > 0 && path[begin - 1] != '/')
		begin--;
	if (end - begin > NAME_MAX || begin >= PATH_MAX)
		return bci_fail_os(err, ENAMETOOLONG,
		                   "cannot open directory %s", path);
	memcpy(name, path + begin, end - begin);
	name[end - begin] = '\0';
	if (end == begin && end > 0)
		memcpy(name, ".", 2); /* "/" lies in itself */
	*bytes = begin;
	return BC_OK;
}

enum bc_status
bci_dir_parent(const char *path, int *fd, char name[NAME_MAX + 1],
               struct bc_error *err)
{
	char parent[PATH_MAX], own[NAME_MAX + 1];
	size_t bytes = 0;
	enum bc_status status;

	status = dir_split(path, &bytes, name != NULL ? name : own, err);
	if (status != BC_OK)
		return status;
	memcpy(parent, path, bytes);
	parent[bytes] = '\0';
	*fd = dir_walk(parent);
	if (*fd >= 0)
		return BC_OK;
	if (*fd == -LINK_REFUSED)
		return bci_fail(err, BC_UNSAFE,
		                "the way to %s leads over a symbolic link of "
		                "another user",
		                path);
	return bci_fail_os(err, -*fd, "cannot open directory %s", path);
}

/* ---- opening and making ------------------------------------------------ */

/* Open a directory by one name; 'path' is what it is called in messages. */
static enum bc_status
dir_open_name(int dir_fd, const char *name, const char *path, int *fd,
              struct bc_error *err)
{
	struct stat st;

	*fd = openat(dir_fd, name, OPEN_FLAGS);
	if (*fd >= 0)
		return BC_OK;
	/* A symbolic link shows as ELOOP or, with O_DIRECTORY, as ENOTDIR. */
	if ((errno == ELOOP || errno == ENOTDIR) &&
	    fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return bci_fail(err, BC_UNSAFE, "%s is %s", path,
		                S_ISLNK(st.st_mode) ? "a symbolic link"
		                                    : "not a directory");
	return bci_fail_os(err, errno, "cannot open directory %s", path);
}

/*
 * Set the mode of a directory that was just made, whatever the umask left of
 * it: perhaps not even the right to open it.  /proc leads to the one that was
 * looked at, whatever its name leads to by now.
 */
static int
dir_set_mode(int dir_fd, const char *name, mode_t mode)
{
	int error = 0;
	int fd = openat(dir_fd, name,
	                O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char path[32];
	struct stat st;

	if (fd < 0)
		return errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) == 0 && st.st_uid != geteuid())
		error = EPERM;
	else if (chmod(path, mode) != 0)
		error = errno;
	close(fd);
	return error;
}

/* Make a directory by one name unless it is there. */
static enum bc_status
dir_make_name(int dir_fd, const char *name, const char *path, mode_t mode,
              struct bc_error *err)
{
	int error;

	if (mkdirat(dir_fd, name, 0700) != 0) {
		if (errno == EEXIST)
			return BC_OK;
		return bci_fail_os(err, errno, "cannot make directory %s",
		                   path);
	}
	error = dir_set_mode(dir_fd, name, mode);
	if (error != 0)
		return bci_fail_os(err, error, "cannot set the mode of %s",
		                   path);
	return BC_OK;
}

enum bc_status
bci_dir_make(int dir_fd, const char *name, bool group, struct bc_error *err)
{
	return dir_make_name(dir_fd, name, name, group ? GROUP_MODE : 0700,
	                     err);
}

enum bc_status
bci_dir_open_at(int parent_fd, const char *name, const char *path,
                const struct bci_dir_options *options, int *fd,
                struct bc_error *err)
{
	enum bc_status status = dir_open_name(parent_fd, name, path, fd, err);

	if (status == BC_ABSENT && options->create) {
		status = dir_make_name(parent_fd, name, path, 0700, err);
		if (status == BC_OK)
			status = dir_open_name(parent_fd, name, path, fd, err);
	}
	if (status != BC_OK)
		return status;
	status = dir_check_all(*fd, path, options, err);
	if (status != BC_OK)
		bci_file_close(fd);
	return status;
}

enum bc_status
bci_dir_open(const char *path, const struct bci_dir_options *options, int *fd,
             struct bc_error *err)
{
	char name[NAME_MAX + 1];
	enum bc_status status;
	int parent_fd;

	*fd = -1;
	status = bci_dir_parent(path, &parent_fd, name, err);
	if (status != BC_OK)
		return status;
	status = bci_dir_open_at(parent_fd, name, path, options, fd, err);
	bci_file_close(&parent_fd);
	return status;
}

enum bc_status
bci_dir_below(int dir_fd, const char *name, int *fd, struct bc_error *err)
{
	enum bc_status status = dir_open_name(dir_fd, name, name, fd, err);
	struct stat st;

	if (status != BC_OK)
		return status;
	status = fstat(*fd, &st) != 0
	                 ? bci_fail_os(err, errno, "cannot examine %s", name)
	                 : bci_dir_check(dir_fd, name, &st, err);
	if (status != BC_OK)
		bci_file_close(fd);
	return status;
}

enum bc_status
bci_dir_share(int dir_fd, uint32_t group_id, struct bc_error *err)
{
	struct stat st;

	if (fstat(dir_fd, &st) != 0)
		return bci_fail_os(err, errno, "cannot examine the directory");
	if (group_id == 0)
		group_id = st.st_gid;
	if (bci_dir_is_shared(&st) && st.st_gid == group_id)
		return BC_OK;
	if (st.st_gid != group_id && fchown(dir_fd, (uid_t)-1, group_id) != 0)
		return bci_fail_os(err, errno,
		                   "cannot give the directory to group %u",
		                   (unsigned)group_id);
	if (fchmod(dir_fd, GROUP_MODE) != 0)
		return bci_fail_os(err, errno,
		                   "cannot set the mode of the directory");
	/* The kernel drops the bit if the group is not one of ours. */
	if (fstat(dir_fd, &st) != 0 || !bci_dir_is_shared(&st))
		return bci_fail(err, BC_DENIED,
		                "the directory cannot be shared with group %u",
		                (unsigned)group_id);
	return BC_OK;
}

DIR *
bci_dir_list(int fd)
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir == NULL && fd >= 0) {
		int error = errno;

		close(fd);
		errno = error;
	}
	return dir;
}
