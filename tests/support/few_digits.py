"""The digits with few of their images, where a job over all of them would take long."""

from pathlib import Path

from PIL import Image

from vrnn.compute.loading.shipped_models import digit_images
from vrnn.network.model_spec import ModelSpec


def few_digits(folder: Path, count: int = 60) -> ModelSpec:
    """Write some digits into a folder, each class into one of its own.

    Returns:
        The network for digits with these as its data set.
    """
    images = digit_images()
    for number in range(count):
        place = folder / images.names[images.label(number)]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images.image(number)).save(place / f"{number:04}.png")
    return ModelSpec("digits", data=folder)
