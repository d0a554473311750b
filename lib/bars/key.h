/* SPDX-License-Identifier: MIT */
/*
 * key.h - what a key may be; the canonical text and the hash of a request.
 */
#ifndef BCI_KEY_H
#define BCI_KEY_H

#include "common.h"

/* Whether 'bytes' bytes are valid UTF-8 (no surrogates, shortest form). */
bool bci_utf8_valid(const char *text, size_t bytes);

/* Whether this is a key: 1 to BC_KEY_MAX bytes, UTF-8, no control bytes. */
bool bci_key_valid(const char *key, size_t bytes);

/*
 * The cheap half of it, for reads: what fails it is the key of no entry.  The
 * first byte counts because tables have names that begin below 0x20.
 */
static inline bool
bci_key_possible(const char *key, size_t bytes)
{
	return bytes != 0 && bytes <= BC_KEY_MAX &&
	       (unsigned char)key[0] >= 0x20;
}

/*
 * The canonical JSON text of a request (RustyBT's json.dumps), NUL-terminated,
 * in memory of 'allocator' that the caller frees.  Returns BC_OK, BC_INVALID,
 * BC_KEY (not UTF-8), BC_NOMEM.
 */
enum bc_status bci_request_text(const struct bc_allocator *allocator,
                                const struct bc_request *request, char **text,
                                size_t *bytes, struct bc_error *err);

/* The request key of a canonical text. */
void bci_request_key(const char *text, size_t bytes,
                     char key[BC_REQUEST_KEY_BYTES]);

#endif /* BCI_KEY_H */
