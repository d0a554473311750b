/* SPDX-License-Identifier: MIT */
/*
 * packing.c - see packing.h.
 */
#include "packing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DIRT 0xA5

static size_t
guarded_pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

/*
 * The memory ends at the page that is not there; to keep values aligned it
 * ends up to 7 bytes before.
 */
void *
guarded_make(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages;
	unsigned char *memory;

	bytes = (bytes + 7) / 8 * 8;
	pages = guarded_pages(bytes);
	memory = mmap(NULL, pages + page, PROT_READ | PROT_WRITE,
	              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(memory != MAP_FAILED);
	require(mprotect(memory + pages, page, PROT_NONE) == 0);
	memset(memory, DIRT, pages);
	return memory + pages - bytes;
}

void
guarded_free(void *memory, size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages;

	if (memory == NULL)
		return;
	bytes = (bytes + 7) / 8 * 8;
	pages = guarded_pages(bytes);
	munmap((unsigned char *)memory + bytes - pages, pages + page);
}

void
packing_make(struct packing *packing, const struct specimen *table,
             unsigned saving, const struct bci_kernel *kernel)
{
	const struct bci_pack_options options = { .saving = saving,
		                                  .kernel = kernel };

	packing_make_as(packing, table, &options);
}

void
packing_make_as(struct packing *packing, const struct specimen *table,
                const struct bci_pack_options *options)
{
	uint64_t room =
		bci_pack_bound(table->columns, table->count, table->rows);
	size_t work_bytes = bci_pack_encode_work();
	unsigned char *out = guarded_make(room);
	void *work = guarded_make(work_bytes);
	struct bc_error err = { 0 };
	uint64_t bytes;

	assert_status(bci_pack_encode(options, table->columns, table->count,
	                              table->rows, work, out, room, &bytes,
	                              &err),
	              BC_OK, &err);
	packing->length = bytes;
	packing->bytes = guarded_make(bytes);
	memcpy(packing->bytes, out, bytes);
	guarded_free(work, work_bytes);
	guarded_free(out, room);
}

void
packing_free(struct packing *packing)
{
	guarded_free(packing->bytes, packing->length);
	packing->bytes = NULL;
}

void
packing_open(const struct packing *packing, struct bci_pack *pack)
{
	struct bc_error err = { 0 };

	assert_status(
		bci_pack_open(packing->bytes, packing->length, pack, &err),
		BC_OK, &err);
}

/* What lies before and behind was not written. */
static void
packing_untouched(const unsigned char *memory, size_t bytes)
{
	size_t whole = (bytes + 7) / 8 * 8;

	if (whole != guarded_pages(whole))
		require(memory[-1] == DIRT);
	for (size_t i = bytes; i < whole; i++)
		require(memory[i] == DIRT);
}

void
packing_compare(const struct bci_pack *pack, const struct specimen *table,
                uint64_t first, uint64_t count, unsigned wanted)
{
	size_t work_bytes = bci_pack_decode_work();
	void *work = guarded_make(work_bytes);
	void *out[SPECIMEN_COLUMNS] = { NULL };
	struct bc_error err = { 0 };

	for (uint32_t i = 0; i < table->count; i++) {
		if (wanted >> i & 1)
			out[i] = guarded_make(
				count * bc_type_bytes(table->columns[i].type));
	}
	assert_status(bci_pack_decode(pack, first, count, out, work, &err),
	              BC_OK, &err);
	for (uint32_t i = 0; i < table->count; i++) {
		size_t element = bc_type_bytes(table->columns[i].type);
		const unsigned char *values = table->columns[i].values;
		const unsigned char *found = out[i];

		if (out[i] == NULL)
			continue;
		for (uint64_t j = 0; j < count * element; j++) {
			if (found[j] != values[first * element + j])
				fail_msg("column %u, row %llu differs", i,
				         (unsigned long long)(first +
				                              j / element));
		}
		packing_untouched(found, count * element);
		guarded_free(out[i], count * element);
	}
	guarded_free(work, work_bytes);
}

size_t
packing_round_trip(const struct specimen *table, unsigned saving)
{
	struct packing packing;
	struct bci_pack pack;
	size_t length;

	packing_make(&packing, table, saving, NULL);
	length = packing.length;
	if (length > 0) {
		packing_open(&packing, &pack);
		assert_int_equal(pack.rows, table->rows);
		assert_int_equal(pack.columns, table->count);
		packing_compare(&pack, table, 0, table->rows, UINT32_MAX);
	}
	packing_free(&packing);
	return length;
}
