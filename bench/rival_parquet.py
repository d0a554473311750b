#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure how small Parquet files of bars are, and how fast they are read.

    bench/rival_parquet.py [--rounds N] FILE:ROWS...

FILE is one that real_series.py or bench_pack wrote; its first ROWS bars become
a Parquet file in memory, with pyarrow as it comes and its compression.  Prints
a JSON line for each file and compression: bytes, and the seconds of the best
of N times reading it into Arrow columns.  Everything runs on one processor; the
seconds are those that the process had it: pyarrow reads on a thread of its own,
whatever it is told.  If pyarrow cannot be imported, the
one line says "absent".
"""
import argparse
import array
import json
import os
import struct
import time

os.environ["OMP_NUM_THREADS"] = "1"
os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
NAMES = ("time", "open", "high", "low", "close", "volume")


def load(pyarrow, path, rows):
    """The first rows of a file as a table."""
    columns = []
    with open(path, "rb") as file:
        count = struct.unpack("<q", file.read(8))[0]
        for i in range(len(NAMES)):
            values = array.array("q" if i == 0 else "d")
            values.fromfile(file, count)
            columns.append(pyarrow.array(
                values[:rows],
                pyarrow.timestamp("ns", "UTC") if i == 0
                else pyarrow.float64()))
    return pyarrow.table(columns, names=NAMES)


def measure(pyarrow, parquet, table, compression, rounds):
    """(bytes, seconds) of a table as a Parquet file."""
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(table, sink, compression=compression)
    packed, best = sink.getvalue(), float("inf")
    for _ in range(rounds):
        begin = time.process_time()
        back = parquet.read_table(pyarrow.BufferReader(packed),
                                  use_threads=False)
        best = min(best, time.process_time() - begin)
    if not back.equals(table):
        raise ValueError("what is read is not what was written")
    return packed.size, best


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("files", nargs="+")
    given = parser.parse_args()
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        print(json.dumps({"rival": "parquet", "absent": str(error)}))
        return
    pyarrow.set_cpu_count(1)
    pyarrow.set_io_thread_count(1)
    for name in given.files:
        path, rows = name.rsplit(":", 1)
        table = load(pyarrow, path, int(rows))
        for compression in ("snappy", "zstd"):
            size, seconds = measure(pyarrow, parquet, table, compression,
                                    given.rounds)
            print(json.dumps({
                "rival": "parquet+" + compression, "file": name,
                "version": pyarrow.__version__, "bytes": size,
                "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
