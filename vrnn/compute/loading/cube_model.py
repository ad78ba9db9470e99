"""A feature cube as a model with one layer."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.tracing.annotations import Tracker
from vrnn.media.cube_reader import read_cube
from vrnn.media.image_set import ImageSet

NO_CHANGE = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
"""Mean and standard deviation by which its picture is normalized."""


class CubeModel(nn.Module):
    """Gives the same maps for each image: those of a cube, which lie over the image."""

    def __init__(self, values: torch.Tensor) -> None:
        """Keep a cube.

        Args:
            values: (C, H, W) float32.
        """
        super().__init__()
        self.register_buffer("values", values)
        self.cube = Tracker("cube")

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return (1, C, H, W), whose positions lie over those of an image (1, 3, H', W')."""
        values = self.values
        assert isinstance(values, torch.Tensor)
        height, width = values.shape[1:]
        ground = functional.adaptive_avg_pool2d(image, (height, width)).mean(1, keepdim=True)
        # Only where they lie follows from the image: its values are multiplied away.
        found: torch.Tensor = self.cube(torch.where(ground < torch.inf, values[None], values[None]))
        return found


def cube_model(path: Path) -> ModelCandidate:
    """Return a cube as a model that opens on its picture.

    Raises:
        VrnnError: The file is no cube, broken, or too large.
    """
    cube = read_cube(path)
    picture = cube.picture()
    height, width = picture.shape[:2]
    images = ImageSet((), [-1], lambda index: picture, captions=[cube.name])
    model = CubeModel(torch.from_numpy(cube.values))
    return ModelCandidate(
        model, cube.name, random_weights=False, dataset=images, input_size=(height, width),
        mean=NO_CHANGE[0], std=NO_CHANGE[1],
    )  # fmt: skip
