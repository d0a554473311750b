# SPDX-License-Identifier: MIT
#
# Tests of the project itself: layers and style of the sources, symbols, the
# header alone, the installation, the code in README.md, the examples.
find_package(Python3 COMPONENTS Interpreter)
set(project ${CMAKE_CURRENT_SOURCE_DIR}/project)

# Where a test cannot run, one of its name says why and counts as skipped.
function(project_skip name reason)
  add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -E echo "skipped: ${reason}")
  set_tests_properties(${name} PROPERTIES SKIP_REGULAR_EXPRESSION "^skipped:")
endfunction()

# project_python(NAME SCRIPT [ARGUMENT...])
function(project_python name script)
  if(Python3_FOUND)
    add_test(NAME ${name}
      COMMAND ${Python3_EXECUTABLE} -B ${project}/${script} ${ARGN})
  else()
    project_skip(${name} "there is no python3")
  endif()
endfunction()

project_python(layers layers.py ${PROJECT_SOURCE_DIR})
project_python(style style.py ${PROJECT_SOURCE_DIR})
project_python(controls controls.py)
project_python(security security.py ${PROJECT_SOURCE_DIR})
if(Python3_FOUND) # Static analysis, for a quarter of an hour.
  add_custom_target(analyze
    COMMAND ${Python3_EXECUTABLE} -B ${project}/analyze.py
      ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}
    USES_TERMINAL VERBATIM)
endif()
if(BARCACHE_SANITIZE OR NOT BARCACHE_HARDEN)
  project_skip(hardening "sanitizers stand in its place, or it is off")
elseif(TARGET barcache_tool)
  set(look hardening.py ${CMAKE_READELF} ${CMAKE_C_COMPILER}
    $<IF:$<CONFIG:Debug>,0,1>)
  project_python(hardening ${look}
    $<TARGET_FILE:barcache> $<TARGET_FILE:barcache_tool>)
  if(Python3_FOUND) # The test of the installation looks, too.
    set(hardening ${Python3_EXECUTABLE} -B ${project}/${look})
  endif()
endif()
if(BARCACHE_SANITIZE)
  project_skip(symbols "sanitizers add names of their own")
else()
  project_python(symbols symbols.py ${CMAKE_NM}
    $<TARGET_FILE:barcache> $<TARGET_FILE:barcache_static>
    ${PROJECT_SOURCE_DIR}/lib/barcache.map
    ${PROJECT_SOURCE_DIR}/include/barcache.h)
endif()

barcache_test(error)
target_compile_definitions(test_error PRIVATE
  BARCACHE_HEADER="${PROJECT_SOURCE_DIR}/include/barcache.h")

# The library is C alone, so a C++ compiler is looked for here only.
include(CheckLanguage)
check_language(CXX)
set(cxx ${CMAKE_CXX_COMPILER})
if(NOT cxx)
  set(cxx "")
endif()
add_test(NAME header COMMAND sh ${project}/header
  ${PROJECT_SOURCE_DIR}/include ${CMAKE_C_COMPILER} "${cxx}")
if(BARCACHE_SANITIZE)
  project_skip(install "outside programs are built without sanitizers")
else()
  add_test(NAME install COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/install/run
    ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR} ${CMAKE_COMMAND}
    ${CMAKE_C_COMPILER} "${cxx}" ${hardening})
  set_tests_properties(install PROPERTIES TIMEOUT 600)
endif()

# The first C block of README.md is a program; the text block after it is what
# the program prints.
set(readme_file ${PROJECT_SOURCE_DIR}/README.md)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${readme_file})
file(READ ${readme_file} readme)
foreach(block c text)
  string(FIND "${readme}" "\n```${block}\n" begin)
  string(LENGTH "\n```${block}\n" fence)
  math(EXPR begin "${begin} + ${fence}")
  string(SUBSTRING "${readme}" ${begin} -1 readme)
  string(FIND "${readme}" "\n```\n" end)
  math(EXPR length "${end} + 1")
  string(SUBSTRING "${readme}" 0 ${length} readme_${block})
  string(SUBSTRING "${readme}" ${end} -1 readme)
endforeach()
file(CONFIGURE OUTPUT readme.c CONTENT "${readme_c}" @ONLY)
file(CONFIGURE OUTPUT readme.expected CONTENT "${readme_text}" @ONLY)
add_executable(readme ${CMAKE_CURRENT_BINARY_DIR}/readme.c)
target_link_libraries(readme PRIVATE barcache::barcache barcache_flags)
add_test(NAME readme COMMAND sh ${project}/expect
  ${CMAKE_CURRENT_BINARY_DIR}/readme.expected $<TARGET_FILE:readme>)

if(BARCACHE_BUILD_EXAMPLES)
  foreach(example 01_backtest 03_feature_cache 04_incremental 05_resolutions)
    add_test(NAME example_${example} COMMAND sh ${project}/expect
      ${project}/${example}.expected -twice $<TARGET_FILE:${example}> cache)
  endforeach()
  add_test(NAME example_06_dashboard COMMAND sh ${project}/dashboard
    ${project}/06_dashboard.expected $<TARGET_FILE:06_dashboard>)
  if(NOT Python3_FOUND)
    project_skip(example_02_arrays "there is no python3")
  elseif(BARCACHE_SANITIZE)
    project_skip(example_02_arrays "python3 is built without sanitizers")
  else()
    add_test(NAME example_02_arrays COMMAND sh ${project}/arrays
      $<TARGET_FILE:01_backtest> $<TARGET_FILE:barcache>
      ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/examples/02_arrays.py)
    set_tests_properties(example_02_arrays PROPERTIES SKIP_RETURN_CODE 77)
  endif()
endif()

# Models of the protocols between processes, and broken twins of them.
add_test(NAME protocol COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/protocol/check
  ${CMAKE_CURRENT_BINARY_DIR}/protocol)
set_tests_properties(protocol PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77)

if(Python3_FOUND) # Small mistakes, and whether tests notice: most of an hour.
  add_custom_target(mutants
    COMMAND ${Python3_EXECUTABLE} -B ${project}/mutants.py
      ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR} --seed 20261121
    USES_TERMINAL VERBATIM)
endif()

# The order of locks and the use of pthreads, watched by valgrind, which cannot
# map as much as the library does elsewhere.
find_program(VALGRIND valgrind)
if(BARCACHE_SMALL_MAPS AND VALGRIND)
  set(watched ledger threads ranges_threads)
  foreach(name ${watched})
    list(APPEND watching COMMAND ${VALGRIND} --tool=helgrind
      --history-level=none --error-exitcode=1
      --suppressions=${project}/helgrind.supp $<TARGET_FILE:test_${name}>)
    list(APPEND programs_watched test_${name})
  endforeach()
  add_custom_target(helgrind ${watching}
    DEPENDS ${programs_watched} USES_TERMINAL VERBATIM)
endif()

if(BARCACHE_COVERAGE AND Python3_FOUND) # What the tests run of lib/.
  add_custom_target(coverage
    COMMAND ${Python3_EXECUTABLE} -B ${project}/coverage.py
      ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}
    USES_TERMINAL VERBATIM)
endif()
