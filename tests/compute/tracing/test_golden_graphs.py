"""The graphs of many small models, with all that is known of each layer, against golden text."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.compute.tracing.test_receptive_fields import CHANNELS, LAYERS, STEPS, fitted
from tests.support import axis_models, golden_text, odd_models
from vrnn.compute.analysis.profiler import measure_pass
from vrnn.compute.tracing.receptive_fields import receptive_fields
from vrnn.compute.tracing.simplify import GraphView, simplify
from vrnn.compute.tracing.tracer import trace
from vrnn.network.graph import Node
from vrnn.network.model_spec import DETAILS


def node_lines(view: GraphView) -> list[str]:
    """A line for each layer and its axes, and for each edge."""
    fields = receptive_fields(view)
    lines = []
    for node in view.network.nodes:
        scope = f" in {node.scope}" if node.scope else ""
        call = f" call {node.call}" if node.call else ""
        lines.append(
            f"{node.id} {node.name} {node.operation} '{node.label}'{scope}{call} {node.shape} "
            f"parameters {node.parameters}"
        )
        lines.append(f"  {_axes(node)} {node.presentation} {view.map_layouts[node.id]}")
        field = fields.get(node.id)
        if field is not None:
            ends = (field.step, field.low, field.high, field.first, field.last)
            everything = " everything" if field.covers_input else ""
            lines.append(f"  sees {' '.join(map(golden_text.numbers, ends))}{everything}")
    return [*lines, *_edge_lines(view)]


def _axes(node: Node) -> str:
    told = [f"{axis.role} {axis.size} {axis.certainty}" for axis in node.axes]
    return f"({', '.join(told)}) choices {node.choices}"


def _edge_lines(view: GraphView) -> list[str]:
    network = view.network
    ends = f"inputs {network.inputs} outputs {network.outputs}"
    return [*(f"{e.source} -> {e.target} {e.label}".rstrip() for e in network.edges), ends]


def graph_lines(model: nn.Module, inputs: tuple[torch.Tensor, ...]) -> list[str]:
    """All of the finest graph with its costs, and the nodes and edges of the coarser ones."""
    model = model.eval()
    traced = trace(model, inputs, "net")
    lines = []
    for detail in reversed(DETAILS):
        view = simplify(traced, detail)
        lines.append(f"# {detail}")
        if detail == "all":
            lines += node_lines(view)
            costs = measure_pass(model, view, inputs)
            lines.append(f"macs {[costs[node.id][0] for node in view.network.nodes]}")
        else:
            lines += [
                f"{n.id} {n.name} '{n.label}' in {n.scope} {n.shape} {n.parameters}"
                for n in view.network.nodes
            ]
            lines += _edge_lines(view)
    return lines


@pytest.mark.parametrize("name", sorted(axis_models.MODELS))
def test_graphs_of_models_of_many_kinds(name, regenerate):
    torch.manual_seed(0)
    build, inputs, _ = axis_models.MODELS[name]
    lines = graph_lines(build(), inputs())
    golden_text.check(f"graphs/{name.replace(' ', '-')}", lines, regenerate)


@pytest.mark.parametrize("name", sorted(odd_models.MODELS))
def test_graphs_of_odd_models(name, regenerate):
    torch.manual_seed(0)
    lines = graph_lines(odd_models.MODELS[name](), odd_models.inputs_of(name))
    golden_text.check(f"graphs/{name}", lines, regenerate)


@pytest.mark.parametrize("kind", [*LAYERS, *STEPS])
def test_graphs_of_single_operations(kind, regenerate):
    torch.manual_seed(5)
    inputs = (torch.rand(1, CHANNELS, 12, 10) + 0.1,)
    model = fitted([("conv", 5, 0, 0), (kind, 5, 0, 1), ("dilated", 0, 0, 0)], inputs)
    view = simplify(trace(model.eval(), inputs, "net"), "all")
    golden_text.check(f"graphs/operation-{kind.replace(' ', '-')}", node_lines(view), regenerate)
