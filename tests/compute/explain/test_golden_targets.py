"""Which value of a model each target names, what people read of it, and what is refused."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.compute.explain.test_golden_flows import waves
from tests.support import golden_text
from tests.support.explained import opened_with
from vrnn.compute.explain.explain import explain
from vrnn.compute.explain.gradient_pass import find_gradients
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.errors import VrnnError
from vrnn.explanations.settings import ExplanationSettings
from vrnn.explanations.targets import Target
from vrnn.network.model_spec import ModelSpec


class Model(nn.Module):
    """Layers with waves for weights, and a forward that is tried."""

    def __init__(self, forward):
        super().__init__()
        self.conv, self.out = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 3, 1)
        self.linear, self.table = nn.Linear(4, 3), nn.Embedding(7, 4)
        self.single = nn.Linear(4, 1)
        self.calls = forward
        self.double()
        with torch.no_grad():
            for start, tensor in enumerate(self.parameters()):
                tensor.copy_(waves(*tensor.shape, start=start))

    def forward(self, x):
        return self.calls(self, x)


IMAGE, IDS = waves(1, 3, 4, 5, start=2), torch.tensor([[3, 1, 4, 1, 5]])


def boxes(m, x):
    scores = m.conv(x).sigmoid()[0, 0].flatten()[:3]
    return [{"boxes": torch.ones(3, 4), "scores": scores, "labels": torch.tensor([2, 0, 1])}]


def tokens(m, x):
    t = m.conv(x).flatten(2).mT
    return m.linear(torch.cat([t.mean(1, keepdim=True), t], 1))


MODELS = {
    "classes": (lambda m, x: m.linear(m.conv(x).mean((2, 3))), IMAGE),
    "one-number": (lambda m, x: m.single(m.conv(x).mean((2, 3))), IMAGE),
    "a-vector": (lambda m, x: m.linear(m.conv(x).mean((0, 2, 3))), IMAGE),
    "a-number-alone": (lambda m, x: m.conv(x).mean(), IMAGE),
    "segments": (lambda m, x: m.out(F.relu(m.conv(x))), IMAGE),
    "depth": (lambda m, x: m.out(F.relu(m.conv(x)))[:, :1], IMAGE),
    "a-softmax": (lambda m, x: m.linear(m.conv(x).mean((2, 3))).softmax(-1), IMAGE),
    "a-softmax-inside": (
        lambda m, x: m.linear(m.conv(x).softmax(1).mean((2, 3))),
        IMAGE,
    ),
    "several": (
        lambda m, x: {"a": m.conv(x).mean((2, 3)), "b": (m.out(m.conv(x)), x.sum((2, 3)))},
        IMAGE,
    ),
    "the-same-twice": (lambda m, x: [m.conv(x)] * 2, IMAGE),
    "boxes": (boxes, IMAGE),
    "no-boxes": (
        lambda m, x: [{"boxes": torch.ones(0, 4), "scores": m.conv(x).flatten()[:0]}],
        IMAGE,
    ),
    "tokens": (tokens, IMAGE),
    "text": (lambda m, ids: m.linear(F.relu(m.table(ids).cumsum(1))), IDS),
    "one-number-of-each-token": (lambda m, ids: m.single(F.relu(m.table(ids).cumsum(1))), IDS),
    "an-argmax": (lambda m, x: m.conv(x).argmax(1), IMAGE),
    "cut-off": (lambda m, x: m.conv(x).detach(), IMAGE),
    "next-to-a-constant": (lambda m, x: (m.conv(x).mean((2, 3)), m.linear.weight), IMAGE),
}
TARGETS = (
    *(Target(channel=c) for c in (None, 0, 2, 3, 4)),
    *(Target(channel=c, against=a) for c, a in ((0, 1), (None, 2), (1, 9))),
    *(Target(output=n) for n in (1, 2, 3)),
    *(Target(channel=1, position=p) for p in ((0, 0), (0, 2), (3, 4), (4, 0), (0, 5), (0, 25))),
    *(Target(position=p) for p in ((1, 2), (0, 4))),
    *(Target(box=n) for n in (0, 2, 3)),
    *(Target("conv", channel=c) for c in (None, 0, 3, 4)),
    Target("conv", channel=1, position=(3, 4)),
    Target("conv", position=(3, 4)),
    Target("conv", channel=1, position=(4, 4)),
    Target("conv", channel=1, against=2),
    Target("input", channel=1),
    Target("nowhere"),
)


def told_of(attempt):
    try:
        found = attempt()
    except VrnnError as error:
        return str(error)
    return f"{getattr(found, 'text', '') or found.target} = {golden_text.numbers(found.value)}"


def target_text(target):
    """A target in few words."""
    values = [(name, value) for name, value in vars(target).items() if value not in ("", None)]
    return " ".join(f"{name} {value}" for name, value in values)


@pytest.mark.parametrize("name", MODELS)
def test_targets_name_the_values_that_they_did(name, regenerate, tmp_path):
    calls, x = MODELS[name]
    classes = tmp_path / "classes.txt"
    classes.write_text("ant\nbee\ncat\n")
    net = Model(calls).eval()
    net.example_input_array = x
    spec = ModelSpec(net, classes=classes if name == "classes" else None)
    model = LoadedModel(open_source(spec), "layers")
    lines = []
    for target in TARGETS:
        plain = told_of(lambda t=target: find_gradients(model, (x,), t, has_gradients=False).target)
        lines.append(f"{target_text(target)}: {plain}")
        for method in ("epsilon-plus", "saliency"):
            settings = ExplanationSettings(method, target)
            told = told_of(lambda s=settings: explain(model, x, s))
            if told != plain:
                lines.append(f"  {method}: {told}")
    golden_text.check(f"explanations/of-{name}", lines, regenerate)


def test_a_class_wins_against_others_only():
    net = Model(MODELS["classes"][0]).eval()
    model = opened_with(net, IMAGE)
    scores = net(IMAGE)[0].detach()
    order = scores.argsort(descending=True).tolist()
    for against, winner in ((order[0], order[1]), (order[2], order[0])):
        found = find_gradients(model, (IMAGE,), Target(against=against)).target
        assert found.channel == winner
        assert float(found.value) == pytest.approx(float(scores[winner] - scores[against]))
