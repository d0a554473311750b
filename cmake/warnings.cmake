# SPDX-License-Identifier: MIT
#
# Compiler warnings, hardening and sanitizers of our own targets, as one
# interface target.
include(CheckCCompilerFlag)
include(CheckCSourceCompiles)
include(CheckPIESupported)

add_library(barcache_flags INTERFACE)
target_compile_options(barcache_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
  -Wmissing-prototypes -Wundef -Wvla)
if(BARCACHE_WERROR)
  target_compile_options(barcache_flags INTERFACE -Werror)
endif()

# What makes an error of memory end the program where it would else be used:
# checked buffers, canaries, a probed stack, indirect jumps only to where one
# may land, code at addresses of no constancy, read-only tables of the linker.
# What it costs is in SECURITY.md; test/project/hardening.py looks for it in
# what is installed.
function(barcache_harden)
  # The C library says so if it knows no 3.
  set(CMAKE_REQUIRED_FLAGS "-O2 -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
  check_c_source_compiles(
    "#include <stdio.h>\nint main(void) { return puts(\"\"); }"
    BARCACHE_FORTIFY_3)
  unset(CMAKE_REQUIRED_FLAGS)
  set(level $<IF:$<BOOL:${BARCACHE_FORTIFY_3}>,3,2>)
  target_compile_options(barcache_flags INTERFACE
    -U_FORTIFY_SOURCE $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=${level}>)
  foreach(flag -fstack-protector-strong -fstack-clash-protection
      -fcf-protection=full -mbranch-protection=standard)
    string(MAKE_C_IDENTIFIER "BARCACHE_HAS${flag}" known)
    check_c_compiler_flag("-Werror ${flag}" ${known})
    if(${known})
      target_compile_options(barcache_flags INTERFACE ${flag})
    endif()
  endforeach()
  target_link_options(barcache_flags INTERFACE
    -Wl,-z,relro,-z,now,-z,noexecstack)
endfunction()

check_pie_supported(LANGUAGES C)
if(BARCACHE_SANITIZE)
  target_compile_options(barcache_flags INTERFACE
    -fsanitize=${BARCACHE_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all
    # Of code that is checked as it runs gcc no longer knows what may be.
    "$<$<C_COMPILER_ID:GNU>:-Wno-format-truncation;-Wno-maybe-uninitialized>")
  target_link_options(barcache_flags INTERFACE -fsanitize=${BARCACHE_SANITIZE})
elseif(BARCACHE_HARDEN)
  barcache_harden()
endif()
