#!/bin/sh
# SPDX-License-Identifier: MIT
#
# coverage.sh SOURCE BUILD - run the tests of a build that counts (preset
# "coverage") and print what they ran of lib/, file by file: lines, branches,
# and which lines and branches were missed.
#
# Left out is what a processor of this kind cannot run: kernels for others.
# Branches that only the compiler made (of inlined copies and unreachable
# joints) do not count.  BARCACHE_COVERAGE_TESTS: arguments of ctest instead of
# all tests; "none" to count what was run before.
set -eu

source=$1
build=$2
cd "$build"
if [ "${BARCACHE_COVERAGE_TESTS:-}" != none ]; then
	find . -name '*.gcda' -exec rm -f {} +
	# shellcheck disable=SC2086 # several arguments
	ctest --timeout 900 ${BARCACHE_COVERAGE_TESTS:-} ||
		echo "coverage: some tests failed; what they ran counts" >&2
fi
for what in lines branches; do
	echo "== $what =="
	gcovr --root "$source" --filter "$source/lib/" \
		--exclude '.*kernel_(avx2|avx512|sse2)[.]c' \
		--exclude-unreachable-branches --exclude-throw-branches \
		$([ "$what" = branches ] && echo --branches) \
		--json-summary "coverage-$what.json" \
		--txt "coverage-$what.txt" .
	cat "coverage-$what.txt"
done
