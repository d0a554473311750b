/* SPDX-License-Identifier: MIT */
/*
 * dictionary.c - strings to small numbers and back.
 *
 * A hash table with open addressing, at most half full, whose places hold codes
 * and whose strings lie beside it in the order of codes.  Neighbouring rows
 * mostly repeat a string, so the last one is looked at first.
 */
#include "common.h"

#include "alloc.h"
#include "dictionary.h"
#include "hash.h"

#define DICTIONARY_FIRST 16

static bool
dictionary_is(const struct bci_dictionary *dictionary, uint32_t code,
              const char *text, size_t bytes)
{
	return dictionary->bytes[code] == bytes &&
	       memcmp(dictionary->strings[code], text, bytes) == 0;
}

/* The place of a string, or the free one where it belongs. */
static uint32_t *
dictionary_place(const struct bci_dictionary *dictionary, const char *text,
                 size_t bytes)
{
	uint32_t mask = 2 * dictionary->capacity - 1;
	uint32_t at = (uint32_t)bci_hash64(text, bytes) & mask;

	for (;; at = (at + 1) & mask) {
		uint32_t *place = &dictionary->table[at];

		if (*place == 0 ||
		    dictionary_is(dictionary, *place - 1, text, bytes))
			return place;
	}
}

/* Make room for twice as many strings. */
static bool
dictionary_grow(struct bci_dictionary *dictionary,
                const struct bc_allocator *allocator)
{
	uint32_t count = dictionary->count;
	uint64_t capacity = 2 * (uint64_t)dictionary->capacity;
	struct bci_dictionary grown = *dictionary;

	if (capacity == 0)
		capacity = DICTIONARY_FIRST;
	if (capacity > UINT32_MAX / 4)
		return false;
	grown.capacity = (uint32_t)capacity;
	grown.strings = bci_alloc(allocator, capacity, sizeof(char *));
	grown.bytes = bci_alloc(allocator, capacity, sizeof(uint32_t));
	grown.table = bci_zalloc(allocator, 2 * capacity, sizeof(uint32_t));
	if (grown.strings == NULL || grown.bytes == NULL ||
	    grown.table == NULL) {
		grown.count = 0; /* The strings are not its own. */
		bci_dictionary_free(&grown, allocator);
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		grown.strings[i] = dictionary->strings[i];
		grown.bytes[i] = dictionary->bytes[i];
		*dictionary_place(&grown, grown.strings[i], grown.bytes[i]) =
			i + 1;
	}
	dictionary->count = 0;
	bci_dictionary_free(dictionary, allocator);
	*dictionary = grown;
	return true;
}

enum bc_status
bci_dictionary_code(struct bci_dictionary *dictionary,
                    const struct bc_allocator *allocator, const char *text,
                    size_t bytes, uint32_t *code)
{
	uint32_t *place, count = dictionary->count;
	char *string;

	if (count != 0 &&
	    dictionary_is(dictionary, dictionary->last, text, bytes)) {
		*code = dictionary->last;
		return BC_OK;
	}
	if (count == dictionary->capacity &&
	    !dictionary_grow(dictionary, allocator))
		return BC_NOMEM;
	place = dictionary_place(dictionary, text, bytes);
	if (*place == 0) {
		string = bci_strndup(allocator, text, bytes);
		if (string == NULL)
			return BC_NOMEM;
		dictionary->strings[count] = string;
		dictionary->bytes[count] = (uint32_t)bytes;
		dictionary->count = *place = count + 1;
	}
	dictionary->last = *code = *place - 1;
	return BC_OK;
}

void
bci_dictionary_free(struct bci_dictionary *dictionary,
                    const struct bc_allocator *allocator)
{
	for (uint32_t i = 0; i < dictionary->count; i++)
		bci_free(allocator, dictionary->strings[i]);
	bci_free(allocator, dictionary->strings);
	bci_free(allocator, dictionary->bytes);
	bci_free(allocator, dictionary->table);
	memset(dictionary, 0, sizeof(*dictionary));
}
