"""Untrained is only what is as it was initialized."""

import math
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.compute.loading.factories import from_factory
from vrnn.compute.loading.script import from_script
from vrnn.compute.loading.weight_origin import (
    MIN_VALUES,
    WeightEvents,
    _distances,
    is_untrained,
    looks_initialized,
    watching_weights,
)

NET = """
import math, os, pickle, tempfile
import numpy as np
import torch
from torch import nn

FOLDER = tempfile.mkdtemp()
FILE = os.path.join(FOLDER, "weights")

def build():
    return nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3),
                         nn.ReLU(), nn.Flatten(), nn.Linear(8 * 24 * 24, 10))

class Custom(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(50, 16, padding_idx=0)
        self.rnn = nn.LSTM(16, 16, batch_first=True)
        self.attention = nn.TransformerEncoderLayer(16, 4)
        self.scale = nn.Parameter(torch.randn(4, 16) * 0.02)
        self.head = nn.utils.parametrizations.weight_norm(nn.Linear(16, 5))
        self.tied = nn.Linear(16, 50, bias=False)
        self.tied.weight = self.table.weight
        self.apply(self._init_weights)
    def _init_weights(self, module):
        if isinstance(module, nn.Linear) and not hasattr(module, "parametrizations"):
            nn.init.trunc_normal_(module.weight, std=0.02, a=-0.04, b=0.04)
            module.weight.data = module.weight.data * 0.5
    def forward(self, x):
        return self.head(self.rnn(self.table(x))[0])
"""


def untrained(tmp_path, text):
    path = tmp_path / "net.py"
    path.write_text(NET + text)
    return from_script(path).random_weights


@pytest.mark.parametrize(
    "text",
    [
        "model = build()",
        "model = build().double().eval()",
        "model = Custom()",
        "model = build(); nn.init.orthogonal_(model[3].weight); nn.init.zeros_(model[6].weight)",
        "model = build(); model.apply(lambda m: isinstance(m, nn.Conv2d) and "
        "nn.init.kaiming_normal_(m.weight))",
        "model = torch.jit.script(build().eval())",
        "data = torch.zeros(4, 1, 28, 28); data[0] = torch.ones(1, 28, 28); model = build()",
        "np.save(FILE + '.npy', np.zeros((2, 2))); x = np.load(FILE + '.npy'); model = build()",
    ],
)
def test_what_was_only_initialized_is_untrained(tmp_path, text):
    assert untrained(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        "torch.save(build(), FILE); model = torch.load(FILE, weights_only=False)",
        "torch.jit.script(build().eval()).save(FILE); model = torch.jit.load(FILE)",
        "from torch import load\ntorch.save(build().state_dict(), FILE); model = build()\n"
        "model.load_state_dict(load(FILE))",
        "model = pickle.loads(pickle.dumps(build()))",
        "from safetensors.torch import save_model, load_model\nsave_model(build(), FILE)\n"
        "model = build(); load_model(model, FILE)",
        "from safetensors.torch import save_file, load_file\nother = build()\n"
        "save_file(other.state_dict(), FILE); model = build()\n"
        "for k, p in load_file(FILE).items(): model.state_dict()[k].copy_(p)",
        "other = {k: torch.rand_like(p) for k, p in build().named_parameters()}\nmodel = build()\n"
        "with torch.no_grad():\n    for k, p in model.named_parameters(): p.copy_(other[k])",
        "model = build()\nfor p in model.parameters(): p.data = torch.rand_like(p)",
        "model = build()\nfor p in model.parameters(): p.data.copy_(torch.rand_like(p))",
        "model = build()\nwith torch.no_grad(): model[3].weight[:] = torch.rand(8, 8, 3, 3)",
        "model = build()\nmodel[6].weight = nn.Parameter(torch.rand(10, 8 * 24 * 24))",
        "model = build(); optimizer = torch.optim.SGD(model.parameters(), 0.1)\n"
        "model(torch.rand(4, 1, 28, 28)).sum().backward(); optimizer.step()",
    ],
)
def test_what_was_loaded_written_or_trained_is_not(tmp_path, text):
    assert not untrained(tmp_path, text)


def test_what_a_script_says_of_its_weights_holds(tmp_path):
    assert not untrained(tmp_path, "model = build(); random_weights = False")
    assert untrained(tmp_path, "model = pickle.loads(pickle.dumps(build())); random_weights = True")


def test_a_factory_that_loads_is_not_untrained(tmp_path, monkeypatch):
    (tmp_path / "own_zoo.py").write_text(
        NET + "def loaded():\n    torch.save(build(), FILE)\n"
        "    return torch.load(FILE, weights_only=False)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert from_factory("own_zoo:build").random_weights
    assert not from_factory("own_zoo:loaded").random_weights


def net():
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.Linear(64, 64))


def test_values_alone_tell_trained_weights():
    assert looks_initialized(net())
    for change in (
        lambda m: m[0].weight.fill_(1.0),
        lambda m: m[1].weight.uniform_(0.5, 1.5),
        lambda m: m[1].running_mean.add_(0.1),
        lambda m: m[2].weight.copy_(torch.distributions.Laplace(0.0, 0.05).sample((64, 64))),
        lambda m: m[2].weight.copy_(torch.linspace(-1, 1, 4096).reshape(64, 64) ** 3),
    ):
        model = net()
        with torch.no_grad():
            change(model)
        assert not looks_initialized(model)


@pytest.mark.parametrize("seed", range(5))
def test_every_initializer_looks_initialized(seed):
    torch.manual_seed(seed)
    for name, arguments in {
        "uniform_": (-0.3, 0.1), "normal_": (0.0, 0.02), "trunc_normal_": (0.0, 0.02, -0.04, 0.04),
        "kaiming_uniform_": (math.sqrt(5),), "kaiming_normal_": (), "xavier_uniform_": (),
        "xavier_normal_": (), "orthogonal_": (), "zeros_": (),
    }.items():  # fmt: skip
        layer = nn.Conv2d(16, 32, 3)
        getattr(nn.init, name)(layer.weight, *arguments)
        assert looks_initialized(layer), name


class Complex(nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x):
        return torch.fft.irfft2(torch.fft.rfft2(x) * self.weight)


def test_complex_weights_are_looked_at_too():
    torch.manual_seed(0)
    drawn = torch.randn(6, 6, 8, 8, dtype=torch.cfloat) / 6
    assert looks_initialized(Complex(drawn))
    steps = torch.linspace(0, 1, drawn.numel()).view(drawn.shape) ** 8
    assert not looks_initialized(Complex(torch.complex(steps, steps.flip(0) * 3)))


# The numbers behind it.


def normal_cdf(x):
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def largest_gap(sample, cdf):
    """Between the steps of a sample and a distribution, value by value."""
    gaps = []
    for i, value in enumerate(sample):
        expected = cdf(value)
        gaps += [expected - i / len(sample), (i + 1) / len(sample) - expected]
    return max(gaps)


@pytest.mark.parametrize("seed", range(4))
def test_distances_are_those_to_a_uniform_a_normal_and_a_cut_normal_distribution(seed):
    numbers = np.random.default_rng(seed)
    sample = np.sort([numbers.normal(2, 3, 70), numbers.random(70) - 4,
                      numbers.normal(size=70) ** 3, np.clip(numbers.normal(size=70), -1.5, 9)]
                     [seed])  # fmt: skip
    low, high, mean, std = sample.min(), sample.max(), sample.mean(), sample.std()
    tail = normal_cdf(-2)

    def cut_cdf(x):
        return (normal_cdf(min(max((x - mean) / (std / 0.8796), -2), 2)) - tail) / (1 - 2 * tail)

    expected = [
        largest_gap(sample, lambda x: (x - low) / (high - low)),
        largest_gap(sample, lambda x: normal_cdf((x - mean) / std)),
        largest_gap(sample, cut_cdf),
    ]
    np.testing.assert_allclose(list(_distances(sample)), expected, atol=1e-9)
    # Of a normal distribution cut at two deviations 0.8796 of the deviation is left.
    x = np.linspace(-2, 2, 200_001)
    weights = np.exp(-(x**2) / 2)
    assert np.sqrt((weights * x**2).sum() / weights.sum()) == pytest.approx(0.8796, abs=1e-4)


def drawn_where(change, shape=(64, 64)):
    """Whether a normal weight looks drawn after a change."""
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(7))
    layer = nn.Module()
    layer.weight = nn.Parameter(change(weight))
    return looks_initialized(layer)


def test_a_value_in_every_place_counts_of_a_small_weight():
    """A sample of it would leave out some."""
    for place in (0, 1, 4094, 4095):

        def put(weight, place=place):
            weight.view(-1)[place] = 1e4
            return weight

        assert not drawn_where(put)
    assert drawn_where(lambda w: w)


@pytest.mark.parametrize(("shape", "count"), [((64, 64), 4096), ((6, 8), 48), ((24, 2), 48)])
def test_at_the_least_number_of_values_they_are_looked_at(shape, count):
    assert count >= MIN_VALUES
    assert not drawn_where(lambda w: w.sign() + w / 1e6, shape)
    assert drawn_where(lambda w: w, shape)
    assert drawn_where(lambda w: w.sign() + w / 1e6, (47, 1))


def test_of_a_large_weight_rows_from_all_of_it_are_looked_at():
    for part in (slice(None, None, 2), slice(0, 4000), slice(4000, 8000)):

        def flat(weight, part=part):
            weight[part] = weight[part].sign()
            return weight

        assert not drawn_where(flat, (8000, 9))
    wide = (20, 5000)
    assert drawn_where(lambda w: w, wide)
    assert not drawn_where(lambda w: w.sign(), wide)
    # Neither a padding index nor untouched rows of a table count.
    assert drawn_where(lambda w: w * (torch.arange(8000) % 3 > 0)[:, None], (8000, 9))
    assert drawn_where(lambda w: w * (torch.arange(8000) == 4001)[:, None], (8000, 60))
    assert drawn_where(lambda w: w * 0, (8000, 9))


def test_rows_or_columns_may_be_orthogonal():
    def turned(weight):
        return torch.linalg.qr(weight.double())[0].float()

    two = torch.tensor([[1.0, 1.0], [1.0, -1.0]])
    hadamard = torch.kron(torch.kron(two, two), torch.kron(two, two))
    assert drawn_where(lambda w: hadamard, (16, 16))  # of values 1 and -1 alone
    assert drawn_where(lambda w: 30 * hadamard[:5], (5, 16))
    assert drawn_where(lambda w: 0.01 * hadamard[:, :5], (16, 5))
    assert not drawn_where(lambda w: hadamard * torch.tensor([3.0] + [1.0] * 15)[:, None], (16, 16))
    assert not drawn_where(lambda w: hadamard.abs(), (16, 16))
    broken = hadamard.clone()
    broken[15, 15] = 1.5
    assert not drawn_where(lambda w: broken, (16, 16))
    nearly = hadamard.clone()
    nearly[0, 0] += 1e-3
    assert drawn_where(lambda w: nearly, (16, 16))
    assert drawn_where(turned, (16, 16))


@pytest.mark.parametrize(("tensor", "is_fine"), [
    (torch.zeros(8, 8), True), (torch.zeros(8, 8, dtype=torch.cfloat), True),
    (torch.zeros(8, 8, dtype=torch.int8), False), (torch.zeros(8, 8, device="meta"), False),
    (torch.eye(8).to_sparse(), False),
])  # fmt: skip
def test_only_plain_numbers_can_look_initialized(tensor, is_fine):
    layer = nn.Module()
    layer.weight = nn.Parameter(tensor, requires_grad=False)
    assert looks_initialized(layer) is is_fine


@pytest.mark.parametrize(("name", "change", "is_fine"), [
    ("running_mean", 0.1, False), ("running_var", 0.1, False), ("weight", 0.1, False),
    ("bias", 0.1, False), (None, 0, True),
])  # fmt: skip
def test_one_number_of_a_norm_tells_that_it_was_trained(name, change, is_fine):
    for place in (0, 1, 5):
        norm = nn.BatchNorm2d(6)
        if name is not None:
            with torch.no_grad():
                getattr(norm, name)[place] += change
        assert looks_initialized(norm) is is_fine
    with torch.no_grad():
        plain = nn.PReLU(6)
        plain.weight[3] += 1
    assert looks_initialized(plain)  # no norm


def test_a_model_that_says_where_it_is_from_is_trained():
    for owner in ("model", "config"):
        for text, is_untrained_ in (("", True), ("some/model", False), (3, True)):
            model = nn.Sequential(net())
            inner = model[0]
            if owner == "model":
                inner.name_or_path = text
            else:
                inner.config = SimpleNamespace(_name_or_path=text)
            assert is_untrained(model, WeightEvents()) is is_untrained_


def test_what_was_written_into_the_memory_of_a_weight_tells():
    model = net()
    own = model[2].weight.untyped_storage().data_ptr()
    buffer = model[1].running_mean.untyped_storage().data_ptr()
    assert is_untrained(model, WeightEvents())
    assert is_untrained(model, WeightEvents(written={0, own + 1}))
    assert not is_untrained(model, WeightEvents(written={own}))
    assert not is_untrained(model, WeightEvents(written={buffer}))
    assert not is_untrained(model, WeightEvents(sources={"load"}))
    model[2].register_buffer("nowhere", torch.zeros(3, device="meta"))
    assert is_untrained(model, WeightEvents(written={0}))


def seen(change):
    """What was noted of a change of a model."""
    model = net()
    with watching_weights() as events, torch.no_grad():
        change(model)
    return events


def init_weights(model):
    model[0].weight.copy_(torch.ones(16, 3, 3, 3))


def deep(calls, function, *args):
    return function(*args) if not calls else deep(calls - 1, function, *args)


WRITES = {
    "copy": lambda m: m[0].weight.copy_(torch.ones(16, 3, 3, 3)),
    "copy by name": lambda m: torch.Tensor.copy_(m[0].weight, other=torch.ones(16, 3, 3, 3)),
    "item": lambda m: m[0].weight.__setitem__(0, 1.0),
    "data": lambda m: setattr(m[0].weight, "data", torch.ones(16, 3, 3, 3)),
    "set": lambda m: m[0].weight.set_(torch.ones(16, 3, 3, 3)),
    "parameter": lambda m: setattr(m[0], "weight", nn.Parameter(torch.ones(16, 3, 3, 3))),
    "register": lambda m: m[0].register_parameter("weight", nn.Parameter(torch.ones(16, 3, 3, 3))),
    "register by name": lambda m: m[0].register_parameter(
        name="other", param=nn.Parameter(torch.ones(3))),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITES)
def test_a_write_into_a_parameter_is_noted_unless_it_gives_a_first_value(name):
    assert seen(WRITES[name]).sources == {"a write into a parameter"}

    def reset_parameters(model):
        WRITES[name](model)

    def trunc_normal_of_mine(model):
        deep(6, WRITES[name], model)

    for initializer in (reset_parameters, trunc_normal_of_mine):
        assert seen(initializer).sources == set()


def test_a_write_many_calls_away_is_no_first_value():
    assert seen(lambda m: deep(30, init_weights, m)).sources == set()

    def my_init(model):
        deep(30, WRITES["copy"], model)

    assert seen(my_init).sources == {"a write into a parameter"}


def test_a_write_into_what_is_no_parameter_is_noted_by_its_memory():
    kept = torch.zeros(5)
    events = seen(lambda m: kept.copy_(torch.ones(5)))
    assert (events.sources, events.written) == (set(), {kept.data_ptr()})
    events = seen(lambda m: m[0].register_parameter("bias", None))
    assert (events.sources, events.written) == (set(), set())
    events = seen(lambda m: kept.copy_(m[2].weight[0, :5]))
    assert (events.sources, events.written) == (set(), {kept.data_ptr()})


def test_what_loads_or_trains_is_noted_by_its_name_and_only_meanwhile():
    def train(model):
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        optimizer.step()

    assert seen(train).sources == {"optimizer step"}
    state = net().state_dict()
    assert "load_state_dict" in seen(lambda m: m.load_state_dict(state)).sources
    originals = (torch.load, nn.Module.load_state_dict, torch.Tensor.copy_, torch.Tensor.data)
    with watching_weights() as events:
        pass
    train(net())
    assert (torch.load, nn.Module.load_state_dict, torch.Tensor.copy_, torch.Tensor.data) == (
        originals
    )
    assert events.sources == set()


@pytest.mark.parametrize("value", [math.inf, math.nan, 0.25])
def test_weights_that_no_initializer_draws_are_told_apart_without_a_warning(value):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(40, 30), nn.Linear(30, 20))
    assert looks_initialized(model)
    with torch.no_grad():
        model[1].weight[3:] = value
        if value == 0.25:
            model[1].weight[:] = value
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not looks_initialized(model)


def test_a_model_without_parameters_is_not_untrained():
    assert not is_untrained(nn.Sequential(nn.ReLU(), nn.AvgPool2d(2)), WeightEvents())
    assert is_untrained(nn.Linear(3, 4), WeightEvents())
