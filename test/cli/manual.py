#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that --help, the man page and the completions say the same.

usage: manual.py TOOL MANPAGE

The options of each command and their values are equal in --help and in the
man page; the man page renders without a warning, and the completions are
valid, by each program for it that is installed.
"""
import re
import shutil
import subprocess
import sys
import tempfile

FAULTS = []


def fault(text):
    FAULTS.append(text)
    print(text)


def run(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def help_options(text, title):
    """{name: value} of the options below a title of --help."""
    block = re.search(r"^%s:\n((?:  .*\n)+)" % title, text, re.M)
    if block is None:
        return {}
    found = re.findall(r"^  --([a-z-]+)(?: (\S+))?(?:  .*)?$", block[1], re.M)
    return dict(found)


def man_options(text):
    """{name: value} of the options in a part of the man page."""
    found = re.findall(r'^\.TP\n\.B[IR]? \\-\\-(\S+)(?: "? ?([^"\n]*)"?)?$',
                       text, re.M)
    return {name.replace("\\-", "-"): value for name, value in found}


def compare(where, in_help, in_man):
    for name in sorted(in_help.keys() | in_man.keys()):
        if in_help.get(name) != in_man.get(name):
            fault("%s: --%s is %r in --help and %r in the man page" % (
                where, name, in_help.get(name), in_man.get(name)))


def check_options(tool, man):
    _, overview = run(tool, "--help")
    commands = re.search(r"^Commands:\n((?:  .*\n)+)", overview, re.M)
    commands = re.findall(r"^  (\S+)", commands[1], re.M)
    parts = dict((part.lstrip('"').split()[0].rstrip('"'), part)
                 for part in re.split(r"^\.SS ", man, flags=re.M)[1:])
    intro = re.search(r"^\.SH OPTIONS OF EVERY COMMAND\n(.*?)^\.SH", man,
                      re.M | re.S)
    compare("barcache", help_options(overview, "Options of every command"),
            man_options(intro[1]))
    if sorted(commands) != sorted(parts):
        fault("commands are %s in --help and %s in the man page" % (
            sorted(commands), sorted(parts)))
    names = set()
    for command in commands:
        _, text = run(tool, command, "--help")
        options = help_options(text, "Options")
        part = parts.get(command, "").split("\n.SH ")[0]
        compare(command, options, man_options(part))
        if ("[OPTION...]" in text) != bool(options):
            fault("%s: options and usage line differ" % command)
        names.update(options)
    print("compared %d commands, %d options" % (len(commands), len(names)))
    if len(names) < 20:
        fault("there are more options than that")


def check_with(name, program, *words):
    """Run a checker if it is there; any word of its is a fault."""
    if shutil.which(program) is None:
        print("skipped: %s, for there is no %s" % (name, program))
        return
    status, output = run(program, *words)
    if status != 0 or output != "":
        fault("%s: %s says\n%s" % (name, program, output))


def main():
    tool, page = sys.argv[1:]
    with open(page, encoding="utf-8") as file:
        man = file.read()
    check_options(tool, man)
    check_with("man page", "mandoc", "-Tlint", "-W", "warning", page)
    check_with("man page", "groff", "-man", "-ww", "-z", "-Tutf8", page)
    for shell, option in (("bash", "-n"), ("zsh", "-n"),
                          ("fish", "--no-execute")):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
            file.write(run(tool, "completion", shell)[1])
            file.flush()
            check_with(shell + " completion", shell, option, file.name)
    return 1 if FAULTS else 0


if __name__ == "__main__":
    sys.exit(main())
