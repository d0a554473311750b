# SPDX-License-Identifier: MIT
#
# The fault laboratory: README.md in this folder.  'push' is part of the tests,
# 'nightly' takes an hour and a half, 'release' most of a day.
find_package(Python3 COMPONENTS Interpreter)
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
  foreach(tier push nightly release)
    add_custom_target(${tier} COMMAND ${lab} ${tier}
      DEPENDS ${programs} USES_TERMINAL VERBATIM)
  endforeach()
else()
  project_skip(lab_push "there is no python3")
endif()
