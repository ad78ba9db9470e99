"""Pruning curves: what a network still answers when channels are set to zero."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

import numpy as np

from vrnn.compute.importance.importance_request import POINTS
from vrnn.compute.importance.labeled_images import LabeledImages, answer
from vrnn.compute.loaded_model import LoadedModel
from vrnn.network.importance import ChannelImportance, PruningCurve, pruned_count, pruning_ablations

RANDOM_ORDERS = 3
"""That a curve of random orders is the mean of."""


def curve_steps(
    model: LoadedModel, images: LabeledImages, importance: ChannelImportance,
    points: int = POINTS, seed: int = 0, check_stop: Callable[[], None] = lambda: None,
) -> Generator[tuple[int, int], None, PruningCurve]:  # fmt: skip
    """Prune channels, the least important first, and run all images at each share.

    Channels are pruned as they are ablated anywhere else: set to zero inside the pass.

    Args:
        model: The model.
        images: The images.
        importance: What tells which channels go first. Where it is random, the curve is the mean
            of some orders, of which the first is kept.
        points: Of the curve.
        seed: Of random orders.
        check_stop: Raises what is to end it.

    Yields:
        How many passes are done, and how many there are.

    Raises:
        GraphChanged: The model took another way than when it was traced.
    """
    generator = np.random.default_rng(seed)
    order = importance.order()
    orders = [order]
    if importance.ranking == "random":
        orders = [generator.permutation(order) for _ in range(RANDOM_ORDERS)]
    shares = np.linspace(0, 1, points)
    everything = np.arange(len(images.labels))
    passes = [everything[i : i + images.batch] for i in range(0, len(everything), images.batch)]
    total = len(orders) * points * len(passes)
    curves = []
    done = 0
    for one in orders:
        accuracies = []
        for share in shares:
            count = pruned_count(len(one), share)
            # All orders have both ends in common: they are run once for a data set.
            pruned = tuple(sorted(importance.channels)) if count else ()
            answers = images.known_answers.get(pruned) if count in (0, len(one)) else None
            if answers is None:
                answers = yield from _answer_pruned(
                    model, images, one[:count], passes, (done, total), check_stop
                )
                done += len(passes)
                if count in (0, len(one)):
                    images.known_answers[pruned] = answers
            else:
                done += len(passes)
                yield done, total
            accuracies.append(accuracy(answers, images.labels, images.classes))
        curves.append(accuracies)
    overall = np.array([[a for a, _ in curve] for curve in curves]).mean(0)
    by_class = np.array([[b for _, b in curve] for curve in curves]).mean(0)
    return PruningCurve(
        importance.ranking, importance.class_index, orders[0], shares.astype(np.float32),
        overall.astype(np.float32), by_class.astype(np.float32),
    )  # fmt: skip


def _answer_pruned(
    model: LoadedModel, images: LabeledImages, pruned: np.ndarray, passes: Sequence[np.ndarray],
    progress: tuple[int, int], check_stop: Callable[[], None],
) -> Generator[tuple[int, int], None, np.ndarray]:  # fmt: skip
    """Run all images with some channels pruned, and return the (N,) classes that are answered.

    Args:
        model: The model.
        images: The images.
        pruned: The channels, as of `ChannelImportance.order`.
        passes: Numbers of the images of each pass.
        progress: How many passes were done before, and how many there are.
        check_stop: Raises what is to end it.

    Yields:
        The same after each pass.
    """
    done, total = progress
    ablations, found = pruning_ablations(pruned), []
    for part in passes:
        check_stop()
        found.append(_best(answer(model, images, part, ablations)))
        done += 1
        yield done, total
    return np.concatenate(found)


def _best(scores: np.ndarray) -> np.ndarray:
    """(N,) the class of the greatest score of each, −1 where none is finite. scores: (N, K)."""
    best = np.where(np.isfinite(scores), scores, -np.inf).argmax(1)
    return np.where(np.isfinite(scores).any(1), best, -1)


def accuracy(answers: np.ndarray, labels: np.ndarray, classes: int) -> tuple[float, np.ndarray]:
    """Return how often answers are right.

    Args:
        answers: (N,) classes that are answered.
        labels: (N,) those that are right.
        classes: How many there are.

    Returns:
        The share of right answers, and (K,) float64 for each class the mean of the share of its
        images that are answered so and that of others that are not; NaN for a class without
        images, and 0.5 is what guessing gives. Where there are no others, these count as right.
    """
    is_class = labels[None] == np.arange(classes)[:, None]
    is_answer = answers[None] == np.arange(classes)[:, None]
    own, others = is_class.sum(1), (~is_class).sum(1)
    found = (is_class & is_answer).sum(1) / np.where(own, own, np.nan)
    left = np.where(others, (~is_class & ~is_answer).sum(1) / np.maximum(others, 1), 1.0)
    return float((answers == labels).mean()), (found + left) / 2
