# SPDX-License-Identifier: MIT
#
# Tests of memory, locks and files, of the storage, and of the cache's calls.
foreach(name alloc check clock file hash lock mapping schema)
  barcache_test(${name} support.c)
endforeach()
foreach(name arena catalogue ledger lmdb mapped segment)
  barcache_test(${name} support.c value.c)
endforeach()
foreach(name coverage directory)
  barcache_test(${name} support.c value.c series_unit.c)
endforeach()
barcache_test(part support.c value.c image.c)
target_sources(test_segment PRIVATE image.c)
foreach(name batch cache config conformance hit list read recover snapshot space
    stats verify view writer zones)
  barcache_test(${name} support.c value.c unit.c)
endforeach()
foreach(name fetch fetch_threads lease)
  barcache_test(${name} support.c value.c unit.c)
endforeach()
foreach(name query)
  barcache_test(${name} support.c value.c unit.c series.c)
endforeach()
