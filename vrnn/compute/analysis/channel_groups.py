"""Groups of channels: a tree of their correlations, principal components, copies, dead channels."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import replace

import numpy as np
import torch

from vrnn.compute.analysis import channel_groups_cache
from vrnn.compute.analysis.average_linkage import average_linkage, leaf_order
from vrnn.compute.analysis.channel_moments import ChannelMoments
from vrnn.compute.analysis.dataset_job import Progress, report_progress
from vrnn.compute.analysis.skipped_images import skip_reason
from vrnn.compute.analysis.top_activation_cache import cache_key
from vrnn.compute.jobs import JobCancelled
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.model_inputs import Inputs
from vrnn.compute.operators.tensor_layout import to_maps
from vrnn.compute.passes.capture_mode import GraphChanged
from vrnn.compute.passes.replay import Replay
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.channel_groups import ChannelCopy, ChannelGroups
from vrnn.network.feature_maps import FeatureMaps

MAX_CHANNELS = 4096
"""Channels that are compared with each other: 8 million pairs."""
MAX_COMPONENTS = 12
"""Principal components that are found."""
MIN_SHARE = 1e-9
"""Part of the variance below which a component is rounding."""
MAX_DIRECT = 1024
"""Channels up to which all components are found at once, and the first are kept."""
ITERATIONS, EXTRA = 40, 12
"""Steps of the subspace iteration for more channels, and vectors beyond those that are kept."""
COPY = 1e-6
"""1 − |r| up to which a channel is a copy: values are half floats, with 11 bits."""
NEEDS_CHANNELS = "has one channel, so there is nothing to group; choose a layer with several"


def group_image_channels(
    maps: FeatureMaps, name: str, check_stop: Callable[[], None] = lambda: None
) -> ChannelGroups:
    """Compare the channels of a layer over the positions of one image.

    Args:
        maps: Of the layer.
        name: Of the layer, for what is refused.
        check_stop: Raises what is to end it.

    Raises:
        VrnnError: The layer has a single channel or position, too many channels, or none that
            changes.
    """
    check_layer(name, maps.channels)
    if maps.height * maps.width < 2:
        raise VrnnError(
            f"'{name}' has one position, so one image does not tell which channels go together; "
            "compare over the data set"
        )
    moments = ChannelMoments(maps.channels)
    values = maps.values.reshape(maps.channels, -1).astype(np.float32) * np.float32(maps.scale)
    moments.add(torch.from_numpy(values))
    check_stop()
    return groups_of(moments, name, 0, check_stop)


def group_dataset_channels(
    model: LoadedModel, dataset: ImageSet, node: int,
    check_stop: Callable[[], None] = lambda: None,
) -> Generator[Progress, None, ChannelGroups]:  # fmt: skip
    """Compare the channels of a layer over all positions of all images of a data set.

    An image that cannot be read or run is skipped and listed. What was found before is taken from
    the user's cache.

    Args:
        model: The model.
        dataset: The images.
        node: Id of the layer's node.
        check_stop: Raises what is to end it.

    Yields:
        Between images, how many are done and how many there are.

    Raises:
        VrnnError: As of `group_image_channels`; no image at all could be run.
    """
    view, total = model.view, len(dataset)
    name, layout = view.network.by_id[node].name, view.map_layouts[node]
    check_layer(name, layout.shape[0])
    key = yield from report_progress((0, total), cache_key(model, dataset, node, 0))
    cached = channel_groups_cache.load(key, layout.shape[0])
    if cached is not None:
        return cached
    replay = Replay(model.source.model, replace(view, records={node: view.records[node]}))
    moments, skipped = ChannelMoments(layout.shape[0]), []
    for index in range(total):
        try:
            inputs = model.source.prepare(dataset.image(index))[0]
            maps = to_maps(_capture_layer(replay, inputs, check_stop), layout)
        except JobCancelled:
            raise
        except Exception as error:  # whatever a data set, or a model, may raise
            skipped.append((index, skip_reason(error)))
        else:
            maps = (maps.abs() if maps.is_complex() else maps)[0]
            moments.add(maps[..., maps.shape[-1] - layout.positions :].float().cpu())
        yield index + 1, total
    if not moments.image_count:
        reason = skipped[0][1] if skipped else "it is empty"
        raise VrnnError(
            f"no image of the data set can be run: {reason}; choose another with --data"
        )
    found = groups_of(moments, name, moments.image_count, check_stop)
    found = replace(found, skipped=tuple(skipped))
    with suppress(VrnnError):
        channel_groups_cache.save(key, found)
    return found


class _Captured(Exception):
    """The layer has its tensor: what comes behind it is not needed."""


def _capture_layer(replay: Replay, inputs: Inputs, check_stop: Callable[[], None]) -> torch.Tensor:
    """Run a pass up to the only layer that is recorded, and return its tensor."""
    captured: list[torch.Tensor] = []

    def take(_: int, tensor: torch.Tensor) -> None:
        check_stop()
        captured.append(tensor)
        raise _Captured

    with suppress(_Captured):
        replay.run(inputs, take)
    if not captured:
        raise GraphChanged("the layer did not run")
    return captured[0].detach()


def check_layer(name: str, channels: int) -> None:
    """Check that the channels of a layer can be compared.

    Raises:
        VrnnError: There is one, or there are too many.
    """
    if channels < 2:
        raise VrnnError(f"'{name}' {NEEDS_CHANNELS}")
    if channels > MAX_CHANNELS:
        raise VrnnError(
            f"'{name}' has {channels:,} channels, more than the {MAX_CHANNELS:,} that can be "
            "compared with each other; choose a layer with fewer"
        )


def groups_of(
    moments: ChannelMoments, name: str, image_count: int, check_stop: Callable[[], None]
) -> ChannelGroups:
    """Find how channels go together from their moments.

    Args:
        moments: Sums over all positions.
        name: Of the layer, for what is refused.
        image_count: See `ChannelGroups`.
        check_stop: Raises what is to end it.

    Raises:
        VrnnError: No channel changes, or there are too few values.
    """
    finite = moments.is_finite.numpy()
    if not finite.any():
        raise VrnnError(
            f"all channels of '{name}' have values that are NaN or infinite, so they cannot be "
            "compared; choose another layer or another input"
        )
    if moments.count < 2:
        raise VrnnError(
            f"'{name}' has too few finite values to compare its channels; choose another layer, or "
            "a data set of more images"
        )
    changes = (moments.high > moments.low).numpy() & finite
    live = np.flatnonzero(changes)
    if not len(live):
        raise VrnnError(
            f"no channel of '{name}' changes, so there is nothing to group; choose another layer "
            "or another input"
        )
    covariance, mean = moments.covariance(), moments.mean()
    own = torch.from_numpy(live)
    part = covariance[own][:, own]
    deviation = part.diagonal().clamp_min(0).sqrt()
    correlation = (part / deviation.clamp_min(1e-300).outer(deviation.clamp_min(1e-300))).numpy()
    correlation = np.clip(correlation, -1, 1)
    check_stop()
    merges, leaves = _tree(correlation)
    check_stop()
    components, shares = _components(part)
    whole = np.zeros((len(components), len(finite)), np.float32)
    whole[:, live] = components
    is_zero = finite & ~changes & (moments.low.numpy() == 0)
    std = np.where(finite, covariance.diagonal().clamp_min(0).sqrt().numpy(), np.nan)
    between = moments.variance_of_images().sqrt().numpy()
    variation = np.where(finite, between, np.nan) if image_count > 1 else std
    return ChannelGroups(
        image_count, live, merges, leaves,
        np.where(finite, mean.numpy(), np.nan).astype(np.float32), std.astype(np.float32),
        variation.astype(np.float32), whole, shares,
        _copies(live, correlation, deviation.numpy(), mean.numpy()),
        np.flatnonzero(is_zero), np.flatnonzero(finite & ~changes & ~is_zero),
        np.flatnonzero(~finite),
    )  # fmt: skip


def _tree(correlation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The tree by mean linkage of 1 − r, and its leaves in order."""
    merges = average_linkage(1 - (correlation + correlation.T) / 2)
    return merges, leaf_order(merges)


def _components(covariance: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """(K, L) float32 principal components, each with its strongest channel positive, and shares."""
    total = float(covariance.trace())
    count = min(MAX_COMPONENTS, len(covariance))
    if len(covariance) <= MAX_DIRECT:
        values, vectors = torch.linalg.eigh(covariance)
    else:
        generator = torch.Generator().manual_seed(0)
        basis = torch.randn(len(covariance), count + EXTRA, generator=generator)
        quick = (covariance / max(total, 1e-300)).float()
        for _ in range(ITERATIONS):
            basis = torch.linalg.qr(quick @ basis).Q
        basis = torch.linalg.qr(basis.double()).Q
        values, vectors = torch.linalg.eigh(basis.T @ covariance @ basis)
        vectors = basis @ vectors
    values, vectors = values.flip(0)[:count], vectors.flip(1)[:, :count].T
    kept = values > MIN_SHARE * total
    values, vectors = values[kept], vectors[kept]
    strongest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    vectors = vectors * strongest.sign()
    return vectors.float().numpy(), (values / total).float().numpy()


def _copies(
    live: np.ndarray, correlation: np.ndarray, deviation: np.ndarray, mean: np.ndarray
) -> tuple[ChannelCopy, ...]:
    """Channels that are an earlier one, but for a factor and what is added."""
    close = np.tril(np.abs(correlation) >= 1 - COPY, -1)
    copies = []
    for row in np.flatnonzero(close.any(1)).tolist():
        first = int(np.argmax(close[row]))
        factor = float(np.sign(correlation[row, first]) * deviation[row] / deviation[first])
        channel, of = int(live[row]), int(live[first])
        copies.append(ChannelCopy(channel, of, factor, float(mean[channel] - factor * mean[of])))
    return tuple(copies)
