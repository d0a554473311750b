/* SPDX-License-Identifier: MIT */
/*
 * list.h - walking a table in short transactions; what is known of an entry.
 */
#ifndef BCI_LIST_H
#define BCI_LIST_H

#include "cache.h"
#include "label.h"

/*
 * Called for each record with copies of its key and value.  BC_OK goes on,
 * BC_MISS ends the walk well, anything else ends it with that status.
 */
typedef enum bc_status bci_walk_function(void *context,
                                         const struct bci_bytes *key,
                                         const struct bci_bytes *record);

enum bci_walked { BCI_WALK_ENTRIES, BCI_WALK_LABELS, BCI_WALK_LABELLED };

struct bci_walk {
	enum bci_walked table;
	const char *prefix;  /* keys that begin so; NULL with prefix_bytes 0 */
	size_t prefix_bytes; /* at most BC_KEY_MAX, of labels BCI_LABEL_KEY */
	bci_walk_function *function;
	void *context;
	/* private */
	bool started;
	size_t last_bytes;
	char last[BCI_LABEL_KEY];
};

/* Walk; no lane is held while the function runs. */
enum bc_status bci_walk(struct bc_cache *cache, struct bci_walk *walk);

/*
 * Find out what is known of 'key', in a transaction of its own.  'text' gets
 * the key and, if it fits, the request.  BC_OK, BC_MISS (with key, id and
 * labelled if it was evicted), BC_CORRUPT; BC_NOMEM, BC_IO, BC_BUSY.
 */
enum bc_status bci_info_load(struct bc_cache *cache, const char *key,
                             size_t key_bytes, char *text, size_t room,
                             struct bc_info *info);

/*
 * When an entry got a label, in a transaction of its own.  BC_OK, or BC_MISS if
 * it does not have it; BC_NOMEM, BC_IO, BC_BUSY.
 */
enum bc_status bci_labels_since(struct bc_cache *cache,
                                const struct bci_label *label,
                                int64_t *since_ns);

#endif /* BCI_LIST_H */
