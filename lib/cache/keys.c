/* SPDX-License-Identifier: MIT */
/*
 * keys.c - records of varying length in one piece of memory, which grows by
 * doubling: a cache may have millions of entries.
 */
#include "common.h"

#include "alloc.h"
#include "keys.h"

#define KEYS_ROOM 4096 /* bytes, at first */

enum bc_status
bci_keys_add(struct bci_keys *keys, const struct bci_found *found)
{
	size_t bytes = sizeof(*found) + found->key_bytes + 1;
	unsigned char *to;

	if (bytes > keys->room - keys->used) {
		size_t room = 2 * keys->room + KEYS_ROOM;
		void *grown = bci_regrow(keys->allocator, keys->data,
		                         keys->used, room, 1);

		if (grown == NULL)
			return BC_NOMEM;
		keys->data = grown;
		keys->room = room;
	}
	to = mempcpy(keys->data + keys->used, found, sizeof(*found));
	to = mempcpy(to, found->key, found->key_bytes);
	*to = '\0';
	keys->used += bytes;
	keys->count++;
	return BC_OK;
}

bool
bci_keys_next(const struct bci_keys *keys, size_t *at, struct bci_found *found)
{
	if (*at == keys->used)
		return false;
	memcpy(found, keys->data + *at, sizeof(*found));
	found->key = (const char *)keys->data + *at + sizeof(*found);
	*at += sizeof(*found) + found->key_bytes + 1;
	return true;
}

void
bci_keys_free(struct bci_keys *keys)
{
	bci_free(keys->allocator, keys->data);
	*keys = (struct bci_keys){ .allocator = keys->allocator };
}
