"""Feature visualization: does the image show what the channel responds to?"""

import importlib.util
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from vrnn.compute.features.optimizer import optimize
from vrnn.compute.features.transforms import transform_images
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.passes.partial_forward import PartialForward
from vrnn.errors import VrnnError
from vrnn.features.settings import FeatureVisSettings
from vrnn.network.model_spec import ModelSpec

PLAIN = {
    "rotate_chance": 0.0, "scale_chance": 0.0, "roll_chance": 0.0, "blur": 0.0, "pad": 0,
}  # fmt: skip


def opened(model, size=(24, 24), detail="layers"):
    return LoadedModel(open_source(ModelSpec(model, input_size=size)), detail)


def node_of(model, name):
    return next(n.id for n in model.network.nodes if n.name == name)


def made(model, name, channels, settings):
    steps = optimize(model, node_of(model, name), channels, settings)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


class Templates(nn.Module):
    """Each channel is a known image: a blob, two stripes, a color."""

    def __init__(self):
        super().__init__()
        self.look = nn.Conv2d(3, 4, 9, bias=False)
        at = torch.linspace(-1, 1, 9)
        y, x = torch.meshgrid(at, at, indexing="ij")
        blob = torch.exp(-4 * (x**2 + y**2))
        self.patterns = torch.stack(
            [
                (blob - blob.mean()).expand(3, -1, -1),
                torch.sin(6 * x).expand(3, -1, -1),
                torch.sin(4 * (x + y)).expand(3, -1, -1),
                torch.stack([torch.ones(9, 9), -0.5 * torch.ones(9, 9), -0.5 * torch.ones(9, 9)]),
            ]
        )
        with torch.no_grad():
            self.look.weight.copy_(self.patterns)

    def forward(self, x):
        return self.look(x)


def test_images_show_the_templates_of_a_network_that_is_known():
    torch.manual_seed(0)
    model = opened(Templates(), (9, 9))
    settings = FeatureVisSettings(source="gray", steps=60, step_size=2.0, mean_pull=0.0, **PLAIN)
    for feature in made(model, "look", range(4), settings):
        wanted = model.source.model.patterns[feature.channel].numpy().transpose(1, 2, 0)
        seen = feature.pixels.astype(float)
        assert np.corrcoef(seen.ravel(), wanted.ravel())[0, 1] > 0.8, feature.channel
        assert not feature.dead
        assert feature.curve[-1] > feature.curve[0]


def test_ten_digits_are_drawn_so_that_the_network_names_them():
    model = LoadedModel(open_source(ModelSpec()), "layers")
    settings = FeatureVisSettings(source="noise", steps=120, step_size=2.0, pad=2, roll=1, seed=1)
    right = 0
    for feature in made(model, "head", range(10), settings):
        inputs = model.source.prepare(feature.image).inputs
        with torch.no_grad():
            chances = model.source.model.eval()(*inputs).softmax(1)[0]
        right += int(chances.argmax()) == feature.channel and float(chances.max()) >= 0.95
    assert right >= 9


def test_gradients_agree_with_finite_differences():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(3, 2, 2)).double()
    net[0].weight.data = net[0].weight.data.double()
    settings = FeatureVisSettings(
        blur=0.5, rotate_chance=1.0, scale_chance=1.0, roll_chance=1.0, pad=3
    )
    start = torch.randn(2, 2, 10, 10, dtype=torch.double, requires_grad=True)

    def score(x):
        random = [torch.Generator().manual_seed(i) for i in range(2)]
        return net(transform_images(x, settings, random))[:, 1].mean((1, 2))

    assert torch.autograd.gradcheck(score, start, eps=1e-6, atol=1e-6)


def test_a_seed_gives_the_same_images_in_any_batch():
    model = LoadedModel(open_source(ModelSpec()), "layers")
    settings = FeatureVisSettings(source="noise", steps=6, seed=5)
    both = made(model, "stage1.0.conv1", [3, 7], settings)
    one = made(model, "stage1.0.conv1", [7], settings)
    assert np.abs(both[1].pixels.astype(int) - one[0].pixels).max() <= 1
    other = made(model, "stage1.0.conv1", [7], FeatureVisSettings(source="noise", steps=6, seed=6))
    assert np.abs(other[0].pixels.astype(int) - one[0].pixels).max() > 20


@pytest.mark.parametrize("end", ["done", "cancelled", "failed"])
def test_the_model_is_as_it_was(end):
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5))
    net.train()
    model = opened(net)
    net.train()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    random = torch.get_rng_state()
    steps = optimize(model, model.network.nodes[-1].id, [0, 1], FeatureVisSettings(steps=4))
    if end == "failed":
        next(steps)
        with pytest.raises(ZeroDivisionError):
            steps.throw(ZeroDivisionError())
    elif end == "cancelled":
        next(steps)
        steps.close()
    else:
        list(steps)
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    assert net.training
    assert all(p.grad is None for p in net.parameters())
    assert all(p.requires_grad for p in net.parameters())


class Branches(nn.Module):
    """A branch that the target does not need, counted; and a layer after it."""

    def __init__(self):
        super().__init__()
        self.one = nn.Conv2d(3, 4, 3, padding=1)
        self.two = nn.Conv2d(3, 4, 3, padding=1)
        self.late = nn.Conv2d(8, 2, 3)

    def forward(self, x):
        other = self.two(x)
        return self.late(torch.cat([F.relu(self.one(x)), other], 1))


def test_only_what_the_layer_needs_is_run(monkeypatch):
    net = Branches()
    model = opened(net)
    ran = []
    plain = F.conv2d
    monkeypatch.setattr(
        torch.nn.functional, "conv2d", lambda *a, **k: ran.append(a[1]) or plain(*a, **k)
    )
    run = PartialForward(net, model.view, node_of(model, "one"))
    result = run((torch.randn(2, 3, 24, 24),))
    assert result.shape == (2, 4, 24, 24)
    assert [w is net.one.weight for w in ran].count(True) <= 1
    assert not any(w is net.late.weight for w in ran)


def test_a_batch_norm_that_only_scales_gives_what_the_model_gives():
    torch.manual_seed(1)
    net = nn.Sequential(nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.Conv2d(6, 4, 3)).eval()
    with torch.no_grad():
        for tensor in (net[1].running_mean, net[1].weight, net[1].bias):
            tensor.normal_()
        net[1].running_var.uniform_(0.5, 2.0)
    model = opened(net)
    images = torch.randn(3, 3, 24, 24)
    run = PartialForward(net, model.view, model.network.nodes[-1].id)
    torch.testing.assert_close(run((images,)), net(images), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("objective", ["neuron", "layer", "direction", "difference"])
def test_every_objective_grows(objective):
    model = LoadedModel(open_source(ModelSpec()), "layers")
    direction = tuple(float(i % 3 - 1) for i in range(16)) if objective == "direction" else ()
    settings = FeatureVisSettings(
        objective,
        direction=direction,
        subtracted_channel=2,
        source="noise",
        steps=12,
        step_size=1.0,
    )
    feature = made(model, "stage1.0.conv1", [1], settings)[0]
    assert feature.curve[-1] > feature.curve[0]
    sharp = FeatureVisSettings(
        "channel", source="noise", parametrization="fourier", optimizer="adam", step_size=0.05,
        steps=25, samples_per_channel=2, diversity=0.2, total_variation=0.1, l1=0.01, l2=0.01,
    )  # fmt: skip
    features = made(model, "stage1.0.conv1", [1], sharp)
    assert [f.sample for f in features] == [0, 1]
    assert all(f.curve[-1] > f.curve[0] for f in features)


def test_attention_tokens_and_functional_layers_can_be_optimized(root):
    source = open_source(ModelSpec(str(root / "examples" / "transformer.py")))
    model = LoadedModel(source, "all")
    last = {n.operation: n for n in model.network.nodes if n.shape}
    for operation in ("linear", "add", "gelu"):
        if operation in last:
            steps = optimize(
                model, last[operation].id, [0], FeatureVisSettings(source="noise", steps=3)
            )
            assert sum(1 for _ in steps) == 4


class Rounding(nn.Module):
    def __init__(self):
        super().__init__()
        self.look = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return self.look(x).argmax(1, keepdim=True).float()


class Burning(nn.Module):
    """Channel 1 becomes NaN once its input is large; channel 2 is dead."""

    def __init__(self):
        super().__init__()
        self.look = nn.Conv2d(3, 2, 1, bias=False)
        with torch.no_grad():
            self.look.weight.fill_(1.0)
            self.look.weight[1, 1] = -1.0
            self.look.weight[1, 2] = 0.0

    def forward(self, x):
        y = self.look(x)
        burning = y[:, 1:2] * torch.sqrt(4.0 - y[:, 1:2])
        return torch.cat([y[:, :1], burning, torch.zeros_like(burning)], 1) * 1.0


def test_layers_without_a_gradient_and_dead_channels():
    model = opened(Rounding(), detail="all")
    last = model.network.nodes[-1].id
    with pytest.raises(VrnnError, match="no gradient"):
        list(optimize(model, last, [0], FeatureVisSettings(steps=2)))
    with pytest.raises(VrnnError, match="no channel 9"):
        list(optimize(model, last, [9], FeatureVisSettings(steps=2)))
    with pytest.raises(VrnnError, match="no feature visualization"):
        list(optimize(model, model.network.inputs[0], [0], FeatureVisSettings(steps=2)))
    model = opened(Burning(), detail="all")
    settings = FeatureVisSettings(source="gray", steps=30, step_size=60.0, **PLAIN)
    found = {f.channel: f for f in made(model, model.network.nodes[-1].name, [0, 1, 2], settings)}
    assert not found[0].diverged
    assert not found[0].dead
    assert found[1].diverged
    assert found[2].dead
    assert len(np.unique(found[2].pixels)) == 1


def test_a_unit_that_is_off_at_first_is_found_and_one_that_stays_off_is_reported():
    net = nn.Sequential(nn.Conv2d(3, 3, 3), nn.ReLU())
    with torch.no_grad():
        net[0].bias.copy_(torch.tensor([-2.0, -1e6, 0.0]))
    model = opened(net)
    settings = FeatureVisSettings(source="gray", steps=20, step_size=5.0, mean_pull=0.0, **PLAIN)
    off, never, on = made(model, model.network.nodes[-1].name, [0, 1, 2], settings)
    assert off.curve[0] == 0
    assert off.curve[-1] > 0
    assert [off.dead, never.dead, on.dead] == [False, True, False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"objective": "fame"}, "objective should be one of channel, neuron"),
        ({"source": "sea"}, "source should be one of image, noise"),
        ({"steps": 0}, "steps should be a whole number from 1 to"),
        ({"rotate_chance": 2.0}, "rotate_chance should be a number from 0 to 1"),
        ({"step_size": float("nan")}, "step_size should be a number from"),
    ],
)
def test_wrong_settings(change, message):
    with pytest.raises(VrnnError, match=message):
        FeatureVisSettings(**change)


def test_the_command_goes_on_where_it_was(run_vrnn, tmp_path):
    words = ("features", "--layers", "stage1.0.conv1", "--channels", "0-2,5", "--preset", "quick",
             "--set", "steps=4", "--out", "made")  # fmt: skip
    done = run_vrnn(*words)
    assert done.returncode == 0, done.stderr
    folder = next((tmp_path / "made").iterdir())
    assert {p.name for p in folder.glob("0*.png")} == {
        "00000.png", "00001.png", "00002.png", "00005.png",
    }  # fmt: skip
    first = (folder / "00001.png").read_bytes()
    times = {p: p.stat().st_mtime_ns for p in folder.glob("0*.png")}
    (folder / "00001.png").unlink()
    assert run_vrnn(*words).returncode == 0
    assert (folder / "00001.png").read_bytes() == first
    assert (folder / "00002.png").stat().st_mtime_ns == times[folder / "00002.png"]
    other = run_vrnn(*words, "--set", "seed=3")
    assert other.returncode == 2
    assert "other settings" in other.stderr
    for wrong, message in (
        (("--channels", "99"), "no channel 99"), (("--set", "x=1"), "NAME=VALUE"),
        (("--preset", "slow"), "choose one of published"), (("--layers", "no"), "no layer fits"),
    ):  # fmt: skip
        again = run_vrnn(*words[:-2], "--out", "else", *wrong)
        assert again.returncode == 2
        assert message in again.stderr


class NoWayBack(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()


class Without(nn.Module):
    """A layer, and behind it what has no gradient."""

    def __init__(self, then):
        super().__init__()
        self.look = nn.Conv2d(3, 4, 3)
        self.then = then

    def forward(self, x):
        return self.then(self.look(x)) * 1.0


@pytest.mark.parametrize(
    "then",
    [
        lambda x: torch.quantize_per_tensor(x, 0.1, 0, torch.quint8).dequantize(),
        lambda x: (x * 10).int().float(),
        NoWayBack.apply,
        lambda x: x.detach(),
    ],
    ids=["quantized", "integer", "custom", "detached"],
)
def test_what_has_no_gradient_is_reported_and_the_layer_before_it_works(then):
    model = opened(Without(then), detail="all")
    last = model.network.nodes[-1].id
    with pytest.raises(VrnnError, match="no gradient"):
        list(optimize(model, last, [0], FeatureVisSettings(steps=2)))
    assert made(model, "look", [0], FeatureVisSettings(source="noise", steps=2))[0].activation > 0


def test_a_model_that_takes_no_image(tmp_path):
    script = tmp_path / "words.py"
    script.write_text(
        "import torch\nfrom torch import nn\n"
        "model = nn.Sequential(nn.Embedding(10, 8), nn.Linear(8, 4))\n"
        "example_input = torch.zeros(1, 5, dtype=torch.long)\n"
    )
    model = LoadedModel(open_source(ModelSpec(str(script))), "all")
    with pytest.raises(VrnnError, match="takes no image"):
        list(optimize(model, model.network.nodes[-1].id, [0], FeatureVisSettings(steps=2)))


def test_a_model_of_two_inputs_and_a_gray_one(root):
    model = LoadedModel(
        open_source(ModelSpec(str(root / "examples" / "two_in_two_out.py"))), "layers"
    )
    last = next(n for n in reversed(model.network.nodes) if n.operation == "linear")
    feature = made(model, last.name, [0], FeatureVisSettings(source="noise", steps=5))[0]
    assert feature.curve[-1] > feature.curve[0]


def test_a_cluster_makes_the_same_images(run_vrnn, tmp_path):
    assert importlib.util.find_spec("ray"), "tests need ray: pip install 'vrnn[test]'"
    words = ("features", "--layers", "head", "--preset", "quick", "--set", "steps=4")
    here = run_vrnn(*words, "--set", "precision=full", "--out", "here")
    there = run_vrnn(*words, "--ray", "local", "--out", "there")
    assert here.returncode == there.returncode == 0, there.stderr
    for path in (tmp_path / "here").rglob("0*.png"):
        assert path.read_bytes() == (tmp_path / "there" / path.parent.name / path.name).read_bytes()
    wrong = run_vrnn(*words, "--ray", "127.0.0.1:1", "--out", "else")
    assert wrong.returncode == 2
    assert "cannot be reached" in wrong.stderr


def test_a_killed_run_goes_on_and_ends_as_one_that_was_not(root, tmp_path):
    words = [sys.executable, "-m", "vrnn", "features", "--layers", "stage2.0.conv1"]
    words += ["--preset", "quick", "--set", "steps=12"]
    killed = subprocess.Popen([*words, "--out", "killed"], cwd=tmp_path)
    while not list((tmp_path / "killed").rglob("0*.png")):
        assert killed.poll() is None
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    assert not list((tmp_path / "killed").rglob("sheet.png"))
    for out in ("killed", "whole"):
        assert subprocess.run([*words, "--out", out], cwd=tmp_path, check=False).returncode == 0
    files = sorted(
        p.relative_to(tmp_path / "whole") for p in (tmp_path / "whole").rglob("*.*") if p.is_file()
    )
    assert len(files) == 32 + 3
    for path in files:
        one, two = tmp_path / "whole" / path, tmp_path / "killed" / path
        if path.suffix == ".png":
            assert one.read_bytes() == two.read_bytes(), path
