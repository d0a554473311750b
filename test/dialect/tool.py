# SPDX-License-Identifier: MIT
"""Running `barcache import` and reading back what it stored, exactly.

Times become nanoseconds since 1970 and numbers the eight bytes of a double, so
that comparing is comparing bits.
"""
import csv
import datetime
import io
import json
import os
import re
import struct
import subprocess

COUNTS = ("inserted", "updated", "identical", "conflicting", "rejected")
TIMEOUT = 120
MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)"
                    r"(?:\.(\d{1,9}))?)?)?Z?")


def moment_ns(text):
    """An ISO time in UTC as nanoseconds since 1970."""
    match = MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is no time")
    parts = [int(part or 0) for part in match.groups()[:6]]
    days = datetime.date(*parts[:3]).toordinal() - 719163
    seconds = days * 86400 + parts[3] * 3600 + parts[4] * 60 + parts[5]
    return seconds * 10**9 + int((match.group(7) or "0").ljust(9, "0"))


def double_bits(cell):
    """A number as little-endian bytes; an empty cell is the NaN."""
    return struct.pack("<d", float(cell) if cell else float("nan"))


def split_row(columns, cells):
    """Cells as {column: value to compare}; text stays text."""
    row = {}
    for column, cell in zip(columns, cells):
        if column == "time":
            row[column] = moment_ns(cell)
            continue
        try:
            row[column] = double_bits(cell)
        except ValueError:
            row[column] = cell
    return row


class Tool:
    """The tool, and a directory with a cache for it."""

    def __init__(self, path, directory):
        self.path = path
        self.directory = directory
        self.environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": directory,
            "LC_ALL": "C.UTF-8",
            "TZ": "Asia/Tokyo",  # must not matter
        }
        for name, value in os.environ.items():
            if name.endswith("SAN_OPTIONS"):
                self.environment[name] = value

    def run(self, *words):
        """Run a command: its status, standard output and error."""
        done = subprocess.run(
            [self.path, "--cache", "cache", *words], cwd=self.directory,
            env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT,
            check=False)
        return (done.returncode, done.stdout.decode("utf-8", "replace"),
                done.stderr.decode("utf-8", "replace"))

    def import_(self, options, paths):
        """Import; the status, an object a file, and all that was said."""
        status, out, said = self.run("import", "--json", *options, "--",
                                     *paths)
        results = [json.loads(line) for line in out.splitlines() if line]
        return status, results, out + said

    def keys(self):
        return self.run("ls")[1].splitlines()

    def frame(self, key, with_open=False):
        """An entry: its columns and its rows; None if there is none."""
        status, out, _ = self.run("get", key, "--format", "csv",
                                  *["--open"] * with_open)
        if status != 0:
            return None
        lines = list(csv.reader(io.StringIO(out)))
        columns = lines[0] if lines else []
        return columns, [split_row(columns, cells) for cells in lines[1:]]


def result_keys(result):
    """The keys that the rows of a file went to."""
    series = result.get("series")
    if series:
        return [one["key"] for one in series]
    return [result["key"]] if result.get("key") else []


def check_sum(result):
    """Every row is accounted for once; yields what is wrong."""
    if "rows" not in result:
        return
    total = sum(result.get(name, 0) for name in COUNTS)
    if total != result["rows"]:
        parts = " + ".join(f"{name} {result.get(name)}" for name in COUNTS)
        yield f"{result.get('file')}: rows {result['rows']} is not {parts}"
    if result.get("incomplete", 0) > result.get("rejected", 0):
        yield f"{result.get('file')}: more incomplete than rejected"
