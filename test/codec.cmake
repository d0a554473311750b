# SPDX-License-Identifier: MIT
#
# Tests of the packed form: columns of all kinds there and back, damaged bytes,
# and a reader that knows nothing but doc/format-packed.md.
set(pack_sources pack/specimen.c pack/packing.c pack/sign.c)
foreach(name bitstream decimal kernel quotient)
  barcache_test(${name})
endforeach()
target_link_libraries(test_quotient PRIVATE m)
foreach(name codec pack portable)
  barcache_test(${name} ${pack_sources})
endforeach()
foreach(name pack_change pack_damage)
  barcache_test(${name} ${pack_sources} pack/victim.c)
endforeach()
target_link_libraries(test_portable PRIVATE m) # for fesetenv()

# A reader that knows nothing but doc/format-packed.md.
add_executable(pack_make pack/make.c pack/specimen.c)
target_link_libraries(pack_make PRIVATE barcache_objects)
project_python(pack_decode ../pack/decode.py $<TARGET_FILE:pack_make>)

# The same tests on another processor: cmake --build BUILD --target arm64.
add_custom_target(arm64
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/arm64 ${PROJECT_BINARY_DIR}/arm64
  USES_TERMINAL VERBATIM)
