"""The study of memorisation: its networks, strategies, optimizer, measures, and a small run."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from vrnn.compute.loading.source import open_source
from vrnn.compute.loading.torchvision_compat import allow_torchvision
from vrnn.network.model_spec import ModelSpec

MODULES = ("images", "lamb", "measures", "networks", "strategies", "study", "training")
PUBLISHED = {
    ("resnet", 2): 4_980_802, ("resnet", 101): 5_031_589,
    ("densenet", 2): 1_633_538, ("densenet", 101): 1_687_493,
}  # fmt: skip


@pytest.fixture(scope="module")
def made(root: Path) -> Iterator[SimpleNamespace]:
    """The modules of the study, as its own folder sees them."""
    before = {name: sys.modules.pop(name, None) for name in MODULES}
    path = list(sys.path)
    sys.path.insert(0, str(root / "examples/memorisation"))
    yield SimpleNamespace(**{name: __import__(name) for name in MODULES})
    sys.path[:] = path
    for name, module in before.items():
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module


@pytest.mark.parametrize(("name", "classes"), PUBLISHED)
def test_the_networks_are_the_published_ones(made, name, classes) -> None:
    net = made.networks.build_network(name, classes, made.networks.WIDTHS[name][1], False)
    assert sum(p.numel() for p in net.parameters()) == PUBLISHED[name, classes]


@pytest.mark.parametrize("name", ["resnet", "densenet"])
def test_small_images_leave_maps_of_four_by_four(made, name) -> None:
    net = made.networks.build_network(name, 10, 8, True).eval()
    last = net.get_submodule(made.networks.LAST_CONVOLUTION[name])
    seen = []
    last.register_forward_hook(lambda _, taken, maps: seen.append(tuple(maps.shape[2:])))
    assert net(torch.rand(1, 3, 32, 32)).shape == (1, 10)
    assert seen == [(4, 4)]


def test_the_digits_are_split_as_everywhere(made) -> None:
    table = made.images.digits(200)
    assert tuple(table.images.shape) == (559, 3, 32, 32)
    assert int(table.test.sum()) == 359
    assert not table.may_flip
    again = made.images.digits(200)
    assert torch.equal(again.labels, table.labels)


def test_strategies_show_what_they_say(made) -> None:
    table = made.images.digits(30)
    plain, labels = table.part(test=False)
    rows = torch.arange(30)
    sets = {
        name: made.strategies.TrainingSet(table, name, 0.2, 0) for name in made.study.STRATEGIES
    }
    augmented = sets["augmented"]
    assert not torch.equal(augmented.batch(rows), augmented.batch(rows))
    assert torch.equal(augmented.batch(rows, plain=True), plain.float() / 255)
    assert torch.equal(augmented.labels, labels)
    shuffled = sets["shuffled"]
    assert torch.equal(shuffled.batch(rows), plain.float() / 255)
    assert not torch.equal(shuffled.labels, labels)
    assert torch.equal(shuffled.labels.sort()[0], labels.sort()[0])
    noisy = sets["noisy"]
    assert len(noisy) == 300
    assert torch.equal(noisy.labels[:30], labels)
    assert torch.equal(noisy.batch(rows), plain.float() / 255)
    copies = noisy.batch(rows + 30)
    assert torch.equal(copies, noisy.batch(rows + 30))  # its own noise, and always the same
    assert 0.19 < float((copies - plain.float() / 255).std()) < 0.21
    assert not torch.equal(copies, noisy.batch(rows + 60))


def test_a_folder_is_split_by_class(made, tmp_path) -> None:
    for name, count in (("cat", 5), ("dog", 10), ("lone", 1)):
        (tmp_path / name).mkdir()
        for number in range(count):
            Image.new("RGB", (30, 20), (number, 0, 0)).save(tmp_path / name / f"{number}.png")
    table = made.images.folder(tmp_path, (12, 16))
    assert list(table.class_names) == ["cat", "dog"]
    assert tuple(table.images.shape) == (15, 3, 12, 16)
    assert torch.bincount(table.labels[table.test]).tolist() == [1, 2]
    with pytest.raises(SystemExit, match="two or more folders"):
        made.images.folder(tmp_path / "cat", (12, 16))


def test_lamb_is_that_of_timm(made) -> None:
    """Weights move by their own length; norms and biases as in Adam."""
    allow_torchvision()
    timm = pytest.importorskip("timm.optim")
    torch.manual_seed(0)
    nets = [nn.Linear(5, 3), nn.Linear(5, 3)]
    nets[1].load_state_dict(nets[0].state_dict())
    groups = [{"params": [nets[1].weight]}, {"params": [nets[1].bias], "weight_decay": 0.0}]
    steps = [made.lamb.Lamb(nets[0].parameters(), 0.02), timm.Lamb(groups, 0.02, weight_decay=0.01)]
    for _ in range(5):
        x = torch.randn(4, 5)
        for net, step in zip(nets, steps, strict=True):
            step.zero_grad()
            (20 * net(x)).square().sum().backward()
            step.step()
    assert torch.allclose(nets[0].weight, nets[1].weight, atol=1e-6)
    assert torch.allclose(nets[0].bias, nets[1].bias, atol=1e-6)


def test_fine_is_what_is_above_half_nyquist(made) -> None:
    share = made.measures.fine_share
    torch.manual_seed(0)
    assert abs(float(share(torch.randn(400, 64, 64)).mean()) - (1 - np.pi / 16)) < 0.005
    rows, columns = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    assert float(share(((rows + columns) % 2).float())) == pytest.approx(1)
    assert float(share(torch.sin(2 * np.pi * rows / 16))) == pytest.approx(0)
    assert bool(share(torch.ones(3, 4, 4)).isnan().all())


def test_a_small_run_writes_networks_that_open(made, tmp_path, capsys) -> None:
    words = ["--networks", "resnet", "--trained", "20", "--epochs", "1", "--width", "4"]
    words += ["--pictures", "2", "--workers", "1", "--no-window", "--out", str(tmp_path)]
    rows = made.study.main(words)
    assert [row["training"].strategy for row in rows] == list(made.study.STRATEGIES)
    assert [row["training_images"] for row in rows] == [20, 20, 200]
    told = capsys.readouterr().out
    assert "CovidResNet   2 shuffled labels" in told
    assert told.count("not as published: CovidResNet, ") == 3  # after one epoch no error is 0
    assert f"vrnn --model {tmp_path / 'resnet_augmented.py'}" in told
    source = open_source(ModelSpec(str(tmp_path / "resnet_noisy.py")))
    assert source.dataset is not None
    assert len(source.dataset) == 359
    assert not source.random_weights
    before = (tmp_path / "resnet_noisy.safetensors").stat().st_mtime_ns
    assert made.study.main(words)[2]["test_accuracy"] == rows[2]["test_accuracy"]
    assert (tmp_path / "resnet_noisy.safetensors").stat().st_mtime_ns == before  # not anew


def test_what_differs_from_the_published_findings_is_told(made) -> None:
    def row(strategy: str, **values: float) -> dict:
        one = SimpleNamespace(network="resnet", strategy=strategy)
        return {"training": one, "training_error": 0.0, **values}

    fine = ("fine_convolution", "fine_activations", "fine_pictures")
    good = [
        row("augmented", test_accuracy=0.9, **dict.fromkeys(fine, 0.2)),
        row("shuffled", test_accuracy=0.1, **dict.fromkeys(fine, 0.3)),
        row("noisy", test_accuracy=0.5, **dict.fromkeys(fine, 0.4)),
    ]
    assert made.study.unexpected(good) == []
    for place, name, value, told in (
        (0, "training_error", 0.01, "CovidResNet, augmented: the training error is 1.0%, not 0"),
        (2, "test_accuracy", 0.95, "CovidResNet: test accuracies are not in the order 1 > 3 > 2"),
        (1, "fine_pictures", 0.2, "CovidResNet: fine pictures: shuffled not above augmented"),
    ):
        rows = [dict(one) for one in good]
        rows[place][name] = value
        assert made.study.unexpected(rows) == [told]


def test_the_table_of_the_page_shows_what_the_page_says(root) -> None:
    """It is the table of a whole run, which takes minutes: see docs/memorisation.md."""
    page = (root / "docs/memorisation.md").read_text(encoding="utf-8")
    lines = re.findall(r"^(Covid\w+) +(\d) [a-z ]+?  +(\d+.*)$", page, re.M)
    assert len(lines) == 6
    for network in ("CovidResNet", "CovidDenseNet"):
        rows = [line[2].split() for line in lines if line[0] == network]
        assert [row[1] for row in rows] == ["0.0%"] * 3
        first, second, third = (float(row[2].rstrip("%")) for row in rows)
        assert first > third > second
        for column in (3, 4):
            first, second, third = (float(row[column]) for row in rows)
            assert min(second, third) > first
