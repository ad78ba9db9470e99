"""Modules folded into boxes, on made and on real networks."""

import networkx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.support.networks import residual
from vrnn.compute.loading.script import from_script
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace
from vrnn.network.graph import Edge, Network, Node
from vrnn.scene.layout.folding import fold_modules, modules, stage_modules


def node(number, scope):
    return Node(number, f"n{number}", "conv2d", "conv", scope, (4, 8, 8), 10)


@given(st.data())
def test_what_is_left_is_a_network_with_all_paths(data):
    """Random graphs in random modules: never a cycle, never a way lost or made."""
    count = data.draw(st.integers(2, 14))
    scopes = [
        data.draw(st.sampled_from(["", "a", "a.x", "a.y", "b", "b.x", "c"])) for _ in range(count)
    ]
    nodes = tuple(node(i, scope) for i, scope in enumerate(scopes))
    pairs = {(data.draw(st.integers(0, i - 1)), i) for i in range(1, count)}
    pairs |= {
        (min(p), max(p))
        for p in data.draw(st.lists(st.tuples(*[st.integers(0, count - 1)] * 2), max_size=8))
        if p[0] != p[1]
    }
    edges = tuple(Edge(*pair) for pair in sorted(pairs))
    network = Network("n", nodes, edges, (0,), (count - 1,))
    folds = data.draw(st.sets(st.sampled_from(sorted(modules(network)) or [""])))
    result = fold_modules(network, folds)
    graph = result.network.graph()
    assert networkx.is_directed_acyclic_graph(graph)
    ids = [n.id for n in result.network.nodes]
    assert set(ids) == set(result.representative.values())
    position = {n: i for i, n in enumerate(ids)}
    for edge in result.network.edges:
        assert position[edge.source] < position[edge.target]
    expected = {(result.representative[e.source], result.representative[e.target]) for e in edges}
    assert {(e.source, e.target) for e in result.network.edges} == {
        pair for pair in expected if pair[0] != pair[1]
    }
    for name in folds - set(result.unfoldable):
        homes = {result.representative[i] for i in modules(network).get(name, ())}
        assert len(homes) <= 1


def test_a_module_that_data_leaves_and_comes_back_to_is_refused():
    nodes = (node(0, ""), node(1, "a"), node(2, "b"), node(3, "a"))
    network = Network("n", nodes, (Edge(0, 1), Edge(1, 2), Edge(2, 3)), (0,), (3,))
    result = fold_modules(network, {"a"})
    assert result.unfoldable == ("a",)
    assert len(result.network.nodes) == 4


def test_nothing_folded_is_the_network_itself():
    network = residual(2)
    result = fold_modules(network, set())
    assert {n.id for n in result.network.nodes} == {n.id for n in network.nodes}
    assert len(result.network.edges) == len(network.edges)


@pytest.mark.parametrize("detail", ["layers", "all"])
def test_resnet50_folds_into_its_stages(root, detail):
    model = from_script(root / "examples" / "resnet50.py").model.eval()
    view = simplify(trace(model, (torch.randn(1, 3, 64, 64),), "resnet50"), detail)
    names = stage_modules(view.network)
    assert set(names) == {"layer1", "layer2", "layer3", "layer4"} | (set(names) & {"stem", "head"})
    result = fold_modules(view.network, names)
    assert len(result.network.nodes) <= 12
    assert not result.unfoldable
    box = next(n for n in result.network.nodes if n.name == "layer3")
    inside = sum(n.parameters for n in view.network.nodes if n.scope.startswith("layer3"))
    assert box.parameters == inside
    assert "folded" in box.label
