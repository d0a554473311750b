# SPDX-License-Identifier: MIT
#
# Tests of the cold tier as the cache's calls show it.
barcache_test(cold cold.c)
barcache_test(cold_blob)
barcache_fault_test(cold_failure cold.c fault/failing.c fault/holds.c)
barcache_test(cold_expire clockwork.c timed_unit.c)
barcache_test(cold_image cold.c image.c pack/packing.c pack/specimen.c
  pack/sign.c)
barcache_fault_test(cold_kill cold.c)
barcache_test(cold_part cold.c)
barcache_test(cold_share cold.c dir_unit.c)
barcache_test(cold_text cold.c)
barcache_test(census cold.c)
