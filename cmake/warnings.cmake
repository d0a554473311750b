# SPDX-License-Identifier: MIT
#
# Compiler warnings and sanitizers of our own targets, as one interface target.
add_library(barcache_flags INTERFACE)
target_compile_options(barcache_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
  -Wmissing-prototypes -Wundef -Wvla)
if(BARCACHE_WERROR)
  target_compile_options(barcache_flags INTERFACE -Werror)
endif()
if(BARCACHE_SANITIZE)
  target_compile_options(barcache_flags INTERFACE
    -fsanitize=${BARCACHE_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(barcache_flags INTERFACE -fsanitize=${BARCACHE_SANITIZE})
else()
  target_compile_options(barcache_flags INTERFACE -fstack-protector-strong)
  target_link_options(barcache_flags INTERFACE -Wl,-z,relro,-z,now)
  target_compile_options(barcache_flags INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()
