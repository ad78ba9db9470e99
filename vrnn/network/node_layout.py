"""Where the nodes of a graph are drawn, for networks that work on graphs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    import networkx

NODE_GRID = 128
"""Side of the raster in which the nearest node and the edges are looked up."""
NODE_DIGIT = 1024
"""A node's number is two half floats, as a number in this base."""
MAX_NODES = 20_000
"""Larger graphs are not laid out: nothing could be told apart."""
MAX_SPRING_NODES = 400
"""Nodes up to which springs improve the layout; more of them would take seconds."""
PIVOTS = 50
"""Nodes to which the distances of all others are measured."""
UNEVENNESS = 0.02
"""Deviation of the factors by which distances are made uneven."""
MARGIN = 0.06
"""Part of the drawing that is free at each side."""
LINE_OVERSAMPLING = 4
"""Edges are drawn so many times finer than NODE_GRID."""


@dataclass(frozen=True, eq=False)
class NodeLayout:
    """Where the nodes of a graph are drawn.

    Attributes:
        positions: (N, 2) float32, from the left and from the top, 0…1.
        edges: (E, 2) int64, the numbers of two nodes each.
    """

    positions: np.ndarray
    edges: np.ndarray

    @property
    def radius(self) -> float:
        """Radius of a node as a part of the drawing's side."""
        return min(0.05, 0.3 / sqrt(max(len(self.positions), 1)))

    def nearest(self, across: float, down: float) -> int:
        """Return the node nearest to a position, given from the left and from the top, 0…1."""
        apart = self.positions - np.array([across, down], np.float32)
        return int(np.argmin((apart**2).sum(1)))

    @property
    def block_size(self) -> int:
        """Half floats in `block`."""
        return 3 * NODE_GRID**2 + 1 + 2 * len(self.positions)

    def block(self) -> np.ndarray:
        """Return what the shader of the panels looks up, (block_size,) float16.

        Three rasters of NODE_GRID rows: the lower and the higher digit of the number of the nearest
        node, and how much of each square is covered by edges; then the radius, all distances from
        the left, all distances from the top.
        """
        nearest = self._nearest_raster()
        parts = [
            nearest % NODE_DIGIT,
            nearest // NODE_DIGIT,
            self._edge_raster(),
            np.array([self.radius]),
            self.positions.T,
        ]
        return np.concatenate([part.ravel() for part in parts]).astype(np.float16)

    @cached_property
    def node_raster(self) -> np.ndarray:
        """(NODE_GRID, NODE_GRID) int: the node that covers each square; -1 between nodes."""
        nearest = self._nearest_raster()
        middles = (np.arange(NODE_GRID, dtype=np.float32) + 0.5) / NODE_GRID
        x, y = self.positions[nearest].transpose(2, 0, 1)
        apart = (middles - x) ** 2 + (middles[:, None] - y) ** 2
        return np.where(apart <= self.radius**2, nearest, -1)

    def _nearest_raster(self) -> np.ndarray:
        """(NODE_GRID, NODE_GRID) int: the node nearest to the middle of each square."""
        middles = (np.arange(NODE_GRID, dtype=np.float32) + 0.5) / NODE_GRID
        x, y = self.positions.T
        across = (middles[:, None] - x) ** 2
        return np.stack([np.argmin(across + (row - y) ** 2, 1) for row in middles])

    def _edge_raster(self) -> np.ndarray:
        """(NODE_GRID, NODE_GRID) float: how much of each square is covered by edges, 0…1."""
        side = NODE_GRID * LINE_OVERSAMPLING
        image = Image.new("L", (side, side))
        draw = ImageDraw.Draw(image)
        ends = (self.positions * side)[self.edges]
        for begin, end in ends.tolist():
            draw.line([*begin, *end], fill=255, width=LINE_OVERSAMPLING // 2 + 1)
        return np.asarray(image.resize((NODE_GRID, NODE_GRID), Image.Resampling.BOX)) / 255.0


def layout_nodes(count: int, edges: np.ndarray) -> NodeLayout | None:
    """Lay a graph out.

    Distances along edges to some pivots give a first layout (pivot MDS, Brandes and Pich 2007);
    springs improve that of a small graph (Fruchterman and Reingold 1991).

    Args:
        count: Number of nodes.
        edges: (E, 2) int, the numbers of two nodes each; direction and loops do not matter.

    Returns:
        The layout; None for a graph that is too large, or without edges.
    """
    import networkx  # here, as few networks have a graph among their data

    edges = np.asarray(edges, np.int64).reshape(-1, 2)
    inside = ((edges >= 0) & (edges < count)).all(1) & (edges[:, 0] != edges[:, 1])
    edges = np.unique(np.sort(edges[inside], 1), axis=0)
    if not 1 < count <= MAX_NODES or not len(edges):
        return None
    graph: networkx.Graph = networkx.Graph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from(edges.tolist())
    points = _pivot_layout(graph, count)
    if count <= MAX_SPRING_NODES:
        begin = dict(enumerate(points))
        placed = networkx.spring_layout(graph, pos=begin, iterations=100, seed=0)
        points = np.array([placed[i] for i in range(count)])
    low, high = points.min(0), points.max(0)
    extent = np.maximum(high - low, 1e-9)
    fitted = (points - low) / extent * (1 - 2 * MARGIN) + MARGIN
    return NodeLayout(fitted.astype(np.float32), edges)


def _pivot_layout(graph: networkx.Graph, count: int) -> np.ndarray:
    """(N, 2) float64: nodes that are far apart along edges are far apart, not to scale."""
    import networkx

    pivots: list[int] = []
    distances = np.zeros((count, min(PIVOTS, count)))
    to_nearest = np.full(count, np.inf)
    for i in range(distances.shape[1]):
        pivots.append(int(np.argmax(to_nearest)) if pivots else 0)
        reached = networkx.single_source_shortest_path_length(graph, pivots[-1])
        column = np.full(count, max(reached.values()) + 2.0)
        column[list(reached)] = list(reached.values())
        distances[:, i] = column
        to_nearest = np.minimum(to_nearest, column)
    random = np.random.default_rng(0)
    # Of a symmetric graph many layouts are as good; rounding, which differs from one processor to
    # another, would choose among them.
    squares = distances**2 * random.normal(1.0, UNEVENNESS, distances.shape)
    centered = squares - squares.mean(0) - squares.mean(1, keepdims=True) + squares.mean()
    _, _, axes = np.linalg.svd(centered, full_matrices=False)
    largest = np.abs(axes).argmax(1)
    axes = axes * np.sign(np.take_along_axis(axes, largest[:, None], 1))
    points = np.zeros((count, 2))
    points[:, : min(2, len(axes))] = centered @ axes[:2].T
    spread = np.abs(points).max() or 1.0
    # Nodes with the same distances, such as the leaves of a star, would lie on each other.
    return points / spread + random.normal(scale=0.02, size=points.shape)
