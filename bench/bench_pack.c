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
	size_t slot;              /* the last one used */
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

/* What to measure: a kernel of ours or a rival; and the best of its turns. */
struct subject {
	enum what what;
	bool near; /* to the same place again, else through the ring */
	const struct bci_kernel *kernel;
	const struct press *press;
	double gb_per_s;
};
#define SUBJECTS_MAX 16
#define TURN_NS 250000

static void
subject_run(const struct subject *subject, struct frame *frame)
{
	size_t slot = 0;

	if (!subject->near) {
		frame->slot = (frame->slot + 1) % frame->slots;
		slot = frame->slot;
	}
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

/* One turn: 10^9 raw bytes a second of doing it over and over. */
static double
subject_turn(const struct subject *subject, struct frame *frame)
{
	/* Asking for the time takes as long as a hundred rows. */
	const size_t batch = 1 + 16384 / frame->rows;
	uint64_t begin = spent_ns(), spent = 0;
	double frames = 0;

	while (spent < TURN_NS) {
		for (size_t i = 0; i < batch; i++)
			subject_run(subject, frame);
		frames += (double)batch;
		spent = spent_ns() - begin;
	}
	return frames * (double)frame->rows * BARS_BYTES / (double)spent;
}

/* Whether a turn takes so much longer than others that it comes less often. */
static bool
subject_is_slow(const struct subject *subject)
{
	return subject->what == PACK || subject->what == PRESS;
}

/*
 * Let all subjects take turns.  What else the machine does can only make one
 * slower, so the best turn of each is the one that counts.
 */
static void
measure(struct frame *frame, struct subject *subjects, size_t count,
        unsigned turns)
{
	for (unsigned i = 0; i < turns; i++) {
		for (size_t j = 0; j < count; j++) {
			if (i % 4 != 0 && subject_is_slow(&subjects[j]))
				continue;
			subjects[j].gb_per_s =
				fmax(subjects[j].gb_per_s,
			             subject_turn(&subjects[j], frame));
		}
	}
}

/* Sums of logarithms, for geometric means over some series. */
struct means {
	const char *name;
	double pack[BCI_PATHS], unpack[BCI_PATHS], bytes;
	unsigned count;
};

/* Speeds of all paths, in turn with memcpy(). */
static void
frame_speeds(const struct bench_options *options, struct frame *frame,
             struct means *means)
{
	struct subject all[SUBJECTS_MAX] = { { .what = COPY },
		                             { .what = COPY, .near = true } };
	size_t count = 2;

	for (int path = 0; path < BCI_PATHS; path++) {
		const struct bci_kernel *kernel =
			bci_kernel_of((enum bci_path)path);

		if (kernel == NULL)
			continue;
		frame_pack(frame, kernel);
		frame_check(frame, kernel);
		all[count++] = (struct subject){ PACK, true, kernel, NULL, 0 };
		all[count++] =
			(struct subject){ UNPACK, false, kernel, NULL, 0 };
		all[count++] =
			(struct subject){ UNPACK, true, kernel, NULL, 0 };
	}
	measure(frame, all, count, 32 * options->rounds);
	for (size_t i = 2; i < count; i += 3) {
		char name[128];

		snprintf(name, sizeof(name), "%s-%zu-%s", frame->series->name,
		         frame->rows, all[i].kernel->name);
		bench_report("pack", name, "gb_per_s", all[i].gb_per_s, "GB/s",
		             NULL, 0);
		bench_report("unpack", name, "gb_per_s", all[i + 1].gb_per_s,
		             "GB/s", "memcpy", all[0].gb_per_s);
		bench_report("unpack", name, "near_gb_per_s",
		             all[i + 2].gb_per_s, "GB/s", "memcpy",
		             all[1].gb_per_s);
	}
	count = 2;
	for (int path = 0; path < BCI_PATHS; path++) {
		if (bci_kernel_of((enum bci_path)path) == NULL)
			continue;
		means->pack[path] += log(all[count].gb_per_s);
		means->unpack[path] +=
			log(all[count + 1].gb_per_s / all[0].gb_per_s);
		count += 3;
	}
}

/* The size, and that and the speeds of each rival. */
static void
frame_rivals(const struct bench_options *options, struct frame *frame,
             struct means *means)
{
	const double rows = (double)frame->rows;
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
		const struct press *press = &presses[i];
		struct subject all[] = {
			{ .what = PACK, .near = true },
			{ .what = PRESS, .near = true, .press = press },
			{ .what = UNPACK },
			{ .what = UNPRESS, .press = press },
		};
		double theirs = (double)frame_press(frame, press) / rows;

		measure(frame, all, 4, 4 * options->rounds);
		bench_report("pack", name, "bytes_per_bar", bytes, "B",
		             press->name, theirs);
		bench_report("unpack", name, "gb_per_s", all[2].gb_per_s,
		             "GB/s", press->name, all[3].gb_per_s);
		bench_report("pack", name, "gb_per_s", all[0].gb_per_s, "GB/s",
		             press->name, all[1].gb_per_s);
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
	frame_speeds(options, &frame, means);
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
