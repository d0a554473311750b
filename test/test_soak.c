/* SPDX-License-Identifier: MIT */
/*
 * test_soak.c - a cache in use for as long as one likes: a writer, a compactor
 * and an importer that are killed, and whose calls fail, now and then; eight
 * readers, of which one is stopped now and then; and a process that links.
 *
 * All that crowd.h says must hold holds, and nothing grows: not the memory nor
 * the descriptors of those that stay, nor the disk.  A trial is the life of one
 * of the three.
 */
#include "support.h"

#include <inttypes.h>
#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "chaos/party.h"
#include "fault/lab.h"
#include "fault/shim.h"

#define READERS 8
#define WORKERS 3
#define STEP_MS 40
#define USUAL_SECONDS 5.0
#define CHECK_STEPS 100
/* What eight readers may still take on their way to what they need; they and
 * who links keep up to CROWD_HOT_BYTES decoded. */
#define FILES_DRIFT 32
#define MEMORY_DRIFT                                                           \
	((UINT64_C(2) << 20) + (READERS + 1) * (uint64_t)CROWD_HOT_BYTES)
#define DISK_EXTRA (UINT64_C(40) << 20) /* catalogue, cold tier, ledger */

static struct party party;
static uint64_t worker_word; /* of the worker that is started next */

/* What may not grow.  The catalogue grows while a reader is stopped amid a
 * lookup, and uses that room from then on. */
struct use {
	uint64_t memory, files, disk, catalogue;
};

/* ---- what is used -------------------------------------------------------- */

/* Memory of its own, not of files. */
static uint64_t
memory_of(pid_t pid)
{
	char path[64], line[128];
	uint64_t kilobytes = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "RssAnon: %" SCNu64, &kilobytes) == 1)
			break;
	fclose(file);
	return kilobytes * 1024;
}

static uint64_t
files_of(pid_t pid)
{
	uint64_t count = 0;
	char path[64];
	DIR *list;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	list = opendir(path);
	if (list == NULL)
		return 0;
	while (readdir(list) != NULL)
		count++;
	closedir(list);
	return count;
}

static void
disk_visit(void *context, const char *path)
{
	struct use *use = context;
	struct stat status;
	uint64_t bytes;

	if (stat(path, &status) != 0)
		return;
	bytes = (uint64_t)status.st_blocks * 512;
	use->disk += bytes;
	if (strcmp(strrchr(path, '/'), "/meta.mdb") == 0)
		use->catalogue = bytes;
}

static struct use
use_now(void)
{
	struct use use = { .memory = 0 };

	for (unsigned i = 0; i < READERS; i++) {
		use.memory += memory_of(party.readers[i]);
		use.files += files_of(party.readers[i]);
	}
	use.memory += memory_of(party.linker);
	use.files += files_of(party.linker);
	test_walk(party.dir.cache, disk_visit, &use);
	return use;
}

/* On a busy machine it may take a while until all have opened the cache. */
static bool
all_have_settled(void)
{
	return atomic_load(&party.crowd.shared->settled) == READERS + 1;
}

/* ---- those that do something --------------------------------------------- */

static struct fault_plan worker_plan;

static void
worker_opened(void)
{
	fault_arm(&worker_plan);
}

/* One in three meets a fault, of one kind or other, somewhere. */
static void
worker_plan_make(uint64_t word)
{
	static const struct {
		enum fault_mode mode;
		int error;
		unsigned calls;
	} kinds[] = {
		{ FAULT_KILL, 0, FAULT_IO | FAULT_LOCK },
		{ FAULT_KILL_AFTER, 0, FAULT_IO | FAULT_LOCK },
		{ FAULT_TORN, 0, FAULT_WRITE },
		{ FAULT_SHORT, 0, FAULT_WRITE },
		{ FAULT_FAIL, EIO, FAULT_WRITE | FAULT_SIZE | FAULT_OPEN },
		{ FAULT_FAIL, ENOSPC, FAULT_WRITE | FAULT_SIZE },
		{ FAULT_FAIL, EINTR, FAULT_IO | FAULT_LOCK },
		{ FAULT_FAIL, ENOMEM, FAULT_MAP },
	};
	size_t kind = (word >> 8) % (sizeof(kinds) / sizeof(*kinds));

	memset(&worker_plan, 0, sizeof(worker_plan));
	worker_plan.path = party.dir.path;
	if (word % 3 != 0)
		return;
	worker_plan.mode = kinds[kind].mode;
	worker_plan.error = kinds[kind].error;
	worker_plan.calls = kinds[kind].calls;
	worker_plan.at = 1 + (word >> 16) % 300;
}

static void
worker(void *argument)
{
	static test_child *const roles[WORKERS] = { crowd_write, crowd_compact,
		                                    crowd_import };
	const unsigned *role = argument;

	worker_plan_make(worker_word);
	roles[*role](&party.crowd);
}

static pid_t
worker_start(unsigned role)
{
	worker_word = lab_next();
	lab_trials(1);
	return test_child_start(worker, &role);
}

/* Where it has ended, by its fault, another takes its place. */
static void
worker_look(pid_t *workers, unsigned role)
{
	int status;

	if (waitpid(workers[role], &status, WNOHANG) == 0)
		return;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	workers[role] = worker_start(role);
}

static void
worker_kill(pid_t *workers, unsigned role)
{
	kill(workers[role], SIGKILL);
	assert_int_equal(test_child_wait(workers[role]),
	                 TEST_CHILD_SIGNAL + SIGKILL);
}

/* ---- the soak ------------------------------------------------------------ */

static void
soak_step(pid_t *workers, uint64_t step)
{
	uint64_t word = lab_next();
	unsigned role;

	test_sleep_ms(STEP_MS);
	party_look(&party);
	for (role = 0; role < WORKERS; role++)
		worker_look(workers, role);
	role = (unsigned)(word >> 8) % WORKERS;
	if (word % 8 == 0) {
		worker_kill(workers, role);
		workers[role] = worker_start(role);
	}
	if (word % 32 == 1) {
		pid_t reader = party.readers[(word >> 8) % READERS];

		kill(reader, SIGSTOP);
		test_sleep_ms(STEP_MS);
		kill(reader, SIGCONT);
	}
	if (step % CHECK_STEPS != 0)
		return;
	for (role = 0; role < WORKERS; role++)
		worker_kill(workers, role);
	party_check(&party);
	for (role = 0; role < WORKERS; role++)
		workers[role] = worker_start(role);
}

static void
nothing_is_lost_nothing_is_wrong_nothing_grows(void **state)
{
	double seconds = lab_seconds(USUAL_SECONDS), began = lab_now();
	struct use early = { .memory = 0 }, late;
	pid_t workers[WORKERS];
	uint64_t budget;

	(void)state;
	/* Let what is freed be given back, whatever its size was. */
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	party_begin(&party, BC_RELAXED, PARTY_USUAL, READERS);
	party.crowd.faulty = true;
	party.crowd.opened = worker_opened;
	for (unsigned role = 0; role < WORKERS; role++)
		workers[role] = worker_start(role);
	for (uint64_t step = 1; early.files == 0 || lab_now() < began + seconds;
	     step++) {
		soak_step(workers, step);
		if (early.files == 0 && lab_now() > began + seconds / 4 &&
		    all_have_settled())
			early = use_now();
	}
	for (unsigned role = 0; role < WORKERS; role++)
		worker_kill(workers, role);
	late = use_now();
	lab_note("reads %" PRIu64
	         "; from a quarter to the end: own memory %" PRIu64
	         " to %" PRIu64 " KiB, descriptors %" PRIu64 " to %" PRIu64
	         ", disk %" PRIu64 " to %" PRIu64
	         " KiB, of which catalogue %" PRIu64 " to %" PRIu64 " KiB",
	         atomic_load(&party.crowd.shared->reads), early.memory >> 10,
	         late.memory >> 10, early.files, late.files, early.disk >> 10,
	         late.disk >> 10, early.catalogue >> 10, late.catalogue >> 10);
	budget = party.crowd.warm_bytes +
	         2 * bci_arena_capacity(party.crowd.warm_bytes);
	assert_true(late.files <= early.files + FILES_DRIFT);
	if (!TEST_SANITIZED) /* It keeps what was freed. */
		assert_true(late.memory <= early.memory + MEMORY_DRIFT);
	assert_true(late.disk <= budget + DISK_EXTRA);
	party_leave(&party);
	test_dir_remove(&party.dir);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			nothing_is_lost_nothing_is_wrong_nothing_grows),
	};

	return LAB_MAIN(argc, argv, "soak", tests);
}
