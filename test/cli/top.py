#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Look at the screen of barcache top through tmux.

usage: top.py TOOL

Presses its keys and reads what the terminal shows: entries and processes, the
order, the filter, another size, and that the terminal is as it was afterwards.
Exit status 77 without tmux.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

PATIENCE = 30


class Terminal:
    """A session of tmux of its own, with a shell in it."""

    def __init__(self, home, tool):
        self.socket = os.path.join(home, "tmux")
        environment = dict(os.environ, BARCACHE_DIR=os.path.join(home, "c"),
                           TOOL=tool, TZ="UTC", LC_ALL="C.UTF-8")
        environment.pop("TMUX", None)
        self.environment = environment
        self.tmux("new-session", "-d", "-x", "100", "-y", "24", "sh")

    def tmux(self, *words):
        done = subprocess.run(["tmux", "-f", "/dev/null", "-S", self.socket,
                               *words], env=self.environment, text=True,
                              stdout=subprocess.PIPE, check=True)
        return done.stdout

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def see(self, *texts, gone=()):
        """Wait until all of 'texts' are shown, and none of 'gone'."""
        until = time.monotonic() + PATIENCE
        while True:
            shown = self.tmux("capture-pane", "-p")
            missing = [text for text in texts if text not in shown]
            missing += [text for text in gone if text in shown]
            if not missing:
                return shown
            if time.monotonic() > until:
                sys.exit("top.py: wrong: %s, in\n%s" % (missing, shown))
            time.sleep(0.05)

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"],
                       env=self.environment, check=False)


def before(shown, first, second):
    if shown.index(first) > shown.index(second):
        sys.exit("top.py: %r comes behind %r in\n%s" % (first, second, shown))


def look(terminal):
    terminal.press("PS1='read''y> '; clear", "Enter")
    terminal.see("ready>", gone=("PS1",))
    terminal.press("for k in aa bb; do echo $k | $TOOL put key-$k -; done; "
                   "head -c 900 /dev/zero | $TOOL put key-large -; "
                   "$TOOL get key-bb; $TOOL get key-bb; clear; "
                   "$TOOL top --interval 200ms", "Enter")
    shown = terminal.see("requests", "entries 3", "ACCESSES", "key-aa",
                         "key-large", "q quit", "sort: accesses")
    before(shown, "key-bb", "key-aa")
    terminal.press("s", "s")
    shown = terminal.see("sort: bytes")
    before(shown, "key-large", "key-bb")
    terminal.press("p")
    terminal.see("HITS/S", "PID", "barcache", gone=("ACCESSES",))
    terminal.press("p")
    terminal.press("/")
    terminal.see("filter (glob): _")
    terminal.press("*", "b", "x", "BSpace", "b")
    terminal.see("filter (glob): *bb_")
    terminal.press("Enter")
    terminal.see("filter: *bb", "key-bb", gone=("key-aa",))
    terminal.press("/", "Escape")
    terminal.see("filter: none", "key-aa")
    terminal.tmux("resize-window", "-x", "60", "-y", "10")
    shown = terminal.see("q quit", "ACCESSES")
    if len(shown.rstrip("\n").split("\n")) > 10:
        sys.exit("top.py: more than ten lines in\n" + shown)
    terminal.press("q")
    terminal.see("ready>", gone=("ACCESSES",))
    terminal.press("$TOOL top", "Enter")
    terminal.see("ACCESSES")
    terminal.press("C-c")
    terminal.see("ready>", gone=("ACCESSES",))
    # The terminal echoes again.
    terminal.press("echo don''e", "Enter")
    terminal.see("echo don''e", "done")


def main():
    if shutil.which("tmux") is None:
        print("top.py: skipped, there is no tmux")
        return 77
    home = tempfile.mkdtemp(prefix="barcache-top-")
    terminal = Terminal(home, os.path.abspath(sys.argv[1]))
    try:
        look(terminal)
    finally:
        terminal.close()
        shutil.rmtree(home)
    return 0


if __name__ == "__main__":
    sys.exit(main())
