"""Reads ENVI images: raw numbers in one file, and a text header that tells how they lie.

The header is described at https://www.nv5geospatialsoftware.com/docs/ENVIHeaderFiles.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vrnn.errors import VrnnError
from vrnn.media.cube import MAX_CUBE_BYTES, check_cube_shape
from vrnn.storage.input_file import check_regular

HEADER_SUFFIX = ".hdr"
DATA_SUFFIXES = ("", ".img", ".raw", ".dat", ".bin", ".bil", ".bip", ".bsq")
"""Of the file with the numbers, in place of the header's or before it."""
MAX_HEADER_BYTES = 4 << 20
"""Of the text; wavelengths of thousands of bands take less."""
MAX_SHOWN = 40
"""Letters of a value of a header that are told."""
DTYPES: Mapping[int, str] = {
    1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 12: "u2", 13: "u4", 14: "i8", 15: "u8"
}  # fmt: skip
"""NumPy's types of `data type`; 6 and 9 are complex numbers."""
AXES: Mapping[str, str] = {"bsq": "bls", "bil": "lbs", "bip": "lsb"}
"""Order of bands, lines (rows) and samples (columns), the last one fastest, by `interleave`."""


def read_envi(path: Path) -> np.ndarray:
    """Read an ENVI image.

    Args:
        path: Its header, `.hdr`. The numbers are in the file beside it with the same name and
            another suffix, or with none.

    Returns:
        (C, H, W) float32: bands, lines, samples.

    Raises:
        VrnnError: The header is none, the numbers are missing or fewer than it says, or there are
            too many.
    """
    if path.stat().st_size > MAX_HEADER_BYTES:
        raise VrnnError(
            f"'{path}' is larger than {MAX_HEADER_BYTES >> 20} MB, too large for the text header "
            "of an ENVI image; pass the header, not the numbers"
        )
    fields = _fields(path)
    shape = {name[0]: _number(fields, name, path) for name in ("bands", "lines", "samples")}
    check_cube_shape((shape["l"], shape["s"], shape["b"]), path)
    interleave = fields.get("interleave", "bsq").lower()
    if interleave not in AXES:
        raise VrnnError(
            f"'{path}' says interleave = {interleave[:MAX_SHOWN]}; known are {', '.join(AXES)}"
        )
    code = _number(fields, "data type", path)
    if code not in DTYPES:
        raise VrnnError(
            f"'{path}' says data type = {code}, but a cube is of real numbers: "
            f"{', '.join(map(str, DTYPES))}"
        )
    order = "<>"[_number(fields, "byte order", path, 0) == 1]
    dtype = np.dtype(order + DTYPES[code])
    axes = AXES[interleave]
    count = shape["b"] * shape["l"] * shape["s"]
    values = _values(_data_file(path), _number(fields, "header offset", path, 0), count, dtype)
    array = values.reshape([shape[axis] for axis in axes])
    return np.array(array.transpose([axes.index(axis) for axis in "bls"]), np.float32, order="C")


def _fields(path: Path) -> dict[str, str]:
    """The fields of a header in lower case; what is in braces may take several lines."""
    text = path.read_bytes().decode("utf-8", "replace")
    first, _, rest = text.partition("\n")
    if first.strip().lstrip("\ufeff") != "ENVI":
        raise VrnnError(
            f"'{path}' is no header of an ENVI image: its first line should be ENVI; pass the .hdr "
            "of one"
        )
    rest = re.sub(r"\{[^{}]*\}", lambda found: found[0].replace("\n", " "), rest)
    pairs = (line.partition("=") for line in rest.splitlines() if "=" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _number(fields: Mapping[str, str], name: str, path: Path, default: int | None = None) -> int:
    text = fields.get(name)
    if text is None and default is not None:
        return default
    if text is None or not re.fullmatch(r"\d{1,12}", text, re.ASCII):
        told = "says nothing of" if text is None else f"says '{text[:MAX_SHOWN]}' for"
        raise VrnnError(f"'{path}' {told} {name}, which should be a whole number")
    return int(text)


def _data_file(header: Path) -> Path:
    """The file with the numbers: `scene` or `scene.img` for `scene.hdr`, or for `scene.img.hdr`."""
    stem = header.with_suffix("")
    for suffix in DATA_SUFFIXES:
        for written in (suffix, suffix.upper()):
            file = stem.with_name(stem.name + written)
            if file.is_file() and file != header:
                check_regular(file)
                return file
    raise VrnnError(
        f"there are no numbers beside '{header}': they should be in '{stem.name}' or "
        f"'{stem.name}.img' in the same folder"
    )


def _values(file: Path, offset: int, count: int, dtype: np.dtype) -> np.ndarray:
    size = count * dtype.itemsize
    if size > MAX_CUBE_BYTES:
        raise VrnnError(f"'{file}' should hold {size:,} bytes of numbers; cut it first")
    there = max(file.stat().st_size - offset, 0)
    if there < size:
        raise VrnnError(
            f"'{file}' is cut: its header promises {size:,} bytes, but there are {there:,}; copy "
            "it again"
        )
    with file.open("rb") as opened:
        opened.seek(offset)
        content = opened.read(size)
    if len(content) < size:
        raise VrnnError(f"'{file}' became shorter while it was read; try again")
    return np.frombuffer(content, dtype)
