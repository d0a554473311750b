# SPDX-License-Identifier: MIT
#
# Tests of memory, locks and files, of the storage, and of the cache's calls.
foreach(name days evict expire fresh memo touch vectors)
  barcache_test(${name} clockwork.c timed_unit.c)
endforeach()
foreach(name alloc check clock dir hash lock mapping schema
    histogram mapped ordered policy pool preface rehearsal segment victims
    batch cache config conformance counts fetch fetch_range
    fetch_threads ghosts haul health hit label lease list lost missing noise
    odd_rows read recover snapshot space state stats tracer verify view writer)
  barcache_test(${name})
endforeach()
foreach(name arena catalogue file lmdb zones)
  barcache_test(${name} dir_unit.c)
endforeach()
foreach(name ledger ledger_times)
  barcache_test(${name} dir_unit.c ledger_unit.c)
endforeach()
foreach(name coverage directory entry expiry)
  barcache_test(${name} series_unit.c)
endforeach()
barcache_test(counters clockwork.c timed_unit.c links_unit.c)
barcache_test(part image.c)
target_sources(test_segment PRIVATE image.c)
barcache_test(salvage cold.c)
foreach(name budget cold_budget)
  barcache_test(${name} filled_unit.c)
endforeach()
foreach(name clear links removal)
  barcache_test(${name} links_unit.c)
endforeach()
foreach(name derived derived_fall derived_limits derived_race resampled
    resampled_columns resampled_random)
  barcache_test(${name} larger.c)
endforeach()
foreach(name derived_fall read) # They wait for what expires.
  target_sources(test_${name} PRIVATE clockwork.c)
endforeach()
foreach(name query select series_verify stitch stream window)
  barcache_test(${name} series.c)
endforeach()
foreach(name append append_rules compact forget growth_random)
  barcache_test(${name} growth_unit.c)
endforeach()
barcache_test(dry_run growth_unit.c clockwork.c)

# The default policy meets its marks on traces it was not tuned by.
if(TARGET bench_policy)
  add_test(NAME policy_marks COMMAND bench_policy --check)
endif()
