# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Run by hand when a layout changes: python tests/fuzz/make_seeds.py
"""Write the inputs from which the fuzz targets start."""

from __future__ import annotations

import struct
from pathlib import Path

SEEDS = Path(__file__).parent / "seeds"
CONFIG = Path(__file__).parents[2] / "src/cpp/config/chimaera_default.yaml"

TASK_BYTES = 256
TASK_TYPES = 7
TASK_AT = 32 * 1024
BLOCK_BYTES = 32
KIND_GROW, KIND_ATTACH, KIND_GET_SEGMENT, KIND_GOODBYE = 4, 5, 6, 7

BLOCK_DURABLE = 2

CONFIGS = {
    "small": "runtime: {num_threads: 2, first_busy_wait: 1ms}\n",
    "sizes": "memory: {main_segment: 8MB, max_client_bytes: 1TB}\nqueue: {depth: 64}\n",
    "compose": (
        "compose:\n"
        "- {mod_name: chimaera_bdev, pool_name: 'ram://a', pool_id: 200.0,\n"
        "   pool_query: dynamic, num_containers: 3, capacity: 2GB}\n"
        "- {mod_name: m, pool_name: b, pool_id: 201}\n"
    ),
    "wrong": "runtime: [1, 2]\nmemory: {main_segment: -1}\nnothing: {}\n",
    "alias": "a: &x {k: v}\nlogging: *x\n",
}


def pointer(segment: int, offset: int) -> int:
    """Return the word of a pointer into a segment."""
    return segment << 48 | offset


def write(target: str, name: str, content: bytes) -> None:
    """Write one seed."""
    folder = SEEDS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def tasks() -> None:
    """Tasks of each type whose fields point at bytes of their own."""
    here = pointer(1, TASK_AT + 4096)
    for kind in range(TASK_TYPES):
        header = bytes(TASK_BYTES)
        fields = struct.pack("<4Q", 40, here, here, 40) * 6
        write("task_decode", f"words-{kind}", bytes([kind]) + header + fields)
        inline = struct.pack("<2I2Q", 5, 15, 0, 0) + b"hello".ljust(24, b"\0")
        write("task_decode", f"inline-{kind}", bytes([kind]) + header + inline * 4)


def pointers() -> None:
    """Pointers at the edges of each segment."""
    edges = [(0, 8), (65536 - 8, 8), (65536, 0), (65536 - 4, 8), (TASK_AT, 1024)]
    for segment in (1, 2, 3, 0x8000, 0x8001, 0xFFFF):
        words = [w for at, size in edges for w in (pointer(segment, at), size)]
        content = struct.pack(f"<{len(words)}Q", *words)
        write("resolve", f"segment-{segment:x}", content)


def archives() -> None:
    """Archives of one task: an echo, a write with bulk data, an answer."""
    ids = struct.pack("<2Q2I3I3Id", 7, 8, 300, 0, 1, 0, 0, 11, 0, 0, 0.0)
    text, numbers = struct.pack("<I", 5) + b"hello", struct.pack("<2Q", 1, 42)
    block = bytes(BLOCK_BYTES)
    bodies = {
        "echo": (1, 0, ids + text + numbers + struct.pack("<Q", 9)),
        "write": (1, 1, ids + block + struct.pack("<3Q", 0, 0, 64)),
        "answer": (
            2,
            0,
            ids + struct.pack("<2I", 0, 0) + text + numbers + struct.pack("<QI", 9, 1),
        ),
    }
    for name, (kind, bulks, body) in bodies.items():
        record = struct.pack("<2I", len(body) + 8, bulks) + body
        rows = struct.pack("<Q2I", 64, 2, 0) * bulks
        total = 24 + len(record) + len(rows)
        start = struct.pack("<IHBB2IQ", 0x42544843, 1, kind, 0, 1, bulks, total)
        write("task_batch", name, start + record + rows)


def packets() -> None:
    """One correct request of each kind, and a hello of another version."""
    requests = {
        "grow": struct.pack("<4IQ", KIND_GROW, 1, 2, 0, 4096),
        "attach": struct.pack(
            "<4IQ2i", KIND_ATTACH, 2, 0, 64, pointer(1, TASK_AT), 1, 1
        ),
        "segment": struct.pack("<4I", KIND_GET_SEGMENT, 3, 0x8000, 0),
        "goodbye": struct.pack("<2I", KIND_GOODBYE, 4),
    }
    for name, body in requests.items():
        write("control", name, b"\0" + bytes([len(body) - 1]) + body)
    every = b"".join(bytes([len(body) - 1]) + body for body in requests.values())
    write("control", "all", b"\0" + every)
    hello = struct.pack("<2IQ2IQ6IiI", 1, 0, 0x4C5254434D494843, 2, 0, 0, *[64] * 8)
    write("control", "hello", b"\1" + bytes([len(hello) - 1]) + hello)


def text(value: bytes) -> bytes:
    """Return it behind its length."""
    return struct.pack("<I", len(value)) + value


def block_files() -> None:
    """Checkpoints and journals, patches to a file, and the start of one."""
    limit = struct.pack("<BI", 1, 64)
    block = struct.pack("<B3I2Q", 2, 0, 1, BLOCK_DURABLE, 4096, 5000)
    lease = struct.pack("<B3I2Q", 2, 1, 2, 1, 12288, 1)
    sums = struct.pack("<BIQ3I", 7, 0, 0, 2, 17, 18)
    create = b"\4" + text(b"name") + text(b"attributes") + struct.pack("<2I", 1, 0)
    replace = b"\5" + text(b"name") + text(b"") + struct.pack("<I", 0)
    drop = struct.pack("<B2I", 3, 0, 1)
    delete = b"\6" + text(b"name")
    checkpoint = limit + block + sums + create
    journal = [lease, replace + drop, delete]

    def contents(first: bytes, rest: list[bytes]) -> bytes:
        pieces = b"".join(struct.pack("<H", len(piece)) + piece for piece in rest)
        return b"\1" + struct.pack("<H", len(first)) + first + pieces

    write("block_file", "checkpoint", contents(checkpoint, []))
    write("block_file", "journal", contents(limit, [block + create, *journal]))
    write("block_file", "both", contents(checkpoint, journal))
    patches = [(8, 2), (32, 1), (64, 9), (4096 + 16, 7), (8192, 3)]
    write(
        "block_file",
        "patches",
        b"\2" + b"".join(struct.pack("<HB", *p) for p in patches),
    )
    write("block_file", "bare", b"\0" + b"CHIBLOCK" + struct.pack("<2IQ", 1, 0, 1))


def main() -> None:
    """Write all seeds."""
    tasks()
    block_files()
    pointers()
    archives()
    packets()
    for name, text in CONFIGS.items():
        write("config", name, text.encode())
    write("config", "default", CONFIG.read_bytes())


if __name__ == "__main__":
    main()
