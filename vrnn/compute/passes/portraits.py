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

from vrnn.compute.passes.followed_portraits import STEADINESS, FollowedPortrait, FollowedPortraits
from vrnn.compute.passes.memory_order import is_side_by_side
from vrnn.compute.passes.native_portrait import COMPONENTS, load_native_portrait
from vrnn.compute.passes.portrait_colors import (
    CONTRAST,
    MAX_SCORE,
    ROUNDING,
    bounded,
    centered,
    color_bytes,
    gray_colors,
    standardized,
)
from vrnn.compute.passes.portrait_components import (
    FREE,
    agreeing,
    component_basis,
    product,
)
from vrnn.compute.passes.portrait_sampling import (
    MAX_START_CHANNELS,
    MAX_STREAM_POSITIONS,
    fit_positions,
    portrait_size,
    start_noise,
)
from vrnn.compute.passes.turned_portraits import ScoredLayer, TurnPlan

START_NOISE = 0.1
"""Deviation of the noise beside those colors, which may leave out a direction."""


class PortraitMaker:
    """Makes the portraits of a network's layers in the order they run, pass after pass.

    Attributes:
        met_not_finite: Whether the layer whose portrait was made last has values that are not
            finite. Each of its values has a part in the portrait, so none goes unseen.
    """

    def __init__(self, sources: Mapping[int, Sequence[int]]) -> None:
        """Begin without components.

        Args:
            sources: For each node the ids of the nodes that feed it.
        """
        self.met_not_finite = False
        self._sources = sources
        self._bases: dict[int, np.ndarray] = {}
        self._pictures: dict[int, np.ndarray] = {}
        self._image = np.zeros((3, 1, 1), np.float32)
        self._pixels = np.zeros((1, 1, 3), np.uint8)
        self._colors: dict[int, np.ndarray] = {}
        self._before: dict[int, np.ndarray] = {}
        self._followed = FollowedPortraits()
        self._continues = False

    def begin(self, image: np.ndarray, continues: bool = False) -> None:
        """Begin a pass.

        Args:
            image: (H, W, 3) uint8 sRGB, the image as the network sees it.
            continues: Whether it is the next frame of a stream: components begin as they were, so
                that colors do not flicker. Otherwise an image has the same portraits whatever
                came before.
        """
        self._pictures.clear()
        is_again = continues and not self._colors  # with another part of the input as the image
        if not is_again:
            self._before, self._colors = (self._colors if continues else {}), {}
        self._continues = continues
        if not continues:
            self._bases.clear()
        pixels = np.ascontiguousarray(image.transpose(2, 0, 1), np.float32)
        small = _resized(pixels, portrait_size(*image.shape[:2]))
        self._image = standardized(small)
        self._pixels = np.ascontiguousarray(np.rint(small).astype(np.uint8).transpose(1, 2, 0))
        self._followed.begin(self._image, continues, is_again)

    def make(self, node: int, maps: torch.Tensor, is_source: bool = True) -> np.ndarray:
        """Make the portrait of a layer; those of the layers that feed it come first.

        Args:
            node: Id of the layer.
            maps: (C, H, W) float32.
            is_source: Whether the layers behind it are to agree with it. Not so where its positions
                are none of the image, as in a line of tokens.

        Returns:
            (h, w, 3) uint8 sRGB of `portrait_size`. A single channel is its map in gray;
            a layer with one value everywhere is gray.
        """
        channels, height, width = maps.shape
        size = portrait_size(height, width)
        self.met_not_finite = False
        if channels == 1:
            small = _resized(maps.cpu().numpy(), size)
            self.met_not_finite = not bool(np.isfinite(small).all())
            made = gray_colors(small)
        else:
            flat = maps.reshape(channels, height * width)
            is_read = flat.device.type == "cpu" and flat.dtype == torch.float32 and _is_known(flat)
            if is_read:
                side_by_side = is_side_by_side(flat)
                followed = self.follow(node, maps.shape, flat.data_ptr(), side_by_side, is_source)
                if followed is not None:
                    return followed.levels
            target, wanted = self._targets(node, size)
            made = self._colors_of(node, flat, (height, width), target, wanted)
            if is_read and self._continues and node in self._bases:
                colors = made[0].reshape(3, *size)
                self._followed.learn(
                    node, (channels, height, width), self._bases[node], colors, self._fed_by(node)
                )
        return self._keep(node, made, size, is_source)

    def follow(
        self, node: int, shape: Sequence[int], address: int, side_by_side: bool, is_source: bool
    ) -> FollowedPortrait | None:
        """As `make`, of a layer of which the frame before is known, with less work.

        Args:
            node: Id of the layer.
            shape: (C, H, W) of its maps.
            address: See `FollowedPortraits.follow`.
            side_by_side: See there.
            is_source: See `make`.

        Returns:
            The portrait; None where it has to be made as usual.
        """
        found = self._followed.follow(node, tuple(shape), address, side_by_side)
        if found is None:
            return None
        self.met_not_finite = False
        self._bases[node] = found.basis
        self._colors[node] = found.flat_colors
        if is_source:
            self._pictures[node] = found.colors
        return found

    def make_of_scores(self, node: int, scores: np.ndarray, is_source: bool = True) -> np.ndarray:
        """As `make`, of what a device has made of a layer's maps.

        Args:
            node: Id of the layer.
            scores: (3, h, w) float32, see `vrnn.compute.passes.device_portraits`; (1, h, w) of a
                layer with a single channel.
            is_source: See `make`.
        """
        _, height, width = scores.shape
        self.met_not_finite = not bool(np.isfinite(scores).all())
        if len(scores) == 1:
            made = gray_colors(scores)
        else:
            _, wanted = self._targets(node, (height, width))
            made = _turned(bounded(scores.reshape(3, -1)), wanted)
        return self._keep(node, made, (height, width), is_source)

    def plan(self, layers: Sequence[ScoredLayer]) -> TurnPlan:
        """Plan `make_all` for passes that have these layers, in run order."""
        return TurnPlan(layers, self._sources)

    def make_all(self, plan: TurnPlan, scores: np.ndarray) -> dict[int, np.ndarray]:
        """As `make_of_scores` and `set_picture` of all layers of a pass, in one call.

        Args:
            plan: The layers.
            scores: (N,) float32 of all of them, contiguous.

        Returns:
            (h, w, 3) uint8 sRGB each, by node id; they share memory.
        """
        native = load_native_portrait()
        if native is None:
            return {layer.node: self._make_one(layer, scores) for layer in plan.layers}
        grays = {
            layer.node: gray_colors(layer.part_of(scores).reshape(layer.shape))
            for layer in plan.layers
            if layer.shape is not None and layer.shape[0] == 1
        }
        plan.begin(self._image, {node: made[0] for node, made in grays.items()}, self._before)
        colors, levels = np.empty(plan.size, np.float32), np.empty(plan.size, np.uint8)
        number = 0
        while True:
            number = native.turn(
                number, plan.order, scores, colors, levels, plan.scratch, STEADINESS,
                CONTRAST * 255.0, FREE, ROUNDING,
            )  # fmt: skip
            if number > len(plan.layers):
                break
            layer = plan.layers[number - 1]
            own = bounded(layer.part_of(scores).reshape(COMPONENTS, -1))
            wanted = plan.scratch[: own.size].reshape(own.shape)
            found = agreeing(centered(own, own.mean(1, keepdims=True)), wanted)
            layer.part_of(colors)[:] = found.reshape(-1)
            layer.part_of(levels)[:] = color_bytes(found).reshape(-1)
            number += 1
        portraits: dict[int, np.ndarray] = {}
        for layer in plan.layers:
            if layer.shape is None:
                portraits[layer.node] = self._pixels
                continue
            made = grays.get(layer.node)
            if made is None:
                made = layer.part_of(colors).reshape(COMPONENTS, -1), layer.part_of(levels)
            self._colors[layer.node] = made[0]
            portraits[layer.node] = made[1].reshape(*layer.shape[1:], COMPONENTS)
        return portraits

    def _make_one(self, layer: ScoredLayer, scores: np.ndarray) -> np.ndarray:
        if layer.shape is None:
            return self.set_picture(layer.node)
        own = layer.part_of(scores).reshape(layer.shape)
        return self.make_of_scores(layer.node, own, layer.is_source)

    def _targets(self, node: int, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """(3, P) colors of what feeds a layer, and those that its portrait is to agree with."""
        target = self._target(node, size).reshape(3, -1)
        before = self._before.get(node)
        if before is None or before.shape != target.shape:
            return target, target
        return target, target + STEADINESS * before

    def _keep(
        self, node: int, made: tuple[np.ndarray, np.ndarray], size: tuple[int, int],
        is_source: bool,
    ) -> np.ndarray:  # fmt: skip
        """Keep (3, P) colors for the layers behind, and return their bytes as (h, w, 3)."""
        colors, levels = made
        self._colors[node] = colors
        self._followed.keep(node, self._bases.get(node), colors.reshape(3, *size))
        if is_source:
            self._pictures[node] = colors.reshape(3, *size)
        return levels.reshape(*size, 3)

    def set_picture(self, node: int) -> np.ndarray:
        """Let the image itself be the portrait of a layer, such as the input.

        Args:
            node: Id of the layer.

        Returns:
            (h, w, 3) uint8 sRGB, as the image was given to `begin`.
        """
        self._pictures[node] = self._image
        return self._pixels

    def _colors_of(
        self, node: int, flat: torch.Tensor, size: tuple[int, int], target: np.ndarray,
        wanted: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        """(3, P) colors, and their (P, 3) bytes; by native code where it can.

        Args:
            node: Id of the layer.
            flat: (C, H·W) float32 features.
            size: (H, W).
            target: (3, P) colors that tell where the search for components starts.
            wanted: (3, P) colors that the portrait is to agree with.
        """
        native = load_native_portrait() if flat.device.type == "cpu" else None
        if native is not None and _is_known(flat):
            found = native.scores(flat, *self._begin(node, len(flat), size, target))
            if found is not None:
                basis, scores = found
                scores = _resized(scores.reshape(3, *size), portrait_size(*size)).reshape(3, -1)
                made = native.colors(scores, wanted, CONTRAST * 255.0, FREE, ROUNDING)
                if made is not None:
                    self._bases[node] = basis
                    return made
        colors = agreeing(self._scores(node, flat, size, target), wanted)
        return colors, color_bytes(colors)

    def _scores(
        self, node: int, flat: torch.Tensor, size: tuple[int, int], target: np.ndarray
    ) -> np.ndarray:
        """The portrait's positions in a basis of the first three components.

        Scores are linear in the features: they are averaged down in place of the features, which
        are read but once.

        Args:
            node: Id of the layer.
            flat: (C, H·W) float32 features.
            size: (H, W).
            target: (3, P) colors that the portrait is to agree with.

        Returns:
            (3, P) float32, mean 0.
        """
        basis = component_basis(flat, *self._begin(node, len(flat), size, target))
        scores = product(basis, flat)
        scores = _resized(scores.reshape(3, *size), portrait_size(*size)).reshape(3, -1)
        if not float(np.abs(scores).max(initial=0.0)) <= MAX_SCORE:  # or it is NaN
            return self._scores_of_finite(node, flat, size, target)
        means = scores.sum(1, keepdims=True) / np.float32(scores.shape[1])
        self._bases[node] = basis
        return centered(scores, means)

    def _begin(
        self, node: int, channels: int, size: tuple[int, int], target: np.ndarray
    ) -> tuple[slice, int, np.ndarray | None, np.ndarray | None]:
        """Where the search for components starts: see `NativePortrait.scores`.

        The layers that feed a layer, or the frame before, are a good start: one subspace iteration
        from there spans nearly what the components do (0.94 to 0.99 of their variance on average).
        """
        step = -(-channels // MAX_START_CHANNELS)
        before = self._bases.get(node)
        if before is not None and before.shape[1] == channels:
            return fit_positions(size, MAX_STREAM_POSITIONS), step, None, before
        picked = fit_positions(size)
        start = _resized(target.reshape(3, *portrait_size(*size)), size).reshape(3, -1)
        start = start[:, picked]
        return picked, step, start + START_NOISE * start_noise(start.shape[1]), None

    def _scores_of_finite(
        self, node: int, flat: torch.Tensor, size: tuple[int, int], target: np.ndarray
    ) -> np.ndarray:
        """As `_scores`, with 0 for values that are not finite, and large ones scaled down."""
        self._bases.pop(node, None)
        finite = torch.nan_to_num(flat, nan=0.0, posinf=0.0, neginf=0.0)
        is_odd, peak = not bool(torch.isfinite(flat).all()), float(finite.abs().max())
        self.met_not_finite |= is_odd
        if peak > 1.0:
            finite = finite / peak  # the colors stay what they are
        if is_odd or peak > 1.0:
            return self._scores(node, finite, size, target)
        return np.zeros_like(target)

    def _target(self, node: int, size: tuple[int, int]) -> np.ndarray:
        """(3, H, W) the mean of the portraits that feed a node, else the image."""
        resized = self._feeding(node, size)
        return resized[0] if len(resized) == 1 else np.mean(resized, 0)

    def _feeding(self, node: int, size: tuple[int, int]) -> list[np.ndarray]:
        """(3, H, W) each of the portraits that feed a node, else the image."""
        return [_resized(colors, size) for _, colors in self._fed_by(node)]

    def _fed_by(self, node: int) -> list[tuple[int | None, np.ndarray]]:
        """The layers that feed a node, each with its portrait; else None with the image."""
        found = [
            (None if self._pictures[source] is self._image else source, self._pictures[source])
            for source in self._sources.get(node, ())
            if source in self._pictures
        ]
        return found or [(None, self._image)]


def _is_known(flat: torch.Tensor) -> bool:
    """Whether native code reads (C, P) features as they lie in memory."""
    return flat.is_contiguous() or is_side_by_side(flat)


def _turned(scores: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(3, P) colors of (3, P) finite scores that agree with others, and their (P, 3) bytes."""
    native = load_native_portrait()
    # A copy, which gets mean 0: what is only rounding can be told by the mean.
    made = native and native.colors(scores.copy(), wanted, CONTRAST * 255.0, FREE, ROUNDING)
    if made:
        return made
    colors = agreeing(centered(scores, scores.mean(1, keepdims=True)), wanted)
    return colors, color_bytes(colors)


def _resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(C, H, W): averaged where it becomes smaller, interpolated where it becomes larger."""
    if picture.shape[1:] == size:
        return picture
    native = load_native_portrait() if len(picture) == COMPONENTS else None
    if native is not None:
        # Torch interpolates to other bits with other numbers of threads.
        return native.resize(picture, size)
    values = torch.from_numpy(picture)[None]
    if size[0] <= picture.shape[1] and size[1] <= picture.shape[2]:
        return functional.adaptive_avg_pool2d(values, size)[0].numpy()
    resized = functional.interpolate(values, size, mode="bilinear", align_corners=False)
    return resized[0].numpy()
