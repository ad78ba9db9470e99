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
from vrnn.compute.explain.prepared_input import prepare_input
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.errors import VrnnError
from vrnn.explanations.results import Explanation, FlippingCurves
from vrnn.explanations.settings import ExplanationSettings
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
    target = settings.target
    if target.channel is None and not target.layer and target.box is None:
        found = find_gradients(
            model, given.inputs, target, has_gradients=False, ablations=settings.ablations
        ).target
        target = replace(target, channel=found.channel)
    shares = curve_shares(points)
    regions = _regions(explanation.heatmap.shape)
    count = int(regions.max()) + 1
    sums = np.bincount(regions.ravel(), explanation.heatmap.ravel().astype(np.float64), count)
    generator = np.random.default_rng(settings.seed)
    relevant = np.argsort(-sums / np.bincount(regions.ravel()), kind="stable")
    orders = [(relevant, True), (relevant, False)]
    orders += [(generator.permutation(count), True) for _ in range(RANDOM_ORDERS)]
    curves = []
    done = 0
    for order, is_deletion in orders:
        curve = []
        for share in shares:
            chosen = np.zeros(count, bool)
            chosen[order[: round(share * count)]] = True
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


def _regions(shape: tuple[int, ...]) -> np.ndarray:
    """(H, W) int64: the number of the square that each pixel is in."""
    height, width = shape
    side = max(max(height, width) // REGIONS, 1)
    columns = -(-width // side)
    rows = np.arange(height)[:, None] // side
    regions: np.ndarray = rows * columns + np.arange(width)[None] // side
    return regions
