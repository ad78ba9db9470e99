"""Pictures of what channels look for as a job: those kept on disk first, then the others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vrnn.compute.jobs import JobStep, JobSteps, require_same_graph
from vrnn.errors import VrnnError
from vrnn.features.results import FeatureImage, FeatureTile, display_size
from vrnn.features.settings import FeatureVisSettings
from vrnn.features.store import load, save
from vrnn.network.derived_maps import from_array
from vrnn.storage.atomic import make_folder
from vrnn.storage.serialization import to_dict
from vrnn.style.srgb import srgb_to_linear

if TYPE_CHECKING:
    from vrnn.compute.loaded_model import LoadedModel

FORMAT = "features 1"
"""Grows with each change of how pictures are made, so that older ones are not shown."""
SHOW_EVERY = 0.4
"""Seconds after which pictures in work are shown again."""
SLOW_STEP = 0.5
"""Seconds: a step that takes longer holds images up that are put in meanwhile."""
AT_ONCE = 16
"""Pictures from the disk in one step."""
MOST_BYTES = 4 << 30
"""On disk, all together."""


@dataclass(frozen=True, eq=False)
class FeatureVisJob:
    """What each channel of a node looks for. Finds `FeatureTile` on its way; its result is None.

    image: (H, W, 3) uint8 to start from; first: channels that are to come first, asked in the
    model's thread.
    """

    slot: int
    node: int
    settings: FeatureVisSettings
    image: np.ndarray | None = None
    priority_channels: Callable[[], Sequence[int]] = tuple

    def steps(self, model: LoadedModel, stop: Callable[[], None]) -> JobSteps:
        """See `Job`."""
        from vrnn.compute.cache import evict
        from vrnn.compute.features.optimizer import optimize

        view = model.view
        settings = self.settings
        name = f"pictures for {view.network.by_id[self.node].name}"
        channels = range(1 if settings.is_whole_layer else view.map_layouts[self.node].shape[0])
        total = len(channels) * settings.samples_per_channel
        yield JobStep(name, 0, total)
        folder = _folder(model, self)
        wanted = [c for c in self.priority_channels() if c in channels]
        known: list[FeatureImage] = []
        for channel in dict.fromkeys((*wanted, *channels)):
            several = _kept(folder, self.node, channel, settings.samples_per_channel)
            known += several
            if several and len(known) % AT_ONCE < settings.samples_per_channel:
                found = self._pictured(known[-AT_ONCE:], folder, total)
                yield JobStep(name, len(known), total, found)
        tail = known[-AT_ONCE:]
        yield JobStep(name, len(known), total, self._pictured(tail, folder, total))
        left = sorted(set(channels) - {feature.channel for feature in known})
        run = optimize(
            model, self.node, left, settings, self.image,
            show_every=SHOW_EVERY, longest=SLOW_STEP, first=self.priority_channels, stop=stop,
        )  # fmt: skip
        where: Path | None = folder
        for at in run if left else ():
            said = at.notice
            if at.finished and where is not None:
                try:
                    _keep(where, at.images)
                except VrnnError as error:
                    where, said = None, f"pictures are not kept for the next time: {error}"
            kept = where if at.finished else None
            found = self._pictured(at.images, kept, total)
            text = f"{name} · step {at.step} of {at.steps}"
            yield JobStep(text, len(known) + at.done, total, found, said)
            require_same_graph(model, view)
        evict(folder.parent, MOST_BYTES)
        return None

    def _pictured(
        self, features: Iterable[FeatureImage], folder: Path | None, count: int
    ) -> tuple[FeatureTile, ...]:
        return tuple(
            FeatureTile(
                feature, _block(feature.pixels, count),
                None if folder is None else _file(folder, feature.channel, feature.sample),
            )
            for feature in features
        )  # fmt: skip


def _block(pixels: np.ndarray, count: int) -> np.ndarray:
    """A picture as it lies on the GPU: (3, h, w) linear half floats with their pyramid."""
    height, width = pixels.shape[:2]
    small = display_size(count, height, width)
    factor = height // small[0]
    linear = srgb_to_linear(pixels[: small[0] * factor, : small[1] * factor])
    if factor > 1:
        linear = linear.reshape(small[0], factor, small[1], factor, 3).mean((1, 3))
    return from_array(np.ascontiguousarray(linear.transpose(2, 0, 1))).block


def _folder(model: LoadedModel, job: FeatureVisJob) -> Path:
    """Another for other weights, another graph, node, settings, start or input."""
    from vrnn.compute.cache import model_into
    from vrnn.storage.paths import cache_dir

    digest = hashlib.blake2b(f"{FORMAT} {job.node}".encode(), digest_size=16)
    digest.update(json.dumps(to_dict(job.settings), sort_keys=True).encode())
    inputs, seen = model.source.prepare(job.image)
    digest.update(repr([tuple(getattr(one, "shape", ())) for one in inputs]).encode())
    if job.settings.source == "image":
        digest.update(np.ascontiguousarray(seen).tobytes())
    for _ in model_into(digest, model):
        pass
    return cache_dir() / "features" / digest.hexdigest()


def _file(folder: Path, channel: int, copy: int) -> Path:
    return folder / f"{channel:05}-{copy}.npz"


def _kept(folder: Path, node: int, channel: int, copies: int) -> list[FeatureImage]:
    """All copies of a channel, or none."""
    found = [load(_file(folder, channel, k), node, channel, k) for k in range(copies)]
    return [feature for feature in found if feature is not None] if all(found) else []


def _keep(folder: Path, features: Iterable[FeatureImage]) -> None:
    make_folder(folder)
    for feature in features:
        save(_file(folder, feature.channel, feature.sample), feature)
