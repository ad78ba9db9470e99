"""Images to train on: the digits that come with vrnn, or a folder with a folder for each class."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
TRAINED_PART = 0.8
"""Of the images of each class in a folder; with the others the networks are tested."""
DIGITS_SIZE = (32, 32)
"""(height, width) of digits, pixels."""


@dataclass(frozen=True)
class ImageTable:
    """Images of one size with their classes, and which of them are for testing.

    Attributes:
        images: (N, 3, H, W) uint8; gray ones three times.
        labels: (N,) int64.
        test: (N,) bool.
        class_names: By label.
        may_flip: Whether a mirrored image is still of its class.
    """

    images: torch.Tensor
    labels: torch.Tensor
    test: torch.Tensor
    class_names: Sequence[str]
    may_flip: bool

    @property
    def size(self) -> tuple[int, int]:
        """(height, width), pixels."""
        return tuple(self.images.shape[2:])

    def part(self, test: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the images, 0…1, and labels for testing, or for training."""
        rows = self.test if test else ~self.test
        return self.images[rows], self.labels[rows]


def digits(trained: int | None = None, seed: int = 0) -> ImageTable:
    """Return the digits that come with vrnn, enlarged from 8×8.

    Args:
        trained: How many of the 1,438 training images to take; None for all.
        seed: Chooses them.
    """
    import vrnn.default.model as digits_model

    with np.load(Path(digits_model.__file__).parent / "digits.npz", allow_pickle=False) as data:
        images = torch.from_numpy(data["images"]).float()[:, None]
        labels, test = torch.from_numpy(data["labels"]).long(), torch.from_numpy(data["test"])
    images = F.interpolate(images, DIGITS_SIZE, mode="bilinear").round().byte()
    rows = torch.nonzero(~test)[:, 0]
    if trained is not None:
        rows = rows[torch.randperm(len(rows), generator=seeded(seed))[:trained]]
    rows = torch.cat([rows, torch.nonzero(test)[:, 0]])
    images = images[rows].expand(-1, 3, -1, -1).contiguous()
    return ImageTable(images, labels[rows], test[rows], [str(n) for n in range(10)], False)


def folder(path: Path, size: tuple[int, int], seed: int = 0) -> ImageTable:
    """Read a folder that holds a folder of images for each class; a fifth of each is for testing.

    Raises:
        SystemExit: There are fewer than two classes of two images.
    """
    classes = sorted(one for one in path.iterdir() if one.is_dir())
    images, labels, test = [], [], []
    names = []
    for one in classes:
        files = sorted(file for file in one.iterdir() if file.suffix.lower() in SUFFIXES)
        if len(files) < 2:
            continue
        trained = min(max(round(TRAINED_PART * len(files)), 1), len(files) - 1)
        order = torch.randperm(len(files), generator=seeded(seed + len(names)))
        images += [read_image(file, size) for file in files]
        labels += [len(names)] * len(files)
        test += (order >= trained).tolist()
        names.append(one.name)
    if len(names) < 2:
        raise SystemExit(f"'{path}' should hold two or more folders, one for each class of images")
    return ImageTable(torch.stack(images), torch.tensor(labels), torch.tensor(test), names, True)


def read_image(file: Path, size: tuple[int, int]) -> torch.Tensor:
    """Return (3, H, W) uint8, the whole image at that size."""
    with Image.open(file) as image:
        pixels = np.asarray(image.convert("RGB").resize(size[::-1], Image.Resampling.BILINEAR))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)


def seeded(seed: int) -> torch.Generator:
    """Return a generator of random numbers."""
    return torch.Generator().manual_seed(seed)


Normalize = Callable[[torch.Tensor], torch.Tensor]
