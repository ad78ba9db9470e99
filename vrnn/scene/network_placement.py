"""Where a network's layers and edges are in an arrangement, with room for what is beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vrnn.network.graph import Edge, Network, Node
from vrnn.scene.layout.answer_room import AnswerRoom, answer_room, readable
from vrnn.scene.layout.bundled_routes import bundled_routes
from vrnn.scene.layout.folding import FoldedNetwork
from vrnn.scene.layout.input_margin import InputMargin
from vrnn.scene.layout.registry import arrange, find_arrangement
from vrnn.scene.layout.row_names import row_name_widths
from vrnn.scene.layout.types import Footprint
from vrnn.scene.placement import (
    ROUTE_POINTS,
    BundledEdges,
    PanelShape,
    Placement,
    resample_route,
)
from vrnn.scene.token_names import TOKEN_NAME_ROOM, has_token_names

MAX_BOARD_FITS = 3
"""How often a network is arranged anew at most, so that its answer can be read."""


def place_network(
    folded: FoldedNetwork, whole: Network, shapes: Mapping[int, PanelShape], margin: InputMargin,
    token_names: Sequence[str], arrangement: str, aspect: float,
) -> Placement:  # fmt: skip
    """Arrange a network, anew until its answer can be read.

    Args:
        folded: The network with the modules folded that are to be.
        whole: The same without folds.
        shapes: The panel of each layer, by node id.
        margin: Room beside the input.
        token_names: Names of the tokens of its input.
        arrangement: Name of the arrangement.
        aspect: Width / height of the picture that it is to fill.
    """
    network = folded.network
    last = max(folded.representative[output] for output in whole.outputs)
    answer = answer_room(network, last, [shape.grid for shape in shapes.values()], aspect)
    layout = arrange(
        network, _footprints(network, shapes, margin, answer, token_names), arrangement, aspect
    )
    direction = find_arrangement(arrangement).overview
    for _ in range(MAX_BOARD_FITS):
        scale = layout.panels[last].width / shapes[last].grid.width
        fitted = readable(answer, layout, scale, direction, layout.aspect)
        if fitted is answer:
            break
        answer = fitted
        footprints = _footprints(network, shapes, margin, answer, token_names)
        layout = arrange(network, footprints, arrangement, aspect)
    panels = [layout.panels[node.id] for node in network.nodes]
    names = [_name_room(node, shapes, token_names) for node in network.nodes]
    rects = [
        (p.x, p.y + _lift(p.height) + room, p.z, p.width, p.height)
        for p, room in zip(panels, names, strict=True)
    ]
    points_of = {(r.source, r.target): r.points for r in layout.routes}
    routes = [points_of[e.source, e.target] for e in network.edges]
    entry = folded.representative[margin.node]
    scale = layout.panels[entry].width / shapes[entry].grid.width
    resampled = [resample_route(points) for points in routes]
    return Placement(
        folded,
        shapes,
        layout,
        {node.id: i for i, node in enumerate(network.nodes)},
        np.array(rects, np.float32).reshape(-1, 5),
        routes,
        np.array(resampled, np.float32).reshape(-1, ROUTE_POINTS, 3),
        row_name_widths(layout, {margin.node: margin.left * scale}),
        frozenset((r.source, r.target) for r in layout.routes if r.is_skip),
        _last_incoming_edges(network.edges),
        answer,
    )


def _footprints(
    network: Network, shapes: Mapping[int, PanelShape], margin: InputMargin, answer: AnswerRoom,
    token_names: Sequence[str],
) -> dict[int, Footprint]:  # fmt: skip
    """The room that each layer takes, with what stands beside and above it, by node id."""
    footprints = {}
    for node in network.nodes:
        grid = shapes[node.id].grid
        left, right, above = 0.0, 0.0, _name_room(node, shapes, token_names)
        if node.id == margin.node:
            left = margin.left
            above = max(above, margin.height - grid.height)
        if node.id == answer.node:
            right = answer.right
            above = max(above, answer.height - grid.height)
        footprints[node.id] = Footprint(
            grid.width, grid.height, above=above, left=left, right=right
        )
    return footprints


def _name_room(node: Node, shapes: Mapping[int, PanelShape], token_names: Sequence[str]) -> float:
    """Meters that are kept free under a panel for the names of its tokens."""
    named = has_token_names(node, shapes[node.id], token_names)
    return TOKEN_NAME_ROOM if named else 0.0


def find_bundled_edges(placement: Placement) -> BundledEdges:
    """Return the edges of a placement with the long ones bundled; it takes up to some seconds."""
    edges = placement.network.edges
    are_long = np.array([(e.source, e.target) in placement.skip_edges for e in edges], bool)
    return BundledEdges(*bundled_routes(placement.routes, are_long, placement.panel_rects))


def _last_incoming_edges(edges: tuple[Edge, ...]) -> tuple[int, ...]:
    """Indices of the last edge to each node."""
    last = {edge.target: i for i, edge in enumerate(edges)}
    return tuple(sorted(last.values()))


def _lift(height: float) -> float:
    """Meters that a panel hangs above its step: low strips higher, clear of the step's edge."""
    return 0.38 if height < 0.6 else 0.2
