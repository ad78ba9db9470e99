"""Inputs of models of which nothing is said: what goes in fits the layer that runs first."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from vrnn.compute.loading.source import open_source
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec


class Net(nn.Module):
    """A model of some layers and a function that runs them."""

    def __init__(self, run, **layers):
        super().__init__()
        self._run = run
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x):
        return self._run(self, x)


def opened(model, **options):
    """The inputs that a model gets, and the notes about them."""
    source = open_source(ModelSpec(model, **options))
    inputs = source.example_inputs()
    with torch.no_grad():
        assert inputs.call(source.model.eval()) is not None
    return source, [*inputs]


def shape_of(model, **options):
    _, (only,) = opened(model, **options)
    return tuple(only.shape)


def late_head(m, x):
    for layer in m.layers:
        x = layer(x).relu()
    return m.head(x.mean((2, 3)))


class PlainList(Net):
    """A head that is registered, behind convolutions that are not."""

    def __init__(self):
        super().__init__(late_head, head=nn.Linear(6, 5))
        self.layers = [nn.Conv2d(3, 4, 3), nn.Conv2d(4, 6, 3)]


def functional_conv(m, x):
    return F.conv2d(x, m.kernel).relu().mean((2, 3))


def with_positions(m, x):
    patches = m.cut(x).flatten(2).transpose(1, 2)
    return m.head(torch.cat([m.token, patches], 1) + m.positions)


def patch_linear(m, x):
    b, c, h, w = x.shape
    x = x.reshape(b, c, h // 8, 8, w // 8, 8).permute(0, 2, 4, 1, 3, 5).reshape(b, -1, c * 64)
    return m.head(m.embed(x).mean(1))


def with_position_table(m, ids):
    return m.words(ids) + m.places(torch.arange(ids.shape[1]))


def frames(m, x):
    b, t, c, h, w = x.shape
    return m.conv(x.reshape(b * t, c, h, w)).mean((2, 3)).reshape(b, t, -1).mean(1)


GUESSES = {
    "lazy layers with statistics": (
        lambda: nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(),
                              nn.LazyLinear(2)),
        (1, 3, 224, 224),
    ),
    "plain list": (PlainList, (1, 3, 224, 224)),
    "functional convolution": (
        lambda: Net(functional_conv, kernel=nn.Parameter(torch.rand(4, 2, 3, 3))),
        (1, 2, 224, 224),
    ),
    "the second layer is registered first": (
        lambda: Net(
            lambda m, x: m.second(m.first(x)), second=nn.Conv2d(16, 4, 3), first=nn.Conv2d(5, 16, 3)
        ),
        (1, 5, 224, 224),
    ),
    "grouped convolution": (lambda: nn.Conv2d(8, 8, 3, groups=4), (1, 8, 224, 224)),
    "channels last": (
        lambda: Net(lambda m, x: m.conv(x.permute(0, 3, 1, 2)), conv=nn.Conv2d(3, 4, 3)),
        (1, 224, 224, 3),
    ),
    "unbatched": (
        lambda: Net(lambda m, x: m.conv(x[None])[0], conv=nn.Conv2d(3, 4, 3)),
        (3, 224, 224),
    ),
    "transposed code": (
        lambda: nn.Sequential(nn.ConvTranspose2d(100, 8, 4), nn.ConvTranspose2d(8, 3, 4, 2, 1)),
        (1, 100, 1, 1),
    ),
    "transposed decoder": (lambda: nn.ConvTranspose2d(12, 3, 2, 2), (1, 12, 8, 8)),
    "generator": (
        lambda: nn.Sequential(
            nn.Linear(20, 8 * 49), nn.Unflatten(1, (8, 7, 7)), nn.ConvTranspose2d(8, 1, 4, 2, 1)
        ),
        (1, 20),
    ),
    "fixed flat size": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 4, 5), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 48 * 48, 2)
        ),
        None,
    ),
    "flat view": (
        lambda: Net(
            lambda m, x: m.fc(m.conv(x).view(-1, 4 * 38 * 38)),
            conv=nn.Conv2d(1, 4, 3), fc=nn.Linear(4 * 38 * 38, 2),
        ),
        (1, 1, 40, 40),
    ),
    "positions with a class token": (
        lambda: Net(
            with_positions, cut=nn.Conv2d(3, 8, 8, 8), token=nn.Parameter(torch.zeros(1, 1, 8)),
            positions=nn.Parameter(torch.zeros(1, 1 + 10 * 10, 8)), head=nn.Linear(8, 4),
        ),
        (1, 3, 80, 80),
    ),
    "100 numbers": (
        lambda: nn.Sequential(nn.Linear(100, 64), nn.ReLU(), nn.Linear(64, 2)), (1, 100)
    ),
    "64 numbers": (lambda: nn.Sequential(nn.Linear(64, 2)), (1, 64)),
    "digits": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 4)), (1, 1, 28, 28)),
    "batch norm of numbers": (
        lambda: nn.Sequential(nn.BatchNorm1d(13), nn.Linear(13, 2)), (1, 13)
    ),
    "bilinear product": (
        lambda: Net(lambda m, x: x @ m.weight, weight=nn.Parameter(torch.rand(9, 4))), (1, 9)
    ),
    "lstm behind a linear": (
        lambda: Net(
            lambda m, x: m.fc(m.lstm(x)[1][0][-1]),
            fc=nn.Linear(48, 10), lstm=nn.LSTM(28, 48, batch_first=True),
        ),
        (1, 16, 28),
    ),
    "gru of one size": (
        lambda: Net(
            lambda m, x: m.fc(m.gru(x)[0]), fc=nn.Linear(64, 10),
            gru=nn.GRU(64, 64, batch_first=True),
        ),
        (1, 16, 64),
    ),
    "rnn, steps first": (lambda: nn.RNN(7, 9), (16, 1, 7)),
    "encoder": (
        lambda: Net(
            lambda m, x: m.head(m.enc(x)), head=nn.Linear(64, 3),
            enc=nn.TransformerEncoderLayer(64, 4, 32, batch_first=True),
        ),
        (1, 16, 64),
    ),
    "encoder, steps first": (lambda: nn.TransformerEncoderLayer(32, 4, 32), (16, 1, 32)),
    "attention of its own": (
        lambda: Net(
            lambda m, x: F.scaled_dot_product_attention(m.q(x), m.k(x), m.v(x)),
            q=nn.Linear(24, 24), k=nn.Linear(24, 24), v=nn.Linear(24, 24),
        ),
        (1, 16, 24),
    ),
    "tokens of few letters": (
        lambda: Net(
            lambda m, x: m.conv(m.words(x).transpose(1, 2)),
            words=nn.Embedding(5, 16), conv=nn.Conv1d(16, 4, 5),
        ),
        (1, 16),
    ),
    "an embedding that runs second": (
        lambda: Net(with_position_table, places=nn.Embedding(4, 8), words=nn.Embedding(3, 8)),
        (1, 4),
    ),
    "signal": (
        lambda: nn.Sequential(nn.Conv1d(2, 8, 80, 4), nn.AdaptiveAvgPool1d(1)), (1, 2, 1024)
    ),
    "volume": (lambda: nn.Conv3d(4, 2, 3), (1, 4, 16, 112, 112)),
    "frames": (lambda: Net(frames, conv=nn.Conv2d(3, 4, 3)), (1, 8, 3, 64, 64)),
    "nothing learned": (lambda: Net(lambda m, x: x.relu()), (1, 3, 224, 224)),
}  # fmt: skip


@pytest.mark.parametrize("name", GUESSES)
def test_what_a_model_gets(name):
    build, expected = GUESSES[name]
    shape = shape_of(build())
    if expected is not None:
        assert shape == expected


def test_a_size_that_only_the_last_layer_tells():
    (model, _) = GUESSES["fixed flat size"]
    shape = shape_of(model())
    assert shape[:2] == (1, 3)
    assert shape[2] in (100, 101)  # both give 96 rows, and 48 after the pool


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_the_dtype_of_the_weights(dtype):
    source, (only,) = opened(nn.Sequential(nn.Conv2d(3, 4, 3)).to(dtype), input_size=(16, 16))
    assert only.dtype == dtype
    import numpy as np

    prepared = source.prepare(np.full((20, 20, 3), 200, np.uint8))
    assert prepared.inputs.args[0].dtype == dtype
    assert prepared.note == ""


def test_lazy_layers_are_shaped_by_the_size_that_is_given():
    model = nn.Sequential(nn.Flatten(), nn.LazyLinear(64), nn.ReLU(), nn.LazyLinear(10))
    assert shape_of(model, input_size=(28, 28)) == (1, 1, 28, 28)
    assert model[1].in_features == 784
    convolutions = nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(2))
    assert shape_of(convolutions, input_size=(20, 30)) == (1, 3, 20, 30)
    assert convolutions[2].in_features == 4 * 18 * 28


def test_a_given_size_reaches_a_model_that_begins_with_a_linear_layer():
    model = Net(patch_linear, embed=nn.Linear(3 * 64, 16), head=nn.Linear(16, 4))
    assert shape_of(model, input_size=(48, 80)) == (1, 3, 48, 80)


class Denoiser(nn.Module):
    """A diffusion model: an image and a moment."""

    def __init__(self):
        super().__init__()
        self.time = nn.Linear(32, 8)
        self.conv = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, x, t):
        rates = torch.exp(-math.log(1e4) * torch.arange(16) / 16)
        angles = t[:, None].float() * rates
        embedded = self.time(torch.cat([angles.sin(), angles.cos()], 1))
        return self.conv(x) + embedded[:, :, None, None]


class OnlyNames(nn.Module):
    """Takes arguments by name only."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, *, pixel_values, mask=None):
        return self.conv(pixel_values)


class Masked(nn.Module):
    """Token ids and a mask for them."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(50, 8)

    def forward(self, input_ids, attention_mask):
        return self.words(input_ids) * attention_mask[..., None]


class Captions(nn.Module):
    """An image and token ids."""

    def __init__(self):
        super().__init__()
        self.see = nn.Conv2d(3, 8, 3)
        self.words = nn.Embedding(9, 8)

    def forward(self, image, caption):
        return self.see(image).mean((2, 3))[:, None] + self.words(caption)


class Graph(nn.Module):
    """Nodes with features, and edges between them."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(6, 3)

    def forward(self, x, edge_index):
        messages = self.fc(x)[edge_index[0]]
        return torch.zeros(len(x), 3).index_add_(0, edge_index[1], messages)


class Two(nn.Module):
    """An image and numbers."""

    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 8, 3), nn.Linear(5, 8)

    def forward(self, image, numbers):
        return self.conv(image).mean((2, 3)) + self.fc(numbers)


@pytest.mark.parametrize(
    ("model", "shapes"),
    [
        (Denoiser, [(1, 3, 224, 224), (1,)]),
        (OnlyNames, [(1, 3, 224, 224)]),
        (Masked, [(1, 16), (1, 16)]),
        (Captions, [(1, 3, 224, 224), (1, 16)]),
        (Graph, [(16, 6), (2, 32)]),
        (Two, [(1, 3, 224, 224), (1, 5)]),
    ],
)
def test_several_arguments_of_different_kinds(model, shapes):
    _, inputs = opened(model())
    assert [tuple(t.shape) for t in inputs] == shapes


class Packed(nn.Module):
    """Takes a dict."""

    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 8, 3), nn.Linear(4, 8)

    def forward(self, batch):
        return self.conv(batch["image"]).mean((2, 3)) + self.fc(batch["meta"])


def test_a_model_that_takes_a_dict_is_asked_for_its_keys():
    source = open_source(ModelSpec(Packed()))
    (batch,) = source.example_inputs().args
    assert {key: tuple(value.shape) for key, value in batch.items()} == {
        "image": (1, 3, 224, 224),
        "meta": (1, 4),
    }


class AnyNames(nn.Module):
    """Takes keywords of any name."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 8, 3)

    def forward(self, **inputs):
        return self.conv(inputs["pixels"])


def test_keywords_of_any_name_are_asked_for():
    source = open_source(ModelSpec(AnyNames()))
    kwargs = source.example_inputs().kwargs
    assert {key: tuple(value.shape) for key, value in kwargs.items()} == {
        "pixels": (1, 2, 224, 224)
    }


class Force(nn.Module):
    """An energy and its gradient, taken inside `forward`."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(30, 8), nn.Tanh(), nn.Linear(8, 1))

    def forward(self, x):
        x = x.requires_grad_(True)
        energy = self.net(x).sum()
        return energy, -torch.autograd.grad(energy, x)[0]


def test_a_gradient_inside_forward_is_allowed():
    source = open_source(ModelSpec(Force()))
    assert source.example_inputs().args[0].shape == (1, 30)


def test_numbers_that_were_made_up_are_told_and_images_are_not():
    assert "x 1×16×7" in " ".join(opened(nn.RNN(7, 9, batch_first=True))[0].notes).replace(
        "input 1", "x 1"
    )
    (note,) = opened(nn.Conv2d(3, 2, 3))[0].notes
    assert note.startswith("no mean and std are given")


def test_an_input_size_that_no_input_has_is_told():
    source, _ = opened(nn.LSTM(4, 5), input_size=(64, 64))
    assert any("--input-size is not used" in note for note in source.notes)


def test_the_model_is_as_it_was_after_trying():
    model = PlainList().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    open_source(ModelSpec(model))
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_a_model_that_takes_nothing_that_is_tried_says_what_to_write():
    class Stubborn(nn.Module):
        def forward(self, x):
            assert x.shape == (1, 7, 11, 13, 17, 19), "six axes, please"
            return x

    with pytest.raises(VrnnError, match=r"six axes, please.*example_input = torch"):
        open_source(ModelSpec(Stubborn()))


class Denoiser(nn.Module):
    """Takes an image, a moment and the class that the image is to be of."""

    def __init__(self):
        super().__init__()
        self.conv, self.moment, self.label = (
            nn.Conv2d(3, 4, 3), nn.Linear(1, 4), nn.Embedding(10, 4),
        )  # fmt: skip

    def forward(self, x, t, y):
        style = self.moment(t[:, None].float()) + self.label(y)
        return self.conv(x) + style[:, :, None, None]


class Table(nn.Module):
    """Takes the categories of some columns and the numbers of others."""

    def __init__(self):
        super().__init__()
        self.words = nn.ModuleList(nn.Embedding(n, 4) for n in (7, 12, 3))
        self.norm, self.head = nn.BatchNorm1d(5), nn.Linear(17, 1)

    def forward(self, categories, numbers):
        found = [words(categories[:, i]) for i, words in enumerate(self.words)]
        return self.head(torch.cat([*found, self.norm(numbers)], 1))


def test_a_class_label_goes_in_beside_an_image_and_a_moment():
    _, (image, moment, label) = opened(Denoiser())
    assert image.shape[:2] == (1, 3)
    assert moment.shape == label.shape == (1,)
    assert label.dtype == torch.int64


def test_categories_go_in_beside_numbers():
    _, (categories, numbers) = opened(Table())
    assert categories.dtype == torch.int64
    assert (numbers.shape, numbers.dtype) == ((1, 5), torch.float32)


@pytest.mark.parametrize("kind", [nn.RNNCell, nn.LSTMCell, nn.GRUCell])
def test_a_cell_that_is_called_for_each_step_gets_a_sequence(kind):
    def step_by_step(m, x):
        state = x.new_zeros(x.shape[0], 12)
        for t in range(x.shape[1]):
            pair = m.cell(x[:, t], (state, state) if kind is nn.LSTMCell else state)
            state = pair[0] if kind is nn.LSTMCell else pair
        return m.head(state)

    model = Net(step_by_step, head=nn.Linear(12, 2), cell=kind(9, 12))
    assert shape_of(model) == (1, 16, 9)
