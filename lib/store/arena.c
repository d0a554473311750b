/* SPDX-License-Identifier: MIT */
/*
 * arena.c - the writing half of arenas.
 *
 * An arena's single table maps a growing integer to one value each.  Nothing is
 * deleted or overwritten, so LMDB frees no page of a value and a committed
 * segment never moves: readers map the file by themselves and go by offset.
 * Whether a value fits is reckoned here, before LMDB is asked, because it may
 * report a full map as late as at commit.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "control.h"
#include "error.h"
#include "file.h"
#include "mapping.h"
#include "preface.h"

/* Pages kept free for the B-tree of an arena, less in a small one. */
#define SPARE_PAGES 16

/* LMDB's map is larger than the capacity, so that ours is the only limit. */
#define MAP_EXTRA (1ull << 20)

const char *
bci_arena_directory(enum bci_arena_class class_)
{
	return class_ == BCI_ARENA_COLD ? "cold" : "warm";
}

void
bci_arena_name(uint64_t number, char name[BCI_ARENA_NAME])
{
	snprintf(name, BCI_ARENA_NAME, "%08llu.mdb",
	         (unsigned long long)(number % 1000000000000000ull));
}

uint64_t
bci_arena_number(const char *name)
{
	char expected[BCI_ARENA_NAME];
	uint64_t number = strtoull(name, NULL, 10);

	bci_arena_name(number, expected);
	return strcmp(name, expected) == 0 ? number : 0;
}

uint64_t
bci_arena_capacity(uint64_t budget_bytes)
{
	return bci_min(bci_max(budget_bytes / 32, BCI_ARENA_MIN),
	               BCI_ARENA_MAX);
}

/* LMDB gives a value overflow pages of its own if it fills at least one. */
static uint64_t
arena_value_bytes(uint64_t bytes, uint64_t page_bytes)
{
	return bci_max(bytes, page_bytes - BCI_VALUE_SHIFT);
}

uint64_t
bci_arena_pages(uint64_t bytes, uint64_t page_bytes)
{
	return (BCI_VALUE_SHIFT - 1 + arena_value_bytes(bytes, page_bytes)) /
	               page_bytes +
	       1;
}

/* Read what the file says: table, end, next key. */
static enum bc_status
appender_look(struct bci_appender *appender, struct bc_error *err)
{
	struct bci_db_facts facts;
	enum bc_status status;

	bci_db_set_sync(appender->env, BCI_SYNC_NONE);
	BCI_TRY(bci_txn_begin(appender->env, &appender->txn, err));
	BCI_TRY(bci_table_open(appender->txn, NULL, false, true,
	                       &appender->table, err));
	status = bci_table_count(appender->txn, appender->table,
	                         &appender->next_key);
	if (status != BC_OK) {
		bci_fail(err, status, "arena %llu",
		         (unsigned long long)appender->number);
		goto done;
	}
	appender->next_key++;
	/* A new file gets its first commit by this; on others it is none. */
	BCI_TRY(bci_txn_commit(&appender->txn, err));
	BCI_TRY(bci_db_facts(appender->env, &facts, err));
	appender->page_bytes = facts.page_bytes;
	appender->end_pages = facts.end_bytes / facts.page_bytes;
	appender->txnid = facts.txnid;
done:
	bci_txn_abort(appender->txn);
	appender->txn = NULL;
	return status;
}

/* Whether the file is at least as new as its record. */
static enum bc_status
appender_check(struct bci_appender *appender,
               const struct bci_arena_record *arena, struct bc_error *err)
{
	struct bci_db_facts facts;
	enum bc_status status = bci_db_facts(appender->env, &facts, err);
	struct stat st;

	if (status != BC_OK)
		return status;
	if (facts.end_bytes < arena->end_bytes || facts.txnid < arena->txnid ||
	    facts.page_bytes != arena->page_bytes)
		return bci_fail(err, BC_CORRUPT,
		                "arena %llu is older than the catalogue knows",
		                (unsigned long long)appender->number);
	/* Pages that are not there would be a SIGBUS. */
	if (fstat(bci_db_fd(appender->env), &st) != 0 ||
	    (uint64_t)st.st_size < facts.end_bytes)
		return bci_fail(err, BC_CORRUPT, "arena %llu was cut short",
		                (unsigned long long)appender->number);
	if (facts.txnid == appender->txnid)
		return BC_OK;
	return appender_look(appender, err);
}

static enum bc_status
appender_sync_directory(struct bci_appender *appender, struct bc_error *err)
{
	if (fdatasync(bci_db_fd(appender->env)) != 0 ||
	    (!BCI_CONTROL(no_directory_sync) && fsync(appender->dir_fd) != 0))
		return bci_fail_os(err, errno, "cannot sync a new arena");
	return BC_OK;
}

enum bc_status
bci_appender_create(struct bci_appender *appender, int dir_fd, uint64_t number,
                    uint64_t capacity_bytes, bool group, bool durable,
                    struct bc_error *err)
{
	char name[BCI_ARENA_NAME], temporary[BCI_ARENA_NAME + 4];
	enum bc_status status;
	int fd = -1;

	*appender = (struct bci_appender){ .dir_fd = dir_fd, .number = number };
	bci_arena_name(number, name);
	snprintf(temporary, sizeof(temporary), "%s.new", name);
	if (unlinkat(dir_fd, temporary, 0) != 0 && errno != ENOENT)
		return bci_fail_os(err, errno, "cannot remove %s", temporary);
	BCI_TRY(bci_file_create(dir_fd, temporary, group, &fd, err));
	BCI_TRY(bci_db_open(dir_fd, temporary, capacity_bytes + MAP_EXTRA,
	                    BCI_DB_NOLOCK | BCI_DB_NOSYNC, &appender->env,
	                    err));
	BCI_TRY(appender_look(appender, err));
	appender->capacity_pages = capacity_bytes / appender->page_bytes;
	if (renameat(dir_fd, temporary, dir_fd, name) != 0) {
		status =
			bci_fail_os(err, errno, "cannot create arena %s", name);
		goto done;
	}
	if (durable)
		BCI_TRY(appender_sync_directory(appender, err));
done:
	bci_file_close(&fd);
	if (status != BC_OK) {
		bci_appender_close(appender);
		(void)unlinkat(dir_fd, temporary, 0);
	}
	return status;
}

enum bc_status
bci_appender_open(struct bci_appender *appender, int dir_fd, uint64_t number,
                  const struct bci_arena_record *arena, struct bc_error *err)
{
	char name[BCI_ARENA_NAME];
	enum bc_status status;
	int fd = -1;

	*appender = (struct bci_appender){ .dir_fd = dir_fd, .number = number };
	bci_arena_name(number, name);
	/* LMDB would follow a link, and make a file that is not there. */
	BCI_TRY(bci_file_open(dir_fd, name, O_RDWR, &fd, err));
	BCI_TRY(bci_preface_check(fd, name, err));
	BCI_TRY(bci_db_open(dir_fd, name, arena->capacity_bytes + MAP_EXTRA,
	                    BCI_DB_NOLOCK | BCI_DB_NOSYNC, &appender->env,
	                    err));
	BCI_TRY(appender_check(appender, arena, err));
	appender->capacity_pages = arena->capacity_bytes / appender->page_bytes;
done:
	bci_file_close(&fd);
	if (status != BC_OK)
		bci_appender_close(appender);
	return status;
}

enum bc_status
bci_appender_renew(struct bci_appender *appender,
                   const struct bci_arena_record *arena, struct bc_error *err)
{
	BCI_ASSERT(appender->txn == NULL);
	return appender_check(appender, arena, err);
}

void
bci_appender_close(struct bci_appender *appender)
{
	bci_txn_abort(appender->txn);
	bci_db_close(appender->env);
	*appender = (struct bci_appender){ .dir_fd = -1 };
}

bool
bci_appender_fits(const struct bci_appender *appender, uint64_t bytes)
{
	uint64_t pages = bci_arena_pages(bytes, appender->page_bytes);

	uint64_t spare = bci_min(appender->capacity_pages / 8, SPARE_PAGES);

	/* A leaf holds some 150 values; a split makes a page or two. */
	return appender->end_pages + pages + appender->pending / 64 + spare <=
	       appender->capacity_pages;
}

enum bc_status
bci_appender_add(struct bci_appender *appender, uint64_t bytes, void **room,
                 uint64_t *offset, struct bc_error *err)
{
	uint64_t page, value = arena_value_bytes(bytes, appender->page_bytes);
	enum bc_status status;

	BCI_ASSERT(bytes <= BCI_ARENA_MAX);
	if (appender->txn == NULL) {
		status = bci_txn_begin(appender->env, &appender->txn, err);
		if (status != BC_OK)
			return status;
	}
	status = bci_table_append(appender->txn, appender->table,
	                          appender->next_key, value, room, &page, err);
	if (status != BC_OK)
		return status;
	bci_map_large(*room, value);
	if (value > bytes)
		memset((char *)*room + bytes, 0, value - bytes);
	*offset = page * appender->page_bytes + BCI_VALUE_SHIFT;
	appender->end_pages += bci_arena_pages(bytes, appender->page_bytes);
	appender->pending++;
	appender->next_key++;
	return BC_OK;
}

enum bc_status
bci_appender_commit(struct bci_appender *appender, bool durable,
                    struct bci_arena_record *arena, struct bc_error *err)
{
	struct bci_db_facts facts;
	enum bc_status status;

	if (appender->txn != NULL) {
		bci_db_set_sync(appender->env,
		                durable ? BCI_SYNC_DATA : BCI_SYNC_NONE);
		status = bci_txn_commit(&appender->txn, err);
		if (status != BC_OK)
			return status;
	}
	status = bci_db_facts(appender->env, &facts, err);
	if (status != BC_OK)
		return status;
	appender->pending = 0;
	appender->txnid = facts.txnid;
	appender->end_pages = facts.end_bytes / facts.page_bytes;
	arena->end_bytes = facts.end_bytes;
	arena->txnid = facts.txnid;
	if (durable)
		arena->synced_bytes = facts.end_bytes;
	return BC_OK;
}
