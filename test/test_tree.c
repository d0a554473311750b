/* SPDX-License-Identifier: MIT */
/*
 * test_tree.c - the files below a directory: which ones are taken, in which
 * order, and what is said of the others.
 */
#include "barcache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lent.h"
#include "support.h"
#include "tree.h"

static struct test_dir dir;
static struct tree tree;

static int
setup(void **state)
{
	(void)state;
	test_dir_make_fast(&dir);
	lent_said[0] = '\0';
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	tree_free(&tree);
	assert_null(tree.files);
	test_dir_remove(&dir);
	return 0;
}

/* A file of 'bytes' bytes below the directory of the test. */
static void
make(const char *name, size_t bytes)
{
	char path[TEST_PATH];
	FILE *file = fopen(test_path(path, dir.path, name), "w");

	assert_non_null(file);
	assert_int_equal(ftruncate(fileno(file), (off_t)bytes), 0);
	assert_int_equal(fclose(file), 0);
}

static void
make_directory(const char *name)
{
	char path[TEST_PATH];

	assert_int_equal(mkdir(test_path(path, dir.path, name), 0700), 0);
}

/* The names of the files of the tree, each behind a blank. */
static const char *
names(void)
{
	static char text[2048];

	text[0] = '\0';
	for (size_t i = 0; i < tree.count; i++) {
		assert_memory_equal(tree.files[i].path, dir.path,
		                    strlen(dir.path));
		strcat(strcat(text, " "),
		       tree.files[i].path + strlen(dir.path) + 1);
	}
	return text;
}

static void
files_are_taken_by_their_endings_in_order(void **state)
{
	(void)state;
	make_directory("b");
	make_directory("b/c");
	make("z.csv", 10);
	make("b/b.CSV", 1);
	make("b/a.json.gz", 2);
	make("b/c/x.zip", 3);
	make("B.parquet", 4);
	make("a.txt", 5);
	make("readme.md", 6);
	make("b/x.zip.CHECKSUM", 7);
	make("b/notes.md", 8);
	make("LICENSE", 9);
	assert_true(tree_add(&tree, dir.path));
	assert_string_equal(names(), " B.parquet a.txt b/a.json.gz b/b.CSV "
	                             "b/c/x.zip z.csv");
	assert_int_equal(tree.bytes, 25);
	assert_int_equal(tree.files[5].bytes, 10);
	assert_int_equal(tree.passed, 4);
	assert_string_equal(tree.passed_as, "LICENSE, .md, .CHECKSUM");
	assert_string_equal(lent_said, "");
}

static void
what_is_named_is_taken_whatever_its_name(void **state)
{
	char path[TEST_PATH], pipe[TEST_PATH];

	(void)state;
	make("b.dat", 3);
	make("a.csv", 4);
	assert_int_equal(mkfifo(test_path(pipe, dir.path, "pipe"), 0600), 0);
	assert_true(tree_add(&tree, test_path(path, dir.path, "b.dat")));
	assert_true(tree_add(&tree, test_path(path, dir.path, "a.csv")));
	assert_true(tree_add(&tree, pipe));
	assert_string_equal(names(), " b.dat a.csv pipe");
	assert_int_equal(tree.bytes, 7);
	assert_true(tree_add(&tree, "-"));
	assert_string_equal(tree.files[3].path, "-");
	/* In a directory a pipe is none of the files. */
	assert_true(tree_add(&tree, dir.path));
	assert_int_equal(tree.count, 5);
	assert_int_equal(tree.passed, 2);
	assert_string_equal(tree.passed_as, ".dat, pipe");
}

static void
what_is_hidden_or_linked_is_left_out(void **state)
{
	char path[TEST_PATH], link[TEST_PATH];

	(void)state;
	make_directory("real");
	make_directory(".git");
	make("real/a.csv", 5);
	make("real/.hidden.csv", 1);
	make(".git/b.csv", 1);
	test_path(path, dir.path, "real/a.csv");
	assert_int_equal(symlink(path, test_path(link, dir.path, "l.csv")), 0);
	assert_int_equal(symlink("gone", test_path(link, dir.path, "no.csv")),
	                 0);
	test_path(link, dir.path, "loop");
	assert_int_equal(symlink(".", link), 0);
	assert_true(tree_add(&tree, dir.path));
	/* The one that leads nowhere is there, so that it is reported. */
	assert_string_equal(names(), " l.csv no.csv real/a.csv");
	assert_int_equal(tree.bytes, 10);
	assert_int_equal(tree.passed, 0);
	/* A link that is named is followed. */
	tree_free(&tree);
	assert_true(tree_add(&tree, link));
	assert_string_equal(names(), " loop/l.csv loop/no.csv loop/real/a.csv");
}

static void
endings_that_do_not_fit_are_left_to_dots(void **state)
{
	char name[32];

	(void)state;
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "%02d.ending%d", i, i / 2);
		make(name, 0);
	}
	assert_true(tree_add(&tree, dir.path));
	assert_int_equal(tree.passed, 30);
	assert_string_equal(tree.passed_as,
	                    ".ending0, .ending1, .ending2, .ending3, "
	                    ".ending4, .ending5, ...");
	assert_int_equal(tree.count, 0);
}

static void
what_cannot_be_read_is_said(void **state)
{
	char path[TEST_PATH], expected[TEST_PATH + 64];

	(void)state;
	assert_false(tree_add(&tree, test_path(path, dir.path, "none")));
	snprintf(expected, sizeof(expected),
	         "%s: cannot be read: No such file or directory", path);
	assert_string_equal(lent_said, expected);
	if (geteuid() == 0)
		test_skip("root may read any directory");
	make_directory("shut");
	make("a.csv", 1);
	assert_int_equal(chmod(test_path(path, dir.path, "shut"), 0), 0);
	assert_false(tree_add(&tree, dir.path));
	snprintf(expected, sizeof(expected),
	         "%s: cannot be read: Permission denied", path);
	assert_string_equal(lent_said, expected);
	/* The others are there all the same. */
	assert_string_equal(names(), " a.csv");
	assert_int_equal(chmod(path, 0700), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(files_are_taken_by_their_endings_in_order),
		TEST(what_is_named_is_taken_whatever_its_name),
		TEST(what_is_hidden_or_linked_is_left_out),
		TEST(endings_that_do_not_fit_are_left_to_dots),
		TEST(what_cannot_be_read_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
