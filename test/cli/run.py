#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run a case of the command-line tool and compare its output exactly.

    run.py --tool PATH/barcache CASE...
    run.py --tool PATH/barcache --rewrite CASE...

--rewrite puts what the tool printed into the case instead of comparing; read
the difference before it is committed.

A case is a text file of lines:

    # ...            a comment
    mask RE => TEXT  from here on, TEXT stands for what RE matches in output
    unprivileged     the commands do not run as root, who may do everything
    $ ...            a command for sh
    % ...            the same on a terminal of 80 columns, stdout and stderr
    > ...            one more line of the command, as of a here-document
    | ...            a line of its standard output
    ! ...            a line of its standard error
    = N              its exit status, if it is not 0

An output that does not end in a newline has a last line "| ...\\".  Each case
runs in an empty directory of its own, which is HOME and is written $DIR in the
case; BARCACHE_DIR is "cache".  The program "when" beside this one, which sends
signals, is a command there, too.
"""
import argparse
import difflib
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import fcntl

HERE = os.path.dirname(os.path.abspath(__file__))
NOBODY = 65534
TIMEOUT = 120


class Case:
    """One file: its lines, and where the outputs of its commands go."""

    def __init__(self, path, tool):
        self.path = path
        with open(path, encoding="utf-8") as file:
            self.lines = file.read().splitlines()
        self.masks = []
        self.drop = "unprivileged" in self.lines and os.geteuid() == 0
        self.base = os.path.realpath(tempfile.mkdtemp(prefix="barcache-cli-"))
        self.home = os.path.join(self.base, "home")
        os.mkdir(self.home)
        bin_dir = os.path.join(self.base, "bin")
        os.mkdir(bin_dir)
        # Copies, because a directory above the originals may be private.
        shutil.copy2(tool, os.path.join(bin_dir, "barcache"))
        shutil.copy2(os.path.join(HERE, "when"), bin_dir)
        if self.drop:
            os.chmod(self.base, 0o755)
            os.chown(self.home, NOBODY, NOBODY)
        self.environment = {
            "PATH": bin_dir + ":" + os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": self.home,
            "BARCACHE_DIR": "cache",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "TERM": "xterm",
        }
        for name, value in os.environ.items():
            if name.endswith("SAN_OPTIONS"):
                self.environment[name] = value

    def close(self):
        subprocess.run(["chmod", "-R", "u+rwx", self.base], check=False)
        shutil.rmtree(self.base)

    def become(self):
        if self.drop:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)

    def run(self, command):
        """Run with pipes; returns status, stdout, stderr."""
        done = subprocess.run(
            ["sh", "-c", command], cwd=self.home, env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=TIMEOUT,
            preexec_fn=self.become, check=False)
        return done.returncode, done.stdout, done.stderr

    def run_on_terminal(self, command):
        """Run on a pseudo terminal, where both outputs are one."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        with subprocess.Popen(
                ["sh", "-c", command], cwd=self.home, env=self.environment,
                stdin=slave, stdout=slave, stderr=slave,
                preexec_fn=self.become) as process:
            os.close(slave)
            output = b""
            while select.select([master], [], [], TIMEOUT)[0]:
                try:
                    piece = os.read(master, 65536)
                except OSError:
                    break
                if not piece:
                    break
                output += piece
            status = process.wait(timeout=TIMEOUT)
        os.close(master)
        return status, output.replace(b"\r\n", b"\n"), b""

    def show(self, sign, output):
        """Output as lines of a case."""
        text = output.decode("utf-8", "backslashreplace")
        text = text.replace(self.home, "$DIR")
        text = text.replace("\r", "\\r").replace("\x1b", "\\e")
        for pattern, replacement in self.masks:
            text = pattern.sub(replacement, text)
        lines = text.split("\n")
        if lines[-1] == "":
            lines.pop()
        else:
            lines[-1] += "\\"
        return [(sign + " " + line).rstrip() for line in lines]

    def replay(self):
        """The lines of the case as they should be."""
        result = []
        at = 0
        while at < len(self.lines):
            line = self.lines[at]
            at += 1
            if line[:2] in ("| ", "! ", "= ", "|", "!"):
                continue  # what a command printed before
            result.append(line)
            if line.startswith("mask "):
                pattern, text = line[5:].split(" => ", 1)
                self.masks.append((re.compile(pattern, re.M), text))
            if line[:2] not in ("$ ", "% "):
                continue
            command = line[2:]
            while at < len(self.lines) and self.lines[at][:1] == ">":
                command += "\n" + self.lines[at][2:]
                result.append(self.lines[at])
                at += 1
            run = self.run if line[0] == "$" else self.run_on_terminal
            status, out, err = run(command)
            result += self.show("|", out) + self.show("!", err)
            if status != 0:
                result.append("= %d" % status)
        return result


def check(path, tool, rewrite):
    """Run one case; whether it is as it should be."""
    case = Case(path, tool)
    try:
        result = case.replay()
    finally:
        case.close()
    if result == case.lines:
        return True
    if rewrite:
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(result) + "\n")
        print("rewritten: " + path)
        return True
    for line in difflib.unified_diff(case.lines, result, path, "output",
                                     lineterm=""):
        print(line)
    return False


def main():
    parser = argparse.ArgumentParser(description="Run command-line cases.")
    parser.add_argument("--tool", required=True)
    parser.add_argument("--rewrite", action="store_true")
    parser.add_argument("cases", nargs="+")
    options = parser.parse_args()
    # A shell ignores SIGINT in what it runs in the background.
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    good = [check(path, options.tool, options.rewrite)
            for path in options.cases]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
