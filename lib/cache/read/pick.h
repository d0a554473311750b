/* SPDX-License-Identifier: MIT */
/*
 * pick.h - the schemas of views that show some columns of an entry: made once,
 * found without a lock, kept until the cache is closed.
 */
#ifndef BCI_PICK_H
#define BCI_PICK_H

#include <stdatomic.h>

#include "common.h"

#define BCI_PICK_HEADS 64

struct bci_env;
struct bci_pick;

struct bci_picks {
	_Atomic(struct bci_pick *) heads[BCI_PICK_HEADS];
};

/*
 * The schema of the time and of the columns that 'names' (ended by NULL) names,
 * in stored order; NULL: 'whole' itself.  Returns BC_OK, BC_NOMEM, or
 * BC_INVALID if one is not there.
 */
enum bc_status bci_env_pick(struct bci_env *env, const struct bc_schema *whole,
                            const char *const *names,
                            const struct bc_schema **out);

void bci_picks_free(struct bci_picks *picks,
                    const struct bc_allocator *allocator);

#endif /* BCI_PICK_H */
