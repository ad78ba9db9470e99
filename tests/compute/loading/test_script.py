"""Scripts run as Python would run them."""

import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Subset

from vrnn.compute.loading import script
from vrnn.compute.loading.script import from_script
from vrnn.errors import VrnnError


def test_scripts_find_what_lies_beside_them_though_others_have_the_same_names(tmp_path):
    """Two projects, each with a `utils.py` and a package `layers` of its own."""
    built = []
    for folder, count in (("a", 3), ("b", 7), ("a", 3)):
        place = tmp_path / folder
        (place / "layers").mkdir(parents=True, exist_ok=True)
        (place / "utils.py").write_text(f"WIDTH = {count}\n")
        (place / "layers" / "__init__.py").write_text("")
        (place / "layers" / "block.py").write_text(f"KERNEL = {count}\n")
        (place / "net.py").write_text(
            "from torch import nn\nfrom layers.block import KERNEL\nfrom utils import WIDTH\n"
            "model = nn.Conv2d(3, WIDTH, KERNEL)\n"
        )
        model = from_script(place / "net.py").model
        built.append((model.out_channels, model.kernel_size[0]))
    assert built == [(3, 3), (7, 7), (3, 3)]


def test_a_module_of_a_library_is_not_loaded_anew_for_a_folder_of_its_name(tmp_path):
    (tmp_path / "torch").mkdir()
    (tmp_path / "net.py").write_text("import torch\nmodel = torch.nn.Conv2d(3, 4, 3)\n")
    loaded = sys.modules["torch"]
    from_script(tmp_path / "net.py")
    assert sys.modules["torch"] is loaded


def of_items(tmp_path, items, **more):
    """The data set of a script, whose items a test gives it."""
    path = tmp_path / "items_of_test.py"
    path.write_text("from torch import nn\nmodel = nn.Conv2d(3, 4, 3)\ndataset = None\n")
    sys.modules.pop("items_of_test", None)
    module = ModuleType("items_of_test")
    module.dataset = items
    vars(module).update(more)
    return script._read_dataset(module, path)


GRADIENT = np.arange(6 * 5, dtype=np.uint8).reshape(6, 5) * 8
COLORS = np.stack([GRADIENT, GRADIENT // 2, GRADIENT // 3], -1)


@pytest.mark.parametrize("item", [
    COLORS, torch.from_numpy(COLORS.transpose(2, 0, 1).copy()), Image.fromarray(COLORS),
    torch.from_numpy(COLORS.transpose(2, 0, 1).copy()).float() / 255, torch.from_numpy(COLORS),
    (COLORS, 3), [COLORS, 3], (COLORS,),
])  # fmt: skip
def test_items_of_every_kind_are_the_same_picture(tmp_path, item):
    images = of_items(tmp_path, [item])
    assert np.abs(images.image(0).astype(int) - COLORS).max() <= 1
    has_label = isinstance(item, tuple | list) and len(item) > 1
    assert images.label(0) == (3 if has_label else -1)


@pytest.mark.parametrize(("shape", "seen"), [
    ((1, 4, 5), (4, 5, 3)), ((3, 4, 5), (4, 5, 3)), ((4, 6, 5), (6, 5, 3)), ((4, 5), (4, 5, 3)),
    ((6, 5, 3), (6, 5, 3)), ((6, 5, 1), (6, 5, 3)),
])  # fmt: skip
def test_which_axis_of_a_tensor_has_the_colors(tmp_path, shape, seen):
    images = of_items(tmp_path, [torch.zeros(shape, dtype=torch.uint8)])
    assert images.image(0).shape == seen


@pytest.mark.parametrize("item", ["a text", 3, torch.zeros(1, 3, 4, 5), np.zeros(7)])
def test_what_is_no_image_is_told(tmp_path, item):
    with pytest.raises(VrnnError, match=r"'items_of_test\.py': dataset should hold images, not "):
        of_items(tmp_path, [item]).image(0)


class Items(list):
    """A data set with more to say."""


def test_labels_are_looked_up_only_in_a_list_of_all(tmp_path):
    def labels(indices=None, **more):
        items = Items([(COLORS, n) for n in range(3)])
        vars(items).update(more)
        whole = items if indices is None else Subset(items, indices)
        images = of_items(tmp_path, whole)
        return [images.label(i) for i in range(len(images))]

    assert labels() == [0, 1, 2]
    assert labels(targets=[5, 6, 7]) == [5, 6, 7]
    assert labels(labels=np.array([5, 6, 7])) == [5, 6, 7]
    assert labels(targets=[5, 6], labels=[7, 8, 9]) == [7, 8, 9]
    assert labels(targets=torch.tensor(5)) == [0, 1, 2]
    assert labels(targets=[1, 1, 1], target_transform=lambda n: n + 1) == [2, 2, 2]
    assert labels([2, 0], targets=[5, 6, 7]) == [7, 5]
    assert labels([2, 0]) == [2, 0]


def test_what_is_no_data_set_is_none(tmp_path):
    for value in (None, 3, iter([1]), {1, 2}):
        assert of_items(tmp_path, value) is None
    assert of_items(tmp_path, lambda: [COLORS]).image(0).shape == COLORS.shape
    named = Items([COLORS])
    named.classes = ["cat", 3]
    assert of_items(tmp_path, named).names == ("cat", "3")
    assert of_items(tmp_path, [COLORS], class_names=["dog"]).names == ("dog",)


MODELS = """
import torch
from torch import nn
class Base(nn.Module):
    def forward(self, x):
        return x
class Sized(Base):
    def __init__(self, size):
        super().__init__()
class Loose(Base):
    def __init__(self, size=3, *args, **kwargs):
        super().__init__()
"""


@pytest.mark.parametrize(("more", "name", "found"), [
    ("", "", "Loose"), ("one = Base()", "", "Base"),
    ("one = Base()\ntwo = Loose()", "two", "Loose"),
    ("class Holder:\n    inner = Loose()", "Holder.inner", "Loose"), ("", "Base", "Base"),
    ("model = Loose", "", "Loose"), ("net = best = Base()", "", "Base"),
    ("def model():\n    return Base()", "", "Base"),
    ("model = 3\nbuild_model = lambda: Base()", "", "Base"),
])  # fmt: skip
def test_which_model_of_a_script_is_taken(tmp_path, more, name, found):
    path = tmp_path / "several_models.py"
    path.write_text(MODELS + more)
    candidate = from_script(path, name)
    assert type(candidate.model).__name__ == found
    assert candidate.title == ("several_models:" + name if name else "several_models")
    assert candidate.source == "several_models.py"


@pytest.mark.parametrize(("text", "name", "told"), [
    (MODELS + "one = Base()\ntwo = Loose()", "", "has several models (one, two); choose one, as "
     "several_models.py:one"),
    (MODELS, "Holder.inner", "has no 'Holder.inner'; it has Base, Sized, Loose"),
    (MODELS + "one = Base()", "x", "has no 'x'; it has one, Base, Sized, Loose"),
    ("x = 1", "y", "has no 'y'; it has no models"),
    ("from torch import nn\nclass Net(nn.Module):\n    def __init__(self, n):\n        pass", "",
     "'several_models.py'; its modules need arguments (Net): define `model = …`"),
    ("def model(x, scale=2):\n    return x * scale\n", "model",
     "'several_models.py:model' takes x, and vrnn calls it without arguments; let it return an"),
    ("from torch.nn import Conv2d", "", "there is no model in 'several_models.py': define"),
])  # fmt: skip
def test_a_script_without_one_model_is_told_what_it_has(tmp_path, text, name, told):
    path = tmp_path / "several_models.py"
    path.write_text(text)
    with pytest.raises(VrnnError) as caught:
        from_script(path, name)
    assert told in str(caught.value)


def test_losses_are_those_that_the_script_makes_and_names(tmp_path):
    path = tmp_path / "with_losses.py"
    path.write_text(
        "from torch import nn\nimport torch.nn.functional as F\nmodel = nn.Conv2d(3, 4, 3)\n"
        "criterion = nn.MSELoss()\ndef train(x, y):\n    return F.cross_entropy(x, y)\n"
    )
    found = from_script(path).loss_names
    assert found[0] == "MSELoss"
    assert "cross_entropy" in found
    assert len(set(found)) == len(found)
