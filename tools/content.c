/* SPDX-License-Identifier: MIT */
/*
 * content.c - a whole file as bytes.
 *
 * A regular file is mapped, so that a large one is not copied; pipes, standard
 * content and files of /proc, which say they are empty, are read to their end.
 */
#include "content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

/* Read descriptor 'fd' to its end. */
static bool
content_read(int fd, struct content *content)
{
	size_t capacity = 65536, used = 0;
	char *data = malloc(capacity);
	ssize_t got;

	while (data != NULL) {
		char *larger;

		got = read(fd, data + used, capacity - used);
		if (got == 0) {
			content->data = data;
			content->bytes = used;
			return true;
		}
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		used += (size_t)got;
		if (used < capacity)
			continue;
		larger = realloc(data, capacity *= 2);
		if (larger == NULL)
			break;
		data = larger;
	}
	free(data);
	return false;
}

/* Map the file, or read it; false with errno. */
static bool
content_take(int fd, struct content *content)
{
	struct stat stat;
	void *memory;

	if (fstat(fd, &stat) != 0)
		return false;
	if (!S_ISREG(stat.st_mode) || stat.st_size == 0 ||
	    lseek(fd, 0, SEEK_CUR) != 0)
		return content_read(fd, content);
	memory =
		mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (memory == MAP_FAILED)
		return content_read(fd, content);
	madvise(memory, (size_t)stat.st_size, MADV_SEQUENTIAL);
	content->data = memory;
	content->bytes = (uint64_t)stat.st_size;
	content->mapped = true;
	return true;
}

bool
content_open(const char *path, struct content *content, struct bc_error *err)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	bool good;

	*content = (struct content){ 0 };
	good = fd >= 0 && content_take(fd, content);
	/* BC_ABSENT would be the word for a cache that is not there. */
	if (!good && bci_fail_os(err, errno, "cannot be read") == BC_ABSENT)
		err->status = BC_IO;
	if (fd >= 0 && !standard)
		close(fd);
	return good;
}

void
content_close(struct content *content)
{
	if (content->mapped)
		munmap((void *)(uintptr_t)content->data, content->bytes);
	else
		free((void *)(uintptr_t)content->data);
	*content = (struct content){ 0 };
}
