"""Linear CKA of the layers of two models over a data set, a batch of images at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch

from vrnn.compute.analysis.image_runner import ImageRunner
from vrnn.compute.analysis.top_activation_cache import digest_dataset
from vrnn.compute.embedding.image_features import chosen_images
from vrnn.compute.jobs import CheckStop, JobStep, require_same_graph
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.model_digest import digest_model
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.cka import MIN_IMAGES, CkaMatrix, CkaSums, gram_matrix
from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Node
from vrnn.storage.array_cache import ArrayCache
from vrnn.storage.paths import cache_dir

FORMAT = "cka 1"
"""To be changed with what is written or how it is found, so that older files are not read."""
MAX_CACHE_BYTES = 1 << 27
MAX_FEATURE_BYTES = 1 << 30
"""Bytes of the features of one batch, of both models."""
MAX_BATCH = 64
"""Images in a batch, at most: the unbiased estimator asks for no more."""
MAX_IMAGES = 512
"""Images of a data set that are run where nothing else is asked for, spread evenly."""


def cka_steps(
    first: LoadedModel, second: LoadedModel, images: int = MAX_IMAGES,
    check_stop: CheckStop = lambda: None,
) -> Generator[JobStep, None, CkaMatrix]:  # fmt: skip
    """Compare all layers of two models over the data set of the first, else of the second.

    Args:
        first: A model.
        second: Another, or the same.
        images: How many of the data set's images are run, at most.
        check_stop: Raises an error when the work is to end.

    Yields:
        How far it is.

    Raises:
        VrnnError: There is no data set, a model takes no images, or fewer than four can be run.
    """
    dataset = common_dataset(first, second)
    key = yield from _cache_key(first, second, dataset, images)
    cache = ArrayCache(cache_dir() / "cka", MAX_CACHE_BYTES)
    rows, columns = compared_layers(first), compared_layers(second)
    known = _load(cache, key, rows, columns)
    if known is not None:
        return known
    found = yield from _run(first, second, dataset, images, check_stop)
    with suppress(VrnnError):
        _save(cache, key, found)
    return found


def common_dataset(first: LoadedModel, second: LoadedModel) -> ImageSet:
    """Return the images that two models are compared over.

    Raises:
        VrnnError: Neither has a data set, or one of them takes no images.
    """
    for model in (first, second):
        if not model.info.takes_other_images:
            raise VrnnError(
                f"{model.source.title} takes no images, so it cannot be compared over a data set "
                "of them; choose two networks for images"
            )
    dataset = first.source.dataset
    dataset = second.source.dataset if dataset is None else dataset
    if dataset is None:
        raise VrnnError(
            f"neither {first.source.title} nor {second.source.title} has a data set to compare "
            "layers over; give one with --data FOLDER"
        )
    return dataset


def compared_layers(model: LoadedModel) -> list[Node]:
    """Return the layers of a model that are compared: all but its inputs, in run order."""
    network = model.view.network
    return [node for node in network.nodes if node.id not in network.inputs]


@dataclass(frozen=True, eq=False)
class _Side:
    """One of the two models.

    Attributes:
        layers: What is compared of it.
        runner: Runs the images.
        not_finite: Ids of layers that had values that are NaN or infinite.
    """

    layers: list[Node]
    runner: ImageRunner
    not_finite: set[int]

    def not_finite_names(self) -> tuple[str, ...]:
        """Return the names of the layers that had values that are NaN or infinite."""
        return tuple(node.name for node in self.layers if node.id in self.not_finite)


def _side(model: LoadedModel, dataset: ImageSet) -> _Side:
    layers = compared_layers(model)

    def measure(node: int, tensor: torch.Tensor) -> tuple[np.ndarray, ...]:
        values = tensor.detach()
        values = values.dequantize() if values.is_quantized else values
        values = values.to_dense() if values.layout != torch.strided else values
        values = torch.view_as_real(values) if values.is_complex() else values
        place = model.view.map_layouts[node].sample_place
        samples = values.movedim(place, 0) if place is not None and values.dim() else values[None]
        # A copy: a later operation may write over the tensor.
        return (samples.to(torch.float32).flatten(1).cpu().numpy().copy(),)

    runner = ImageRunner(model, dataset, [node.id for node in layers], measure)
    return _Side(layers, runner, set())


def _run(
    first: LoadedModel, second: LoadedModel, dataset: ImageSet, images: int, check_stop: CheckStop
) -> Generator[JobStep, None, CkaMatrix]:
    models = first, second
    views = first.view, second.view
    sides = _side(first, dataset), _side(second, dataset)
    text = f"comparing layers with {second.source.title}"
    sums = CkaSums(len(sides[0].layers), len(sides[1].layers))
    chosen = chosen_images(dataset, images)
    used = usable = done = 0
    for batch in _batches(chosen, sides):
        features: list[dict[int, dict[int, np.ndarray]]] = []
        for number, side in enumerate(sides):
            features.append({})
            rest = batch.tolist()
            while rest:
                count = side.runner.batch_size
                _take(side.runner, rest[:count], features[-1])
                rest = rest[count:]
                check_stop()
                part = (number + 1 - len(rest) / len(batch)) / 2
                yield JobStep(text, done + part * len(batch), len(chosen))
                for model, view in zip(models, views, strict=True):
                    require_same_graph(model, view)
        both = sorted(features[0].keys() & features[1].keys())
        usable = max(usable, len(both))
        if len(both) >= MIN_IMAGES:
            grams = [_grams(side, own, both) for side, own in zip(sides, features, strict=True)]
            sums.add(grams[0], grams[1])
            used += len(both)
        done += len(batch)
    skipped = dict([*sides[0].runner.skipped, *sides[1].runner.skipped])
    if not used:
        reason = next(iter(skipped.values()), "")
        raise VrnnError(
            f"layers are compared over at least {MIN_IMAGES} images that both networks can take, "
            f"but there are {usable}{f' ({reason})' if reason else ''}; give more with --data "
            "FOLDER"
        )
    return CkaMatrix(
        tuple(node.name for node in sides[0].layers), tuple(node.name for node in sides[1].layers),
        sums.values(), used, tuple(sorted(skipped.items())),
        (sides[0].not_finite_names(), sides[1].not_finite_names()),
    )  # fmt: skip


def _batches(chosen: np.ndarray, sides: tuple[_Side, _Side]) -> list[np.ndarray]:
    """The images in batches of nearly the same size, whose features fit into memory."""
    size = sum(4 * int(np.prod(map_shape(n.shape))) for side in sides for n in side.layers)
    fitting = min(max(MAX_FEATURE_BYTES // max(size, 1), MIN_IMAGES), MAX_BATCH)
    return np.array_split(chosen, max(1, len(chosen) // fitting))


def _take(
    runner: ImageRunner, indices: list[int], features: dict[int, dict[int, np.ndarray]]
) -> None:
    """Run some images, and keep the features of each by its number and by node."""
    for node, (values,) in runner.run(indices).items():
        for place, index in enumerate(runner.run_indices):
            features.setdefault(index, {})[node] = values[place]


def _grams(
    side: _Side, features: dict[int, dict[int, np.ndarray]], indices: list[int]
) -> list[np.ndarray]:
    """The Gram matrix of each layer."""
    grams = []
    for node in side.layers:
        gram = gram_matrix(np.stack([features[index][node.id] for index in indices]))
        if not np.isfinite(gram).all():
            side.not_finite.add(node.id)
        grams.append(gram)
    return grams


def _cache_key(
    first: LoadedModel, second: LoadedModel, dataset: ImageSet, images: int
) -> Generator[JobStep, None, str]:
    digest = hashlib.blake2b(f"{FORMAT} {images}".encode(), digest_size=16)
    for model in (first, second):
        for _ in digest_model(digest, model.network, model.source.model):
            yield JobStep("reading the models", 0, 1)
        for _ in digest_dataset(digest, model, dataset):
            yield JobStep("reading the data set", 0, len(dataset))
    return digest.hexdigest()


def _load(
    cache: ArrayCache, key: str, rows: Sequence[Node], columns: Sequence[Node]
) -> CkaMatrix | None:
    """What was found before; None where there is nothing, or it is damaged."""
    arrays = cache.load(key)
    try:
        if arrays is None or arrays["values"].shape != (len(rows), len(columns)):
            return None
        names = tuple(node.name for node in rows), tuple(node.name for node in columns)
        numbers, reasons = arrays["skipped"].tolist(), arrays["reasons"].tolist()
        marks = arrays["first_not_finite"], arrays["second_not_finite"]
        wrong = [
            tuple(name for name, is_wrong in zip(own, one.tolist(), strict=True) if is_wrong)
            for own, one in zip(names, marks, strict=True)
        ]
        return CkaMatrix(
            names[0], names[1], arrays["values"].astype(np.float64), int(arrays["images"]),
            tuple(zip(map(int, numbers), map(str, reasons), strict=True)), (wrong[0], wrong[1]),
        )  # fmt: skip
    except (KeyError, ValueError, TypeError):
        return None


def _save(cache: ArrayCache, key: str, found: CkaMatrix) -> None:
    sides = zip((found.rows, found.columns), found.not_finite, strict=True)
    wrong = [np.array([name in own for name in names], bool) for names, own in sides]
    cache.save(
        key,
        {
            "values": found.values, "images": np.array(found.images),
            "skipped": np.array([index for index, _ in found.skipped], np.int64),
            "reasons": np.array([reason for _, reason in found.skipped], np.str_),
            "first_not_finite": wrong[0], "second_not_finite": wrong[1],
        },
    )  # fmt: skip
