"""What goes into a network is the image: its own pixels, where they were, by the right numbers.

The references are NumPy and what the libraries themselves document.
"""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from torch import nn

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.media.image_reader import read_image
from vrnn.network.model_spec import ModelSpec

HEIGHT, WIDTH = 7, 11
IMAGENET = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
HALF = np.array([0.5] * 3), np.array([0.5] * 3)
images = arrays.arrays(np.uint8, (HEIGHT, WIDTH, 3))
turns = st.sampled_from(
    [lambda a: a, lambda a: a[::-1], lambda a: a[:, ::-1], lambda a: a[..., [2, 0, 1]]]
)


def prepared(source, image):
    """The only tensor that goes in, and its picture."""
    made = source.prepare(image)
    (tensor,) = made.inputs.args
    return tensor, made.image


def script(tmp_path, text):
    path = tmp_path / "net.py"
    path.write_text("import numpy as np\nimport torch\nfrom torch import nn\n" + text)
    return open_source(ModelSpec(str(path)))


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    """With a mean and a deviation of its own for each channel."""
    return script(
        tmp_path_factory.mktemp("numbers"),
        "model = nn.Conv2d(3, 2, 3)\ninput_size = (7, 11)\n"
        "mean, std = (0.1, 0.4, 0.8), (0.5, 0.2, 0.3)\n",
    )


def normalized(image, mean, std):
    return ((image / 255 - np.array(mean)) / np.array(std)).transpose(2, 0, 1)


@given(images, turns)
def test_the_tensor_is_the_image_by_the_scripts_numbers(numbers, image, turn):
    image = np.ascontiguousarray(turn(image))
    tensor, seen = prepared(numbers, image)
    assert np.allclose(
        tensor[0].numpy(), normalized(image, (0.1, 0.4, 0.8), (0.5, 0.2, 0.3)), atol=1e-5
    )
    assert np.array_equal(seen, image)


@given(images, turns)
def test_every_map_of_a_turned_image_is_turned(plain_model, image, turn):
    """From the image to the maps that are shown, by a convolution that keeps its channels."""
    image = np.ascontiguousarray(turn(image))
    result = plain_model.run(image, lambda node, maps: None, lambda: None, ())
    for maps in result.maps.values():
        shown = maps.values.astype(float) * maps.scale
        assert np.allclose(shown, image.transpose(2, 0, 1) / 255, atol=2e-3)


@pytest.fixture(scope="module")
def plain_model(tmp_path_factory):
    text = (
        "model = nn.Conv2d(3, 3, 1, bias=False)\n"
        "model.weight.data = torch.eye(3)[:, :, None, None]\n"
        "input_size = (7, 11)\nmean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)\n"
    )
    return LoadedModel(script(tmp_path_factory.mktemp("plain"), text), "layers")


def one_color(color, size):
    return np.tile(np.array(color, np.uint8), (*size, 1))


@pytest.mark.parametrize(
    ("spec", "mean", "std"),
    [
        ("torchvision:resnet18@random", *IMAGENET),
        ("torchvision:vit_b_32@random", *IMAGENET),
        ("timm:resnet18@random", *IMAGENET),
        ("timm:tf_efficientnet_lite0@random", *HALF),
        ("timm:vit_tiny_patch16_224@random", *HALF),
        ("timm:mobilenetv3_small_100@random", *IMAGENET),
    ],
)
def test_models_of_libraries_get_the_numbers_that_they_were_trained_with(spec, mean, std):
    source = open_source(ModelSpec(spec))
    shape = source.example_inputs().args[0].shape[2:]
    for color in ((255, 0, 0), (10, 200, 90)):
        tensor, _ = prepared(source, one_color(color, shape))
        expected = (np.array(color) / 255 - mean) / std
        assert tensor.shape == (1, 3, *shape)
        assert tensor[0].amin((1, 2)).tolist() == pytest.approx(expected, abs=1e-4)
        assert tensor[0].amax((1, 2)).tolist() == pytest.approx(expected, abs=1e-4)


def test_a_model_without_numbers_gets_those_of_imagenet(tmp_path):
    source = script(tmp_path, "model = nn.Conv2d(3, 2, 3)\ninput_size = (7, 11)\n")
    image = one_color((255, 0, 128), (HEIGHT, WIDTH))
    tensor, _ = prepared(source, image)
    assert np.allclose(tensor[0].numpy(), normalized(image, *IMAGENET), atol=1e-5)


def test_one_channel_gets_the_luma(tmp_path):
    text = "model = nn.Conv2d(1, 2, 3)\ninput_size = (7, 11)\nmean, std = (0.0,), (1.0,)\n"
    source = script(tmp_path, text)
    for color, luma in (((255, 0, 0), 76), ((0, 255, 0), 150), ((0, 0, 255), 29)):
        tensor, seen = prepared(source, one_color(color, (HEIGHT, WIDTH)))
        assert tensor.shape == (1, 1, HEIGHT, WIDTH)
        assert tensor.mean().item() * 255 == pytest.approx(luma, abs=1)
        assert np.abs(seen.astype(int) - luma).max() <= 1


def test_the_scripts_own_transform_gets_a_pillow_image_in_rgb(tmp_path):
    text = (
        "model = nn.Conv2d(3, 2, 3)\n"
        "def transform(image):\n"
        "    assert image.mode == 'RGB'\n"
        "    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1) / 255 - 0.5\n"
        "input_size = (7, 11)\n"
    )
    source = script(tmp_path, text)
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    tensor, _ = prepared(source, image)
    assert np.allclose(tensor[0].numpy(), normalized(image, 0.5, 1.0), atol=1e-6)


@given(images, st.sampled_from([".png", ".bmp", ".ppm", ".webp"]))
def test_a_file_gives_the_pixels_that_were_written(tmp_path_factory, image, suffix):
    path = tmp_path_factory.mktemp("images") / f"image{suffix}"
    Image.fromarray(image).save(path, **({"lossless": True} if suffix == ".webp" else {}))
    assert np.array_equal(read_image(path), image)


def test_a_larger_image_is_cropped_in_its_middle_and_shrunk(numbers):
    image = np.zeros((HEIGHT * 4, WIDTH * 8, 3), np.uint8)
    image[:, WIDTH * 4 :] = (200, 0, 0)
    image[: HEIGHT * 2, :, 2] = 100
    seen = numbers.prepare(image).image
    assert seen.shape == (HEIGHT, WIDTH, 3)
    assert seen[:, : WIDTH // 2, 0].max() == 0
    assert (seen[:, WIDTH // 2 + 1 :, 0] == 200).all()
    assert (seen[: HEIGHT // 2, :, 2] == 100).all()
    assert seen[HEIGHT // 2 + 1 :, :, 2].max() == 0
    sides = one_color((0, 0, 0), (HEIGHT, WIDTH * 3))
    sides[:, WIDTH : 2 * WIDTH] = 50
    sides[:, 2 * WIDTH :] = 250
    seen = numbers.prepare(sides).image
    assert (seen == 50).all()


def test_the_models_own_sample_is_shown_with_its_numbers_undone(tmp_path):
    text = (
        "model = nn.Conv2d(3, 2, 3)\nmean, std = (0.1, 0.4, 0.8), (0.5, 0.2, 0.3)\n"
        "pixels = torch.arange(3 * 7 * 11).reshape(3, 7, 11) / 255\n"
        "example_input = ((pixels - torch.tensor(mean)[:, None, None])"
        " / torch.tensor(std)[:, None, None])[None]\n"
    )
    source = script(tmp_path, text)
    seen = source.prepare(None).image
    expected = np.arange(3 * HEIGHT * WIDTH).reshape(3, HEIGHT, WIDTH).transpose(1, 2, 0)
    assert np.abs(seen.astype(int) - expected).max() <= 1


def test_a_flat_vector_is_the_image_channel_by_channel(tmp_path):
    text = "model = nn.Linear(3 * 8 * 8, 4)\nmean, std = (0.0,) * 3, (1.0,) * 3\n"
    source = script(tmp_path, "input_size = (8, 8)\n" + text)
    image = np.random.default_rng(1).integers(0, 256, (8, 8, 3), np.uint8)
    tensor, _ = prepared(source, image)
    flat = tensor.reshape(-1)
    assert isinstance(source.model, nn.Module)
    assert torch.allclose(
        flat, torch.from_numpy(image.transpose(2, 0, 1).reshape(-1) / 255).float(), atol=1e-6
    )


def test_a_data_set_without_a_readable_image_is_told(tmp_path):
    folder = tmp_path / "images" / "cat"
    folder.mkdir(parents=True)
    for number in range(3):
        (folder / f"{number}.png").write_bytes(b"no image")
    (tmp_path / "model.py").write_text("from torch import nn\nmodel = nn.Conv2d(3, 4, 3)\n")
    spec = ModelSpec(str(tmp_path / "model.py"), data=folder.parent)
    note = open_source(spec).prepare(None).note
    assert "all 3 images of the data set cannot be read" in note
    Image.new("RGB", (9, 9)).save(folder / "1.png")
    assert open_source(spec).prepare(None).note == ""
