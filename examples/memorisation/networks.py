"""The two networks of the study, and the scripts by which vrnn opens what was trained."""

import sys
from pathlib import Path
from types import SimpleNamespace

import torch
from images import ImageTable, digits, folder
from torch import nn

sys.path.append(str(Path(__file__).parent.parent))
from covid_densenet import CovidDenseNet
from covid_resnet import CovidResNet

KINDS = {"resnet": CovidResNet, "densenet": CovidDenseNet}
TITLES = {"resnet": "CovidResNet", "densenet": "CovidDenseNet"}
WIDTHS = {"resnet": (16, 64), "densenet": (8, 32)}
"""Channels of the stem, or growth: on the digits, and as published."""
RATES = {"resnet": 0.02, "densenet": 0.01}
"""First learning rates: lengths of a step, in lengths of a weight."""
LAST_CONVOLUTION = {"resnet": "layer4.0.conv2", "densenet": "block4.0.conv2"}
SCRIPT = '''"""{title}, trained as "{strategy}" by the study of memorisation."""

import sys

sys.path.insert(0, {here!r})
from networks import open_trained

_found = open_trained({file!r}, {network!r}, {width}, {data!r}, {size}, {trained})
model, dataset, class_names = _found.model, _found.dataset, _found.class_names
input_size, mean, std = _found.input_size, [0.0] * 3, [1.0] * 3
'''


def build_network(name: str, classes: int, width: int, small: bool) -> nn.Module:
    """Build one of the networks, with the weights of Kaiming's start."""
    return KINDS[name](classes, width, small)


def read_images(data: str, size: tuple[int, int] | None, trained: int | None) -> ImageTable:
    """Read the images of the study.

    Args:
        data: A folder; '' for the digits.
        size: (height, width) of the images of a folder, pixels.
        trained: How many digits to train on; None for all.
    """
    return folder(Path(data), size) if data else digits(trained)


class TestImages(torch.utils.data.Dataset):
    """The images that the networks are tested with, for vrnn to put in."""

    def __init__(self, table: ImageTable):
        rows = torch.nonzero(table.test)[:, 0]
        self.images, self.labels = table.images[rows], table.labels[rows].tolist()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple:
        return self.images[index].permute(1, 2, 0).numpy(), self.labels[index]


def open_trained(
    file: str, network: str, width: int, data: str, size: tuple[int, int] | None,
    trained: int | None,
) -> SimpleNamespace:  # fmt: skip
    """Open a network with its trained weights and the images that it is tested with."""
    from safetensors.torch import load_file

    table = read_images(data, size, trained)
    model = build_network(network, len(table.class_names), width, small=not data)
    model.load_state_dict(load_file(file))
    return SimpleNamespace(
        model=model.eval(), dataset=TestImages(table), class_names=list(table.class_names),
        input_size=table.size,
    )  # fmt: skip


def write_script(script: Path, **values: object) -> None:
    """Write a script that `vrnn --model` opens, for weights beside it.

    Args:
        script: The file.
        **values: `title`, `strategy`, and the arguments of `open_trained`.
    """
    script.write_text(SCRIPT.format(here=str(Path(__file__).parent), **values), encoding="utf-8")
