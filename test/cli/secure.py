# SPDX-License-Identifier: MIT
"""Run the tool with more rights than its caller has.

usage: secure.py TOOL

A copy of the tool that belongs to root and has the set-user-id bit is started
by nobody: then it must believe nothing that the environment says, neither of
caches nor of preferences, of time zones or of a trace to write.  The same copy
without the bit does believe it.  Exits with 77, saying why, where that cannot
be tried.
"""
import os
import shutil
import subprocess
import sys
import tempfile

NOBODY = 65534
SKIPPED = 77


def become_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def run(tool, environment, *arguments):
    done = subprocess.run([tool, *arguments], env=environment, cwd="/",
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, preexec_fn=become_nobody, check=False)
    return done.returncode, done.stdout + done.stderr


def expect(what, output, wanted, unwanted):
    """Whether an output has one text and not the other."""
    if wanted in output and unwanted not in output:
        return 0
    print(f"{what}: expected '{wanted}' without '{unwanted}', came:\n{output}")
    return 1


def try_both(tool, home):
    """Faults with the bit and without it."""
    elsewhere = os.path.join(home, "elsewhere")
    config = os.path.join(home, "config")
    with open(config, "w", encoding="ascii") as file:
        file.write(f"cache = {elsewhere}\n")
    os.chmod(config, 0o644)
    faults = 0
    for name, value, says in (
            ("BARCACHE_DIR", elsewhere, elsewhere),
            ("XDG_CACHE_HOME", elsewhere, elsewhere),
            ("HOME", elsewhere, elsewhere),
            ("BARCACHE_CONFIG", config, elsewhere)):
        environment = {"PATH": os.environ.get("PATH", ""), name: value}
        os.chmod(tool, 0o755)
        _, output = run(tool, environment, "ls")
        faults += expect(f"{name} without the bit", output, says, "where is")
        os.chmod(tool, 0o4755)
        _, output = run(tool, environment, "ls")
        faults += expect(f"{name} with the bit", output, "where is the cache?",
                         says)
    return faults


def try_trace(tool, home):
    """Faults of the trace that the environment asks for."""
    cache = os.path.join(home, "cache")
    subprocess.run([tool, "--cache", cache, "put", "key", "-"], check=True,
                   input="value", text=True, capture_output=True)
    faults = 0
    for mode, wanted in ((0o755, True), (0o4755, False)):
        trace = os.path.join(home, f"trace-{mode:o}")
        os.chmod(tool, mode)
        # Without the bit it is nobody's cache, and of nobody's writing.
        for path in (cache, *(os.path.join(base, name)
                              for base, names, files in os.walk(cache)
                              for name in names + files)):
            os.chown(path, *((NOBODY, NOBODY) if wanted else (0, 0)))
        os.chmod(home, 0o777 | 0o1000)
        run(tool, {"BARCACHE_TRACE": trace}, "--cache", cache, "get", "key")
        if os.path.exists(trace) != wanted:
            print(f"BARCACHE_TRACE with mode {mode:o}: {wanted} is not so")
            faults += 1
    return faults


def main():
    if os.geteuid() != 0:
        print("skipped: a program of root's is made by root alone")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="barcache-secure-") as home:
        if os.statvfs(home).f_flag & os.ST_NOSUID:
            print(f"skipped: {home} is mounted nosuid")
            return SKIPPED
        os.chmod(home, 0o755)
        tool = os.path.join(home, "barcache")
        shutil.copyfile(sys.argv[1], tool)
        faults = try_both(tool, home)
        os.chmod(tool, 0o755)
        faults += try_trace(tool, home)
    print(f"secure: 10 runs, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
