/* SPDX-License-Identifier: MIT */
/*
 * replay.c - runs a fuzz target on every file of the directories and files it
 * is given, so that what a fuzzer once found stays a test.
 *
 * Each input is copied to memory of exactly its size, as libFuzzer does, so
 * that a sanitizer sees a read behind the end.  With "-v N" in front, N
 * variants of each are run, too: by chance, but the same ones each time, bytes
 * and lines of it are changed, left out, repeated and moved.
 */
#include "target.h"

#include "check.h"

#include <dirent.h>
#include <sys/stat.h>

#define CHANGES 4 /* at most, in a variant */

static unsigned variants;

static uint64_t
replay_random(uint64_t *state)
{
	uint64_t word = *state += UINT64_C(0x9e3779b97f4a7c15);

	word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
	return word ^ word >> 31;
}

/* A stretch of the text: a few bytes, or the line that they are in. */
static void
replay_stretch(const uint8_t *text, size_t bytes, uint64_t word, size_t *from,
               size_t *count)
{
	size_t begin = (size_t)(word >> 8) % bytes, end;

	if (word % 2 == 0) {
		*from = begin;
		*count = bci_min(1 + (size_t)(word >> 3) % 5, bytes - begin);
		return;
	}
	while (begin > 0 && text[begin - 1] != '\n')
		begin--;
	for (end = begin; end < bytes && text[end] != '\n'; end++)
		continue;
	*from = begin;
	*count = bci_min(end + 1, bytes) - begin;
}

/* One change to a text that has room for as much again and 8 bytes. */
static size_t
replay_change(uint8_t *text, size_t bytes, uint64_t *state)
{
	static const char marks[] =
		",;\t \n\"'.:-+/#0123456789TZeENn[]{}\0\377";
	uint64_t word = replay_random(state);
	size_t from, count, to;

	if (bytes == 0)
		return 0;
	replay_stretch(text, bytes, replay_random(state), &from, &count);
	switch (word % 6) {
	case 0: /* out */
		memmove(text + from, text + from + count, bytes - from - count);
		return bytes - count;
	case 1: /* twice */
		memmove(text + from + count, text + from, bytes - from);
		return bytes + count;
	case 2: /* over another place */
		to = (size_t)(word >> 8) % bytes;
		memmove(text + to, text + from, bci_min(count, bytes - to));
		return bytes;
	case 3: /* a mark between */
		memmove(text + from + 1, text + from, bytes - from);
		text[from] = (uint8_t)marks[(word >> 8) % (sizeof(marks) - 1)];
		return bytes + 1;
	case 4: /* a bit */
		text[from] ^= (uint8_t)(1u << (word >> 8) % 8);
		return bytes;
	default: /* a mark, or an end */
		if ((word >> 16) % 16 == 0)
			return from;
		text[from] = (uint8_t)marks[(word >> 8) % (sizeof(marks) - 1)];
		return bytes;
	}
}

/* Run variants of an input; false without memory. */
static bool
replay_variants(const uint8_t *data, size_t bytes)
{
	uint64_t state = bytes;
	uint8_t *text, *exact;
	size_t now;

	for (unsigned i = 0; i < variants; i++) {
		text = malloc((bytes + 8) << CHANGES);
		if (text == NULL)
			return false;
		memcpy(text, data, now = bytes);
		for (uint64_t k = 1 + replay_random(&state) % CHANGES; k > 0;
		     k--)
			now = replay_change(text, now, &state);
		exact = malloc(now != 0 ? now : 1);
		if (exact != NULL) {
			memcpy(exact, text, now);
			LLVMFuzzerTestOneInput(exact, now);
		}
		free(exact);
		free(text);
	}
	return true;
}

/* Of a case of test/dialect keep what is in its file: lines behind "> ". */
static size_t
replay_case(uint8_t *data, size_t bytes)
{
	size_t kept = 0, end;

	for (size_t at = 0; at < bytes; at = end + 1) {
		for (end = at; end < bytes && data[end] != '\n'; end++)
			continue;
		if (end - at < 2 || data[at] != '>' || end == bytes)
			continue;
		memmove(data + kept, data + at + 2, end + 1 - at - 2);
		kept += end + 1 - at - 2;
	}
	return kept;
}

/* Run the target on one file; false if it cannot be read. */
static bool
replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	struct stat info;
	bool done = false;
	size_t bytes;

	if (file == NULL || fstat(fileno(file), &info) != 0)
		goto done;
	bytes = (size_t)info.st_size;
	data = malloc(bytes != 0 ? bytes : 1);
	if (data == NULL || fread(data, 1, bytes, file) != bytes)
		goto done;
	if (strstr(path, ".dialect") != NULL)
		bytes = replay_case(data, bytes);
	LLVMFuzzerTestOneInput(data, bytes);
	done = replay_variants(data, bytes);
done:
	free(data);
	if (file != NULL)
		fclose(file);
	if (!done)
		fprintf(stderr, "replay: cannot read %s\n", path);
	return done;
}

/* Run it on every file of a directory; returns their number, or -1. */
static int
replay_directory(DIR *directory, const char *path)
{
	const struct dirent *entry;
	char name[4096];
	int count = 0;

	while ((entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (!replay_file(name))
			return -1;
		count++;
	}
	return count;
}

int
main(int argc, char **argv)
{
	int total = 0, first = 1;

	if (argc > 2 && strcmp(argv[1], "-v") == 0) {
		variants = (unsigned)strtoul(argv[2], NULL, 10);
		first = 3;
	}
	for (int i = first; i < argc; i++) {
		DIR *directory = opendir(argv[i]);
		int count;

		if (directory == NULL) {
			count = replay_file(argv[i]) ? 1 : -1;
		} else {
			count = replay_directory(directory, argv[i]);
			closedir(directory);
		}
		if (count < 0)
			return EXIT_FAILURE;
		total += count;
	}
	printf("%d inputs\n", total);
	return total > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
