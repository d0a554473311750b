/* SPDX-License-Identifier: MIT */
/*
 * sign.h - checksums for packed bytes that were changed, so that what lies
 * behind the checksums is looked at.
 */
#ifndef BARCACHE_TEST_SIGN_H
#define BARCACHE_TEST_SIGN_H

#include <stddef.h>

/* Set all checksums of 'length' bytes, as far as a plan can be made out. */
void sign_pack(unsigned char *bytes, size_t length);

#endif /* BARCACHE_TEST_SIGN_H */
