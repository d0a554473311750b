# SPDX-License-Identifier: MIT
#
# The stored format: caches that were made when a version of it was settled must
# be read by every later library, and by a reader that knows nothing but
# doc/format.md.
set(golden ${CMAKE_CURRENT_SOURCE_DIR}/golden)
set(unpacked dir_unit.c golden/archive.c golden/content.c)

barcache_test(golden ${unpacked} golden/print.c)
target_compile_definitions(test_golden PRIVATE
  GOLDEN_ARCHIVE="${golden}/cache.tar.gz"
  GOLDEN_EXPECTED="${golden}/expected.json")

barcache_test(upgrade ${unpacked})
target_compile_definitions(test_upgrade PRIVATE
  GOLDEN_ARCHIVE="${golden}/cache.tar.gz")

barcache_test(golden_series ${unpacked} golden/grown.c golden/print.c)
target_compile_definitions(test_golden_series PRIVATE
  GOLDEN_ARCHIVE="${golden}/series.tar.gz"
  GOLDEN_EXPECTED="${golden}/series.json")

# The same content with all packed that packs.
add_executable(test_golden_packed test_golden_series.c ${unpacked}
  golden/grown.c golden/print.c)
target_include_directories(test_golden_packed PRIVATE
  ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(test_golden_packed PRIVATE
  barcache_tests barcache_objects)
target_compile_definitions(test_golden_packed PRIVATE
  GOLDEN_ARCHIVE="${golden}/packed.tar.gz"
  GOLDEN_EXPECTED="${golden}/packed.json")
add_test(NAME golden_packed COMMAND test_golden_packed)

project_python(golden_reader ../golden/reader.py
  ${golden}/cache.tar.gz ${golden}/expected.json 12)
project_python(golden_series_reader ../golden/reader.py
  ${golden}/series.tar.gz ${golden}/series.json 17)
project_python(golden_packed_reader ../golden/reader.py
  ${golden}/packed.tar.gz ${golden}/packed.json 29)

# How the golden caches were made; not part of any test.
add_executable(golden_make EXCLUDE_FROM_ALL
  golden/make.c golden/content.c golden/print.c)
target_link_libraries(golden_make PRIVATE barcache::barcache barcache_flags)
add_executable(golden_make_series EXCLUDE_FROM_ALL
  golden/make_series.c golden/content.c golden/grown.c golden/print.c)
target_link_libraries(golden_make_series PRIVATE
  barcache::barcache barcache_flags)
