/* SPDX-License-Identifier: MIT */
/*
 * test_process.c - commands that are run for what they print: their output,
 * their end, and how they are ended.
 */
#include "barcache.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "process.h"
#include "support.h"

#define SECOND_NS INT64_C(1000000000)

static struct process_result result;
static struct bc_error err;

/* Run a script of sh. */
static enum bc_status
run(const char *script, int64_t timeout_ns, int cancel)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)script, NULL };

	memset(&result, 0xff, sizeof(result));
	return process_run(argv, timeout_ns, cancel, &result, &err);
}

/* What it printed, which is closed then. */
static void
check_output(const char *text)
{
	char got[256];
	ssize_t bytes = read(result.output, got, sizeof(got) - 1);

	assert_true(bytes >= 0);
	got[bytes] = '\0';
	assert_string_equal(got, text);
	close(result.output);
}

static void
the_output_is_a_file_at_its_beginning(void **state)
{
	(void)state;
	assert_int_equal(run("echo one; echo two", 0, -1), BC_OK);
	check_output("one\ntwo\n");
	assert_string_equal(result.said, "");
	assert_false(result.cancelled);
	assert_int_equal(run("true", 0, -1), BC_OK);
	check_output("");
}

static void
there_is_nothing_to_read_and_no_signal_is_held_back(void **state)
{
	sigset_t set, before;

	(void)state;
	assert_int_equal(run("cat", 0, -1), BC_OK);
	check_output("");
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &before);
	assert_int_equal(run("kill -TERM $$; echo alive", 0, -1), BC_IO);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_non_null(strstr(err.message, "signal 15"));
}

static void
a_status_other_than_0_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(run("echo bars; echo why >&2; exit 7", 0, -1), BC_IO);
	assert_string_equal(err.message, "sh exited with status 7");
	assert_string_equal(result.said, "why\n");
	assert_int_equal(result.output, -1);
}

static void
what_is_no_command_cannot_run(void **state)
{
	char *argv[] = { (char *)"/nosuch/command", NULL };

	(void)state;
	assert_int_equal(process_run(argv, 0, -1, &result, &err), BC_IO);
	assert_string_equal(
		err.message,
		"cannot run /nosuch/command: No such file or directory");
	assert_int_equal(result.output, -1);
}

static void
of_many_errors_the_last_are_kept(void **state)
{
	(void)state;
	assert_int_equal(run("i=0; while [ $i -lt 1000 ]; do"
	                     " echo line $i >&2; i=$((i+1)); done; exit 1",
	                     0, -1),
	                 BC_IO);
	assert_int_equal(strlen(result.said), PROCESS_SAID - 1);
	assert_string_equal(result.said + PROCESS_SAID - 1 - 9, "line 999\n");
}

static void
a_command_may_close_its_errors_and_go_on(void **state)
{
	(void)state;
	assert_int_equal(run("exec 2>&-; sleep 0.1; echo late", 0, -1), BC_OK);
	check_output("late\n");
}

static void
what_it_leaves_running_is_not_waited_for(void **state)
{
	(void)state;
	assert_int_equal(run("sleep 60 & echo done", 30 * SECOND_NS, -1),
	                 BC_OK);
	check_output("done\n");
}

static void
a_timeout_ends_all_of_it(void **state)
{
	char path[] = "/tmp/barcache-process-XXXXXX", script[128];
	int file = mkstemp(path);

	(void)state;
	assert_true(file >= 0);
	/* The file grows as long as the one in the background lives. */
	snprintf(script, sizeof(script),
	         "sh -c 'sleep 3; echo x >> %s' & sleep 60", path);
	assert_int_equal(run(script, SECOND_NS / 10, -1), BC_IO);
	assert_non_null(strstr(err.message, "--timeout"));
	assert_false(result.cancelled);
	sleep(4);
	assert_int_equal(lseek(file, 0, SEEK_END), 0);
	close(file);
	unlink(path);
}

static void
who_does_not_listen_is_killed(void **state)
{
	(void)state;
	assert_int_equal(run("trap '' TERM; while :; do sleep 0.1; done",
	                     SECOND_NS / 10, -1),
	                 BC_IO);
	assert_non_null(strstr(err.message, "--timeout"));
}

static void
a_run_that_is_cancelled_ends_it(void **state)
{
	int cancel = eventfd(1, EFD_CLOEXEC);

	(void)state;
	assert_true(cancel >= 0);
	assert_int_equal(run("sleep 60", 0, cancel), BC_IO);
	assert_string_equal(err.message, "interrupted");
	assert_true(result.cancelled);
	assert_int_equal(result.output, -1);
	close(cancel);
}

static void
too_much_output_is_refused(void **state)
{
	(void)state;
	assert_int_equal(run("while :; do echo 0123456789; done", 0, -1),
	                 BC_IO);
	assert_non_null(strstr(err.message, "--chunk"));
	assert_int_equal(result.output, -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_output_is_a_file_at_its_beginning),
		cmocka_unit_test(
			there_is_nothing_to_read_and_no_signal_is_held_back),
		cmocka_unit_test(a_status_other_than_0_is_an_error),
		cmocka_unit_test(what_is_no_command_cannot_run),
		cmocka_unit_test(of_many_errors_the_last_are_kept),
		cmocka_unit_test(a_command_may_close_its_errors_and_go_on),
		cmocka_unit_test(what_it_leaves_running_is_not_waited_for),
		cmocka_unit_test(a_timeout_ends_all_of_it),
		cmocka_unit_test(who_does_not_listen_is_killed),
		cmocka_unit_test(a_run_that_is_cancelled_ends_it),
		cmocka_unit_test(too_much_output_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
