"""Two models compared: layers matched, weights, similarity of features, answers."""

from __future__ import annotations

from collections.abc import Generator

from vrnn.compute.comparison.answers import compared_answers
from vrnn.compute.comparison.cka_steps import MAX_IMAGES, cka_steps
from vrnn.compute.comparison.weight_differences import weight_differences
from vrnn.compute.jobs import CheckStop, JobStep
from vrnn.compute.loaded_model import LoadedModel
from vrnn.errors import VrnnError
from vrnn.network.comparison import Comparison, distinct_titles
from vrnn.network.layer_matching import match_layers


def comparison_steps(
    first: LoadedModel, second: LoadedModel, images: int = MAX_IMAGES,
    check_stop: CheckStop = lambda: None,
) -> Generator[JobStep, None, Comparison]:  # fmt: skip
    """Compare two models. What cannot be found without a data set is left out with a note.

    Args:
        first: A model.
        second: Another, or the same.
        images: How many images layers are compared over, at most; 0 for no data set.
        check_stop: Raises an error when the work is to end.

    Yields:
        How far it is.
    """
    yield JobStep("comparing weights", 0, 1)
    matching = match_layers(first.network, second.network)
    weights = weight_differences(first, second, matching)
    cka = answers = None
    notes = []
    if images:
        try:
            cka = yield from cka_steps(first, second, images, check_stop)
            notes += cka.notes(distinct_titles(first.source.title, second.source.title))
        except VrnnError as error:
            notes.append(f"layers are not compared over images: {error}")
        try:
            answers = yield from compared_answers(first, second)
        except VrnnError as error:
            notes.append(f"answers are not compared: {error}")
    networks = first.network, second.network
    return Comparison(networks, matching, weights, cka, answers, tuple(notes))
