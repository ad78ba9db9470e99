"""What a trace is checked for: the whole sentences, at the numbers at which they change."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from vrnn.compute.tracing import autograd_edges, checks
from vrnn.compute.tracing.autograd_edges import TooManySteps, compare_with_autograd
from vrnn.compute.tracing.checks import check_edges, check_parameters
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace

X = torch.rand(1, 3, 8, 8)


def notes(model: nn.Module, *inputs, detail="all") -> list[str]:
    traced = trace(model.eval(), inputs or (X,), "net")
    return list(check_parameters(simplify(traced, detail), model))


class Unused(nn.Module):
    """Uses a convolution; layers by other names wait for another pass."""

    def __init__(self, **layers):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x):
        return self.conv(x)


def block(*layers):
    return nn.Sequential(*layers)


def test_all_is_used():
    assert notes(Unused()) == []
    assert notes(Unused(relu=nn.ReLU())) == []


@pytest.mark.parametrize(("layers", "told"), [
    ({"aux": nn.Linear(2, 3)}, "9 parameters in aux are"),
    ({"aux": nn.Linear(1, 1, bias=False)}, "1 parameter in aux is"),
    ({"aux": nn.Linear(50, 30)}, "1,530 parameters in aux are"),
    ({"aux": block(nn.Linear(2, 3), nn.Linear(3, 2))}, "17 parameters in aux are"),
    ({"a": nn.Linear(1, 1), "b": nn.Linear(1, 1)}, "4 parameters in a, b are"),
    ({n: nn.Linear(1, 1) for n in "abd"}, "6 parameters in a, b, d are"),
    ({n: nn.Linear(1, 1) for n in "abde"}, "8 parameters in a, b, d and 1 more modules are"),
    ({n: nn.Linear(1, 1) for n in "abdef"}, "10 parameters in a, b, d and 2 more modules are"),
])  # fmt: skip
def test_what_is_not_used_is_told_by_the_largest_modules(layers, told):
    assert notes(Unused(**layers)) == [f"{told} not used in this pass"]


def test_of_a_module_that_is_used_in_part_the_part_is_named():
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.both = block(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 5, 1))
            self.scale = nn.Parameter(torch.ones(7))

        def forward(self, x):
            return self.both[0](x)

    assert notes(Half()) == ["32 parameters in scale, both.1 are not used in this pass"]


def test_layers_that_run_with_other_tensors_are_told_apart():
    class Replaced(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.late = nn.Conv2d(3, 4, 1)

        def forward(self, x):
            weights = {"weight": self.conv.weight.new_ones(4, 3, 3, 3), "bias": torch.zeros(4)}
            return torch.func.functional_call(self.conv, weights, (x,))

    assert notes(Replaced()) == [
        "112 parameters in conv are not used in this pass: their layers run with other tensors in "
        "their place, which are not parameters of the model",
        "16 parameters in late are not used in this pass",
    ]


class Loose(nn.Module):
    """Keeps layers in a plain list."""

    def __init__(self, count):
        super().__init__()
        self.layers = [nn.Conv2d(3, 3, 1) for _ in range(count)]

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


@pytest.mark.parametrize(("count", "listed"), [
    (1, "layers.0"), (3, "layers.0, layers.1, layers.2"), (4, "layers.0, layers.1, layers.2, …"),
])  # fmt: skip
def test_layers_in_a_plain_list_are_told(count, listed):
    told = f"{listed} stand in a plain list: training and saving pass them over"
    assert notes(Loose(count)) == [told]


def test_activations_in_a_plain_list_are_none_of_it():
    class Activations(Unused):
        def __init__(self):
            super().__init__()
            self.after = [nn.ReLU()]

        def forward(self, x):
            return self.after[0](super().forward(x))

    assert notes(Activations()) == []


@pytest.mark.parametrize(("count", "told"), [(1, "an array comes"), (2, "2 arrays come")])
def test_arrays_from_nowhere_are_told(count, told):
    class Outside(Unused):
        def forward(self, x):
            left = x.numpy(), (x + 1).flatten()[:7].numpy()
            for number in range(count):
                x = x + torch.from_numpy(left[0].reshape(-1)[: 5 + number].copy() * 9.5).sum()
            return super().forward(x)

    assert notes(Outside()) == [
        f"{told} from outside torch, and what it was computed from is not known"
    ]


# Edges.


class Chain(nn.Module):
    """A convolution, a branch and a sum."""

    def __init__(self):
        super().__init__()
        self.one = nn.Conv2d(3, 3, 1)
        self.two = nn.Conv2d(3, 3, 1)
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x):
        y = self.one(x)
        return self.norm(F.relu(self.two(y)) + y.detach() + x)


def test_a_right_graph_is_no_word_worth():
    assert check_edges(Chain().eval(), (X,)) == ()
    assert compare_with_autograd(Chain().eval(), (X,)) == ([], [])


def test_edges_that_are_missing_or_invented_are_named(monkeypatch):
    model = Chain().eval()
    found = autograd_edges._edges_of_trace

    def changed(traced, log):
        edges = found(traced, log)
        names = {record.id: autograd_edges._name(record) for record in traced.records}
        names[-1] = "the result"
        ids = {name: number for number, name in names.items()}
        kept = {(a, b) for a, b in edges if (names[a], names[b]) != ("one", "two")}
        return kept | {(ids["two"], ids["one"])}

    monkeypatch.setattr(autograd_edges, "_edges_of_trace", changed)
    assert compare_with_autograd(model, (X,)) == ([("one", "two")], [("two", "one")])
    assert check_edges(model, (X,)) == (
        "the graph disagrees with autograd: it lacks one → two and invents two → one",
    )
    monkeypatch.setattr(autograd_edges, "_edges_of_trace", lambda traced, log: set())
    (told,) = check_edges(model, (X,))
    assert told == (
        "the graph disagrees with autograd: it lacks input → norm, input → one, norm → the result "
        "and 2 more"
    )


class Skips(nn.Module):
    """Each layer feeds all later ones."""

    def __init__(self, count):
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3, 3, 1) for _ in range(count))

    def forward(self, x):
        for layer in self.layers:
            x = x + layer(x)
        return x


@pytest.mark.parametrize("slow", ["_edges_of_trace", "_edges_of_autograd"])
def test_layers_that_feed_each_other_in_too_many_ways_are_not_compared_and_told(slow, monkeypatch):
    model = Skips(40).eval()  # 780 pairs of layers
    other = {"_edges_of_trace", "_edges_of_autograd"} - {slow}
    monkeypatch.setattr(autograd_edges, other.pop(), lambda *a: set())
    missing, extra = compare_with_autograd(model, (X,))
    assert len(missing) + len(extra) > 780
    monkeypatch.setattr(autograd_edges, "MAX_STEPS", 700)
    with pytest.raises(TooManySteps):
        compare_with_autograd(model, (X,))
    assert check_edges(model, (X,)) == (
        "the edges of the graph are not compared with autograd's: the layers feed one another in "
        "more than 300,000 ways",
    )


@pytest.mark.parametrize(("count", "more"), [(1, ""), (3, ""), (4, " and 1 more")])
def test_of_many_edges_three_are_named(count, more, monkeypatch):
    edges = [(f"a{n}", f"b{n}") for n in range(count)]
    monkeypatch.setattr(checks, "compare_with_autograd", lambda *a: ([], edges))
    listed = ", ".join(f"a{n} → b{n}" for n in range(min(count, 3)))
    assert check_edges(Chain(), (X,)) == (
        f"the graph disagrees with autograd: it invents {listed}{more}",
    )


class Failing(Chain):
    def forward(self, x):
        if x.requires_grad:
            raise ValueError("no gradients, please")
        return super().forward(x)


def test_a_model_that_cannot_run_with_gradients_is_not_judged_and_a_stop_stops():
    assert check_edges(Failing().eval(), (X,)) == ()

    class Stop(Exception):
        pass

    calls = []

    def stop():
        calls.append(1)
        if len(calls) == 3:
            raise Stop

    with pytest.raises(Stop):
        check_edges(Chain().eval(), (X,), stop)
    assert len(calls) == 3
    assert check_edges(Failing().eval(), (X,), lambda: None) == ()


def test_what_a_model_has_kept_is_cut_off_and_random_numbers_are_as_before():
    class Keeping(Chain):
        def forward(self, x):
            self.kept = {"all": [self.one(x)]}
            return super().forward(x) + torch.rand(1)

    model = Keeping().eval()
    state = torch.get_rng_state()
    assert check_edges(model, (X,)) == ()
    assert torch.equal(torch.get_rng_state(), state)
    assert model.kept["all"][0].grad_fn is None
    assert X.grad is None
    assert all(p.grad is None for p in model.parameters())


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, gradient):
        return gradient * 2


@pytest.mark.parametrize("transform", [torch.func.jacrev, torch.func.jacfwd])
@pytest.mark.parametrize("in_batches", [False, True])
def test_a_derivative_within_the_pass_is_not_compared(transform, in_batches):
    """That of a linear layer is its weight, whatever it was taken at."""

    class Jacobian(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 3)

        def forward(self, x):
            if in_batches:
                return torch.vmap(transform(self.linear))(x)
            return transform(self.linear)(x)

    assert check_edges(Jacobian(), (torch.randn(2, 4),)) == ()


def test_the_inside_of_an_own_function_is_not_compared():
    class Own(Chain):
        def forward(self, x):
            return Doubled.apply(super().forward(x)) + 1

    assert compare_with_autograd(Own().eval(), (X,)) == ([], [])


class WeightsOfItsOwn(nn.Module):
    """Two functions with weights in one module."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 3, 3, 3))
        self.other = nn.Parameter(torch.randn(4, 4))
        self.act = nn.ReLU()

    def forward(self, x):
        return F.linear(self.act(F.conv2d(x, self.weight)).mean((2, 3)), self.other)


def test_a_function_in_a_module_is_named_with_it_and_a_layer_by_itself():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.block = nn.Conv2d(3, 3, 1), WeightsOfItsOwn()

        def forward(self, x):
            return self.block(self.first(x))

    traced = trace(Net().eval(), (X,), "net")
    layers = [r for r in traced.records if autograd_edges._is_layer(r)]
    assert [autograd_edges._name(r) for r in layers] == [
        "input",
        "first",
        "block.conv2d",
        "block.linear",
    ]
    alone = trace(WeightsOfItsOwn().eval(), (X,), "net")
    layers = [r for r in alone.records if autograd_edges._is_layer(r)]
    assert [autograd_edges._name(r) for r in layers] == ["input", "conv2d", "linear"]


class Chance(nn.Module):
    """Drops values in evaluation mode as well, as `F.dropout` does by default."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return F.dropout(self.conv(x))


class Remembers(nn.Module):
    """Keeps the statistics of each image, and how many there were."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.register_buffer("queue", torch.zeros(2, 4))

    def forward(self, x):
        y = self.norm.train()(self.conv(x))
        self.queue[0] = y.mean((0, 2, 3))
        self.conv.bias.data = self.conv.bias.data * 0.9
        return y + self.queue.sum(0)[:, None, None]


DRAWS = "it draws random numbers, so its values differ from pass to pass"


def test_what_makes_the_next_pass_give_other_values_is_told():
    assert notes(Chance()) == [DRAWS]
    assert notes(Remembers()) == [
        "each pass changes queue, conv.bias, norm.running_mean, … in the model, and with that the"
        " next pass"
    ]
    assert notes(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout())) == []


@pytest.mark.parametrize("draw", [
    lambda: torch.rand(1), lambda: float(np.random.rand()), lambda: random.random(),
])  # fmt: skip
def test_numbers_may_be_drawn_from_any_generator(draw):
    class Noisy(nn.Conv2d):
        def forward(self, x):
            return super().forward(x) + draw()

    assert notes(Noisy(3, 4, 3)) == [DRAWS]
