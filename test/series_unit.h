/* SPDX-License-Identifier: MIT */
/*
 * series_unit.h - a catalogue with records of series in it that no writer made.
 */
#ifndef BARCACHE_TEST_SERIES_UNIT_H
#define BARCACHE_TEST_SERIES_UNIT_H

#include "support.h"

#include <string.h>

#include "catalogue.h"

/* The fixture: a new catalogue, and a write transaction of it. */
extern struct series_unit {
	struct test_dir dir;
	int dir_fd;
	struct MDB_env *env;
	struct MDB_txn *txn;
	struct bci_tables tables;
} series_unit;

int series_unit_setup(void **state);
int series_unit_teardown(void **state);

/* A locator that is sane, of rows at first_ns and last_ns. */
struct bci_locator series_unit_locator(int64_t first_ns, int64_t last_ns);

/* Build the record of a series at 'room' (BCI_LEAF_BYTES); returns its size. */
size_t series_unit_record(unsigned char *room, uint64_t id,
                          const struct bci_series_record *series,
                          const struct bci_locator *newer, const void *tail,
                          size_t tail_bytes);

/* Set the sum of a series' record, whose lengths are right, to what it says. */
static inline void
series_unit_sign(const char *key, unsigned char *record)
{
	struct bci_series_record series;
	struct bci_entry_record head;

	memcpy(&head, record, sizeof(head));
	memcpy(&series, record + sizeof(head), sizeof(series));
	series.sum = bci_series_sum(key, strlen(key), &head, &series);
	memcpy(record + sizeof(head), &series, sizeof(series));
}

#endif /* BARCACHE_TEST_SERIES_UNIT_H */
