/* SPDX-License-Identifier: MIT */
/*
 * model.h - what series hold and what is known of them, in plain arrays: slow,
 * and simple enough to be right.
 *
 * A row is its time and a version; the values of all its columns follow from
 * these two.  So a model of many rows is small, and what a view must show can
 * be worked out again at any moment.
 */
#ifndef BARCACHE_MODEL_H
#define BARCACHE_MODEL_H

#include "support.h"

#define MODEL_COLUMNS 6 /* at most, without the time */
#define MODEL_TEXTS 40  /* different strings of a text column */
#define MODEL_MINUTE 60000000000LL

/* The columns of a series; what a column means follows from its name. */
struct model_shape {
	const char *key;
	int64_t step_ns; /* of the timeframe of the key, or 0: it has none */
	uint32_t column_count;
	struct {
		const char *name;
		enum bc_type type;
	} columns[MODEL_COLUMNS];
};

#define MODEL_SHAPES 4
extern const struct model_shape model_shapes[MODEL_SHAPES];

struct model_row {
	int64_t time_ns;
	uint32_t version;
};

struct model_rows {
	struct model_row *items;
	size_t count, capacity;
};

/* In ascending order, not touching where they are of one kind. */
struct model_known {
	struct bc_interval *items;
	size_t count, capacity;
};

/* One key. */
struct model_series {
	const struct model_shape *shape;
	unsigned kind; /* enum bc_kind; 0: absent */
	unsigned turn; /* columns are stored from this one on, round about */
	bool shaped;   /* it ever had rows since it was made */
	bool open;     /* the last row had not ended */
	struct model_rows rows;
	struct model_known known;
};

/* ---- values ------------------------------------------------------------- */

union model_value {
	int64_t i64;
	double f64;
	int32_t i32;
	float f32;
	uint8_t u8;
	uint32_t text; /* number of the string */
};

/* The value of a column (without the time) in a row. */
union model_value model_value(const struct model_shape *shape, uint32_t column,
                              struct model_row row);

/* String 'number' of all text columns. */
const char *model_text(uint32_t number);

/* Whether both have the same values, to the bit. */
bool model_same(const struct model_shape *shape, struct model_row one,
                struct model_row other);

/* Whether open, high, low and close contradict each other. */
bool model_impossible(const struct model_shape *shape, struct model_row row);

/*
 * A frame of rows, whose columns begin with 'turn'; its text column has a
 * dictionary in an order of its own, which follows from 'turn' too.
 */
struct model_frame {
	struct bc_frame frame;
	struct bc_column columns[MODEL_COLUMNS];
	const char *dictionary[MODEL_TEXTS];
	void *memory;
};
void model_frame_make(struct model_frame *frame,
                      const struct model_shape *shape,
                      const struct model_rows *rows, unsigned turn);
void model_frame_free(struct model_frame *frame);

/* ---- rows and intervals ------------------------------------------------- */

void model_rows_add(struct model_rows *rows, struct model_row row);
/* The first row that is not before 'time_ns'. */
size_t model_rows_find(const struct model_rows *rows, int64_t time_ns);

void model_known_set(struct model_known *known, int64_t from_ns, int64_t to_ns,
                     unsigned kind); /* 0: nothing */
/* Whether all of a range is of one of the kinds. */
bool model_known_covers(const struct model_known *known, unsigned kinds,
                        int64_t from_ns, int64_t to_ns);

/* ---- what can be done with a series ------------------------------------- */

/* An append, or a put. */
struct model_input {
	const struct model_rows *rows;
	unsigned turn;
	unsigned flags; /* enum bc_append_flags; of a put only suspect */
	enum bc_merge merge;
	int64_t from_ns, to_ns; /* 0 and 0: by the rows */
};

/* What a call must say and fill in. */
struct model_result {
	enum bc_status status;
	int64_t row; /* at fault */
	bool changed;
	struct bc_counts counts;
};

void model_series_copy(struct model_series *to,
                       const struct model_series *from);
void model_series_clear(struct model_series *series); /* absent, and freed */

/* On failure the series is as before. */
struct model_result model_append(struct model_series *series,
                                 const struct model_input *input);
struct model_result model_put(struct model_series *series,
                              const struct model_input *input);
struct model_result model_remove_range(struct model_series *series,
                                       int64_t from_ns, int64_t to_ns,
                                       uint64_t *rows);

/* ---- what reads must show ----------------------------------------------- */

/* Rows [first, first + count) of the series. */
struct model_part {
	enum bc_status status;
	enum bc_miss miss;
	size_t first, count;
	bool open; /* the last one had not ended */
};

struct model_part model_read(const struct model_series *series, int64_t from_ns,
                             int64_t to_ns, unsigned flags);
struct model_part model_tail(const struct model_series *series, uint64_t rows,
                             unsigned flags);
struct model_part model_asof(const struct model_series *series, int64_t time_ns,
                             unsigned flags);
struct model_part model_read_rows(const struct model_series *series,
                                  uint64_t first, uint64_t count,
                                  unsigned flags);

/*
 * The end of the last row of a frame: by the timeframe of its key, or else its
 * constant step.
 */
int64_t model_frame_end(const struct model_series *series);

/* What is known of the series, or of the frame when it becomes one. */
void model_coverage(const struct model_series *series,
                    struct model_known *known);

#endif /* BARCACHE_MODEL_H */
