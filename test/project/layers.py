# SPDX-License-Identifier: MIT
"""Check the layers of lib/: base <- bars <- text <- codec <- store <- cache.

usage: layers.py ROOT

An include never points from a lower layer to a higher one; lmdb.h belongs to
lib/store/lmdb.c; memory comes from base/alloc.c; bars, text and codec ask the
operating system for nothing; every .c file begins with common.h.
"""
import os
import re
import sys

from source import blank, line_of, read, walk

LAYERS = ["base", "bars", "text", "codec", "store", "cache"]
PURE = ["bars", "text", "codec"]
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
MEMORY = re.compile(
    r"(?<![\w.>])(malloc|calloc|realloc|reallocarray|free|aligned_alloc|"
    r"posix_memalign|strdup|strndup|asprintf|vasprintf|getline)\s*\(")
# Headers through which pure code would reach files, clocks or threads.
IMPURE = re.compile(r"(sys/.*|unistd|fcntl|time|pthread|threads|signal)\.h")


def check_include(path, layer, home, name):
    """What is wrong with one include of 'name' in 'path', or None."""
    if name == "lmdb.h":
        if path != "lib/store/lmdb.c":
            return "lmdb.h belongs to lib/store/lmdb.c"
        return None
    if layer in PURE and IMPURE.fullmatch(name):
        return f"{name} in {layer}, which is pure"
    other = home.get(os.path.basename(name))
    if other and LAYERS.index(other) > LAYERS.index(layer):
        return f"{layer} includes {name} of the higher layer {other}"
    return None


def check_file(root, path, home):
    layer = path.split("/")[1]
    text = read(root, path)
    includes = list(INCLUDE.finditer(text))
    for match in includes:
        fault = check_include(path, layer, home, match.group(2))
        if fault:
            yield line_of(text, match.start()), fault
    if path.endswith(".c") and (
            not includes or includes[0].group(2) != "common.h"):
        yield 1, "the first include is not common.h"
    if path != "lib/base/alloc.c":
        for match in MEMORY.finditer(blank(text)):
            yield (line_of(text, match.start()),
                   f"{match.group(1)}() belongs to lib/base/alloc.c")


def main():
    root = sys.argv[1]
    paths = [p for p in walk(root)
             if p.startswith("lib/") and p.endswith((".c", ".h"))]
    faults = []
    home = {}
    for path in paths:
        parts = path.split("/")
        if len(parts) not in (3, 4) or parts[1] not in LAYERS:
            faults.append(f"{path}:1: lies in none of the layers")
        elif path.endswith(".h"):
            if parts[-1] in home:
                faults.append(f"{path}:1: two headers have this name")
            home[parts[-1]] = parts[1]
    for path in paths:
        if path.split("/")[1] in LAYERS:
            faults += [f"{path}:{line}: {fault}"
                       for line, fault in check_file(root, path, home)]
    for fault in faults:
        print(fault)
    print(f"layers: {len(paths)} files, {len(faults)} faults")
    return 1 if faults or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
