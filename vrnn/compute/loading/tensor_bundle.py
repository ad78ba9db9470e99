"""Reads checkpoints of TensorFlow without TensorFlow.

A checkpoint is a table of names, `PREFIX.index`, in the format of LevelDB's sorted tables
(https://github.com/google/leveldb/blob/main/doc/table_format.md), whose values are messages of
tensorflow/core/protobuf/tensor_bundle.proto; and raw numbers, `PREFIX.data-00000-of-00001`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from vrnn.errors import VrnnError
from vrnn.storage.input_file import read_bytes, reason

MAGIC = 0xDB4775248B80FB57
FOOTER_BYTES = 48
BLOCK_TRAILER_BYTES = 5
"""Kind of compression and checksum behind each block."""
MAX_INDEX_BYTES = 256 << 20
MAX_TENSOR_BYTES = 16 << 30
DTYPES = {
    1: torch.float32, 2: torch.float64, 3: torch.int32, 4: torch.uint8, 5: torch.int16,
    6: torch.int8, 9: torch.int64, 10: torch.bool, 14: torch.bfloat16, 19: torch.float16,
}  # fmt: skip
"""By the number that tensorflow/core/framework/types.proto gives them; others are left out."""

Fields = dict[int, list[int | bytes]]


@dataclass(frozen=True)
class BundleEntry:
    """Where a tensor lies.

    Attributes:
        dtype: Number of its type.
        shape: Its shape.
        shard: Number of the data file.
        offset: First byte there.
        size: Bytes.
        is_sliced: Whether it is spread over other entries.
    """

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    is_sliced: bool


def find_checkpoint(path: Path) -> Path | None:
    """Return the prefix of a checkpoint's files; None if a path names none.

    Args:
        path: The prefix, one of the files, or a folder in which a file `checkpoint` names one.

    Raises:
        VrnnError: The folder names a checkpoint that is not there.
    """
    if path.suffix == ".index" and path.is_file():
        return path.with_suffix("")
    if ".data-" in path.suffix and path.is_file():
        return path.with_suffix("")
    if path.with_name(f"{path.name}.index").is_file():
        return path
    latest = path / "checkpoint"
    if not path.is_dir() or not latest.is_file():
        return None
    text = read_bytes(latest, "the name of the checkpoint", 1 << 20).decode("utf-8", "replace")
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model_checkpoint_path":
            prefix = path / Path(value.strip().strip('"')).name
            if prefix.with_name(f"{prefix.name}.index").is_file():
                return prefix
            raise VrnnError(f"'{latest}' names '{prefix.name}', but there is no '{prefix}.index'")
    raise VrnnError(f"'{latest}' names no checkpoint; give its prefix, such as '{path}/ckpt-1'")


def read_checkpoint(prefix: Path) -> dict[str, torch.Tensor]:
    """Read all numbers of a checkpoint.

    Args:
        prefix: What the names of its files begin with.

    Returns:
        Tensors by the names of TensorFlow's variables; texts are left out.

    Raises:
        VrnnError: A file is missing, damaged, cut short, or of a form that is not read.
    """
    index = prefix.with_name(f"{prefix.name}.index")
    content = read_bytes(index, "the checkpoint", MAX_INDEX_BYTES)
    try:
        entries = dict(_entries(content))
        header = _fields(entries.pop(b""))
        shards = _number(header, 1, 1)
        if _number(header, 2):
            raise VrnnError(f"the checkpoint '{prefix}' is in big-endian order; save it again")
        found = {name.decode("utf-8"): _entry(value) for name, value in entries.items()}
    except (IndexError, KeyError, ValueError, struct.error) as error:
        raise VrnnError(
            f"'{index}' is damaged or no index of a TensorFlow checkpoint; copy it again"
        ) from error
    return {
        name: _read_tensor(prefix, name, entry, shards)
        for name, entry in found.items()
        if entry.dtype in DTYPES and not entry.is_sliced
    }


def _read_tensor(prefix: Path, name: str, entry: BundleEntry, shards: int) -> torch.Tensor:
    file = prefix.with_name(f"{prefix.name}.data-{entry.shard:05d}-of-{shards:05d}")
    dtype = DTYPES[entry.dtype]
    if entry.size != math.prod(entry.shape) * dtype.itemsize or entry.size > MAX_TENSOR_BYTES:
        raise VrnnError(f"'{name}' in the checkpoint '{prefix}' has another size than its shape")
    try:
        with file.open("rb") as data:
            data.seek(entry.offset)
            content = bytearray(data.read(entry.size))
    except FileNotFoundError as error:
        raise VrnnError(f"'{file}', which holds weights of the checkpoint, is missing") from error
    except OSError as error:
        raise VrnnError(f"'{file}' cannot be read: {reason(error)}") from error
    if len(content) < entry.size:
        raise VrnnError(f"'{file}' is cut short: '{name}' ends behind its last byte; copy it again")
    if not content:
        return torch.zeros(entry.shape, dtype=dtype)
    return torch.frombuffer(content, dtype=dtype).reshape(entry.shape)


# The sorted table.


def _entries(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a table, in order."""
    footer = content[-FOOTER_BYTES:]
    if len(footer) < FOOTER_BYTES or int.from_bytes(footer[-8:], "little") != MAGIC:
        raise ValueError("no table")
    _, position = _handle(footer, 0)
    index, _ = _handle(footer, position)
    for _, value in _block(content, *index):
        handle, _ = _handle(value, 0)
        yield from _block(content, *handle)


def _block(content: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a block: each key is told by what it shares with the one before it."""
    if offset + size + BLOCK_TRAILER_BYTES > len(content):
        raise ValueError("a block behind the end")
    if content[offset + size]:
        raise VrnnError("the checkpoint's index is compressed, as TensorFlow never writes it")
    block = content[offset : offset + size]
    (restarts,) = struct.unpack_from("<I", block, size - 4)
    end = size - 4 * (restarts + 1)
    position, key = 0, b""
    while position < end:
        shared, position = _varint(block, position)
        own, position = _varint(block, position)
        length, position = _varint(block, position)
        key = key[:shared] + block[position : position + own]
        position += own
        yield key, block[position : position + length]
        position += length


def _handle(content: bytes, position: int) -> tuple[tuple[int, int], int]:
    """Offset and size of a block, and where the next handle begins."""
    offset, position = _varint(content, position)
    size, position = _varint(content, position)
    return (offset, size), position


def _varint(content: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError("a number without end")


# The messages.


def _fields(message: bytes) -> Fields:
    """The fields of a protocol buffer by number: numbers, or bytes of messages and texts."""
    fields: Fields = {}
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        kind = tag & 7
        value: int | bytes
        if kind == 0:
            value, position = _varint(message, position)
        elif kind == 2:
            length, position = _varint(message, position)
            value, position = message[position : position + length], position + length
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
            value = int.from_bytes(message[position : position + length], "little")
            position += length
        else:
            raise ValueError("no protocol buffer")
        if position > len(message):
            raise ValueError("a field behind the end")
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _number(fields: Fields, key: int, default: int = 0) -> int:
    value = fields.get(key, [default])[-1]
    if not isinstance(value, int):
        raise ValueError("bytes in place of a number")
    return value


def _entry(message: bytes) -> BundleEntry:
    fields = _fields(message)
    shape = []
    for part in fields.get(2, []):
        for dim in _fields(part if isinstance(part, bytes) else b"").get(2, []):
            shape.append(_number(_fields(dim if isinstance(dim, bytes) else b""), 1))
    return BundleEntry(
        _number(fields, 1), tuple(shape), _number(fields, 3), _number(fields, 4),
        _number(fields, 5), bool(fields.get(7)),
    )  # fmt: skip
