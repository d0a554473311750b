# SPDX-License-Identifier: MIT
#
# The fault laboratory: README.md in this folder.  'push' is part of the tests,
# 'nightly' takes an hour and a half, 'release' most of a day.
find_package(Python3 COMPONENTS Interpreter)

# Test programs with planted faults in them: control_NAME is test_NAME.
foreach(name compact crash disk failure fork forget hit kill limits live lookup
    manage_kill power)
  get_target_property(sources test_${name} SOURCES)
  add_executable(control_${name} EXCLUDE_FROM_ALL ${sources})
  target_include_directories(control_${name} PRIVATE
    ${CMAKE_CURRENT_SOURCE_DIR})
  target_compile_definitions(control_${name} PRIVATE
    $<TARGET_PROPERTY:test_${name},COMPILE_DEFINITIONS>)
  target_link_libraries(control_${name} PRIVATE
    barcachefault barcache_tests barcache_controlled)
  list(APPEND planted control_${name})
endforeach()
if(TARGET crash_blocklog)
  add_dependencies(control_power crash_blocklog)
endif()
add_custom_target(planted DEPENDS ${planted})

set(scenarios ${CMAKE_CURRENT_SOURCE_DIR}/fault/scenarios)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${scenarios})
file(STRINGS ${scenarios} lines REGEX "^ *[0-9]")
set(programs "")
foreach(line ${lines})
  string(REGEX MATCH "[^ |]+[^|]*$" command "${line}")
  string(REGEX MATCH "^[^ ]+" program "${command}")
  if(TARGET ${program})
    list(APPEND programs ${program})
  endif()
endforeach()
list(REMOVE_DUPLICATES programs)

if(Python3_FOUND)
  set(lab ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/fault/lab
    --build ${PROJECT_BINARY_DIR})
  project_python(lab_driver ../fault/driver.py)
  add_test(NAME lab_push COMMAND ${lab} push)
  set_tests_properties(lab_push PROPERTIES TIMEOUT 600 RUN_SERIAL ON)
  add_custom_target(controls
    COMMAND ${CMAKE_COMMAND} -E env BARCACHE_BUILD=${PROJECT_BINARY_DIR}
      ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/fault/planted
    DEPENDS planted USES_TERMINAL VERBATIM)
  add_dependencies(controls fuzzers)
  foreach(tier push nightly release)
    add_custom_target(${tier} COMMAND ${lab} ${tier}
      DEPENDS ${programs} USES_TERMINAL VERBATIM)
  endforeach()
  foreach(tier nightly release)
    add_dependencies(${tier} planted fuzzers)
  endforeach()
else()
  project_skip(lab_push "there is no python3")
endif()
