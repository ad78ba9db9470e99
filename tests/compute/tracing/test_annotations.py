import torch
from torch import nn

from vrnn import Marker, Tracker
from vrnn.compute.passes.replay import Replay
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace
from vrnn.network.model_spec import DETAILS


class Tracked(nn.Module):
    """Two branches; only what is tracked should be shown."""

    def __init__(self, watched: bool):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.left = nn.Conv2d(4, 4, 1)
        self.right = nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU(), nn.Conv2d(4, 4, 1))
        self.see_left = Tracker("the left lane") if watched else nn.Identity()
        self.see_sum = Tracker() if watched else nn.Identity()
        self.sign = Marker("here the lanes meet") if watched else nn.Identity()

    def forward(self, x):
        x = torch.relu(self.stem(x))
        left = self.see_left(self.left(x))
        return self.sign(self.see_sum(left + self.right(x)))


def made(watched=True):
    torch.manual_seed(0)
    return Tracked(watched).eval(), (torch.rand(1, 3, 8, 8),)


def test_only_what_is_tracked_is_shown_at_any_detail():
    model, inputs = made()
    for detail in DETAILS:
        network = simplify(trace(model, inputs, "tracked"), detail).network
        names = {node.id: node.name for node in network.nodes}
        assert list(names.values()) == ["input", "the left lane", "see_sum"]
        edges = {(names[e.source], names[e.target]) for e in network.edges}
        assert edges == {
            ("input", "the left lane"),
            ("input", "see_sum"),
            ("the left lane", "see_sum"),
        }
        assert [names[node] for node in network.outputs] == ["see_sum"]


def test_a_marker_annotates_the_layer_before_it():
    model, inputs = made()
    (marker,) = simplify(trace(model, inputs, "tracked"), "layers").network.annotations
    assert marker.text == "here the lanes meet"
    model, inputs = made(watched=False)
    model.sign = Marker("a sign")
    network = simplify(trace(model, inputs, "marked"), "layers").network
    (marker,) = network.annotations
    assert network.by_id[marker.node].operation == "add"
    assert len(network.nodes) > 4  # a marker alone hides nothing


def test_they_change_nothing():
    watched, inputs = made()
    plain, _ = made(watched=False)
    assert watched.state_dict().keys() == plain.state_dict().keys()
    with torch.no_grad():
        assert torch.equal(watched(*inputs), plain(*inputs))
    view = simplify(trace(watched, inputs, "tracked"), "layers")
    got = {}
    Replay(watched, view).run(inputs, lambda node, tensor: got.update({node: tensor.clone()}))
    with torch.no_grad():
        expected = plain.left(torch.relu(plain.stem(inputs[0])))
    assert torch.equal(list(got.values())[1], expected)
