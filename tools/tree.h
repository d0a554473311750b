/* SPDX-License-Identifier: MIT */
/*
 * tree.h - the files that the operands of a command lead to.
 */
#ifndef TOOL_TREE_H
#define TOOL_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tree_file {
	char *path;
	uint64_t bytes;
};

struct tree {
	struct tree_file *files; /* operands in their order, trees by name */
	size_t count;
	uint64_t bytes;
	size_t passed;      /* files of a tree that are none of ours by name */
	char passed_as[64]; /* their endings: ".md, .CHECKSUM, ..." */
};

/*
 * Add the file 'path', or the files below the directory 'path': those whose
 * name ends in a way that import knows, hidden ones left out, links to
 * directories not followed.  False after a message if it cannot be read.
 */
bool tree_add(struct tree *tree, const char *path);

void tree_free(struct tree *tree);

#endif /* TOOL_TREE_H */
