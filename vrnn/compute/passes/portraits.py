"""The portrait of a layer: what it sees, in one picture.

The first three principal components of a layer's feature vectors over positions become red, green
and blue, turned so that they agree with the portraits of the layers that feed it, and those of the
first layers with the colors of the image. So colors stay with things from layer to layer, and one
sees the image being taken apart. Orthogonal Procrustes: Schönemann, "A generalized solution of the
orthogonal Procrustes problem", Psychometrika 31 (1966).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch.nn import functional

MAX_SIDE = 56
"""Height and width of a portrait at most, in positions; larger maps are averaged down."""
MAX_FIT_POSITIONS = 400
"""About how many positions the components are found from."""
FIRST_ITERATIONS = 6
"""Subspace iterations of a layer's first portrait."""
ITERATIONS = 1
"""Subspace iterations of a later portrait: it starts from the components of the one before."""
CONTRAST = 0.22
"""Part of the range from black to white that one standard deviation takes."""
FLAT = 1e-9
"""Part of the first component's variance below which another one is taken for nothing."""

ROUNDING = 1e-5
"""Deviation beside the mean up to which a component is nothing but float32's rounding."""


class PortraitMaker:
    """Makes the portraits of a network's layers in the order they run, pass after pass."""

    def __init__(self, sources: Mapping[int, Sequence[int]]) -> None:
        """Begin without components.

        Args:
            sources: For each node the ids of the nodes that feed it.
        """
        self._sources = sources
        self._bases: dict[int, torch.Tensor] = {}
        self._pictures: dict[int, np.ndarray] = {}
        self._image = np.zeros((3, 1, 1), np.float32)

    def begin(self, image: np.ndarray) -> None:
        """Begin a pass.

        Args:
            image: (H, W, 3) uint8 sRGB, the image as the network sees it.
        """
        self._pictures.clear()
        pixels = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float()
        self._image = _standardized(_shrunk(pixels).numpy())

    def make(self, node: int, maps: torch.Tensor) -> np.ndarray:
        """Make the portrait of a layer; those of the layers that feed it come first.

        Args:
            node: Id of the layer.
            maps: (C, H, W) float32.

        Returns:
            (h, w, 3) uint8 sRGB, h and w at most `MAX_SIDE`. A single channel is its map in gray;
            a layer with one value everywhere is gray.
        """
        small = _shrunk(maps)
        channels, height, width = small.shape
        flat = small.reshape(channels, height * width)
        if channels == 1:
            values = np.nan_to_num(flat.cpu().numpy(), nan=0.0, posinf=0.0, neginf=0.0)
            colors = np.repeat(_standardized(values), 3, 0)
        else:
            colors = self._agreeing(self._scores(node, flat), node, (height, width))
        self._pictures[node] = colors.reshape(3, height, width)
        bytes_ = np.clip(colors * (CONTRAST * 255.0) + 128.0, 0.0, 255.0).astype(np.uint8)
        return np.ascontiguousarray(bytes_.T).reshape(height, width, 3)

    def _scores(self, node: int, flat: torch.Tensor) -> np.ndarray:
        """(3, P) scores of (C, P) values, mean 0, in a basis of the first three components."""
        channels, positions = flat.shape
        # An odd step: a divisor of the width would take some columns and leave out the others.
        step = max(1, positions // MAX_FIT_POSITIONS) | 1
        sample = flat[:, ::step].contiguous() if step > 1 else flat
        basis, iterations = self._bases.get(node), ITERATIONS
        if basis is None or basis.shape[1] != channels:
            basis, iterations = _first_basis(channels, flat), FIRST_ITERATIONS
        for _ in range(iterations):
            centered = basis @ sample
            centered -= centered.mean(1, keepdim=True)
            basis = _orthonormal(centered @ sample.T)
        scores = basis @ flat
        if not bool(torch.isfinite(scores).all()):
            finite = torch.nan_to_num(flat, nan=0.0, posinf=0.0, neginf=0.0)
            self._bases.pop(node, None)
            if finite is not flat and bool(
                torch.isfinite(finite @ finite.new_ones(positions)).all()
            ):
                return self._scores(node, finite)
            return np.zeros((3, positions), np.float32)
        self._bases[node] = basis
        found: np.ndarray = scores.cpu().numpy()
        means = found.mean(1, keepdims=True)
        found = found - means
        found[np.square(found).mean(1) <= np.square(ROUNDING * means[:, 0])] = 0.0
        return found

    def _agreeing(self, scores: np.ndarray, node: int, size: tuple[int, int]) -> np.ndarray:
        """(3, P) whitened scores, turned to agree with the portraits that feed the node.

        Only the space that the first three components span matters: whatever basis it has, the
        whitened scores differ by a rotation, and that is chosen here.
        """
        whiten = _whitening(scores @ scores.T / scores.shape[1])
        target = self._target(node, size).reshape(3, -1)
        u, _, vt = np.linalg.svd(whiten @ (scores @ target.T).astype(np.float64))
        turned: np.ndarray = ((u @ vt).T @ whiten).astype(np.float32) @ scores
        return turned

    def _target(self, node: int, size: tuple[int, int]) -> np.ndarray:
        """(3, H, W) the mean of the portraits that feed a node, else the image."""
        feeding = [self._pictures[s] for s in self._sources.get(node, ()) if s in self._pictures]
        if not feeding:
            return _resized(self._image, size)
        resized = [_resized(picture, size) for picture in feeding]
        return resized[0] if len(resized) == 1 else np.mean(resized, 0)


def _first_basis(channels: int, like: torch.Tensor) -> torch.Tensor:
    """(3, C) the same random directions for the same number of channels."""
    random = np.random.default_rng(channels).standard_normal((3, channels))
    return torch.as_tensor(random, dtype=like.dtype, device=like.device)


def _orthonormal(rows: torch.Tensor) -> torch.Tensor:
    """(3, C) rows that span the same space and are orthonormal, as many as there are."""
    product = (rows @ rows.T).cpu().numpy()
    if not np.isfinite(product).all():
        return rows
    return torch.from_numpy(_whitening(product).astype(np.float32)).to(rows) @ rows


def _whitening(product: np.ndarray) -> np.ndarray:
    """(3, 3) float64 inverse square root of a symmetric matrix, 0 where it has no extent."""
    values, vectors = np.linalg.eigh(product.astype(np.float64))
    known = values > FLAT * max(float(values[-1]), 1e-300)
    inverse = np.where(known, 1.0 / np.sqrt(np.where(known, values, 1.0)), 0.0)
    whitening: np.ndarray = (vectors * inverse) @ vectors.T
    return whitening


def _standardized(values: np.ndarray) -> np.ndarray:
    """(K, …) with mean 0 and deviation 1 each; what hardly varies beside the others becomes 0."""
    flat = values.reshape(len(values), -1).astype(np.float64)
    flat = flat - flat.mean(1, keepdims=True)
    variance = np.square(flat).mean(1, keepdims=True)
    is_flat = variance <= FLAT * max(float(variance.max(initial=0.0)), 1e-300)
    flat = np.where(is_flat, 0.0, flat / np.sqrt(np.where(is_flat, 1.0, variance)))
    return flat.reshape(values.shape).astype(np.float32)


def _shrunk(maps: torch.Tensor) -> torch.Tensor:
    """(C, H, W) averaged down to at most `MAX_SIDE` positions a side."""
    height, width = maps.shape[1:]
    factors = (-(-height // MAX_SIDE), -(-width // MAX_SIDE))
    if factors == (1, 1):
        return maps
    return functional.avg_pool2d(maps[None], factors, ceil_mode=True)[0]


def _resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(3, H, W): averaged where it becomes smaller, interpolated where it becomes larger."""
    if picture.shape[1:] == size:
        return picture
    values = torch.from_numpy(picture)[None]
    if size[0] <= picture.shape[1] and size[1] <= picture.shape[2]:
        return functional.adaptive_avg_pool2d(values, size)[0].numpy()
    resized = functional.interpolate(values, size, mode="bilinear", align_corners=False)
    return resized[0].numpy()
