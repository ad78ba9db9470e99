"""Axes by what they hold: what a person sees of models of many kinds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tests.support.axis_models import MODELS
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.operators.axis_factors import new_axes
from vrnn.compute.operators.tensor_layout import from_maps, to_maps
from vrnn.compute.passes.feature_maps import to_feature_maps
from vrnn.compute.tracing import map_layouts
from vrnn.compute.tracing.simplify import simplify, with_roles
from vrnn.compute.tracing.tracer import trace
from vrnn.errors import VrnnError
from vrnn.network.axes import AxisChoice, AxisRole, is_unsure
from vrnn.network.graph import Node
from vrnn.network.model_spec import ModelSpec

UNSURE = (
    "video", "points", "a set of points", "nodes with kinds of edges", "frames without time",
    "frames of one clip", "patches by hand", "patches by windows", "rows that are found",
)  # fmt: skip
"""Models that do not tell what some axes hold: these are guessed, and told so."""


def nodes_of(model: nn.Module, *inputs, roles=()) -> dict[str, Node]:
    view = simplify(trace(model.eval(), inputs, "net", roles), "all")
    return {node.name: node for node in view.network.nodes}


def roles_of(node: Node) -> str:
    return " ".join(axis.role for axis in node.axes)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_each_axis_is_what_the_model_takes_it_for(name):
    torch.manual_seed(0)
    build, inputs, expected = MODELS[name]
    nodes = nodes_of(build(), *inputs())
    for layer, (roles, shape, presentation) in expected.items():
        node = nodes[layer]
        assert (roles_of(node), node.shape, node.presentation) == (roles, shape, presentation)
        assert not is_unsure(node.axes) or name in UNSURE


@pytest.mark.parametrize("name", sorted(MODELS))
def test_maps_have_the_shape_that_is_told_and_can_be_written_back(name):
    torch.manual_seed(0)
    build, inputs, _ = MODELS[name]
    view = simplify(trace(build().eval(), inputs(), name), "all")
    for node in view.network.nodes:
        record, layout = view.records[node.id], view.map_layouts[node.id]
        tensor = torch.randn(record.shape)
        maps = to_feature_maps(tensor, layout)
        assert maps.values.shape == node.shape
        assert torch.equal(from_maps(to_maps(tensor, layout), layout, tensor), tensor)
        assert to_maps(tensor, layout).numel() == tensor.numel()


SPELLINGS = {
    "permute": lambda x: x.permute(0, 2, 3, 1),
    "permute of a tuple": lambda x: x.permute((0, 2, 3, 1)),
    "permute by NumPy's numbers": lambda x: x.permute(*np.array([0, 2, 3, 1])),
    "permute by name": lambda x: x.permute(dims=(0, 2, 3, 1)),
    "torch.permute": lambda x: torch.permute(x, dims=(0, -2, -1, 1)),
    "movedim": lambda x: x.movedim(1, -1),
    "moveaxis": lambda x: torch.moveaxis(x, (1,), (3,)),
    "transposes": lambda x: x.transpose(1, 2).transpose(dim0=-1, dim1=-2),
    "swapaxes": lambda x: x.swapaxes(1, 3).swapdims(1, 2),
    "mT": lambda x: x.transpose(1, 2).mT,
    "flatten": lambda x: x.flatten(2).mT.unflatten(1, x.shape[2:]),
    "reshape": lambda x: x.reshape(1, 24, -1).permute(0, 2, 1).reshape(1, 10, 14, 24),
    "T": lambda x: x[0].flatten(1).T.view(10, 14, 24)[None],
    "einsum": lambda x: torch.einsum("nchw->nhwc", x),
    "einsum with dots": lambda x: torch.einsum("nc...->n...c", x),
    "stack": lambda x: torch.stack(x.unbind(1), -1),
    "cat": lambda x: torch.cat([p.movedim(1, -1) for p in x.split(8, 1)], -1),
    "tensordot": lambda x: (x.flatten(2).mT @ torch.eye(24)).view(1, 10, 14, 24),
    "windows": lambda x: (
        x.view(1, 24, 5, 2, 7, 2).permute(0, 2, 4, 3, 5, 1).reshape(35, 4, 24)
        .view(1, 5, 7, 2, 2, 24).transpose(2, 3).reshape(1, 10, 14, 24)
    ),
}  # fmt: skip


class Spelled(nn.Module):
    def __init__(self, spelling):
        super().__init__()
        self.conv = nn.Conv2d(3, 24, 1)
        self.spelling = spelling

    def forward(self, x):
        return torch.sin(self.spelling(self.conv(x)))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_channels_last_is_the_same_picture_however_it_is_spelled(spelling):
    model, x = Spelled(SPELLINGS[spelling]).eval(), torch.randn(1, 3, 10, 14)
    view = simplify(trace(model, (x,), "net"), "all")
    node = next(n for n in view.network.nodes if n.operation == "sin")
    assert roles_of(node) == "batch height width channel"
    with torch.no_grad():
        shown = to_feature_maps(model(x), view.map_layouts[node.id]).values
        expected = torch.sin(model.conv(x))[0]
    np.testing.assert_allclose(shown, expected.numpy(), atol=2e-3)


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(4)), st.permutations(range(4)))
def test_axes_that_are_permuted_and_back_keep_their_roles(one, two):
    class Turned(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 5, 3, padding=1)

        def forward(self, x):
            y = self.conv(x).permute(one).exp().permute(two).log()
            return y

    node = nodes_of(Turned(), torch.rand(2, 3, 6, 7))["log"]
    names = ("batch", "channel", "height", "width")
    assert roles_of(node) == " ".join(names[one[i]] for i in two)
    assert node.shape == (5, 6, 7)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([2, 3, 4, 6, 12]), min_size=1, max_size=4))
def test_a_map_that_is_folded_and_unfolded_is_the_same_map(cuts):
    class Folded(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3, padding=1)

        def forward(self, x):
            y = self.conv(x)
            for cut in cuts:
                y = y.reshape(1, 4 * 144 // cut, cut).sin().view(1, 4, 12, 12)
            return y.cos()

    node = nodes_of(Folded(), torch.rand(1, 1, 12, 12))["cos"]
    assert roles_of(node) == "batch channel height width"
    assert node.shape == (4, 12, 12)


class Doubled(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, x):
        return self.conv(torch.cat([x, x.flip(3)]))


class Volume(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv3d(1, 4, 3, stride=(2, 1, 1), padding=1)

    def forward(self, x):
        return self.conv(x)


def run(model, choices=(), **candidate):
    loaded = model if isinstance(model, LoadedModel) else open_model(model, **candidate)
    return loaded, loaded.run(None, lambda *_: None, lambda: None, (), choices)


def open_model(model, **candidate):
    source = open_source(ModelSpec(model))
    for name, value in candidate.items():
        object.__setattr__(source.candidate, name, value)
    return LoadedModel(source, "all")


def test_the_sample_that_is_chosen_is_shown_and_all_stand_side_by_side():
    torch.manual_seed(0)
    loaded, first = run(Doubled())
    assert first.choices == (AxisChoice("batch", 0),)
    node = next(n for n in loaded.network.nodes if n.name == "conv")
    _, second = run(loaded, (AxisChoice("batch", 1),))
    assert second.choices == (AxisChoice("batch", 1),)
    with torch.no_grad():
        both = loaded.source.model(*loaded.inputs).numpy()
    for result, sample in ((first, both[0]), (second, both[1])):
        np.testing.assert_allclose(result.maps[node.id].values, sample, atol=2e-2)
    _, side_by_side = run(loaded, (AxisChoice("batch", None),))
    width = node.shape[2]
    values = side_by_side.maps[node.id].values
    assert values.shape == (8, node.shape[1], 2 * width)
    np.testing.assert_array_equal(values[..., :width], first.maps[node.id].values)
    np.testing.assert_array_equal(values[..., width:], second.maps[node.id].values)


def test_a_volume_shows_its_middle_slice_and_deeper_layers_that_at_the_same_depth():
    torch.manual_seed(0)
    view = simplify(trace(Volume().eval(), (torch.randn(1, 1, 8, 9, 7),), "net"), "all")
    assert [n.presentation for n in view.network.nodes] == ["volume", "volume"]
    assert view.network.choice_counts == {"depth": 8}
    loaded = open_model(Volume())
    depth = loaded.network.choice_counts["depth"]
    _, result = run(loaded)
    assert result.choices == (AxisChoice("depth", depth // 2),)
    conv = next(n for n in loaded.network.nodes if n.name == "conv")
    with torch.no_grad():
        output = loaded.source.model(*loaded.inputs)[0].numpy()
    np.testing.assert_allclose(
        result.maps[conv.id].values, output[:, output.shape[1] // 2], atol=2e-2
    )


class Lonely(nn.Module):
    """Nothing tells what the middle axis is."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(6, 8)

    def forward(self, x):
        return self.linear(x)


def test_what_is_unsure_is_told_and_can_be_set():
    inputs = (torch.randn(1, 12, 6),)
    view = simplify(trace(Lonely().eval(), inputs, "net"), "all")
    node = next(n for n in view.network.nodes if n.name == "linear")
    assert is_unsure(node.axes)
    assert node.shape == (8, 1, 12)
    roles: tuple[AxisRole, ...] = ("other", "batch", "channel")
    changed = with_roles(view, {"linear": roles})
    set_node = changed.network.by_id[node.id]
    assert [(a.role, a.certainty) for a in set_node.axes[:2]] == [
        ("other", "given"), ("batch", "given"),
    ]  # fmt: skip
    assert set_node.shape == (8, 1, 1)
    assert set_node.choices == (1,)
    assert with_roles(view, {"linear": ("batch",)}).network == view.network


def test_a_script_says_what_the_axes_of_its_input_hold():
    x = torch.randn(3, 12, 6)
    nodes = nodes_of(Lonely(), x, roles=[("time", "batch", "channel")])
    assert [axis.certainty for axis in nodes["input"].axes] == ["given"] * 3
    assert nodes["linear"].shape == (8, 1, 3)
    assert nodes["linear"].presentation == "curve"


SCRIPT = """
import torch
from torch import nn
model = nn.Linear(6, 8)
example_input = torch.randn(3, 12, 6)
axes = {axes!r}
"""


def test_axes_in_a_script(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(SCRIPT.format(axes="T N C"))
    loaded = LoadedModel(open_source(ModelSpec(str(path))), "all")
    assert [axis.role for axis in loaded.network.nodes[1].axes] == ["time", "batch", "channel"]
    for axes, reason in (
        ("T N", "axes names 2 axes of 'input' (time batch), but it has 3: 3×12×6"),
        ({"image": "T N C"}, "axes are given for 'image', but the model's inputs are input"),
        ({"b": "T", "a": "T"}, "axes are given for 'a', but the model's inputs are input"),
        ("T Q C", "axes should be letters of"),
        ({"input": 3}, "axes should be letters of"),
    ):
        path.write_text(SCRIPT.format(axes=axes))
        with pytest.raises(VrnnError, match="axes") as error:
            LoadedModel(open_source(ModelSpec(str(path))), "all")
        assert reason in str(error.value)


class Remembering(nn.Module):
    """A model with a memory, random numbers and a table of unknown rows."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(6, 8)
        self.seen: list[torch.Tensor] = []
        self.last = None
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x):
        self.seen.append(x)
        self.last = x
        self.count += 1
        return self.linear(x) + torch.rand(())


def test_the_second_pass_leaves_the_model_as_it_was():
    model, x = Remembering().eval(), torch.randn(4, 6)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    nodes = nodes_of(model, x)
    assert nodes["linear"].axes[0].role == "batch"
    assert nodes["linear"].axes[0].certainty == "measured"
    (seen,) = model.seen
    assert torch.equal(seen, x)
    assert model.last is seen
    assert model.count == 1
    assert torch.rand(1) == expected[1]
    assert all(not p.is_meta for p in model.parameters())


class Cut(nn.Module):
    """A reshape that cuts through rows, so that only other sizes tell what moves with what."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, x):
        n, c, h, w = (y := self.conv(x)).shape
        return y.reshape(n, c * h * w // 12, 12).mT.reshape(n, c, h, w).sin()


def test_axes_that_no_operation_tells_are_measured():
    node = nodes_of(Cut(), torch.randn(2, 3, 12, 20))["sin"]
    assert [(a.role, a.certainty) for a in node.axes[2:]] == [
        ("height", "measured"), ("width", "measured"),
    ]  # fmt: skip


class Thinking(nn.Module):
    """It looks at numbers, which a pass without any cannot."""

    def forward(self, x):
        return x * 2 if x.mean() > -10 else x


def test_a_model_that_looks_at_numbers_is_guessed_at():
    node = nodes_of(Thinking(), torch.randn(4, 6))["mul"]
    assert [axis.certainty for axis in node.axes] == ["assumed", "assumed"]


def test_class_tokens_stand_beside_the_grid_that_the_tokens_came_from():
    class Patches(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Conv2d(3, 8, 8, 8)
            self.token = nn.Parameter(torch.zeros(1, 1, 8))
            self.norm = nn.LayerNorm(8)

        def forward(self, x):
            tokens = self.embed(x).flatten(2).transpose(1, 2)
            tokens = torch.cat([self.token.expand(len(x), -1, -1), tokens], 1)
            return self.norm(tokens)[:, 1:].mean(1), F.relu(tokens[:, 0])

    view = simplify(trace(Patches().eval(), (torch.randn(1, 3, 32, 48),), "net"), "all")
    norm = next(n for n in view.network.nodes if n.name == "norm")
    layout = view.map_layouts[norm.id]
    assert (norm.shape, norm.presentation) == ((8, 4, 6), "image")
    assert (layout.prefix_tokens, roles_of(norm)) == (1, "batch token channel")
    tensor = torch.randn(1, 25, 8)
    maps = to_feature_maps(tensor, layout)
    np.testing.assert_allclose(maps.extra_tokens, tensor[0, :1].numpy())
    grid = tensor[0, 1:].T.reshape(8, 4, 6).numpy()
    np.testing.assert_allclose(maps.values.astype(np.float32) * maps.scale, grid, atol=2e-3)


class Does(nn.Module):
    """A model of some layers, and what is done with them."""

    def __init__(self, run, **layers):
        super().__init__()
        self._run = run
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, *inputs):
        return self._run(self, *inputs)


def of_frames(m, x):
    y = m.first(x.flatten(0, 1))
    return m.rnn(m.second(y).mean((2, 3)).view(*x.shape[:2], -1))[0]


def of_neighbors(m, points):
    nearest = torch.cdist(points, points).topk(4, largest=False)[1]
    return m.conv(points[0][nearest[0]].permute(2, 0, 1)[None]).amax(3)


def of_molecule(m, atoms, edges, molecule):
    h = m.atoms(atoms)
    h = torch.zeros_like(h).index_add(0, edges[1], h[edges[0]])
    return torch.zeros(1, 6).index_add(0, molecule, h)


def of_spectrum(m, x):
    bands = torch.stft(x, 64, window=torch.hann_window(64), return_complex=True).abs()
    return m.conv((bands.mT @ m.bands).mT[:, None])


def of_scan(m, ids):
    x = m.table(ids)
    state = x.new_zeros(len(ids), 4, 3)
    for step in range(x.shape[1]):
        state = state * m.decay + x[:, step, :, None]
    return m.last(x + state.sum(-1)[:, None])


def of_rays(m, origins, directions):
    points = origins[:, None] + directions[:, None] * torch.linspace(0, 1, 7)[None, :, None]
    waves = points[..., None] * 2.0 ** torch.arange(4)
    return m.first(torch.cat([points, waves.sin().flatten(-2)], -1))


def of_labels(m, x, label):
    return m.conv(x).mean((2, 3)) * m.table(label)


def of_first_steps(m, source, target):
    mask = nn.Transformer.generate_square_subsequent_mask(len(target))
    return m.all(m.source(source), m.target(target), tgt_mask=mask)


MEANINGS = {
    "rows of a table": (
        lambda: Does(lambda m, ids: m.rnn(m.table[ids])[0],
                     table=nn.Parameter(torch.randn(9, 4)), rnn=nn.GRU(4, 5, batch_first=True)),
        (torch.arange(8)[None],), ["batch token"],
    ),
    "frames through two convolutions": (
        lambda: Does(of_frames, first=nn.Conv2d(3, 4, 3), second=nn.Conv2d(4, 5, 3),
                     rnn=nn.LSTM(5, 6, batch_first=True)),
        (torch.randn(1, 7, 3, 12, 14),), ["batch time channel height width"],
    ),
    "points and their neighbors": (
        lambda: Does(of_neighbors, conv=nn.Conv2d(3, 8, 1)),
        (torch.randn(1, 20, 3),), ["batch node channel"],
    ),
    "a scan whose state is new": (
        lambda: Does(of_scan, table=nn.Embedding(9, 4), last=nn.Linear(4, 5),
                     decay=nn.Parameter(torch.rand(4, 3))),
        (torch.arange(8)[None],), ["batch token"],
    ),
    "classes of samples": (
        lambda: Does(of_labels, conv=nn.Conv2d(3, 6, 3), table=nn.Embedding(9, 6)),
        (torch.randn(4, 3, 12, 14), torch.arange(4)),
        ["batch channel height width", "batch"],
    ),
    "texts whose tokens come first": (
        lambda: Does(of_first_steps, source=nn.Embedding(9, 8), target=nn.Embedding(9, 8),
                     all=nn.Transformer(8, 2, 1, 1, 16)),
        (torch.zeros(13, 2, dtype=torch.long), torch.zeros(9, 2, dtype=torch.long)),
        ["token batch", "token batch"],
    ),
    "atoms of a molecule": (
        lambda: Does(of_molecule, atoms=nn.Embedding(9, 6)),
        (torch.arange(5), torch.randint(0, 5, (2, 8)), torch.zeros(5, dtype=torch.long)),
        ["node", "channel other", "node"],
    ),
    "a flattened image": (
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 10, 4)),
        (torch.randn(1, 3, 8, 10),), ["batch channel height width"],
    ),
    "a picture through its spectrum": (
        lambda: Does(lambda m, x: torch.fft.irfft2(torch.fft.rfft2(m.lift(x).permute(0, 3, 1, 2))),
                     lift=nn.Linear(3, 4)),
        (torch.randn(1, 12, 16, 3),), ["batch height width channel"],
    ),
    "lengths of packed texts": (
        lambda: Does(lambda m, ids, lengths: m.rnn(nn.utils.rnn.pack_padded_sequence(
            m.words(ids), lengths, batch_first=True))[0].data,
            words=nn.Embedding(9, 4), rnn=nn.GRU(4, 5, batch_first=True)),
        (torch.ones(2, 6, dtype=torch.long), torch.tensor([6, 3])), ["batch token", "batch"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MEANINGS)
def test_inputs_are_what_models_of_many_kinds_take_them_for(name):
    build, inputs, expected = MEANINGS[name]
    torch.manual_seed(0)
    view = simplify(trace(build().eval(), inputs, "net"), "all")
    assert [roles_of(view.network.by_id[i]) for i in view.network.inputs] == expected


def test_frequencies_are_rows_and_time_columns():
    model = Does(of_spectrum, bands=nn.Parameter(torch.rand(33, 12)), conv=nn.Conv2d(1, 4, 3))
    nodes = nodes_of(model, torch.randn(1, 512))
    assert (nodes["stft"].shape, nodes["stft"].presentation) == ((1, 33, 33), "image")
    assert nodes["matmul"].shape == (1, 12, 33)


def test_kernels_that_are_computed_are_small_images():
    def modulated(m, style, x):
        weight = m.weight * m.affine(style).view(1, 6, 1, 1)
        return F.conv2d(x, weight.tanh(), padding=1)

    model = Does(modulated, weight=nn.Parameter(torch.randn(5, 6, 3, 3)), affine=nn.Linear(4, 6))
    nodes = nodes_of(model, torch.randn(1, 4), torch.randn(1, 6, 8, 8))
    kernels = nodes["tanh"]
    assert roles_of(kernels) == "other channel height width"
    assert (kernels.shape, kernels.presentation) == ((6, 3, 3), "image")


def test_an_input_without_samples_is_labeled_by_all_of_its_axes():
    model = Does(lambda m, images: m.conv(images[0][None]), conv=nn.Conv2d(3, 4, 3))
    (node, *_) = nodes_of(model, [torch.randn(3, 8, 10)]).values()
    assert node.label == "3×8×10"


def test_a_tensor_whose_axes_contradict_themselves_is_shown_plainly(monkeypatch):
    tensor = new_axes((1, 4, 6))
    whole = map_layouts._Reader.read
    failures = iter([ValueError("shorter")])

    def read(self):
        for error in failures:
            raise error
        return whole(self)

    monkeypatch.setattr(map_layouts._Reader, "read", read)
    reading = map_layouts.read_tensor(tensor)
    assert [axis.size for axis in reading.axes] == [1, 4, 6]
    assert is_unsure(reading.axes)


def test_features_of_points_along_rays_are_no_attention():
    model = Does(of_rays, first=nn.Linear(15, 6))
    nodes = nodes_of(model, torch.zeros(5, 3), torch.randn(5, 3))
    assert nodes["cat"].presentation == "sequence"
    assert roles_of(nodes["cat"]).endswith("token channel")


def test_a_weight_that_a_model_makes_has_no_samples():
    class Adapted(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(16, 4))

        def forward(self, x, step):
            return F.linear(x, self.weight - step.mean() * 0.1)

    nodes = nodes_of(Adapted(), torch.randn(6, 4), torch.randn(3))
    assert roles_of(nodes["sub"]) == "other channel"
    assert not nodes["sub"].choices


def test_of_two_modalities_the_samples_of_one_are_chosen():
    class Pairs(nn.Module):
        def __init__(self):
            super().__init__()
            self.image, self.text = nn.Conv2d(3, 6, 3), nn.Embedding(9, 6)

        def forward(self, image, text):
            return self.image(image).mean((2, 3)) @ self.text(text).mean(1).T

    images, texts = torch.randn(2, 3, 8, 10), torch.zeros(4, 5, dtype=torch.long)
    node = list(nodes_of(Pairs(), images, texts).values())[-1]
    assert roles_of(node) == "batch other"
    assert node.shape == (1, 1, 4)
    assert [node.axes[i].role for i in node.choices] == ["batch"]


def test_frames_among_tokens_are_a_choice():
    class Video(nn.Module):
        def __init__(self):
            super().__init__()
            self.tubes = nn.Conv3d(3, 6, (2, 4, 4), (2, 4, 4))
            self.first = nn.Parameter(torch.randn(1, 1, 6))
            self.layer = nn.TransformerEncoderLayer(6, 2, 8, batch_first=True)

        def forward(self, video):
            x = self.tubes(video).flatten(2).mT
            return self.layer(torch.cat([self.first, x], 1))

    model, video = Video().eval(), torch.randn(1, 3, 6, 8, 12)
    view = simplify(trace(model, (video,), "video"), "all")
    node = next(n for n in view.network.nodes if n.name == "cat")
    assert node.shape == (6, 2, 3)
    assert [node.axes[i].role for i in node.choices] == ["time"]
    assert view.network.choice_counts["time"] == 6
    with torch.no_grad():
        made = model.tubes(video)
        tokens = torch.cat([model.first, made.flatten(2).mT], 1)
    layout = view.map_layouts[node.id]
    for frame in range(3):
        maps = to_feature_maps(tokens, layout, (frame,))
        assert np.abs(maps.values - made[0, :, frame].numpy()).max() < 2e-2
        assert np.abs(maps.extra_tokens - model.first[0].detach().numpy()).max() < 1e-6
    wide = to_feature_maps(tokens, layout, (None,))
    assert np.abs(wide.values[:, :, :3] - made[0, :, 0].numpy()).max() < 2e-2
    assert torch.equal(from_maps(to_maps(tokens, layout), layout, tokens), tokens)


def test_tokens_that_were_packed_are_tokens_again():
    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.rnn = nn.Embedding(9, 4), nn.LSTM(4, 5, batch_first=True)

        def forward(self, ids, lengths):
            packed = nn.utils.rnn.pack_padded_sequence(self.embed(ids), lengths, True, False)
            return nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0], True)[0] * 2

    ids = torch.zeros(3, 7, dtype=torch.long)
    nodes = nodes_of(Tagger(), ids, torch.tensor([7, 4, 2]))
    last = list(nodes.values())[-1]
    assert (roles_of(last), last.presentation) == ("batch token channel", "sequence")
