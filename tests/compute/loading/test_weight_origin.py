"""Untrained is only what is as it was initialized."""

import math

import pytest
import torch
from torch import nn

from vrnn.compute.loading.factories import from_factory
from vrnn.compute.loading.script import from_script
from vrnn.compute.loading.weight_origin import looks_initialized

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
