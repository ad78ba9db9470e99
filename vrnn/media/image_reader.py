"""Reads image files to pixels, within limits."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from vrnn.errors import VrnnError
from vrnn.storage.input_file import check_regular, describe_missing, reason

MAX_PIXELS = 120_000_000
"""More than any camera's picture; a small file can claim far more and fill the memory."""
MAX_BYTES = 1 << 30
"""Of a file."""
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM", "ICO", "JPEG2000", "TGA")
"""What is read, by its content. Of Pillow's other formats some start a program, as EPS does."""
SUFFIXES = frozenset(
    ".png .jpg .jpeg .bmp .gif .tif .tiff .webp .ppm .pgm .pbm .ico .jp2 .tga".split()
)


def read_image(path: Path, min_side: int = 0) -> np.ndarray:
    """Read the first picture in a file, upright, transparent parts over black.

    Args:
        path: The file.
        min_side: Pixels; a JPEG may come smaller, in less time, as long as its sides are no
            shorter than that. 0 for its full size.

    Returns:
        (H, W, 3) uint8 sRGB.

    Raises:
        VrnnError: There is no such file, it is no image, broken, or too large.
    """
    try:
        check_regular(path)  # reading a pipe would never end
        if path.stat().st_size > MAX_BYTES:
            raise VrnnError(f"'{path}' is larger than 1 GB; pass a smaller image")
        with path.open("rb") as file:
            return decode_image(file, f"'{path}'", min_side)
    except FileNotFoundError as error:
        raise VrnnError(describe_missing(path, "image file")) from error
    except VrnnError as error:
        if str(error).startswith("it is "):
            raise VrnnError(f"'{path}' cannot be read: {error}; pass an image") from error
        raise
    except (OSError, ValueError) as error:
        raise VrnnError(f"the image '{path}' cannot be read: {reason(error)}") from error


def decode_image(file: BinaryIO, name: str, min_side: int = 0) -> np.ndarray:
    """Read the first picture in an open file. See `read_image`.

    Args:
        file: The file, at its start.
        name: What messages call it.
        min_side: As for `read_image`.

    Raises:
        VrnnError: It is no image of `FORMATS`, broken, or too large.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures from a limit of its own, and of what it mends.
            warnings.simplefilter("ignore")
            with Image.open(file, formats=FORMATS) as picture:
                _check_size(name, picture.size)
                if min_side:
                    picture.draft(None, (min_side, min_side))
                picture.load()
                _check_size(name, picture.size)  # an icon may hold more than it says
                return to_rgb(ImageOps.exif_transpose(picture))
    except VrnnError:
        raise
    except Image.DecompressionBombError as error:
        raise VrnnError(_too_large(name)) from error
    except UnidentifiedImageError as error:
        raise VrnnError(
            f"{name} is not an image that can be read; those are {', '.join(FORMATS)}"
        ) from error
    except MemoryError as error:
        raise VrnnError(f"not enough memory for the image {name}; pass a smaller one") from error
    except Exception as error:  # a broken file fails in as many ways as there are decoders
        raise VrnnError(f"the image {name} cannot be read: {reason(error)}") from error


def start_no_program() -> None:
    """Let Pillow start no program in this process, also where a script reads images itself.

    To read an EPS image it starts Ghostscript, whatever the name of the file.
    """
    from PIL import EpsImagePlugin

    setattr(EpsImagePlugin, "Ghostscript", _refuse_eps)  # noqa: B010  # mypy knows the function


def _refuse_eps(*arguments: Any) -> None:
    raise VrnnError("it is in EPS, a program, which is never run; save it as PNG")


def _check_size(name: str, size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise VrnnError(_too_large(name))


def _too_large(name: str) -> str:
    return f"the image {name} has more than {MAX_PIXELS // 10**6} million pixels; shrink it first"


def to_rgb(picture: Image.Image) -> np.ndarray:
    """Convert a Pillow image in any mode to (H, W, 3) uint8, transparent parts over black.

    Raises:
        VrnnError: It was opened from an EPS file and not read yet.
    """
    if picture.format == "EPS":
        _refuse_eps()
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return _from_high_bit_depth(np.asarray(picture).astype(np.float64))
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        black = Image.new("RGBA", clear.size, (0, 0, 0, 255))
        picture = Image.alpha_composite(black, clear)
    return np.asarray(picture.convert("RGB"))


def _from_high_bit_depth(values: np.ndarray) -> np.ndarray:
    """Convert grayscale (H, W) of more than 8 bits to (H, W, 3) uint8.

    16-bit values are scaled by the range of 16 bits, others by the range that is in them.
    """
    values = np.nan_to_num(values)
    high = float(values.max(initial=0.0))
    low = float(values.min(initial=0.0))
    if low >= 0 and 255 < high <= 65535:
        low, high = 0.0, 65535.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    span = (high - low) or 1.0
    gray = np.rint((values - low) / span * 255).clip(0, 255).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=-1)


def center_crop_resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Cut out the middle of an image, as large as it fits, and resample it.

    Args:
        image: (H, W, 3) uint8, at least one pixel.
        height: Of the result, pixels.
        width: Of the result, pixels.

    Returns:
        (height, width, 3) uint8.
    """
    rows, columns = image.shape[:2]
    if (rows, columns) == (height, width):
        return image.copy()
    scale = max(height / rows, width / columns)
    # Rounding may make the part larger than the whole, by less than a thousandth of a pixel.
    cut_h, cut_w = min(height / scale, rows), min(width / scale, columns)
    top, left = (rows - cut_h) / 2, (columns - cut_w) / 2
    picture = Image.fromarray(image)
    box = (left, top, min(left + cut_w, columns), min(top + cut_h, rows))
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR, box=box))
