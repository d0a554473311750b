# SPDX-License-Identifier: MIT
#
# The stored format: a cache that was made when the format was settled must be
# read by every later library of the same format version, and by a reader that
# knows nothing but doc/format.md.
set(golden ${CMAKE_CURRENT_SOURCE_DIR}/golden)

barcache_test(golden support.c golden/content.c golden/print.c)
target_compile_definitions(test_golden PRIVATE
  GOLDEN_ARCHIVE="${golden}/cache.tar.gz"
  GOLDEN_EXPECTED="${golden}/expected.json")

barcache_test(upgrade support.c golden/content.c)
target_compile_definitions(test_upgrade PRIVATE
  GOLDEN_ARCHIVE="${golden}/cache.tar.gz")

project_python(golden_reader ../golden/reader.py
  ${golden}/cache.tar.gz ${golden}/expected.json)

# How the golden cache was made; not part of any test.
add_executable(golden_make EXCLUDE_FROM_ALL
  golden/make.c golden/content.c golden/print.c)
target_link_libraries(golden_make PRIVATE barcache::barcache barcache_flags)
