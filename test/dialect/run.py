#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Import files in the dialects that sources write, and compare what is stored.

    run.py --tool PATH/barcache [--keep] CASE...

A case is a text file NAME.dialect of lines.  It gives files and then says what
is to come of importing them:

    # TEXT            what the case is about
    file PATH         a file begins; PATH is what it is imported under
    encoding NAME     its encoding, as Python names it (utf-8); "utf-16" has
                      a byte-order mark
    ends lf|crlf|cr|open  how its lines end; with "open" all but the last (lf)
    pack gzip         it is packed
    pack zip MEMBER   it is a member of the zip file PATH; the same PATH again
                      adds a member
    modified TIME     when it was written (now)
    pipe              it is a named pipe
    growing           rows go on being added to it while it is read
    > TEXT            one of its lines; \\t \\r \\0 \\\\ \\xNN \\uNNNN as in C
    repeat N SECONDS TIME TEXT   N such lines; in them {n} counts from 0 and
                      {t} steps from TIME: {t:%d/%m/%Y}, {s}, {ms};
                      {x:1000} is 1000 letters x, {z:9} zeros, {c:9} commas
    now TEXT          such a line at this minute

    tree PATH         PATH is imported instead of the files above
    run OPTIONS       import the files above with these options, in the cache
                      of the case; without new files above it the same again
    status N [N]      its exit status is to be one of these
    says TEXT         it says so, in whatever case
    count NAME=N ...  totals over the files of the run
    decided NAME=TEXT ...  members of "decided" in the report
    nothing           the cache has no key now
    open              rows are read with a bar that has not ended
    key KEY           it has this one; "*" stands for any text in a key
    | COLUMNS         ... with these columns in any order, first of all "time";
                      "..." behind them: and others
    | CELLS           ... and exactly these rows, in their order; a row "..."
                      stands for any number of rows

Numbers must be equal bit by bit to what Python makes of the cells; times are
UTC.  If 'status' allows 0 and a failure, rows are compared after a 0 only: what
cannot be read may be refused but never be read wrongly.
"""
import argparse
import datetime
import fnmatch
import gzip
import os
import re
import shlex
import shutil
import sys
import tempfile
import threading
import time
import zipfile

from tool import Tool, check_sum, moment_ns, result_keys, split_row

UTC = datetime.timezone.utc


class Letters:
    """{x:1000} in a format."""

    def __init__(self, letter):
        self.letter = letter

    def __format__(self, count):
        return self.letter * int(count or 1)


def expand(text, number, moment):
    """A line of 'repeat' or 'now'."""
    seconds = int(moment.timestamp())
    return text.format(n=number, t=moment, s=seconds, ms=seconds * 1000,
                       x=Letters("x"), c=Letters(","), z=Letters("0"))


def unescape(text):
    """Escapes as in C; \\xNN is one character, one byte in latin-1."""
    names = {"t": "\t", "r": "\r", "n": "\n", "0": "\0", "\\": "\\"}

    def one(match):
        word = match.group(1)
        if word[0] in "xu":
            return chr(int(word[1:], 16))
        return names[word]

    return re.sub(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[trn0\\])", one, text)


class File:
    """A file of a case."""

    def __init__(self, path):
        self.path = path
        self.lines = []
        self.encoding = "utf-8"
        self.ends = "lf"
        self.pack = ()
        self.modified = None
        self.pipe = False
        self.growing = False

    def data(self):
        end = {"crlf": "\r\n", "cr": "\r"}.get(self.ends, "\n")
        text = end.join(self.lines)
        if self.ends != "open" and self.lines:
            text += end
        return text.encode(self.encoding)

    def write(self, base):
        """Put the file into directory 'base'; the thread that feeds it."""
        path = os.path.join(base, self.path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = self.data()
        if self.pipe:
            os.mkfifo(path)
            return feed(path, data)
        if self.pack[:1] == ("zip",):
            with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
                member = zipfile.ZipInfo(self.pack[1], (2024, 6, 1, 0, 0, 0))
                archive.writestr(member, data, zipfile.ZIP_DEFLATED)
        else:
            with open(path, "wb") as file:
                file.write(gzip.compress(data, mtime=0)
                           if self.pack == ("gzip",) else data)
        if self.modified is not None:
            os.utime(path, ns=(self.modified, self.modified))
        return grow(path, self.lines[-1]) if self.growing else None


class Feeder(threading.Thread):
    """Writes while the tool reads; stop() ends and joins it."""

    def __init__(self, work):
        super().__init__(daemon=True)
        self.work = work
        self.ended = threading.Event()
        self.start()

    def run(self):
        self.work(self.ended)

    def stop(self):
        self.ended.set()
        self.join(timeout=10)


def feed(path, data):
    """Write 'data' to a pipe as soon as somebody reads it."""
    def work(ended):
        pipe = -1
        while pipe < 0 and not ended.is_set():
            try:
                pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                time.sleep(0.005)
        if pipe < 0:
            return
        os.set_blocking(pipe, True)
        try:
            for at in range(0, len(data), 7):  # rows arrive in pieces
                os.write(pipe, data[at:at + 7])
        except BrokenPipeError:
            pass
        os.close(pipe)

    return Feeder(work)


def grow(path, last):
    """Append rows, each a minute later than the one before, whole lines."""
    def work(ended):
        seconds, rest = last.split(",", 1)
        seconds = int(seconds)
        with open(path, "ab", buffering=0) as file:
            while not ended.is_set():
                seconds += 60
                file.write(f"{seconds},{rest}\n".encode())
                time.sleep(0.0005)

    return Feeder(work)


class Run:
    """One import and what is to come of it."""

    def __init__(self, options, files, paths):
        self.options = shlex.split(options)
        self.files = files
        self.paths = paths
        self.status = [0]
        self.says = []
        self.counts = {}
        self.decided = {}
        self.nothing = False
        self.open = False
        self.keys = []  # (pattern, lines of columns and rows)

    def add(self, word, rest):
        """Take a line of the case; false if it is none of these."""
        if word == "status":
            self.status = [int(part) for part in rest.split()]
        elif word == "says":
            self.says.append(rest)
        elif word == "count":
            for part in rest.split():
                name, value = part.split("=")
                self.counts[name] = int(value)
        elif word == "decided":
            self.decided.update(part.split("=", 1) for part in rest.split())
        elif word in ("nothing", "open"):
            setattr(self, word, True)
        elif word == "key":
            self.keys.append((rest, []))
        elif word == "|":
            self.keys[-1][1].append(rest)
        else:
            return False
        return True


def parse(path):
    """The runs of a case."""
    runs, files, trees = [], [], []
    with open(path, encoding="utf-8", newline="\n") as case:
        lines = case.read().split("\n")
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word == "file":
            files.append(File(rest))
        elif word == "tree":
            trees.append(rest)
        elif word == "run":
            files = files or runs[-1].files
            paths = [file.path for file in files
                     if not file.path.endswith(".CHECKSUM")]
            runs.append(Run(rest, files, trees or list(dict.fromkeys(paths))))
            files, trees = [], []
        elif not (add_to_file(files[-1], word, rest) if files
                  else runs[-1].add(word, rest)):
            raise SystemExit(f"{path}:{number}: what is '{word}'?")
    if not runs:
        raise SystemExit(f"{path}: it runs nothing")
    return runs


def add_to_file(file, word, rest):
    """Take a line of the case; false if it is none of a file."""
    if word == ">":
        file.lines.append(unescape(rest))
    elif word == "repeat":
        count, step, begin, text = rest.split(" ", 3)
        first = datetime.datetime.fromisoformat(begin).replace(tzinfo=UTC)
        file.lines += [
            expand(unescape(text), n,
                   first + datetime.timedelta(seconds=n * int(step)))
            for n in range(int(count))]
    elif word == "now":
        now = datetime.datetime.now(UTC).replace(second=0, microsecond=0)
        file.lines.append(expand(rest, 0, now))
    elif word == "modified":
        file.modified = moment_ns(rest)
    elif word == "pack":
        file.pack = tuple(rest.split())
    elif word in ("encoding", "ends"):
        setattr(file, word, rest)
    elif word in ("pipe", "growing"):
        setattr(file, word, True)
    else:
        return False
    return True


def show(row):
    return ",".join(str(value) if isinstance(value, (int, str))
                    else value.hex() for value in row.values())


def match_rows(wanted, rows, columns):
    """Compare rows with lines of a case; yields what is wrong."""
    pieces = [[]]  # between the rows "..."
    for line in wanted:
        if line == "...":
            pieces.append([])
        else:
            pieces[-1].append(split_row(columns, line.split(",")))
    parts = [[{name: row[name] for name in columns} for row in rows]]
    if len(pieces) > 2:
        raise SystemExit("only one '...' between the rows of a key")
    if len(pieces) == 2:
        head, tail = pieces
        if len(rows) < len(head) + len(tail):
            yield f"{len(rows)} rows are too few"
            return
        parts = [parts[0][:len(head)],
                 parts[0][len(rows) - len(tail):]]
    for piece, part in zip(pieces, parts):
        if len(piece) != len(part):
            yield f"{len(part)} rows, not {len(piece)}"
        for number, (want, row) in enumerate(zip(piece, part), 1):
            if want != row:
                yield f"row {number}: {show(row)}\n    wanted: {show(want)}"


def check_key(tool, pattern, lines, with_open):
    """Compare a stored entry with a case; yields what is wrong."""
    keys = [key for key in tool.keys() if fnmatch.fnmatchcase(key, pattern)]
    if len(keys) != 1:
        yield f"key {pattern}: there are {keys or 'none'} of {tool.keys()}"
        return
    if not lines:
        return
    frame = tool.frame(keys[0], with_open)
    if frame is None:
        yield f"key {keys[0]}: it cannot be read"
        return
    columns = lines[0].split(",")
    others = columns[-1] == "..."
    if others:
        columns.pop()
    missing = set(columns) - set(frame[0])
    if missing or (not others and len(columns) != len(frame[0])):
        yield f"key {keys[0]}: columns {frame[0]}, not {columns}"
        return
    for fault in match_rows(lines[1:], frame[1], columns):
        yield f"key {keys[0]}: {fault}"


def check_results(run, results):
    """Compare what was reported with a case; yields what is wrong."""
    for result in results:
        yield from check_sum(result)
    for name, value in run.counts.items():
        total = sum(result.get(name) or 0 for result in results)
        if total != value:
            yield f"{name} is {total}, not {value}"
    for name, value in run.decided.items():
        for result in results:
            found = result.get("decided", {}).get(name)
            if found != value:
                yield f"decided {name} is {found}, not {value}"


def check_stored(tool, result):
    """What was reported of a file is there; yields what is wrong."""
    kept = result.get("decided", {}).get("columns")
    keys = set(tool.keys())
    for key in result_keys(result):
        if key not in keys:
            yield f"key {key} was reported but is not there"
        elif kept is not None:
            columns = set(tool.frame(key)[0]) - {"time"}
            if columns != set(kept):
                yield f"key {key}: columns {columns}, but reported {kept}"


def check_run(tool, run, fresh):
    """Import and compare; yields what is wrong."""
    before = tool.keys()
    feeders = [file.write(tool.directory) for file in run.files if fresh]
    try:
        status, results, said = tool.import_(run.options, run.paths)
    finally:
        for feeder in feeders:
            if feeder is not None:
                feeder.stop()
    if status not in run.status:
        yield f"status {status}, not {run.status}: {said.strip()[:600]}"
        return
    if status != 0 and len(run.paths) == 1 and tool.keys() != before:
        yield f"it failed but left {tool.keys()}"
    if status != 0 and 0 in run.status:
        return
    for text in run.says:
        if text.lower() not in said.lower():
            yield f"it does not say '{text}': {said.strip()[:600]}"
    yield from check_results(run, results)
    if run.nothing and tool.keys():
        yield f"there are keys: {tool.keys()}"
    if status == 0 and "--dry-run" not in run.options:
        for result in results:
            yield from check_stored(tool, result)
    for pattern, lines in run.keys:
        yield from check_key(tool, pattern, lines, run.open)


def check(path, program, keep):
    """Run a case; whether all is as it should be."""
    base = tempfile.mkdtemp(prefix="barcache-dialect-")
    tool = Tool(program, base)
    faults = []
    written = None
    for number, run in enumerate(parse(path), 1):
        for fault in check_run(tool, run, run.files is not written):
            faults.append(f"run {number}: {fault}")
        written = run.files
    name = os.path.splitext(os.path.basename(path))[0]
    for fault in faults:
        print(f"{name}: {fault}")
    if keep:
        print(f"{name}: {base}")
    else:
        shutil.rmtree(base)
    return not faults


def main():
    parser = argparse.ArgumentParser(description="Run import cases.")
    parser.add_argument("--tool", required=True)
    parser.add_argument("--keep", action="store_true",
                        help="leave the files and the cache for a look")
    parser.add_argument("cases", nargs="+")
    options = parser.parse_args()
    tool = os.path.abspath(options.tool)
    bad = [case for case in options.cases
           if not check(case, tool, options.keep)]
    print(f"dialect: {len(options.cases)} cases, {len(bad)} with faults")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
