/* SPDX-License-Identifier: MIT */
/*
 * trace.c - strace as a child: it counts calls by name, so a site is a name and
 * a number; what a program does before it begins counts on, but is no site.
 */
#include "trace.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define NAMES_MAX 96
#define WORDS_MAX 24

/* Calls seen so far of each name. */
struct counts {
	struct trace_site seen[NAMES_MAX];
	size_t count;
};

struct traced {
	char *const *options; /* of strace, ended by NULL */
	char *const *command;
};

static void
traced_run(void *argument)
{
	static char strace[] = "strace", together[] = "-f", quiet[] = "-qq";
	struct traced *traced = argument;
	char *words[WORDS_MAX] = { strace, together, quiet };
	size_t count = 3, i;

	for (i = 0; traced->options[i] != NULL; i++)
		words[count++] = traced->options[i];
	for (i = 0; traced->command[i] != NULL && count < WORDS_MAX - 1; i++)
		words[count++] = traced->command[i];
	words[count] = NULL;
	/* Who looks for leaks wants to trace, too. */
	require(setenv("ASAN_OPTIONS", "detect_leaks=0", 1) == 0);
	execvp(strace, words);
	_exit(TEST_CHILD_SKIPPED);
}

bool
trace_works(void)
{
	static char null[] = "/dev/null", to[] = "-o", what[] = "true";
	char *const options[] = { to, null, NULL };
	char *const command[] = { what, NULL };
	struct traced traced = { options, command };

	return test_child_run(traced_run, &traced) == 0;
}

void
trace_begin(void)
{
	(void)getppid();
}

/* How many calls of that name there were, this one included. */
static unsigned
counts_add(struct counts *counts, const char *name)
{
	size_t i;

	for (i = 0; i < counts->count; i++)
		if (strcmp(counts->seen[i].name, name) == 0)
			return ++counts->seen[i].number;
	require(counts->count < NAMES_MAX);
	snprintf(counts->seen[i].name, sizeof(counts->seen[i].name), "%s",
	         name);
	counts->count++;
	return counts->seen[i].number = 1;
}

size_t
trace_sites(char *const *command, const char *directory,
            struct trace_site *sites, size_t capacity)
{
	char path[TEST_PATH], line[4096], name[24], to[] = "-o";
	char *const options[] = { to, path, NULL };
	struct traced traced = { options, command };
	struct counts counts = { .count = 0 };
	bool begun = false;
	size_t found = 0;
	unsigned number;
	FILE *file;

	test_path(path, directory, "trace");
	assert_int_equal(test_child_run(traced_run, &traced), 0);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "%*d %23[a-z0-9_](", name) != 1)
			continue; /* A signal, or a call that is resumed. */
		number = counts_add(&counts, name);
		if (begun && found < capacity) {
			memcpy(sites[found].name, name, sizeof(name));
			sites[found++].number = number;
		}
		begun = begun || strcmp(name, "getppid") == 0;
	}
	fclose(file);
	remove(path);
	return found;
}

int
trace_kill(char *const *command, const struct trace_site *site)
{
	char null[] = "/dev/null", to[] = "-o", only[] = "-e";
	char trace[48], inject[96];
	char *const options[] = { to, null, only, trace, only, inject, NULL };
	struct traced traced = { options, command };

	snprintf(trace, sizeof(trace), "trace=%s", site->name);
	snprintf(inject, sizeof(inject), "inject=%s:signal=SIGKILL:when=%u",
	         site->name, site->number);
	return test_child_run(traced_run, &traced);
}
