"""Attention over the input: what a query attends to, and which rows belong to a patch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.network.feature_maps import map_shape
from vrnn.scene.network_object import NetworkObject
from vrnn.scene.picking import Hit
from vrnn.scene.primitives import QUAD, PickRegion
from vrnn.scene.world import World
from vrnn.style.srgb import linear_to_srgb
from vrnn.style.theme import ACCENT, ANNOTATION

MAX_OPACITY = 0.75
"""Of the patch that is attended to most."""
MIN_OPACITY = 0.02
"""Fainter patches are left out."""
OTHER_PATCHES = 0.45
"""Opacity of the dark over patches that are hardly attended to, so that the others stand out."""
OWN_OPACITY = 0.55
"""Of the color over the patch of the query itself."""


@dataclass(frozen=True)
class TokenGrid:
    """How the tokens of an attention layer lie on the input.

    Attributes:
        prefix: Tokens before the first patch, such as the class token.
        rows: Rows of patches.
        columns: Columns of patches.
    """

    prefix: int
    rows: int
    columns: int

    def token_at(self, across: float, down: float) -> int:
        """Return the token of the patch at a position of the input, as parts of its sides."""
        row = min(int(down * self.rows), self.rows - 1)
        column = min(int(across * self.columns), self.columns - 1)
        return self.prefix + row * self.columns + column


def token_grid(network: NetworkObject, node: int) -> TokenGrid | None:
    """Return how the tokens of an attention layer lie on the input.

    The nearest layers before it that have rows and columns tell: their positions, and the tokens
    that stand before them, have to be all that the layer has.

    Args:
        network: The network.
        node: The attention layer.

    Returns:
        None where its tokens are no patches of the whole input, as in a window of it, or in a text.
    """
    by_id = network.network.by_id
    if by_id[network.network.inputs[0]].presentation != "image":
        return None
    _, queries, keys = map_shape(by_id[node].shape)
    seen, waiting = {node}, [node]
    while waiting and queries == keys:
        found = sorted(
            {e.source for e in network.network.edges if e.target in waiting} - seen, reverse=True
        )
        for source in found:
            maps = network.layer_maps(source)
            if maps is None or by_id[source].presentation != "image" or maps.height < 2:
                continue
            prefix = queries - maps.height * maps.width
            is_all = prefix == len(maps.extra_tokens) or prefix == 0
            is_input = source in network.network.inputs
            return None if is_input or not is_all else TokenGrid(prefix, maps.height, maps.width)
        seen |= set(found)
        waiting = found
    return None


def attention_overlay(world: World, hit: Hit) -> np.ndarray:
    """Return what lights up of attention where something is pointed at, (N,) `QUAD`.

    On a row of attention weights: over the input, the patches that the query attends to. On the
    input: the same for the patch there, in the attention layer that was pointed at last, and its
    row in each head of that layer.
    """
    if hit.slot not in world.networks:
        return np.zeros(0, QUAD)
    network = world.networks[hit.slot]
    inputs = (r for r in world.pick_regions() if r.kind == "input" and r.slot == hit.slot)
    canvas = next(inputs, None)
    pointed = attention_at(world, hit)
    if canvas is None or pointed is None:
        return np.zeros(0, QUAD)
    node, head, query = pointed
    grid = token_grid(network, node)
    maps = network.whole_maps(node)
    if grid is None or maps is None or head >= maps.channels or query >= maps.height:
        return np.zeros(0, QUAD)
    weights = maps.values[head, query].astype(np.float32)
    quads = [_patches(weights[grid.prefix :].reshape(grid.rows, grid.columns), canvas)]
    if query >= grid.prefix:
        own = _boxes(canvas, grid.rows, grid.columns)[query - grid.prefix :][:1]
        own["top"] = own["bottom"] = (*ANNOTATION[:3], OWN_OPACITY)
        quads.append(own)
    if hit.kind == "input":
        quads += _rows(world, hit.slot, node, query)
    return np.concatenate(quads)


def attended_picture(world: World, hit: Hit) -> np.ndarray | None:
    """Return the input's picture with the patches lit up that a row of attention weights means.

    Args:
        world: The world.
        hit: On a head of an attention layer.

    Returns:
        (H, W, 3) uint8 sRGB; None for anything else that is pointed at.
    """
    pointed = attention_at(world, hit) if hit.kind == "layer" else None
    network = world.networks.get(hit.slot)
    if pointed is None or network is None or network.result is None:
        return None
    node, head, query = pointed
    grid, maps = token_grid(network, node), network.whole_maps(node)
    if grid is None or maps is None:
        return None
    weights = maps.values[head, query, grid.prefix :].astype(np.float32)
    share = _shares(weights.reshape(grid.rows, grid.columns))
    image = network.result.image
    height, width = image.shape[:2]
    row = np.arange(height) * grid.rows // height
    column = np.arange(width) * grid.columns // width
    share = share[row][:, column][..., None]
    light = np.array(linear_to_srgb(np.array(ACCENT[:3])), np.float32)
    shown = image * (1 - OTHER_PATCHES * (1 - share))
    shown = shown * (1 - MAX_OPACITY * share) + light * MAX_OPACITY * share
    return np.ascontiguousarray(np.rint(shown), np.uint8)


def _shares(weights: np.ndarray) -> np.ndarray:
    """Weights as parts of the largest one, 0…1; all 0 where none is above 0."""
    weights = np.maximum(np.nan_to_num(weights), 0.0)
    peak = float(weights.max(initial=0.0))
    return weights / peak if peak > 0 else weights


def attention_at(world: World, hit: Hit) -> tuple[int, int, int] | None:
    """Return the attention layer, head and query that something pointed at means; None for none.

    Args:
        world: The world.
        hit: On a head of an attention layer, or on the input.
    """
    network = world.networks.get(hit.slot)
    if network is None:
        return None
    if hit.kind == "layer":
        node = network.network.by_id.get(hit.node)
        if node is None or node.presentation != "attention" or hit.channel < 0:
            return None
        return hit.node, hit.channel, hit.row
    last = world.last_attention.get(hit.slot)
    if hit.kind != "input" or last is None:
        return None
    grid = token_grid(network, last[0])
    return None if grid is None else (*last, grid.token_at(hit.across, hit.down))


def attention_text(world: World, hit: Hit) -> str:
    """Return what something attends to most: `head 1, query 23 → key 72`; '' for nothing.

    On the input it begins with the name of the layer that attends.
    """
    pointed = attention_at(world, hit)
    if pointed is None:
        return ""
    node, head, query = pointed
    maps = world.networks[hit.slot].whole_maps(node)
    if maps is None or head >= maps.channels or query >= maps.height:
        return ""
    key = int(np.argmax(maps.values[head, query]))
    text = f"head {head}, query {query} → key {key}"
    if hit.kind == "input":
        return f"{world.networks[hit.slot].network.by_id[node].name}: {text}"
    return text


def _patches(weights: np.ndarray, canvas: PickRegion) -> np.ndarray:
    """Light over attended patches, dark over the others. weights: (rows, columns)."""
    share = _shares(weights).reshape(-1)
    light = _boxes(canvas, *weights.shape)
    dark = light.copy()
    light["top"] = (*ACCENT[:3], 0.0)
    light["top"][:, 3] = share * MAX_OPACITY
    dark["top"][:, 3] = OTHER_PATCHES * (1 - share)
    quads = np.concatenate([dark, light[light["top"][:, 3] > MIN_OPACITY]])
    quads["bottom"] = quads["top"]
    return quads


def _boxes(canvas: PickRegion, rows: int, columns: int) -> np.ndarray:
    """The patches of the input as (rows · columns,) `QUAD` without a color."""
    records = np.zeros(rows * columns, QUAD)
    right, down = np.array(canvas.right) / columns, np.array(canvas.down) / rows
    row, column = np.divmod(np.arange(rows * columns), columns)
    corner = np.array(canvas.origin) + np.array([0, 0, 0.01])
    records["origin"] = corner + column[:, None] * right + row[:, None] * down
    records["right"], records["down"] = right, down
    return records


def _rows(world: World, slot: int, node: int, query: int) -> list[np.ndarray]:
    """A bar over a query's row in each head of an attention layer."""
    frame = world.placement_frame(slot)
    if node not in frame.index or node not in frame.placement.panel_shapes:
        return []
    if frame.placement.panel_shapes[node].shows_one_map:
        return []
    maps = frame.map_placements(node)
    _, rows, _ = map_shape(world.visible_node(slot, node).shape)
    corner = frame.panel_rect(node)[:3] + maps.centers
    bars = np.zeros(len(corner), QUAD)
    width, height = maps.sizes.T
    bars["origin"] = corner
    bars["origin"][:, 0] -= width / 2
    bars["origin"][:, 1] += height / 2 - height * query / rows
    bars["origin"][:, 2] += 0.01
    bars["right"][:, 0] = width
    bars["down"][:, 1] = -np.maximum(height / rows, height / 60)
    bars["top"] = bars["bottom"] = (*ACCENT[:3], 0.8)
    return [bars]
