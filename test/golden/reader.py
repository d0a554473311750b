# SPDX-License-Identifier: MIT
"""Read a cache as doc/format.md describes it, without barcache or LMDB.

usage: reader.py ARCHIVE EXPECTED COUNT   compare the cache in a .tar.gz with a
                                          text; COUNT of its segments are found
                                          in its arenas alone
       reader.py DIRECTORY   print what the cache holds as JSON
       reader.py ARENA       salvage: list the segments of an arena alone

Every checksum, digest, size and reserved byte is checked on the way.
"""
import json
import os
import struct
import sys
import tarfile
import tempfile

from xxh3 import MASK, xxh3_64, xxh3_128

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "pack"))
import decode  # noqa: E402

TYPES = {1: ("i64", 8), 2: ("f64", 8), 3: ("i32", 4), 4: ("f32", 4),
         5: ("u8", 1), 6: ("text", 4)}
FRAME, BLOB, ARRAYS, SERIES = 1, 2, 3, 4
KINDS = {FRAME: "frame", BLOB: "blob", ARRAYS: "arrays", SERIES: "series"}
KNOWN = {1: "bars", 2: "empty", 4: "open"}
BLOCK = 65536
TABLES = {1: ("meta", "details", "schemas", "requests", "arenas", "slots")}
TABLES[2] = TABLES[1] + ("segments", "coverage")


class Damaged(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Damaged(what)


def round_up(x, unit):
    return -(-x // unit) * unit


class Lmdb:
    """The newest commit of an LMDB 0.9 file."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        magic, version = struct.unpack_from("<II", self.data, 16)
        need(magic == 0xBEEFC0DE and version == 1, "not a file of LMDB 0.9")
        self.page_bytes = struct.unpack_from("<I", self.data, 40)[0]
        metas = [struct.unpack_from("<QQ", self.data, at + 136) + (at,)
                 for at in (0, self.page_bytes)]
        self.last_page, self.txnid, at = max(metas, key=lambda m: m[1])
        need((self.last_page + 1) * self.page_bytes <= len(self.data),
             "the file was cut short")
        self.main = self.data[at + 88:at + 136]

    def records(self, table=None):
        """(key, value, offset of the value) of a table; None: the main one."""
        root = struct.unpack_from("<Q", table or self.main, 40)[0]
        return [] if root == MASK else self.walk(root)

    def walk(self, page):
        at = page * self.page_bytes
        number, _, flags, lower, _ = struct.unpack_from("<QHHHH", self.data,
                                                        at)
        need(number == page and flags & 3 in (1, 2), f"page {page}")
        count = (lower - 16) // 2
        for place in struct.unpack_from(f"<{count}H", self.data, at + 16):
            node = at + place
            low, high, kind, key_bytes = struct.unpack_from("<HHHH", self.data,
                                                            node)
            if flags & 1:
                yield from self.walk(low | high << 16 | kind << 32)
                continue
            size, start = low | high << 16, node + 8 + key_bytes
            key = self.data[node + 8:start]
            if kind & 1:  # The value has pages of its own.
                page = struct.unpack_from("<Q", self.data, start)[0]
                start = page * self.page_bytes + 16
            yield key, self.data[start:start + size], start

    def table(self, name=None):
        """A table as a dictionary in order of its keys."""
        table = self.table()[b"\1" + name.encode()] if name else None
        return {key: value for key, value, _ in self.records(table)}


def decode_schema(stored):
    """[(name, type, bytes)] and whether the first column is the time."""
    count, has_time, zero = struct.unpack_from("<HBB", stored)
    need(has_time <= 1 and zero == 0, "schema")
    columns, at = [], 4
    for _ in range(count):
        kind, length = stored[at], stored[at + 1]
        name, bytes_ = TYPES[kind]
        columns.append((stored[at + 2:at + 2 + length].decode(), name, bytes_))
        at += 2 + length
    need(at == len(stored), "schema")
    return columns, has_time


def read_dictionary(area, at):
    """The strings of the dictionary at 'at', and where the next one begins."""
    count, bytes_ = struct.unpack_from("<II", area, at)
    ends = struct.unpack_from(f"<{count}I", area, at + 8)
    base = at + 8 + 4 * count
    strings = [area[base + start:base + end].decode()
               for start, end in zip((0,) + ends[:-1], ends)]
    end = base + (ends[-1] if count else 0)
    need(bytes_ == round_up(end - at, 8) and
         not any(area[end:at + bytes_]), "dictionary")
    return strings, at + bytes_


def common_strings(dictionaries):
    """The longest of the dictionaries, which the others are beginnings of."""
    longest = max(dictionaries, key=len, default=[])
    need(all(longest[:len(words)] == words for words in dictionaries),
         "dictionaries of a series")
    return longest


class Segment:
    """An image: its header taken apart and everything in it checked."""

    def __init__(self, image, schema=None):
        need(image[:4] == b"BCSG", "magic of a segment")
        (version, self.column_count, self.cache_id, self.arena,
         self.header_bytes, self.entry_id, self.key_hash, self.revision,
         self.rows, self.first_ns, self.last_ns, self.data_bytes,
         self.text_bytes, self.blocks, self.codec, self.kind, zero,
         schema_bytes, key_bytes, zero2) = struct.unpack_from(
             "<HHQIIQQQQqqQQIBBHIHH", image, 4)
        need(version == 1 and self.codec <= 1 and zero == 0 and zero2 <= 1,
             "version of a segment")
        self.bytes = self.header_bytes + self.data_bytes + self.text_bytes
        table = self.header_bytes - 8 * self.blocks
        key_at = 104 + schema_bytes
        used = key_at + key_bytes
        need(self.bytes <= len(image) and used <= table, "sizes of a segment")
        need(not any(image[used:table]), "zeros after the key")
        self.schema = image[104:key_at] if schema_bytes else schema or b""
        self.key = image[key_at:used]
        self.header = image[:self.header_bytes]
        self.body = image[self.header_bytes:self.bytes]
        self.table = image[table:self.header_bytes]
        sums = [xxh3_64(self.body[i:i + BLOCK])
                for i in range(0, len(self.body), BLOCK)]
        need(self.table == struct.pack(f"<{self.blocks}Q", *sums),
             "checksum of a block")
        need(not self.key or xxh3_64(self.key) == self.key_hash, "key")
        if self.codec == 1:
            self.take_packed()
        self.columns, self.step_ns = [], 0
        if self.kind != BLOB:
            self.take_columns()

    def take_packed(self):
        """The body as it was before it was packed, and its checksums."""
        version, text_packed, zero, packed, data, text = struct.unpack_from(
            "<BB6sQQQ", self.body)
        need(version == 1 and text_packed <= 1 and not any(zero) and
             32 + packed <= self.data_bytes and
             not any(self.body[32 + packed:self.data_bytes]), "packed body")
        columns = decode.unpack(self.body[32:32 + packed])
        texts = self.body[self.data_bytes:]
        if text_packed:
            (_, texts), = decode.unpack(texts)
        unit = 4096 if self.rows >= 4096 else 64
        pad = self.kind != BLOB
        body = b"".join(values + bytes(round_up(len(values), unit) -
                                       len(values) if pad else 0)
                        for _, values in columns)
        need((len(body), len(texts)) == (data, text), "sizes unpacked")
        need(not pad or [kind for kind, _ in columns] ==
             [{name: number for number, (name, _) in TYPES.items()}[kind]
              for _, kind, _ in decode_schema(self.schema)[0]],
             "types of packed columns")
        self.body, self.data_bytes, self.text_bytes = body + texts, data, text
        sums = [xxh3_64(self.body[i:i + BLOCK])
                for i in range(0, len(self.body), BLOCK)]
        self.table = struct.pack(f"<{len(sums)}Q", *sums)

    def take_columns(self):
        columns, self.has_time = decode_schema(self.schema)
        need(len(columns) == self.column_count, "columns")
        unit = 4096 if self.rows >= 4096 else 64
        at, text_at = 0, self.data_bytes
        for name, kind, bytes_ in columns:
            end = at + bytes_ * self.rows
            rounded = at + round_up(bytes_ * self.rows, unit)
            need(not any(self.body[end:rounded]), "zeros after a column")
            strings = None
            if kind == "text":
                strings, text_at = read_dictionary(self.body, text_at)
            self.columns.append((name, kind, self.body[at:end], strings))
            at = rounded
        need(at == self.data_bytes and text_at == len(self.body), "layout")
        if self.has_time and self.rows:
            times = struct.unpack(f"<{self.rows}q", self.columns[0][2])
            steps = {b - a for a, b in zip(times, times[1:])}
            need(self.columns[0][:2] == ("time", "i64") and
                 (times[0], times[-1]) == (self.first_ns, self.last_ns) and
                 all(step > 0 for step in steps), "times")
            self.step_ns = steps.pop() if len(steps) == 1 else 0

    def digest(self):
        return xxh3_128(struct.pack("<QQ", self.kind, self.rows) +
                        xxh3_128(self.schema) + xxh3_128(self.table))


class Cache:
    def __init__(self, path):
        self.path = path
        self.meta = Lmdb(os.path.join(path, "meta.mdb"))
        (version, _, _, zero, self.format_version, self.cache_id,
         self.created_ns) = struct.unpack_from(
             "<BBBBIQq", self.meta.table("meta")[b"config"])
        need(version == 1 and self.format_version in TABLES and zero == 0,
             "config")
        self.tables = {name: self.meta.table(name)
                       for name in TABLES[self.format_version]}
        self.tables["entries"] = {
            key: record for key, record in self.meta.table().items()
            if key[0] >= 0x20}
        self.files = {}

    def arena(self, number):
        if number not in self.files:
            record = self.tables["arenas"][struct.pack("<Q", number)]
            folder = {1: "warm", 2: "cold"}[record[1]]
            file = Lmdb(os.path.join(self.path, folder, f"{number:08d}.mdb"))
            need(struct.unpack_from("<BBBBI", record)[4] == file.page_bytes,
                 "arena")
            self.files[number] = file
        return self.files[number]

    def request(self, entry_id, detail):
        flags, size = detail[1], struct.unpack_from("<I", detail, 4)[0]
        text = detail[96 if detail[0] == 2 else 72:]
        if flags & 1:
            text = b"".join(
                self.tables["requests"][struct.pack("<QI", entry_id, i)]
                for i in range(round_up(size, 1900) // 1900))
        need(len(text) == size, "request")
        return text.decode() if size else None

    def schema(self, id_):
        if id_ == 0:
            return b""
        stored = self.tables["schemas"][struct.pack("<I", id_)]
        need(self.tables["schemas"][xxh3_128(stored)] ==
             struct.pack("<I", id_), "id of a schema")
        return stored

    def segment(self, key, head, locator, inline=None):
        """The segment at a locator, which belongs to the entry 'head'."""
        kind, schema_id, entry_id, revision = head
        (arena, size, offset, checksum, first, last, step, rows, _, header,
         codec) = struct.unpack_from("<IIQQqqqIIIB", locator)
        schema = self.schema(schema_id)
        if inline is not None:
            need(arena == offset == 0, "place of an inline segment")
            image = inline
        else:
            need(offset % 64 == 16 and len(locator) == 64, "place")
            image = self.arena(arena).data[offset:offset + size]
        segment = Segment(image, schema)
        need(len(image) == size and segment.bytes == size and
             xxh3_64(segment.header) == checksum, "checksum of a header")
        if kind == SERIES:  # Of several commits, each a frame.
            need(segment.revision <= revision and rows and inline is None,
                 "a segment of a series")
            kind, revision = FRAME, segment.revision
        need((segment.cache_id, segment.arena, segment.header_bytes,
              segment.entry_id, segment.key_hash, segment.revision,
              segment.rows, segment.first_ns, segment.last_ns, segment.codec,
              segment.kind, segment.schema, segment.step_ns) ==
             (self.cache_id, arena, header, entry_id, xxh3_64(key), revision,
              rows, first, last, codec, kind, schema, step), "owner")
        unit = 4096 if rows >= 4096 and codec == 0 else 64
        need((header + 16) % unit == 0, "alignment")
        return segment

    def value(self, key, head, flags, record):
        """The one segment of what is no series, and what is known of it."""
        inline = record[96:] if flags & 1 else None
        need(inline is not None or len(record) == 96, "length of a record")
        segment = self.segment(key, head, record[32:96], inline)
        return segment.columns, segment.body, {
            "rows": segment.rows, "first_ns": segment.first_ns,
            "last_ns": segment.last_ns, "step_ns": segment.step_ns,
            "stored_bytes": segment.bytes, "digest": segment.digest().hex()}

    def of_entry(self, table, entry_id):
        """Times and values of the records of an entry, in order."""
        for key, value in self.tables[table].items():
            number, time = struct.unpack(">QQ", key)
            if number == entry_id:
                yield time - 2**63, value

    def coverage(self, entry_id, series):
        (known_from, known_to, open_from, open_to) = series[5:9]
        known = []
        for start, record in self.of_entry("coverage", entry_id):
            version, kind, zero, end = struct.unpack("<BB6sq", record)
            need(version == 1 and kind in (1, 2) and not any(zero),
                 "a record of what is known")
            known.append([start, end, KNOWN[kind]])
        need(len(known) == series[12] and (series[15] or not known),
             "intervals")
        if series[15]:
            need(series[15] in (1, 2), "kind of what is known")
            known.append([known_from, known_to, KNOWN[series[15]]])
        if open_from or open_to:
            known.append([open_from, open_to, KNOWN[4]])
        need(all(start < end for start, end, _ in known) and
             all(a[1] < b[0] or (a[1] == b[0] and a[2] != b[2])
                 for a, b in zip(known, known[1:])), "order of intervals")
        return known

    def series(self, key, head, record):
        """All rows of a series: columns, their bytes, what is known of it."""
        series = struct.unpack_from("<QQqqqqqqqqQIIHHBBBB", record, 32)
        (rows, older_rows, older_last, first, last, _, _, _, _, _, checksum,
         older_count, _, newer_count, tail_rows, _, open_, *zeros) = series
        tail_at = 160 + 64 * newer_count
        tail = record[tail_at:]
        need(newer_count <= 6 and tail_rows <= 64 and open_ <= 1 and
             not any(zeros) and len(record) >= tail_at, "a series record")
        need(checksum == (xxh3_64(tail) if tail else 0),
             "the tail of a series")
        found = xxh3_64(struct.pack("<QQII", xxh3_64(key), head[2], head[1], 0)
                        + record[32:136] + bytes(24))
        need(found & 0xFFFFFFFF == struct.unpack_from("<I", record, 140)[0],
             "whose series it is")
        older = list(self.of_entry("segments", head[2]))
        segments = [self.segment(key, head, locator) for _, locator in older]
        need([segment.last_ns for segment in segments] ==
             [time for time, _ in older] and len(older) == older_count and
             sum(segment.rows for segment in segments) == older_rows and
             (segments[-1].last_ns if segments else 0) == older_last,
             "older segments")
        segments += [self.segment(key, head, record[at:at + 64])
                     for at in range(160, tail_at, 64)]
        columns, at, strings = [], 0, 0
        names, has_time = decode_schema(self.schema(head[1])) if head[1] else (
            [], 1)
        need(has_time, "time of a series")
        for i, (name, kind, bytes_) in enumerate(names):
            pieces = [segment.columns[i][2] for segment in segments]
            pieces.append(tail[at:at + bytes_ * tail_rows])
            at += bytes_ * tail_rows
            strings = common_strings([segment.columns[i][3] for segment in
                                      segments]) if kind == "text" else None
            columns.append((name, kind, b"".join(pieces), strings))
        need(at == len(tail) and rows == tail_rows +
             sum(segment.rows for segment in segments), "rows of a series")
        times = struct.unpack(f"<{rows}q", columns[0][2]) if rows else ()
        steps = {b - a for a, b in zip(times, times[1:])}
        need(all(step > 0 for step in steps) and
             (times[0] if rows else 0, times[-1] if rows else 0) ==
             (first, last), "times of a series")
        return columns, b"", {
            "rows": rows, "first_ns": first, "last_ns": last,
            "step_ns": steps.pop() if len(steps) == 1 else 0,
            "stored_bytes": len(tail) +
            sum(segment.bytes for segment in segments),
            "segments": len(segments), "tail_rows": tail_rows,
            "open_rows": open_, "updated_ns": series[9],
            "known": self.coverage(head[2], series)}

    def entry(self, key, record):
        (version, kind, flags, schema_id, entry_id, revision,
         expires) = struct.unpack_from("<BBHIQQq", record)
        detail = self.tables["details"][struct.pack("<Q", entry_id)]
        (detail_version, _, _, _, created, updated, dataset, cost, suspect,
         payload, digest) = struct.unpack_from("<BBHIqqQQQQ16s", detail)
        need(version == 1 and detail_version in (1, 2), "version of a record")
        head = (kind, schema_id, entry_id, revision)
        out = {"key": key.decode(), "kind": KINDS[kind], "id": entry_id,
               "revision": revision, "created_ns": created,
               "updated_ns": updated, "expires_ns": expires,
               "dataset_id": dataset, "cost_ns": cost,
               "suspect_rows": suspect, "payload_bytes": payload,
               "request": self.request(entry_id, detail)}
        if kind == SERIES:
            columns, _, more = self.series(key, head, record)
            out["payload_bytes"] = sum(len(data) for _, _, data, _ in columns)
        else:
            columns, body, more = self.value(key, head, flags, record)
            need(more["digest"] == digest.hex(), "digest")
        out.update(more)
        if kind == BLOB:
            out.update(show(body))
            return out
        out["columns"] = []
        for name, type_, data, strings in columns:
            column = {"name": name, "type": type_, **show(data)}
            if strings is not None:
                column["dictionary"] = strings
            out["columns"].append(column)
        return out

    def check_state(self, entries):
        """The sums that writers keep agree with what there is."""
        (version, _, zero, next_schema, revision, next_entry, next_arena,
         next_slot, _, count, segments, live, warm, cold,
         _) = struct.unpack_from("<BBHIQQQQQQQQQQq",
                                 self.tables["meta"][b"state"])
        arenas = [struct.unpack("<BBBBIQQQQQQ", record) for record in
                  self.tables["arenas"].values()]
        inline = sum(len(record) - 96 for record in
                     self.tables["entries"].values() if record[2] & 1)
        tails = sum(struct.unpack_from("<H", record, 130)[0] *
                    sum(bytes_ for _, _, bytes_ in decode_schema(self.schema(
                        struct.unpack_from("<I", record, 4)[0]))[0])
                    for record in self.tables["entries"].values()
                    if record[1] == SERIES and record[130:132] != b"\0\0")
        own = sum(record[1] == SERIES and record[136:140] != b"\0" * 4
                  for record in self.tables["entries"].values())
        need(version == 1 and zero == 0 and warm + cold ==
             sum(arena[6] for arena in arenas) and live == inline +
             sum(arena[8] for arena in arenas), "sums of arenas")
        need(count == len(entries) and
             segments == sum(entry.get("segments", 1) for entry in entries) and
             live == sum(entry["stored_bytes"] for entry in entries) - tails and
             next_slot == segments + own + len(self.tables["slots"]) and
             next_entry > max(entry["id"] for entry in entries) and
             revision >= max(entry["revision"] for entry in entries) and
             next_schema == len(self.tables["schemas"]) // 2 + 1 and
             next_arena > max(struct.unpack("<Q", number)[0] for number in
                              self.tables["arenas"]), "state")

    def check_labels(self):
        """Both tables say the same, of entries that have the flag."""
        if b"\1labels" not in self.meta.table():
            return  # of format 1, or made before there were labels
        flagged = {struct.unpack_from("<Q", record, 8)[0]: key
                   for key, record in self.tables["entries"].items()
                   if record[2] & 8}
        forth, back = set(), set()
        for key, record in self.meta.table("labels").items():
            need(record[:8] == b"\1" + bytes(7) and len(record) == 16,
                 "label record")
            number, kind = struct.unpack_from(">QB", key)
            forth.add((number, kind, key[9:], flagged[number]))
        for key, value in self.meta.table("labelled").items():
            number, = struct.unpack(">Q", key[-8:])
            need(key[-9] == 0 and 1 <= key[0] <= 3 and 10 < len(key) <= 410,
                 "key of a label")
            back.add((number, key[0], key[1:-9], value))
        need(forth == back, "labels")

    def content(self):
        self.check_labels()
        entries = [self.entry(key, record) for key, record in
                   self.tables["entries"].items()]
        self.check_state(entries)
        return {"format_version": self.format_version,
                "cache_id": self.cache_id, "created_ns": self.created_ns,
                "entries": entries}


def show(data):
    hash_ = 0xcbf29ce484222325
    for byte in data:
        hash_ = (hash_ ^ byte) * 0x100000001b3 & MASK
    return {"first": data[:8].hex(), "last": data[-8:].hex(),
            "fnv1a": f"{hash_:016x}"}


def salvage(path):
    """Every intact segment of an arena, without the catalogue or LMDB."""
    with open(path, "rb") as file:
        data = file.read()
    for at in range(16, len(data), 64):
        if data[at:at + 4] == b"BCSG":
            try:
                segment = Segment(data[at:])
            except (Damaged, struct.error, KeyError, UnicodeDecodeError):
                continue
            yield segment.key.decode(), segment.revision, segment.digest()


def compare(archive, expected, count):
    with open(expected, encoding="utf-8") as file:
        want = json.load(file)
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive) as tar:
            tar.extractall(folder)
        found = Cache(folder).content()
        salvaged = [found_one for class_ in ("warm", "cold")
                    if os.path.isdir(os.path.join(folder, class_))
                    for name in sorted(os.listdir(os.path.join(folder,
                                                               class_)))
                    if name.endswith(".mdb")
                    for found_one in salvage(os.path.join(folder, class_,
                                                          name))]
    if found != want:
        for ours, theirs in zip(found["entries"], want["entries"]):
            if ours != theirs:
                print("read:    ", json.dumps(ours, ensure_ascii=False))
                print("expected:", json.dumps(theirs, ensure_ascii=False))
        sys.exit("the golden cache is not what was expected")
    alone = {(key, revision, digest.hex()) for key, revision, digest in
             salvaged}
    series = {entry["key"] for entry in want["entries"] if "segments" in entry}
    in_arena = sum((entry["key"], entry["revision"], entry.get("digest")) in
                   alone for entry in want["entries"])
    in_arena += sum(key in series for key, _, _ in salvaged)
    print(f"{len(want['entries'])} entries as expected,",
          f"{in_arena} segments found in the arenas alone")
    if in_arena != count:
        sys.exit(f"{count} were expected there")


def main():
    if len(sys.argv) == 4:
        compare(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    elif len(sys.argv) == 2 and os.path.isdir(sys.argv[1]):
        print(json.dumps(Cache(sys.argv[1]).content(), ensure_ascii=False,
                         indent=1))
    elif len(sys.argv) == 2:
        for key, revision, digest in salvage(sys.argv[1]):
            print(revision, digest.hex(), key)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
