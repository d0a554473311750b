/* SPDX-License-Identifier: MIT */
/*
 * make.c - writes packed segments for the reader in Python, and what they were
 * made of.
 *
 * usage: pack_make DIRECTORY
 *
 * NAME.pack is a segment; NAME.values its columns one after the other, each
 * after the type (u8) of its elements and their number (u64).
 */
#include "barcache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "specimen.h"

static void
fail(const char *what)
{
	fprintf(stderr, "pack_make: %s\n", what);
	exit(1);
}

static FILE *
make_open(const char *directory, const char *name, const char *suffix)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.%s", directory, name, suffix);
	file = fopen(path, "wb");
	if (file == NULL)
		fail(path);
	return file;
}

static void
make_write(FILE *file, const void *data, size_t bytes)
{
	if (bytes > 0 && fwrite(data, bytes, 1, file) != 1)
		fail("cannot write");
}

static void
make_values(const char *directory, const char *name,
            const struct specimen *table)
{
	FILE *file = make_open(directory, name, "values");

	for (uint32_t i = 0; i < table->count; i++) {
		uint8_t type = (uint8_t)table->columns[i].type;

		make_write(file, &type, sizeof(type));
		make_write(file, &table->rows, sizeof(table->rows));
		make_write(file, table->columns[i].values,
		           specimen_column_bytes(table, i));
	}
	if (fclose(file) != 0)
		fail("cannot write");
}

static void
make_pack(const char *directory, const char *name, const struct specimen *table)
{
	const struct bci_pack_options options = { .level = 0 };
	uint64_t room =
		bci_pack_bound(table->columns, table->count, table->rows);
	unsigned char *out = malloc(room);
	void *work = malloc(bci_pack_encode_work());
	FILE *file = make_open(directory, name, "pack");
	struct bc_error err;
	uint64_t bytes;

	if (out == NULL || work == NULL)
		fail("no memory");
	if (bci_pack_encode(&options, table->columns, table->count, table->rows,
	                    work, out, room, &bytes, &err) != BC_OK)
		fail(err.message);
	make_write(file, out, bytes);
	if (fclose(file) != 0)
		fail("cannot write");
	free(work);
	free(out);
}

static void
make_one(const char *directory, enum specimen_kind kind, uint64_t rows,
         enum bci_codec codec)
{
	struct specimen table;
	char name[64];

	snprintf(name, sizeof(name), "%s-%llu-%d", specimen_name(kind),
	         (unsigned long long)rows, (int)codec);
	specimen_make(&table, kind, rows, 2 * rows + (uint64_t)kind);
	for (uint32_t i = 0; i < table.count; i++)
		table.columns[i].codec = codec;
	make_pack(directory, name, &table);
	make_values(directory, name, &table);
	specimen_free(&table);
}

int
main(int argc, char **argv)
{
	static const uint64_t rows[] = { 0, 1, 40, 1024, 2100 };

	if (argc != 2)
		fail("usage: pack_make DIRECTORY");
	for (int kind = 0; kind < SPECIMEN_KINDS; kind++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			make_one(argv[1], (enum specimen_kind)kind, rows[i],
			         BCI_CODEC_AUTO);
		for (int codec = 0; codec < BCI_CODECS; codec++)
			make_one(argv[1], (enum specimen_kind)kind, 300,
			         (enum bci_codec)codec);
	}
	return 0;
}
