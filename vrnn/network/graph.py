"""The graph of a network: plain data that `compute` makes, `scene` places and `render` draws.

Everything is immutable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from vrnn.errors import VrnnError
from vrnn.network.axes import Axis, AxisRole, Presentation
from vrnn.network.node_layout import NodeLayout

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True)
class Node:
    """One operation of a network, at the level of detail that the network was traced for.

    Attributes:
        id: Unique in the network.
        name: Unique and readable, the module path where there is one (`layer1.0.conv2`), else the
            scope and the operation (`layer1.0.add`).
        operation: `input`, `conv2d`, `linear`, `add`, `cat`, `max_pool2d`, `attention`, ...
        label: What a person reads (`conv 3×3, 64→128, stride 2 · norm · ReLU`).
        scope: Path of the module in which the operation ran, '' at the top.
        shape: Of the result without the batch, see `map_shape`.
        parameters: Number of parameters that belong to this node.
        call: 0, 1, ... when the same module runs more than once.
        axes: The axes of the result, the batch included; () if nothing is known of them.
        presentation: How its maps are read.
        choices: The axes of which one index is shown: numbers in `axes`.
    """

    id: int
    name: str
    operation: str
    label: str
    scope: str
    shape: tuple[int, ...]
    parameters: int = 0
    call: int = 0
    axes: tuple[Axis, ...] = ()
    presentation: Presentation = "image"
    choices: tuple[int, ...] = ()


@dataclass(frozen=True)
class Edge:
    """Data that flows from one node to another.

    Attributes:
        source: Node id.
        target: Node id.
        label: The operation that takes the data.
    """

    source: int
    target: int
    label: str = ""


@dataclass(frozen=True)
class Annotation:
    """Text that the model's author placed beside a node.

    Attributes:
        node: Node id.
        text: What it says.
    """

    node: int
    text: str


@dataclass(frozen=True)
class Network:
    """A traced network, an acyclic graph.

    Attributes:
        name: Of the model.
        nodes: In the order in which they ran.
        edges: Data that flows between them.
        inputs: Ids of the nodes where data enters.
        outputs: Ids of the nodes where data leaves.
        annotations: Text by the model's author.
        node_layout: Where the nodes of the graph are drawn that a graph network works on; None
            where there is none or its edges are not known.
    """

    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    annotations: tuple[Annotation, ...] = ()
    node_layout: NodeLayout | None = None

    @cached_property
    def by_id(self) -> Mapping[int, Node]:
        """Nodes by their id."""
        return {node.id: node for node in self.nodes}

    @cached_property
    def sources(self) -> Mapping[int, Sequence[int]]:
        """Ids of the nodes that feed each node, one for each edge, by its id."""
        found: dict[int, list[int]] = {node.id: [] for node in self.nodes}
        for edge in self.edges:
            found[edge.target].append(edge.source)
        return found

    @cached_property
    def choice_counts(self) -> Mapping[AxisRole, int]:
        """The length of the longest axis with each role of which one index is shown at a time."""
        counts: dict[AxisRole, int] = {}
        for node in self.nodes:
            for axis in (node.axes[i] for i in node.choices):
                if axis.size > 1:
                    counts[axis.role] = max(axis.size, counts.get(axis.role, 0))
        return counts

    def layer_named(self, name: str, title: str) -> Node:
        """Return the layer of this name.

        Args:
            name: Of the layer.
            title: Of the model, as the user knows it.

        Raises:
            VrnnError: There is none.
        """
        for node in self.nodes:
            if node.name == name:
                return node
        raise VrnnError(f"{title} has no layer '{name}'; `vrnn graph` lists its layers")

    def layout_of(self, node: Node) -> NodeLayout | None:
        """Return where the columns of a layer's maps are drawn as the nodes of a graph, if so."""
        layout = self.node_layout
        if layout is None or node.presentation != "nodes" or len(node.shape) < 2:
            return None
        return layout if node.shape[-1] == len(layout.positions) else None

    def graph(self) -> networkx.DiGraph:
        """Return a directed graph of ids; each has its `Node` under "node"."""
        import networkx  # here, as it takes a tenth of a second and hardly a network needs it

        graph: networkx.DiGraph = networkx.DiGraph()
        graph.add_nodes_from((node.id, {"node": node}) for node in self.nodes)
        graph.add_edges_from((e.source, e.target, {"label": e.label}) for e in self.edges)
        return graph


@dataclass(frozen=True)
class NetworkInfo:
    """What a person should know of a loaded model beside its graph.

    Attributes:
        title: Name of the model as it was asked for, short (`resnet50`).
        class_names: One name for each class, may be empty.
        random_weights: Whether no trained weights were loaded.
        parameters: Number of parameters of the whole model.
        notes: Sentences to show once, such as how many weight keys were missing.
        token_names: Text of each token of the input; () where it has none.
        source_files: The files that define it: when one is saved, it is loaded anew.
        takes_images: Whether it sees an image.
        has_fixed_image: Whether it sees one image and no other, as a feature cube does.
        example_count: How many images it was watched with; 0 for none.
    """

    title: str
    class_names: tuple[str, ...]
    random_weights: bool
    parameters: int
    notes: tuple[str, ...] = ()
    token_names: tuple[str, ...] = ()
    source_files: tuple[Path, ...] = ()
    takes_images: bool = True
    has_fixed_image: bool = False
    example_count: int = 0

    @property
    def takes_other_images(self) -> bool:
        """Whether an image can be put in."""
        return self.takes_images and not self.has_fixed_image
