"""What two models answer to the same images of a data set."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from vrnn.compute.comparison.cka_steps import common_dataset
from vrnn.compute.importance.importance import labeled_image_steps
from vrnn.compute.importance.labeled_images import LabeledImages, answer
from vrnn.compute.jobs import JobStep
from vrnn.compute.loaded_model import LoadedModel
from vrnn.errors import VrnnError
from vrnn.network.comparison import ComparedAnswers


def compared_answers(
    first: LoadedModel, second: LoadedModel
) -> Generator[JobStep, None, ComparedAnswers]:
    """Ask two models for the class of each image of a data set.

    Args:
        first: A model, whose data set is taken if it has one.
        second: Another, or the same.

    Yields:
        How far it is.

    Raises:
        VrnnError: There is no data set, or no image of a class that both models know.
    """
    dataset = common_dataset(first, second)
    several: list[LabeledImages] = []
    scores: list[np.ndarray] = []
    for model in (first, second):
        images = yield from labeled_image_steps(model, dataset)
        several.append(images)
        parts = []
        every = np.arange(len(images.inputs))
        for start in range(0, len(every), images.batch):
            parts.append(answer(model, images, every[start : start + images.batch]))
            yield JobStep(f"answers of {model.source.title}", start, len(every))
        scores.append(np.concatenate(parts))
    numbers, *rows = np.intersect1d(
        several[0].numbers, several[1].numbers, assume_unique=True, return_indices=True
    )
    if not len(numbers):
        raise VrnnError(
            "there is no image of a class that both networks know; choose a data set of classes "
            "that both have with --data FOLDER"
        )
    own = [part[row] for part, row in zip(scores, rows, strict=True)]
    answers = np.stack([part.argmax(1) for part in own])
    labels = [one.labels[row] for one, row in zip(several, rows, strict=True)]
    return ComparedAnswers(
        numbers, labels[0], answers, np.stack([part.max(1) for part in own]),
        answers == np.stack(labels),
        (tuple(first.source.class_names), tuple(second.source.class_names)),
    )  # fmt: skip
