/* SPDX-License-Identifier: MIT */
/*
 * test_error.c - texts of statuses and misses, and what fills a bc_error.
 * The codes are read from the public header, so that a new one without a
 * text or a name fails here.
 */
#include "barcache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "error.h"

/* What 'check' is called with: a name and a value as the header has them. */
typedef void name_check(const char *name, int value);

/*
 * Call 'check' for each "BC_NAME = value," in the header between the line
 * 'begin' and the next "};".  Returns how many there were.
 */
static int
walk_enum(const char *begin, name_check *check)
{
	char line[256];
	char name[64];
	int value = 0;
	int count = 0;
	int inside = 0;
	FILE *file = fopen(BARCACHE_HEADER, "r");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, begin, strlen(begin)) == 0) {
			inside = 1;
		} else if (inside && strncmp(line, "};", 2) == 0) {
			break;
		} else if (inside && sscanf(line, "\t%63[A-Z_] = %d", name,
		                            &value) == 2) {
			check(name, value);
			count++;
		} else if (inside && sscanf(line, "\t%63[A-Z_]", name) == 1) {
			check(name, ++value);
			count++;
		}
	}
	fclose(file);
	return count;
}

static void
check_status(const char *name, int value)
{
	enum bc_status status = (enum bc_status)value;
	const char *text = bc_strerror(status);

	assert_string_equal(bc_status_name(status), name);
	assert_true(strlen(text) >= 5);
	assert_string_not_equal(text, bc_strerror((enum bc_status)12345));
}

static void
every_status_has_a_name_and_a_text(void **state)
{
	(void)state;
	/* BC_OK down to the last one, without a gap. */
	assert_int_equal(walk_enum("enum bc_status {", check_status),
	                 1 - BC_COPY);
}

static void
texts_of_statuses_differ(void **state)
{
	(void)state;
	for (int a = BC_COPY; a <= BC_OK; a++)
		for (int b = BC_COPY; b < a; b++)
			assert_string_not_equal(
			        bc_strerror((enum bc_status)a),
			        bc_strerror((enum bc_status)b));
}

/* The name of a miss is the header's, in lower case, without BC_MISS_. */
static void
check_miss(const char *name, int value)
{
	const char *text = bc_miss_name((enum bc_miss)value);

	if (value == BC_MISS_REASONS)
		return;
	name += strlen("BC_MISS_");
	assert_int_equal(strlen(text), strlen(name));
	for (size_t i = 0; name[i] != '\0'; i++)
		assert_int_equal(text[i] & ~0x20, name[i] & ~0x20);
}

static void
every_miss_has_a_name(void **state)
{
	(void)state;
	assert_int_equal(walk_enum("enum bc_miss {", check_miss),
	                 BC_MISS_REASONS + 1);
}

static void
a_number_that_is_no_code_has_a_text_too(void **state)
{
	(void)state;
	for (int value = -1000; value < 1000; value += 37) {
		assert_non_null(bc_strerror((enum bc_status)value));
		assert_non_null(bc_status_name((enum bc_status)value));
		assert_non_null(bc_miss_name((enum bc_miss)value));
	}
}

static void
failing_without_a_struct_returns_the_status(void **state)
{
	(void)state;
	assert_int_equal(bci_fail(NULL, BC_KEY, "x"), BC_KEY);
	assert_int_equal(bci_fail_row(NULL, BC_ORDER, 3, "x"), BC_ORDER);
	assert_int_equal(bci_fail_os(NULL, ENOSPC, "x"), BC_NOSPACE);
}

static void
failing_fills_every_field(void **state)
{
	struct bc_error err;

	(void)state;
	memset(&err, 0xa5, sizeof(err));
	assert_int_equal(bci_fail(&err, BC_KEY, "key %s", "k"), BC_KEY);
	assert_int_equal(err.status, BC_KEY);
	assert_int_equal(err.os_errno, 0);
	assert_int_equal(err.row, -1);
	assert_string_equal(err.message, "key k");

	memset(&err, 0xa5, sizeof(err));
	assert_int_equal(bci_fail_row(&err, BC_ORDER, 7, "row %d", 7),
	                 BC_ORDER);
	assert_int_equal(err.status, BC_ORDER);
	assert_int_equal(err.os_errno, 0);
	assert_int_equal(err.row, 7);
	assert_string_equal(err.message, "row 7");

	memset(&err, 0xa5, sizeof(err));
	assert_int_equal(bci_fail_os(&err, EACCES, "open %s", "/x"),
	                 BC_DENIED);
	assert_int_equal(err.status, BC_DENIED);
	assert_int_equal(err.os_errno, EACCES);
	assert_int_equal(err.row, -1);
	assert_string_equal(err.message, "open /x: Permission denied");
}

static void
a_long_message_is_cut_and_terminated(void **state)
{
	char text[1000];
	struct bc_error err;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(bci_fail(&err, BC_INVALID, "%s", text), BC_INVALID);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	assert_int_equal(bci_fail_os(&err, EIO, "%s", text), BC_IO);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	/* The reason is cut too where it begins just before the end. */
	text[sizeof(err.message) - 5] = '\0';
	assert_int_equal(bci_fail_os(&err, EIO, "%s", text), BC_IO);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
}

static void
an_errno_becomes_the_status_a_caller_acts_on(void **state)
{
	(void)state;
	assert_int_equal(bci_status_of(0), BC_OK);
	assert_int_equal(bci_status_of(ENOMEM), BC_NOMEM);
	assert_int_equal(bci_status_of(ENOSPC), BC_NOSPACE);
	assert_int_equal(bci_status_of(EDQUOT), BC_NOSPACE);
	assert_int_equal(bci_status_of(EACCES), BC_DENIED);
	assert_int_equal(bci_status_of(EPERM), BC_DENIED);
	assert_int_equal(bci_status_of(EROFS), BC_READONLY);
	assert_int_equal(bci_status_of(ENOENT), BC_ABSENT);
	assert_int_equal(bci_status_of(ELOOP), BC_UNSAFE);
	assert_int_equal(bci_status_of(EIO), BC_IO);
	assert_int_equal(bci_status_of(EBADF), BC_IO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_a_name_and_a_text),
		cmocka_unit_test(texts_of_statuses_differ),
		cmocka_unit_test(every_miss_has_a_name),
		cmocka_unit_test(a_number_that_is_no_code_has_a_text_too),
		cmocka_unit_test(failing_without_a_struct_returns_the_status),
		cmocka_unit_test(failing_fills_every_field),
		cmocka_unit_test(a_long_message_is_cut_and_terminated),
		cmocka_unit_test(an_errno_becomes_the_status_a_caller_acts_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
