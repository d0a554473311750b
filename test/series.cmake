# SPDX-License-Identifier: MIT
#
# Tests of series: by several processes, at the ends of months and of time.
barcache_test(series_times support.c value.c unit.c)
barcache_test(series_memory support.c value.c)
barcache_test(series_process support.c value.c)
