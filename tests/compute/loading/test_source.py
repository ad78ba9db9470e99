"""Where models come from, and what input they get."""

import sys

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from vrnn.compute.loading.source import open_source
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec

NET = """
import torch
from torch import nn
class Part(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
    def forward(self, x):
        return self.conv(x)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = Part()
        self.fc = nn.Linear(2, 3)
    def forward(self, x):
        return self.fc(self.part(x).mean((2, 3)))
"""


@pytest.fixture
def opened(tmp_path):
    def open_it(text, name="net.py", pick="", **options):
        path = tmp_path / name
        path.write_text(text)
        return open_source(ModelSpec(f"{path}:{pick}" if pick else str(path), **options))

    return open_it


def test_the_outermost_module_of_a_script(opened):
    source = opened(NET)
    assert type(source.model).__name__ == "Net"
    assert source.random_weights
    assert source.example_inputs().args[0].shape[:2] == (1, 1)
    assert source.parameters == 2 * 9 + 2 + 6 + 3


@pytest.mark.parametrize(
    "text",
    [
        "model = Net()", "def model():\n    return Net()", "def build_model():\n    return Net()",
        "net = Net()", "if __name__ == '__main__':\n    raise SystemExit('not to be run')",
    ],
)  # fmt: skip
def test_ways_to_offer_a_model(opened, text):
    assert type(opened(NET + text).model).__name__ == "Net"


def test_a_name_after_the_script_chooses(opened):
    assert type(opened(NET + "other = Part()", pick="other").model).__name__ == "Part"
    assert type(opened(NET, pick="Part").model).__name__ == "Part"
    with pytest.raises(VrnnError, match="it has Part, Net"):
        opened(NET, pick="Nothing")


def test_what_else_a_script_offers(opened):
    source = opened(
        NET + "class_names = ['a', 'b', 'c']\ninput_size = (12, 20)\nmean = [0.5]\nstd = 0.25\n"
        "dataset = [(torch.rand(1, 9, 9), 2), (torch.rand(1, 9, 9), 1)]\n"
    )
    assert source.class_names == ("a", "b", "c")
    assert source.example_inputs().args[0].shape == (1, 1, 12, 20)
    assert [source.dataset.label(i) for i in range(2)] == [2, 1]
    inputs, seen, _ = source.prepare(np.full((40, 40, 3), 255, np.uint8))
    (tensor,) = inputs.args
    assert seen.shape == (12, 20, 3)
    assert torch.allclose(tensor, torch.full((1, 1, 12, 20), 2.0), atol=1e-5)


WATCHED = """
class Watched:
    def __init__(self, **more):
        self.read = []
        self.__dict__.update(more)
    def __len__(self):
        return 100_000
    def __getitem__(self, index):
        self.read.append(index)
        if index < 2:
            raise RuntimeError(f"shard {index} is missing")
        return torch.rand(1, 9, 9), index % 4
"""


def test_a_data_set_is_opened_without_reading_it(opened):
    text = NET + WATCHED + "dataset = Watched()\nclass_names = 'abc'\ninput_size = 9\n"
    images = opened(text, "watched.py").dataset
    dataset = sys.modules["watched"].dataset
    assert len(images) == 100_000
    assert dataset.read == []
    assert [images.label(i) for i in (6, 7, 0)] == [2, -1, -1]
    assert images.invalid_labels == 2
    assert images.image(6).shape == (9, 9, 3)
    assert dataset.read == [6, 7, 0, 6]


def test_labels_from_a_list_of_them(opened):
    text = "dataset = Watched(targets=torch.arange(100_000) % 3)\n"
    source = opened(NET + WATCHED + text)
    assert [source.dataset.label(i) for i in range(4)] == [0, 1, 2, 0]
    part = "dataset = torch.utils.data.Subset(Watched(labels=range(100_000)), [7, 5])\n"
    source = opened(NET + WATCHED + part, "watched_in_part.py")
    assert [source.dataset.label(i) for i in range(2)] == [7, 5]
    assert sys.modules["watched_in_part"].dataset.dataset.read == []
    changed = "dataset = Watched(targets=range(100_000), target_transform=lambda n: n + 1)\n"
    assert opened(NET + WATCHED + changed).dataset.label(4) == 5
    other = "dataset = Watched(labels=['one', 'two'])\n"  # not one for each item
    assert opened(NET + WATCHED + other).dataset.label(4) == 0


def test_an_item_that_raises_is_reported_with_the_line_of_the_script(opened):
    source = opened(NET + WATCHED + "dataset = Watched()\ninput_size = 9\n")
    with pytest.raises(VrnnError) as caught:
        source.dataset.image(1)
    assert "image 1 of the data set: 'net.py': net.py:" in str(caught.value)
    assert "RuntimeError: shard 1 is missing" in str(caught.value)
    seen = source.prepare(None).image  # the first that can be read
    assert np.array_equal(seen.shape, (9, 9, 3))


def test_a_data_set_that_does_not_know_its_length(opened):
    with pytest.raises(VrnnError, match=r"how long it is: .*net\.py:\d+.*ValueError: unknown"):
        opened(
            NET + "class Endless:\n    def __getitem__(self, i):\n        return i\n"
            "    def __len__(self):\n        raise ValueError('unknown')\ndataset = Endless()\n"
        )


def test_the_scripts_own_transform(opened):
    source = opened(
        NET + "input_size = 8\ndef transform(picture):\n"
        "    return torch.full((1, 8, 8), float(picture.size[0]))\n"
    )
    (tensor,) = source.prepare(np.zeros((5, 7, 3), np.uint8)).inputs.args
    assert (tensor == 7).all()


def test_a_script_may_import_its_neighbors(opened, tmp_path):
    (tmp_path / "neighbor_of_it.py").write_text("WIDTH = 5\n")
    text = (
        "from torch import nn\nfrom neighbor_of_it import WIDTH\nmodel = nn.Conv2d(3, WIDTH, 1)\n"
    )
    assert opened(text).model.out_channels == 5


def test_a_script_that_loads_weights_has_no_random_ones(opened):
    assert not opened(
        NET + "model = Net()\nmodel.load_state_dict(Net().state_dict())"
    ).random_weights
    assert opened(NET + "random_weights = True\nmodel = Net()").random_weights


def test_flat_inputs_take_images_too(opened):
    source = opened(
        "from torch import nn\nmodel = nn.Sequential(nn.Flatten(), nn.Linear(784, 4))\n"
    )
    inputs, seen, _ = source.prepare(None)
    assert source.model(*inputs).shape == (1, 4)
    assert seen.shape == (28, 28, 3)
    plain = opened("from torch import nn\nmodel = nn.Linear(12, 2)\n", "plain.py")
    assert plain.model(*plain.prepare(None)[0]).shape[-1] == 2


def test_several_inputs_each_get_the_image(opened):
    source = opened(
        "import torch\nclass Two(torch.nn.Module):\n    def forward(self, a, b):\n"
        "        return a - b\ninput_size = 16\n"
    )
    a, b = source.prepare(np.full((16, 16, 3), 100, np.uint8)).inputs.args
    assert torch.equal(a, b)
    assert a.shape == (1, 3, 16, 16)


@pytest.mark.parametrize("name", ["torchvision:resnet18@random", "timm:resnet18@random"])
def test_libraries(name):
    source = open_source(ModelSpec(name))
    assert source.title == "resnet18"
    assert source.parameters == 11_689_512
    assert source.random_weights
    assert "goldfish" in source.class_names
    assert source.example_inputs().args[0].shape == (1, 3, 224, 224)


def test_a_factory_that_can_be_imported():
    assert open_source(ModelSpec("vrnn.default.model:build_model")).parameters == 174_970
    with pytest.raises(VrnnError, match="similar names: build_model"):
        open_source(ModelSpec("vrnn.default.model:build_modle"))


def weights(model, **changes):
    return {**{k: v.clone() for k, v in model.state_dict().items()}, **changes}


@pytest.mark.parametrize(
    "form", ["plain", "safetensors", "nested", "module.", "_orig_mod.", "model."]
)
def test_weights_in_every_usual_form(tmp_path, form):
    torch.manual_seed(1)
    trained, fresh = nn.Conv2d(3, 2, 1), nn.Conv2d(3, 2, 1)
    state = weights(trained)
    path = tmp_path / "w.pt"
    if form == "safetensors":
        path = tmp_path / "w.safetensors"
        save_file(state, path)
    elif form == "nested":
        torch.save({"epoch": 3, "state_dict": {f"module.{k}": v for k, v in state.items()}}, path)
    elif form == "plain":
        torch.save(state, path)
    else:
        torch.save({f"{form}{k}": v for k, v in state.items()}, path)
    source = open_source(ModelSpec(fresh, weights=path, input_size=(8, 8)))
    assert torch.equal(fresh.weight, trained.weight)
    assert [note for note in source.notes if not note.startswith("no mean and std")] == []
    assert not source.random_weights


def test_keys_that_do_not_fit_are_counted_and_named(tmp_path):
    model = nn.Sequential(nn.Conv2d(3, 2, 1), nn.Conv2d(2, 2, 1))
    state = weights(model, extra=torch.zeros(1))
    del state["1.bias"]
    state["1.weight"] = torch.zeros(5, 2, 1, 1)
    torch.save(state, tmp_path / "w.pt")
    notes = open_source(ModelSpec(model, weights=tmp_path / "w.pt", input_size=(8, 8))).notes
    assert any("1 weights missing" in note and "1.bias" in note for note in notes)
    assert any("does not have" in note and "extra" in note for note in notes)
    assert any("another shape" in note and "1.weight" in note for note in notes)


def test_classes_from_a_file_and_images_from_a_folder(tmp_path):
    (tmp_path / "names.txt").write_text("cat\ndog\n\n")
    (tmp_path / "data" / "cat").mkdir(parents=True)
    Image.new("RGB", (9, 9), "red").save(tmp_path / "data" / "cat" / "1.png")
    spec = ModelSpec(
        nn.Conv2d(3, 2, 1),
        classes=tmp_path / "names.txt",
        data=tmp_path / "data",
        input_size=(8, 8),
    )
    source = open_source(spec)
    assert source.class_names == ("cat", "dog")
    seen = source.prepare(None).image
    assert (seen == (255, 0, 0)).all()


def test_the_size_asked_for_is_tried_first_and_reported():
    with pytest.raises(VrnnError, match="3×5×5"):
        open_source(ModelSpec(nn.Conv2d(3, 2, 7), input_size=(5, 5)))
