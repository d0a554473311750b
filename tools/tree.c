/* SPDX-License-Identifier: MIT */
/*
 * tree.c - the files that the operands of a command lead to.
 *
 * A file that is named is always taken.  In a directory, names decide: those
 * that import reads, and those of formats that it refuses with a word of
 * advice, which is better than to pass over what was meant.
 */
#include "tree.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "common.h"
#include "tool.h"

static const char *const tree_endings[] = {
	".csv", ".txt",     ".tsv",     ".json", ".jsonl", ".ndjson", ".gz",
	".zip", ".feather", ".parquet", ".pkl",  ".h5",    ".hdf5",
};

/* The ending of a name, or the name if it has none. */
static const char *
tree_ending(const char *name)
{
	const char *point = strrchr(name, '.');

	return point != NULL ? point : name;
}

static bool
tree_is_known(const char *name)
{
	const char *ending = tree_ending(name);

	for (size_t i = 0; i < BCI_COUNT(tree_endings); i++)
		if (strcasecmp(ending, tree_endings[i]) == 0)
			return true;
	return false;
}

/* Count a file that is passed over, and note its ending if it is new. */
static void
tree_pass(struct tree *tree, const char *name)
{
	const char *ending = tree_ending(name), *more = ", ...";
	const char *at = tree->passed_as;
	size_t bytes = strlen(ending), used = strlen(tree->passed_as);

	tree->passed++;
	while ((at = strstr(at, ending)) != NULL) {
		if ((at == tree->passed_as || at[-1] == ' ') &&
		    (at[bytes] == ',' || at[bytes] == '\0'))
			return;
		at++;
	}
	if (used >= 3 && strcmp(tree->passed_as + used - 3, "...") == 0)
		return;
	if (used + bytes + 2 + strlen(more) >= sizeof(tree->passed_as)) {
		strcpy(tree->passed_as + used, used != 0 ? more : "...");
		return;
	}
	if (used != 0)
		strcpy(tree->passed_as + used, ", ");
	strcat(tree->passed_as, ending);
}

static void
tree_take(struct tree *tree, const char *path, const struct stat *info)
{
	uint64_t bytes = S_ISREG(info->st_mode) ? (uint64_t)info->st_size : 0;

	tree->files = tool_grow(tree->files, tree->count, sizeof(*tree->files));
	tree->files[tree->count++] =
		(struct tree_file){ tool_copy(path), bytes };
	tree->bytes += bytes;
}

/* Take or pass one thing that is in a directory and no directory. */
static void
tree_look(struct tree *tree, const FTSENT *found)
{
	struct stat info = *found->fts_statp;

	/* A link that leads nowhere is taken, so that import says so. */
	if (S_ISLNK(info.st_mode) && stat(found->fts_path, &info) == 0 &&
	    !S_ISREG(info.st_mode))
		return;
	if (tree_is_known(found->fts_name) &&
	    (S_ISREG(info.st_mode) || S_ISLNK(info.st_mode)))
		tree_take(tree, found->fts_path, &info);
	else
		tree_pass(tree, found->fts_name);
}

static int
tree_compare(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Add what is below the directory 'path'. */
static bool
tree_walk(struct tree *tree, char *path)
{
	char *paths[] = { path, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR,
	                     tree_compare);
	bool good = walk != NULL;
	FTSENT *found;

	errno = 0;
	while (walk != NULL && (found = fts_read(walk)) != NULL) {
		bool hidden = found->fts_level > 0 && found->fts_name[0] == '.';

		if (hidden) {
			fts_set(walk, found, FTS_SKIP);
		} else if (found->fts_info == FTS_DNR ||
		           found->fts_info == FTS_ERR ||
		           found->fts_info == FTS_NS) {
			tool_say("%s: cannot be read: %s", found->fts_path,
			         strerror(found->fts_errno));
			good = false;
		} else if (found->fts_info != FTS_D &&
		           found->fts_info != FTS_DP) {
			tree_look(tree, found);
		}
		errno = 0;
	}
	if (errno != 0) {
		tool_say("%s: cannot be read: %s", path, strerror(errno));
		good = false;
	}
	if (walk != NULL)
		fts_close(walk);
	return good;
}

bool
tree_add(struct tree *tree, const char *path)
{
	struct stat info = { 0 };
	char *copy;
	bool good;

	if (strcmp(path, "-") != 0 && stat(path, &info) != 0) {
		tool_say("%s: cannot be read: %s", path, strerror(errno));
		return false;
	}
	if (!S_ISDIR(info.st_mode)) {
		tree_take(tree, path, &info);
		return true;
	}
	copy = tool_copy(path);
	good = tree_walk(tree, copy);
	free(copy);
	return good;
}

void
tree_free(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		free(tree->files[i].path);
	free(tree->files);
	*tree = (struct tree){ 0 };
}
