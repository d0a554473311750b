# SPDX-License-Identifier: MIT
"""Read packed segments, from doc/format-packed.md alone.

usage: decode.py PACK_MAKE

Runs PACK_MAKE, which writes segments and what they were made of, decodes each
segment and compares bit for bit.  The standard library only; slow on purpose:
one row at a time, as the page has it.
"""
import os
import struct
import subprocess
import sys
import tempfile
from fractions import Fraction

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "golden"))
from xxh3 import xxh3_64  # noqa: E402

RAW, DEC, F32, BITS, LZ4 = range(5)
BYTES, SHUFFLED, SINGLE, TIME, BARS = range(5)
I64, F64, T_I32, T_F32, U8, TEXT = range(1, 7)
SIZE = {I64: 8, F64: 8, T_I32: 4, T_F32: 4, U8: 1, TEXT: 4}
M64 = (1 << 64) - 1


class Damaged(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Damaged(what)


def signed(value, bits):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


class Cursor:
    """A chunk, read from its beginning."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        need(self.at + count <= len(self.data), "block is cut")
        self.at += count
        return self.data[self.at - count:self.at]

    def uint(self, count):
        return int.from_bytes(self.take(count), "little")

    def number(self):
        value = shift = 0
        while True:
            byte = self.uint(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                need(value <= M64, "number beyond 64 bits")
                return value
            need(shift < 70, "number of more than ten bytes")

    def signed_number(self):
        value = self.number()
        return -(value + 1 >> 1) if value & 1 else value >> 1


# Streams


def fields(cursor, n, width):
    """n fields of up to 32 bits."""
    places = -(-n // 32)
    words = -(-places * width // 32)
    data = cursor.take(128 * words)
    out = []
    for i in range(n):
        lane, bit = i % 32, i // 32 * width
        value = 0
        for k in (bit // 32, bit // 32 + 1):
            if k < words:
                word = struct.unpack_from("<I", data, 128 * k + 4 * lane)[0]
                value |= word << 32 * (k - bit // 32)
        out.append(value >> bit % 32 & ((1 << width) - 1))
    return out


def stream_header(cursor, n, wide):
    width, kind = cursor.uint(1), cursor.uint(1)
    more, size = kind >> 3, 1 << (kind >> 1 & 3)
    most = 64 if wide else 32
    need(width <= most and more <= 3 and (more == 0 or width < most),
         "stream header")
    need(size == 1 if more != 1 else size <= (8 if wide else 4), "patch size")
    patches = cursor.uint(2) if more == 1 else 0
    need(more != 1 or 1 <= patches <= n, "patches")
    layers, rows = [], n
    for _ in range(more - 1):
        count, bits = cursor.uint(2), cursor.uint(1)
        need(1 <= count <= rows and bits > 0, "layer")
        layers.append((count, bits))
        rows = count
    need(sum(bits for _, bits in layers) <= min(32, most - width), "layers")
    return width, kind & 1, size, patches, layers


def rows_of(cursor, count, n):
    rows = [cursor.uint(2) for _ in range(count)]
    need(all(a < b for a, b in zip(rows, rows[1:]))
         and (not rows or rows[-1] < n), "rows do not ascend")
    return rows


def above(cursor, layers, n):
    """What the layers add to each of n rows."""
    if not layers:
        return [0] * n
    count, width = layers[0]
    marks = int.from_bytes(cursor.take((n + 7) // 8), "little")
    need(marks >> n == 0 and bin(marks).count("1") == count, "marks")
    bits = int.from_bytes(cursor.take((count * width + 7) // 8), "little")
    values = [(bits >> i * width & ((1 << width) - 1)) + (more << width)
              for i, more in enumerate(above(cursor, layers[1:], count))]
    values.reverse()
    return [values.pop() if marks >> row & 1 else 0 for row in range(n)]


def stream(cursor, header, n, wide):
    width, is_signed, size, patches, layers = header
    bits = 64 if wide else 32
    values = fields(cursor, n, min(width, 32))
    if width > 32:
        values = [low | high << 32 for low, high in
                  zip(values, fields(cursor, n, width - 32))]
    if layers:
        values = [value + (more << width) for value, more in
                  zip(values, above(cursor, layers, n))]
        return [value >> 1 ^ -(value & 1) if is_signed else value
                for value in values]
    rows = rows_of(cursor, patches, n)
    for row in rows:
        patch = cursor.uint(size)
        if is_signed:
            patch = signed(patch, 8 * size)
        values[row] += patch << width
    if is_signed and width > 0:
        values = [value - (1 << width - 1) for value in values]
    if is_signed:
        return [signed(value, bits) for value in values]
    return [value & (1 << bits) - 1 for value in values]


# Values: each as its bytes


def nearest_double(k, e):
    """The double nearest to k / 10^e: Python divides integers like that."""
    value = k / 10 ** e
    assert abs(Fraction(value) - Fraction(k, 10 ** e)) * 2 <= max(
        Fraction(abs(value)) * Fraction(1, 1 << 52), Fraction(1, 1 << 1074))
    return value


def to_value(k, form, e, kind):
    size = SIZE[kind]
    if form == 1:
        return (k & (1 << 8 * size) - 1).to_bytes(size, "little")
    if form == 2:
        value = nearest_double(k, e)
        return struct.pack("<f" if kind == T_F32 else "<d", value)
    if form == 3:
        j = signed(k, 32)
        bits = (j ^ (j >> 31 & 0x7FFFFFFF)) & 0xFFFFFFFF
        data = struct.pack("<I", bits)
        if kind == T_F32:
            return data
        return struct.pack("<d", struct.unpack("<f", data)[0])
    bits = (k ^ (k >> 63 & (1 << 63) - 1)) & M64
    return struct.pack("<Q", bits)


MAPS = {1: (I64, T_I32, U8, TEXT), 2: (F64, T_F32), 3: (F64, T_F32), 4: (F64,)}


def single_integers(values, has_sum, base, tick, slope):
    out, total = [], 0
    for i, value in enumerate(values):
        total += value
        k = base + tick * value
        if has_sum:
            k = base + slope * i + tick * total
        out.append(signed(k, 64))
    return [out]


def bar_integers(streams, base, tick, bits):
    opens, highs, lows, closes = [], [], [], []
    last = base
    for o, h, l, c in zip(*streams):
        last += o + c
        close, begin = signed(last, bits), signed(last - c, bits)
        closes.append(close)
        opens.append(begin)
        highs.append(max(begin, close) + h)
        lows.append(min(begin, close) - l)
    return [[signed(tick * signed(value, bits), 64) for value in column]
            for column in (opens, highs, lows, closes)]


def block(data, n, model, kind, first):
    """The columns of a block, each a list of the bytes of its values."""
    cursor, size = Cursor(data), SIZE[kind]
    columns = 4 if model == BARS else 1
    form = cursor.uint(1)
    has_sum, wide = form >> 3 & 1, form >> 4 & 1
    need(form < 32, "form")
    form &= 7
    if form == 0:
        need(not has_sum and not wide, "raw block")
        out = [[cursor.take(size) for _ in range(n)] for _ in range(columns)]
        need(cursor.at == len(data), "bytes are left")
        return out
    need(form in MAPS and kind in MAPS[form], "map")
    need(has_sum if model == TIME else not (has_sum and model == BARS), "sum")
    e = cursor.uint(1) if form == 2 else 0
    tick = cursor.number() if form in (1, 2) else 1
    need(e <= 18 and 0 < tick and (form != 2 or tick < 1 << 51), "scale")
    base = first if model == TIME else cursor.signed_number()
    slope = cursor.signed_number() if has_sum else 0
    headers = [stream_header(cursor, n, wide) for _ in range(columns)]
    counts = [0] * columns
    if form == 2 or (form == 3 and kind == F64):
        counts = [cursor.number() for _ in range(columns)]
        need(max(counts) <= n, "exceptions")
    streams = [stream(cursor, header, n, wide) for header in headers]
    if model == BARS:
        need([h[1] for h in headers] == [1, 0, 0, 1], "signs")
        integers = bar_integers(streams, base, tick, 64 if wide else 32)
    else:
        need(has_sum or not headers[0][1], "signs")
        integers = single_integers(streams[0], has_sum, base, tick, slope)
    out = [[to_value(k, form, e, kind) for k in column] for column in integers]
    for column, count in zip(out, counts):
        for row in rows_of(cursor, count, n):
            column[row] = cursor.take(size)
    need(cursor.at == len(data), "bytes are left")
    return out


# Chunks of bytes


def lz4(data, length):
    """An LZ4 block that unpacks to 'length' bytes."""
    out, cursor = bytearray(), Cursor(data)

    def more(count):
        if count == 15:
            while True:
                byte = cursor.uint(1)
                count += byte
                if byte < 255:
                    break
        return count

    while True:
        token = cursor.uint(1)
        out += cursor.take(more(token >> 4))
        if cursor.at == len(data):
            break
        distance = cursor.uint(2)
        need(0 < distance <= len(out), "LZ4 distance")
        for _ in range(more(token & 15) + 4):
            out.append(out[-distance])
    need(len(out) == length, "LZ4 length")
    return bytes(out)


def chunk_of_bytes(data, n, codec, model, kind):
    size = SIZE[kind]
    need(len(data) <= n * size, "chunk is too long")
    if len(data) < n * size:
        need(codec == LZ4, "chunk is cut")
        data = lz4(data, n * size)
        if model == SHUFFLED:
            data = bytes(data[byte * n + i] for i in range(n)
                         for byte in range(size))
    return data


# The segment


class Group:
    def __init__(self, data, rows, columns):
        self.codec, self.model, self.kind, zero = data[:4]
        need(self.codec <= 4 and self.model <= 4 and self.kind in SIZE
             and zero == 0, "plan")
        numbers = struct.unpack("<4H", data[4:12])
        count = 4 if self.model == BARS else 1
        self.columns = numbers[:count]
        need(all(c < columns for c in self.columns)
             and all(c == 0xFFFF for c in numbers[count:]), "columns")
        self.bytes = struct.unpack("<I", data[12:])[0]
        blocks = self.model >= SINGLE
        need(self.codec < LZ4 if blocks else self.codec in (RAW, LZ4), "codec")
        need(self.model != SHUFFLED or self.codec == LZ4, "codec")
        need(self.model != TIME or self.kind == I64, "type of times")
        need(self.model != BARS or self.kind not in (U8, TEXT), "type of bars")
        self.rows = 1024 if blocks else 65536 // SIZE[self.kind]
        self.chunks = -(-rows // self.rows)


def index(cursor, group):
    """(end, checksum, first value) of each chunk."""
    entries, last = [], 0
    for _ in range(group.chunks):
        end, total = cursor.uint(4), cursor.uint(8)
        first = signed(cursor.uint(8), 64) if group.model == TIME else 0
        need(last < end <= group.bytes, "index")
        entries.append((end, total, first))
        last = end
    need(last == group.bytes, "index")
    return entries


def unpack(data):
    """The columns of a segment: (type, bytes) each."""
    cursor = Cursor(data)
    magic, version, flags, rows, columns, groups, total = struct.unpack(
        "<IHHQIIQ", cursor.take(32))
    need(magic == 0x4B504342 and version == 1 and flags == 0, "header")
    need(rows <= 1 << 30 and 1 <= groups <= columns <= 512
         and total == len(data), "header")
    plan = [Group(cursor.take(16), rows, columns) for _ in range(groups)]
    need(sorted(c for g in plan for c in g.columns) == list(range(columns)),
         "every column in one group")
    entries = [index(cursor, group) for group in plan]
    need(xxh3_64(data[:cursor.at]) == cursor.uint(8), "checksum of the index")
    out = [None] * columns
    for group, chunks in zip(plan, entries):
        begin, parts = 0, [[] for _ in group.columns]
        base = cursor.at
        for number, (end, total, first) in enumerate(chunks):
            chunk = data[base + begin:base + end]
            need(xxh3_64(chunk) == total, "checksum of a chunk")
            n = min(group.rows, rows - number * group.rows)
            if group.model >= SINGLE:
                for part, values in zip(parts, block(
                        chunk, n, group.model, group.kind, first)):
                    part.extend(values)
            else:
                parts[0].append(chunk_of_bytes(chunk, n, group.codec,
                                               group.model, group.kind))
            begin = end
        cursor.take(group.bytes)
        for column, part in zip(group.columns, parts):
            out[column] = (group.kind, b"".join(part))
    need(cursor.at == len(data), "bytes are left")
    return out


def expected(data):
    cursor, out = Cursor(data), []
    while cursor.at < len(data):
        kind, rows = cursor.uint(1), cursor.uint(8)
        out.append((kind, cursor.take(rows * SIZE[kind])))
    return out


def check(folder, name):
    """None, or what is wrong with a segment."""
    with open(os.path.join(folder, name + ".pack"), "rb") as file:
        packed = file.read()
    with open(os.path.join(folder, name + ".values"), "rb") as file:
        values = expected(file.read())
    try:
        found = unpack(packed)
    except Damaged as fault:
        return str(fault)
    for i, (ours, theirs) in enumerate(zip(found, values)):
        if ours != theirs:
            return f"column {i} differs"
    return None if len(found) == len(values) else "columns are missing"


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], folder], check=True)
        names = sorted(f[:-5] for f in os.listdir(folder)
                       if f.endswith(".pack"))
        faults = 0
        for name in names:
            fault = check(folder, name)
            if fault:
                faults += 1
                print(f"{name}: {fault}")
    print(f"decode: {len(names)} segments, {faults} faults")
    return 1 if faults or not names else 0


if __name__ == "__main__":
    sys.exit(main())
