/* SPDX-License-Identifier: MIT */
/*
 * apart.c - an arena that is filled without the writer lock.
 *
 * Filling an arena takes longer than all else that a writer does, and syncing
 * it longer still.  This one has a number that no other will get, and is in no
 * record: so nobody looks at it, and a crash leaves a file that nothing names,
 * which is swept away.  That a sweep does not come too early is what a lock is
 * for: one of an open file of its own, so that it counts among the threads of
 * one process, too, and ends with the process.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "apart.h"
#include "control.h"
#include "error.h"
#include "file.h"
#include "lock.h"

/* Where in arenas.lock the locks of these arenas begin. */
#define LOCK_AT (1ull << 40)

/* So many bytes are on their way to the disk at the most: enough to keep it
 * busy, and what is synced beside, which others wait for, takes no longer than
 * these. */
#define APART_AHEAD (48ull << 20)

static int
apart_class_fd(const struct bci_apart *apart)
{
	return apart->env->maps.class_fd[apart->arena.class_];
}

enum bc_status
bci_apart_make(struct bci_apart *apart, struct bci_env *env, uint64_t number,
               enum bci_queue queue, uint64_t capacity_bytes, bool syncs,
               struct bc_error *err)
{
	char name[BCI_ARENA_NAME];
	enum bc_status status;
	int error;

	*apart = (struct bci_apart){
		.env = env,
		.arena = {
			.version = BCI_RECORD_VERSION,
			.class_ = (uint8_t)bci_queue_class(queue),
			.queue = (uint8_t)queue,
			.sealed = 1,
			.capacity_bytes = capacity_bytes,
		},
		.number = number,
		.fd = -1,
		.lock_fd = -1,
		.syncs = syncs,
	};
	BCI_TRY(bci_file_open(env->dir_fd, "arenas.lock", O_RDWR,
	                      &apart->lock_fd, err));
	error = bci_lock_try(apart->lock_fd, LOCK_AT + number,
	                     BCI_LOCK_EXCLUSIVE);
	if (error != 0) {
		status = bci_fail_os(err, error, "cannot lock arenas.lock");
		goto done;
	}
	BCI_TRY(bci_appender_create(&apart->appender, apart_class_fd(apart),
	                            number, capacity_bytes, env->group, false,
	                            err));
	apart->arena.page_bytes = (uint32_t)apart->appender.page_bytes;
	bci_arena_name(number, name);
	BCI_TRY(bci_file_open(apart_class_fd(apart), name, O_RDWR, &apart->fd,
	                      err));
done:
	if (status != BC_OK)
		bci_apart_close(apart, false);
	return status;
}

bool
bci_apart_fits(const struct bci_apart *apart, uint64_t bytes)
{
	return bci_appender_fits(&apart->appender, bytes);
}

static enum bc_status
apart_write(int fd, uint64_t from, uint64_t to, unsigned how,
            struct bc_error *err)
{
	if (from < to &&
	    sync_file_range(fd, (off_t)from, (off_t)(to - from), how) != 0)
		return bci_fail_os(err, errno, "cannot write an arena");
	return BC_OK;
}

/* Commit what was added, and have it written. */
static enum bc_status
apart_flush(struct bci_apart *apart, struct bc_error *err)
{
	enum bc_status status = bci_appender_commit(&apart->appender, false,
	                                            &apart->arena, err);
	uint64_t from = apart->started_bytes, to = apart->arena.end_bytes;
	uint64_t waited = apart->waited_bytes;

	apart->pending_bytes = 0;
	if (status != BC_OK || !apart->syncs)
		return status;
	apart->started_bytes = to;
	status = apart_write(apart->fd, from, to, SYNC_FILE_RANGE_WRITE, err);
	if (status != BC_OK || to - waited <= APART_AHEAD)
		return status;
	apart->waited_bytes = to - APART_AHEAD;
	return apart_write(apart->fd, waited, apart->waited_bytes,
	                   SYNC_FILE_RANGE_WAIT_BEFORE, err);
}

enum bc_status
bci_apart_room(struct bci_apart *apart, uint64_t bytes, void **room,
               uint32_t *arena, uint64_t *offset, struct bc_error *err)
{
	enum bc_status status = BC_OK;

	if (apart->pending_bytes >= BCI_ARENA_PENDING)
		status = apart_flush(apart, err);
	if (status == BC_OK)
		status = bci_appender_add(&apart->appender, bytes, room, offset,
		                          err);
	if (status != BC_OK)
		return status;
	apart->pending_bytes += bytes;
	*arena = (uint32_t)apart->number;
	return BC_OK;
}

enum bc_status
bci_apart_finish(struct bci_apart *apart, struct bc_error *err)
{
	enum bc_status status = apart_flush(apart, err);

	bci_appender_close(&apart->appender);
	return status;
}

enum bc_status
bci_apart_sync(struct bci_apart *apart, struct bc_error *err)
{
	if (!apart->syncs || BCI_CONTROL(moves_not_synced))
		return BC_OK;
	if (fdatasync(apart->fd) != 0 || fsync(apart_class_fd(apart)) != 0)
		return bci_fail_os(err, errno, "cannot sync an arena");
	apart->arena.synced_bytes = apart->arena.end_bytes;
	return BC_OK;
}

void
bci_apart_close(struct bci_apart *apart, bool keep)
{
	char name[BCI_ARENA_NAME];

	if (apart->env == NULL)
		return;
	bci_appender_close(&apart->appender);
	bci_file_close(&apart->fd);
	bci_arena_name(apart->number, name);
	if (!keep)
		(void)unlinkat(apart_class_fd(apart), name, 0);
	bci_file_close(&apart->lock_fd);
	*apart = (struct bci_apart){ .env = NULL };
}

bool
bci_apart_is_made(struct bci_env *env, uint64_t number)
{
	return bci_lock_is_held(env->maps.lock_fd, LOCK_AT + number);
}
