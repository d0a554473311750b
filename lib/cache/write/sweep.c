/* SPDX-License-Identifier: MIT */
/*
 * sweep.c - removing files that nothing names: a writer that was killed between
 * making one and naming it, or between forgetting and unlinking one, left them.
 */
#include "common.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "apart.h"
#include "arena.h"
#include "dir.h"
#include "recover.h"

static void
sweep_class(struct bci_writer *writer, enum bci_arena_class class_)
{
	struct bci_env *env = writer->env;
	struct bci_arena_record arena;
	struct dirent *entry;
	int fd = openat(env->maps.class_fd[class_], ".",
	                O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = bci_dir_list(fd);

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		uint64_t number = bci_arena_number(entry->d_name);
		const char *dot = strrchr(entry->d_name, '.');
		bool unfinished = dot != NULL && strcmp(dot, ".new") == 0;

		if (number != 0) {
			enum bc_status status = bci_arena_load(
				writer->txn, &env->tables, number, &arena);

			/* A dead writer's number may be one of another class.
			 */
			unfinished =
				(status == BC_MISS ||
			         (status == BC_OK && arena.class_ != class_)) &&
				!bci_apart_is_made(env, number);
		}
		if (unfinished)
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
