"""Every refusal of a script names a step that works: the message, then the same with it done."""

import re

import numpy as np
import pytest
import torch

from tests.support import golden_text
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec

IMPORTS = "import numpy as np\nimport torch\nfrom torch import nn\n"
CONV = "model = nn.Sequential(nn.Conv2d(3, 4, 3))\ninput_size = 16\n"
RGBN = "model = nn.Sequential(nn.Conv2d(4, 4, 3))\ninput_size = 16\n"
TOKENS = "model = nn.Embedding(10, 4)\nexample_input = 'some text'\n"
EXAMPLE = "model = nn.Linear(5, 2)\nexample_input = torch.rand(1, 7)\n"
TWO = (
    "class Net(nn.Module):\n    def forward(self, first, second):\n        return first @ second\n"
    "model = Net()\nexample_input = torch.rand(2, 2)\n"
)
ODD = (
    "class Net(nn.Module):\n    def forward(self, x):\n"
    "        assert x.shape == (1, 3, 7, 9, 11, 13), 'another shape'\n        return x * 2\n"
    "model = Net()\n"
)
ODD_NAMES = ODD.replace("self, x", "self, *, x, y").replace("x * 2", "x * y")
NUMPY = (
    "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self.conv = nn.Conv2d(3, 4, 3)\n    def forward(self, image):\n"
    "        return self.conv(torch.from_numpy(image).permute(2, 0, 1)[None].float())\n"
    "model = Net()\nexample_input = (np.zeros((9, 9, 3), np.uint8),)\n"
)
STRINGS = (
    "class Count(nn.Module):\n    def forward(self, texts):\n"
    "        return torch.tensor([[float(len(t))] * 4 for t in texts])\n"
    "model = nn.Sequential(Count(), nn.Linear(4, 2))\nexample_input = (['a text'],)\n"
)
WRAPPER = (
    "class YOLO:\n    def __init__(self):\n        self.model = nn.Conv2d(3, 4, 3)\n"
    "yolo = YOLO()\nmodel = lambda: yolo\n"
)
SEVERAL = "first = nn.Conv2d(3, 4, 3)\nsecond = nn.Conv2d(3, 4, 3)\n"
EXITS = "import sys\nmodel = nn.Conv2d(3, 4, 3)\nsys.exit(3)\n"


def changed(text, *pairs):
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


# name: (script, options, what the message says, the script as the message asks for it, options)
REFUSALS = {
    "mean of another length": (
        RGBN + "mean = [0.5, 0.4, 0.3]\n", {}, r"mean of 'net' has 3 numbers.*give 4 numbers",
        RGBN + "mean = [0.5, 0.4, 0.3, 0.2]\n", {},
    ),
    "mean of 7": (
        CONV + "mean = [0.5] * 7\n", {}, r"takes 3 channels.*or one for all",
        CONV + "mean = [0.5]\n", {},
    ),
    "std of two": (
        CONV + "std = (1, 2)\n", {}, r"std of 'net' has 2 numbers", CONV + "std = (1, 2, 3)\n", {},
    ),
    "std of zero": (
        CONV + "std = 0\n", {}, r"std should be one number for each channel, above 0, not 0",
        CONV + "std = 1\n", {},
    ),
    "mean as text": (
        CONV + "mean = 'imagenet'\n", {}, r"mean should be one number for each channel, not 'imag",
        CONV + "mean = 0.5\n", {},
    ),
    "mean not finite": (
        CONV + "mean = float('nan')\n", {}, r"mean should be", CONV + "mean = 0.5\n", {},
    ),
    "mean as a matrix": (
        CONV + "mean = np.zeros((3, 2))\n", {}, r"mean should be .*array of shape 3×2",
        CONV + "mean = np.zeros((1, 3))\n", {},
    ),
    "class names as a number": (
        CONV + "class_names = 5\n", {}, r'class_names should be a list of names.*"cat".*not 5',
        CONV + "class_names = ['cat', 'dog']\n", {},
    ),
    "transform as text": (
        CONV + "transform = 'resize'\n", {}, r"transform should be a function.*not 'resize'",
        CONV + "transform = lambda picture: torch.zeros(3, 16, 16)\n", {},
    ),
    "negative size": (
        "model = nn.Conv2d(3, 4, 3)\ninput_size = (-3, 20)\n", {},
        r"input_size should be \(height, width\) in pixels.*not \(-3, 20\)",
        "model = nn.Conv2d(3, 4, 3)\ninput_size = (30, 20)\n", {},
    ),
    "a size of no number": (
        "model = nn.Conv2d(3, 4, 3)\ninput_size = 'large'\n", {}, r"input_size .* not 'large'",
        "model = nn.Conv2d(3, 4, 3)\ninput_size = 20\n", {},
    ),
    "a size of fractions": (
        "model = nn.Conv2d(3, 4, 3)\ninput_size = 20.5\n", {}, r"input_size .* not 20\.5",
        "model = nn.Conv2d(3, 4, 3)\ninput_size = 20\n", {},
    ),
    "a size of True": (
        "model = nn.Conv2d(3, 4, 3)\ninput_size = True\n", {}, r"input_size .* not True",
        "model = nn.Conv2d(3, 4, 3)\ninput_size = 20\n", {},
    ),
    "tokenizer as a number": (
        TOKENS + "tokenizer = 3\n", {}, r"tokenizer should be a function from a text to token ids",
        TOKENS + "tokenizer = lambda text: [1, 2]\n", {},
    ),
    "tokenizer as text": (
        TOKENS + "tokenizer = 'bert'\n", {}, r"tokenizer should be a function",
        TOKENS + "tokenizer = lambda text: [1, 2]\n", {},
    ),
    "text without a tokenizer": (
        TOKENS, {}, r"define tokenizer in the script, a function from a text to token ids",
        TOKENS + "tokenizer = lambda text: [1, 2]\n", {},
    ),
    "--text without a tokenizer": (
        "model = nn.Embedding(10, 4)\n", {"text": "a b"}, r"define tokenizer in the script",
        "model = nn.Embedding(10, 4)\ntokenizer = lambda text: [1, 2]\n", {"text": "a b"},
    ),
    "a tokenizer that gives words": (
        TOKENS + "tokenizer = str.split\n", {}, r"should make a list of token ids of a text",
        TOKENS + "tokenizer = lambda text: [len(word) for word in text.split()]\n", {},
    ),
    "a tokenizer that fails": (
        TOKENS + "tokenizer = lambda text: 1 / 0\n", {}, r"tokenizer of 'net' fails.*net\.py:6",
        TOKENS + "tokenizer = lambda text: [1]\n", {},
    ),
    "sample rate as text": (
        CONV + "sample_rate = '16k'\n", {}, r"sample_rate should be samples per second",
        CONV + "sample_rate = 16000\n", {},
    ),
    "an empty example": (
        "model = nn.Conv2d(3, 4, 3)\nexample_input = ()\n", {},
        r"example_input should be what forward takes, such as torch\.rand\(1, 3, 64, 64\)",
        "model = nn.Conv2d(3, 4, 3)\nexample_input = torch.rand(1, 3, 64, 64)\n", {},
    ),
    "an example of another shape": (
        EXAMPLE, {}, r"does not take its example_input 1×7.*1x7 and 5x2.*make example_input what "
        r"forward takes as 'input'",
        changed(EXAMPLE, ("(1, 7)", "(1, 5)")), {},
    ),
    "an example for one of two": (
        TWO, {}, r"make example_input a tuple of what forward takes, \(first, second\)",
        changed(TWO, ("torch.rand(2, 2)", "(torch.rand(2, 2), torch.rand(2, 2))")), {},
    ),
    "the same by name": (
        TWO, {}, r"or a dict with these names",
        changed(TWO, ("torch.rand(2, 2)", "dict(first=torch.rand(2, 2), second=torch.eye(2))")),
        {},
    ),
    "a shape that nobody guesses": (
        ODD, {}, r"AssertionError: another shape at net\.py:6.*set example_input to what forward "
        r"takes in 'net\.py', such as example_input = torch\.randn",
        ODD + "example_input = torch.rand(1, 3, 7, 9, 11, 13)\n", {},
    ),
    "names that nobody guesses": (
        ODD_NAMES, {}, r'such as example_input = \{"x": …, "y": …\}',
        ODD_NAMES + 'example_input = {"x": torch.rand(1, 3, 7, 9, 11, 13), "y": torch.ones(1)}\n',
        {},
    ),
    "a size that does not fit": (
        "model = nn.Conv2d(3, 4, 9)\n", {"input_size": (5, 5)},
        r"does not take an input of 1×3×5×5.*Kernel size can't be greater",
        "model = nn.Conv2d(3, 4, 9)\n", {"input_size": (12, 12)},
    ),
    "NumPy in": (
        NUMPY, {}, r"takes a NumPy array, and vrnn follows tensors only; let forward take a tensor",
        changed(
            NUMPY, ("torch.from_numpy(image).permute(2, 0, 1)[None].float()", "image"),
            ("(np.zeros((9, 9, 3), np.uint8),)", "torch.rand(1, 3, 64, 64)"),
        ), {},
    ),
    "strings in": (
        STRINGS, {}, r"takes text.*choose the part of it that takes tensors, as with "
        r"model = model\[1:\], and give that an example_input",
        changed(STRINGS, ("example_input = (['a text'],)", "model = model[1:]\n"))
        + "example_input = torch.rand(1, 4)\n", {},
    ),
    "a wrapper": (
        WRAPPER, {}, r"gave of type YOLO, not an nn\.Module; it holds one: return its \.model",
        changed(WRAPPER, ("lambda: yolo", "lambda: yolo.model")), {},
    ),
    "weights without numbers": (
        "with torch.device('meta'):\n    model = nn.Conv2d(3, 4, 3)\n", {},
        r"on the meta device.*call model\.to_empty\(device=\"cpu\"\) and load weights",
        "with torch.device('meta'):\n    model = nn.Conv2d(3, 4, 3)\n"
        "model.to_empty(device='cpu')\n", {},
    ),
    "several models": (
        SEVERAL, {}, r"several models \(first, second\); choose one, as net\.py:first",
        SEVERAL, {"pick": "first"},
    ),
    "a script that ends itself": (
        EXITS, {}, r'put what runs the program under `if __name__ == "__main__":`',
        changed(EXITS, ("sys.exit(3)", 'if __name__ == "__main__":\n    sys.exit(3)')), {},
    ),
    "no model": (
        "net = 3\n", {}, r"define `model = …` or a function", "model = nn.Conv2d(3, 4, 3)\n", {},
    ),
    "a number as the model": (
        "model = lambda: 3\n", {}, r"of type int, not an nn\.Module; return the model",
        "model = lambda: nn.Conv2d(3, 4, 3)\n", {},
    ),
}  # fmt: skip


@pytest.fixture
def opened(tmp_path):
    def open_it(script, pick="", **options):
        path = tmp_path / "net.py"
        path.write_text(IMPORTS + script)
        return open_source(ModelSpec(f"{path}:{pick}" if pick else str(path), **options))

    return open_it


@pytest.mark.parametrize("name", REFUSALS)
def test_what_a_refusal_says_to_do_works(opened, name, tmp_path, regenerate):
    script, options, message, fixed, fixed_options = REFUSALS[name]
    with pytest.raises(VrnnError, match=message) as caught:
        opened(script, **options)
    assert len(str(caught.value).splitlines()) == 1
    text = str(caught.value).replace(str(tmp_path), "FOLDER")
    text = re.sub(r"(?<!net)\.py:\d+", ".py:LINE", text)  # of torch
    golden_text.check(f"refusals/{re.sub('[^a-z0-9]+', '-', name.lower())}", [text], regenerate)
    assert opened(fixed, **fixed_options).example_inputs() is not None


UNUSABLE = {
    "no forward": (
        "class Net(nn.Module):\n    pass\nmodel = Net()\n", r"'Net' of 'net' has no forward",
        "model = Net()", "    def forward(self, x):\n        return x * 2\nmodel = Net()",
    ),
    "nested tensors": (
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.f = nn.Linear(4, 2)\n    def forward(self, a, b):\n"
        "        both = torch.nested.nested_tensor([a, b])\n        return self.f(both)\n"
        "model = Net()\nexample_input = torch.rand(3, 4), torch.rand(2, 4)\n",
        r"uses nested tensors.*torch\.nn\.utils\.rnn\.pad_sequence",
        "torch.nested.nested_tensor(", "nn.utils.rnn.pad_sequence(",
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("name", UNUSABLE)
def test_what_no_input_would_help_is_told(opened, name):
    script, message, old, new = UNUSABLE[name]
    with pytest.raises(VrnnError, match=message) as caught:
        opened(script)
    assert "--input-size" not in str(caught.value)
    assert opened(changed(script.replace("    pass\n", ""), (old, new)))


WRAPPED = (
    "class Detector(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self.model = nn.Conv2d(3, 4, 3)\n    def forward(self, picture):\n"
    "        return [f'{self.model(picture).mean():.2f}']\nmodel = Detector()\ninput_size = 16\n"
)


def test_a_wrapper_whose_result_is_no_tensor_names_the_model_inside(opened):
    with pytest.raises(VrnnError, match=r"or choose the model inside.* model = model\.model in"):
        LoadedModel(opened(WRAPPED), "layers")
    fixed = opened(WRAPPED + "model = model.model\n")
    assert len(LoadedModel(fixed, "layers").network.nodes) == 2


TRANSFORMS = {
    "another number of channels": (
        "def transform(picture):\n    return torch.zeros(1, 16, 16)\n",
        r"makes 1 channels, but the model takes 3", "torch.zeros(3, 16, 16)",
    ),
    "a picture": (
        "def transform(picture):\n    return picture\n",
        r"should make a \(C, H, W\) tensor of a Pillow image; it made Image", "torch.rand(3, 9, 9)",
    ),
    "a matrix": (
        "def transform(picture):\n    return torch.zeros(5, 5)\n", r"a tensor of shape 5×5",
        "torch.zeros(3, 5, 5)",
    ),
    "an error": (
        "def transform(picture):\n    return 1 / 0\n",
        r"the transform of 'net' fails on a Pillow image: net\.py:7: return 1 / 0",
        "torch.ones(3, 4, 4)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_transform_that_gives_something_else(opened, name):
    text, message, fixed = TRANSFORMS[name]
    with pytest.raises(VrnnError, match=message):
        opened(CONV + text).prepare(None)
    head = text[: text.index("return")]
    assert opened(f"{CONV}{head}return {fixed}\n").prepare(None).note == ""


def test_relative_imports_find_the_scripts_package(tmp_path):
    for folder in ("project", "project/nets", "project/common"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").write_text("")
    (tmp_path / "project" / "common" / "width.py").write_text("WIDTH = 5\n")
    (tmp_path / "project" / "nets" / "part.py").write_text("from ..common.width import WIDTH\n")
    script = tmp_path / "project" / "nets" / "net.py"
    script.write_text(
        "from torch import nn\nfrom .part import WIDTH\nmodel = nn.Conv2d(3, WIDTH, 1)\n"
    )
    assert open_source(ModelSpec(str(script))).model.out_channels == 5


def test_relative_imports_without_any_init_file(tmp_path):
    (tmp_path / "loose_nets").mkdir()
    (tmp_path / "loose_nets" / "part.py").write_text("WIDTH = 6\n")
    script = tmp_path / "loose_nets" / "net.py"
    script.write_text(
        "from torch import nn\nfrom .part import WIDTH\nmodel = nn.Conv2d(3, WIDTH, 1)\n"
    )
    assert open_source(ModelSpec(str(script))).model.out_channels == 6


def test_a_module_of_the_present_folder(tmp_path, monkeypatch):
    (tmp_path / "my_nets").mkdir()
    (tmp_path / "my_nets" / "small.py").write_text(
        "from torch import nn\nclass Net(nn.Conv2d):\n"
        "    def __init__(self):\n        super().__init__(3, 7, 1)\n"
    )
    monkeypatch.chdir(tmp_path)
    assert open_source(ModelSpec("my_nets.small:Net")).model.out_channels == 7


def test_a_script_that_changes_the_folder_leaves_the_next_where_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "a.py").write_text(
        "import os\nfrom torch import nn\nos.chdir('elsewhere')\nmodel = nn.Conv2d(3, 2, 1)\n"
    )
    (tmp_path / "b.py").write_text("from torch import nn\nmodel = nn.Conv2d(3, 4, 1)\n")
    open_source(ModelSpec("a.py"))
    assert open_source(ModelSpec("b.py")).model.out_channels == 4


def test_a_script_may_import_torchvision(opened):
    script = "import torchvision\nmodel = torchvision.models.resnet18()\ninput_size = 32\n"
    assert opened(script).parameters == 11_689_512


def test_a_script_with_another_default_dtype(opened):
    try:
        source = opened("torch.set_default_dtype(torch.float64)\n" + CONV)
        model = LoadedModel(source, "layers")
        result = model.run(np.zeros((9, 9, 3), np.uint8), lambda node, maps: None, lambda: None, ())
        assert len(result.maps) == len(model.network.nodes)
    finally:
        torch.set_default_dtype(torch.float32)
