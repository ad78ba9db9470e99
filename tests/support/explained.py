"""Models and inputs for tests of explanations."""

import pytest
import torch
from torch import nn

from vrnn.compute.explain.relevance_pass import RelevanceRequest, propagate
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.loading.torchvision_compat import allow_torchvision
from vrnn.explanations.composites import load_composites
from vrnn.explanations.targets import Target
from vrnn.network.model_spec import ModelSpec

COMPOSITES = load_composites()
CONSERVING = [name for name, composite in COMPOSITES.items() if composite.conserves]


def beside_torchvision(name):
    """A module of a library that imports torchvision; tests are skipped without it."""
    allow_torchvision()
    return pytest.importorskip(name)


def opened(net, size=(16, 16), detail="layers"):
    return LoadedModel(open_source(ModelSpec(net, input_size=size)), detail)


def opened_with(net, *inputs, detail="layers"):
    """A model with the very inputs that it takes."""
    net.example_input_array = inputs if len(inputs) > 1 else inputs[0]
    return LoadedModel(open_source(ModelSpec(net)), detail)


def torchvision_model(name, size=32):
    """A model in float64 whose norms and head mean something; its norms have no epsilon.

    zennit folds norms without their epsilon.
    """
    torch.manual_seed(0)
    net = getattr(beside_torchvision("torchvision.models"), name)(weights=None)
    if hasattr(net, "classifier"):  # VGG's own head takes a minute here
        net.avgpool, net.classifier = nn.AdaptiveAvgPool2d(1), nn.Linear(512, 1000)
    head = [m for m in net.modules() if isinstance(m, nn.Linear)][-1]
    nn.init.normal_(head.weight, std=0.05)
    with torch.no_grad():
        for _ in range(2):
            net(torch.randn(4, 3, size, size))
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-14
    return net.eval().double()


def relevance(model, inputs, method="epsilon-plus", target=None, **options):
    """The flow of a pass, and the relevance of each layer by its name."""
    layers = {}
    names = {node.id: node.name for node in model.network.nodes}

    def on_relevance(node, values):
        layers[names[node]] = layers.get(names[node], 0) + values

    composite = COMPOSITES[method] if isinstance(method, str) else method
    request = RelevanceRequest(target or Target(), composite, **options)
    return propagate(model, inputs, request, on_relevance), layers


def arrived(flow):
    """Relevance that reaches the input."""
    values = [*flow.inputs.values(), *(v for _, v in flow.entries)]
    return sum(float(v.double().sum()) for v in values)


def check_cuts(model, flow, tolerance=1e-3):
    """Relevance that crosses each cut of the graph, and what ended behind it, is the target's."""
    value = float(flow.target.value)
    scale = max(abs(value), 1e-6)
    order = {node.id: i for i, node in enumerate(model.network.nodes)}
    entries = [*flow.inputs, *(node for node, _ in flow.entries)]
    assert abs(arrived(flow) + sum(s.amount for s in flow.sinks) - value) < tolerance * scale
    unexplained = [s for s in flow.sinks if s.kind in ("rounding", "no rule")]
    assert sum(abs(s.amount) for s in unexplained) < tolerance * scale, unexplained
    last = order[flow.node]
    for cut in range(last):
        crossing = sum(
            amount for (a, b), amount in flow.edges.items() if order[a] <= cut < order[b]
        )
        crossing += sum(flow.totals[node] for node in entries if order[node] > cut)
        ended = sum(s.amount for s in flow.sinks if order.get(s.node, -1) > cut)
        assert abs(crossing + ended - value) < tolerance * scale, model.network.nodes[cut].name
