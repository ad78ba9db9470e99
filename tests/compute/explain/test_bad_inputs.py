"""What cannot be explained is refused in one sentence; what has no rule is told and counted."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.support.explained import COMPOSITES, arrived, check_cuts, opened, opened_with, relevance
from vrnn.compute.explain import gradient_batches, relevance_pass
from vrnn.compute.explain.explain import explain
from vrnn.compute.explain.relevance_pass import RelevanceRequest, propagate
from vrnn.errors import VrnnError
from vrnn.explanations.composites import Composite, LayerRule, load_composites
from vrnn.explanations.conditions import Condition
from vrnn.explanations.settings import ExplanationSettings
from vrnn.explanations.targets import Target

X = torch.linspace(0.1, 1, 3 * 64, dtype=torch.float64).reshape(1, 3, 8, 8)


class Net(nn.Module):
    """A convolution, something odd, and a head."""

    def __init__(self, odd):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.head = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4, 3)
        self.odd = odd

    def forward(self, x):
        return self.head(self.odd(self.conv(x)).mean((2, 3)))


def net_of(odd):
    return opened(Net(odd).eval().double(), (8, 8))


def test_a_step_without_a_rule_is_named_and_its_loss_is_told():
    model = net_of(lambda x: x + x.cumprod(1))
    flow, _ = relevance(model, (X,))
    assert flow.fallbacks == {"cumprod: plain gradient": 1}
    lost = [s for s in flow.sinks if s.kind == "no rule"]
    assert {s.name for s in lost} <= {"cumprod", ""}
    whole = arrived(flow) + sum(s.amount for s in flow.sinks)
    assert whole == pytest.approx(float(flow.target.value), rel=1e-6)


def test_a_recurrent_layer_with_a_projection_has_its_plain_gradient():
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(24, 5, batch_first=True, proj_size=4)
            self.out = nn.Linear(4, 3)

        def forward(self, x):
            return self.out(self.rnn(x.permute(0, 2, 1, 3).flatten(2))[0][:, -1])

    torch.manual_seed(0)
    flow, _ = relevance(opened_with(Recurrent().eval().double(), X), (X,))
    assert flow.fallbacks == {"lstm: plain gradient": 1}
    named = sum(s.amount for s in flow.sinks if s.kind == "no rule")
    assert arrived(flow) + named == pytest.approx(float(flow.target.value), rel=1e-3)


def test_a_custom_function_has_its_own_gradient():
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    flow, _ = relevance(net_of(lambda x: Doubled.apply(x)), (X,))
    assert flow.fallbacks == {"Doubled: plain gradient": 1}
    assert arrived(flow) == pytest.approx(float(flow.target.value), rel=1e-3)


@pytest.mark.parametrize("odd", [torch.round, torch.floor, lambda x: torch.sign(x) * 2])
def test_steps_that_have_no_gradient_pass_relevance_through(odd):
    flow, _ = relevance(net_of(lambda x: odd(x * 10)), (X,))
    assert sum(flow.fallbacks.values()) == 1
    assert "passed through, it has no gradient" in next(iter(flow.fallbacks))
    assert arrived(flow) != 0
    check_cuts(opened_again(odd), flow)


def opened_again(odd):
    return net_of(lambda x: odd(x * 10))


def test_what_leaves_torch_ends_there():
    def through_numpy(x):
        return x + torch.from_numpy(x.detach().numpy().copy())

    flow, _ = relevance(net_of(through_numpy), (X,))
    whole = arrived(flow) + sum(s.amount for s in flow.sinks)
    assert whole == pytest.approx(float(flow.target.value), rel=1e-6)
    assert any(s.kind == "constant" for s in flow.sinks)


class Argmax(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return self.conv(x).argmax(1)


@pytest.mark.parametrize("method", ["epsilon-plus", "saliency", "integrated-gradients"])
def test_argmax_outputs(method):
    model = opened(Argmax().eval().double(), (8, 8))
    with pytest.raises(VrnnError, match=r"whole numbers, such as those of an argmax.*--target"):
        explain(model, X, ExplanationSettings(method, baseline="zero"))
    name = next(n.name for n in model.network.nodes if n.operation == "conv2d")
    found = explain(model, X, ExplanationSettings("epsilon-plus", Target(name, channel=1)))
    assert found.arrived != 0


def test_values_that_are_not_finite():
    model = net_of(lambda x: x)
    for method in ("epsilon-plus", "saliency"):
        with pytest.raises(VrnnError, match="is nan for this input"):
            explain(model, X * float("nan"), ExplanationSettings(method))
    divides = net_of(lambda x: torch.where(x < 0, torch.log(x), x))
    with pytest.raises(VrnnError, match=r"not finite|is nan|no longer finite"):
        explain(divides, X, ExplanationSettings("saliency"))


def test_quantised_layers():
    class Quantised(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 3)

        def forward(self, x):
            x = self.conv(x)
            x = torch.quantize_per_tensor(x, 0.01, 0, torch.qint8).dequantize()
            return self.head(x.mean((2, 3)))

    model = opened(Quantised().eval(), (8, 8))
    with pytest.raises(VrnnError, match=r"does not depend on the input|no gradient"):
        explain(model, X.float(), ExplanationSettings())


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (Target(channel=3), "classes 0 to 2, no 3"),
        (Target(channel=0, against=7), "classes 0 to 2, no 7"),
        (Target(output=1), "outputs 0 to 0, no output 1"),
        (Target(box=0), "finds no boxes"),
        (Target("nowhere"), "no layer 'nowhere'.*vrnn graph"),
        (Target("input"), "is an input"),
        (Target("conv", channel=9), "'conv' has channels 0 to 3, no 9"),
        (Target("conv", channel=1, position=(8, 0)), "no position 8,0: there are 8 rows"),
        (Target(position=(0, 1)), "no position"),
    ],
)
@pytest.mark.parametrize("method", ["epsilon-plus", "saliency"])
def test_targets_that_do_not_exist(target, message, method):
    model = net_of(lambda x: x.relu())
    with pytest.raises(VrnnError, match=message):
        explain(model, X, ExplanationSettings(method, target))


class Constant(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bias = nn.Conv2d(3, 4, 3), nn.Parameter(torch.ones(1, 4))

    def forward(self, x):
        y = self.conv(x).mean((2, 3))
        return y, self.bias + y.detach() * 0, (y > 0).float()


def test_a_target_that_does_not_depend_on_the_input():
    model = opened(Constant().eval().double(), (8, 8))
    for output in (1, 2):
        with pytest.raises(VrnnError, match=r"no gradient|does not depend|no output"):
            explain(model, X, ExplanationSettings(target=Target(output=output)))


def test_a_layer_that_the_target_does_not_depend_on():
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)

        def forward(self, x):
            return self.a(x).mean((2, 3)), self.b(x).mean((2, 3))

    model = opened(Branches().eval().double(), (8, 8))
    found = explain(model, X, ExplanationSettings(target=Target(output=0, channel=1)))
    assert "a" in found.layers
    assert "b" not in found.layers
    with pytest.raises(VrnnError, match="does not depend on 'b'; choose a layer before it"):
        explain(model, X, ExplanationSettings("grad-cam", Target(channel=1), layer="b"))


def test_too_little_memory_is_one_sentence(monkeypatch):
    def fails(*arguments):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(relevance_pass.RuleMode, "run_call", fails)
    with pytest.raises(VrnnError, match=r"not enough memory.*--input-size"):
        propagate(net_of(F.relu), (X,), RelevanceRequest(Target(), COMPOSITES["epsilon-plus"]))


def test_compiled_parts():
    class Scripted(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = torch.jit.script(nn.Conv2d(3, 4, 3))

        def forward(self, x):
            return self.inner(x).mean((2, 3))

    model = opened(Scripted().eval().double(), (8, 8))
    with pytest.raises(VrnnError, match=r"compiled parts.*open the model from its Python code"):
        explain(model, X, ExplanationSettings())


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("nonsense", "no method 'nonsense'; choose one of epsilon-plus"),
        ("attention-rollout", "no attention in its layers"),
    ],
)
def test_methods_that_are_none_here(method, message):
    with pytest.raises(VrnnError, match=message):
        explain(net_of(F.relu), X, ExplanationSettings(method))


def test_conditions_that_do_not_fit():
    for condition, message in (
        (Condition("nowhere", (0,)), "no layer 'nowhere'"),
        (Condition("conv", (7,)), "'conv' has channels 0 to 3, no channel 7"),
    ):
        with pytest.raises(VrnnError, match=message):
            explain(net_of(F.relu), X, ExplanationSettings(conditions=(condition,)))
    condition = Condition("conv", (0,))
    with pytest.raises(VrnnError, match="conditions are for relevance propagation"):
        explain(net_of(F.relu), X, ExplanationSettings("saliency", conditions=(condition,)))


def test_composites_of_ones_own(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        "[mine]\n"
        "[[mine.rules]]\ndepth = [0, 0]\nrule = 'w-square'\n"
        "[[mine.rules]]\nlayer = 'head'\noperation = 'linear'\nrule = 'gamma'\ngamma = 0.5\n"
    )
    mine = load_composites(file)["mine"]
    assert mine == Composite(
        (
            LayerRule("w-square", depth=(0, 0)),
            LayerRule("gamma", "head", "linear", gamma=0.5),
        )
    )
    assert mine.rule_of("conv", "conv2d", 0).rule == "w-square"
    assert mine.rule_of("head", "linear", 1).rule == "gamma"
    assert mine.rule_of("other", "linear", 1).rule == "gradient"
    found = explain(net_of(F.relu), X, ExplanationSettings("mine", composites=file))
    assert found.arrived + sum(found.sums_by_sink().values()) == pytest.approx(found.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a]\nrules = [{rule = 'epsilom'}]", "rule should be one of|'epsilom'"),
        ("[a]\nrules = [{rule = 'alpha-beta', alpha = 3.0, beta = 1.0}]", "alpha − beta"),
        ("[a]\nrules = [{rule = 'epsilon', depth = [1]}]", "two numbers"),
        ("[a]\nrules = [{rule = 'pass'}]", "is for batch norms"),
        ("[a\n", "is not valid TOML"),
        ("a = 3\n", "should hold tables"),
        ("[a]\nnonsense = 3\n", "nonsense"),
    ],
)
def test_composites_that_are_none(text, message, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(VrnnError, match=message):
        load_composites(file)


class WritesOver(nn.Module):
    """Writes over what an operation before has taken: no training, but a good forward pass."""

    def __init__(self):
        super().__init__()
        self.conv, self.other = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)

    def forward(self, x):
        y, z = torch.sigmoid(self.conv(x)), self.other(x)
        gated = y * z
        y.add_(1)
        z[:, 1:] *= 2
        return (gated + y + z).mean((2, 3))


@pytest.mark.parametrize(
    "method", ["epsilon-plus", "attention", "saliency", "grad-cam", "integrated-gradients"]
)
def test_values_that_are_written_over_are_explained_as_they_were(method):
    torch.manual_seed(0)
    net = WritesOver().eval().double()
    model = opened(net, (8, 8))
    found = explain(model, X, ExplanationSettings(method, Target(channel=1), baseline="zero"))
    with torch.no_grad():
        assert found.value == pytest.approx(float(net(X)[0, 1]), rel=1e-9)
    if found.conserves:
        flow, _ = relevance(model, (X,), method, Target(channel=1))
        check_cuts(model, flow)
    if method == "saliency":
        step = 1e-6
        nearby = X.clone()
        nearby[0, 1, 4, 4] += step
        with torch.no_grad():
            slope = float(net(nearby)[0, 1] - net(X)[0, 1]) / step
        (values,) = found.inputs.values()
        assert values[0, 1, 4, 4] == pytest.approx(abs(slope), rel=1e-3)


def test_a_batch_that_does_not_fit_is_halved_and_then_refused(monkeypatch):
    sizes = []
    whole = gradient_batches._batch

    def little_memory(model, several, target, check_stop):
        sizes.append(len(several))
        if len(several) > 2:
            raise RuntimeError("CUDA out of memory")
        return whole(model, several, target, check_stop)

    model = net_of(F.relu)
    settings = ExplanationSettings(
        "integrated-gradients", Target(channel=1), baseline="zero", steps=8
    )
    expected = explain(model, X, settings)
    monkeypatch.setattr(gradient_batches, "_batch", little_memory)
    found = explain(model, X, settings)
    assert sizes[:3] == [8, 4, 2]
    assert found.arrived == pytest.approx(expected.arrived, rel=1e-9)

    def none_at_all(*arguments, **named):
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(gradient_batches, "find_gradients", none_at_all)
    monkeypatch.setattr(gradient_batches, "_batch", none_at_all)
    with pytest.raises(VrnnError, match=r"not enough memory.*--input-size"):
        explain(model, X, settings)
