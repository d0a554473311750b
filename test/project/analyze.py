# SPDX-License-Identifier: MIT
"""Static analysis of the library, the tool and the header: nothing is open.

usage: analyze.py SOURCE BUILD [FILE...]

gcc's -fanalyzer and clang-tidy look at each source file by itself, as BUILD
compiles it (of FILE... only those whose path contains one of them); cppcheck
looks at all of them.  What is found and is no fault is marked at its place,

    /* NOLINT(CHECK): why it is none */

for clang-tidy and gcc on the line itself or, with NOLINTNEXTLINE, above it;
for cppcheck by its own comment.  A mark without a reason is a fault.
Exits with 1 if anything is open or an analyser is not installed.
"""
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

CLANG_TIDY = ("clang-tidy", "clang-tidy-19", "clang-tidy-16", "clang-tidy-14")
GCC = ("gcc",)
FOLDERS = ("lib", "tools")
FINDING = re.compile(r"^(/[^:]+):(\d+):\d+: (?:warning|error): (.*) \[(\S+)\]$",
                     re.M)
MARK = re.compile(r"NOLINT(NEXTLINE)?\(([^)]*)\)(:?)")


def first_of(names):
    """The path of the first program that is installed, or None."""
    return next((path for path in map(shutil.which, names) if path), None)


def commands(source, build, wanted):
    """Each source file once, with the words that compile it."""
    with open(os.path.join(build, "compile_commands.json"),
              encoding="utf-8") as file:
        listed = json.load(file)
    found = {}
    for entry in listed:
        path = os.path.relpath(entry["file"], source)
        if path.split(os.sep)[0] in FOLDERS and (
                not wanted or any(part in path for part in wanted)):
            found.setdefault(path, entry)
    return found


def run(words, folder):
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True,
                          check=False)
    return done.stdout + done.stderr


def analyze_gcc(gcc, entry):
    """The compiler's options, with its own analysis and no other output."""
    words = shlex.split(entry["command"])
    begin = next(i for i, word in enumerate(words) if word.startswith("-"))
    kept, skip = [], False
    for word in words[begin:]:
        if skip or word in ("-o", "-MF", "-MT"):
            skip = not skip
        elif word not in ("-Werror", "-MD"):
            kept.append(word)
    return run([gcc, "-fanalyzer", "-fdiagnostics-plain-output", *kept,
                "-o", os.devnull], entry["directory"])


def analyze_tidy(tidy, build, entry):
    return run([tidy, "--quiet", "-p", build, entry["file"]],
               entry["directory"])


def is_marked(path, number, check):
    """Whether a finding is marked as none at its place."""
    with open(path, encoding="utf-8") as file:
        lines = [""] + file.read().splitlines() + [""]
    for mark in MARK.finditer(lines[number]):
        if not mark[1] and check in mark[2]:
            return True
    return any(mark[1] and check in mark[2]
               for mark in MARK.finditer(lines[number - 1]))


def open_findings(output):
    """Findings without a mark, as lines."""
    found = set()
    for path, number, text, checks in FINDING.findall(output):
        check = checks.split(",")[0].split("=")[0]
        if not is_marked(path, int(number), check.removeprefix("-W")):
            found.add(f"{path}:{number}: {text} [{check}]")
    return found


def unexplained_marks(source):
    """Marks that do not say why."""
    for folder in FOLDERS + ("include",):
        for place, _, names in os.walk(os.path.join(source, folder)):
            for name in names:
                path = os.path.join(place, name)
                with open(path, encoding="utf-8") as file:
                    for number, line in enumerate(file, 1):
                        for mark in MARK.finditer(line):
                            if not mark[3]:
                                yield f"{path}:{number}: a mark without why"
                        if "cppcheck-suppress" in line and ";" not in line:
                            yield f"{path}:{number}: a mark without why"


def analyze_cppcheck(cppcheck, source, entries):
    includes = sorted({word for entry in entries
                       for word in shlex.split(entry["command"])
                       if word.startswith("-I") and "/lib/" in word + "/"})
    output = run([cppcheck, "--std=c11", "--platform=unix64", "--quiet",
                  "--enable=warning,performance,portability",
                  "--inline-suppr", "--suppress=missingIncludeSystem",
                  "--template={file}:{line}:{column}: warning: {message} "
                  "[{id}]", *includes,
                  *(os.path.join(source, f) for f in FOLDERS + ("include",))],
                 source)
    return open_findings(output)


def main():
    source, build = (os.path.realpath(path) for path in sys.argv[1:3])
    gcc, tidy = first_of(GCC), first_of(CLANG_TIDY)
    cppcheck = first_of(("cppcheck",))
    entries = commands(source, build, sys.argv[3:])
    faults = set(unexplained_marks(source))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outputs = []
        for entry in entries.values():
            if gcc:
                outputs.append(pool.submit(analyze_gcc, gcc, entry))
            if tidy:
                outputs.append(pool.submit(analyze_tidy, tidy, build, entry))
        for count, output in enumerate(outputs, 1):
            faults |= open_findings(output.result())
            if count % 50 == 0:
                print(f"analyze: {count} of {len(outputs)}", flush=True)
    if cppcheck and not sys.argv[3:]:
        faults |= analyze_cppcheck(cppcheck, source, entries.values())
    for name, path in (("gcc", gcc), ("clang-tidy", tidy),
                       ("cppcheck", cppcheck)):
        if path is None:
            faults.add(f"{name} is not installed: it did not look")
    for fault in sorted(faults):
        print(fault)
    print(f"analyze: {len(entries)} files, {len(faults)} open")
    return 1 if faults or not entries else 0


if __name__ == "__main__":
    sys.exit(main())
