# SPDX-License-Identifier: MIT
#
# Tests of the layers below the bars and of the storage: memory, locks, files,
# schemas.
foreach(name alloc check clock file hash lock mapping schema)
  barcache_test(${name} support.c)
endforeach()
foreach(name arena catalogue ledger lmdb mapped segment)
  barcache_test(${name} support.c value.c)
endforeach()
foreach(name batch cache config list read snapshot space)
  barcache_test(${name} support.c value.c unit.c)
endforeach()
