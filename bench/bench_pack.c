/* SPDX-License-Identifier: MIT */
/*
 * bench_pack.c - how small do packed bars get, and how fast are they packed
 * and unpacked, on each path of the codec?  Beside memcpy() of the same bytes
 * and general compressors over each column.
 *
 * Frames are the first 43,200, 8,192 and 1,024 bars of series that are made
 * and, where bars.h finds some, of real ones; of a real one that is shorter
 * all of it stands for the first of these.
 */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bars.h"
#include "pack.h"
#include "press.h"

#define COLUMNS BARS_COLUMNS
#define SERIES_MAX 64
#define ROWS_MAX 43200
/* What is unpacked to, and copied from: more than any second-level cache. */
#define RING_BYTES ((size_t)96 << 20)
#define PAGE 4096

/* ------------------------------------------------------------------------ */
/*  Subjects                                                                */
/* ------------------------------------------------------------------------ */

/* The first 'rows' bars of a series, and memory for all that is done. */
struct frame {
	const struct bars *series;
	size_t rows;
	struct bci_pack_column columns[COLUMNS];
	uint64_t room;
	unsigned char *packed;
	uint64_t bytes;
	void *encode_work, *decode_work;
	unsigned char *pressed[COLUMNS]; /* by the rival at hand */
	size_t pressed_bytes[COLUMNS];
	unsigned char *from, *to; /* rings */
	size_t stride, slots;     /* of a frame in them */
};

static void
frame_make(struct frame *frame, const struct bars *series, size_t rows,
           unsigned char *from, unsigned char *to)
{
	static const enum bci_pack_role roles[COLUMNS] = {
		BCI_PACK_ROLE_TIME, BCI_PACK_ROLE_OPEN,  BCI_PACK_ROLE_HIGH,
		BCI_PACK_ROLE_LOW,  BCI_PACK_ROLE_CLOSE, BCI_PACK_ROLE_NONE,
	};

	memset(frame, 0, sizeof(*frame));
	frame->series = series;
	frame->rows = rows;
	for (size_t i = 0; i < COLUMNS; i++) {
		frame->columns[i].type = i == 0 ? BC_I64 : BC_F64;
		frame->columns[i].role = roles[i];
		frame->columns[i].codec = BCI_CODEC_AUTO;
		frame->columns[i].values = series->columns[i];
	}
	frame->room = bci_pack_bound(frame->columns, COLUMNS, rows);
	frame->packed = bench_alloc(1, frame->room);
	frame->encode_work = bench_alloc(1, bci_pack_encode_work());
	frame->decode_work = bench_alloc(1, bci_pack_decode_work());
	for (size_t i = 0; i < COLUMNS; i++)
		frame->pressed[i] = bench_alloc(1, press_bound(rows * 8));
	frame->from = from;
	frame->to = to;
	frame->stride = COLUMNS * ((rows * 8 + PAGE - 1) / PAGE * PAGE);
	frame->slots = RING_BYTES / frame->stride;
}

static void
frame_free(struct frame *frame)
{
	for (size_t i = 0; i < COLUMNS; i++)
		free(frame->pressed[i]);
	free(frame->packed);
	free(frame->encode_work);
	free(frame->decode_work);
}

/* Where column 'i' of slot 'slot' lies in a ring. */
static unsigned char *
frame_at(const struct frame *frame, unsigned char *ring, size_t slot, size_t i)
{
	return ring + slot * frame->stride + i * (frame->stride / COLUMNS);
}

static void
frame_pack(struct frame *frame, const struct bci_kernel *kernel)
{
	const struct bci_pack_options options = { .kernel = kernel };
	struct bc_error err;

	if (bci_pack_encode(&options, frame->columns, COLUMNS, frame->rows,
	                    frame->encode_work, frame->packed, frame->room,
	                    &frame->bytes, &err) != BC_OK)
		bench_die("%s: %s", frame->series->name, err.message);
}

static void
frame_unpack(struct frame *frame, const struct bci_kernel *kernel, size_t slot)
{
	void *out[COLUMNS];
	struct bci_pack pack;
	struct bc_error err;

	for (size_t i = 0; i < COLUMNS; i++)
		out[i] = frame_at(frame, frame->to, slot, i);
	if (bci_pack_open(frame->packed, frame->bytes, &pack, &err) != BC_OK)
		bench_die("%s: %s", frame->series->name, err.message);
	if (kernel != NULL)
		pack.kernel = kernel;
	if (bci_pack_decode(&pack, 0, frame->rows, out, frame->decode_work,
	                    &err) != BC_OK)
		bench_die("%s: %s", frame->series->name, err.message);
}

/* Compress each column as it is; returns the bytes of all. */
static size_t
frame_press(struct frame *frame, const struct press *press)
{
	size_t bytes = 0;

	for (size_t i = 0; i < COLUMNS; i++) {
		frame->pressed_bytes[i] =
			press->pack(press, frame->columns[i].values,
		                    frame->rows * 8, frame->pressed[i]);
		if (frame->pressed_bytes[i] == 0)
			bench_die("%s: %s fails", frame->series->name,
			          press->name);
		bytes += frame->pressed_bytes[i];
	}
	return bytes;
}

static void
frame_unpress(struct frame *frame, const struct press *press, size_t slot)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		if (!press->unpack(frame->pressed[i], frame->pressed_bytes[i],
		                   frame_at(frame, frame->to, slot, i),
		                   frame->rows * 8))
			bench_die("%s: %s fails", frame->series->name,
			          press->name);
	}
}

static void
frame_copy(struct frame *frame, size_t slot)
{
	for (size_t i = 0; i < COLUMNS; i++)
		memcpy(frame_at(frame, frame->to, slot, i),
		       frame_at(frame, frame->from, slot, i), frame->rows * 8);
}

/* Unpacked values must be those that were packed, or no figure counts. */
static void
frame_check(struct frame *frame, const struct bci_kernel *kernel)
{
	frame_unpack(frame, kernel, 0);
	for (size_t i = 0; i < COLUMNS; i++) {
		if (memcmp(frame_at(frame, frame->to, 0, i),
		           frame->columns[i].values, frame->rows * 8) != 0)
			bench_die("%s: column %zu comes back as another",
			          frame->series->name, i);
	}
}

/* ------------------------------------------------------------------------ */
/*  Measuring                                                               */
/* ------------------------------------------------------------------------ */

enum what { PACK, UNPACK, COPY, PRESS, UNPRESS };

/* What to measure: a kernel of ours or a rival. */
struct subject {
	enum what what;
	const struct bci_kernel *kernel;
	const struct press *press;
};

static void
subject_run(const struct subject *subject, struct frame *frame, size_t slot)
{
	switch (subject->what) {
	case PACK:
		frame_pack(frame, subject->kernel);
		break;
	case UNPACK:
		frame_unpack(frame, subject->kernel, slot);
		break;
	case COPY:
		frame_copy(frame, slot);
		break;
	case PRESS:
		frame_press(frame, subject->press);
		break;
	case UNPRESS:
		frame_unpress(frame, subject->press, slot);
		break;
	}
}

/* The processor's time that this thread had: others may use it meanwhile. */
static uint64_t
spent_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* 10^9 raw bytes a second of doing it over and over through 'slots' slots. */
static double
measure(struct frame *frame, const struct subject *subject, size_t slots,
        uint64_t least_ns)
{
	/* Asking for the time takes as long as a hundred rows. */
	const size_t batch = 1 + 16384 / frame->rows;
	uint64_t begin = spent_ns(), spent = 0;
	double frames = 0;
	size_t slot = 0;

	while (spent < least_ns) {
		for (size_t i = 0; i < batch; i++) {
			subject_run(subject, frame, slot);
			slot = (slot + 1) % slots;
		}
		frames += (double)batch;
		spent = spent_ns() - begin;
	}
	return frames * (double)frame->rows * BARS_BYTES / (double)spent;
}

/* Sums of logarithms, for geometric means over some series. */
struct means {
	const char *name;
	double pack[BCI_PATHS], unpack[BCI_PATHS], bytes;
	unsigned count;
};

/* Speeds of one path, in turn with memcpy(). */
static void
frame_speeds(const struct bench_options *options, struct frame *frame,
             enum bci_path path, struct means *means)
{
	const struct bci_kernel *kernel = bci_kernel_of(path);
	const struct subject packing = { PACK, kernel, NULL };
	const struct subject unpacking = { UNPACK, kernel, NULL };
	const struct subject copying = { COPY, NULL, NULL };
	const uint64_t span = options->quick ? 20000000 : 60000000;
	double pack[BENCH_ROUNDS_MAX], far[BENCH_ROUNDS_MAX];
	double copy[BENCH_ROUNDS_MAX], near[BENCH_ROUNDS_MAX];
	double beside[BENCH_ROUNDS_MAX];
	char name[128];

	if (kernel == NULL)
		return;
	snprintf(name, sizeof(name), "%s-%zu-%s", frame->series->name,
	         frame->rows, kernel->name);
	frame_pack(frame, kernel);
	frame_check(frame, kernel);
	for (unsigned i = 0; i < options->rounds; i++) {
		pack[i] = measure(frame, &packing, 1, span);
		far[i] = measure(frame, &unpacking, frame->slots, span);
		copy[i] = measure(frame, &copying, frame->slots, span);
		near[i] = measure(frame, &unpacking, 1, span / 4);
		beside[i] = measure(frame, &copying, 1, span / 4);
	}
	bench_report("pack", name, "gb_per_s",
	             bench_median(pack, options->rounds), "GB/s", NULL, 0);
	bench_report("unpack", name, "gb_per_s",
	             bench_median(far, options->rounds), "GB/s", "memcpy",
	             bench_median(copy, options->rounds));
	bench_report("unpack", name, "near_gb_per_s",
	             bench_median(near, options->rounds), "GB/s", "memcpy",
	             bench_median(beside, options->rounds));
	means->pack[path] += log(bench_median(pack, options->rounds));
	means->unpack[path] += log(bench_median(far, options->rounds) /
	                           bench_median(copy, options->rounds));
}

/* The size, and that and the speeds of each rival. */
static void
frame_rivals(const struct bench_options *options, struct frame *frame,
             struct means *means)
{
	const uint64_t span = options->quick ? 10000000 : 60000000;
	const double rows = (double)frame->rows;
	const struct subject packing = { PACK, NULL, NULL };
	const struct subject unpacking = { UNPACK, NULL, NULL };
	double bytes;
	char name[128];

	snprintf(name, sizeof(name), "%s-%zu", frame->series->name,
	         frame->rows);
	frame_pack(frame, NULL);
	bytes = (double)frame->bytes / rows;
	means->bytes += log(bytes);
	means->count++;
	bench_report("pack", name, "bytes_per_bar", bytes, "B", NULL, 0);
	for (size_t i = 0; i < press_count; i++) {
		const struct subject press = { PRESS, NULL, &presses[i] };
		const struct subject unpress = { UNPRESS, NULL, &presses[i] };
		double theirs = (double)frame_press(frame, &presses[i]) / rows;

		bench_report("pack", name, "bytes_per_bar", bytes, "B",
		             presses[i].name, theirs);
		theirs = measure(frame, &unpress, frame->slots, span);
		bench_report("unpack", name, "gb_per_s",
		             measure(frame, &unpacking, frame->slots, span),
		             "GB/s", presses[i].name, theirs);
		theirs = measure(frame, &press, 1, span);
		bench_report("pack", name, "gb_per_s",
		             measure(frame, &packing, 1, span), "GB/s",
		             presses[i].name, theirs);
	}
}

static void
means_report(const struct means *means, size_t rows)
{
	const double count = means->count;
	char name[64];

	if (means->count == 0)
		return;
	snprintf(name, sizeof(name), "%s-%zu", means->name, rows);
	bench_report("pack", name, "bytes_per_bar", exp(means->bytes / count),
	             "B", NULL, 0);
	for (int path = 0; path < BCI_PATHS; path++) {
		const struct bci_kernel *kernel =
			bci_kernel_of((enum bci_path)path);

		if (kernel == NULL)
			continue;
		snprintf(name, sizeof(name), "%s-%zu-%s", means->name, rows,
		         kernel->name);
		bench_report("pack", name, "gb_per_s",
		             exp(means->pack[path] / count), "GB/s", NULL, 0);
		bench_report("unpack", name, "of_memcpy",
		             exp(means->unpack[path] / count), "times", NULL,
		             0);
	}
}

/* The first bars of a series in all ways. */
static void
measure_series(const struct bench_options *options, const struct bars *series,
               size_t rows, unsigned char *const rings[2], struct means *means)
{
	struct frame frame;

	frame_make(&frame, series, rows, rings[0], rings[1]);
	frame_rivals(options, &frame, means);
	for (int path = 0; path < BCI_PATHS; path++)
		frame_speeds(options, &frame, (enum bci_path)path, means);
	frame_free(&frame);
}

int
main(int argc, char **argv)
{
	static const size_t lengths[] = { ROWS_MAX, 8192, 1024 };
	static struct bars all[SERIES_MAX];
	unsigned char *const rings[2] = { bench_alloc(1, RING_BYTES),
		                          bench_alloc(1, RING_BYTES) };
	struct bench_options options;
	char directory[BENCH_PATH_MAX];
	size_t count;

	bench_options_parse(argc, argv, &options);
	press_say_absent();
	bench_path(directory, options.dir, "pack");
	count = bars_all(directory, ROWS_MAX, all, SERIES_MAX);
	memset(rings[0], 1, RING_BYTES);
	memset(rings[1], 1, RING_BYTES);
	bench_pin(0);
	for (size_t i = 0; i < (options.quick ? 2u : 3u); i++) {
		struct means made = { .name = "made" };
		struct means real = { .name = "real" };
		struct means shorter = { .name = "shorter" };

		for (size_t j = 0; j < count; j++) {
			size_t rows = lengths[i];
			struct means *means = all[j].made ? &made : &real;

			if (all[j].rows < rows && i > 0)
				continue;
			if (all[j].rows < rows) {
				rows = all[j].rows;
				means = &shorter;
			}
			measure_series(&options, &all[j], rows, rings, means);
		}
		means_report(&made, lengths[i]);
		means_report(&real, lengths[i]);
		means_report(&shorter, lengths[i]);
	}
	return 0;
}
