# SPDX-License-Identifier: MIT
"""A mutation score: how many small mistakes the tests notice.

usage: mutants.py SOURCE BUILD [--count N] [--seed N] [--from I] [--by K]

Takes a sample of N (150) mistakes in the functions of FOLDERS, chosen by the
seed: a comparison that is another one, a condition that is turned round, a
number that is one off, a sum that is a difference, a statement that is left
out.  Each is compiled by itself, linked into the tests that are about its
file, and those are run until one fails, crashes or takes too long: then it is
noticed.  Mistakes that do not compile, or that make the same code, are not
counted.  --from and --by take each K-th of them, from the I-th on, for several
at once.  Prints each with the test that noticed it, and a score by folder.
"""
import glob
import hashlib
import json
import os
import random
import re
import resource
import shlex
import subprocess
import sys
import tempfile
import time

from source import blank

# Tests of a folder, besides those that begin with the name of the file.
FOLDERS = {
    "lib/bars": ["append", "resampled", "derived", "csv"],
    "lib/store": ["cache", "append", "hit", "compact", "expiry", "verify",
                  "damage", "recover", "series_times", "stats", "copy",
                  "repair", "crash"],
    "lib/cache/read": ["read", "ranges", "hit", "query", "select", "snapshot",
                       "stream", "window", "cold", "lookup", "damage",
                       "threads"],
    "lib/cache/write": ["batch", "append", "budget", "compact", "expiry",
                        "label", "removal", "recover", "policy", "haul",
                        "series_model", "manage_model", "cold_budget",
                        "derived_fall", "forget", "growth_random"],
}
SECONDS = 60  # of a test, or TIMES what it takes without a mistake
TIMES = 10
MEMORY = 3 << 30

# What a mistake turns into what.
SWAPS = [
    (re.compile(r" (<) "), [" <= "]), (re.compile(r" (<=) "), [" < "]),
    (re.compile(r" (>) "), [" >= "]), (re.compile(r" (>=) "), [" > "]),
    (re.compile(r" (==) "), [" != "]), (re.compile(r" (!=) "), [" == "]),
    (re.compile(r" (&&) ?"), [" || "]), (re.compile(r" (\|\|) ?"), [" && "]),
    (re.compile(r" (\+) "), [" - "]), (re.compile(r" (-) "), [" + "]),
    (re.compile(r" (\+=) "), [" -= "]), (re.compile(r" (-=) "), [" += "]),
    (re.compile(r"(?<=[(\s])(!)(?=[a-z(])"), [""]),
    (re.compile(r"(?<=[ (\[])(\d+)(?=[ ;,)\]])"), None),
]
# A statement of one line that is no declaration, label or jump.
STATEMENT = re.compile(
    r"^\t+(?!return|goto|break|continue|case|default|else|BCI_ASSERT|"
    r"BCI_CONTROL)(?:\(void\))?[a-z_]\w*(?:(?:->|\.|\[)[^;={}]*)?"
    r"(?: [-+|&]?= [^;{}]*|\([^;{}]*\)|\+\+|--);$", re.M)
FUNCTION = re.compile(r"^\{\n.*?^\}", re.M | re.S)


def mistakes(text):
    """All (offset, end, replacement) in the functions of a file."""
    code = blank(text)
    for body in FUNCTION.finditer(code):
        first = code.index("\n", body.start())
        for pattern, others in SWAPS:
            for found in pattern.finditer(code, first, body.end()):
                new = others or [str(int(found[1]) + 1)]
                for other in new:
                    yield found.start(1), found.end(1), other.strip()
        for found in STATEMENT.finditer(code, first, body.end()):
            begin = found.start() + len(found[0]) - len(found[0].lstrip())
            yield begin, found.end(), ";"


def sample(source, count, seed):
    chosen = []
    for folder in FOLDERS:
        for path in sorted(glob.glob(os.path.join(source, folder, "*.c"))):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            name = os.path.relpath(path, source)
            chosen += [(name, *mistake) for mistake in mistakes(text)]
    random.Random(seed).shuffle(chosen)
    # As many of each folder: the larger ones have no more weight.
    share = -(-count // len(FOLDERS))
    return [mistake for folder in FOLDERS for mistake in [
        m for m in chosen if os.path.dirname(m[0]) == folder][:share]]


class Build:
    """How the build compiles a file and links a test."""

    def __init__(self, source, build):
        self.source, self.build, self.links = source, build, {}
        with open(os.path.join(build, "compile_commands.json"),
                  encoding="utf-8") as file:
            self.entries = {
                os.path.relpath(entry["file"], source): entry
                for entry in reversed(json.load(file))
                if "barcache_objects" in entry["command"]}

    def compile(self, name, text, folder):
        """The object of a changed source, or None; and its code's hash."""
        entry = self.entries[name]
        changed = os.path.join(folder, os.path.basename(name))
        with open(changed, "w", encoding="utf-8") as file:
            file.write(text)
        words = shlex.split(entry["command"])
        words[-1] = changed
        words[words.index("-o") + 1] = changed + ".o"
        words += ["-w", "-I" + os.path.dirname(
            os.path.join(self.source, name))]
        if subprocess.run(words, cwd=entry["directory"], check=False,
                          capture_output=True).returncode:
            return None, None
        with open(changed + ".o", "rb") as file:
            whole = file.read()
        return changed + ".o", hashlib.sha256(whole).hexdigest()

    def link(self, test, name, made, folder):
        if test not in self.links:
            self.links[test] = subprocess.run(
                ["ninja", "-t", "commands", f"test/test_{test}"],
                cwd=self.build, check=True, capture_output=True,
                text=True).stdout.strip().split("\n")[-1]
        entry = self.entries[name]
        words = shlex.split(entry["command"])
        there = words[words.index("-o") + 1]
        program = os.path.join(folder, f"test_{test}")
        command = self.links[test].replace(f" {there} ", f" {made} ").replace(
            f" -o test/test_{test} ", f" -o {program} ")
        subprocess.run(command, shell=True, cwd=self.build, check=True,
                       capture_output=True)
        return program


def limits():
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def fails(program, folder, seconds):
    """Whether a test notices."""
    try:
        return subprocess.run(
            [program], cwd=folder, env={**os.environ, "TMPDIR": folder},
            preexec_fn=limits, capture_output=True, check=False,
            timeout=seconds).returncode != 0
    except subprocess.TimeoutExpired:
        return True


def tests_of(name, known):
    """Those named as the file first."""
    noun = os.path.basename(name)[:-2]
    own = [test for test in known if test == noun] + [
        test for test in known if test.startswith(noun + "_")]
    more = [test for test in FOLDERS[os.path.dirname(name)] if test in known]
    return list(dict.fromkeys(own + more))


def allowed(build, test, known={}):
    """How long a test may take; None if it fails without a mistake, too."""
    if test not in known:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            began = time.monotonic()
            program = os.path.join(build.build, "test", f"test_{test}")
            failed = fails(program, folder, 600)
            took = time.monotonic() - began
            known[test] = None if failed else max(SECONDS, TIMES * took)
    return known[test]


def noticed_by(build, name, made, known):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        for test in tests_of(name, known):
            seconds = allowed(build, test)
            if seconds is None:
                continue
            program = build.link(test, name, made, folder)
            if fails(program, folder, seconds):
                return test
            os.unlink(program)
    return None


def try_one(build, mistake, known):
    """None if it is none, else the test that noticed it, or ''."""
    name, begin, end, other = mistake
    with open(os.path.join(build.source, name), encoding="utf-8") as file:
        text = file.read()
    with tempfile.TemporaryDirectory() as folder:
        _, same = build.compile(name, text, folder)
        made, code = build.compile(name, text[:begin] + other + text[end:],
                                   folder)
        if made is None or code == same:
            return None
        return noticed_by(build, name, made, known) or ""


def describe(source, mistake):
    name, begin, end, other = mistake
    with open(os.path.join(source, name), encoding="utf-8") as file:
        text = file.read()
    line = text.count("\n", 0, begin) + 1
    whole = text.split("\n")[line - 1].strip()
    what = text[begin:end].replace("\n", " ")
    return (f"{name}:{line}: `{whole}`: "
            + (f"`{what}` as `{other}`" if other != ";" else "left out"))


def option(words, name, default):
    return int(words[words.index(name) + 1], 0) if name in words else default


def main(source, build, *words):
    source, build = os.path.realpath(source), os.path.realpath(build)
    known = [os.path.basename(path)[5:] for path in sorted(
        glob.glob(os.path.join(build, "test", "test_*")))
        if os.access(path, os.X_OK) and os.path.isfile(path)]
    chosen = sample(source, option(words, "--count", 150),
                    option(words, "--seed", 1))
    counts = {folder: [0, 0] for folder in FOLDERS}
    first, step = option(words, "--from", 1), option(words, "--by", 1)
    for number in range(first, len(chosen) + 1, step):
        mistake = chosen[number - 1]
        test = try_one(Build(source, build), mistake, known)
        if test is None:
            continue
        tally = counts[os.path.dirname(mistake[0])]
        tally[0] += 1
        tally[1] += test != ""
        print(f"{number}/{len(chosen)} {test or 'SURVIVES'}: "
              f"{describe(source, mistake)}", flush=True)
    for folder, (all_, seen) in counts.items():
        print(f"| `{folder}` | {all_} | {seen} | "
              f"{100 * seen / max(all_, 1):.0f} % |")
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
