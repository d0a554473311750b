/* SPDX-License-Identifier: MIT */
/*
 * dictionary.h - strings to small numbers and back.
 */
#ifndef BCI_DICTIONARY_H
#define BCI_DICTIONARY_H

#include "common.h"

/* Zeroed it is empty. */
struct bci_dictionary {
	char **strings;  /* by code, each terminated */
	uint32_t *bytes; /* their lengths */
	uint32_t *table; /* of codes + 1, by hash; 0 is a free place */
	uint32_t count, capacity;
	uint32_t last;   /* the code of the last call */
};

/*
 * The code of a string of less than 2^32 bytes; codes count from 0 in the order
 * in which strings first come.  Returns BC_OK, or BC_NOMEM with nothing
 * changed.
 */
enum bc_status bci_dictionary_code(struct bci_dictionary *dictionary,
                                   const struct bc_allocator *allocator,
                                   const char *text, size_t bytes,
                                   uint32_t *code);

/* Free it; the strings too, unless they were taken from it. */
void bci_dictionary_free(struct bci_dictionary *dictionary,
                         const struct bc_allocator *allocator);

#endif /* BCI_DICTIONARY_H */
