# SPDX-License-Identifier: MIT
#
# Power cuts: states that one may leave of what a process did to its files, made
# from a recorded trace, and checked against what was acknowledged.
set(crash crash/check.c crash/disk.c crash/history.c crash/node.c
  fault/litter.c)

barcache_fault_test(crash crash/cut.c ${crash})
barcache_fault_test(power crash/cut.c ${crash})
barcache_fault_test(upgrade_crash crash/cut.c ${crash} golden/content.c)
target_compile_definitions(test_upgrade_crash PRIVATE
  GOLDEN_ARCHIVE="${CMAKE_CURRENT_SOURCE_DIR}/golden/cache.tar.gz")

# The disk that remembers is a FUSE file system; without, that test is skipped.
pkg_check_modules(FUSE3 IMPORTED_TARGET fuse3)
if(FUSE3_FOUND)
  add_executable(crash_blocklog crash/blocklog.c)
  target_include_directories(crash_blocklog PRIVATE
    ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(crash_blocklog PRIVATE barcache_flags PkgConfig::FUSE3)
  target_compile_definitions(crash_blocklog PRIVATE _GNU_SOURCE)
  target_compile_definitions(test_power PRIVATE
    BARCACHE_BLOCKLOG="$<TARGET_FILE:crash_blocklog>")
  add_dependencies(test_power crash_blocklog)
endif()
