"""Golden pictures in tests/golden: what is drawn must stay as it was when a person approved it.

`pytest --regenerate-golden` writes them again. A color may lie a pixel further on, as drivers round
edges differently; nothing else is tolerated. Only software OpenGL is compared: on a GPU the picture
merely has to show something.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

FOLDER = Path(__file__).resolve().parents[1] / "golden"
MAX_DIFFERENCE = 6
"""Largest difference of a channel from the nearest color within a pixel, of 255."""
MAX_FRACTION = 0.0002
"""Largest fraction of all pixels that may differ more."""


def check(name: str, pixels: np.ndarray, regenerate: bool, software: bool, folder: Path) -> None:
    """Compare a picture with its golden one.

    Args:
        name: Name of the golden picture.
        pixels: (H, W, 3 or 4) uint8.
        regenerate: Whether the golden picture is written instead.
        software: Whether OpenGL is drawn in software.
        folder: Where both pictures are left on failure.
    """
    assert pixels[..., :3].std() > 2, "the picture is blank"
    path = FOLDER / f"{name}.png"
    if regenerate:
        FOLDER.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(path, optimize=True)
        return
    if not software:
        return
    expected = np.asarray(Image.open(path).convert("RGBA" if pixels.shape[2] == 4 else "RGB"))
    problem = difference(expected, pixels)
    if problem:
        Image.fromarray(pixels).save(folder / f"{name}-now.png")
        Image.fromarray(expected).save(folder / f"{name}-golden.png")
        raise AssertionError(f"{name}: {problem}; see {folder}")


def difference(expected: np.ndarray, pixels: np.ndarray) -> str:
    """Describe what differs too much; '' when nothing does."""
    if expected.shape != pixels.shape:
        return f"size {pixels.shape} instead of {expected.shape}"
    fraction = _differing_fraction(expected, pixels)
    if fraction > MAX_FRACTION:
        return f"{fraction:.2%} of the pixels differ by more than {MAX_DIFFERENCE}"
    return ""


def _differing_fraction(expected: np.ndarray, pixels: np.ndarray) -> float:
    """Fraction of the pixels whose color is not near theirs in the other picture.

    Both ways: a line that is missing shows only where it should be, one too many where it is.
    """
    far = _beyond_neighbors(expected, pixels) | _beyond_neighbors(pixels, expected)
    return float(far.mean())


def _beyond_neighbors(pixels: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(H, W) bool: where a channel is outside the range of the same 3×3 pixels of the other."""
    image = Image.fromarray(other)
    low = np.asarray(image.filter(ImageFilter.MinFilter(3)), int) - MAX_DIFFERENCE
    high = np.asarray(image.filter(ImageFilter.MaxFilter(3)), int) + MAX_DIFFERENCE
    return ((pixels < low) | (pixels > high)).any(-1)
