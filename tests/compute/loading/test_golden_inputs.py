"""What goes into models of many kinds, made up or from files of each kind, against golden text."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from tests.compute.loading import test_input_guesses as guesses
from tests.support import golden_text
from tests.support.geometry import pixels_text
from vrnn.compute.loading.source import ModelSource, open_source
from vrnn.errors import VrnnError
from vrnn.media.media import Sound, Video, Volume
from vrnn.network.model_spec import ModelSpec

SEVERAL = (
    guesses.OnlyNames, guesses.Masked, guesses.Captions, guesses.Graph, guesses.Two,
    guesses.Packed, guesses.AnyNames, guesses.Force, guesses.Denoiser, guesses.Table,
)  # fmt: skip
MODELS = {
    **{name: build for name, (build, _) in guesses.GUESSES.items()},
    **{kind.__name__: kind for kind in SEVERAL},
}


def picture(height=40, width=60):
    """(H, W, 3) uint8: brighter to the right in red, downward in green."""
    red = np.broadcast_to(np.linspace(0, 250, width), (height, width))
    green = np.broadcast_to(np.linspace(10, 200, height)[:, None], (height, width))
    return np.stack([red, green, np.full_like(red, 70)], -1).astype(np.uint8)


def media():
    """Something of each kind, by name."""
    wave = np.sin(np.linspace(0, 300, 5000, dtype=np.float32))
    yield "nothing", None
    yield "image", picture()
    yield "video", Video(np.stack([np.roll(picture(), 5 * i, 1) for i in range(5)]))
    yield "volume", Volume(np.linspace(-2, 5, 6 * 20 * 18, dtype=np.float32).reshape(6, 20, 18))
    yield "sound", Sound(np.stack([wave, -0.5 * wave]), 8000)


def tensors_in(value):
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for key in value:
            yield from tensors_in(value[key])
    elif isinstance(value, tuple | list):
        for each in value:
            yield from tensors_in(each)


def tensor_text(tensor: torch.Tensor) -> str:
    """Shape, type and some numbers of a tensor."""
    values = tensor.detach().double().ravel()
    some = [values.min(), values.max(), values.mean(), values[0], values[len(values) // 2]]
    return f"{tuple(tensor.shape)} {tensor.dtype} {golden_text.numbers(some)}"


def source_lines(source: ModelSource) -> list[str]:
    """What is told of a model's inputs, and what becomes of each kind of medium."""
    lines = [f"notes {source.notes}"]
    for name, given in media():
        try:
            made = source.prepare(given)
        except VrnnError as error:
            lines.append(f"{name}: refused: {error}")
            continue
        lines.append(f"{name}: {made.note} picture {pixels_text(made.image)}")
        inputs = (made.inputs.args, made.inputs.kwargs)
        if name != "nothing" or made.image.size:
            lines += [f"  {tensor_text(tensor)}" for tensor in tensors_in(inputs)]
    return lines


@pytest.mark.parametrize("name", MODELS)
def test_inputs_that_are_made_up_and_what_files_become(name, regenerate):
    torch.manual_seed(0)
    lines = source_lines(open_source(ModelSpec(MODELS[name]())))
    golden_text.check(f"inputs/{name.replace(' ', '-')}", lines, regenerate)


SCRIPTS = {
    "numbers": "model = nn.Conv2d(3, 2, 3)\nmean, std = (0.1, 0.4, 0.8), (0.5, 0.2, 0.3)\n"
               "input_size = (24, 30)\n",
    "one-number": "model = nn.Conv2d(1, 2, 3)\nmean = 0.25\nstd = 0.5\ninput_size = 20\n",
    "transform": "model = nn.Conv2d(3, 2, 3)\ninput_size = (16, 16)\n"
                 "def transform(image):\n"
                 "    image = image.convert('RGB').resize((16, 16))\n"
                 "    return torch.tensor(np.array(image)).permute(2, 0, 1) / 51\n",
    "example": "model = nn.Conv3d(2, 2, 3)\n"
               "example_input = torch.arange(2000.).view(1, 2, 10, 10, 10)\n",
    "sound": "model = nn.Conv1d(1, 2, 9)\nexample_input = torch.zeros(1, 1, 4000)\n"
             "sample_rate = 4000\n",
    "stereo": "model = nn.Conv1d(2, 2, 9)\nexample_input = torch.zeros(1, 2, 9000)\n",
    "bytes": "class Net(nn.Module):\n    def forward(self, x):\n        return x.float().mean(1)\n"
             "model = Net()\nexample_input = torch.zeros(1, 3, 20, 24, dtype=torch.uint8)\n",
    "volume": "model = nn.Conv3d(1, 2, 3)\nexample_input = torch.zeros(1, 1, 8, 12, 10)\n"
              "mean, std = 1.0, 2.0\n",
    "clip": "model = nn.Conv3d(3, 2, 3)\nexample_input = torch.zeros(1, 3, 8, 12, 10)\n",
}  # fmt: skip


LAYOUTS = {
    "hw": (nn.Conv2d(1, 2, 3), lambda x: x[None, None], (20, 24)),
    "nhw": (nn.Conv2d(1, 2, 3), lambda x: x[:, None], (1, 20, 24)),
    "chw": (nn.Conv2d(3, 2, 3), lambda x: x[None], (3, 20, 24)),
    "hwc": (nn.Conv2d(3, 2, 3), lambda x: x.permute(2, 0, 1)[None], (20, 24, 3)),
    "nhwc": (nn.Conv2d(3, 2, 3), lambda x: x.permute(0, 3, 1, 2), (2, 20, 24, 3)),
    "nchw": (nn.Conv2d(3, 2, 3), lambda x: x, (2, 3, 20, 24)),
    "many-channels": (nn.Conv2d(7, 2, 3), lambda x: x, (1, 7, 20, 24)),
    "one-row": (nn.Conv2d(1, 2, 1), lambda x: x[None, None], (1, 2400)),
    "l": (nn.Conv1d(1, 2, 3), lambda x: x[None, None], (2400,)),
    "nl": (nn.Conv1d(1, 2, 3), lambda x: x[:, None], (1, 2400)),
    "cl": (nn.Conv1d(2, 2, 3), lambda x: x[None], (2, 2400)),
    "ncl": (nn.Conv1d(2, 2, 3), lambda x: x, (1, 2, 2400)),
    "short": (nn.Conv1d(2, 2, 3), lambda x: x, (1, 2, 40)),
    "ncthw": (nn.Conv3d(3, 2, 3), lambda x: x, (1, 3, 8, 12, 10)),
    "ntchw": (nn.Conv3d(3, 2, 3), lambda x: x.transpose(1, 2), (1, 8, 3, 12, 10)),
    "ncdhw": (nn.Conv3d(1, 2, 3), lambda x: x, (1, 1, 8, 12, 10)),
    "cdhw": (nn.Conv3d(2, 2, 3), lambda x: x[None], (2, 8, 12, 10)),
    "frames": (nn.Conv2d(3, 2, 3), lambda x: x.flatten(0, 1), (1, 5, 3, 20, 24)),
    "frames-last": (nn.Conv2d(3, 2, 3), lambda x: x[:, :, 0], (1, 3, 5, 20, 24)),
    "flat": (nn.Linear(784, 2), lambda x: x, (1, 784)),
    "flat-colors": (nn.Linear(3072, 2), lambda x: x, (1, 3072)),
    "numbers": (nn.Linear(50, 2), lambda x: x, (1, 50)),
    "bytes-last": (nn.Conv2d(3, 2, 3), lambda x: x.float().permute(0, 3, 1, 2), (1, 20, 24, 3)),
}
"""A layer, what brings the input to it, and the input's shape, by the order of its axes."""


class Brought(nn.Module):
    """A layer behind something that orders the axes of its input."""

    def __init__(self, layer, bring):
        super().__init__()
        self.layer, self._bring = layer, bring

    def forward(self, x):
        return self.layer(self._bring(x))


@pytest.mark.parametrize("name", LAYOUTS)
def test_axes_of_an_example_are_told_by_the_layer_that_takes_it(name, regenerate):
    layer, bring, shape = LAYOUTS[name]
    example = torch.linspace(-1, 2, math.prod(shape)).view(shape)
    if name.startswith("bytes"):
        example = (example * 80 + 90).to(torch.uint8)
    model = Brought(layer, bring)
    model.example_input_array = example  # as Lightning's modules carry it
    lines = source_lines(open_source(ModelSpec(model)))
    golden_text.check(f"inputs/axes-{name}", lines, regenerate)


@pytest.mark.parametrize("name", SCRIPTS)
def test_inputs_as_a_script_says(name, regenerate, tmp_path):
    path = tmp_path / "net.py"
    head = "import numpy as np\nimport torch\nfrom torch import nn\ntorch.manual_seed(0)\n"
    path.write_text(head + SCRIPTS[name])
    source = open_source(ModelSpec(str(path)))
    lines = [line.replace(str(tmp_path), "FOLDER") for line in source_lines(source)]
    golden_text.check(f"inputs/script-{name}", lines, regenerate)


def test_a_model_is_put_on_its_device_and_asks_for_its_size(regenerate):
    lines = []
    for size in ((8, 8), (20, 31), (64, 48)):
        torch.manual_seed(0)
        source = open_source(ModelSpec(nn.Conv2d(3, 2, 3), input_size=size))
        lines += source_lines(source)
    golden_text.check("inputs/sizes", lines, regenerate)
