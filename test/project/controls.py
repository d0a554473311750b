# SPDX-License-Identifier: MIT
"""Check that the checks of the sources can fail.

usage: controls.py

Plants a small tree without a fault, which layers.py and style.py must pass,
and then one fault at a time, which the right one must name and the good tree
must not.
"""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SPDX = "/* SPDX-License-Identifier: MIT */\n"
BASE_C = SPDX + '#include "common.h"\n'

GOOD = {
    "lib/base/common.h": SPDX,
    "lib/base/alloc.c": BASE_C + "void *p = malloc(1);\n",
    "lib/bars/bar.h": SPDX,
    "lib/store/lmdb.c": BASE_C + "#include <lmdb.h>\n",
    "lib/codec/pack.h": SPDX,
    "lib/store/lmdb.h": SPDX,
    # Words in comments, literals, members and longer names are no calls.
    "lib/cache/cache.c": BASE_C + '#include "bar.h"\n'
                         "/* malloc(1) */\n"
                         'const char *text = "free(x)";\n'
                         "void *p = a->free(x) + bci_free(x);\n",
    "lib/cache/cache.h": SPDX,
    "include/barcache.h": SPDX + "int x;\n" * 700,
    "test/run": "#!/bin/sh\n# SPDX-License-Identifier: MIT\n",
}

FUNCTION = "int\nf(void)\n{\n%s}\n"

# check, path, text, and the words that its report has to hold
FAULTS = [
    ("layers", "lib/base/up.c", BASE_C + '#include "bar.h"\n',
     "lib/base/up.c:3: base includes bar.h of the higher layer bars"),
    ("layers", "lib/bars/up.c", BASE_C + '#include "../cache/cache.h"\n',
     "lib/bars/up.c:3: bars includes ../cache/cache.h of the higher layer"),
    ("layers", "lib/store/up.h", SPDX + ' # include "cache.h"\n',
     "lib/store/up.h:2: store includes cache.h of the higher layer cache"),
    ("layers", "lib/cache/db.c", BASE_C + "#include <lmdb.h>\n",
     "lib/cache/db.c:3: lmdb.h belongs"),
    ("layers", "lib/store/other.h", SPDX + '#include "lmdb.h"\n',
     "lib/store/other.h:2: lmdb.h belongs"),
    ("layers", "lib/cache/m.c", BASE_C + "void *p = malloc (1);\n",
     "lib/cache/m.c:3: malloc() belongs"),
    ("layers", "lib/store/m.c", BASE_C + "void *p = calloc(1, 1);\n",
     "lib/store/m.c:3: calloc() belongs"),
    ("layers", "lib/store/m.h", SPDX + "void *p = realloc(q, 1);\n",
     "lib/store/m.h:2: realloc() belongs"),
    ("layers", "lib/base/m.c", BASE_C + "\tfree(p);\n",
     "lib/base/m.c:3: free() belongs"),
    ("layers", "lib/bars/io.c", BASE_C + "#include <sys/stat.h>\n",
     "lib/bars/io.c:3: sys/stat.h in bars"),
    ("layers", "lib/codec/io.c", BASE_C + "#include <unistd.h>\n",
     "lib/codec/io.c:3: unistd.h in codec"),
    ("layers", "lib/bars/pack.c", BASE_C + '#include "../codec/pack.h"\n',
     "lib/bars/pack.c:3: bars includes ../codec/pack.h of the higher layer"),
    ("layers", "lib/cache/late.c", SPDX + "#include <stdio.h>\n",
     "lib/cache/late.c:1: the first include is not common.h"),
    ("layers", "lib/other/x.h", SPDX,
     "lib/other/x.h:1: lies in none of the layers"),
    ("layers", "lib/cache/bar.h", SPDX,
     "lib/cache/bar.h:1: two headers have this name"),
    ("style", "lib/cache/long.c",
     SPDX + FUNCTION % ("\tg();\n" * 69),
     "lib/cache/long.c:4: a function of 71 lines"),
    ("style", "tools/big.c", SPDX + "int x;\n" * 600,
     "tools/big.c:601: a file of 601 lines"),
    ("style", "tools/wide.c", SPDX + "\t" * 10 + "x\n",
     "tools/wide.c:2: 81 columns"),
    ("style", "tools/none.py", "x = 1\n",
     "tools/none.py:1: no SPDX line"),
    ("style", "tools/script", "#!/bin/sh\nexit 0\n",
     "tools/script:2: no SPDX line"),
    ("style", "tools/blank.c", SPDX + "int x; \n",
     "tools/blank.c:2: blanks"),
    ("style", "tools/dos.c", SPDX + "int x;\r\n",
     "tools/dos.c:2: blanks or a carriage return"),
    ("style", "tools/end.c", SPDX + "int x;",
     "tools/end.c:2: the file does not end with one newline"),
]


def plant(root, files):
    for path, text in files.items():
        path = os.path.join(root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)


def run(check, files):
    """Exit code and report of a check over a tree of these files."""
    with tempfile.TemporaryDirectory() as root:
        plant(root, files)
        result = subprocess.run(
            [sys.executable, os.path.join(HERE, check + ".py"), root],
            capture_output=True, text=True)
        return result.returncode, result.stdout + result.stderr


def main():
    faults = 0
    limits = dict(GOOD)
    limits["lib/cache/limit.c"] = (
        BASE_C + FUNCTION % ("\tg();\n" * 68) + "int x;\n" * 526)
    for check in ("layers", "style"):
        code, report = run(check, limits)
        if code != 0:
            faults += 1
            print(f"{check} refuses the good tree:\n{report}")
    for check, path, text, words in FAULTS:
        code, report = run(check, {**GOOD, path: text})
        if code != 1 or words not in report or ", 1 faults" not in report:
            faults += 1
            print(f"{check} does not name the fault of {path}, "
                  f"'{words}':\n{report}")
    print(f"controls: {len(FAULTS)} planted faults, {faults} missed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
