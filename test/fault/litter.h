/* SPDX-License-Identifier: MIT */
/*
 * litter.h - whether the files below a cache are those that belong there.
 */
#ifndef BARCACHE_FAULT_LITTER_H
#define BARCACHE_FAULT_LITTER_H

#include "support.h"

struct litter {
	uint64_t arenas, strangers;
	const char *also; /* a name that belongs there, too; or NULL */
	/* Whether an arena counts: 1, is as good as not there: 0, or is a
	 * stranger: -1.  NULL: all of them count. */
	int (*judge)(void *context, uint64_t number);
	void *context;
};

/* Count the files below directory 'path'; strangers are printed. */
void litter_count(struct litter *litter, const char *path);

#endif /* BARCACHE_FAULT_LITTER_H */
