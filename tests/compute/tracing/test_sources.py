"""Each operation's true sources, what feeds a network beside its input, and the weights of each."""

import collections
import dataclasses

import networkx
import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, stack_module_state
from torch.nn import functional as F
from torch.nn.utils import parametrizations, prune

from vrnn.compute.passes.replay import Replay
from vrnn.compute.tracing import call_recorder
from vrnn.compute.tracing.checks import check_edges, check_parameters
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace

IMAGE = torch.rand(1, 3, 8, 8) + 0.1


class Model(nn.Module):
    """A module of some layers, whose forward is a function of itself and the inputs."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, *inputs):
        return self.function(self, *inputs)


def view_of(model, *inputs, detail="all"):
    torch.manual_seed(0)
    view = simplify(trace(model.eval(), inputs or (IMAGE,), "model"), detail)
    got = {}
    Replay(model, view).run(inputs or (IMAGE,), lambda node, tensor: got.update({node: tensor}))
    assert got.keys() == view.records.keys()
    assert all(tuple(t.shape) == view.records[n].shape for n, t in got.items())
    return view


def edges(view):
    names = {node.id: node.name for node in view.network.nodes}
    return {(names[e.source], names[e.target]) for e in view.network.edges}


def notes(model, *inputs):
    inputs = inputs or (IMAGE,)
    view = simplify(trace(model.eval(), inputs, "model"), "layers")
    return [*check_parameters(view, model), *check_edges(model, inputs)]


def pair(function):
    return Model(function, a=nn.Conv2d(3, 4, 3), b=nn.Conv2d(3, 4, 3))


PAIRS = {
    "broadcast_tensors": lambda m, x: torch.broadcast_tensors(m.a(x), m.b(x)),
    "atleast": lambda m, x: torch.atleast_3d(m.a(x), m.b(x)),
    "meshgrid": lambda m, x: torch.meshgrid(
        m.a(x).flatten()[:5], m.b(x).flatten()[:5], indexing="ij"
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_each_result_has_its_own_source(name):
    def forward(m, x):
        p, q = PAIRS[name](m, x)
        return p.sin() + q.cos()

    view = view_of(pair(forward))
    found = edges(view)
    assert {("a", "sin"), ("b", "cos")} <= found
    assert not {("b", "sin"), ("a", "cos")} & found


LENDING = {
    "type_as": lambda y, z: z.type_as(y),
    "to": lambda y, z: z.to(y),
    "expand_as": lambda y, z: z[:, :1].expand_as(y),
    "view_as": lambda y, z: z.view_as(y),
    "reshape_as": lambda y, z: z.reshape_as(y),
    "zeros_like": lambda y, z: torch.zeros_like(y) + z,
    "new_zeros": lambda y, z: y.new_zeros(y.shape) + z,
    "randn_like": lambda y, z: torch.randn_like(y) + z,
    "new_tensor": lambda y, z: y.new_tensor(z) * 2,
}


@pytest.mark.filterwarnings("ignore:To copy construct")
@pytest.mark.parametrize("name", LENDING)
def test_what_lends_only_a_type_or_a_shape_is_no_source(name):
    view = view_of(pair(lambda m, x: LENDING[name](m.a(x), m.b(x)).sin()))
    ancestors = {a for a, _ in edges(view)}
    assert "b" in ancestors
    assert "a" not in ancestors


def test_what_is_written_over_is_no_source():
    def forward(m, x):
        y = m.a(x)
        y.copy_(m.b(x))
        return y.sin()

    assert ("a", "set") not in edges(view_of(pair(forward)))
    assert not notes(pair(forward))


def test_addmm_and_kin_keep_their_operands_places():
    def forward(m, x):
        y = x.flatten(1)[:, :48]
        y = torch.addmm(m.bias, y, m.weight)
        return torch.addmv(m.other, m.square, y[0])

    model = Model(
        forward, bias=nn.Parameter(torch.rand(144)), weight=nn.Parameter(torch.rand(48, 144)),
        other=nn.Parameter(torch.rand(7)), square=nn.Parameter(torch.rand(7, 144)),
    )  # fmt: skip
    labels = [node.label for node in view_of(model).network.nodes]
    assert labels[1:] == ["linear 48→144", "linear 144→7"]
    assert not notes(model)


def test_names_after_a_caught_exception():
    class Fails(nn.Module):
        def forward(self, x):
            x.sin()
            raise ValueError("caught")

    def forward(m, x):
        try:
            m.fails(x)
        except ValueError:
            x = m.a(x)
        return x.cos()

    view = view_of(Model(forward, fails=Fails(), a=nn.Conv2d(3, 4, 3)))
    assert [n.name for n in view.network.nodes] == ["input", "fails", "a", "cos"]


def hypernetwork(m, x):
    return F.conv2d(x, m.hyper(m.code).view(2, 3, 3, 3))


def learned_queries(m, x):
    q = m.query.weight[None]
    q = m.norm(q + m.own(q, q, q)[0])
    return m.cross(q, *[m.a(x).flatten(2).transpose(1, 2)] * 2)[0]


def position_embedding(m, x):
    tokens = m.a(x).flatten(2).transpose(1, 2)
    return tokens + m.position(torch.arange(tokens.shape[1]))


def table(m, x):
    return m.table[(x[0, 0] * 4).long()].sin()


def noise(m, x):
    return m.a(x).mean((2, 3)) + m.b(torch.randn(1, 5))


CONSTANT_PATHS = {
    "hypernetwork": (
        Model(hypernetwork, code=nn.Parameter(torch.rand(1, 4)),
              hyper=nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 54))),
        {("hyper.0", "hyper.1"), ("hyper.1", "hyper.2"), ("hyper.2", "conv2d")},
    ),
    "learned queries": (
        Model(learned_queries, a=nn.Conv2d(3, 8, 4, 4), query=nn.Embedding(5, 8),
              norm=nn.LayerNorm(8), own=nn.MultiheadAttention(8, 2, batch_first=True),
              cross=nn.MultiheadAttention(8, 2, batch_first=True)),
        {("own", "add"), ("add", "norm"), ("norm", "cross"), ("a", "cross")},
    ),
    "position embedding": (
        Model(position_embedding, a=nn.Conv2d(3, 8, 4, 4), position=nn.Embedding(9, 8)),
        {("a", "add"), ("position", "add")},
    ),
    "table": (Model(table, table=nn.Parameter(torch.rand(6, 7))), {("embedding", "sin")}),
    "noise": (
        Model(noise, a=nn.Conv2d(3, 4, 3), b=nn.Linear(5, 4)), {("mean", "add"), ("b", "add")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONSTANT_PATHS)
def test_what_does_not_come_from_the_input_is_shown_where_it_feeds_the_output(name):
    model, expected = CONSTANT_PATHS[name]
    assert expected <= edges(view_of(model))
    assert [n for n in notes(model) if "random numbers" not in n] == []


def numpy_branch(m, x):
    gray = x.mean(1, keepdim=True).numpy()
    return torch.cat([m.a(x), m.c(torch.from_numpy(np.abs(gray - gray.mean())))], 1)


def resized_in_numpy(m, x):
    small = m.a(x).numpy()[:, :, ::2, ::2].copy() * 2
    return torch.as_tensor(small).sin()


def numbers(m, x):
    return torch.tensor([v.item() for v in m.a(x).flatten()[:3]]).sin()


class Quantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return torch.from_numpy((x.detach().numpy() * 8).round() / 8)

    @staticmethod
    def backward(ctx, gradient):
        return gradient


@pytest.mark.parametrize(
    ("function", "edge"),
    [
        (numpy_branch, ("gap", "c")),
        (resized_in_numpy, ("a", "gap")),
        (numbers, ("gap", "sin")),
        (lambda m, x: Quantize.apply(m.a(x)).sin(), None),
        (lambda m, x: torch.from_numpy(m.a(x).numpy() * 2), ("a", "gap")),
    ],
)
def test_a_way_outside_torch_is_a_gap_with_both_ends(function, edge):
    model = Model(function, a=nn.Conv2d(3, 4, 3, padding=1), c=nn.Conv2d(1, 2, 3, padding=1))
    view = view_of(model)
    found = edges(view)
    assert edge is None or edge in found
    graph = view.network.graph()
    ends = view.network.outputs
    assert ends
    assert all(graph.in_degree(end) for end in ends)


def test_routing_indices_lead_to_the_experts():
    def forward(m, x):
        flat = x.flatten(2)[0].T
        weights, chosen = m.gate(flat).softmax(-1).topk(1)
        out = torch.zeros_like(flat)
        for number, expert in enumerate(m.experts):
            rows, column = torch.where(chosen == number)
            out.index_add_(0, rows, expert(flat[rows]) * weights[rows, column, None])
        return out

    model = Model(
        forward, gate=nn.Linear(3, 2), experts=nn.ModuleList(nn.Linear(3, 3) for _ in range(2))
    )
    graph = view_of(model).network.graph()
    nodes = {data["node"].name: node for node, data in graph.nodes(data=True)}
    assert nodes["topk"] in networkx.ancestors(graph, nodes["experts.0"])
    assert not notes(model)


@dataclasses.dataclass
class Result:
    boxes: torch.Tensor
    logits: torch.Tensor


class Slotted:
    __slots__ = ("boxes", "logits")

    def __init__(self, boxes, logits):
        self.boxes, self.logits = boxes, logits


Named = collections.namedtuple("Named", "boxes logits")


@pytest.mark.parametrize("kind", [Result, Slotted, Named])
def test_results_in_objects_are_found(kind):
    view = view_of(pair(lambda m, x: kind(m.a(x), m.b(x))))
    assert [view.network.by_id[i].name for i in view.network.outputs] == ["a", "b"]


def test_results_in_distributions_are_found():
    model = Model(
        lambda m, x: torch.distributions.Normal(m.a(x), m.b(x).exp()),
        a=nn.Conv2d(3, 4, 3), b=nn.Conv2d(3, 4, 3),
    )  # fmt: skip
    outputs = [
        n.name for n in view_of(model).network.nodes if n.id in view_of(model).network.outputs
    ]
    assert outputs == ["a", "exp"]


def ensemble():
    members = [nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()) for _ in range(3)]
    parameters, buffers = stack_module_state(members)

    def forward(m, x):
        def run(p, b, x):
            return functional_call(members[0], (p, b), (x,))

        return torch.vmap(run, (0, 0, None))(parameters, buffers, x).mean(0)

    return Model(forward)


def test_vmap_is_looked_into():
    view = view_of(ensemble())
    assert [n.operation for n in view.network.nodes] == ["input", "conv2d", "relu", "mean"]
    assert not check_edges(ensemble(), (IMAGE,))


class Swish(torch.autograd.Function):
    """An operation with a gradient of its own, inside which autograd records nothing."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        sigmoid = torch.sigmoid(x)
        return gradient * (sigmoid + x * sigmoid * (1 - sigmoid))


def test_an_operation_with_a_gradient_of_its_own_is_no_disagreement():
    model = Model(lambda m, x: m.b(Swish.apply(m.a(x))), a=nn.Conv2d(3, 4, 3), b=nn.Conv2d(4, 2, 3))
    assert notes(model) == []


def test_a_gradient_inside_forward_is_traced():
    def forward(m, x):
        x = x.requires_grad_(True)
        energy = m.a(x).tanh().sum()
        return energy, -torch.autograd.grad(energy, x)[0]

    view = view_of(Model(forward, a=nn.Conv2d(3, 4, 3)))
    assert ("sum", "grad") in edges(view)


def pruned():
    layer = nn.Conv2d(3, 4, 3)
    prune.l1_unstructured(layer, "weight", 0.5)
    return layer


class LowRank(nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.down = nn.Parameter(torch.rand(4, 2)), nn.Parameter(torch.rand(2, 6))

    def forward(self, weight):
        return weight + self.up @ self.down


def low_rank():
    layer = nn.Linear(6, 4)
    nn.utils.parametrize.register_parametrization(layer, "weight", LowRank())
    return layer


def tied():
    first, second = nn.Linear(6, 6), nn.Linear(6, 6)
    second.weight = first.weight
    return nn.Sequential(first, second)


VECTOR = torch.rand(1, 6)
WEIGHTS = {
    "weight norm": (lambda: parametrizations.weight_norm(nn.Conv2d(3, 4, 3)), IMAGE),
    "spectral norm": (lambda: parametrizations.spectral_norm(nn.Conv2d(3, 4, 3)), IMAGE),
    "old spectral norm": (lambda: nn.utils.spectral_norm(nn.Conv2d(3, 4, 3)), IMAGE),
    "orthogonal": (lambda: parametrizations.orthogonal(nn.Linear(6, 4)), VECTOR),
    "pruning": (pruned, IMAGE),
    "low rank": (low_rank, VECTOR),
    "transposed": (
        lambda: Model(lambda m, x: x @ m.w.t(), w=nn.Parameter(torch.rand(4, 6))), VECTOR,
    ),
    "view": (
        lambda: Model(
            lambda m, x: F.conv2d(x, m.k.view(4, 3, 3, 3)), k=nn.Parameter(torch.rand(108))
        ),
        IMAGE,
    ),
    "cast": (
        lambda: Model(
            lambda m, x: F.linear(x, m.h.to(x.dtype)),
            h=nn.Parameter(torch.rand(4, 6, dtype=torch.float16)),
        ),
        VECTOR,
    ),
    "filled": (
        lambda: Model(
            lambda m, x: F.linear(x, fill(m.a, m.b)),
            a=nn.Parameter(torch.rand(2, 6)), b=nn.Parameter(torch.rand(3, 6)),
        ),
        VECTOR,
    ),
    "tied": (tied, VECTOR),
    "scripted part": (
        lambda: nn.Sequential(nn.Linear(6, 6), torch.jit.script(nn.Linear(6, 6))), VECTOR,
    ),
    "plain list": (lambda: Model(lambda m, x: m.list[1](m.list[0](x)),
                                 list=[nn.Linear(6, 6), nn.Linear(6, 2)]), VECTOR),
}  # fmt: skip


def fill(a, b):
    weight = torch.zeros(5, 6)
    weight[:2] = a
    weight[2:].copy_(b)
    return weight


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", WEIGHTS)
def test_the_parameters_of_all_nodes_sum_to_the_models(name):
    build, example = WEIGHTS[name]
    model = build().eval()
    view = simplify(trace(model, (example,), name), "layers")
    total = sum(p.numel() for p in view.trace.parameters.values())
    assert sum(n.parameters for n in view.network.nodes) == total > 0
    assert [n for n in notes(model, example) if "list" not in n] == []


def test_parameters_that_a_pass_does_not_use_are_named():
    model = Model(lambda m, x: m.a(x), a=nn.Conv2d(3, 4, 3), aux_head=nn.Linear(1, 2))
    assert notes(model) == ["4 parameters in aux_head are not used in this pass"]


def test_layers_that_run_with_other_tensors_are_told():
    model = Model(lambda m, x: torch.func.functional_call(m.a, m.other, (x,)),
                  a=nn.Conv2d(3, 4, 3), other={"weight": torch.rand(4, 3, 3, 3)})  # fmt: skip
    model.other["bias"] = torch.rand(4)
    assert notes(model) == [
        "112 parameters in a are not used in this pass: their layers run with other tensors in "
        "their place, which are not parameters of the model"
    ]


def test_a_buffer_that_is_returned_does_not_descend_from_the_input():
    model = Model(lambda m, x: (m.a(x), m.anchors), a=nn.Conv2d(3, 4, 3), anchors=torch.rand(3, 4))
    assert [n.operation for n in view_of(model).network.nodes] == ["input", "conv2d"]


def test_parameters_that_lead_nowhere_are_named():
    def forward(m, x):
        (x.mean() * m.scale).sum()
        return m.a(x)

    model = Model(forward, a=nn.Conv2d(3, 4, 3), scale=nn.Parameter(torch.rand(5)))
    assert notes(model) == ["5 parameters in scale are used but lead to no layer that is shown"]


def test_an_edge_that_autograd_does_not_know_is_told(monkeypatch):
    model = pair(lambda m, x: torch.broadcast_tensors(m.a(x), m.b(x))[1].cos())
    assert not check_edges(model, (IMAGE,))
    monkeypatch.setattr(
        call_recorder, "sources_of_views", lambda operation, args, taken, made: [0] * made
    )
    (note,) = check_edges(model, (IMAGE,))
    assert note == (
        "the graph disagrees with autograd: it lacks b → the result, input → b and invents "
        "a → the result, input → a"
    )


def test_the_check_leaves_no_gradients_behind():
    class Keeps(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.last = nn.Conv2d(3, 4, 3), None

        def forward(self, x):
            self.last = self.a(x)
            return self.last.sin()

    model = Keeps().eval()
    assert not check_edges(model, (IMAGE,))
    assert not model.last.requires_grad


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("compile_model", ["script", "load", "trace", "export", "fx", "wrapped"])
def test_a_compiled_model_is_shown_inside(compile_model, tmp_path):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 4)
    ).eval()
    if compile_model == "export":
        model = torch.export.export(net, (IMAGE,)).module()
    elif compile_model == "fx":
        model = torch.fx.symbolic_trace(net)
    elif compile_model == "trace":
        model = torch.jit.trace(net, IMAGE)
    else:
        model = torch.jit.script(net)
    if compile_model == "load":
        model.save(tmp_path / "model.pt")
        model = torch.jit.load(tmp_path / "model.pt")
    if compile_model == "wrapped":
        model = Model(lambda m, x: m.inner(x) * 2, inner=model)
    if compile_model != "export":
        model.eval()
    view = simplify(trace(model, (IMAGE,), "model"), "layers")
    labels = [node.label for node in view.network.nodes]
    assert labels[1:3] == ["conv 3×3, 3→8 · batch norm · ReLU", labels[2]]
    assert labels[2].startswith("linear 288→4")
    assert [n.parameters for n in view.network.nodes][1:3] == [3 * 8 * 9 + 8 + 16, 288 * 4 + 4]
    assert not check_parameters(view, model)
    got = {}
    Replay(model, view).run((IMAGE,), lambda node, tensor: got.update({node: tensor.clone()}))
    with torch.no_grad():
        expected = net[2](net[1](net[0](IMAGE)))
    assert torch.allclose(got[view.network.nodes[1].id], expected, atol=1e-5)
