"""Does an explanation name what matters? Pixels are flipped, the most relevant first.

Pixel flipping (Bach et al. 2015, Samek et al. 2017, https://arxiv.org/abs/1509.06321), deletion and
insertion (Petsiuk et al. 2018, https://arxiv.org/abs/1806.07421). Rankings of methods depend on
what takes the place of pixels, so curves tell it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch

from vrnn.compute.explain.baselines import baseline_inputs
from vrnn.compute.explain.gradient_pass import find_gradients, target_value
from vrnn.compute.explain.prepared_input import ExplainedInput, prepare_input
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.errors import VrnnError
from vrnn.explanations.results import Explanation, FlippingCurves
from vrnn.explanations.settings import ExplanationSettings
from vrnn.explanations.targets import Target
from vrnn.media.media import Media

REGIONS = 14
"""Along the longer side: pixels are flipped by regions, as Samek et al. do, since single ones that
change at random are a noise that hides everything."""
POINTS = 21
"""Of a curve; they lie closer together where few pixels are flipped."""
RANDOM_ORDERS = 3


def curve_shares(points: int = POINTS) -> np.ndarray:
    """Return the shares of pixels at which curves are measured, (points,) float64, 0.1 among them.

    Args:
        points: How many.
    """
    shares = np.linspace(0, 1, points) ** 2
    shares[np.abs(shares - 0.1).argmin()] = 0.1
    return shares


def flip_pixels(
    model: LoadedModel, media: Media | torch.Tensor | None, explanation: Explanation,
    settings: ExplanationSettings, points: int = POINTS,
    check_stop: Callable[[], None] = lambda: None,
) -> Iterator[FlippingCurves | float]:  # fmt: skip
    """Measure how faithful an explanation is.

    Args:
        model: The model.
        media: What went in.
        explanation: Its explanation, which has a heatmap.
        settings: Those of the explanation: its target and what takes the place of pixels.
        points: Of each curve.
        check_stop: Raises what is to end it.

    Yields:
        What share of the work is done, and the curves at last.

    Raises:
        VrnnError: There is no heatmap.
    """
    if explanation.heatmap is None:
        raise VrnnError(
            f"{model.source.title} takes no image, so there are no pixels to flip; leave the "
            "faithfulness out"
        )
    given = prepare_input(model, media)
    x, cover = given.tensor, list(tensors_in(baseline_inputs(model, given, settings.baseline)))
    ground = cover[given.index]
    target = _named_target(model, given, settings)
    shares = curve_shares(points)
    regions = _regions(explanation.heatmap.shape)
    orders = _flipping_orders(regions, explanation.heatmap, settings.seed)
    curves = []
    done = 0
    for order, is_deletion in orders:
        curve = []
        for share in shares:
            chosen = np.zeros(len(order), bool)
            chosen[order[: round(share * len(order))]] = True
            mask = torch.from_numpy(chosen[regions]).to(x.device)
            flipped = torch.where(mask == is_deletion, ground, x)
            value = target_value(
                model, given.with_image(flipped), target, check_stop, settings.ablations
            )
            curve.append(value)
            done += 1
            yield done / (len(orders) * points)
        curves.append(np.array(curve, np.float32))
    yield FlippingCurves(
        shares.astype(np.float32), curves[0], curves[1],
        np.stack(curves[2:]).mean(0), settings.baseline,
    )  # fmt: skip


def _named_target(
    model: LoadedModel, given: ExplainedInput, settings: ExplanationSettings
) -> Target:
    """The target, with the class that wins before a pixel is flipped where it names none."""
    target = settings.target
    if target.channel is not None or target.layer or target.box is not None:
        return target
    found = find_gradients(
        model, given.inputs, target, has_gradients=False, ablations=settings.ablations
    ).target
    return replace(target, channel=found.channel)


def _flipping_orders(
    regions: np.ndarray, heatmap: np.ndarray, seed: int
) -> list[tuple[np.ndarray, bool]]:
    """In which orders regions are flipped, and whether they are deleted, not inserted, then.

    The most relevant ones first, deleted and inserted, and random orders, deleted.
    """
    sizes = np.bincount(regions.ravel())
    sums = np.bincount(regions.ravel(), heatmap.ravel().astype(np.float64), len(sizes))
    relevant = np.argsort(-sums / sizes, kind="stable")
    generator = np.random.default_rng(seed)
    shuffled = [generator.permutation(len(sizes)) for _ in range(RANDOM_ORDERS)]
    return [(relevant, True), (relevant, False), *((order, True) for order in shuffled)]


def _regions(shape: tuple[int, ...]) -> np.ndarray:
    """(H, W) int64: the number of the square that each pixel is in."""
    height, width = shape
    side = max(max(height, width) // REGIONS, 1)
    columns = -(-width // side)
    rows = np.arange(height)[:, None] // side
    regions: np.ndarray = rows * columns + np.arange(width)[None] // side
    return regions
