# SPDX-License-Identifier: MIT
#
# Tests of import by what it stores: hand-written files in every dialect, and
# real files where they are at hand (BARCACHE_DATA, or shared/data beside the
# source tree).
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(dialect ${CMAKE_CURRENT_SOURCE_DIR}/dialect)
set(data ${CMAKE_CURRENT_SOURCE_DIR}/data)

if(TARGET barcache_tool)
  file(GLOB cases CONFIGURE_DEPENDS ${dialect}/*.dialect)
  add_test(NAME dialect COMMAND ${Python3_EXECUTABLE} -B ${dialect}/run.py
    --tool $<TARGET_FILE:barcache_tool> ${cases})
  set_tests_properties(dialect PROPERTIES TIMEOUT 600)
  add_test(NAME data COMMAND ${Python3_EXECUTABLE} -B ${data}/run.py
    --tool $<TARGET_FILE:barcache_tool>)
  set_tests_properties(data PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77)
endif()
