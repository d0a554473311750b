# SPDX-License-Identifier: MIT
"""What the tests run of lib/, in lines and branches, and what they miss.

usage: coverage.py SOURCE BUILD [--counted] [--write | --gaps PART]

BUILD counts (preset "coverage").  Its tests are run first, but for those that
watch files and not the library; --counted takes what was counted before.
BARCACHE_COVERAGE_TESTS: arguments of ctest in place of that choice.  Prints
figures by directory and by file below the marks; --gaps lists what was missed
in files whose path contains PART; --write puts the figures into
doc/coverage.md, with the reasons in coverage.gaps.  Exits with 1 if the library
is below its marks.

A branch is a way out of a condition, as gcc sees it without optimisation: it
adds none of its own there.  What is in several objects, by way of a header, was
run if it was run in one of them.
"""
import collections
import datetime
import json
import os
import re
import shlex
import subprocess
import sys

MARKS = {"lines": 95, "branches": 90}
# They watch files, or run other tests again; the same in every build.
OTHERS = ("layers|style|controls|symbols|header|install|hardening|security|"
          "protocol|lab_push|lab_driver")
NO_KERNEL = {"kernel_avx512.c": "avx512f", "kernel_avx2.c": "avx2"}


# What samples by itself is run in full: program, and trials that are enough.
IN_FULL = {"test_gallery": 8000}


def run_tests(build):
    for folder, _, names in os.walk(os.path.join(build, "lib")):
        for name in names:
            if name.endswith(".gcda"):
                os.unlink(os.path.join(folder, name))
    chosen = os.environ.get("BARCACHE_COVERAGE_TESTS")
    words = shlex.split(chosen) if chosen else [
        "--parallel", str(os.cpu_count()), "--exclude-regex", f"^({OTHERS})$"]
    if subprocess.run(["ctest", "--timeout", "1800", *words],
                      cwd=build, check=False).returncode:
        print("coverage: some tests failed; what they ran counts",
              file=sys.stderr)
    for name, trials in () if chosen else IN_FULL.items():
        subprocess.run(
            [os.path.join(build, "test", name)], check=False, env={
                **os.environ, "BARCACHE_LAB": "coverage",
                "BARCACHE_TRIALS": str(trials), "BARCACHE_SECONDS": "3600"})


def left_out(source):
    """Kernels that this processor cannot run."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        known = set(re.findall(r"\w+", file.read()))
    return {f"lib/codec/{name}" for name, word in NO_KERNEL.items()
            if word not in known and
            os.path.exists(os.path.join(source, "lib/codec", name))}


def count(source, build):
    """{file: {line: [runs, [runs of each branch]]}} below lib/."""
    notes = [os.path.join(folder, name)
             for folder, _, names in os.walk(os.path.join(build, "lib"))
             for name in names if name.endswith(".gcno")]
    # A file that was compiled anew since has not run: gcov says so, and 0.
    output = subprocess.run(
        ["gcov", "--branch-counts", "--branch-probabilities", "--json-format",
         "--stdout", *notes],
        cwd=build, stdout=subprocess.PIPE, check=False).stdout
    without = left_out(source)
    seen = collections.defaultdict(dict)
    for text in filter(None, output.decode().split("\n")):
        unit = json.loads(text)
        for file in unit["files"]:
            path = os.path.relpath(os.path.join(
                unit["current_working_directory"], file["file"]), source)
            if not path.startswith("lib/") or path in without:
                continue
            for line in file["lines"]:
                key = (line["line_number"], line.get("function_name", ""))
                add(seen[path], key, line)
    return merged(seen)


def add(known, key, line):
    """The same line of the same function, of one more object."""
    entry = known.setdefault(key, [0, []])
    entry[0] += line["count"]
    runs = [branch["count"] for branch in line["branches"]]
    entry[1] += [0] * (len(runs) - len(entry[1]))
    for i, taken in enumerate(runs):
        entry[1][i] += taken


def merged(seen):
    files = {}
    for path, known in seen.items():
        lines = files.setdefault(path, {})
        for (number, function), (runs, branches) in sorted(known.items()):
            entry = lines.setdefault(number, [0, [], function])
            entry[0] += runs
            entry[1] += branches
    return files


# ---- figures ----------------------------------------------------------------

KINDS = {
    "assertion": re.compile(r"BCI_ASSERT"),
    "failure": re.compile(r"BCI_TRY|\bstatus\b|\bBC_[A-Z]+\b|"
                          r"\bcode\b|errno|error|< 0\b"),
    "memory": re.compile(r"NULL"),
    "condition": re.compile(""),
}


class Figures:
    """Lines and branches, and how many of them were run."""

    def __init__(self):
        self.all = collections.Counter()
        self.run = collections.Counter()
        self.missed = collections.Counter()  # branches, by kind
        self.where = collections.Counter()   # and by function

    def line(self, runs, branches, text, function):
        self.all["lines"] += 1
        self.run["lines"] += runs > 0
        self.all["branches"] += len(branches)
        taken = sum(1 for branch in branches if branch)
        self.run["branches"] += taken
        if taken < len(branches):
            kind = next(k for k, mark in KINDS.items() if mark.search(text))
            self.missed[kind] += len(branches) - taken
            self.where[function] += len(branches) - taken

    def add(self, other):
        self.all += other.all
        self.run += other.run
        self.missed += other.missed

    def share(self, what):
        return 100 * self.run[what] / max(self.all[what], 1)

    def is_low(self):
        return any(self.all[what] and self.share(what) < mark
                   for what, mark in MARKS.items())

    def row(self, name):
        cells = [name]
        for what in MARKS:
            cells += [f"{self.all[what] - self.run[what]} of {self.all[what]}",
                      f"{self.share(what):.1f}"]
        return cells + [str(self.missed[kind]) for kind in KINDS]


HEAD = ["", "lines missed", "%", "branches missed", "%", *KINDS]
NAMED = 4  # functions of a file, those that miss most


def table(rows):
    yield "| " + " | ".join(rows[0]) + " |"
    yield "|---" + "|---:" * (len(HEAD) - 1) + "|---" * (
        len(rows[0]) - len(HEAD)) + "|"
    for row in rows[1:]:
        yield "| " + " | ".join(row) + " |"


def summed(source, files):
    """Figures of each file, of each directory, and of all."""
    by_file, by_folder, total = {}, collections.defaultdict(Figures), Figures()
    for path, lines in sorted(files.items()):
        with open(os.path.join(source, path), encoding="utf-8") as file:
            text = [""] + file.read().split("\n")
        figures = by_file[path] = Figures()
        for number, (runs, branches, function) in lines.items():
            figures.line(runs, branches, text[number], function)
        by_folder[os.path.dirname(path)].add(figures)
        total.add(figures)
    return by_file, by_folder, total


def reasons(source):
    """Why files are below the marks: {path: reason}."""
    found = {}
    path = os.path.join(source, "test/project/coverage.gaps")
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                name, reason = line.split("|", 1)
                found[name.strip()] = reason.strip()
    return found


def report(source, by_file, by_folder, total):
    """The tables: directories, and files below the marks."""
    why = reasons(source)
    rows = [HEAD] + [by_folder[name].row(f"`{name}`")
                     for name in sorted(by_folder)]
    text = [*table(rows + [total.row("all")]), ""]
    rows = [HEAD + ["where", "why"]]
    for path, figures in by_file.items():
        if figures.is_low():
            where = ", ".join(f"`{name}` {missed}" for name, missed
                              in figures.where.most_common(NAMED))
            rows.append(figures.row(f"`{path}`") + [where, why.get(path, "")])
    return text + list(table(rows))


def print_gaps(source, files, part):
    for path, lines in sorted(files.items()):
        if part not in path:
            continue
        with open(os.path.join(source, path), encoding="utf-8") as file:
            text = file.read().split("\n")
        for number, (runs, branches, function) in sorted(lines.items()):
            missed = sum(1 for branch in branches if not branch)
            if runs == 0 or missed:
                what = f"{missed} of {len(branches)}" if runs else "not run"
                print(f"{path}:{number}: {function}: {what}: "
                      f"{text[number - 1].strip()}")


def write(source, text):
    path = os.path.join(source, "doc/coverage.md")
    with open(path, encoding="utf-8") as file:
        before, _, rest = file.read().partition("<!-- coverage -->\n")
    _, end, after = rest.partition("<!-- end -->\n")
    commit = subprocess.run(
        ["git", "-C", source, "rev-parse", "--short=12", "HEAD"],
        capture_output=True, text=True, check=True).stdout.strip()
    changed = subprocess.run(
        ["git", "-C", source, "status", "--porcelain", "lib", "test"],
        capture_output=True, text=True, check=True).stdout.strip()
    when = (f"{datetime.date.today()}, commit {commit}"
            f"{' and changes' if changed else ''}:")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([before + "<!-- coverage -->", "", when, "", *text,
                              "", end + after]))


def main(source, build, *options):
    source = os.path.realpath(source)
    if "--counted" not in options:
        run_tests(build)
    files = count(source, build)
    if "--gaps" in options:
        print_gaps(source, files, options[options.index("--gaps") + 1])
        return 0
    by_file, by_folder, total = summed(source, files)
    text = report(source, by_file, by_folder, total)
    if "--write" in options:
        write(source, text)
    print("\n".join(text))
    if total.is_low():
        print(f"coverage: the library is below its marks, {MARKS}")
    return 1 if total.is_low() else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
