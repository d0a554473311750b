# SPDX-License-Identifier: MIT
#
# Tests of bars as text: fields, forms of times, dialects, rows, tables,
# JSON and shapes; and of the parts of the tool that lead to texts.
foreach(name amount column field form form_find json preset print table)
  barcache_test(${name})
endforeach()
target_link_libraries(test_print PRIVATE m)
foreach(name csv row)
  barcache_test(${name} plan.c)
endforeach()
foreach(name shape shape_preset)
  barcache_test(${name} shape_unit.c)
endforeach()
foreach(name sniff sniff_hints sniff_rows)
  barcache_test(${name} sniff_unit.c)
endforeach()

# barcache_tool_test(NAME SOURCE...): a test of sources of the tool, which are
# named without the folder.
function(barcache_tool_test name)
  list(TRANSFORM ARGN PREPEND ${PROJECT_SOURCE_DIR}/tools/)
  barcache_test(${name} ${ARGN})
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tools)
  target_compile_definitions(test_${name} PRIVATE _GNU_SOURCE=1)
endfunction()

barcache_tool_test(tzdata tzdata.c)
target_sources(test_tzdata PRIVATE lent.c)
barcache_tool_test(tree tree.c)
target_sources(test_tree PRIVATE lent.c)
barcache_tool_test(layout layout.c layout_date.c layout_name.c
  layout_path.c)
barcache_tool_test(plot plot_axis.c plot_fold.c)
target_link_libraries(test_plot PRIVATE m)
barcache_tool_test(template template.c)
target_sources(test_template PRIVATE lent.c)
barcache_tool_test(process process.c)
# A limit that a test can reach.
target_compile_definitions(test_process PRIVATE PROCESS_BYTES_MAX=65536)
if(TARGET barcache_unpacking)
  foreach(name input unpack)
    barcache_tool_test(${name}
      input.c unpack.c foreign.c buffer.c checksum.c)
    target_sources(test_${name} PRIVATE texts.c)
    # A limit that a test can reach.
    target_compile_definitions(test_${name} PRIVATE INPUT_BYTES_MAX=4194304)
    target_link_libraries(test_${name} PRIVATE barcache_unpacking)
  endforeach()
endif()
