"""A whole data set run through a model, before its edits and ablations and with them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

import numpy as np

from vrnn.compute.editing.weight_editor import WeightEditor
from vrnn.compute.importance.importance import labeled_image_steps
from vrnn.compute.importance.importance_cache import cache_key
from vrnn.compute.importance.labeled_images import LabeledImages, answer
from vrnn.compute.importance.scaled_pass import find_class_output
from vrnn.compute.jobs import JobStep, require_same_graph
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.passes.capture_mode import GraphChanged
from vrnn.compute.scoring.score_cache import ScoreCache
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.dataset_score import DatasetScore, ScoreComparison
from vrnn.network.results import Ablation

T = TypeVar("T")
SUM_TOLERANCE = 1e-3
"""By how much the probabilities of an image may miss a sum of 1."""


def score_steps(
    model: LoadedModel, dataset: ImageSet, ablations: Sequence[Ablation] = (),
    check_stop: Callable[[], None] = lambda: None,
) -> Generator[JobStep, None, ScoreComparison]:  # fmt: skip
    """Score a data set with nothing edited or ablated, and as the model is now.

    What was found before is taken from the user's cache folder.

    Args:
        model: The model; its edited weights count where they are active.
        dataset: The images, with their classes.
        ablations: What is ablated.
        check_stop: Raises what is to end it; called before each pass.

    Yields:
        How far it is.

    Raises:
        VrnnError: The model has no class scores, the data set no labels or no image that the model
            takes, or the model takes another way when it is changed.
    """
    view, editor = model.view, model.editor
    check_labels(model, dataset)
    images = yield from _own_weights(editor, labeled_image_steps(model, dataset))
    before = yield from _own_weights(
        editor, _scored(model, dataset, images, (), "the data set", check_stop)
    )
    now = before
    if editor.edits or ablations:
        text = "the data set as it is now"
        now = yield from _scored(model, dataset, images, ablations, text, check_stop)
    require_same_graph(model, view)
    return ScoreComparison(before, now, len(dataset), images.skipped)


def check_labels(model: LoadedModel, dataset: ImageSet) -> None:
    """Check that a data set can be scored.

    Raises:
        VrnnError: The model gives no class scores, or the images have no labels.
    """
    try:
        find_class_output(model)
    except VrnnError as error:
        raise VrnnError(
            f"{model.source.title} gives no class scores, so it answers nothing that is right or "
            "wrong; open a classifier"
        ) from error
    if len(dataset) and all(dataset.label(i) < 0 for i in range(len(dataset))):
        raise VrnnError(
            "the images of the data set have no labels, so no answer is right or wrong; give "
            "--data a folder with a subfolder for each class"
        )


def _own_weights(
    editor: WeightEditor, steps: Generator[JobStep, None, T]
) -> Generator[JobStep, None, T]:
    """Take each step with the model's own weights."""
    while True:
        with editor.suspended():
            try:
                step = next(steps)
            except StopIteration as end:
                result: T = end.value
                return result
        yield step


def _scored(
    model: LoadedModel, dataset: ImageSet, images: LabeledImages, ablations: Sequence[Ablation],
    text: str, check_stop: Callable[[], None],
) -> Generator[JobStep, None, DatasetScore]:  # fmt: skip
    key = yield from cache_key(model, dataset)
    cache = ScoreCache(key, ablations)
    known = cache.load(images)
    if known is not None:
        return known
    view = model.view
    count = len(images.labels)
    by_id = {node.name: node.id for node in view.network.nodes}
    given = [
        Ablation(by_id.get(str(one.layer), one.layer), one.channels, one.position, one.value)
        for one in ablations
    ]
    answers, confidences = np.full(count, -1, np.int64), np.zeros(count, np.float32)
    for first in range(0, count, images.batch):
        check_stop()
        part = np.arange(first, min(first + images.batch, count))
        try:
            scores = answer(model, images, part, given)
        except GraphChanged as error:
            raise VrnnError(
                f"{model.source.title} takes another path through its layers for an image of the "
                f"data set, so it cannot be scored: {error}"
            ) from error
        answers[part], confidences[part] = best_classes(scores)
        yield JobStep(f"scoring {text}", first + len(part), count)
        require_same_graph(model, view)
    score = DatasetScore(images.classes, images.numbers, images.labels, answers, confidences)
    cache.save(score)
    return score


def best_classes(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which class is answered, and with what probability.

    Args:
        scores: (B, K) float32: logits, log probabilities, or probabilities, which are told by
            their sums.

    Returns:
        (B,) int64 classes, −1 where no score is finite, and (B,) float32 probabilities.
    """
    is_finite = np.isfinite(scores)
    known = np.where(is_finite, scores, -np.inf).astype(np.float64)
    answers = np.where(is_finite.any(1), known.argmax(1), -1)
    is_probability = (scores >= 0).all(1) & (np.abs(scores.sum(1) - 1) <= SUM_TOLERANCE)
    peaks = np.where(is_finite.any(1), known.max(1), 0.0)[:, None]
    powers = np.exp(known - peaks)
    softmax = powers / np.maximum(powers.sum(1, keepdims=True), 1e-30)
    found = np.where(is_probability[:, None], scores, softmax).max(1)
    return answers, np.where(answers >= 0, found, 0.0).astype(np.float32)
