/* SPDX-License-Identifier: MIT */
/*
 * victim.c - making a cache of known values, reading it, damaging its files.
 */
#include "victim.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVENTS 64

void
victim_begin(struct victim *victim)
{
	test_dir_make_fast(&victim->dir);
	victim->events = test_shared(EVENTS * sizeof(*victim->events));
}

void
victim_end(struct victim *victim)
{
	test_dir_remove(&victim->dir);
}

static void
count_events(void *context, enum bc_event event, const char *text)
{
	const struct victim *victim = context;

	(void)text;
	atomic_fetch_add(&victim->events[event], 1);
}

struct bc_cache *
victim_open(const struct victim *victim, enum bc_durability durability)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;

	options.flags = BC_OPEN_CREATE;
	options.durability = durability;
	options.log = count_events;
	options.log_context = (void *)(uintptr_t)victim;
	assert_status(bc_open(victim->dir.cache, &options, &cache, &err), BC_OK,
	              &err);
	return cache;
}

void
victim_key(unsigned index, char key[24])
{
	snprintf(key, 24, "k/%u", index);
}

uint64_t
victim_rows(unsigned index)
{
	/* Inline, a page, several pages, several blocks. */
	static const uint64_t rows[] = { 8, 60, 700, 5000 };

	return rows[index % 4];
}

void
victim_fill(const struct victim *victim, enum bc_durability durability)
{
	struct bc_cache *cache = victim_open(victim, durability);
	struct bc_error err;
	char key[24];
	unsigned i;

	for (i = 0; i < VICTIM_KEYS; i++) {
		victim_key(i, key);
		assert_status(test_put_rows(cache, key, i + 1, VICTIM_SEED,
		                            victim_rows(i), &err), BC_OK, &err);
	}
	bc_close(cache);
}

struct victim_found
victim_read(struct bc_cache *cache)
{
	struct victim_found found = { 0 };
	enum bc_status status;
	struct bc_view view;
	char key[24];
	unsigned i;

	for (i = 0; i < VICTIM_KEYS; i++) {
		victim_key(i, key);
		status = bc_get(cache, key, &view);
		if (status == BC_OK) {
			require(test_view_version(&view, key, VICTIM_SEED) ==
			        i + 1);
			found.right++;
			bc_view_release(&view);
			continue;
		}
		assert_status(status, BC_MISS, NULL);
		found.corrupt += view.miss == BC_MISS_CORRUPT;
		found.absent += view.miss == BC_MISS_ABSENT;
	}
	return found;
}

static void
arena_visit(void *context, const char *path)
{
	if (strstr(path, "/warm/") != NULL)
		memcpy(context, path, strlen(path) + 1);
}

void
victim_arena(const struct victim *victim, char path[TEST_PATH])
{
	path[0] = '\0';
	test_walk(victim->dir.cache, arena_visit, path);
	require(path[0] != '\0');
}

off_t
victim_bytes(const char *path)
{
	struct stat status;

	require(stat(path, &status) == 0);
	return status.st_size;
}

void
victim_overwrite(const char *path, off_t offset, const void *data, size_t bytes)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	require(fd >= 0);
	require(pwrite(fd, data, bytes, offset) == (ssize_t)bytes);
	close(fd);
}

void
victim_scramble(const char *path, off_t offset, off_t bytes, uint64_t seed)
{
	uint64_t noise[512];
	size_t step, i;

	for (; bytes > 0; bytes -= (off_t)step, offset += (off_t)step) {
		for (i = 0; i < 512; i++)
			noise[i] = test_mix(seed, (uint64_t)offset + i);
		step = bytes < 4096 ? (size_t)bytes : 4096;
		victim_overwrite(path, offset, noise, step);
	}
}

void
victim_flip(const char *path, off_t offset, unsigned bit)
{
	unsigned char byte;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	require(fd >= 0);
	require(pread(fd, &byte, 1, offset) == 1);
	byte ^= (unsigned char)(1u << bit);
	require(pwrite(fd, &byte, 1, offset) == 1);
	close(fd);
}

void
victim_copy(const char *from, const char *to)
{
	char command[2 * TEST_PATH + 16];

	snprintf(command, sizeof(command), "cp -a %s %s", from, to);
	require(system(command) == 0);
}
