"""The images of a data set that use a channel most, beside those that excite it most, as files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vrnn.cli.progress import progress_bar
from vrnn.compute.analysis.relevant_images import relevant_image_steps
from vrnn.compute.analysis.top_activations import top_activation_steps
from vrnn.compute.loaded_model import LoadedModel
from vrnn.errors import VrnnError
from vrnn.explanations.conditions import Condition, parse_condition
from vrnn.explanations.settings import ExplanationSettings
from vrnn.export.layers import layer_file_name
from vrnn.export.png import write_png
from vrnn.media.image_reader import center_crop_resize
from vrnn.media.image_set import ImageSet
from vrnn.network.results import TopImages
from vrnn.storage.atomic import make_folder, write_atomically

COUNT = 9
"""Images of a channel."""
SIDE, GAP = 112, 6
"""Of an image in a picture, and around it, pixels."""
GROUND = (19, 22, 28)
"""sRGB between them."""
FOLDER = "top-images"


def write_top_images(
    model: LoadedModel, settings: ExplanationSettings, wanted: Sequence[str], folder: Path,
    quiet: bool,
) -> None:  # fmt: skip
    """Write the images that use channels most, and those that excite them most.

    For each layer a JSON with the images of all channels, and for each channel that is named a
    picture: by relevance above, by activation below.

    Args:
        model: The model, with a data set.
        settings: How images are explained.
        wanted: Layers and channels, such as `layer3.0.conv1 #4,17` or `layer3.0.conv1`.
        folder: Where to.
        quiet: Whether there is no progress bar.

    Raises:
        VrnnError: There is no such layer or channel, or no data set.
    """
    dataset = model.source.dataset
    if dataset is None:
        raise VrnnError(f"{model.source.title} needs a data set for --top-images: --data FOLDER")
    for text in wanted:
        one = parse_condition(text) if "#" in text else Condition(text.strip())
        node = model.network.layer_named(one.layer, model.source.title)
        one.check_fits(*model.view.map_layouts[node.id].shape)
        found = {}
        with progress_bar(2 * len(dataset), f"top images of {node.name}", quiet) as bar:
            for by, steps in (
                ("relevance", relevant_image_steps(model, dataset, node.id, COUNT, settings)),
                ("activation", top_activation_steps(model, dataset, node.id, COUNT, "max")),
            ):
                while True:
                    try:
                        done, _ = next(steps)
                    except StopIteration as end:
                        found[by] = end.value
                        break
                    bar.n = done + (len(dataset) if by == "activation" else 0)
                    bar.refresh()
        make_folder(folder / FOLDER)
        name = layer_file_name("layer", node, "")
        channels = one.channels or range(len(found["relevance"].images))
        table = {
            "layer": node.name, "method": settings.method,
            "channels": {str(c): {by: _rows(top, c) for by, top in found.items()}
                         for c in channels},
        }  # fmt: skip
        text = json.dumps(table, indent=1) + "\n"
        write_atomically(folder / FOLDER / f"{name}.json", text.encode())
        for channel in one.channels:
            picture = _picture(dataset, [top.images[channel].tolist() for top in found.values()])
            write_png(folder / FOLDER / f"{name}-{channel}.png", picture)


def _rows(top: TopImages, channel: int) -> list[dict[str, Any]]:
    return [
        {"image": int(image), "value": float(value), "position": position.tolist()}
        for image, value, position in zip(
            top.images[channel], top.values[channel], top.positions[channel], strict=True
        )
    ]


def _picture(dataset: ImageSet, rows: Sequence[Sequence[int]]) -> Image.Image:
    """One row of images above another."""
    columns = max(len(row) for row in rows)
    step = SIDE + GAP
    picture = Image.new("RGB", (columns * step + GAP, len(rows) * step + GAP), GROUND)
    for y, row in enumerate(rows):
        for x, number in enumerate(row):
            pixels = center_crop_resize(dataset.image(number), SIDE, SIDE)
            drawn = Image.fromarray(np.ascontiguousarray(pixels))
            picture.paste(drawn, (GAP + x * step, GAP + y * step))
    return picture
