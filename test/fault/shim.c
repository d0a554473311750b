/* SPDX-License-Identifier: MIT */
/*
 * shim.c - the plan of a fault: how it is given, and which call it meets.
 *
 * Nothing here allocates, takes a lock or calls a wrapped function by its
 * name, so that the wrappers work inside an allocator, before main() and
 * under a sanitizer.  A fork inherits the plan and the count.
 */
#include "gate.h"
#include "place.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <lmdb.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static struct fault_plan plan;
static _Atomic bool armed;
static _Atomic uint64_t count;
static _Atomic bool fired;
static const char *_Atomic boot_id;
static int log_fd = -1;
static const char *count_file;

static const struct {
	const char *name;
	unsigned calls;
} call_names[] = {
	{ "write", FAULT_WRITE }, { "sync", FAULT_SYNC },
	{ "size", FAULT_SIZE },   { "open", FAULT_OPEN },
	{ "name", FAULT_NAME },   { "map", FAULT_MAP },
	{ "lock", FAULT_LOCK },   { "lmdb", FAULT_LMDB },
	{ "io", FAULT_IO },
};

static const struct {
	const char *name;
	enum fault_mode mode;
	int error;
} mode_names[] = {
	{ "count", FAULT_NONE, 0 },
	{ "kill", FAULT_KILL, 0 },
	{ "killafter", FAULT_KILL_AFTER, 0 },
	{ "torn", FAULT_TORN, 0 },
	{ "stop", FAULT_STOP, 0 },
	{ "short", FAULT_SHORT, 0 },
	{ "eio", FAULT_FAIL, EIO },
	{ "enospc", FAULT_FAIL, ENOSPC },
	{ "eintr", FAULT_FAIL, EINTR },
	{ "enomem", FAULT_FAIL, ENOMEM },
	{ "emfile", FAULT_FAIL, EMFILE },
	{ "mapfull", FAULT_FAIL, MDB_MAP_FULL },
	{ "readersfull", FAULT_FAIL, MDB_READERS_FULL },
};

void
fault_arm(const struct fault_plan *wanted)
{
	atomic_store(&armed, false);
	plan = *wanted;
	atomic_store(&count, 0);
	atomic_store(&fired, false);
	atomic_store(&armed, true);
}

void
fault_disarm(void)
{
	atomic_store(&armed, false);
}

uint64_t
fault_count(void)
{
	return atomic_load(&count);
}

bool
fault_fired(void)
{
	return atomic_load(&fired);
}

void
fault_boot_id(const char *file)
{
	atomic_store(&boot_id, file);
}

const char *
gate_redirect(const char *path)
{
	const char *file = atomic_load(&boot_id);

	return file != NULL && strcmp(path, BOOT_ID) == 0 ? file : path;
}

/* There in builds that measure coverage: keeps what was counted. */
extern void barcache_coverage_keep(void) __attribute__((weak));

void
gate_die(void)
{
	if (barcache_coverage_keep != NULL)
		barcache_coverage_keep();
	for (;;)
		kill(getpid(), SIGKILL);
}

void *
gate_real(void **slot, const char *name)
{
	void *found = __atomic_load_n(slot, __ATOMIC_RELAXED);

	if (found == NULL) {
		found = dlsym(RTLD_NEXT, name);
		if (found == NULL)
			abort();
		__atomic_store_n(slot, found, __ATOMIC_RELAXED);
	}
	return found;
}

/* A mistyped plan must not look like a test that passed. */
static _Noreturn void
plan_refuse(const char *name, const char *value)
{
	fprintf(stderr, "fault: %s is not a value of %s\n", value, name);
	_exit(125);
}

static unsigned
plan_calls(const char *list)
{
	unsigned calls = 0;
	size_t i, bytes;

	for (; *list != '\0'; list += bytes + (list[bytes] == ',')) {
		bytes = strcspn(list, ",");
		for (i = 0; i < sizeof(call_names) / sizeof(*call_names); i++)
			if (strlen(call_names[i].name) == bytes &&
			    memcmp(call_names[i].name, list, bytes) == 0)
				break;
		if (i == sizeof(call_names) / sizeof(*call_names))
			plan_refuse("BARCACHE_FAULT_CALLS", list);
		calls |= call_names[i].calls;
	}
	return calls;
}

static void
plan_mode(const char *name, struct fault_plan *wanted)
{
	size_t i;

	for (i = 0; i < sizeof(mode_names) / sizeof(*mode_names); i++) {
		if (strcmp(mode_names[i].name, name) != 0)
			continue;
		wanted->mode = mode_names[i].mode;
		wanted->error = mode_names[i].error;
		return;
	}
	plan_refuse("BARCACHE_FAULT_MODE", name);
}

/* Descriptors of the shim stay out of the way of the program's own. */
static int
plan_file(const char *path, int flags)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600);
	int high;

	if (fd < 0)
		plan_refuse("a file name", path);
	high = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 200);
	if (high < 0)
		return (int)fd;
	close((int)fd);
	return high;
}

__attribute__((constructor)) static void
plan_from_environment(void)
{
	struct fault_plan wanted = { .calls = FAULT_IO };
	const char *text;

	fault_boot_id(getenv("BARCACHE_FAULT_BOOT_ID"));
	count_file = getenv("BARCACHE_FAULT_COUNT");
	text = getenv("BARCACHE_FAULT_LOG");
	if (text != NULL)
		log_fd = plan_file(text, O_WRONLY | O_CREAT | O_APPEND);
	text = getenv("BARCACHE_FAULT_MODE");
	if (text == NULL && count_file == NULL && log_fd < 0)
		return;
	if (text != NULL)
		plan_mode(text, &wanted);
	text = getenv("BARCACHE_FAULT_CALLS");
	if (text != NULL)
		wanted.calls = plan_calls(text);
	text = getenv("BARCACHE_FAULT_AT");
	if (text != NULL)
		wanted.at = strtoull(text, NULL, 10);
	text = getenv("BARCACHE_FAULT_REPEAT");
	wanted.repeat = text != NULL && strcmp(text, "1") == 0;
	wanted.path = getenv("BARCACHE_FAULT_PATH");
	fault_arm(&wanted);
}

/* A loop over AT = 1, 2, ... learns its end from the number written here. */
__attribute__((destructor)) static void
plan_report(void)
{
	char text[32];
	int fd, bytes;

	if (count_file == NULL)
		return;
	fault_disarm();
	fd = plan_file(count_file, O_WRONLY | O_CREAT | O_TRUNC);
	bytes = snprintf(text, sizeof(text), "%llu\n",
	                 (unsigned long long)fault_count());
	if (syscall(SYS_write, fd, text, (size_t)bytes) != bytes)
		abort();
	close(fd);
}

/* The path that a call works on, as far as it is known; cut if too long. */
static void
gate_path(int fd, const char *path, char *text, size_t bytes)
{
	char link[64];
	ssize_t got = 0;

	text[0] = '\0';
	if (fd >= 0 && (path == NULL || path[0] != '/')) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		got = readlink(link, text, bytes - 1);
		if (got < 0)
			got = 0;
		text[got] = '\0';
	}
	if (path != NULL)
		snprintf(text + got, bytes - (size_t)got, "%s%s",
		         got > 0 ? "/" : "", path);
}

static void
gate_log(uint64_t number, const char *name, const char *path)
{
	char line[PATH_MAX + 128];
	int bytes;

	bytes = snprintf(line, sizeof(line), "%llu %s %s\n",
	                 (unsigned long long)number, name, path);
	if (bytes > 0)
		(void)!syscall(SYS_write, log_fd, line, (size_t)bytes);
}

/* The verdict on a call that matched the plan as number 'number'. */
static struct gate
gate_verdict(enum fault_calls call, uint64_t number)
{
	struct gate gate = { .mode = FAULT_NONE };

	if (plan.mode == FAULT_NONE || plan.at == 0 || number < plan.at ||
	    (number > plan.at && !plan.repeat))
		return gate;
	if (plan.mode == FAULT_SHORT && call != FAULT_WRITE)
		return gate;
	atomic_store(&fired, true);
	if (plan.mode == FAULT_STOP) {
		raise(SIGSTOP);
		return gate;
	}
	gate.mode = plan.mode;
	gate.error = plan.error;
	if (gate.mode == FAULT_KILL ||
	    (gate.mode == FAULT_TORN && call != FAULT_WRITE))
		gate_die();
	return gate;
}

/* Whether a call comes from a place that the plan lets it happen to. */
static bool
gate_is_new(uint64_t *place)
{
	if (plan.places == NULL)
		return true;
	*place = place_here(plan.frames);
	return !place_is_known(plan.places, *place);
}

struct gate
gate_enter(enum fault_calls call, const char *name, int fd, const char *path)
{
	struct gate gate = { .mode = FAULT_NONE };
	char text[PATH_MAX];
	int saved = errno;
	uint64_t number, place = 0;

	if (!atomic_load(&armed) || (plan.calls & (unsigned)call) == 0)
		return gate;
	text[0] = '\0';
	if (plan.path != NULL || log_fd >= 0)
		gate_path(fd, path, text, sizeof(text));
	if ((plan.path == NULL || strstr(text, plan.path) != NULL) &&
	    gate_is_new(&place)) {
		number = atomic_fetch_add(&count, 1) + 1;
		if (log_fd >= 0)
			gate_log(number, name, text);
		gate = gate_verdict(call, number);
		if (place != 0 && gate.mode != FAULT_NONE)
			place_add(plan.places, place);
	}
	errno = saved;
	return gate;
}

void
gate_leave(struct gate gate)
{
	if (gate.mode == FAULT_KILL_AFTER)
		gate_die();
}
