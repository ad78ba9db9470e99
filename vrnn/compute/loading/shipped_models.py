"""The networks that open without a file: for photographs and for digits, with images for each."""

from __future__ import annotations

import io
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType

import numpy as np

from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.weights import load_weights
from vrnn.media.image_reader import decode_image
from vrnn.media.image_set import ImageSet


def imagenet_model() -> ModelCandidate:
    """EfficientNet-Lite0, trained on ImageNet, with the photos that come with vrnn.

    Raises:
        VrnnError: Its weights, which the extra `imagenet` installs, are missing or damaged.
    """
    from vrnn.default import efficientnet_lite0 as lite0

    names = tuple(_file("imagenet_classes.txt").read_text(encoding="utf-8").splitlines())
    return ModelCandidate(
        lite0.build_trained_model(), "EfficientNet-Lite0", False, names, photographs(), None,
        lite0.INPUT_SIZE, None, lite0.MEAN, lite0.STD,
    )  # fmt: skip


def digits_model() -> ModelCandidate:
    """The small network that comes with vrnn, trained on handwritten digits."""
    from vrnn.default import model as digits

    model = digits.build_model()
    with resources.as_file(_file("digits.safetensors")) as path:
        load_weights(model, path)
    return ModelCandidate(
        model, "digits", False, digits.CLASS_NAMES, digit_images(), None, digits.INPUT_SIZE, None,
        digits.MEAN, digits.STD,
    )  # fmt: skip


SHIPPED: Mapping[str, Callable[[], ModelCandidate]] = MappingProxyType(
    {"imagenet": imagenet_model, "digits": digits_model}
)
"""What makes each, by the name that `--model` takes."""


@cache
def photographs() -> ImageSet:
    """Return the photos that come with vrnn, each with what it shows."""
    folder = _file("photos")
    table = tomllib.loads(folder.joinpath("photos.toml").read_text(encoding="utf-8"))
    photos = table["photos"]
    names = tuple(sorted({photo["label"] for photo in photos if "label" in photo}))
    return ImageSet(
        names,
        [names.index(photo["label"]) if "label" in photo else -1 for photo in photos],
        lambda index: _decode(folder.joinpath(photos[index]["file"])),
        captions=[photo["caption"] for photo in photos],
    )


@cache
def digit_images() -> ImageSet:
    """Return the digits that the network for digits was not trained on."""
    with _file("digits.npz").open("rb") as file:
        data = np.load(file, allow_pickle=False)
        test = data["test"]
        images, labels = data["images"][test], data["labels"][test]
    names = tuple(str(n) for n in range(10))
    return ImageSet(
        names, [int(n) for n in labels], lambda i: np.repeat(images[i][..., None], 3, axis=-1)
    )


@cache
def sample_photograph() -> np.ndarray:
    """Return (H, W, 3) uint8: what is shown where no other image is given."""
    return _decode(_file("sample.jpg"))


def _decode(file: Traversable) -> np.ndarray:
    """(H, W, 3) uint8 of an image file of the package."""
    return decode_image(io.BytesIO(file.read_bytes()), file.name)


def _file(name: str) -> Traversable:
    return resources.files("vrnn.default").joinpath(name)
