# SPDX-License-Identifier: MIT
"""What the checks of the sources share: finding files, blanking comments."""
import os
import re

# Comments and literals of C, in the order a compiler would meet them.
_TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(text):
    """The C text without comments and literals; lines stay where they are."""
    return _TOKENS.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", newline="") as file:
        return file.read()


def walk(root):
    """Relative paths of all files that no build has made."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            f for f in folders if f not in (".git", ".cache", "__pycache__")
            and not os.path.exists(
                os.path.join(folder, f, "CMakeCache.txt")))
        for name in sorted(names):
            yield os.path.relpath(os.path.join(folder, name), root)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
