/* SPDX-License-Identifier: MIT */
/*
 * test_power.c - the power is cut while a file system writes to its disk.
 *
 * The disk is a loop device on a file that remembers the order of writes and
 * flushes (crash/blocklog.c).  What was written before the last flush is there,
 * of the rest each page is or is not.  Each state is mounted, so that the file
 * system recovers, and then checked as in test_crash.  Needs root, FUSE, loop
 * devices and mkfs; where one of them lacks, it says so and is skipped.
 */
#include "crash/cut.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crash/disk.h"
#include "fault/lab.h"

#ifndef BARCACHE_BLOCKLOG
#define BARCACHE_BLOCKLOG "" /* It was built without FUSE. */
#endif

#define STEPS 40
#define STATES 25 /* of a history */
#define LOOPS 64
#define WAIT_MS 5000

/* A file system, how it is made and mounted; set by each test. */
struct power_disk {
	const char *type;
	const char *make; /* a command, before the name of the image */
	const char *options;
	unsigned megabytes;
};
static const struct power_disk *power_disk;

static void
power_skip(const char *reason)
{
	fprintf(stderr, "power: %s\n", reason);
	_exit(TEST_CHILD_SKIPPED);
}

/* ---- mounting ------------------------------------------------------------ */

/*
 * A loop device on 'path', which goes with its last user.  Its descriptor, or
 * -1; others may take a free one first.
 */
static int
loop_attach(const char *path, char name[32])
{
	struct loop_config config = { .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), number;
	int fd = -1, file = open(path, O_RDWR | O_CLOEXEC);

	config.fd = (uint32_t)file;
	for (int i = 0; control >= 0 && file >= 0 && i < LOOPS; i++) {
		number = ioctl(control, LOOP_CTL_GET_FREE);
		snprintf(name, 32, "/dev/loop%d", number);
		fd = number < 0 ? -1 : open(name, O_RDWR | O_CLOEXEC);
		if (fd >= 0 && ioctl(fd, LOOP_CONFIGURE, &config) == 0)
			break;
		if (fd >= 0)
			close(fd);
		fd = -1;
		if (number < 0 || errno != EBUSY)
			break;
	}
	close(control);
	close(file);
	return fd;
}

/* Whether a loop device hands flushes on. */
static bool
loop_flushes(const char *name)
{
	char path[96], text[32] = "";
	FILE *from;

	snprintf(path, sizeof(path), "/sys/block/%s/queue/write_cache",
	         name + strlen("/dev/"));
	from = fopen(path, "re");
	if (from == NULL)
		return false;
	(void)!fgets(text, sizeof(text), from);
	fclose(from);
	return strncmp(text, "write back", 10) == 0;
}

/* Mount the file 'path' at 'at'. */
static bool
power_mount(const char *path, const char *at)
{
	char name[32];
	int fd = loop_attach(path, name);
	bool mounted =
		fd >= 0 && loop_flushes(name) &&
		mount(name, at, power_disk->type, 0, power_disk->options) == 0;

	if (!mounted)
		fprintf(stderr, "power: %s cannot be mounted: %s\n", path,
		        strerror(errno));
	if (fd >= 0)
		close(fd);
	return mounted;
}

/* ---- recording ----------------------------------------------------------- */

static void
power_make(const char *image)
{
	char command[2 * TEST_PATH];
	int fd = open(image, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	require(fd >= 0);
	require(ftruncate(fd, (off_t)power_disk->megabytes << 20) == 0);
	close(fd);
	snprintf(command, sizeof(command), "%s %s >/dev/null 2>&1",
	         power_disk->make, image);
	if (system(command) != 0)
		power_skip("mkfs does not work");
}

/* The disk that remembers, in a process that dies with this one. */
static void
power_disk_start(const char *image, int trace_fd, const char *at)
{
	char trace[64], disk[TEST_PATH];
	pid_t parent = getpid(), child;
	struct stat status;

	snprintf(trace, sizeof(trace), "/proc/%d/fd/%d", (int)parent, trace_fd);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(BARCACHE_BLOCKLOG, "crash_blocklog", image, trace, at,
		      (char *)NULL);
		_exit(1);
	}
	test_path(disk, at, "disk");
	for (unsigned i = 0; i < WAIT_MS; i += 5) {
		if (stat(disk, &status) == 0 && status.st_size != 0)
			return;
		test_sleep_ms(5);
	}
	power_skip("FUSE does not work");
}

static void
note_mark(void *context, enum history_mark mark, uint64_t number)
{
	const uint64_t words[2] = { mark, number };

	require(pwrite(*(int *)context, words, sizeof(words), 0) ==
	        sizeof(words));
}

static void
power_record(const struct history *history, const struct test_dir *dir,
             int trace_fd)
{
	char image[TEST_PATH], fuse[TEST_PATH], below[TEST_PATH];
	char at[TEST_PATH];
	bool done;
	int mark;

	if (access(BARCACHE_BLOCKLOG, X_OK) != 0)
		power_skip("there is no FUSE 3 to build with");
	if (geteuid() != 0)
		power_skip("only root may mount");
	test_own_mounts();
	test_path(image, dir->path, "image");
	test_path(fuse, dir->path, "fuse");
	test_path(at, dir->path, "fs");
	require(mkdir(fuse, 0700) == 0 && mkdir(at, 0700) == 0);
	power_make(image);
	power_disk_start(image, trace_fd, fuse);
	if (!power_mount(test_path(below, fuse, "disk"), at))
		power_skip("loop devices or the file system do not work");
	mark = open(test_path(below, fuse, "mark"), O_WRONLY | O_CLOEXEC);
	require(mark >= 0);
	done = history_run(history, dir->cache, note_mark, &mark);
	close(mark);
	/* The cache is open: all goes in its order when this child ends. */
	umount2(at, MNT_DETACH);
	require(done);
}

/* ---- states -------------------------------------------------------------- */

/* The record behind the first sync that follows what it begins with. */
static size_t
power_first(const struct disk_trace *trace)
{
	size_t first = 1;

	for (size_t i = 0; i < trace->count; i++) {
		if (trace->records[i]->kind == TRACE_MARK)
			break;
		if (trace->records[i]->kind == TRACE_SYNC && first == 1 &&
		    trace->records[i]->inode == 2)
			first = i + 1;
	}
	return first;
}

static bool
power_arrive(const struct test_dir *dir)
{
	char disk[TEST_PATH], at[TEST_PATH];

	test_path(disk, dir->path, "disk");
	return power_mount(disk, test_path(at, dir->path, "fs"));
}

static void
power_leave(const struct test_dir *dir)
{
	char path[TEST_PATH];

	test_path(path, dir->path, "fs");
	if (umount2(path, 0) != 0 && errno == EBUSY)
		umount2(path, MNT_DETACH);
	unlink(test_path(path, dir->path, "disk"));
}

static const struct cut_medium power_blocks = {
	power_record, test_own_mounts, power_first, power_arrive,
	power_leave,  history_check,   true,        "fs/cache",
};

/* ---- the tests ----------------------------------------------------------- */

static void
power_cut(const struct power_disk *disk, enum bc_durability durability)
{
	struct cut_totals totals = { .states = 0 };
	const struct cut_plan plan = {
		.medium = &power_blocks,
		.seed = lab_next(),
		.durability = durability,
		.steps = STEPS,
		.states = lab_part(STATES, STATES),
	};
	int code;

	power_disk = disk;
	code = cut_history(&plan, &totals);
	if (code == TEST_CHILD_SKIPPED) {
		lab_skip("needs root, FUSE, loop devices and mkfs");
		test_skip("needs root, FUSE, loop devices and mkfs");
	}
	assert_int_equal(code, 0);
	lab_trials(totals.states);
	assert_int_equal(totals.failures, 0);
}

static void
power_cut_ext4(enum bc_durability durability)
{
	static const char make[] = "mkfs.ext4 -q -F -b 4096";
	static const struct power_disk disks[] = {
		{ "ext4", make, "commit=1", 48 },
		{ "ext4", make, "commit=5", 48 },
		{ "ext4", make, "commit=1,data=writeback", 48 },
		{ "ext4", make, "commit=5,data=writeback", 48 },
	};

	power_cut(&disks[lab_next() % 4], durability);
}

static void
ext4_durable(void **state)
{
	(void)state;
	power_cut_ext4(BC_DURABLE);
}

static void
ext4_relaxed(void **state)
{
	(void)state;
	power_cut_ext4(BC_RELAXED);
}

static void
ext4_scratch(void **state)
{
	(void)state;
	power_cut_ext4(BC_SCRATCH);
}

static void
xfs_durable_or_relaxed(void **state)
{
	static const struct power_disk disk = { "xfs", "mkfs.xfs -q -f", "",
		                                304 };

	(void)state;
	power_cut(&disk, lab_next() % 2 == 0 ? BC_DURABLE : BC_RELAXED);
}

static void
btrfs_durable_or_relaxed(void **state)
{
	static const struct power_disk disk = { "btrfs", "mkfs.btrfs -q -f", "",
		                                128 };

	(void)state;
	power_cut(&disk, lab_next() % 2 == 0 ? BC_DURABLE : BC_RELAXED);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ext4_durable),
		cmocka_unit_test(ext4_relaxed),
		cmocka_unit_test(ext4_scratch),
		cmocka_unit_test(xfs_durable_or_relaxed),
		cmocka_unit_test(btrfs_durable_or_relaxed),
	};

	return LAB_MAIN(argc, argv, "power", tests);
}
