"""IFeaLiD data sets: the feature maps of one layer as a zip of PNG files.

The format is that of https://gitlab.com/beatle-bioimage/ifealid (Stange et al. 2020,
https://arxiv.org/abs/2004.03037): a flat, uncompressed zip with `metadata.json`, `0.png` … and
`overlay.jpg` if there is one, and nothing else. Values are scaled to 0…1 by the one minimum and
maximum of the layer, which are not stored, and written with 8, 16 or 32 bits: four, two or one
channels in the four bytes of a pixel, little-endian, the rest zero.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vrnn.errors import VrnnError
from vrnn.media.bit_depths import PRECISIONS, Precision
from vrnn.media.cube import MAX_CUBE_BYTES, FeatureCube, check_cube_shape
from vrnn.media.image_reader import decode_image

PIXEL_BITS = 32
MAX_METADATA_BYTES = 1 << 16
MAX_RATIO = 1100
"""Of what a file in the zip holds to what it takes there; deflate cannot give more than 1032."""
METADATA, OVERLAY = "metadata.json", "overlay.jpg"
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""Of all files in a zip, so that the same values give the same bytes."""


def pack_values(values: np.ndarray, precision: Precision) -> list[np.ndarray]:
    """Return the pixels of the PNG files of a layer.

    Args:
        values: (C, H, W), finite.
        precision: Bits of a value.

    Returns:
        ⌈C · precision / 32⌉ arrays (H, W, 4) uint8.
    """
    low, high = float(values.min()), float(values.max())
    step = (2**precision - 1) / (high - low) if high > low else 0.0
    channels, height, width = values.shape
    in_pixel = PIXEL_BITS // precision
    count = -(-channels // in_pixel)
    found = []
    for number in range(count):
        part = values[number * in_pixel : (number + 1) * in_pixel].astype(np.float64)
        codes = np.zeros((height, width, in_pixel), f"<u{precision // 8}")
        codes[..., : len(part)] = np.rint((part - low) * step).transpose(1, 2, 0)
        found.append(codes.view(np.uint8).reshape(height, width, 4))
    return found


def ifealid_bytes(
    values: np.ndarray, name: str, precision: Precision = 8, overlay: np.ndarray | None = None
) -> bytes:
    """Return a layer as an IFeaLiD data set.

    Args:
        values: (C, H, W) activations.
        name: What it is called there.
        precision: Bits of a value.
        overlay: (H', W', 3) uint8 sRGB, the image; None for none.

    Raises:
        VrnnError: A value is not finite: the format has nothing for that.
    """
    count = int(values.size - np.isfinite(values).sum())
    if count:
        raise VrnnError(
            f"{count:,} values of '{name}' are NaN or infinite, which an IFeaLiD data set cannot "
            "hold; export the values as .npy instead"
        )
    channels, height, width = values.shape
    metadata = {
        "name": name, "width": width, "height": height, "features": channels,
        "precision": precision, "overlay": overlay is not None,
    }  # fmt: skip
    files = [(METADATA, json.dumps(metadata).encode())]
    for number, pixels in enumerate(pack_values(values, precision)):
        files.append((f"{number}.png", _encoded(Image.fromarray(pixels, "RGBA"), "PNG")))
    if overlay is not None:
        files.append((OVERLAY, _encoded(Image.fromarray(overlay), "JPEG")))
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        for file, content in files:
            archive.writestr(zipfile.ZipInfo(file, ZIP_TIME), content)
    return whole.getvalue()


def _encoded(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **({"quality": 90} if kind == "JPEG" else {}))
    return file.getvalue()


def read_ifealid(path: Path) -> FeatureCube:
    """Read an IFeaLiD data set, within limits; nothing is unpacked to the disk.

    Args:
        path: The zip.

    Returns:
        Its values in 0…1, and its overlay.

    Raises:
        VrnnError: It is no such data set, cut, too large, or holds something else.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_archive(archive, path)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise VrnnError(
            f"'{path}' is no zip that can be read ({error}); export the data set again"
        ) from error


def _read_archive(archive: zipfile.ZipFile, path: Path) -> FeatureCube:
    entries = {info.filename: info for info in archive.infolist()}
    _check_entries(archive, path)
    if METADATA not in entries:
        raise VrnnError(f"'{path}' has no {METADATA}, so it is no IFeaLiD data set")
    if entries[METADATA].file_size > MAX_METADATA_BYTES:
        raise VrnnError(f"{METADATA} in '{path}' is larger than 64 kB; export the data set again")
    metadata = _parse_metadata(archive.read(METADATA), path)
    height, width, channels = (int(metadata[k]) for k in ("height", "width", "features"))
    precision, has_overlay = int(metadata["precision"]), bool(metadata["overlay"])
    check_cube_shape((height, width, channels), path)
    count = -(-channels * precision // PIXEL_BITS)
    expected = {METADATA, *(f"{n}.png" for n in range(count)), *([OVERLAY] * has_overlay)}
    for name in sorted(expected - entries.keys()):
        raise VrnnError(
            f"'{path}' has no {name}, though {METADATA} says {channels} channels of {precision} "
            f"bits{' and an overlay' if has_overlay else ''}; export the data set again"
        )
    for name in sorted(entries.keys() - expected):
        raise VrnnError(
            f"'{path}' holds '{name[:60]}', which is no part of an IFeaLiD data set; remove it"
        )
    values = np.empty((count * PIXEL_BITS // precision, height, width), np.float32)
    in_pixel = PIXEL_BITS // precision
    for number in range(count):
        pixels = _read_png(archive, f"{number}.png", (width, height), path)
        codes = pixels.reshape(height, width * 4).view(f"<u{precision // 8}")
        part = codes.reshape(height, width, in_pixel).transpose(2, 0, 1)
        first = number * in_pixel
        values[first : first + in_pixel] = part.astype(np.float64) / (2**precision - 1)
    overlay = None
    if has_overlay:
        overlay = decode_image(io.BytesIO(archive.read(OVERLAY)), f"{OVERLAY} in '{path}'")
    return FeatureCube(str(metadata["name"]), values[:channels], overlay)


def _check_entries(archive: zipfile.ZipFile, path: Path) -> None:
    """Check names and sizes before anything is read."""
    names = archive.namelist()
    for info in archive.infolist():
        name = info.filename
        if "/" in name or "\\" in name or name in ("", ".", ".."):
            raise VrnnError(
                f"'{path}' holds '{name[:60]}' in a folder, but an IFeaLiD data set has none; "
                "export it again"
            )
        if names.count(name) > 1:
            raise VrnnError(f"'{path}' holds '{name[:60]}' twice; export the data set again")
        if info.flag_bits & 1:
            raise VrnnError(f"'{path}' is encrypted; save it without a password")
        if info.file_size > MAX_RATIO * max(info.compress_size, 1):
            raise VrnnError(
                f"'{name[:60]}' in '{path}' claims to be {info.file_size:,} bytes in "
                f"{info.compress_size:,}, which cannot be true; it is not read"
            )
    if sum(info.file_size for info in archive.infolist()) > MAX_CUBE_BYTES:
        raise VrnnError(
            f"the files in '{path}' are larger than {MAX_CUBE_BYTES >> 30} GB together; pass fewer "
            "channels or a smaller layer"
        )


def _parse_metadata(content: bytes, path: Path) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise VrnnError(f"{METADATA} in '{path}' is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise VrnnError(f"{METADATA} in '{path}' should be an object with name, width and so on")
    kinds = {"name": str, "width": int, "height": int, "features": int, "precision": int}
    for key, kind in kinds.items():
        value = found.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            what = "a text" if kind is str else "a whole number"
            raise VrnnError(f"'{key}' in {METADATA} of '{path}' should be {what}")
    if found["precision"] not in PRECISIONS:
        raise VrnnError(
            f"'precision' in {METADATA} of '{path}' should be 8, 16 or 32, not {found['precision']}"
        )
    if not isinstance(found.setdefault("overlay", False), bool):
        raise VrnnError(f"'overlay' in {METADATA} of '{path}' should be true or false")
    return found


def _read_png(archive: zipfile.ZipFile, name: str, size: tuple[int, int], path: Path) -> np.ndarray:
    """(H, W, 4) uint8, the very bytes of a PNG."""
    try:
        with Image.open(io.BytesIO(archive.read(name)), formats=("PNG",)) as picture:
            if picture.size != size or picture.mode != "RGBA":
                raise VrnnError(
                    f"{name} in '{path}' is {picture.size[0]}×{picture.size[1]} {picture.mode}, "
                    f"but {METADATA} says {size[0]}×{size[1]} RGBA; export the data set again"
                )
            return np.ascontiguousarray(np.asarray(picture))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise VrnnError(f"{name} in '{path}' is no PNG that can be read: {error}") from error
