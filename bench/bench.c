/* SPDX-License-Identifier: MIT */
/*
 * bench.c - see bench.h.  A benchmark measures; it never decides: every loop
 * runs a number of times that is known before, every figure is printed, and
 * any failure ends the program with its message.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "barcache.h"

#if defined(__clang__)
#define BENCH_COMPILER "clang " __clang_version__
#else
#define BENCH_COMPILER "gcc " __VERSION__
#endif

volatile uint64_t bench_sink;

/* ------------------------------------------------------------------------ */
/*  Options and failure                                                     */
/* ------------------------------------------------------------------------ */

void
bench_die(const char *format, ...)
{
	va_list values;

	fflush(stdout);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(values, format);
	vfprintf(stderr, format, values);
	va_end(values);
	fputc('\n', stderr);
	exit(1);
}

/* What was measured with, for the line that describes a run. */
static _Noreturn void
bench_versions(void)
{
	printf("{\"barcache\":\"%s\",\"lmdb\":\"%s\",\"compiler\":\"%s\","
	       "\"clock_overhead_ns\":%.1f}\n",
	       bc_version(), bc_lmdb_version(), BENCH_COMPILER,
	       (double)bench_overhead_ticks() * bench_tick_ns());
	exit(0);
}

void
bench_options_parse(int argc, char **argv, struct bench_options *out)
{
	int i = 1;

	out->dir = NULL;
	out->quick = false;
	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		if (strcmp(argv[i], "--quick") == 0)
			out->quick = true;
		else if (strcmp(argv[i], "--versions") == 0)
			bench_versions();
		else if (strcmp(argv[i], "--dir") == 0 && i + 1 < argc)
			out->dir = argv[++i];
		else
			bench_die("unknown option %s (--dir DIR, --quick)",
			          argv[i]);
	}
	if (out->dir == NULL)
		bench_die("where to put the data? --dir DIR");
	out->rounds = out->quick ? 3 : 5;
	out->rest = i;
}

void *
bench_alloc(size_t count, size_t bytes)
{
	void *memory = calloc(count, bytes);

	if (memory == NULL)
		bench_die("no memory for %zu times %zu bytes", count, bytes);
	return memory;
}

/* ------------------------------------------------------------------------ */
/*  Time                                                                    */
/* ------------------------------------------------------------------------ */

uint64_t
bench_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

double
bench_tick_ns(void)
{
	static double tick_ns;
	uint64_t ns, ticks;

	if (tick_ns > 0)
		return tick_ns;
	ns = bench_now_ns();
	ticks = bench_ticks();
	while (bench_now_ns() - ns < 50000000)
		continue;
	tick_ns = (double)(bench_now_ns() - ns) /
	          (double)(bench_ticks() - ticks);
	return tick_ns;
}

uint64_t
bench_overhead_ticks(void)
{
	static uint64_t overhead;
	struct bench_samples samples;

	if (overhead > 0)
		return overhead;
	bench_samples_init(&samples, 10001);
	while (samples.count < samples.room) {
		uint64_t start = bench_ticks();

		bench_samples_add(&samples, bench_ticks() - start);
	}
	overhead = bench_percentile(&samples, 0.5);
	bench_samples_free(&samples);
	return overhead;
}

void
bench_pin(unsigned index)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(index % (unsigned)(cores > 0 ? cores : 1), &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

/* ------------------------------------------------------------------------ */
/*  Samples                                                                 */
/* ------------------------------------------------------------------------ */

void
bench_samples_init(struct bench_samples *samples, size_t room)
{
	samples->values = bench_alloc(room, sizeof(*samples->values));
	samples->count = 0;
	samples->room = room;
	/* Touch the memory now rather than between two samples. */
	memset(samples->values, 1, room * sizeof(*samples->values));
}

void
bench_samples_free(struct bench_samples *samples)
{
	free(samples->values);
	samples->values = NULL;
	samples->count = samples->room = 0;
}

static int
bench_compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int
bench_compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The value at 'part' of samples that are sorted already. */
static uint64_t
bench_rank(const struct bench_samples *samples, double part)
{
	size_t index = (size_t)(part * (double)samples->count);

	if (samples->count == 0)
		return 0;
	return samples->values[index < samples->count ? index
	                                              : samples->count - 1];
}

uint64_t
bench_percentile(struct bench_samples *samples, double part)
{
	qsort(samples->values, samples->count, sizeof(*samples->values),
	      bench_compare_u64);
	return bench_rank(samples, part);
}

void
bench_latency_of_ns(struct bench_samples *ns, struct bench_latency *out)
{
	out->p50_ns = (double)bench_percentile(ns, 0.5);
	out->p99_ns = (double)bench_rank(ns, 0.99);
	out->p999_ns = ns->count >= 1000 ? (double)bench_rank(ns, 0.999) : 0;
	out->batch_ns = 0;
}

void
bench_latency_of_ticks(struct bench_samples *ticks, struct bench_latency *out)
{
	double tick_ns = bench_tick_ns();
	double overhead = (double)bench_overhead_ticks();
	double *values[] = {&out->p50_ns, &out->p99_ns, &out->p999_ns};

	bench_latency_of_ns(ticks, out);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		*values[i] = *values[i] > overhead
		                     ? (*values[i] - overhead) * tick_ns
		                     : 0;
}

double
bench_median(double *values, size_t count)
{
	if (count == 0)
		return 0;
	qsort(values, count, sizeof(*values), bench_compare_double);
	return count % 2 == 1 ? values[count / 2]
	                      : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* ------------------------------------------------------------------------ */
/*  Results                                                                 */
/* ------------------------------------------------------------------------ */

void
bench_report(const char *bench, const char *name, const char *metric,
             double value, const char *unit, const char *rival,
             double rival_value)
{
	printf("{\"bench\":\"%s\",\"case\":\"%s\",\"metric\":\"%s\","
	       "\"value\":%.6g,\"unit\":\"%s\",\"rival\":\"%s\",",
	       bench, name, metric, value, unit, rival != NULL ? rival : "");
	if (rival != NULL && rival_value > 0)
		printf("\"ratio\":%.5g}\n", value / rival_value);
	else
		printf("\"ratio\":null}\n");
	fflush(stdout);
}

/* The median over rounds of the double at 'offset' of a latency. */
static double
bench_latency_median(const struct bench_latency *latencies, unsigned rounds,
                     size_t offset)
{
	double values[BENCH_ROUNDS_MAX];

	for (unsigned i = 0; i < rounds; i++)
		memcpy(&values[i], (const char *)&latencies[i] + offset,
		       sizeof(values[i]));
	return bench_median(values, rounds);
}

void
bench_report_latency(const char *bench, const char *name,
                     const struct bench_latency *ours, unsigned rounds,
                     const char *rival, const struct bench_latency *theirs)
{
	static const struct {
		const char *metric;
		size_t offset;
	} figures[] = {
	        {"p50_ns", offsetof(struct bench_latency, p50_ns)},
	        {"p99_ns", offsetof(struct bench_latency, p99_ns)},
	        {"p999_ns", offsetof(struct bench_latency, p999_ns)},
	        {"batch_ns", offsetof(struct bench_latency, batch_ns)},
	};

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		size_t offset = figures[i].offset;
		double value = bench_latency_median(ours, rounds, offset);
		double other = 0;

		if (theirs != NULL)
			other = bench_latency_median(theirs, rounds, offset);
		if (value > 0)
			bench_report(bench, name, figures[i].metric, value,
			             "ns", rival, other);
	}
}

/* ------------------------------------------------------------------------ */
/*  Processes and memory                                                    */
/* ------------------------------------------------------------------------ */

void
bench_child_start(struct bench_child *child, const char *const *arguments)
{
	int to[2], from[2];
	size_t count = 0;
	char **argv;

	while (arguments[count] != NULL)
		count++;
	argv = bench_alloc(count + 2, sizeof(*argv));
	argv[0] = program_invocation_name;
	for (size_t i = 0; i < count; i++)
		argv[i + 1] = (char *)(uintptr_t)arguments[i];
	fflush(stdout);
	if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
		bench_die("pipe: %s", strerror(errno));
	child->pid = fork();
	if (child->pid < 0)
		bench_die("fork: %s", strerror(errno));
	if (child->pid == 0) {
		if (dup2(to[0], 0) < 0 || dup2(from[1], 1) < 0)
			_exit(127);
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	free(argv);
	close(to[0]);
	close(from[1]);
	child->to = fdopen(to[1], "w");
	child->from = fdopen(from[0], "r");
	if (child->to == NULL || child->from == NULL)
		bench_die("fdopen: %s", strerror(errno));
}

void
bench_child_numbers(struct bench_child *child, double *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (fscanf(child->from, "%lf", &numbers[i]) != 1)
			bench_die("a child process ended before its figures");
	}
}

void
bench_child_say(struct bench_child *child, const char *text)
{
	if (fprintf(child->to, "%s\n", text) < 0 || fflush(child->to) != 0)
		bench_die("a child process is gone");
}

void
bench_child_end(struct bench_child *child)
{
	int status;

	fclose(child->to);
	if (waitpid(child->pid, &status, 0) != child->pid)
		bench_die("waitpid: %s", strerror(errno));
	fclose(child->from);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		bench_die("a child process failed");
}

void
bench_parent_wait(void)
{
	char line[64];

	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL)
		bench_die("the parent process is gone");
}

/* The sum of the lines of /proc/self/smaps_rollup that have these names. */
static uint64_t
memory_sum(const char *const *names, size_t count)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	uint64_t sum = 0;
	char line[256];

	if (file == NULL)
		bench_die("/proc/self/smaps_rollup: %s", strerror(errno));
	while (fgets(line, sizeof(line), file) != NULL) {
		for (size_t i = 0; i < count; i++) {
			size_t length = strlen(names[i]);

			if (strncmp(line, names[i], length) == 0)
				sum += strtoull(line + length, NULL, 10) * 1024;
		}
	}
	fclose(file);
	return sum;
}

uint64_t
bench_private_bytes(void)
{
	static const char *const names[] = {"Private_Clean:", "Private_Dirty:"};

	return memory_sum(names, 2);
}

uint64_t
bench_anonymous_bytes(void)
{
	static const char *const name = "Anonymous:";

	return memory_sum(&name, 1);
}

void
bench_touch_memory(size_t bytes)
{
	unsigned char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* Best effort: without it the figures are worse, not wrong. */
	if (memory == MAP_FAILED)
		return;
	/* In large pages, which the kernel then hands out again first. */
	(void)madvise(memory, bytes, MADV_HUGEPAGE);
	for (size_t i = 0; i < bytes; i += 4096)
		memory[i] = 1;
	munmap(memory, bytes);
}

/* ------------------------------------------------------------------------ */
/*  Files                                                                   */
/* ------------------------------------------------------------------------ */

void
bench_path(char path[BENCH_PATH_MAX], const char *dir, const char *name)
{
	int bytes = snprintf(path, BENCH_PATH_MAX, "%s/%s", dir, name);

	if (bytes < 0 || bytes >= BENCH_PATH_MAX)
		bench_die("the path %s/%s is too long", dir, name);
}

static int
bench_remove_one(const char *path, const struct stat *state, int type,
                 struct FTW *where)
{
	(void)state;
	(void)type;
	(void)where;
	return remove(path);
}

void
bench_remove_tree(const char *path)
{
	if (access(path, F_OK) != 0)
		return;
	if (nftw(path, bench_remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		bench_die("cannot remove %s: %s", path, strerror(errno));
}

void
bench_settle(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) != 0)
		bench_die("%s: %s", dir, strerror(errno));
	close(fd);
}
