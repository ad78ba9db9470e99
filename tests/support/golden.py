"""Golden pictures in tests/golden: what is drawn must stay as it was when a person approved it.

`pytest --regenerate-golden` writes them again. The comparison tolerates a little at edges, where
drivers differ, and nothing elsewhere. Only software OpenGL is compared; on a GPU the picture
merely has to show something.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

FOLDER = Path(__file__).resolve().parents[1] / "golden"
MAX_FLAT_DIFFERENCE = 3
"""Largest difference away from edges, of 255."""
MAX_EDGE_FRACTION = 0.004
"""Largest fraction of all pixels that may differ more, all of them near edges."""


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
    far = np.abs(expected.astype(int) - pixels.astype(int)).max(-1) > MAX_FLAT_DIFFERENCE
    edges = _edges(expected)
    flat = int((far & ~edges).sum())
    if flat > 0.0005 * far.size:
        return f"{flat} pixels differ by more than {MAX_FLAT_DIFFERENCE} away from edges"
    if far.mean() > MAX_EDGE_FRACTION:
        return f"{far.mean():.2%} of the pixels differ by more than {MAX_FLAT_DIFFERENCE}"
    return ""


def _edges(pixels: np.ndarray) -> np.ndarray:
    """(H, W) bool: within two pixels of a step in brightness."""
    gray = Image.fromarray(pixels[..., :3]).convert("L")
    high = np.asarray(gray.filter(ImageFilter.MaxFilter(5)), int)
    low = np.asarray(gray.filter(ImageFilter.MinFilter(5)), int)
    return high - low > 12
