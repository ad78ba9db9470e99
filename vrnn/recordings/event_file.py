"""Reads the scalars of TensorBoard's event files, without TensorBoard.

A file is a row of records: length (8 bytes), a checksum, that many bytes, a checksum; each record
is a protocol buffer `Event` {1: time, 2: step, 5: summary {1: value {1: tag, 2: number,
8: tensor}}}
(tensorflow/core/util/event.proto). A record that is cut short ends the file: it may still grow.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from vrnn.errors import VrnnError
from vrnn.storage.input_file import reason

MAX_EVENT_BYTES = 256 << 20
"""Bytes of a file that are read."""
MAX_RECORD = 1 << 16
"""Longer records are pictures or graphs."""
FLOAT, DOUBLE = 1, 2
"""Types of a tensor with one number."""


def event_files(folder: Path) -> tuple[Path, ...]:
    """Return the event files in a folder and at most two below it, by name."""
    found = [
        path
        for pattern in ("*tfevents*", "*/*tfevents*", "*/*/*tfevents*")
        for path in folder.glob(pattern)
        if path.is_file()
    ]
    return tuple(sorted(found))


def read_events(file: Path) -> list[tuple[int, str, float]]:
    """Read step, name and value of each scalar of an event file.

    Raises:
        VrnnError: It cannot be read.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_EVENT_BYTES)
    except OSError as error:
        raise VrnnError(f"cannot read '{file}': {reason(error)}") from error
    scalars: list[tuple[int, str, float]] = []
    for record in _records(content):
        try:
            scalars += _scalars(record)
        except (ValueError, IndexError, struct.error):  # damaged, or of another kind
            continue
    return scalars


def _records(content: bytes) -> Iterator[bytes]:
    place = 0
    while place + 12 <= len(content):
        (length,) = struct.unpack_from("<Q", content, place)
        end = place + 12 + length
        if end + 4 > len(content):
            return
        if length <= MAX_RECORD:
            yield content[place + 12 : end]
        place = end + 4


def _scalars(event: bytes) -> Iterator[tuple[int, str, float]]:
    fields = list(_fields(event))
    step = next((value for number, value in fields if number == 2), 0)
    for number, summary in fields:
        if number != 5 or not isinstance(summary, bytes):
            continue
        for inner, value in _fields(summary):
            if inner == 1 and isinstance(value, bytes):
                scalar = _scalar(value)
                if scalar is not None and isinstance(step, int):
                    yield step, *scalar


def _scalar(value: bytes) -> tuple[str, float] | None:
    tag, number = "", None
    for field, content in _fields(value):
        if field == 1 and isinstance(content, bytes):
            tag = content.decode("utf-8", "replace")
        elif field == 2 and isinstance(content, float):
            number = content
        elif field == 8 and isinstance(content, bytes):
            number = _number_in_tensor(content)
    return (tag, number) if tag and number is not None else None


def _number_in_tensor(tensor: bytes) -> float | None:
    fields = dict(_fields(tensor))
    form = {FLOAT: "<f", DOUBLE: "<d"}.get(fields.get(1, 0))  # type: ignore[arg-type]
    if form is None:
        return None
    for field in (4, 5, 6):  # the bytes, or a list of floats or doubles
        content = fields.get(field)
        if isinstance(content, bytes) and len(content) == struct.calcsize(form):
            return float(struct.unpack(form, content)[0])
        if isinstance(content, float):
            return content
    return None


def _fields(message: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """Yield number and value of each field of a protocol buffer."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind = key & 7
        if kind == 0:
            value, place = _varint(message, place)
            yield key >> 3, value
        elif kind == 1:
            yield key >> 3, float(struct.unpack_from("<d", message, place)[0])
            place += 8
        elif kind == 2:
            length, place = _varint(message, place)
            if place + length > len(message):
                raise ValueError("a field is cut short")
            yield key >> 3, message[place : place + length]
            place += length
        elif kind == 5:
            yield key >> 3, float(struct.unpack_from("<f", message, place)[0])
            place += 4
        else:
            raise ValueError(f"no field of kind {kind}")


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place += 1
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")
