"""The plain data that passes between the parts of vrnn: numpy and the standard library only.

`compute` makes these, `scene` places them, `render` draws them. Everything is immutable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import networkx


@dataclass(frozen=True)
class Node:
    """One operation of a network, at the level of detail the network was traced for.

    name: unique and readable, the module path where there is one (`layer1.0.conv2`), else the
        scope and the operation (`layer1.0.add`).
    operation: `input`, `conv2d`, `linear`, `add`, `cat`, `max_pool2d`, `attention`, ...
    label: what a person reads (`conv 3×3, 64→128, stride 2 · norm · ReLU`).
    scope: module path of the module the operation ran in, '' at the top.
    shape: (C, H, W) of the result as it is shown, without the batch (see `map_shape`).
    parameters: number of parameters that belong to this node.
    call: 0, 1, ... when the same module runs more than once.
    """

    id: int
    name: str
    operation: str
    label: str
    scope: str
    shape: tuple[int, ...]
    parameters: int = 0
    call: int = 0


@dataclass(frozen=True)
class Edge:
    """Data flowing from one node to another. label: the operation that takes it."""

    source: int
    target: int
    label: str = ""


@dataclass(frozen=True)
class Annotation:
    """A signpost that the model's author placed: text that stands beside a node."""

    node: int
    text: str


@dataclass(frozen=True)
class Network:
    """A traced network: nodes in the order they ran, acyclic.

    inputs, outputs: ids of the nodes where data enters and leaves.
    """

    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    annotations: tuple[Annotation, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[int, Node]:
        """Nodes by their id."""
        return {node.id: node for node in self.nodes}

    def graph(self) -> networkx.DiGraph:
        """As a directed graph of ids; each has its `Node` under "node"."""
        graph: networkx.DiGraph = networkx.DiGraph()
        graph.add_nodes_from((node.id, {"node": node}) for node in self.nodes)
        graph.add_edges_from((e.source, e.target, {"label": e.label}) for e in self.edges)
        return graph


@dataclass(frozen=True)
class NetworkInfo:
    """What a person should know of an opened model beside its graph.

    title: the model's name as it was asked for, short (`resnet50`).
    class_names: one name per class, may be empty.
    random_weights: true when no trained weights were loaded.
    parameters: number of parameters of the whole model.
    notes: sentences to show once, such as how many weight keys were missing.
    """

    title: str
    class_names: tuple[str, ...]
    random_weights: bool
    parameters: int
    notes: tuple[str, ...] = ()
