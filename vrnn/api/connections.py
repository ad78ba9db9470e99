"""What connects a layer with those that feed it."""

from __future__ import annotations

from typing import Any

from vrnn.api.sources import opened_model, prepare, to_media
from vrnn.network.connections import LayerConnections


def connections(
    model: Any = "default",
    layer: str = "",
    image: Any = None,
    *,
    detail: str = "layers",
    **source: Any,
) -> LayerConnections:
    """Read what connects a layer with those that feed it: its kernels, and what went in.

        found = vrnn.connections("net.py", "layer1.0.conv1", "cat.jpg")
        found.parts[0].kernels, found.steps[-1].maps

    Args:
        model: As for `screenshot`, one of them; it is left as it was.
        layer: Name of the layer.
        image: As for `screenshot`.
        detail: How finely the graph is shown: `layers`, `modules` or `all`.
        **source: As for `screenshot`.

    Returns:
        Plain arrays; see `vrnn.network.connection_sums` for sums over them.

    Raises:
        VrnnError: The model, the image or the layer is wrong, or nothing in the layer sums maps.
    """
    from vrnn.compute.connections.find_connections import find_connections

    prepare()
    opened = opened_model(model, source, detail)
    if image is not None:
        media = to_media(opened, image)
        opened.run(media, lambda node, maps: None, lambda: None)
    return find_connections(opened, layer)
