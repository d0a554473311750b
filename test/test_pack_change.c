/* SPDX-License-Identifier: MIT */
/*
 * test_pack_change.c - packed bytes that another process changes while they are
 * opened and decoded, as those of a mapped file may be.  What comes of it is
 * refused or some values; memory that is not theirs is never touched.
 */
#include "barcache.h"

#include <stdatomic.h>

#include "pack/victim.h"

#define ROWS 1500
#define ROUNDS 1000
#define CHANGES (UINT64_C(1) << 32)

struct change {
	unsigned char *bytes;
	size_t length;
	_Atomic uint64_t *done;
	atomic_bool *stop;
};

/* Flip a bit and back, most often one of header, plan or index. */
static void
change_bytes(void *argument)
{
	const struct change *change = argument;
	uint64_t seed = 1;

	for (uint64_t i = 0; i < CHANGES && !atomic_load(change->stop); i++) {
		uint64_t random = specimen_random(&seed);
		size_t at = (random >> 8) % (i % 4 > 0 ? 256 : change->length);
		volatile unsigned char *byte;
		unsigned char before;

		if (at >= change->length)
			continue;
		byte = &change->bytes[at];
		before = *byte;
		*byte = (unsigned char)(before ^ 1u << random % 8);
		atomic_store(change->done, i + 1);
		*byte = before;
	}
}

/* Read a table again and again while its bytes change, then once more. */
static void
read_changing(struct victim *victim)
{
	struct change change = {
		.bytes = victim_restore(victim),
		.length = victim->damaged.length,
		.done = test_shared(sizeof(*change.done)),
		.stop = test_shared(sizeof(*change.stop)),
	};
	struct bci_pack pack;
	pid_t child;

	packing_open(&victim->damaged, &pack);
	pack.verify = false;
	child = test_child_start(change_bytes, &change);
	while (atomic_load(change.done) == 0)
		test_sleep_ms(1);
	for (unsigned i = 0; i < ROUNDS; i++) {
		enum bc_status status = bci_pack_decode(
			&pack, 0, ROWS, victim->out, victim->work, NULL);

		assert_true(status == BC_OK || status == BC_CORRUPT);
		(void)victim_read(victim, change.bytes, change.length);
	}
	atomic_store(change.stop, true);
	assert_int_equal(test_child_wait(child), 0);
	assert_int_equal(bci_pack_decode(&pack, 0, ROWS, victim->out,
	                                 victim->work, NULL),
	                 BC_OK);
	assert_true(victim_same(victim));
}

static void
another_process_does_no_harm(void **state)
{
	(void)state;
	for (size_t i = 0; i < VICTIM_KINDS; i++) {
		struct victim victim = { .work = NULL };

		victim_make(&victim, victim_kinds[i], ROWS);
		read_changing(&victim);
		victim_free(&victim);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_process_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
