# SPDX-License-Identifier: MIT
"""What scenarios of the laboratory that run the tool share.

The laboratory says by BARCACHE_BUILD where the tool and the shim are, and how
much to do by BARCACHE_TRIALS, BARCACHE_SECONDS and BARCACHE_SEED.
"""
import os
import random
import signal
import subprocess
import time

BUILD = os.environ["BARCACHE_BUILD"]
TOOL = os.path.join(BUILD, "tools", "barcache")
SHIM = os.path.join(BUILD, "test", "libbarcachefault.so")
SKIPPED = 77
SECONDS = 100  # after which a command hangs


class Bench:
    """The seed and the time of a run, its trials, and its report."""

    def __init__(self):
        self.name = os.environ["BARCACHE_LAB"]
        self.seed = int(os.environ["BARCACHE_SEED"], 0)
        self.dice = random.Random(self.seed)
        self.wanted = int(os.environ["BARCACHE_TRIALS"])
        self.began = time.monotonic()
        self.until = self.began + int(os.environ["BARCACHE_SECONDS"])
        self.done = self.failures = 0

    def goes_on(self):
        """Until there are enough, or it is late; one trial has its time."""
        return (self.done < self.wanted and not self.failures and
                (self.done == 0 or time.monotonic() < self.until))

    def fail(self, text):
        self.failures += 1
        print(text)

    def report(self, note=""):
        """The last line; the exit status."""
        print(f"lab {self.name} {self.done} {self.failures} {self.seed:#x} "
              f"{time.monotonic() - self.began:.1f} {note}".rstrip())
        return 1 if self.failures else 0

    def skip(self, reason):
        print(f"lab {self.name} skipped {reason}")
        return SKIPPED


def fast_directory():
    """Where files need no disk, or None."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def tool(cache, *words, before=(), **more):
    """Run the tool on a cache; 'before' are words in front of it.

    One that hangs is killed, and counts as ended by SIGALRM.
    """
    command = [*before, TOOL, "--cache", cache, *words]
    try:
        return subprocess.run(command, timeout=SECONDS, check=False,
                              stdin=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, encoding="latin-1",
                              **({"stdout": subprocess.PIPE} | more))
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, -signal.SIGALRM, "", "")


def shimmed(mode, at, path, **more):
    """The environment in which the shim lets a call fail; see README.md."""
    words = {name.upper(): str(value) for name, value in more.items()}
    return dict(os.environ, LD_PRELOAD=SHIM, BARCACHE_FAULT_MODE=mode,
                BARCACHE_FAULT_AT=str(at), BARCACHE_FAULT_PATH=path,
                **{"BARCACHE_FAULT_" + name: value
                   for name, value in words.items()})


def write_bars(path, first, rows):
    """A file of bars of one minute, beginning with that row of the series."""
    with open(path, "w", encoding="ascii") as file:
        file.write("timestamp,open,high,low,close,volume\n")
        for i in range(first, first + rows):
            price = 100 + i % 97
            file.write(f"{row_ms(i)},{price},{price + 2},{price - 1},"
                       f"{price + 1},{i}\n")


def row_ms(index):
    return 1600000000000 + 60000 * index
