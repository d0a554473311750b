# SPDX-License-Identifier: MIT
#
# Tests of the pure code: keys, patterns, timeframes, bars, numbers, moments;
# and the fuzz targets of what takes text from outside.
foreach(name
    bar bucket calendar fold format formula freshness indicator interval key
    lookup merge merge_random moment number pattern range recode resample tiling
    timeframe zone zoneinfo)
  barcache_test(${name})
endforeach()

# Ten million texts against strtod(), unless each costs ten times as much; and
# a locale with a decimal comma, of which few machines have one.
if(NOT BARCACHE_SANITIZE)
  set(number BARCACHE_TEST_NUMBERS=10000000)
endif()
find_program(LOCALEDEF localedef)
if(LOCALEDEF)
  set(locales ${CMAKE_CURRENT_BINARY_DIR}/locales)
  file(MAKE_DIRECTORY ${locales})
  execute_process(
    COMMAND ${LOCALEDEF} -i de_DE -f UTF-8 ${locales}/de_DE.UTF-8
    RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
  if(NOT failed)
    list(APPEND number LOCPATH=${locales})
  endif()
endif()
set_tests_properties(number PROPERTIES ENVIRONMENT "${number}")

add_subdirectory(fuzz)
