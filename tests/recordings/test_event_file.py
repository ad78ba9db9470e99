"""Event files as TensorBoard writes them are read without it."""

from __future__ import annotations

import struct
from pathlib import Path

from vrnn.recordings.event_file import read_events


def field(number: int, kind: int, content: bytes) -> bytes:
    length = bytes([len(content)]) if kind == 2 else b""
    return bytes([number << 3 | kind]) + length + content


def event(step: int, value: bytes) -> bytes:
    return (
        field(1, 1, struct.pack("<d", 1.0))
        + field(2, 0, bytes([step & 0x7F | 0x80, step >> 7]))
        + field(5, 2, field(1, 2, value))
    )


def record(content: bytes) -> bytes:
    return struct.pack("<QI", len(content), 0) + content + struct.pack("<I", 0)


def test_numbers_and_tensors_of_one_number_are_scalars(tmp_path: Path) -> None:
    simple = field(1, 2, b"loss") + field(2, 5, struct.pack("<f", 0.5))
    tensor = field(1, 0, b"\x01") + field(4, 2, struct.pack("<f", 0.25))
    file = tmp_path / "events.out.tfevents.1"
    file.write_bytes(
        record(event(300, simple)) + record(event(301, field(1, 2, b"acc") + field(8, 2, tensor)))
    )
    assert read_events(file) == [(300, "loss", 0.5), (301, "acc", 0.25)]


def test_a_file_that_is_cut_short_or_damaged_gives_what_is_whole(tmp_path: Path) -> None:
    simple = field(1, 2, b"loss") + field(2, 5, struct.pack("<f", 0.5))
    whole = record(event(1, simple))
    file = tmp_path / "events.out.tfevents.1"
    for end in range(len(whole)):
        file.write_bytes(whole + record(b"\xff\xff\xff") + whole[:end])
        assert read_events(file) == [(1, "loss", 0.5)]
