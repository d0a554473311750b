/* SPDX-License-Identifier: MIT */
/*
 * replay.c - runs a fuzz target on every file of the directories and files it
 * is given, so that what a fuzzer once found stays a test.
 *
 * Each input is copied to memory of exactly its size, as libFuzzer does, so
 * that a sanitizer sees a read behind the end.
 */
#include "target.h"

#include <dirent.h>
#include <sys/stat.h>

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
	LLVMFuzzerTestOneInput(data, bytes);
	done = true;
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
	int total = 0;

	for (int i = 1; i < argc; i++) {
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
