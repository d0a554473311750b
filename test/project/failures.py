#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Print what the failed tests of ctest's JUnit reports said last.

usage: failures.py REPORT...
"""
import sys
import xml.etree.ElementTree as tree

LINES = 40  # of each failed test


def failures(report):
    """The (name, output) of every failed test in a report."""
    for case in tree.parse(report).getroot().iter("testcase"):
        if case.get("status") == "fail":
            yield case.get("name"), case.findtext("system-out") or ""


def main():
    for report in sys.argv[1:]:
        for name, output in failures(report):
            print(f"== {name} failed ({report}); its last {LINES} lines:")
            print("\n".join(output.rstrip().splitlines()[-LINES:]))


if __name__ == "__main__":
    main()
