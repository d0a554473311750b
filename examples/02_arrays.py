# SPDX-License-Identifier: MIT
"""Columns of a frame as NumPy arrays, without copying them.

usage: 02_arrays.py LIBRARY CACHE KEY
(LIBRARY is libbarcache.so.0, with its path if it is not installed.)
"""
import ctypes
import sys

try:
    import numpy as np
except ImportError:
    print("skipped: there is no numpy for this python3")
    sys.exit(77)


class View(ctypes.Structure):  # struct bc_view in barcache.h
    _fields_ = [
        ("kind", ctypes.c_int), ("tier", ctypes.c_int),
        ("miss", ctypes.c_int), ("open_rows", ctypes.c_uint32),
        ("copied_bytes", ctypes.c_uint64),
        ("rows", ctypes.c_uint64),
        ("first_ns", ctypes.c_int64), ("last_ns", ctypes.c_int64),
        ("schema", ctypes.c_void_p), ("data", ctypes.c_void_p),
        ("bytes", ctypes.c_uint64), ("revision", ctypes.c_uint64),
        ("private", ctypes.c_uint64 * 4), ("pins", ctypes.c_void_p * 2),
    ]


bc = ctypes.CDLL(sys.argv[1])
bc.bc_view_time.restype = bc.bc_view_f64.restype = ctypes.c_void_p
cache, view = ctypes.c_void_p(), View()
if bc.bc_open(sys.argv[2].encode(), None, ctypes.byref(cache), None) != 0:
    sys.exit(f"cannot open {sys.argv[2]}")
if bc.bc_get(cache, sys.argv[3].encode(), ctypes.byref(view)) != 0:
    sys.exit(f"there is no {sys.argv[3]}")


def array(address, ctype):
    """The column at 'address' as an array that only reads."""
    memory = (ctype * view.rows).from_address(address)
    result = np.frombuffer(memory, dtype=ctype)
    result.flags.writeable = False
    return result


time = array(bc.bc_view_time(ctypes.byref(view)), ctypes.c_int64)
close = array(bc.bc_view_f64(ctypes.byref(view), b"close"), ctypes.c_double)
print(f"{len(close)} bars from {time[:1].view('M8[ns]')[0]}, "
      f"mean close {close.mean():.2f}")

# Not copied: the array lies inside a file of the cache that is mapped here.
for line in open("/proc/self/maps", encoding="utf-8"):
    begin, end = (int(x, 16) for x in line.split()[0].split("-"))
    if begin <= close.ctypes.data < end:
        print(f"close lies in {line.split()[-1].rsplit('/', 1)[-1]}, "
              f"{view.copied_bytes} bytes copied")

del time, close  # the arrays are gone before what they point into
bc.bc_view_release(ctypes.byref(view))
bc.bc_close(cache)
