# SPDX-License-Identifier: MIT
"""Check the style marks that CONTRIBUTING.md names.

usage: style.py ROOT

Every source file: an SPDX line first (after #! where there is one), at most
80 columns with tabs of 8, no trailing blanks, no carriage returns, one
newline at the end.  C files: at most 600 lines (the public header excepted:
it is one contract), functions of at most 70 lines.
"""
import os
import re
import sys

from source import blank, read, walk

COLUMNS_MAX = 80
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
SUFFIXES = (".c", ".h", ".cpp", ".py", ".sh", ".cmake", ".map", ".in",
            "CMakeLists.txt")
LONG_FILES = ("include/barcache.h",)
SPDX = "SPDX-License-Identifier: MIT"


def is_source(root, path):
    """By its suffix, or because it is a script."""
    if path.endswith(SUFFIXES):
        return True
    if "." in os.path.basename(path):
        return False
    with open(os.path.join(root, path), "rb") as file:
        return file.read(2) == b"#!"


def check_lines(text):
    lines = text.split("\n")
    first = 1 if lines[0].startswith("#!") else 0
    if len(lines) <= first or SPDX not in lines[first]:
        yield first + 1, "no SPDX line at the top"
    for number, line in enumerate(lines, 1):
        columns = len(line.expandtabs(8))
        if columns > COLUMNS_MAX:
            yield number, f"{columns} columns"
        if line != line.rstrip():
            yield number, "blanks or a carriage return at the end"
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield len(lines), "the file does not end with one newline"


def check_functions(text):
    """A function body opens and closes with a brace in the first column."""
    begin = None
    for number, line in enumerate(blank(text).split("\n"), 1):
        if line.rstrip() == "{":
            begin = number
        elif line.startswith("}") and begin is not None:
            count = number - begin + 1
            if count > FUNCTION_LINES_MAX:
                yield begin, f"a function of {count} lines"
            begin = None


def check_file(root, path):
    text = read(root, path)
    yield from check_lines(text)
    if not re.search(r"\.(c|h|cpp)$", path):
        return
    yield from check_functions(text)
    count = text.count("\n")
    if count > FILE_LINES_MAX and path not in LONG_FILES:
        yield count, f"a file of {count} lines"


def main():
    root = sys.argv[1]
    paths = [p for p in walk(root) if is_source(root, p)]
    faults = [f"{path}:{line}: {fault}" for path in paths
              for line, fault in check_file(root, path)]
    for fault in faults:
        print(fault)
    print(f"style: {len(paths)} files, {len(faults)} faults")
    return 1 if faults or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
