/* SPDX-License-Identifier: MIT */
/*
 * op.h - an operation on the series of a model: made at random from what the
 * model holds, then performed as it says and nothing else, so that a list of
 * operations can be written down, repeated, and made shorter.
 */
#ifndef BARCACHE_MODEL_OP_H
#define BARCACHE_MODEL_OP_H

#include "check.h"

enum model_op_kind {
	MODEL_APPEND, /* without rows: an empty fetch */
	MODEL_PUT,
	MODEL_BLOB,
	MODEL_REMOVE,
	MODEL_REMOVE_RANGE,
	MODEL_WRONG, /* an append with the columns of another series */
	MODEL_COMPACT,
	MODEL_REOPEN,
	MODEL_OP_KINDS
};

struct model_op {
	enum model_op_kind kind;
	unsigned batch; /* neighbours of one number are one batch; 0: none */
	unsigned key;   /* index of the series */
	unsigned flags; /* enum bc_append_flags */
	enum bc_merge merge;
	uint32_t version;
	unsigned mixed; /* not 0: every so manyth row has the next version */
	unsigned skip;  /* not 0: every so manyth row is left out */
	uint64_t rows;
	int64_t time_ns, step_ns;
	int64_t from_ns, to_ns; /* the range */
	uint64_t check;         /* seed of the comparison behind it */
};

/* An operation as a line of text, and back; see sequence.h. */
#define MODEL_OP_TEXT 400
void model_op_print(const void *op, char text[MODEL_OP_TEXT]);
bool model_op_parse(const char *text, void *op);

/* The rows that an operation appends or puts. */
void model_op_rows(const struct model_op *op, struct model_rows *rows);

/* Do it to the model; MODEL_REOPEN and the like change nothing. */
struct model_result model_op_apply(const struct model_op *op,
                                   struct model_series *series,
                                   uint64_t *removed);

/*
 * Make 'count' operations for a cache that holds 'rows_max' rows of a key at
 * most.
 */
void model_op_make(struct model_op *ops, size_t count, uint64_t rows_max,
                   uint64_t seed);

#endif /* BARCACHE_MODEL_OP_H */
