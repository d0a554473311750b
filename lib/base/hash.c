/* SPDX-License-Identifier: MIT */
/*
 * hash.c - thin wrappers, so that a hash library is named in one file.
 */
#include "common.h"

#include <errno.h>
#include <sha2.h>
#include <sys/random.h>
#include <xxhash.h>
#ifdef BCI_XXHASH_DISPATCH
#define XXH_DISPATCH_DISABLE_REPLACE
#include <xxh_x86dispatch.h>
#endif

#include "hash.h"

/*
 * Where libxxhash can choose SSE2, AVX2 or AVX-512 at run time, let it.  Its
 * static library in Debian lacks these functions: weak, they are NULL there.
 */
#ifdef BCI_XXHASH_DISPATCH
#pragma weak XXH3_64bits_dispatch
#pragma weak XXH3_128bits_dispatch
#endif

uint64_t
bci_hash64(const void *data, size_t bytes)
{
#ifdef BCI_XXHASH_DISPATCH
	if (XXH3_64bits_dispatch != NULL)
		return XXH3_64bits_dispatch(data, bytes);
#endif
	return XXH3_64bits(data, bytes);
}

static XXH128_hash_t
hash_128(const void *data, size_t bytes)
{
#ifdef BCI_XXHASH_DISPATCH
	if (XXH3_128bits_dispatch != NULL)
		return XXH3_128bits_dispatch(data, bytes);
#endif
	return XXH3_128bits(data, bytes);
}

void
bci_hash128(const void *data, size_t bytes, unsigned char out[16])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, hash_128(data, bytes));
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
