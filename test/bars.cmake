# SPDX-License-Identifier: MIT
#
# Tests of the pure code: keys, patterns, timeframes, bars, numbers, moments;
# and the fuzz targets of what takes text from outside.
foreach(name bar calendar format key moment number pattern timeframe)
  barcache_test(${name} support.c value.c)
endforeach()

# A locale with a decimal comma, of which few machines have one.
find_program(LOCALEDEF localedef)
if(LOCALEDEF)
  set(locales ${CMAKE_CURRENT_BINARY_DIR}/locales)
  file(MAKE_DIRECTORY ${locales})
  execute_process(
    COMMAND ${LOCALEDEF} -i de_DE -f UTF-8 ${locales}/de_DE.UTF-8
    RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
  if(NOT failed)
    set_tests_properties(number PROPERTIES ENVIRONMENT LOCPATH=${locales})
  endif()
endif()

add_subdirectory(fuzz)
