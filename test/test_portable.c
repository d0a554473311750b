/* SPDX-License-Identifier: MIT */
/*
 * test_portable.c - the packed form is the same on every path, for every
 * compiler, in every thread and whatever the host did to floating point.
 */
#include "barcache.h"

#include <fenv.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "hash.h"
#include "pack/packing.h"

#define ALL 0xFFFFu

/* ------------------------------------------------------------------------ */
/*  Paths                                                                   */
/* ------------------------------------------------------------------------ */

/* Every path writes the bytes of every other and reads them. */
static void
all_paths_write_the_same_and_read_each_other(void **state)
{
	(void)state;
	for (int kind = 0; kind < SPECIMEN_KINDS; kind++) {
		struct packing packing[BCI_PATHS] = { { NULL, 0 } };
		struct specimen table;

		specimen_make(&table, (enum specimen_kind)kind, 3333, 21);
		for (int i = 0; i < BCI_PATHS; i++) {
			const struct bci_kernel *kernel =
				bci_kernel_of((enum bci_path)i);
			struct bci_pack pack;

			if (kernel == NULL) {
				if (kind == 0)
					print_message("path %d skipped: not "
					              "on this processor\n",
					              i);
				continue;
			}
			packing_make(&packing[i], &table, 0, kernel);
			assert_int_equal(packing[i].length, packing[0].length);
			assert_memory_equal(packing[i].bytes, packing[0].bytes,
			                    packing[0].length);
			packing_open(&packing[0], &pack);
			pack.kernel = kernel;
			packing_compare(&pack, &table, 0, table.rows, ALL);
			packing_compare(&pack, &table, 1000, 777, ALL);
		}
		for (int i = 0; i < BCI_PATHS; i++)
			packing_free(&packing[i]);
		specimen_free(&table);
	}
}

/* Hashes that every compiler and processor must come to. */
static void
bytes_are_those_of_all_other_builds(void **state)
{
	static const uint64_t expected[SPECIMEN_KINDS] = {
		0xdafb9bc2e48d40e1, 0xc1f86d202a8dd752, 0x03b68eaf63cf5189,
		0x5fd69f0f29ee2157, 0xace87a02a85aa814, 0x506bc0edb25a866b,
		0x3351c2297152538c, 0x0ae9c5490700df17, 0xde91713741eb14f5,
		0xf75247301e907344, 0xc6d9e7e9356e1ef7, 0x9c6e14eec74e6efc,
		0xe1fc3af24a50b710, 0x1df7f0bfd16642c0, 0x26b07e398746f3c2,
		0x71a71cd6fcb18cc1,
	};
	unsigned others = 0;

	(void)state;
	for (int kind = 0; kind < SPECIMEN_KINDS; kind++) {
		struct packing packing;
		struct specimen table;
		uint64_t sum;

		specimen_make(&table, (enum specimen_kind)kind, 2500, 99);
		/* LZ4 may find other matches in another release. */
		for (uint32_t i = 0; kind == SPECIMEN_TYPES && i < table.count;
		     i++)
			table.columns[i].codec = BCI_CODEC_DEC;
		packing_make(&packing, &table, 0, NULL);
		sum = bci_hash64(packing.bytes, packing.length);
		if (sum != expected[kind]) {
			print_message("%s: 0x%016llx\n",
			              specimen_name((enum specimen_kind)kind),
			              (unsigned long long)sum);
			others++;
		}
		packing_free(&packing);
		specimen_free(&table);
	}
	assert_int_equal(others, 0);
}

/* ------------------------------------------------------------------------ */
/*  The host                                                                */
/* ------------------------------------------------------------------------ */

/* Pack, and unpack, under the state that 'set' makes. */
static void
under(void (*set)(void), const struct specimen *table,
      const struct packing *expected)
{
	struct packing packing;
	struct bci_pack pack;

	for (int i = 0; i < BCI_PATHS; i++) {
		const struct bci_kernel *kernel =
			bci_kernel_of((enum bci_path)i);

		if (kernel == NULL)
			continue;
		set();
		packing_make(&packing, table, 0, kernel);
		packing_open(&packing, &pack);
		pack.kernel = kernel;
		packing_compare(&pack, table, 0, table->rows, ALL);
		fesetenv(FE_DFL_ENV);
		assert_int_equal(packing.length, expected->length);
		assert_memory_equal(packing.bytes, expected->bytes,
		                    packing.length);
		packing_free(&packing);
	}
}

static void
set_upward(void)
{
	fesetround(FE_UPWARD);
}

static void
set_to_zero(void)
{
	fesetround(FE_TOWARDZERO);
}

#if defined(__x86_64__)
static void
set_flushing(void)
{
	_mm_setcsr(_mm_getcsr() | 0x8040);
}

/* Traps for every exception. */
static void
set_trapping(void)
{
	_mm_setcsr(_mm_getcsr() & ~0x1F80u);
}
#elif defined(__aarch64__)
static void
set_flushing(void)
{
	uint64_t state;

	__asm__ volatile("mrs %0, fpcr" : "=r"(state));
	__asm__ volatile("msr fpcr, %0" ::"r"(state | UINT64_C(1) << 24));
}
#endif

static void
the_hosts_rounding_changes_nothing(void **state)
{
	static const enum specimen_kind kinds[] = {
		SPECIMEN_TICKS, SPECIMEN_STRAY, SPECIMEN_FLOATS, SPECIMEN_F32
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct packing packing;
		struct specimen table;

		specimen_make(&table, kinds[i], 2100, 31);
		if (kinds[i] == SPECIMEN_FLOATS)
			specimen_sprinkle(&table, 20, 21,
			                  3); /* A denormal float. */
		packing_make(&packing, &table, 0, NULL);
		under(set_upward, &table, &packing);
		under(set_to_zero, &table, &packing);
#if defined(__x86_64__) || defined(__aarch64__)
		under(set_flushing, &table, &packing);
#endif
#if defined(__x86_64__)
		under(set_trapping, &table, &packing);
#endif
		packing_free(&packing);
		specimen_free(&table);
	}
}

static void
the_hosts_rounding_is_given_back(void **state)
{
	struct specimen table;
	int rounding;
#if defined(__x86_64__)
	const unsigned set = 0x1F80 | 0x8040 | 0x6000;
	unsigned found;
#endif

	(void)state;
	specimen_make(&table, SPECIMEN_STRAY, 2100, 31);
	fesetround(FE_UPWARD);
	packing_round_trip(&table, 0);
	rounding = fegetround();
	fesetround(FE_TONEAREST);
	assert_int_equal(rounding, FE_UPWARD);
#if defined(__x86_64__)
	_mm_setcsr(set);
	packing_round_trip(&table, 0);
	found = _mm_getcsr();
	_mm_setcsr(0x1F80);
	assert_int_equal(found, set);
#endif
	specimen_free(&table);
}

/* Neither what memory held before, nor where it lies, shows in the bytes. */
static void
memory_that_was_used_changes_nothing(void **state)
{
	(void)state;
	for (int kind = 0; kind < SPECIMEN_KINDS; kind++) {
		const struct bci_pack_options options = { .saving = 0 };
		struct packing packing;
		struct specimen table;
		unsigned char *out;
		char *work = calloc(1, bci_pack_encode_work() + 1);
		uint64_t room, bytes;

		specimen_make(&table, (enum specimen_kind)kind, 2500, 40);
		packing_make(&packing, &table, 0, NULL);
		room = bci_pack_bound(table.columns, table.count, table.rows);
		out = calloc(1, room + 1);
		assert_int_equal(bci_pack_encode(&options, table.columns,
		                                 table.count, table.rows,
		                                 work + 1, out + 1, room,
		                                 &bytes, NULL),
		                 BC_OK);
		assert_int_equal(bytes, packing.length);
		assert_memory_equal(out + 1, packing.bytes, bytes);
		packing_free(&packing);
		specimen_free(&table);
		free(out);
		free(work);
	}
}

/* A reader of one segment among others. */
struct reader {
	pthread_t thread;
	const struct bci_pack *pack;
	const struct specimen *table;
	bool same;
};

static void *
reader_run(void *context)
{
	struct reader *reader = context;
	const struct specimen *table = reader->table;
	void *work = malloc(bci_pack_decode_work());
	void *out[SPECIMEN_COLUMNS] = { NULL };

	reader->same = true;
	for (uint32_t i = 0; i < table->count; i++)
		out[i] = malloc(specimen_column_bytes(table, i));
	for (int round = 0; round < 20; round++) {
		if (bci_pack_decode(reader->pack, 0, table->rows, out, work,
		                    NULL) != BC_OK)
			reader->same = false;
		for (uint32_t i = 0; i < table->count; i++) {
			if (memcmp(out[i], table->columns[i].values,
			           specimen_column_bytes(table, i)) != 0)
				reader->same = false;
		}
	}
	for (uint32_t i = 0; i < table->count; i++)
		free(out[i]);
	free(work);
	return NULL;
}

static void
threads_read_one_segment_at_once(void **state)
{
	struct reader readers[4];
	struct packing packing;
	struct bci_pack pack;
	struct specimen table;

	(void)state;
	specimen_make(&table, SPECIMEN_STRAY, 5000, 2);
	packing_make(&packing, &table, 0, NULL);
	packing_open(&packing, &pack);
	for (size_t i = 0; i < 4; i++) {
		readers[i].pack = &pack;
		readers[i].table = &table;
		assert_int_equal(pthread_create(&readers[i].thread, NULL,
		                                reader_run, &readers[i]),
		                 0);
	}
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
		assert_true(readers[i].same);
	}
	packing_free(&packing);
	specimen_free(&table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_paths_write_the_same_and_read_each_other),
		cmocka_unit_test(bytes_are_those_of_all_other_builds),
		cmocka_unit_test(memory_that_was_used_changes_nothing),
		cmocka_unit_test(threads_read_one_segment_at_once),
		cmocka_unit_test(the_hosts_rounding_changes_nothing),
		cmocka_unit_test(the_hosts_rounding_is_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
