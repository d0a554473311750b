# SPDX-License-Identifier: MIT
"""Check that libraries and programs were built hardened.

usage: hardening.py READELF CC FORTIFIED FILE...

FORTIFIED is 1 if the build type checks buffers (Debug does not optimise, so it
cannot).  A program that CC builds without all of it comes first: unless each
lack is found there, nothing said about the files counts.
"""
import os
import re
import subprocess
import sys
import tempfile

WHAT = ("position-independent", "read-only relocations", "bound at start",
        "no executable stack", "no text relocations", "stack protector",
        "checked buffers", "landing pads")

ENDBR64 = bytes.fromhex("f30f1efa")

SOFT = """
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
	char text[64];
	sprintf(text, "%s", argv[argc - 1]);
	return puts(text);
}
"""

# The linker drops relocations of text unless asked for them, so that lack is
# not in the control.
SOFT_FLAGS = ("-O2", "-U_FORTIFY_SOURCE", "-fno-stack-protector", "-fno-pie",
              "-no-pie", "-fcf-protection=none", "-Wl,-z,norelro,-z,lazy",
              "-Wl,-z,execstack", "-Wno-format-overflow")


def elf(readelf, *arguments):
    return subprocess.run([readelf, "-W", *arguments], check=True,
                          capture_output=True, text=True).stdout


def begins_with(readelf, path, name, code):
    """Whether the code of a function, by its symbol, begins so."""
    found = re.search(rf"^ *\d+: ([0-9a-f]+) .* (\d+) {name}(?:@.*)?$",
                      elf(readelf, "-s", path), re.M)
    if not found:
        return False
    address, section = int(found[1], 16), found[2]
    at = re.search(rf"^ *\[ *{section}\] \S+ +\S+ +([0-9a-f]+) ([0-9a-f]+)",
                   elf(readelf, "-S", path), re.M)
    with open(path, "rb") as file:
        file.seek(address - int(at[1], 16) + int(at[2], 16))
        return file.read(len(code)) == code


def lacks(readelf, path, fortified):
    """What of WHAT a file does not have."""
    header, dynamic = elf(readelf, "-h", path), elf(readelf, "-d", path)
    segments, symbols = elf(readelf, "-l", path), elf(readelf, "-s", path)
    stack = re.search(r"GNU_STACK.* (\S+) +0x[0-9a-f]+$", segments, re.M)
    x86 = "X86-64" in header
    main = "bc_open" if " bc_open@" in symbols else "main"
    has = (
        "DYN (" in header,
        "GNU_RELRO" in segments,
        re.search(r"FLAGS.*\bNOW\b", dynamic),
        stack and "E" not in stack[1],
        "TEXTREL" not in dynamic,
        "__stack_chk_fail" in symbols,
        not fortified or re.search(r" __\w+_chk@", symbols),
        not x86 or begins_with(readelf, path, main, ENDBR64),
    )
    return [what for what, there in zip(WHAT, has) if not there]


def control(readelf, compiler):
    """What is not found in a program that has none of it."""
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "soft.c")
        with open(source, "w", encoding="ascii") as file:
            file.write(SOFT)
        program = os.path.join(folder, "soft")
        subprocess.run([compiler, *SOFT_FLAGS, "-o", program, source],
                       check=True)
        found = lacks(readelf, program, True)
    expected = set(WHAT) - {"no text relocations"}
    if os.uname().machine != "x86_64":
        expected -= {"landing pads"}
    return expected - set(found)


def main():
    readelf, compiler, fortified, *files = sys.argv[1:]
    faults = 0
    for what in sorted(control(readelf, compiler)):
        print(f"control: the lack of it is not seen: {what}")
        faults += 1
    for path in files:
        for what in lacks(readelf, path, fortified == "1"):
            print(f"{path}: lacks: {what}")
            faults += 1
    print(f"hardening: {len(files)} files, {len(WHAT)} marks, {faults} faults")
    return 1 if faults or not files else 0


if __name__ == "__main__":
    sys.exit(main())
