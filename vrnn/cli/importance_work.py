"""How much work the parts of `vrnn importance` are, for its progress bar."""

from __future__ import annotations

from vrnn.compute.importance.importance_request import ImportanceRequest
from vrnn.compute.importance.labeled_images import LabeledImages
from vrnn.compute.importance.pruning import RANDOM_ORDERS

FORTH_AND_BACK, EXPLAINED = 3.0, 8.0
"""Work of a pass with gradients, and of one that distributes relevance, in plain passes."""


def work_of(request: ImportanceRequest, images: LabeledImages) -> tuple[float, float]:
    """Return how many plain passes of an image it takes to find importance, and its curve.

    Args:
        request: What is found.
        images: The images of the data set.
    """
    count = len(images.labels)
    own = int((images.labels == request.class_index).sum())
    measuring = {
        "gamma": FORTH_AND_BACK * request.settings.epochs * count,
        "relevance": EXPLAINED * own,
        "gradient": FORTH_AND_BACK * own,
    }.get(request.ranking, 1.0)
    orders = RANDOM_ORDERS if request.ranking == "random" else 1
    return float(measuring), float(orders * request.points * count)
