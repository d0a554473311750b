#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure how fast data frame libraries read or write CSV files of bars.

    bench/rival_csv.py [--rounds N] [--write] FILE...

Prints a JSON line for each rival: its name and version, the seconds that the
best of N rounds took for all files, and the rows.  A library that cannot be
imported, or fails, is "absent".  Each round reads every file into columns that
are there as a whole, or, with --write, writes what was read from the files as
CSV to /dev/null; the first round is not counted.  Everything runs on one core.
"""
import argparse
import importlib
import json
import os
import time

# Before the libraries start their threads.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ[name] = "1"
os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def dates(path):
    """The names of the columns that hold dates."""
    return ["Date"] if "daily" in path else []


def pandas_reader(engine):
    def prepare(pandas):
        if engine == "pyarrow":
            one_thread(importlib.import_module("pyarrow"))

        def read(path):
            return pandas.read_csv(path, engine=engine,
                                   parse_dates=dates(path))
        return read
    return prepare


def one_thread(pyarrow):
    pyarrow.set_cpu_count(1)
    pyarrow.set_io_thread_count(1)


def polars_reader(polars):
    def read(path):
        frame = polars.read_csv(path, try_parse_dates=bool(dates(path)))
        return frame.rechunk()
    return read


def duckdb_reader(duckdb):
    """Its columns as Arrow's, which is what it hands out the fastest."""
    connection = duckdb.connect()
    connection.execute("SET threads = 1")

    def read(path):
        text = path.replace("'", "''")
        rows = connection.sql(f"SELECT * FROM read_csv('{text}')")
        return rows.to_arrow_table()
    importlib.import_module("pyarrow")
    return read


def pyarrow_reader(pyarrow):
    one_thread(pyarrow)
    csv = importlib.import_module("pyarrow.csv")
    options = csv.ReadOptions(use_threads=False)

    def read(path):
        return csv.read_csv(path, read_options=options)
    return read


def pandas_writer(pandas):
    def write(path):
        frame = pandas.read_csv(path, parse_dates=["time"])
        return frame, lambda: frame.to_csv("/dev/null", index=False)
    return write


def polars_writer(polars):
    def write(path):
        frame = polars.read_csv(path, try_parse_dates=True)
        return frame, lambda: frame.write_csv("/dev/null")
    return write


def pyarrow_writer(pyarrow):
    one_thread(pyarrow)
    csv = importlib.import_module("pyarrow.csv")

    def write(path):
        table = csv.read_csv(path)
        return table, lambda: csv.write_csv(table, "/dev/null")
    return write


READERS = [("pandas-c", "pandas", pandas_reader("c")),
           ("pandas-pyarrow", "pandas", pandas_reader("pyarrow")),
           ("polars", "polars", polars_reader),
           ("duckdb", "duckdb", duckdb_reader),
           ("pyarrow", "pyarrow", pyarrow_reader)]
WRITERS = [("pandas", "pandas", pandas_writer),
           ("polars", "polars", polars_writer),
           ("pyarrow", "pyarrow", pyarrow_writer)]


def best(rounds, action):
    """The seconds of the fastest of 'rounds' calls; one more goes first."""
    seconds = []
    for _ in range(rounds + 1):
        begin = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - begin)
    return min(seconds[1:])


def measure(module, prepare, given):
    """Version, rows and seconds of a rival."""
    library = importlib.import_module(module)
    action = prepare(library)
    counts = []
    if given.write:
        writes = []
        for path in given.files:
            frame, write = action(path)
            counts.append(len(frame))
            writes.append(write)
        seconds = best(given.rounds, lambda: [write() for write in writes])
    else:
        def read_all():
            counts[:] = [len(action(path)) for path in given.files]
        seconds = best(given.rounds, read_all)
    return {"version": library.__version__, "rows": sum(counts),
            "seconds": seconds}


def main():
    parser = argparse.ArgumentParser(
        prog="rival_csv.py",
        description="Measure how fast others read or write CSV files.")
    parser.add_argument("--rounds", type=int, default=5,
                        help="rounds of which the best counts")
    parser.add_argument("--write", action="store_true",
                        help="write what the files hold")
    parser.add_argument("files", nargs="+", metavar="FILE")
    given = parser.parse_args()
    for name, module, prepare in WRITERS if given.write else READERS:
        try:
            result = measure(module, prepare, given)
        except Exception as error:  # whatever a foreign library raises
            result = {"absent": f"{type(error).__name__}: {error}"}
        print(json.dumps({"rival": name, **result}), flush=True)


if __name__ == "__main__":
    main()
