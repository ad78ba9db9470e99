"""Reads image files to pixels, within limits."""

from __future__ import annotations

import stat
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from vrnn.errors import VrnnError

MAX_PIXELS = 120_000_000
"""More than any camera's picture; a small file can claim far more and fill the memory."""
MAX_BYTES = 1 << 30
"""Of a file."""
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
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # reading a pipe would never end
            raise VrnnError(f"'{path}' is not a file; pass an image")
        if status.st_size > MAX_BYTES:
            raise VrnnError(f"'{path}' is larger than 1 GB; pass a smaller image")
        with warnings.catch_warnings():
            # Pillow warns of large pictures from a limit of its own; ours is checked below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                _check_size(path, picture.size)
                if min_side:
                    picture.draft(None, (min_side, min_side))
                picture.load()
                return to_rgb(ImageOps.exif_transpose(picture))
    except Image.DecompressionBombError as error:
        raise VrnnError(_too_large(path)) from error
    except FileNotFoundError as error:
        raise VrnnError(f"there is no image file '{path}'") from error
    except UnidentifiedImageError as error:
        raise VrnnError(f"'{path}' is not an image that can be read; pass PNG or JPEG") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise VrnnError(f"the image '{path}' cannot be read: {reason.lower()}") from error
    except MemoryError as error:
        raise VrnnError(f"not enough memory for the image '{path}'; pass a smaller one") from error


def _check_size(path: Path, size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise VrnnError(_too_large(path))


def _too_large(path: Path) -> str:
    return f"the image '{path}' has more than {MAX_PIXELS // 10**6} million pixels; shrink it first"


def to_rgb(picture: Image.Image) -> np.ndarray:
    """Convert a Pillow image in any mode to (H, W, 3) uint8, transparent parts over black."""
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
    scale = max(height / rows, width / columns)
    cut_h, cut_w = height / scale, width / scale
    top, left = (rows - cut_h) / 2, (columns - cut_w) / 2
    picture = Image.fromarray(image)
    box = (left, top, left + cut_w, top + cut_h)
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR, box=box))
