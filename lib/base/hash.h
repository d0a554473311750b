/* SPDX-License-Identifier: MIT */
/*
 * hash.h - checksums (XXH3) and the hash of request keys (SHA-256).
 */
#ifndef BCI_HASH_H
#define BCI_HASH_H

#include "common.h"

/* XXH3-64 with seed 0, as stored on disk. */
uint64_t bci_hash64(const void *data, size_t bytes);

/* XXH3-128 with seed 0 in its canonical byte order. */
void bci_hash128(const void *data, size_t bytes, unsigned char out[16]);

/* SHA-256 in raw bytes. */
void bci_sha256(const void *data, size_t bytes, unsigned char out[32]);

/* 'bytes' random bytes from the kernel; false if it has none. */
bool bci_random(void *out, size_t bytes);

#endif /* BCI_HASH_H */
