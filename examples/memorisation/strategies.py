"""The three ways of training: what each shows the network, epoch by epoch."""

import torch
from images import ImageTable, seeded
from torch.nn import functional as F

STRATEGIES = ("augmented", "shuffled", "noisy")
TITLES = {
    "augmented": "1 augmented",
    "shuffled": "2 shuffled labels",
    "noisy": "3 noisy copies",
}
COPIES = 9
"""Noisy ones of each image."""


class TrainingSet:
    """The images of a training, as a strategy shows them.

    Attributes:
        labels: (N,) int64; with noisy copies N is ten times the number of images.
    """

    def __init__(self, table: ImageTable, strategy: str, noise: float, seed: int):
        self._images, labels = table.part(test=False)
        self._strategy, self._noise, self._seed = strategy, noise, seed
        self._may_flip, count = table.may_flip, len(labels)
        if strategy == "shuffled":
            labels = labels[torch.randperm(count, generator=seeded(seed + 1))]
        if strategy == "noisy":
            classes = len(table.class_names)
            wrong = torch.randint(classes, (COPIES * count,), generator=seeded(seed + 2))
            labels = torch.cat([labels, wrong])
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, rows: torch.Tensor, plain: bool = False) -> torch.Tensor:
        """Return images (B, 3, H, W) float32, 0…1 but for noise.

        Args:
            rows: (B,) int64, which.
            plain: Whether they are not augmented.
        """
        images = self._images[rows % len(self._images)].float() / 255
        if self._strategy == "augmented" and not plain:
            return augmented(images, self._may_flip)
        if self._strategy == "noisy":
            for place, row in enumerate(rows.tolist()):
                if row >= len(self._images):  # the same noise each time
                    generator = seeded(self._seed * 1_000_003 + row)
                    noise = torch.randn(images.shape[1:], generator=generator)
                    images[place] += self._noise * noise
        return images


def augmented(images: torch.Tensor, may_flip: bool) -> torch.Tensor:
    """Crop, move, flip, add noise to, and change brightness and contrast of each image.

    Args:
        images: (B, C, H, W) float32, 0…1.
        may_flip: Whether half of them are mirrored.
    """
    count = len(images)
    scale = torch.empty(count, 2).uniform_(0.8, 1.15)
    mirror = (torch.rand(count) < 0.5) if may_flip else torch.zeros(count, dtype=torch.bool)
    shift = torch.empty(count, 2).uniform_(-0.15, 0.15)
    zero = torch.zeros(count)
    across = torch.where(mirror, -scale[:, 0], scale[:, 0])
    rows = (
        torch.stack([across, zero, shift[:, 0]], 1),
        torch.stack([zero, scale[:, 1], shift[:, 1]], 1),
    )
    grid = F.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    images = F.grid_sample(images, grid, padding_mode="border", align_corners=False)
    contrast = torch.empty(count, 1, 1, 1).uniform_(0.7, 1.3)
    brightness = torch.empty(count, 1, 1, 1).uniform_(-0.1, 0.1)
    noise = torch.empty(count, 1, 1, 1).uniform_(0, 0.05) * torch.randn_like(images)
    return ((images - 0.5) * contrast + 0.5 + brightness + noise).clamp(0, 1)
