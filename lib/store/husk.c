/* SPDX-License-Identifier: MIT */
/*
 * husk.c - filling the file of an arena that is gone once more.
 *
 * Where compaction moves much, it removes two files for each that it makes.
 * Blocks that are given back, have the disk discard them, and are taken anew
 * cost more than writing to them; and pages that are freed and made again, more
 * than copying to them.  So an arena that was given up is kept for a moment,
 * and filled again if nobody can see what was in it: if no process has its file
 * open or mapped, which the kernel knows, whatever a process did to its views.
 *
 * LMDB takes a file for what its first pages say it is.  They come from an
 * arena that was just made; what is behind them is overwritten as the arena
 * grows, and what it does not reach is cut off when it is complete.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "error.h"
#include "file.h"
#include "lock.h"
#include "husk.h"

/* "00000017.mdb.new" */
#define HUSK_NAME (BCI_ARENA_NAME + 4)

static void
husk_name(uint64_t number, char name[HUSK_NAME])
{
	char arena[BCI_ARENA_NAME];

	bci_arena_name(number, arena);
	snprintf(name, HUSK_NAME, "%s.new", arena);
}

static void
husks_forget(struct bci_husks *husks, size_t at)
{
	husks->count--;
	memmove(&husks->each[at], &husks->each[at + 1],
	        (husks->count - at) * sizeof(husks->each[0]));
}

static void
husk_unlink(const struct bci_husk *husk)
{
	char name[HUSK_NAME];

	husk_name(husk->number, name);
	(void)unlinkat(husk->dir_fd, name, 0);
}

/* Open the file of a husk if nobody else has it open or mapped. */
static int
husk_open(const struct bci_husk *husk)
{
	char name[HUSK_NAME];
	int fd = -1;

	husk_name(husk->number, name);
	if (bci_file_open(husk->dir_fd, name, O_RDWR, &fd, NULL) == BC_OK &&
	    !BCI_CONTROL(husk_in_use) && !bci_lock_is_alone(fd))
		bci_file_close(&fd);
	return fd;
}

bool
bci_husks_keep(struct bci_husks *husks, int dir_fd, uint64_t number)
{
	char from[BCI_ARENA_NAME], to[HUSK_NAME];

	bci_arena_name(number, from);
	husk_name(number, to);
	if (renameat(dir_fd, from, dir_fd, to) != 0)
		return false;
	/* All of them are in use, or there would have been room. */
	if (husks->count == BCI_HUSKS) {
		husk_unlink(&husks->each[0]);
		husks_forget(husks, 0);
	}
	husks->each[husks->count++] = (struct bci_husk){ dir_fd, number };
	return true;
}

/* Begin the file at 'to' as that of arena 'name' begins, and put it in its
 * place; nothing if it was swept away meanwhile. */
static enum bc_status
husk_begin(const struct bci_husk *husk, const char *name, int to,
           struct bc_error *err)
{
	unsigned char page[BCI_PAGE];
	char husk_is[HUSK_NAME];
	enum bc_status status;
	uint64_t at = 0;
	ssize_t got;
	int from = -1;

	husk_name(husk->number, husk_is);
	BCI_TRY(bci_file_open(husk->dir_fd, name, O_RDONLY, &from, err));
	while ((got = bci_file_read(from, page, sizeof(page), at)) > 0) {
		BCI_TRY(bci_file_write(to, page, (size_t)got, at, err));
		at += (size_t)got;
	}
	if (got < 0 ||
	    (renameat(husk->dir_fd, husk_is, husk->dir_fd, name) != 0 &&
	     errno != ENOENT))
		status = bci_fail_os(err, errno, "cannot begin arena %s", name);
done:
	bci_file_close(&from);
	return status;
}

static enum bc_status
husk_use(const struct bci_husk *husk, int fd, struct bci_appender *appender,
         uint64_t capacity_bytes, struct bc_error *err)
{
	const struct bci_arena_record arena = {
		.capacity_bytes = capacity_bytes,
		.page_bytes = (uint32_t)appender->page_bytes,
	};
	const uint64_t number = appender->number;
	char name[BCI_ARENA_NAME];
	enum bc_status status;

	bci_arena_name(number, name);
	bci_appender_close(appender);
	status = husk_begin(husk, name, fd, err);
	return status == BC_OK ? bci_appender_open(appender, husk->dir_fd,
	                                           number, &arena, err)
	                       : status;
}

enum bc_status
bci_husks_use(struct bci_husks *husks, struct bci_appender *appender,
              uint64_t capacity_bytes, struct bc_error *err)
{
	struct bci_husk husk;
	enum bc_status status;
	int fd = -1;

	for (size_t i = husks->count; fd < 0 && i-- > 0;) {
		husk = husks->each[i];
		if (husk.dir_fd != appender->dir_fd)
			continue;
		fd = husk_open(&husk);
		if (fd >= 0)
			husks_forget(husks, i);
	}
	if (fd < 0)
		return BC_OK;
	status = husk_use(&husk, fd, appender, capacity_bytes, err);
	/* Under this name nobody needs it, whatever happened. */
	husk_unlink(&husk);
	bci_file_close(&fd);
	return status;
}

void
bci_husks_trim(struct bci_husks *husks, size_t keep)
{
	for (size_t i = husks->count; i-- > 0;) {
		int fd = -1;

		if (husks->count > keep)
			fd = husk_open(&husks->each[i]);
		if (fd < 0)
			continue;
		husk_unlink(&husks->each[i]);
		husks_forget(husks, i);
		bci_file_close(&fd);
	}
}

void
bci_husks_drop(struct bci_husks *husks)
{
	for (size_t i = 0; i < husks->count; i++)
		husk_unlink(&husks->each[i]);
	husks->count = 0;
}
