#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Import real files with no option at all and compare with expected.tsv.

    run.py --tool PATH/barcache [--data DIRECTORY] [NAME...]

The files are no part of the project: they are looked for in --data, in the
directory BARCACHE_DATA names, then in ../shared/data beside the source tree.
Without them the run is skipped: exit status 77.  expect.py says what the table
holds and makes it.
"""
import argparse
import csv
import hashlib
import io
import os
import struct
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "dialect"))

from tool import Tool, check_sum, moment_ns, result_keys  # noqa: E402

SKIPPED = 77
DIGITS = 16
COUNTS = ("rows", "inserted", "identical", "conflicting", "suspect",
          "rejected")


def find_data(given):
    """The directory of the files, or None."""
    root = os.path.dirname(os.path.dirname(HERE))
    for path in (given, os.environ.get("BARCACHE_DATA"),
                 os.path.join(root, "..", "shared", "data")):
        if path and os.path.isdir(path):
            return os.path.abspath(path)
    return None


def column_sum(name, cells):
    """The checksum of a column as expect.py makes it."""
    if name == "time":
        values = b"".join(struct.pack("<q", moment_ns(cell))
                          for cell in cells)
    else:
        values = b"".join(struct.pack("<d", float(cell or "nan"))
                          for cell in cells)
    return hashlib.sha256(values).hexdigest()[:DIGITS]


def check_stored(tool, key, line):
    """Compare what is stored with a line; yields what is wrong."""
    status, out, said = tool.run("get", key, "--format", "csv")
    if status != 0:
        yield f"{key} cannot be read: {said.strip()}"
        return
    rows = list(csv.reader(io.StringIO(out)))
    columns = dict(zip(rows[0], zip(*rows[1:])))
    wanted = dict(part.split(":") for part in line["columns"].split())
    if set(columns) != set(wanted):
        yield f"columns {sorted(columns)}, not {sorted(wanted)}"
    if len(rows) - 1 != int(line["inserted"]):
        yield f"{len(rows) - 1} rows, not {line['inserted']}"
    for at, place in ((0, "first"), (-1, "last")):
        if moment_ns(columns["time"][at]) != moment_ns(line[place]):
            yield f"{place} is {columns['time'][at]}, not {line[place]}"
    for name in wanted:
        if name in columns and column_sum(name, columns[name]) != wanted[name]:
            yield f"{name} has other values, such as {columns[name][:3]}"


def check(program, directory, line):
    """Import a file and compare; yields what is wrong."""
    with tempfile.TemporaryDirectory(prefix="barcache-data-") as base:
        tool = Tool(program, base)
        path = os.path.join(directory, line["file"])
        status, results, said = tool.import_([], [path])
        if status != 0 or len(results) != 1:
            yield f"status {status}: {said.strip()[:500]}"
            return
        result = results[0]
        yield from check_sum(result)
        for name in COUNTS:
            if result[name] != int(line[name]):
                yield f"{name} is {result[name]}, not {line[name]}"
        decided = result["decided"]
        zone = f"{decided['time_zone']} {decided['time_zone_basis']}"
        if zone != line["zone"]:
            yield f"time zone is {zone}, not {line['zone']}"
        if decided["timeframe"] != line["timeframe"]:
            yield (f"timeframe is {decided['timeframe']}, "
                   f"not {line['timeframe']}")
        keys = result_keys(result)
        if len(keys) != 1:
            yield f"keys {keys}, not one"
            return
        yield from check_stored(tool, keys[0], line)


def main():
    parser = argparse.ArgumentParser(description="Import real files.")
    parser.add_argument("--tool", required=True)
    parser.add_argument("--data")
    parser.add_argument("names", nargs="*", help="files of the table")
    options = parser.parse_args()
    directory = find_data(options.data)
    if directory is None:
        print("data: skipped: no real files; BARCACHE_DATA names them")
        return SKIPPED
    with open(os.path.join(HERE, "expected.tsv"), encoding="utf-8",
              newline="") as file:
        lines = list(csv.DictReader(file, delimiter="\t"))
    lines = [line for line in lines
             if not options.names or line["file"] in options.names]
    bad = 0
    for line in lines:
        faults = list(check(os.path.abspath(options.tool), directory, line))
        bad += bool(faults)
        for fault in faults:
            print(f"{line['file']}: {fault}")
    print(f"data: {len(lines)} files, {bad} with faults")
    return 1 if bad or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
