/* SPDX-License-Identifier: MIT */
/*
 * sweep.c - removing files that nothing names: a writer that was killed between
 * making one and naming it, or between forgetting and unlinking one, left them.
 */
#include "common.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "apart.h"
#include "arena.h"
#include "dir.h"
#include "recover.h"

/* Whether no arena is to have this name, or no longer. */
static bool
sweep_is_unnamed(struct bci_writer *writer, enum bci_arena_class class_,
                 const char *name)
{
	const char *dot = strrchr(name, '.');
	bool unfinished = dot != NULL && strcmp(dot, ".new") == 0;
	struct bci_arena_record arena;
	char whole[NAME_MAX + 1];
	enum bc_status status;
	uint64_t number;

	snprintf(whole, sizeof(whole), "%.*s",
	         unfinished ? (int)(dot - name) : NAME_MAX, name);
	number = bci_arena_number(whole);
	if (number == 0)
		return unfinished;
	if (bci_apart_is_made(writer->env, number))
		return false;
	status = bci_arena_load(writer->txn, &writer->env->tables, number,
	                        &arena);
	/* A dead writer's number may be one of another class. */
	return unfinished || status == BC_MISS ||
	       (status == BC_OK && arena.class_ != class_);
}

static void
sweep_class(struct bci_writer *writer, enum bci_arena_class class_)
{
	const struct bci_env *env = writer->env;
	struct dirent *entry;
	int fd = openat(env->maps.class_fd[class_], ".",
	                O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = bci_dir_list(fd);

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (sweep_is_unnamed(writer, class_, entry->d_name))
			(void)unlinkat(fd, entry->d_name, 0);
	}
	closedir(dir);
}

void
bci_recover_sweep(struct bci_writer *writer)
{
	sweep_class(writer, BCI_ARENA_WARM);
	sweep_class(writer, BCI_ARENA_COLD);
	(void)unlinkat(writer->env->dir_fd, "meta.mdb.new", 0);
	(void)unlinkat(writer->env->dir_fd, "scratch.new", 0);
	if (!writer->config.frozen)
		(void)unlinkat(writer->env->dir_fd, "frozen", 0);
}
