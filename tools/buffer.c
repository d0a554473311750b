/* SPDX-License-Identifier: MIT */
/*
 * buffer.c - bytes that grow.
 *
 * By doubling, which costs no copy where it would matter: large blocks are
 * moved by the kernel, page by page.
 *
 * A file is mapped rather than copied, as memory that is new to the process
 * costs more than anything else that is done with a text.  The kernel answers
 * reading what somebody has cut off with SIGBUS.
 */
#include "buffer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "error.h"
#include "input.h"
#include "mapping.h"
#include "tool.h"

#define BUFFER_FIRST 65536

/* From here on mapping a file is cheaper than reading it. */
#define BUFFER_MAPPED 65536

bool
buffer_room(struct buffer *buffer, uint64_t capacity, struct bc_error *err)
{
	char *data;

	if (capacity <= buffer->capacity && buffer->data != NULL)
		return true;
	data = realloc(buffer->data, capacity != 0 ? capacity : 1);
	if (data == NULL) {
		bci_fail(err, BC_NOMEM, "no memory for %llu bytes",
		         (unsigned long long)capacity);
		return false;
	}
	bci_map_large(data, capacity);
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

uint64_t buffer_limit = INPUT_BYTES_MAX;
int buffer_signals = -1;

bool
buffer_fits(const struct buffer *buffer, struct bc_error *err)
{
	if (buffer->bytes <= buffer_limit)
		return true;
	bci_fail(err, BC_TOO_LARGE, "larger than %llu bytes",
	         (unsigned long long)buffer_limit);
	return false;
}

bool
buffer_grow(struct buffer *buffer, struct bc_error *err)
{
	uint64_t capacity = buffer->capacity * 2;

	if (buffer->bytes < buffer->capacity)
		return true;
	if (!buffer_fits(buffer, err))
		return false;
	if (capacity < BUFFER_FIRST)
		capacity = BUFFER_FIRST;
	if (capacity > buffer_limit)
		capacity = buffer_limit + 1;
	return buffer_room(buffer, capacity, err);
}

/* The file that is mapped, of which there is one at a time. */
static struct {
	const char *begin, *end, *path;
} buffer_file;

/* End the run if it reads what was cut off from the file. */
static void
buffer_cut_short(int signal_number, siginfo_t *info, void *context)
{
	static const char text[] = ": it was cut short while it was read\n";
	const char *at = info->si_addr;

	(void)context;
	if (at >= buffer_file.begin && at < buffer_file.end &&
	    write(STDERR_FILENO, "barcache: ", 10) > 0 &&
	    write(STDERR_FILENO, buffer_file.path, strlen(buffer_file.path)) >
	            0 &&
	    write(STDERR_FILENO, text, sizeof(text) - 1) > 0)
		_exit(TOOL_CANNOT);
	signal(signal_number, SIG_DFL);
}

/* Map a file; false if that is not possible. */
static bool
buffer_map(struct buffer *buffer, int fd, uint64_t bytes, const char *path)
{
	struct sigaction action = { .sa_sigaction = buffer_cut_short,
		                    .sa_flags = SA_SIGINFO };
	void *memory = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);

	if (memory == MAP_FAILED)
		return false;
	*buffer = (struct buffer){ memory, bytes, bytes, true };
	buffer_file.begin = buffer->data;
	buffer_file.end = buffer->data + bytes;
	buffer_file.path = path;
	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, NULL);
	return true;
}

bool
buffer_refuse(struct bc_error *err, int os_errno)
{
	/* BC_ABSENT would be the word for a cache that is not there. */
	if (bci_fail_os(err, os_errno, "cannot be read") == BC_ABSENT)
		err->status = BC_IO;
	return false;
}

/* Wait until there is something to read; false if the run is to end. */
static bool
buffer_wait(int fd, struct bc_error *err)
{
	struct pollfd polled[] = { { .fd = fd, .events = POLLIN },
		                   { .fd = buffer_signals, .events = POLLIN } };

	if (buffer_signals < 0 || poll(polled, 2, -1) < 0 ||
	    polled[1].revents == 0)
		return true;
	bci_fail(err, BC_BUSY, "interrupted");
	return false;
}

/* Read descriptor 'fd' to its end. */
static bool
buffer_read(struct buffer *buffer, int fd, struct bc_error *err)
{
	ssize_t got;

	do {
		if (!buffer_grow(buffer, err) || !buffer_wait(fd, err))
			return false;
		got = read(fd, buffer->data + buffer->bytes,
		           buffer->capacity - buffer->bytes);
		if (got > 0)
			buffer->bytes += (uint64_t)got;
		else if (got < 0 && errno != EINTR)
			return buffer_refuse(err, errno);
	} while (got != 0);
	return true;
}

uint64_t
buffer_expect(int fd, const struct stat *info)
{
	return S_ISREG(info->st_mode) && lseek(fd, 0, SEEK_CUR) == 0
	               ? (uint64_t)info->st_size
	               : 0;
}

bool
buffer_load(struct buffer *buffer, int fd, const struct stat *info,
            const char *path, struct bc_error *err)
{
	uint64_t bytes = buffer_expect(fd, info);

	if (bytes >= BUFFER_MAPPED && buffer_map(buffer, fd, bytes, path))
		return true;
	return buffer_room(buffer, bytes + 1, err) &&
	       buffer_read(buffer, fd, err);
}

void
buffer_free(struct buffer *buffer)
{
	if (buffer->mapped) {
		munmap(buffer->data, buffer->capacity);
		buffer_file.begin = buffer_file.end = NULL;
	} else {
		free(buffer->data);
	}
	*buffer = (struct buffer){ 0 };
}
