"""Feature visualizations that are known beforehand, in place of those that are optimized."""

from __future__ import annotations

import numpy as np

from vrnn.compute.features.optimizer import OptimizationProgress
from vrnn.features.results import FeatureImage

HEIGHT, WIDTH = 6, 10


def known_pixels(channel: int, sample: int = 0, seed: int = 0) -> np.ndarray:
    """(6, 10, 3) uint8: another image for each channel, like no flipped one of itself."""
    rng = np.random.default_rng((seed, channel, sample))
    return rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def known_optimizer(seed: int = 0):
    """What makes these images as `optimize` would; its `calls` are the channels asked for."""

    def optimize(model, node, channels, settings, image=None, control=None):
        optimize.calls.append(list(channels))
        images = tuple(
            FeatureImage(
                node, channel, sample, known_pixels(channel, sample, seed),
                known_pixels(channel, sample, seed + 1), float(channel),
                np.arange(settings.steps, dtype=np.float32),
            )
            for channel in channels
            for sample in range(settings.samples_per_channel)
        )  # fmt: skip
        yield OptimizationProgress(len(images), len(images), settings.steps, settings.steps,
                                   images, True)  # fmt: skip
        return list(images)

    optimize.calls = []
    return optimize
