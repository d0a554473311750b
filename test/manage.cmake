# SPDX-License-Identifier: MIT
#
# Tests of management as a whole: a cache that forgets, against a model of what
# it may forget, and under SIGKILL.
set(chaos chaos/entry.c chaos/growing.c chaos/marks.c chaos/op.c chaos/steer.c
  chaos/values.c chaos/where.c chaos/world.c clockwork.c sequence.c)

barcache_test(manage_model ${chaos})
set(party chaos/crowd.c chaos/party.c chaos/strangers.c fault/litter.c)
barcache_fault_test(manage_kill ${party} fault/trace.c)
barcache_fault_test(unlinked ${party})
barcache_fault_test(rivals ${party})
barcache_fault_test(soak ${party})

# A campaign: the same for an hour or so, from another seed each time.
string(TIMESTAMP now "%s" UTC)
add_custom_target(manage_campaign
  COMMAND ${CMAKE_COMMAND} -E env BARCACHE_SEED=${now} BARCACHE_SEEDS=3000
    BARCACHE_STEPS=500 $<TARGET_FILE:test_manage_model>
  DEPENDS test_manage_model USES_TERMINAL VERBATIM)
