"""Two networks compared."""

from __future__ import annotations

from typing import Any

from vrnn.api.sources import finish, prepare, specs
from vrnn.errors import VrnnError
from vrnn.network.cka import MIN_IMAGES
from vrnn.network.comparison import Comparison


def compare(
    first: Any,
    second: Any,
    *,
    images: int = 512,
    detail: str = "layers",
    **source: Any,
) -> Comparison:
    """Compare two networks: layers matched, weights, similarity of layers (CKA), and answers.

        found = vrnn.compare("net.py", "tuned.py", data="photos")
        [(one.first, one.relative) for one in found.most_changed]
        found.cka.values  # (layers of the first, layers of the second)

    Args:
        first: As `model` for `screenshot`, one of them; it is left as it was.
        second: The other.
        images: Of the data set that layers are compared over, at most, at least 4; 0 for none.
        detail: How finely the graphs are shown: `layers`, `modules` or `all`.
        **source: As for `screenshot`, such as `data`, a folder of images; for both networks.

    Returns:
        What is found; what is missing of it is told in `notes`.

    Raises:
        VrnnError: A model is wrong, or so few images are asked for.
    """
    from vrnn.compute.comparison.comparison import comparison_steps
    from vrnn.compute.loaded_model import LoadedModel
    from vrnn.compute.loading.source import open_source

    prepare()
    if images and images < MIN_IMAGES:
        raise VrnnError(f"layers are compared over at least {MIN_IMAGES} images, not {images}")
    one, other = (LoadedModel(open_source(s), detail) for s in specs([first, second], source))
    return finish(comparison_steps(one, other, images))
