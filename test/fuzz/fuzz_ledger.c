/* SPDX-License-Identifier: MIT */
/*
 * fuzz_ledger.c - a ledger that was changed: nothing that is stored may be lost
 * or served otherwise, and nobody may be sent past the end of the file.
 *
 * An input is what is done with the cache afterwards, and changes to the areas
 * of the ledger.
 */
#include "stage.h"

#include "ledger.h"

enum how {
	SHORTER = 1,  /* the file is cut short */
	ANOTHER = 2,  /* rather than being as it was it is random, */
	SAVE_HEAD = 4 /* but for what says that it is of this cache */
};

/* Where edits go: the areas, as far as they are on the disk. */
static void
change_part(struct edits *edits, struct shelf_file *file)
{
	const struct shelf_part *part;
	unsigned which = (unsigned)edits_number(edits, 1);
	size_t from = 0, bytes;

	part = &file->parts[which / 8 % file->part_count];
	bytes = part->count;
	if (part->offset == 0) {
		static const size_t begins[] = { 0, BCI_LEDGER_PAST_AT,
			                         BCI_LEDGER_ROWS_AT,
			                         BCI_LEDGER_ROWS_AT + 256 };
		static const size_t sizes[] = {
			sizeof(struct bci_ledger_header),
			BC_OPS * sizeof(struct bci_histogram), 256,
			sizeof(struct bci_row) - 256
		};

		from = begins[which % 4];
		bytes = sizes[which % 4];
	}
	edits_change(edits, part->bytes + from, bytes);
}

/* All of it random, from a seed. */
static void
scramble(struct shelf_file *file, uint64_t seed, bool save)
{
	for (size_t i = 0; i < file->part_count; i++) {
		struct shelf_part *part = &file->parts[i];
		uint64_t at = save && part->offset == 0 ? 16 : 0;

		for (; at + 8 <= part->count; at += 8) {
			uint64_t word = test_mix(seed, part->offset + at);

			memcpy(part->bytes + at, &word, 8);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct edits edits = { data, data + bytes };
	struct shelf *shelf = stage_begin();
	struct shelf_file *file = shelf_find(shelf, BCI_LEDGER_FILE);
	struct shelf_file saved = *file;
	unsigned which = (unsigned)edits_number(&edits, 2);
	unsigned how = (unsigned)edits_number(&edits, 1);

	for (size_t i = 0; i < file->part_count; i++) {
		file->parts[i].bytes = malloc(file->parts[i].count);
		CHECK(file->parts[i].bytes != NULL);
		memcpy(file->parts[i].bytes, saved.parts[i].bytes,
		       file->parts[i].count);
	}
	if (how & ANOTHER)
		scramble(file, edits_number(&edits, 4), how & SAVE_HEAD);
	if (how & SHORTER)
		file->bytes = edits_number(&edits, 4) % file->bytes;
	while (edits_left(&edits))
		change_part(&edits, file);
	shelf_store(shelf);
	for (size_t i = 0; i < file->part_count; i++)
		free(file->parts[i].bytes);
	*file = saved;
	stage_use(which, true, true);
	return 0;
}
