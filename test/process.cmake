# SPDX-License-Identifier: MIT
#
# Tests of several processes, faults and file systems.  What they stand on: a
# shim that makes calls fail (fault/), values whose bytes derive from (key,
# version, seed), and an oracle that knows what must be in the cache.
add_library(barcachefault SHARED
  fault/shim.c fault/calls.c fault/lmdb_calls.c fault/recorder.c)
target_link_libraries(barcachefault PRIVATE PkgConfig::LMDB ${CMAKE_DL_LIBS})
# The wrappers have the names that fortified headers define inline, and must
# not depend on the run time of a sanitizer to be preloaded.
target_compile_options(barcachefault PRIVATE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
  -Wmissing-prototypes -Wundef -Wvla -U_FORTIFY_SOURCE)

# barcache_fault_test(NAME [SOURCE...]): a test with the fixture, linked with
# the shim before anything that the shim stands in front of.
function(barcache_fault_test name)
  add_executable(test_${name} test_${name}.c ${ARGN})
  target_include_directories(test_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_compile_definitions(test_${name} PRIVATE
    BARCACHE_FAULT_LIBRARY="$<TARGET_FILE:barcachefault>")
  target_link_libraries(test_${name} PRIVATE
    barcachefault barcache_tests barcache_objects)
  add_test(NAME ${name} COMMAND test_${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()

barcache_fault_test(shim)
target_compile_definitions(test_shim PRIVATE
  BARCACHE_LIBRARY="$<TARGET_FILE:barcache>")
add_dependencies(test_shim barcache)
set(oracle fault/oracle.c fault/litter.c)
barcache_fault_test(oracle ${oracle})
barcache_fault_test(kill ${oracle})
barcache_fault_test(failure fault/holds.c
  fault/world_basic.c fault/world_care.c fault/world_series.c)
target_compile_definitions(test_failure PRIVATE
  BARCACHE_MAP="${PROJECT_SOURCE_DIR}/lib/barcache.map")
barcache_fault_test(growth_failure fault/failing.c fault/holds.c)
barcache_fault_test(fetch_failure)
barcache_fault_test(label_failure)
barcache_fault_test(create)
barcache_fault_test(fork)
barcache_fault_test(live ${oracle} dir_unit.c)
barcache_fault_test(busy)
barcache_fault_test(disk dir_unit.c)
barcache_fault_test(user ${oracle})
barcache_fault_test(namespace ${oracle})
barcache_fault_test(unsafe)
barcache_fault_test(leak cold.c dir_unit.c)
barcache_fault_test(permission)
barcache_fault_test(swap)
barcache_fault_test(damage fault/victim.c)
barcache_fault_test(rebuild fault/victim.c)
barcache_fault_test(reboot fault/victim.c)
barcache_fault_test(limits)
barcache_fault_test(copy commits.c copy_unit.c)
barcache_fault_test(copy_failure commits.c copy_unit.c)
barcache_fault_test(freeze)
barcache_fault_test(repair commits.c)
barcache_fault_test(ranges series.c)
barcache_test(ranges_threads)
barcache_fault_test(stopped)
barcache_fault_test(tallies)
barcache_fault_test(vandal fault/victim.c)
barcache_fault_test(flips fault/gallery.c fault/shelf.c)
barcache_fault_test(sweep fault/gallery.c fault/shelf.c)
barcache_fault_test(gallery fault/gallery.c fault/holds.c fault/shelf.c
  fault/act_look.c fault/act_change.c fault/act_care.c)
barcache_fault_test(threads)
barcache_test(fetch_process)
