/* SPDX-License-Identifier: MIT */
/*
 * lock.c - OFD byte locks with deadlines.
 *
 * fcntl() offers no deadline, so waiting is polling: every 50 us at first,
 * every millisecond in the end.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>

#include "clock.h"
#include "control.h"
#include "lock.h"

#define POLL_FIRST_NS 50000
#define POLL_LAST_NS 1000000

static int
lock_command(int fd, int command, short type, uint64_t at)
{
	struct flock lock = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = (off_t)at,
		.l_len = 1,
	};
	int result;

	do
		result = fcntl(fd, command, &lock);
	while (result != 0 && errno == EINTR);
	if (result == 0)
		return 0;
	return errno == EACCES ? EAGAIN : errno;
}

int
bci_lock_try(int fd, uint64_t at, enum bci_lock_kind kind)
{
	return lock_command(fd,
	                    BCI_CONTROL(process_locks) ? F_SETLK : F_OFD_SETLK,
	                    kind == BCI_LOCK_SHARED ? F_RDLCK : F_WRLCK, at);
}

void
bci_lock_release(int fd, uint64_t at)
{
	(void)lock_command(fd, F_OFD_SETLK, F_UNLCK, at);
}

/* Poll for byte 'at' until the deadline. */
static int
lock_poll(int fd, uint64_t at, enum bci_lock_kind kind, int64_t deadline_ns)
{
	int64_t pause_ns = POLL_FIRST_NS;
	int error;

	for (;;) {
		error = bci_lock_try(fd, at, kind);
		if (error != EAGAIN)
			return error;
		if (bci_clock_monotonic_ns() >= deadline_ns)
			return EAGAIN;
		bci_clock_sleep_ns(pause_ns);
		if (pause_ns < POLL_LAST_NS)
			pause_ns *= 2;
	}
}

int
bci_lock_gated(int fd, uint64_t at, enum bci_lock_kind kind,
               int64_t deadline_ns)
{
	int error = lock_poll(fd, at + 1, kind, deadline_ns);

	if (error != 0)
		return error;
	error = lock_poll(fd, at, kind, deadline_ns);
	bci_lock_release(fd, at + 1);
	return error;
}

bool
bci_lock_is_held(int fd, uint64_t at)
{
	struct flock lock = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)at,
		.l_len = 1,
	};

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}
