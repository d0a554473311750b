/* SPDX-License-Identifier: MIT */
/*
 * reach.h - how many inputs get how far: whether a fuzzer reaches what lies
 * behind checksums is seen by that.  With BARCACHE_FUZZ_TELL set in the
 * environment the numbers are printed at the end:
 *
 *   BARCACHE_FUZZ_TELL=1 build/fuzz/test/fuzz/fuzz_segment -runs=100000 DIR
 */
#ifndef BARCACHE_FUZZ_REACH_H
#define BARCACHE_FUZZ_REACH_H

/* An input got to this place, a constant that names it; at most 8 of them. */
void reach(const char *place);

#endif /* BARCACHE_FUZZ_REACH_H */
