# SPDX-License-Identifier: MIT
#
# Tests of the command-line tool by its exact output, one a case file, each in
# a directory of its own; see cli/run.py for the form and for --rewrite.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(cli ${CMAKE_CURRENT_SOURCE_DIR}/cli)

if(TARGET barcache_tool)
  file(GLOB cases CONFIGURE_DEPENDS ${cli}/*.case)
  foreach(case ${cases})
    cmake_path(GET case STEM name)
    add_test(NAME cli_${name} COMMAND ${Python3_EXECUTABLE} -B ${cli}/run.py
      --tool $<TARGET_FILE:barcache_tool> ${case})
    set_tests_properties(cli_${name} PROPERTIES TIMEOUT 300)
  endforeach()
  add_test(NAME cli_screen COMMAND ${Python3_EXECUTABLE} -B ${cli}/top.py
    $<TARGET_FILE:barcache_tool>)
  set_tests_properties(cli_screen PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
  add_test(NAME cli_secure COMMAND ${Python3_EXECUTABLE} -B ${cli}/secure.py
    $<TARGET_FILE:barcache_tool>)
  set_tests_properties(cli_secure PROPERTIES SKIP_RETURN_CODE 77)
  add_test(NAME cli_manual COMMAND ${Python3_EXECUTABLE} -B ${cli}/manual.py
    $<TARGET_FILE:barcache_tool> ${PROJECT_SOURCE_DIR}/doc/barcache.1)
endif()
