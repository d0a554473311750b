# SPDX-License-Identifier: MIT
#
# Tests of memory, locks and files, of the storage, and of the cache's calls.
foreach(name days evict expire fresh touch vectors)
  barcache_test(${name} support.c value.c unit.c clockwork.c timed_unit.c)
endforeach()
foreach(name alloc check clock dir hash lock mapping schema)
  barcache_test(${name} support.c)
endforeach()
foreach(name histogram mapped ordered policy pool preface rehearsal segment
    victims)
  barcache_test(${name} support.c value.c)
endforeach()
foreach(name arena catalogue expiry file lmdb zones)
  barcache_test(${name} support.c value.c dir_unit.c)
endforeach()
foreach(name ledger ledger_times)
  barcache_test(${name} support.c value.c dir_unit.c ledger_unit.c)
endforeach()
foreach(name coverage directory)
  barcache_test(${name} support.c value.c series_unit.c)
endforeach()
barcache_test(counters support.c value.c unit.c clockwork.c timed_unit.c
  links_unit.c)
barcache_test(part support.c value.c image.c)
target_sources(test_segment PRIVATE image.c)
foreach(name batch budget cache config conformance counts haul health hit
    label list noise read recover snapshot space state stats tracer verify view
    writer)
  barcache_test(${name} support.c value.c unit.c)
endforeach()
barcache_test(cold_budget support.c value.c unit.c)
barcache_test(salvage cold.c support.c value.c unit.c)
foreach(name clear links removal)
  barcache_test(${name} support.c value.c unit.c links_unit.c)
endforeach()
foreach(name fetch fetch_range fetch_threads lease missing)
  barcache_test(${name} support.c value.c unit.c)
endforeach()
foreach(name derived derived_fall derived_limits derived_race resampled
    resampled_columns resampled_random)
  barcache_test(${name} support.c value.c unit.c larger.c)
endforeach()
foreach(name derived_fall read) # They wait for what expires.
  target_sources(test_${name} PRIVATE clockwork.c)
endforeach()
foreach(name query select series_verify stitch stream window)
  barcache_test(${name} support.c value.c unit.c series.c)
endforeach()
foreach(name append append_rules compact forget growth_random)
  barcache_test(${name} support.c value.c unit.c growth_unit.c)
endforeach()
barcache_test(dry_run support.c value.c unit.c growth_unit.c clockwork.c)

# The default policy meets its marks on traces it was not tuned by.
if(TARGET bench_policy)
  add_test(NAME policy_marks COMMAND bench_policy --check)
endif()
