"""Networks for tests: random ones and well-known architectures, without torch."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from vrnn.network.axes import Axis, Presentation
from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Edge, Network, Node
from vrnn.scene.layout.panel_size import panel_size
from vrnn.scene.layout.types import Footprint

SCOPES = ("", "stem", "layer1.0", "layer1.1.branch", "layer2.0", "features.3.block", "head.fc")
SHAPES = ((3, 64, 64), (64, 32, 32), (256, 8, 8), (16, 1, 90), (1000,), (7, 5), ())


def build(
    nodes: Sequence[tuple[str, str, tuple[int, ...]]], edges: Sequence[tuple[int, int]]
) -> Network:
    """Return a network.

    Args:
        nodes: (name, scope, shape) of each, in run order.
        edges: (source, target) by position among the nodes.
    """
    made = tuple(
        Node(i, name, "input" if i == 0 else "conv2d", name, scope, shape)
        for i, (name, scope, shape) in enumerate(nodes)
    )
    outputs = set(range(len(made))) - {source for source, _ in edges}
    flows = tuple(Edge(source, target) for source, target in edges)
    return Network("test", made, flows, (0,), tuple(sorted(outputs)))


def footprints(network: Network) -> dict[int, Footprint]:
    """Return the room that the world gives each panel, with that for image and predictions."""
    sizes = {}
    for node in network.nodes:
        grid = panel_size(map_shape(node.shape))
        entry = node.id in network.inputs
        sizes[node.id] = Footprint(
            grid.width, grid.height, 0.0, 1.5 if entry else 0.0, 2.5 if entry else 0.0
        )
    return sizes


@st.composite
def networks(draw: st.DrawFn, largest: int = 40) -> Network:
    """Draw any acyclic graph with any module paths, in any order, and any shapes."""
    count = draw(st.integers(1, largest))
    nodes = []
    edges = []
    for i in range(count):
        scope = draw(st.sampled_from(SCOPES))
        name = f"{scope}.op_{i}" if scope else f"op_{i}"
        nodes.append((name, scope, draw(st.sampled_from(SHAPES))))
        if i:
            sources = draw(st.sets(st.integers(max(0, i - 12), i - 1), max_size=4))
            edges += [(source, i) for source in sorted(sources)]
    return build(nodes, edges)


@st.composite
def rooms(draw: st.DrawFn, network: Network) -> dict[int, Footprint]:
    """Draw any room for each panel of a network."""
    meters = st.floats(0.1, 4.0)
    extra = st.sampled_from((0.0, 0.0, 1.5))
    return {
        node.id: Footprint(draw(meters), draw(meters), draw(extra), draw(extra), draw(extra))
        for node in network.nodes
    }


def residual(stages: int = 3, blocks: int = 3) -> Network:
    """Return a network as a ResNet: conv1, blocks of two convolutions and an addition, fc."""
    nodes = [("image", "", (3, 64, 64)), ("conv1", "", (64, 32, 32))]
    edges = [(0, 1)]
    for stage in range(stages):
        shape = (64 * 2**stage, 32 // 2**stage, 32 // 2**stage)
        for block in range(blocks):
            scope, last = f"layer{stage + 1}.{block}", len(nodes) - 1
            nodes += [(f"{scope}.{op}", scope, shape) for op in ("conv1", "conv2", "add")]
            edges += [
                (last, last + 1),
                (last + 1, last + 2),
                (last + 2, last + 3),
                (last, last + 3),
            ]
    nodes.append(("fc", "", (10,)))
    edges.append((len(nodes) - 2, len(nodes) - 1))
    return build(nodes, edges)


def branched(blocks: int = 2) -> Network:
    """Return a network as an Inception: four branches of several lengths, a concatenation."""
    nodes = [("image", "", (3, 64, 64)), ("conv1", "", (64, 32, 32))]
    edges = [(0, 1)]
    for block in range(blocks):
        scope, last = f"mixed{block}", len(nodes) - 1
        ends = []
        for branch, length in enumerate((1, 2, 2, 2)):
            before = last
            for step in range(length):
                nodes.append((f"{scope}.b{branch}.{step}", f"{scope}.b{branch}", (32, 32, 32)))
                edges.append((before, len(nodes) - 1))
                before = len(nodes) - 1
            ends.append(before)
        nodes.append((f"{scope}.cat", scope, (128, 32, 32)))
        edges += [(end, len(nodes) - 1) for end in ends]
    return build(nodes, edges)


def chain(count: int) -> Network:
    """Return a network of layers one after another, without modules."""
    nodes = [(f"op_{i}", "", (32, 16, 16)) for i in range(count)]
    return build(nodes, [(i, i + 1) for i in range(count - 1)])


def presented(
    nodes: Sequence[tuple[str, tuple[int, ...], Presentation, str]], name: str = "test"
) -> Network:
    """Return a chain of layers whose axes are known.

    Args:
        nodes: (name, shape as shown, presentation, axes) of each; axes as in `batch 2, time 4?`: a
            question mark for a guess, an exclamation mark where one index of it is shown.
        name: Of the network.
    """
    made = []
    for i, (node, shape, presentation, words) in enumerate(nodes):
        axes, choices = [], []
        for number, word in enumerate(words.split(", ")):
            role, size = word.rstrip("!?").split(" ")
            axes.append(Axis(role, int(size), "assumed" if "?" in word else "derived"))
            choices += [number] * ("!" in word)
        operation = "conv2d" if i else "input"
        roles, chosen = tuple(axes), tuple(choices)
        made.append(Node(i, node, operation, node, "", shape, 0, 0, roles, presentation, chosen))
    last = len(made) - 1
    flows = tuple(Edge(i, i + 1) for i in range(last))
    return Network(name, tuple(made), flows, (0,), (last,))


def video() -> Network:
    """Return a network that looks at two clips of eight frames, one after the other."""
    return presented([
        ("frames", (3, 32, 32), "image", "batch 2!, time 8!, channel 3, height 32, width 32"),
        ("conv1", (8, 16, 16), "image", "batch 2!, time 8!, channel 8, height 16, width 16"),
        ("half", (8, 8, 8), "image", "batch 2!, time 4!, channel 8, height 8, width 8?"),
        ("scores", (10, 1, 1), "vector", "batch 2!, channel 10"),
    ])  # fmt: skip
