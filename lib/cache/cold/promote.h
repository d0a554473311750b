/* SPDX-License-Identifier: MIT */
/*
 * promote.h - what is read cold again becomes warm, by whoever reads it.
 */
#ifndef BCI_PROMOTE_H
#define BCI_PROMOTE_H

#include "span.h"

/*
 * Called by a reader that has what it asked for: a segment that this process
 * holds decoded, or is decoding, although some process decoded it before, is
 * written to the warm tier, with others like it, if nobody else writes just
 * now and if not too much time went into this of late.  Nothing depends on its
 * success.
 */
void bci_promote_view(struct bc_cache *cache, struct bci_env *env,
                      const struct bci_hit *hit, const struct bc_view *view);

/* The same for the pieces of a span. */
void bci_promote_span(struct bci_span *span);

#endif /* BCI_PROMOTE_H */
