# SPDX-License-Identifier: MIT
"""Check that the laboratory notices what it must.

usage: driver.py

Runs fault/lab on scenarios that are small scripts, each of which ends in
another way, and compares what it makes of them.
"""
import os
import subprocess
import sys
import tempfile

LAB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lab")

# name, how, the script, the exit status, and words of the table
CASES = [
    ("good", "", "echo lab good 5 0 0x7 0.1 all well", 0, "| 5 | 0 |"),
    ("short", "", "echo lab short 3 0 0x7 0.1", 0, "| 3 of 5 |"),
    ("all", "upto", "echo lab all 3 0 0x7 0.1", 0, "| 3 | 0 |"),
    ("bound", "", "echo lab bound 300 0 0x7 0.1", 0, "| p < 0.01 |"),
    ("last", "", "echo lab last 1 0 1 1; echo lab last 6 0 1 1", 0, "| 6 |"),
    ("skips", "", "echo lab skips skipped no such thing; exit 77", 0,
     "skipped: no such thing"),
    ("fails", "", "echo lab fails 5 1 0x7 0.1; exit 1", 1, "FAILED"),
    ("none", "", "echo lab none 0 0 0x7 0.1", 1, "no trial"),
    ("quiet", "", "true", 1, "no report"),
    ("other", "", "echo lab good 5 0 0x7 0.1", 1, "no report"),
    ("broken", "", "echo lab broken five 0 0x7", 1, "a report that is none"),
    ("crash", "", "echo lab crash 5 0 0x7 0.1; kill -9 $$", 1, "exit code"),
    ("again", "repeat", "true", 0, "| 5 | 0 |"),
    ("sometimes", "repeat", "test $((BARCACHE_SEED % 3)) != 0", 1, "FAILED"),
    ("cannot", "repeat", "echo there is no room; exit 77", 0,
     "skipped: there is no room"),
    ("absent", "", None, 1, "there is no absent"),
    ("alone", "alone", "echo lab alone 5 0 0x7 0.1", 0, "| 5 | 0 |"),
]


def run(build, name, how):
    table = os.path.join(build, "scenarios")
    with open(table, "w", encoding="ascii") as file:
        file.write(f"1 | {name} | 5 0 0 | 9 0 0 | {how} | {name}\n")
    return subprocess.run([LAB, "push", "--build", build, "--scenarios",
                           table, "--seed", "1"], capture_output=True,
                          text=True, timeout=100, check=False)


def main():
    faults = 0
    with tempfile.TemporaryDirectory() as build:
        os.makedirs(os.path.join(build, "test"))
        for name, how, script, status, words in CASES:
            path = os.path.join(build, "test", name)
            if script is not None:
                with open(path, "w", encoding="ascii") as file:
                    file.write("#!/bin/sh\n" + script + "\n")
                os.chmod(path, 0o700)
            result = run(build, name, how)
            if result.returncode != status or words not in result.stdout:
                print(f"{name}: {result.returncode}, not {status}, or not "
                      f"'{words}':\n{result.stdout}{result.stderr}")
                faults += 1
    print(f"driver: {len(CASES)} cases, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
