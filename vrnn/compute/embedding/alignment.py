"""Clouds turned toward each other, so that images drift from one to the next and do not jump."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Similarity:
    """A turn, a scale and a shift of coordinates.

    Attributes:
        mean: (D,) what is moved to 0.
        scale: Factor of lengths.
        rotation: (D, D) orthogonal; may be a reflection too.
    """

    mean: np.ndarray
    scale: float
    rotation: np.ndarray

    def apply(self, positions: np.ndarray) -> np.ndarray:
        """Return positions (N, D) float32 as they are seen."""
        turned = (positions - self.mean) @ self.rotation * self.scale
        result: np.ndarray = turned.astype(np.float32)
        return result


def unit_size(positions: np.ndarray) -> Similarity:
    """Return what gives positions the mean 0, and 1 as the mean of squared distances to it.

    Args:
        positions: (N, D).
    """
    mean = positions.mean(0, dtype=np.float64)
    size = float(np.sqrt(((positions - mean) ** 2).sum(1, dtype=np.float64).mean()))
    return Similarity(mean, 1 / size if size > 1e-30 else 1.0, np.eye(positions.shape[1]))


def align(positions: np.ndarray, target: np.ndarray) -> Similarity:
    """Return what gives positions unit size and turns them to a target (Schönemann 1966).

    Args:
        positions: (N, D).
        target: (N, D) of the same images in the same order, of unit size.
    """
    unit = unit_size(positions)
    # The orthogonal matrix that brings one closest to the other, by least squares.
    left, _, right = np.linalg.svd(unit.apply(positions).astype(np.float64).T @ target)
    return Similarity(unit.mean, unit.scale, left @ right)
