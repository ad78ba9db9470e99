"""What a ray hits on a layer that shows a picture in place of its maps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vrnn.network.picture_kinds import SIMILARITY_PICTURE
from vrnn.scene.picking import Hit
from vrnn.scene.similarity import NetworkSimilarity
from vrnn.scene.visuals.distant_pictures import hit_distant_picture
from vrnn.scene.visuals.layer_pictures import locate_in_picture
from vrnn.scene.world_contents import WorldContents


def hit_in_picture(world: WorldContents, hit: Hit) -> Hit:
    """Return what a ray hits in the picture that a layer shows, near or from afar.

    Args:
        world: The layers with their pictures.
        hit: What the ray hits as if all layers showed their maps.

    Returns:
        The same hit where the layer shows its maps.
    """
    if hit.kind != "layer":
        return hit
    similarity = world.similarity.get(hit.slot)
    if similarity is not None and hit.node in similarity.layers:
        return _in_similarity(hit, similarity)
    return _from_afar(world, _in_layer_picture(world, hit))


def _in_similarity(hit: Hit, similarity: NetworkSimilarity) -> Hit:
    """The same hit with its position in the one picture that the panel shows."""
    height, width = similarity.layers[hit.node].values.shape
    row, column = min(int(hit.down * height), height - 1), min(int(hit.across * width), width - 1)
    channel = similarity.channels.get(hit.node, -1)
    kind = SIMILARITY_PICTURE if channel < 0 else ""
    return replace(hit, channel=channel, row=row, column=column, picture=kind)


def _in_layer_picture(world: WorldContents, hit: Hit) -> Hit:
    """The same hit, with the position in a layer picture where the layer shows one."""
    uploaded = world.uploaded_pictures.get((hit.slot, hit.node))
    if uploaded is None or _shown_picture(world, hit) != uploaded.kind:
        return hit
    width, height = world.placement_frame(hit.slot).panel_rect(hit.node)[3:].tolist()
    return locate_in_picture(hit, uploaded, world.visible_node(hit.slot, hit.node), width / height)


def _from_afar(world: WorldContents, hit: Hit) -> Hit:
    """The same hit, without a channel where the layer shows one picture for all its maps."""
    picture = world.distant_pictures.get(hit.slot, {}).get(hit.node)
    if world.viewer is None or picture is None or (hit.slot, hit.node) in world.feature_tiles:
        return hit
    if world.state.paths.shown:  # maps are seen from afar too
        return hit
    if _shown_picture(world, hit):
        return hit
    node, frame = world.visible_node(hit.slot, hit.node), world.placement_frame(hit.slot)
    x, y, z, _, height = frame.panel_rect(node.id).tolist()
    middle = np.array([x, y + height / 2, z])
    return hit_distant_picture(hit, picture, node, frame, middle, world.viewer)


def _shown_picture(world: WorldContents, hit: Hit) -> str:
    """Kind of the picture that a layer shows in place of its maps; '' for none."""
    shape = world.placement_frame(hit.slot).placement.panel_shapes.get(hit.node)
    return "" if shape is None else shape.picture
