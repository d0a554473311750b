/* SPDX-License-Identifier: MIT */
/*
 * hash.c - thin wrappers, so that a hash library is named in one file.
 */
#include "common.h"

#include <errno.h>
#include <sha2.h>
#include <sys/random.h>
#ifdef BCI_XXHASH_DISPATCH
#include <xxh_x86dispatch.h> /* chooses SSE2, AVX2 or AVX-512 at run time */
#else
#include <xxhash.h>
#endif

#include "hash.h"

uint64_t
bci_hash64(const void *data, size_t bytes)
{
	return XXH3_64bits(data, bytes);
}

void
bci_hash128(const void *data, size_t bytes, unsigned char out[16])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, XXH3_128bits(data, bytes));
	memcpy(out, canonical.digest, 16);
}

void
bci_sha256(const void *data, size_t bytes, unsigned char out[32])
{
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, data, bytes);
	SHA256Final(out, &context);
}

bool
bci_random(void *out, size_t bytes)
{
	ssize_t got;

	do
		got = getrandom(out, bytes, 0);
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)bytes;
}
