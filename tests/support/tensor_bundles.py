"""Writes checkpoints of TensorFlow by hand, as the published formats say."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

NUMBERS = {"float32": 1, "float64": 2, "int32": 3, "int64": 9, "bool": 10, "float16": 19}
MAGIC = 0xDB4775248B80FB57


def varint(value: int) -> bytes:
    """A number in groups of seven bits, the lowest first."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, value: int | bytes) -> bytes:
    """A field of a protocol buffer: a number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def block(entries: list[tuple[bytes, bytes]], restart_every: int = 16) -> bytes:
    """A block of LevelDB's table: keys told by what they share with the one before."""
    out, restarts, before = bytearray(), [], b""
    for number, (key, value) in enumerate(entries):
        shared = 0
        if number % restart_every == 0:
            restarts.append(len(out))
        else:
            while shared < min(len(key), len(before)) and key[shared] == before[shared]:
                shared += 1
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:]
        out += value
        before = key
    restarts = restarts or [0]
    out += struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))
    return bytes(out)


def save_bundle(
    prefix: Path, tensors: Mapping[str, np.ndarray], shards: int = 1, blocks: int = 2,
    endianness: int = 0,
) -> Path:  # fmt: skip
    """Write a checkpoint; return its prefix."""
    data = [bytearray() for _ in range(shards)]
    entries = [(b"", field(1, shards) + field(2, endianness) + field(3, field(1, 1)))]
    for number, name in enumerate(sorted(tensors)):
        array = np.asarray(tensors[name], order="C")
        shard = number % shards
        shape = b"".join(field(2, field(1, int(n))) for n in array.shape)
        entries.append(
            (
                name.encode(),
                field(1, NUMBERS[str(array.dtype)]) + field(2, shape) + field(3, shard)
                + field(4, len(data[shard])) + field(5, array.nbytes)
                + varint(6 << 3 | 5) + bytes(4),
            )
        )  # fmt: skip
        data[shard] += array.tobytes()
    text = field(1, 7) + field(2, b"") + field(5, 3)
    entries.append((b"~graph of objects", text))  # a text, which is left out
    out, handles = bytearray(), []
    size = -(-len(entries) // blocks)
    for start in range(0, len(entries), size):
        part = entries[start : start + size]
        content = block(part)
        handles.append((part[-1][0], varint(len(out)) + varint(len(content))))
        out += content + bytes(5)
    ends = []
    for content in (block([]), block(handles, 1)):
        ends.append(varint(len(out)) + varint(len(content)))
        out += content + bytes(5)
    out += b"".join(ends).ljust(40, b"\0") + MAGIC.to_bytes(8, "little")
    prefix.with_name(f"{prefix.name}.index").write_bytes(out)
    for shard, content in enumerate(data):
        prefix.with_name(f"{prefix.name}.data-{shard:05d}-of-{shards:05d}").write_bytes(content)
    return prefix
