# SPDX-License-Identifier: MIT
"""Check that the tests which SECURITY.md names exist.

usage: security.py SOURCE

Each row of its table of threats names some: `test_x/name` is a function of
test/test_x.c, where name* stands for all that begin so, `cli_x` a case or a
program of test/cli, `replay_x` a fuzz target, another word a test of
test/project.
"""
import os
import re
import sys

from source import read

TABLE = "## Threats, defaults, tests"
NAME = re.compile(r"`([a-z_0-9]+)(?:/([a-z_0-9]*)(\*?))?`")


def is_there(source, program, function, star):
    """Whether there is a test of that name."""
    if program.startswith("test_"):
        path = os.path.join(source, "test", program + ".c")
        begin = "^" + function + (r"\w*" if star else "")
        return os.path.exists(path) and re.search(
            begin + r"\(void \*\*state\)", read("", path), re.M)
    if program.startswith("cli_"):
        folder, names = "cli", (".case", ".py")
        program = program.removeprefix("cli_")
    elif program.startswith("replay_"):
        folder, names = "fuzz", (".c",)
        program = program.replace("replay_", "fuzz_", 1)
    else:
        folder, names = "project", (".py",)
    return any(os.path.exists(os.path.join(source, "test", folder,
                                           program + name))
               for name in names)


def main():
    source = sys.argv[1]
    text = read("", os.path.join(source, "SECURITY.md"))
    table = text.split(TABLE, 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| (.*?) \| (?:.*) \| (.*) \|$", table, re.M)[1:]
    faults = 0
    for threat, tests in rows:
        names = NAME.findall(tests)
        if not names:
            print(f"no test: {threat}")
            faults += 1
        for program, function, star in names:
            if not is_there(source, program, function, star):
                print(f"there is no such test: {program}/{function}{star}")
                faults += 1
    print(f"security: {len(rows)} rows, {faults} faults")
    return 1 if faults or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
