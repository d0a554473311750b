/* SPDX-License-Identifier: MIT */
/*
 * process.c - a command that is run for what it prints.
 *
 * Its output goes to a file in memory, so that nobody has to read while it
 * runs, and what reads files reads this one.  Its errors come through a pipe,
 * of which the end is kept.  It has a process group of its own, which is ended
 * as a whole: a shell may have started others.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"

extern char **environ;

/* How often to look at what tells nothing by itself. */
#define PROCESS_TICK_NS (BCI_SECOND_NS / 10)

/* From asking it to end to ending it. */
#define PROCESS_GRACE_NS (2 * BCI_SECOND_NS)

/* A command that runs. */
struct process {
	pid_t pid;
	int output, errors; /* -1 once closed */
	bool exited;
	int status;
	int64_t deadline_ns; /* INT64_MAX: none */
	int64_t killed_ns;   /* when it was asked to end; 0: not yet */
	bool timed_out, cancelled, too_much;
	char said[PROCESS_SAID];
	size_t said_bytes;
};

/* ------------------------------------------------------------------------ */
/*  Starting                                                                */
/* ------------------------------------------------------------------------ */

/* A group of its own, no signal blocked, and an end where nobody reads. */
static int
process_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, pipe;
	int failed;

	sigemptyset(&none);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	failed = posix_spawnattr_init(attributes);
	if (failed != 0)
		return failed;
	posix_spawnattr_setpgroup(attributes, 0);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &pipe);
	return posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
				    POSIX_SPAWN_SETSIGDEF);
}

/* Returns 0 or an errno. */
static int
process_spawn(struct process *process, char *const *argv, int errors)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int failed = process_attributes(&attributes);

	if (failed != 0)
		return failed;
	failed = posix_spawn_file_actions_init(&actions);
	if (failed != 0)
		goto done;
	failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO,
	                                          "/dev/null", O_RDONLY, 0);
	if (failed == 0)
		failed = posix_spawn_file_actions_adddup2(
			&actions, process->output, STDOUT_FILENO);
	if (failed == 0)
		failed = posix_spawn_file_actions_adddup2(&actions, errors,
		                                          STDERR_FILENO);
	if (failed == 0)
		failed = posix_spawnp(&process->pid, argv[0], &actions,
		                      &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
done:
	posix_spawnattr_destroy(&attributes);
	return failed;
}

static enum bc_status
process_start(struct process *process, char *const *argv, struct bc_error *err)
{
	int errors[2], failed;

	process->output = memfd_create("barcache-update", MFD_CLOEXEC);
	if (process->output < 0)
		return bci_fail_os(err, errno,
		                   "no file for the output of a command");
	if (pipe2(errors, O_CLOEXEC) != 0)
		return bci_fail_os(err, errno,
		                   "no pipe for the errors of a command");
	failed = process_spawn(process, argv, errors[1]);
	close(errors[1]);
	process->errors = errors[0];
	if (failed == 0) {
		fcntl(process->errors, F_SETFL, O_NONBLOCK);
		return BC_OK;
	}
	process->exited = true;
	return bci_fail(err, BC_IO, "cannot run %s: %s", argv[0],
	                strerror(failed));
}

/* ------------------------------------------------------------------------ */
/*  Waiting                                                                 */
/* ------------------------------------------------------------------------ */

/* Take what it said, of which the end is kept. */
static void
process_listen(struct process *process)
{
	char piece[PROCESS_SAID / 2];
	ssize_t got;

	while ((got = read(process->errors, piece, sizeof(piece))) > 0) {
		size_t bytes = (size_t)got;
		size_t kept = process->said_bytes;

		if (kept + bytes > sizeof(process->said) - 1)
			kept = sizeof(process->said) - 1 - bytes;
		memmove(process->said,
		        process->said + process->said_bytes - kept, kept);
		memcpy(process->said + kept, piece, bytes);
		process->said_bytes = kept + bytes;
	}
	if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		close(process->errors);
		process->errors = -1;
	}
}

static bool
process_prints_too_much(const struct process *process)
{
	struct stat info;

	return fstat(process->output, &info) == 0 &&
	       (uint64_t)info.st_size > PROCESS_BYTES_MAX;
}

/* Ask it to end if there is a reason to, and then do not ask. */
static void
process_end(struct process *process, int64_t now_ns, bool cancelled)
{
	bool before = process->killed_ns != 0;

	if (!before) {
		process->cancelled = cancelled;
		process->timed_out = now_ns >= process->deadline_ns;
		process->too_much = process_prints_too_much(process);
		if (!cancelled && !process->timed_out && !process->too_much)
			return;
		process->killed_ns = now_ns;
		kill(-process->pid, SIGTERM);
	} else if (now_ns - process->killed_ns >= PROCESS_GRACE_NS) {
		kill(-process->pid, SIGKILL);
	}
}

/*
 * Wait for news of it: words, the end of its errors, which mostly is its own
 * end, a reason to end it, or nothing for a while.
 */
static bool
process_wait(const struct process *process, int cancel, int64_t now_ns,
             int64_t *pause_ns)
{
	struct pollfd polled[] = {
		{ .fd = process->errors, .events = POLLIN },
		{ .fd = process->killed_ns == 0 ? cancel : -1,
		  .events = POLLIN },
	};
	int64_t wait_ns = PROCESS_TICK_NS;
	struct timespec wait;

	if (process->killed_ns == 0 && process->deadline_ns - now_ns < wait_ns)
		wait_ns = process->deadline_ns - now_ns;
	/* Its errors have ended, so it is about to. */
	if (process->errors < 0) {
		if (wait_ns > *pause_ns)
			wait_ns = *pause_ns;
		*pause_ns = *pause_ns * 2;
	}
	if (wait_ns < 0)
		wait_ns = 0;
	wait = (struct timespec){ .tv_nsec = (long)wait_ns };
	ppoll(polled, 2, &wait, NULL);
	return polled[1].revents != 0;
}

static void
process_watch(struct process *process, int cancel)
{
	int64_t pause_ns = BCI_SECOND_NS / 10000;

	while (!process->exited) {
		int64_t now_ns = bci_clock_monotonic_ns();
		bool cancelled =
			process_wait(process, cancel, now_ns, &pause_ns);
		pid_t got;

		if (process->errors >= 0)
			process_listen(process);
		got = waitpid(process->pid, &process->status, WNOHANG);
		process->exited =
			got == process->pid || (got < 0 && errno != EINTR);
		if (!process->exited)
			process_end(process, bci_clock_monotonic_ns(),
			            cancelled);
	}
	if (process->errors >= 0)
		process_listen(process);
}

/* ------------------------------------------------------------------------ */
/*  The end                                                                 */
/* ------------------------------------------------------------------------ */

/* What came of it. */
static enum bc_status
process_judge(const struct process *process, const char *name,
              struct bc_error *err)
{
	int status = process->status;

	if (process->cancelled)
		return bci_fail(err, BC_IO, "interrupted");
	if (process->timed_out)
		return bci_fail(err, BC_IO, "%s took longer than --timeout",
		                name);
	if (process->too_much)
		return bci_fail(err, BC_IO,
		                "%s prints more than is taken at once: "
		                "--chunk asks for less",
		                name);
	if (WIFSIGNALED(status))
		return bci_fail(err, BC_IO, "%s was ended by signal %d", name,
		                WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return bci_fail(err, BC_IO, "%s exited with status %d", name,
		                WEXITSTATUS(status));
	return BC_OK;
}

enum bc_status
process_run(char *const *argv, int64_t timeout_ns, int cancel,
            struct process_result *result, struct bc_error *err)
{
	struct process process = { .output = -1,
		                   .errors = -1,
		                   .deadline_ns = INT64_MAX };
	enum bc_status status = process_start(&process, argv, err);

	*result = (struct process_result){ .output = -1 };
	if (timeout_ns != 0)
		process.deadline_ns = bci_clock_monotonic_ns() + timeout_ns;
	if (status == BC_OK) {
		process_watch(&process, cancel);
		status = process_judge(&process, argv[0], err);
	}
	memcpy(result->said, process.said, process.said_bytes);
	result->said[process.said_bytes] = '\0';
	result->cancelled = process.cancelled;
	if (process.errors >= 0)
		close(process.errors);
	if (status == BC_OK && lseek(process.output, 0, SEEK_SET) == 0)
		result->output = process.output;
	else if (process.output >= 0)
		close(process.output);
	return status;
}
