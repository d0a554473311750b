/* SPDX-License-Identifier: MIT */
/*
 * stage.c - see stage.h.  What an input may make a cache ask of the disk is
 * limited: an input says that there are 2^27 segments, and the disk is memory.
 */
#include "stage.h"

#include "reach.h"

#include <signal.h>
#include <sys/resource.h>

#define REPAIR (1u << (GALLERY_CHANGES - 1))

static struct test_dir dir;
static struct shelf shelf;

static void
stage_end(void)
{
	shelf_free(&shelf);
	test_dir_remove(&dir);
}

struct shelf *
stage_begin(void)
{
	const struct rlimit limit = { 256u << 20, 256u << 20 };

	if (shelf.count != 0)
		return &shelf;
	signal(SIGXFSZ, SIG_IGN);
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	test_dir_make_fast(&dir);
	gallery_make(dir.cache);
	shelf_load(&shelf, dir.cache);
	atexit(stage_end);
	return &shelf;
}

/* What must be so of what was found. */
static void
stage_check(struct bc_cache *cache, bool true_, bool intact)
{
	struct gallery_found found = gallery_read(cache);

	CHECK(!true_ || found.wrong == 0);
	CHECK(!intact || found.miss + found.part + found.short_ == 0);
	reach(found.miss + found.part + found.short_ == 0 ? "all there"
	                                                  : "not all there");
}

void
stage_use(unsigned which, bool true_, bool intact)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_verify_report report;
	struct bc_error err = { 0 };
	enum bc_status status;

	options.lock_timeout_ms = 50;
	status = bc_open(dir.cache, &options, &cache, &err);
	CHECK(status == BC_OK || !intact);
	reach("inputs");
	if (status != BC_OK) {
		CHECK(cache == NULL && err.status == status &&
		      err.message[0] != '\0');
		return;
	}
	reach("opened");
	stage_check(cache, true_, intact);
	gallery_look(cache, dir.cache);
	gallery_change(cache, which & ~REPAIR);
	stage_check(cache, true_, intact && which == 0);
	status = bc_verify(cache, NULL, NULL, NULL, &report, &err);
	CHECK(status == BC_OK || !intact);
	if (which & REPAIR && bc_repair(cache, NULL, NULL, &err) == BC_OK)
		CHECK(bc_verify(cache, NULL, NULL, NULL, &report, &err) ==
		      BC_OK);
	bc_close(cache);
}
