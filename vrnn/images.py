"""Image files to pixels, within limits, and sets of images. No torch."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from vrnn.errors import VrnnError

MOST_PIXELS = 120_000_000
"""More than any camera's picture; a small file can claim far more and fill the memory."""
MOST_BYTES = 1 << 30
SUFFIXES = frozenset(
    ".png .jpg .jpeg .bmp .gif .tif .tiff .webp .ppm .pgm .pbm .ico .jp2 .tga".split()
)


def read_image(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 sRGB: the first picture in a file, upright, transparent parts over black.

    Raises VrnnError when there is no such file, it is no image, broken, or too large.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise VrnnError(f"'{path}' is larger than 1 GB; pass a smaller image")
        with warnings.catch_warnings():
            # Pillow warns of large pictures from a limit of its own; ours is checked below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                _check_size(path, picture.size)
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
    if size[0] * size[1] > MOST_PIXELS:
        raise VrnnError(_too_large(path))


def _too_large(path: Path) -> str:
    return (
        f"the image '{path}' has more than {MOST_PIXELS // 10**6} million pixels; shrink it first"
    )


def to_rgb(picture: Image.Image) -> np.ndarray:
    """(H, W, 3) uint8 of a Pillow image in any mode."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return _from_deep(np.asarray(picture).astype(np.float64))
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        black = Image.new("RGBA", clear.size, (0, 0, 0, 255))
        picture = Image.alpha_composite(black, clear)
    return np.asarray(picture.convert("RGB"))


def _from_deep(values: np.ndarray) -> np.ndarray:
    """Greyscale of more than 8 bits: 16-bit values by their range, others by what is in them."""
    values = np.nan_to_num(values)
    high = float(values.max(initial=0.0))
    low = float(values.min(initial=0.0))
    if low >= 0 and 255 < high <= 65535:
        low, high = 0.0, 65535.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    span = (high - low) or 1.0
    grey = np.rint((values - low) / span * 255).clip(0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images with labels, each read when it is asked for.

    names: of the classes; labels: (N,) one for each image, -1 where unknown.
    """

    names: tuple[str, ...]
    labels: Sequence[int]
    read: Callable[[int], np.ndarray]

    def __len__(self) -> int:
        return len(self.labels)

    def image(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8."""
        return self.read(index)

    def label(self, index: int) -> int:
        """Number of its class, -1 if unknown."""
        return int(self.labels[index])


def image_folder(folder: Path) -> ImageSet:
    """The images in a folder, classes by subfolder; those outside any subfolder have no class.

    Raises VrnnError when there is no such folder or no image in it.
    """
    if not folder.is_dir():
        raise VrnnError(f"there is no folder '{folder}' to take images from")
    groups = sorted(path for path in folder.iterdir() if path.is_dir())
    files: list[Path] = []
    labels: list[int] = []
    for label, group in [(-1, folder), *enumerate(groups)]:
        depth = group.iterdir() if label < 0 else group.rglob("*")
        found = sorted(path for path in depth if path.suffix.lower() in SUFFIXES and path.is_file())
        files += found
        labels += [label] * len(found)
    if not files:
        raise VrnnError(f"there are no images in '{folder}' or its subfolders")
    return ImageSet(tuple(g.name for g in groups), labels, lambda index: read_image(files[index]))
