"""What the images of a cloud are told apart by: classes, answers, and what is filtered out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from vrnn.network.image_cloud import UNKNOWN, CloudImages
from vrnn.scene.cloud_state import NO_CLASS, CloudColor, CloudState
from vrnn.style.srgb import srgb_to_linear

PALETTE = (
    (86, 180, 233), (230, 159, 0), (0, 158, 115), (204, 121, 167), (240, 228, 66), (213, 94, 0),
    (68, 119, 170), (170, 51, 119), (153, 153, 51), (136, 204, 238), (221, 204, 119),
)  # fmt: skip
"""sRGB of classes (Okabe and Ito 2008; Tol 2021); further ones share that of all others."""
OTHERS, NOTHING = (128, 132, 140), (190, 196, 206)
"""sRGB of all other classes and of what has none, and where nothing is told apart."""
RIGHT, WRONG = (86, 180, 233), (213, 94, 0)
"""sRGB of images that are answered right and wrong."""


@dataclass(frozen=True)
class Category:
    """Images that have one color.

    Attributes:
        text: What they are.
        color: Linear red, green, blue and 1.
        count: How many there are.
        names: Names of their classes; () where these are no classes.
    """

    text: str
    color: tuple[float, float, float, float]
    count: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ImageNames:
    """Images with their classes by name.

    Attributes:
        classes: (N,) names in the data set, `NO_CLASS` where unknown.
        answers: (N,) names of what the network answers.
        correct: (N,) 1 right, 0 wrong, −1 where that cannot be said.
        class_names: The names among `classes`.
        answer_names: The names among `answers`.
        own: (N,) names of classes of the user's own, `NO_CLASS` for images in none.
        own_names: All these names, as they were made.
    """

    classes: np.ndarray
    answers: np.ndarray
    correct: np.ndarray
    class_names: tuple[str, ...] = ()
    answer_names: tuple[str, ...] = ()
    own: np.ndarray = field(default_factory=lambda: np.zeros(0, np.str_))
    own_names: tuple[str, ...] = ()


def name_images(
    images: CloudImages, label_names: Sequence[str], answer_names: Sequence[str]
) -> ImageNames:
    """Name the classes of images, and tell which are answered right.

    Args:
        images: The images.
        label_names: Of the data set's classes.
        answer_names: Of the model's. Where both have names and share none, nothing is right or
            wrong; where one has none, numbers are compared.
    """
    classes = _named(images.labels, label_names)
    answers = _named(images.answers, answer_names)
    known = (images.labels != UNKNOWN) & (images.answers != UNKNOWN)
    if label_names and answer_names:
        shared = {n.casefold() for n in label_names} & {n.casefold() for n in answer_names}
        same = np.char.lower(classes) == np.char.lower(answers)
        known &= bool(shared)
    else:
        same = images.labels == images.answers
    return ImageNames(
        classes, answers, np.where(known, same, -1).astype(np.int8),
        tuple(np.unique(classes).tolist()), tuple(np.unique(answers).tolist()),
        np.full(len(classes), NO_CLASS),
    )  # fmt: skip


def name_own_classes(names: ImageNames, numbers: np.ndarray, state: CloudState) -> ImageNames:
    """Return images with the classes of the user's own that a state has.

    Args:
        names: The images.
        numbers: (N,) their numbers, ascending.
        state: Has the classes.
    """
    own_names = state.own_names
    places = np.zeros(len(numbers), int)
    for place, name in enumerate(own_names, 1):
        places[np.isin(numbers, state.find_own_class(name).numbers)] = place
    return replace(names, own=np.array((NO_CLASS, *own_names))[places], own_names=own_names)


def _named(numbers: np.ndarray, names: Sequence[str]) -> np.ndarray:
    found = {
        number: NO_CLASS if number < 0 else names[number] if number < len(names) else
        f"class {number}" for number in np.unique(numbers).tolist()
    }  # fmt: skip
    return np.array([found[number] for number in numbers.tolist()], np.str_)


def categories(names: ImageNames, color: CloudColor) -> tuple[tuple[Category, ...], np.ndarray]:
    """Tell images apart.

    Args:
        names: Their classes.
        color: By what.

    Returns:
        The categories, the largest first, all others last; (N,) which of them each image is in.
    """
    count = len(names.classes)
    if color == "own":
        return _own_categories(names)
    if color == "none":
        return (Category("images", _linear(NOTHING), count),), np.zeros(count, int)
    if color == "correct":
        groups = (("right", 1, RIGHT), ("wrong", 0, WRONG), ("cannot be said", -1, OTHERS))
        found = [
            Category(text, _linear(rgb), int((names.correct == value).sum()))
            for text, value, rgb in groups
        ]
        place = np.select([names.correct == 1, names.correct == 0], [0, 1], 2)
        return tuple(found if found[2].count else found[:2]), place
    values, inverse, counts = np.unique(
        names.classes if color == "class" else names.answers,
        return_inverse=True,
        return_counts=True,
    )
    is_class = values != NO_CLASS
    order = sorted(np.flatnonzero(is_class), key=lambda i: (-counts[i], i))
    told = order if len(order) <= len(PALETTE) else order[: len(PALETTE)]
    told_set = set(told)
    rest = [i for i in range(len(values)) if i not in told_set]
    # In the order of their names, as digits have one.
    told.sort()
    where = np.full(len(values), len(told))
    where[told] = np.arange(len(told))
    found = [
        Category(str(values[i]), _linear(PALETTE[k]), int(counts[i]), (str(values[i]),))
        for k, i in enumerate(told)
    ]
    if rest:
        others = tuple(str(values[i]) for i in rest)
        text = others[0] if len(rest) == 1 else f"{len(rest)} other classes"
        found.append(Category(text, _linear(OTHERS), int(counts[rest].sum()), others))
    return tuple(found), where[inverse.reshape(-1)]


def _own_categories(names: ImageNames) -> tuple[tuple[Category, ...], np.ndarray]:
    """Classes of the user's own: each keeps its color when another is made after it."""
    place = np.full(len(names.own), len(names.own_names))
    found = []
    for k, name in enumerate(names.own_names):
        is_in = names.own == name
        place[is_in] = k
        color = _linear(PALETTE[k % len(PALETTE)])
        found.append(Category(name, color, int(is_in.sum()), (name,)))
    rest = int((place == len(found)).sum())
    found.append(Category("other images", _linear(OTHERS), rest, (NO_CLASS,)))
    return tuple(found), place


def visible_images(names: ImageNames, state: CloudState) -> np.ndarray:
    """Return which images the filters of a state let through, (N,) bool."""
    visible = np.ones(len(names.classes), bool)
    if state.classes:
        visible &= np.isin(names.classes, state.classes)
    if state.answers:
        visible &= np.isin(names.answers, state.answers)
    if state.own:
        visible &= np.isin(names.own, state.own)
    if state.correct != "all":
        visible &= names.correct == (1 if state.correct == "right" else 0)
    return visible


def _linear(rgb: tuple[int, int, int]) -> tuple[float, float, float, float]:
    red, green, blue = srgb_to_linear(np.array(rgb, np.uint8)).tolist()
    return red, green, blue, 1.0
