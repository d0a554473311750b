# SPDX-License-Identifier: MIT
#
# Tests of series: against a model of them, by several processes, under
# SIGKILL, with damage, at the ends of months and of time.
set(model model/array.c model/check.c model/check_more.c model/model.c
  model/op.c model/read.c model/value.c model/world.c)

barcache_test(series_model sequence.c ${model})
target_link_libraries(test_series_model PRIVATE m)
foreach(name damage record)
  barcache_test(series_${name} stretch.c fault/victim.c)
endforeach()
barcache_test(warm cold.c series.c)
foreach(name memory process times)
  barcache_test(series_${name})
endforeach()
barcache_fault_test(series_kill ${model})
target_link_libraries(test_series_kill PRIVATE m)

# Campaigns: the same for an hour or so, from another seed each time.
string(TIMESTAMP now "%s" UTC)
add_custom_target(series_campaign
  COMMAND ${CMAKE_COMMAND} -E env BARCACHE_SEED=${now} BARCACHE_SEEDS=3000
    BARCACHE_STEPS=200 $<TARGET_FILE:test_series_model>
  DEPENDS test_series_model USES_TERMINAL VERBATIM)
