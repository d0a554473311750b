/* SPDX-License-Identifier: MIT */
/*
 * create.c - the files of a new cache, made under the writer lock in an order
 * that leaves no cache or a whole one whenever it is cut short: the catalogue
 * is renamed into place last.
 */
#include "common.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "control.h"
#include "create.h"
#include "dir.h"
#include "error.h"
#include "file.h"
#include "hash.h"
#include "lock.h"

#define SCRATCH_FILE "scratch"
#define SCRATCH_NEW "scratch.new"

struct scratch_record {
	struct bci_config_record config;
	uint8_t boot_id[16];
	uint64_t checksum; /* XXH3 of all before it */
};
_Static_assert(sizeof(struct scratch_record) == 152, "scratch marker");

/* In a cache of format 1 the settings, and so the marker, are shorter. */
#define SCRATCH_SHORTER                                                        \
	(sizeof(struct bci_config_record) - BCI_CONFIG_OLD_BYTES)

/* Names that a cache that was never finished may have left. */
static const char *const own_names[] = {
	".",
	"..",
	"writer.lock",
	"guard.lock",
	"arenas.lock",
	"warm",
	"cold",
	"ledger",
	"scratch",
	"scratch.new",
	"meta.mdb.new",
	"meta.mdb-lock",
	"meta.mdb",
	"meta.mdb.new-lock",
};

static uint8_t boot_id_read[16];

static void
boot_id_load(void)
{
	char text[37] = { 0 };
	int fd;

	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (bci_file_read(fd, text, 36, 0) == 36) {
		unsigned digit = 0, value;

		for (const char *at = text; *at != '\0' && digit < 16;
		     at += at[2] == '-' ? 3 : 2) {
			if (sscanf(at, "%2x", &value) != 1)
				break;
			boot_id_read[digit++] = (uint8_t)value;
		}
	}
	close(fd);
}

void
bci_boot_id(uint8_t id[16])
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, boot_id_load);
	memcpy(id, boot_id_read, 16);
}

static bool
create_is_there(int dir_fd)
{
	return faccessat(dir_fd, BCI_CATALOGUE_FILE, F_OK,
	                 AT_SYMLINK_NOFOLLOW) == 0;
}

/* Refuse a directory that has anything of somebody else in it. */
static enum bc_status
create_check_empty(int dir_fd, struct bc_error *err)
{
	enum bc_status status = BC_OK;
	struct dirent *entry;
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = bci_dir_list(fd);

	if (dir == NULL)
		return bci_fail_os(err, errno, "cannot list the directory");
	while (status == BC_OK && (entry = readdir(dir)) != NULL) {
		bool own = false;

		for (size_t i = 0; i < BCI_COUNT(own_names); i++)
			own = own || strcmp(entry->d_name, own_names[i]) == 0;
		if (!own)
			status = bci_fail(err, BC_FORMAT,
			                  "the directory is not a cache and "
			                  "not empty: it holds %s",
			                  entry->d_name);
	}
	closedir(dir);
	return status;
}

enum bc_status
bci_cache_files(int dir_fd, const struct bci_config_record *config,
                struct bc_error *err)
{
	uint8_t boot_id[16];
	enum bc_status status;
	int fd = -1;
	bool group = config->group != 0;

	BCI_TRY(bci_dir_make(dir_fd, bci_arena_directory(BCI_ARENA_WARM), group,
	                     err));
	BCI_TRY(bci_dir_make(dir_fd, bci_arena_directory(BCI_ARENA_COLD), group,
	                     err));
	BCI_TRY(bci_file_ensure(dir_fd, "guard.lock", group, 4096, &fd, err));
	bci_file_close(&fd);
	BCI_TRY(bci_file_ensure(dir_fd, "arenas.lock", group, 4096, &fd, err));
	bci_file_close(&fd);
	BCI_TRY(bci_scratch_mark(dir_fd, config, err));
	/* The catalogue's name must not be on the disk before the others. */
	if (!BCI_CONTROL(unordered_creation) && fsync(dir_fd) != 0) {
		status = bci_fail_os(err, errno, "cannot sync the directory");
		goto done;
	}
	bci_boot_id(boot_id);
	BCI_TRY(bci_catalogue_create(dir_fd, config, boot_id, err));
done:
	bci_file_close(&fd);
	return status;
}

/* Take the writer lock of a directory that is not open as a cache. */
static enum bc_status
create_lock(int dir_fd, bool group, int64_t deadline_ns, int *fd,
            struct bc_error *err)
{
	enum bc_status status;
	int error;

	status = bci_file_ensure(dir_fd, "writer.lock", group, 4096, fd, err);
	if (status != BC_OK)
		return status;
	error = bci_lock_gated(*fd, BCI_LOCK_WRITER, BCI_LOCK_EXCLUSIVE,
	                       deadline_ns);
	if (error == 0)
		return BC_OK;
	bci_file_close(fd);
	if (error == EAGAIN)
		return bci_fail(err, BC_BUSY,
		                "another process is creating the cache");
	return bci_fail_os(err, error, "cannot lock writer.lock");
}

/*
 * The directory's own name must be on the disk before what is in it counts as
 * stored.  Who may not look at the parent directory cannot see to that.
 */
static enum bc_status
create_sync_parent(int dir_fd, struct bc_error *err)
{
	enum bc_status status = BC_OK;
	int fd = openat(dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == EACCES)
		return BC_OK;
	if (fd < 0 || (!BCI_CONTROL(no_parent_sync) && fsync(fd) != 0))
		status = bci_fail_os(err, errno,
		                     "cannot sync the parent directory");
	bci_file_close(&fd);
	return status;
}

enum bc_status
bci_cache_share(int dir_fd, uint32_t group_id, struct bc_error *err)
{
	enum bc_status status;

	if (create_is_there(dir_fd))
		return BC_OK;
	status = create_check_empty(dir_fd, err);
	return status == BC_OK ? bci_dir_share(dir_fd, group_id, err) : status;
}

enum bc_status
bci_cache_create(int dir_fd, const struct bci_config_record *config,
                 int64_t deadline_ns, struct bc_error *err)
{
	enum bc_status status;
	int fd = -1;

	if (create_is_there(dir_fd))
		return BC_OK;
	status = create_check_empty(dir_fd, err);
	if (status != BC_OK)
		return status;
	status = create_lock(dir_fd, config->group != 0, deadline_ns, &fd, err);
	if (status != BC_OK)
		return status;
	if (create_is_there(dir_fd))
		goto done; /* Another process was faster. */
	BCI_TRY(create_sync_parent(dir_fd, err));
	BCI_TRY(bci_cache_files(dir_fd, config, err));
done:
	bci_file_close(&fd); /* Drops the lock. */
	return status;
}

/* ---- scratch ----------------------------------------------------------- */

enum bc_status
bci_scratch_mark(int dir_fd, const struct bci_config_record *config,
                 struct bc_error *err)
{
	struct scratch_record record = { .config = *config };
	enum bc_status status;
	int fd = -1;

	if (config->durability != BC_SCRATCH) {
		if (unlinkat(dir_fd, SCRATCH_FILE, 0) != 0 && errno != ENOENT)
			return bci_fail_os(err, errno, "cannot remove %s",
			                   SCRATCH_FILE);
		return BC_OK;
	}
	bci_boot_id(record.boot_id);
	record.checksum =
		bci_hash64(&record, offsetof(struct scratch_record, checksum));
	if (unlinkat(dir_fd, SCRATCH_NEW, 0) != 0 && errno != ENOENT)
		return bci_fail_os(err, errno, "cannot remove %s", SCRATCH_NEW);
	BCI_TRY(bci_file_create(dir_fd, SCRATCH_NEW, config->group != 0, &fd,
	                        err));
	BCI_TRY(bci_file_write(fd, &record, sizeof(record), 0, err));
	if (fsync(fd) != 0 ||
	    renameat(dir_fd, SCRATCH_NEW, dir_fd, SCRATCH_FILE) != 0 ||
	    fsync(dir_fd) != 0)
		status = bci_fail_os(err, errno, "cannot write %s",
		                     SCRATCH_FILE);
done:
	bci_file_close(&fd);
	return status;
}

/* Take a marker of 'bytes' bytes apart; false if it is none. */
static bool
scratch_parse(const unsigned char *stored, ssize_t bytes,
              struct scratch_record *record)
{
	size_t shorter = bytes == sizeof(*record) ? 0 : SCRATCH_SHORTER;
	size_t config = sizeof(record->config) - shorter;

	if (bytes != (ssize_t)(sizeof(*record) - shorter))
		return false;
	*record = (struct scratch_record){ 0 };
	memcpy(&record->config, stored, config);
	memcpy(record->boot_id, stored + config,
	       sizeof(*record) - sizeof(record->config));
	return record->checksum ==
	       bci_hash64(stored, config + sizeof(record->boot_id));
}

/* Read the marker; *stale says whether it is of another boot. */
static enum bc_status
scratch_read(int dir_fd, struct scratch_record *record, bool *stale,
             struct bc_error *err)
{
	unsigned char stored[sizeof(*record) + 1];
	uint8_t boot_id[16];
	enum bc_status status;
	int fd = -1;

	*stale = false;
	status = bci_file_open(dir_fd, SCRATCH_FILE, O_RDONLY, &fd, err);
	if (status == BC_ABSENT)
		return BC_OK;
	if (status != BC_OK)
		return status;
	if (!scratch_parse(stored, bci_file_read(fd, stored, sizeof(stored), 0),
	                   record))
		status =
			bci_fail(err, BC_FORMAT, "%s is damaged", SCRATCH_FILE);
	bci_file_close(&fd);
	bci_boot_id(boot_id);
	*stale = status == BC_OK && !BCI_CONTROL(scratch_served) &&
	         memcmp(boot_id, record->boot_id, sizeof(boot_id)) != 0;
	return status;
}

/* Remove the arenas of a class. */
static void
scratch_remove_arenas(int dir_fd, enum bci_arena_class class_)
{
	struct dirent *entry;
	DIR *dir;
	int fd;

	if (bci_dir_below(dir_fd, bci_arena_directory(class_), &fd, NULL) !=
	    BC_OK)
		return;
	dir = bci_dir_list(fd);
	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (bci_arena_number(entry->d_name) != 0)
			(void)unlinkat(fd, entry->d_name, 0);
	}
	closedir(dir);
}

enum bc_status
bci_scratch_check(int dir_fd, int64_t deadline_ns, bool *discarded,
                  struct bc_error *err)
{
	struct scratch_record record = { 0 };
	enum bc_status status;
	bool stale;
	int fd = -1;

	*discarded = false;
	status = scratch_read(dir_fd, &record, &stale, err);
	if (status != BC_OK || !stale)
		return status;
	BCI_TRY(create_lock(dir_fd, record.config.group != 0, deadline_ns, &fd,
	                    err));
	/* Another process may have begun afresh in the meantime. */
	BCI_TRY(scratch_read(dir_fd, &record, &stale, err));
	if (!stale)
		goto done;
	if (!bci_random(&record.config.cache_id, 8)) {
		status = bci_fail(err, BC_IO, "no random number to be had");
		goto done;
	}
	(void)unlinkat(dir_fd, BCI_CATALOGUE_FILE, 0);
	(void)unlinkat(dir_fd, BCI_LEDGER_FILE, 0);
	scratch_remove_arenas(dir_fd, BCI_ARENA_WARM);
	scratch_remove_arenas(dir_fd, BCI_ARENA_COLD);
	BCI_TRY(bci_cache_files(dir_fd, &record.config, err));
	*discarded = true;
done:
	bci_file_close(&fd);
	return status;
}
