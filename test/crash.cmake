# SPDX-License-Identifier: MIT
#
# Power cuts: states that one may leave of what a process did to its files, made
# from a recorded trace, and checked against what was acknowledged.
set(crash crash/check.c crash/disk.c crash/history.c crash/node.c)

barcache_fault_test(crash crash/cut.c ${crash})
