# SPDX-License-Identifier: MIT
"""Check what the libraries export.

usage: symbols.py NM SHARED STATIC MAP HEADER

The shared library exports what the symbol map lists, and that is what the
header declares BC_API; who calls one that can fail has to look at what it
returns (BC_CHECKED).  The static library defines no global name outside
bc_ and bci_, so that it cannot clash with a program's own.
"""
import re
import subprocess
import sys

from source import blank, read


def exported(nm, library):
    """Names of functions and data that a shared library exports."""
    lines = subprocess.run(
        [nm, "-D", "--defined-only", library],
        check=True, capture_output=True, text=True).stdout.splitlines()
    fields = [line.split() for line in lines]
    # 'A' is the name of the version itself, not a symbol of the library.
    return {f[-1].split("@")[0] for f in fields if f[-2] != "A"}


def show(title, names):
    for name in sorted(names):
        print(f"{title}: {name}")
    return len(names)


def main():
    nm, shared, static, map_path, header = sys.argv[1:]
    functions = exported(nm, shared)
    mapped = re.findall(r"^\t(\w+);", blank(read("", map_path)), re.M)
    declared = re.findall(r"^BC_API\b[^;(]*?(\w+)\(", blank(read("", header)),
                          re.M)
    unchecked = re.findall(r"^BC_API (?!BC_CHECKED)enum bc_status\s+(\w+)\(",
                           blank(read("", header)), re.M)
    listing = subprocess.run(
        [nm, "-g", "--defined-only", static],
        check=True, capture_output=True, text=True).stdout
    globals_ = set(re.findall(r"^[0-9a-f]+ \w (\w+)$", listing, re.M))

    faults = show("exported, not in the map", functions - set(mapped))
    faults += show("in the map, not exported", set(mapped) - functions)
    faults += show("declared, not in the map", set(declared) - set(mapped))
    faults += show("in the map, not declared", set(mapped) - set(declared))
    faults += show("its status may be left unread", unchecked)
    faults += show("neither bc_ nor bci_",
                   {n for n in globals_ if not n.startswith(("bc_", "bci_"))})
    print(f"symbols: {len(functions)} exported, {len(globals_)} global in the "
          f"static library, {faults} faults")
    return 1 if faults or not functions or not globals_ else 0


if __name__ == "__main__":
    sys.exit(main())
