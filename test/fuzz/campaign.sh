#!/bin/sh
# SPDX-License-Identifier: MIT
#
# campaign.sh DIRECTORY - run every fuzz target that was built in DIRECTORY for
# a while, one after the other, and print a line for each:
#
#   scenario trials failures seed seconds
#
# An input that shows a fault stays in the directory that BARCACHE_FUZZ_KEEP
# names.
#   BARCACHE_FUZZ_SECONDS  of each target, default 180
#   BARCACHE_FUZZ_TARGETS  which, default all: "csv json"
#   BARCACHE_FUZZ_KEEP     default DIRECTORY/found
#   BARCACHE_SEED          default: another one each time
set -u

build=${1:?usage: campaign.sh DIRECTORY}
corpus=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)/corpus
seconds=${BARCACHE_FUZZ_SECONDS:-180}
keep=${BARCACHE_FUZZ_KEEP:-$build/found}
targets=${BARCACHE_FUZZ_TARGETS:-$(ls "$corpus")}
status=0

mkdir -p "$keep"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "scenario trials failures seed seconds"
for target in $targets; do
	seed=${BARCACHE_SEED:-$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')}
	mkdir -p "$work/$target"
	begun=$(date +%s)
	"$build/fuzz_$target" -max_total_time="$seconds" -seed="$seed" \
		-timeout=60 -rss_limit_mb=4096 -max_len=4096 -len_control=0 \
		-print_final_stats=1 -artifact_prefix="$keep/$target-" \
		"$work/$target" "$corpus/$target" >"$work/log" 2>&1
	failures=$(($? != 0))
	trials=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
	echo "fuzz_$target ${trials:-0} $failures $seed" \
		"$(($(date +%s) - begun))"
	if [ "$failures" -ne 0 ] || [ "${trials:-0}" -eq 0 ]; then
		tail -n 40 "$work/log" >&2
		status=1
	fi
	rm -rf "${work:?}/$target"
done
exit $status
