/* SPDX-License-Identifier: MIT */
/*
 * bench.h - what every benchmark shares: options, a timer, samples and their
 * percentiles, result lines, child processes, the memory of this process.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* ------------------------------------------------------------------------ */
/*  Options and failure                                                     */
/* ------------------------------------------------------------------------ */

struct bench_options {
	const char *dir;    /* where the data goes; must exist */
	bool quick;         /* fewer rounds and samples */
	unsigned rounds;    /* how often each subject is measured */
	int rest;           /* index of the first argument that is none */
};

/* Parse --dir DIR and --quick; ends the process on anything it cannot use. */
void bench_options_parse(int argc, char **argv, struct bench_options *out);

/* Say what failed on standard error and exit with 1. */
_Noreturn void bench_die(const char *format, ...)
        __attribute__((format(printf, 1, 2)));

/* Memory or bench_die(). */
void *bench_alloc(size_t count, size_t bytes);

/* Where measured loops leave what they read, so that it is not removed. */
extern volatile uint64_t bench_sink;

/* ------------------------------------------------------------------------ */
/*  Time                                                                    */
/* ------------------------------------------------------------------------ */

/* CLOCK_MONOTONIC in nanoseconds: the same clock in every process. */
uint64_t bench_now_ns(void);

/*
 * The finest clock of this processor, for intervals below a microsecond.  On
 * x86-64 the time stamp counter, read after everything before it is done.
 */
static inline uint64_t
bench_ticks(void)
{
#if defined(__x86_64__)
	uint32_t low, high, core;

	__asm__ volatile("rdtscp"
	                 : "=a"(low), "=d"(high), "=c"(core)
	                 :
	                 : "memory");
	return (uint64_t)high << 32 | low;
#else
	return bench_now_ns();
#endif
}

/* Nanoseconds of one tick, measured at the first call. */
double bench_tick_ns(void);

/* What two readings of the clock with nothing between them differ by. */
uint64_t bench_overhead_ticks(void);

/* Pin this process to core 'index' modulo their number; best effort. */
void bench_pin(unsigned index);

/* ------------------------------------------------------------------------ */
/*  Samples                                                                 */
/* ------------------------------------------------------------------------ */

/* Durations in ticks or nanoseconds, as the user wants. */
struct bench_samples {
	uint64_t *values;
	size_t count;
	size_t room;
};

void bench_samples_init(struct bench_samples *samples, size_t room);
void bench_samples_free(struct bench_samples *samples);

/* Keep one; those beyond the room are dropped. */
static inline void
bench_samples_add(struct bench_samples *samples, uint64_t value)
{
	if (samples->count < samples->room)
		samples->values[samples->count++] = value;
}

/* The percentiles of a run of a subject, in nanoseconds. */
struct bench_latency {
	double p50_ns, p99_ns;
	double p999_ns;  /* 0 where there are less than 1,000 samples */
	double batch_ns; /* median of the means of batches; 0: none taken */
};

/*
 * The value that a share of 'part' (0 to 1) of the samples does not exceed;
 * sorts them.  0 if there are none.
 */
uint64_t bench_percentile(struct bench_samples *samples, double part);

/* The three percentiles of samples in ticks, less the clock's overhead. */
void bench_latency_of_ticks(struct bench_samples *ticks,
                            struct bench_latency *out);

/* The three percentiles of samples in nanoseconds, as they are. */
void bench_latency_of_ns(struct bench_samples *ns, struct bench_latency *out);

/* Median; sorts 'values'. */
double bench_median(double *values, size_t count);

/* ------------------------------------------------------------------------ */
/*  Results                                                                 */
/* ------------------------------------------------------------------------ */

/*
 * Print one result as a JSON line.  'rival' is NULL where there is none; else
 * 'rival_value' is what it took and the line holds the ratio of both.
 */
void bench_report(const char *bench, const char *name, const char *metric,
                  double value, const char *unit, const char *rival,
                  double rival_value);

/* The most rounds that are kept. */
#define BENCH_ROUNDS_MAX 32

/*
 * Print the medians of 'rounds' rounds of a subject, beside those of a rival
 * (NULL: none): p50, p99, p999 and, where taken, the mean of batches.
 */
void bench_report_latency(const char *bench, const char *name,
                          const struct bench_latency *ours, unsigned rounds,
                          const char *rival,
                          const struct bench_latency *theirs);

/* ------------------------------------------------------------------------ */
/*  Processes and memory                                                    */
/* ------------------------------------------------------------------------ */

/* A fresh process of this program that talks through two pipes. */
struct bench_child {
	pid_t pid;
	FILE *to;   /* its standard input */
	FILE *from; /* its standard output */
};

/* Start this program with 'arguments' (NULL-terminated, without argv[0]). */
void bench_child_start(struct bench_child *child,
                       const char *const *arguments);

/* Read a line of 'count' numbers that the child printed. */
void bench_child_numbers(struct bench_child *child, double *numbers,
                         size_t count);

/* Send the child a line. */
void bench_child_say(struct bench_child *child, const char *text);

/* Close the pipes and wait; ends this process if the child failed. */
void bench_child_end(struct bench_child *child);

/* In a child: wait for the next line of the parent; ends if it is gone. */
void bench_parent_wait(void);

/* Bytes that are this process's alone (Private_Dirty + Private_Clean). */
uint64_t bench_private_bytes(void);

/* Bytes of it that are in no file. */
uint64_t bench_anonymous_bytes(void);

/*
 * Touch 'bytes' of memory and give it back.  A virtual machine may have to
 * ask its host for memory that was not in use of late, at a fraction of the
 * speed of memory; what is written next then finds pages that are there.
 */
void bench_touch_memory(size_t bytes);

/* ------------------------------------------------------------------------ */
/*  Files                                                                   */
/* ------------------------------------------------------------------------ */

#define BENCH_PATH_MAX 4096

/* Write DIR/NAME to 'path'. */
void bench_path(char path[BENCH_PATH_MAX], const char *dir, const char *name);

/* Remove a directory and everything in it; nothing there is fine. */
void bench_remove_tree(const char *path);

/* Wait until what was written to the file system of 'dir' is on disk. */
void bench_settle(const char *dir);

/* ------------------------------------------------------------------------ */
/*  Numbers by chance, the same in every run                                */
/* ------------------------------------------------------------------------ */

/* The next of a series of 64-bit numbers; 'state' starts at any value. */
static inline uint64_t
bench_random(uint64_t *state)
{
	uint64_t x = *state += 0x9E3779B97F4A7C15U;

	x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9U;
	x = (x ^ x >> 27) * 0x94D049BB133111EBU;
	return x ^ x >> 31;
}

/* One below 'limit', which is far below 2^32. */
static inline uint32_t
bench_random_below(uint64_t *state, uint32_t limit)
{
	return (uint32_t)((bench_random(state) >> 32) * limit >> 32);
}

#endif /* BENCH_H */
