"""Sources of the networks' input image: files, the data set, noise, images without a file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.media.media import Example
from vrnn.media.synthetic import gray_image, mean_image, noise_image
from vrnn.network.feature_maps import map_shape
from vrnn.scene.state import InputImage
from vrnn.scene.world import World

MAX_REMEMBERED = 64
"""Images without a file that are kept in memory, so that undo can return to them."""
DEFAULT_SIZE = (224, 224)
"""(height, width) in pixels of an input before any network is open."""

WorkerImage = np.ndarray | Path | int | Example | Callable[[], np.ndarray] | None
"""What the worker runs: pixels, a file, a number in its data set, one of the images that it was
watched with, a function that returns pixels, or None for the network's own sample."""


class InputSource:
    """Turns an `InputImage` of the state into what the worker runs, and steps through images.

    Attributes:
        pixels: (H, W, 3) uint8 images without a file, by their key in the state.
        browsable: Images to step through in place of the data set.
        live_frame: The newest frame of a live source; None when another image was set since.
    """

    def __init__(self, world: World) -> None:
        self.pixels: dict[str, np.ndarray] = {}
        self.browsable: list[np.ndarray | Path | int] = []
        self.live_frame: np.ndarray | None = None
        self._world = world
        self._position = 0

    @property
    def streaming(self) -> bool:
        """Whether a live source is shown, and not an image that was set since."""
        return self.live_frame is not None

    def resolve(self, image: InputImage, images: ImageSet | None) -> WorkerImage:
        """Return what the worker runs for an image.

        Args:
            image: As the state describes it.
            images: The first network's data set; None for none.

        Raises:
            VrnnError: When its pixels are no longer in memory, there is no data set to take
                the mean of, or no such example.
        """
        if image.example is not None:
            count = self.example_count
            if not 0 <= image.example < count:
                raise VrnnError(
                    f"there is no example {image.example}: the training was watched with {count}"
                )
            return Example(image.example)
        if image.pixels:
            if image.pixels not in self.pixels:
                raise VrnnError("this image is no longer in memory; choose another one")
            return self.pixels[image.pixels]
        height, width = self.size()
        if image.noise is not None:
            return noise_image(image.noise, height, width)
        if image.plain == "gray":
            return gray_image(height, width)
        if image.plain == "mean":
            if images is None:
                raise VrnnError("there is no data set to take the mean of; start with --data")
            return lambda: mean_image(images, height, width)
        return image.file if image.file is not None else image.number

    @property
    def example_count(self) -> int:
        """How many images the first network was watched with."""
        network = self._world.networks.get(0)
        return 0 if network is None else network.info.example_count

    def size(self) -> tuple[int, int]:
        """Return (height, width) of the first network's input, pixels."""
        if not self._world.slots:
            return DEFAULT_SIZE
        network = self._world.networks[self._world.slots[0]]
        if network.result is not None:
            height, width = network.result.image.shape[:2]
            return height, width
        _, height, width = map_shape(network.network.by_id[network.network.inputs[0]].shape)
        return height, width

    def remember(self, pixels: np.ndarray) -> str:
        """Keep an image that has no file in memory.

        Args:
            pixels: (H, W, 3) uint8.

        Returns:
            Its key in the state.
        """
        key = hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()[:16]
        self.pixels[key] = pixels
        while len(self.pixels) > MAX_REMEMBERED:
            del self.pixels[next(iter(self.pixels))]
        return key

    def to_input_image(self, image: np.ndarray | Path | int) -> InputImage:
        """Describe an image for the state.

        Args:
            image: A file, a number in the data set, or (H, W, 3) uint8 pixels, which are
                remembered.
        """
        if isinstance(image, Path):
            return InputImage(file=image)
        if isinstance(image, int):
            return InputImage(number=image)
        return InputImage(pixels=self.remember(image))

    def set_browsable(self, images: Sequence[np.ndarray | Path | int]) -> None:
        """Set the images to step through in place of the data set."""
        self.browsable = list(images)

    def adjacent(self, step: int, images: ImageSet | None) -> tuple[InputImage, str]:
        """Step through `browsable`, or through the data set when that is empty.

        Args:
            step: How far; 0 for the present image.
            images: The first network's data set; None for none.

        Returns:
            The image, and its position as text, such as "image 3 of 10".

        Raises:
            VrnnError: When there is only one image.
        """
        examples = 0 if self.browsable or images is not None else self.example_count
        count = len(self.browsable) or (len(images) if images is not None else examples)
        if not count:
            raise VrnnError(
                "there is only one image: start with --image (several times) or --data FOLDER"
            )
        self._position = (self._position + step) % count
        if examples:
            now = self._world.state.input_image.example
            self._position = ((now or 0) + step) % count
            return InputImage(example=self._position), f"image {self._position + 1} of {count}"
        image = self.browsable[self._position] if self.browsable else self._position
        return self.to_input_image(image), f"image {self._position + 1} of {count}"
