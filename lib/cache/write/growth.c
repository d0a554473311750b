/* SPDX-License-Identifier: MIT */
/*
 * growth.c - appends to series, and removals of ranges.
 *
 * The rows, what is known of the series, and its details are each changed only
 * if they differ; so what is fetched once more writes nothing, and a bar that
 * is appended writes one record.
 */
#include "common.h"

#include "coverage.h"
#include "error.h"
#include "expire.h"
#include "extent.h"
#include "growth.h"
#include "labelling.h"
#include "splice.h"

struct growth {
	struct bci_series series;
	struct bci_edit edit;
	const struct bci_operation *operation;
	bool known_changed; /* what is known, or until when, differs */
};

/* ---- what is known ----------------------------------------------------- */

/* Add to the set what a frame's rows say: it is known between them. */
static enum bc_status
growth_know_frame(struct growth *growth, struct bci_intervals *set,
                  struct bc_error *err)
{
	struct bci_series *series = &growth->series;
	const void **columns = series->tail;
	uint64_t rows = series->tail_rows;
	enum bc_status status;
	const int64_t *time_ns;

	if (rows == 0 && series->entry.segment_count != 0 &&
	    series->record.newer_count != 0) {
		status = bci_series_load(series, err);
		if (status == BC_OK)
			status = bci_series_map(series, series->segments, err);
		if (status != BC_OK)
			return status;
		columns = series->segments->columns;
		rows = series->segments->locator.rows;
	}
	if (rows == 0)
		return BC_OK;
	time_ns = columns[0];
	status = bci_intervals_set(set, time_ns[0],
	                           bci_extent_end(series->key, time_ns, rows),
	                           BC_KNOWN_BARS);
	return status == BC_OK ? BC_OK : bci_fail(err, status, "no memory");
}

/* Where nothing is known to be there, nothing is known to be. */
static enum bc_status
growth_set_empty(struct bci_intervals *set, int64_t from_ns, int64_t to_ns)
{
	enum bc_status status = BC_OK;
	struct bc_interval gap;

	while (status == BC_OK && bci_intervals_missing(set, BC_KNOWN_BARS,
	                                                from_ns, to_ns, &gap)) {
		status = bci_intervals_set(set, gap.from_ns, gap.to_ns,
		                           BC_KNOWN_EMPTY);
		from_ns = gap.to_ns;
	}
	return status;
}

/* What an append says: final up to some moment, not final from there on. */
struct growth_known {
	int64_t from_ns, final_ns, to_ns;
	enum bc_known known;
	bool renews; /* a bar that had not ended is replaced or gone */
};

static int64_t
growth_earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static struct growth_known
growth_known(const struct growth *growth)
{
	const struct bci_operation *operation = growth->operation;
	const struct bci_series_record *record = &growth->series.record;
	const struct bci_edit *edit = &growth->edit;
	struct growth_known known = { operation->from_ns, operation->to_ns,
		                      operation->to_ns, BC_KNOWN_BARS, false };
	const int64_t *time_ns = operation->value.time_ns;
	uint64_t rows = operation->value.rows;
	bool own = edit->open && edit->ends_open;

	if (rows - operation->open == 0)
		known.known = BC_KNOWN_EMPTY;
	if (operation->open) {
		known.final_ns = time_ns[rows - 1];
		if (!own)
			known.to_ns = known.final_ns; /* It came too late. */
	}
	if (edit->ends_open && !own) {
		/* What comes behind a bar that has not ended is not known. */
		known.final_ns =
			growth_earlier(known.final_ns, record->last_ns);
		known.to_ns = growth_earlier(known.to_ns, record->last_ns);
	}
	known.renews = record->open && (own || !edit->ends_open);
	return known;
}

/* The same where the record alone says enough; false: it does not, as where
 * nothing may be said of bars. */
static bool
growth_extend(struct growth *growth, const struct growth_known *known)
{
	struct bci_series_record *record = &growth->series.record;
	struct bci_series_record next = *record;

	if (growth->series.frame ||
	    (known->known == BC_KNOWN_EMPTY && record->known == BC_KNOWN_BARS &&
	     known->from_ns < record->known_to_ns) ||
	    !bci_coverage_extend(&next, known->from_ns, known->final_ns,
	                         known->known) ||
	    !bci_coverage_extend(&next, known->final_ns, known->to_ns,
	                         BC_KNOWN_OPEN))
		return false;
	*record = next;
	return true;
}

static enum bc_status
growth_set_known(struct bci_intervals *set, const struct growth_known *known)
{
	enum bc_status status;

	if (known->known == BC_KNOWN_EMPTY)
		status = growth_set_empty(set, known->from_ns, known->final_ns);
	else
		status = bci_intervals_set(set, known->from_ns, known->final_ns,
		                           BC_KNOWN_BARS);
	if (status != BC_OK || known->final_ns >= known->to_ns)
		return status;
	/* Behind a bar that has not ended nothing is final. */
	status = bci_intervals_remove(set, known->to_ns, INT64_MAX);
	if (status == BC_OK)
		status = bci_intervals_set(set, known->final_ns, known->to_ns,
		                           BC_KNOWN_OPEN);
	return status;
}

/* Nothing is known of a range that was cut out. */
static enum bc_status
growth_set_cut(struct growth *growth, struct bci_intervals *set)
{
	const struct bci_operation *operation = growth->operation;
	struct bc_interval *last =
		set->count != 0 ? &set->items[set->count - 1] : NULL;
	int64_t from_ns = operation->from_ns, to_ns = operation->to_ns;

	/* A part of what is not final is no use without its beginning. */
	if (last != NULL && last->known == BC_KNOWN_OPEN &&
	    (!growth->edit.ends_open ||
	     (from_ns < last->to_ns && last->from_ns < to_ns)))
		to_ns = to_ns > last->to_ns ? to_ns : last->to_ns;
	return bci_intervals_remove(set, from_ns, to_ns);
}

static bool
growth_same_set(const struct bci_intervals *a, const struct bci_intervals *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (a->items[i].from_ns != b->items[i].from_ns ||
		    a->items[i].to_ns != b->items[i].to_ns ||
		    a->items[i].known != b->items[i].known)
			return false;
	}
	return true;
}

/*
 * Load, change and store all that is known.  The record says it already, less
 * what is not final where that is replaced; 'stored' is the record before.
 */
static enum bc_status
growth_know_all(struct growth *growth, const struct growth_known *known,
                const struct bci_series_record *stored, struct bc_error *err)
{
	struct bci_series *series = &growth->series;
	struct bci_writer *writer = series->writer;
	const struct bci_tables *tables = &writer->env->tables;
	const struct bc_allocator *allocator = &writer->env->allocator;
	struct bci_intervals before = { .allocator = allocator };
	struct bci_intervals set = { .allocator = allocator };
	enum bc_status status;

	if (series->frame) {
		BCI_TRY(growth_know_frame(growth, &before, err));
		status = bci_intervals_add(&set, &before);
	} else {
		status = bci_coverage_load(writer->txn, tables, series->head.id,
		                           stored, &before);
		if (status == BC_OK)
			status = bci_coverage_load(writer->txn, tables,
			                           series->head.id,
			                           &series->record, &set);
	}
	if (status == BC_OK)
		status = known != NULL ? growth_set_known(&set, known)
		                       : growth_set_cut(growth, &set);
	if (status != BC_OK) {
		bci_fail(err, status, "what is known of %s: %s", series->key,
		         bc_strerror(status));
		goto done;
	}
	growth->known_changed = !growth_same_set(&before, &set);
	if (!growth->known_changed &&
	    !(series->frame && growth->edit.changed)) {
		series->record = *stored;
		goto done;
	}
	if (series->frame) /* Nothing of it is stored yet. */
		bci_intervals_free(&before);
	status = bci_coverage_store(writer->txn, tables, series->head.id,
	                            &before, &set, &series->record, err);
done:
	bci_intervals_free(&before);
	bci_intervals_free(&set);
	return status;
}

/* Say what is known after an append. */
static enum bc_status
growth_know(struct growth *growth, struct bc_error *err)
{
	struct bci_series_record *record = &growth->series.record;
	const struct bci_series_record before = *record;
	const struct growth_known known = growth_known(growth);

	if (known.renews)
		record->open_from_ns = record->open_to_ns = 0;
	if (!growth_extend(growth, &known))
		return growth_know_all(growth, &known, &before, err);
	growth->known_changed |= memcmp(record, &before, sizeof(before)) != 0;
	return BC_OK;
}

/* ---- freshness --------------------------------------------------------- */

/*
 * Say until when what is open is fresh, if it was fetched just now.  Where that
 * is all that is new, what was made of the series stays valid.
 */
static enum bc_status
growth_freshen(struct growth *growth, struct bc_error *err)
{
	const struct bci_operation *operation = growth->operation;
	struct bci_series *series = &growth->series;
	const struct bci_series_record before = series->record;
	enum bc_status status = BC_OK;

	if (before.open_from_ns >= before.open_to_ns)
		series->record.refresh_ns = series->record.fetched_ns = 0;
	else if (growth->edit.open && growth->edit.ends_open)
		status = bci_expire_refresh(
			series->writer, series->key, operation->ttl_ns,
			operation->refresh_ns, &series->record, err);
	if (before.refresh_ns == series->record.refresh_ns &&
	    before.fetched_ns == series->record.fetched_ns)
		return status;
	series->same = !growth->edit.changed && !growth->known_changed;
	growth->known_changed = true;
	return status;
}

/* ---- details ----------------------------------------------------------- */

static enum bc_status
growth_detail(struct growth *growth, bool existed, struct bc_error *err)
{
	const struct bci_operation *operation = growth->operation;
	struct bci_writer *writer = growth->series.writer;
	struct bci_detail_record detail = {
		.version = BCI_RECORD_VERSION,
		.created_ns = writer->now_ns,
	};
	enum bc_status status = BC_MISS;

	if (existed && !growth->series.frame && operation->dataset_id == 0 &&
	    operation->cost_ns == 0 && operation->suspect_rows == 0)
		return BC_OK;
	if (existed)
		status = bci_detail_load(writer->txn, &writer->env->tables,
		                         growth->series.head.id, &detail);
	if (status != BC_OK && status != BC_MISS && status != BC_CORRUPT)
		return bci_fail(err, status, "the details of %s",
		                growth->series.key);
	detail.updated_ns = writer->now_ns;
	if (operation->dataset_id != 0)
		detail.dataset_id = operation->dataset_id;
	if (operation->cost_ns != 0)
		detail.cost_ns = operation->cost_ns;
	detail.suspect_rows += operation->suspect_rows;
	memset(detail.digest, 0, sizeof(detail.digest));
	return bci_detail_change(writer->txn, &writer->env->tables,
	                         growth->series.head.id,
	                         &writer->env->allocator, &detail, err);
}

/* ---- the whole --------------------------------------------------------- */

static enum bc_status
growth_append(struct growth *growth, struct bc_error *err)
{
	const struct bci_operation *operation = growth->operation;
	enum bc_status status = BC_OK;

	if (operation->value.rows != 0)
		status = bci_edit_take(&growth->edit, operation, err);
	if (status == BC_OK)
		status = bci_edit_merge(&growth->edit, err);
	if (status == BC_OK)
		status = bci_series_begin(&growth->series, err);
	if (status == BC_OK)
		status = growth_know(growth, err);
	if (status == BC_OK)
		status = growth_freshen(growth, err);
	return status;
}

static enum bc_status
growth_cut(struct growth *growth, struct bc_error *err)
{
	const struct bci_operation *operation = growth->operation;
	enum bc_status status;

	if (!growth->series.exists)
		return BC_OK;
	status = bci_edit_cut(&growth->edit, operation->from_ns,
	                      operation->to_ns, err);
	if (status == BC_OK) {
		const struct bci_series_record stored = growth->series.record;

		status = growth_know_all(growth, NULL, &stored, err);
	}
	return status != BC_OK ? status : growth_freshen(growth, err);
}

static void
growth_report(const struct growth *growth, struct bci_operation *operation)
{
	if (operation->counts != NULL) {
		*operation->counts = growth->edit.counts;
		operation->counts->suspect = operation->suspect_rows;
	}
	if (operation->removed != NULL)
		*operation->removed = growth->edit.removed;
	operation->existed = growth->series.exists;
}

/* Labels of what is appended; they may be all that is new. */
static enum bc_status
growth_label(struct growth *growth, bool existed, bool *changed,
             struct bc_error *err)
{
	struct bci_series *series = &growth->series;
	const struct bci_operation *operation = growth->operation;
	bool grows = growth->edit.changed || growth->known_changed;
	uint16_t stored = series->entry.head.flags;
	enum bc_status status;

	if (operation->deed != BCI_APPEND || !(existed || grows))
		return BC_OK;
	status = bci_labelling_apply(series->writer, operation, series->head.id,
	                             &series->head.flags, changed, err);
	if (status != BC_OK || grows ||
	    ((stored ^ series->head.flags) & BCI_ENTRY_LABELLED) == 0)
		return status;
	return bci_entry_flag(series->writer, operation->key,
	                      operation->key_bytes, stored ^ BCI_ENTRY_LABELLED,
	                      err);
}

enum bc_status
bci_growth_apply(struct bci_writer *writer, struct bci_operation *operation,
                 bool *changed, struct bc_error *err)
{
	struct growth growth = { .operation = operation };
	struct bci_series *series = &growth.series;
	struct bci_edit *edit = &growth.edit;
	enum bc_status status;
	bool existed;

	*changed = false;
	status = bci_series_open(writer, operation->key, operation->key_bytes,
	                         series, err);
	existed = series->exists;
	bci_edit_open(edit, series);
	BCI_TRY(status);
	if (operation->deed == BCI_APPEND)
		BCI_TRY(growth_append(&growth, err));
	else
		BCI_TRY(growth_cut(&growth, err));
	growth_report(&growth, operation);
	BCI_TRY(growth_label(&growth, existed, changed, err));
	if (!edit->changed && !growth.known_changed)
		goto done;
	*changed = true;
	BCI_TRY(growth_detail(&growth, existed, err));
	BCI_TRY(bci_splice(edit, BCI_SPLICE_GROW, NULL, err));
	writer->counted[BCI_COUNT_PUTS] += operation->deed == BCI_APPEND;
	if (series->schema != NULL)
		writer->counted[BCI_COUNT_PUT_BYTES] +=
			(edit->counts.inserted + edit->counts.updated) *
			series->schema->row_bytes;
done:
	bci_edit_close(edit);
	bci_series_close(series);
	if (status == BC_OK && writer->overdrawn)
		status = bci_writer_make_room(writer, 1, 0, 0, err);
	writer->overdrawn = false;
	return status;
}
