import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from tests.support.odd_models import MODELS, inputs_of
from tests.support.receptive_field_truth import positive_copy, run_with_gradients
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.tracing.receptive_fields import receptive_fields
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace
from vrnn.compute.worker import Worker
from vrnn.compute.worker_events import NetworkLoaded
from vrnn.network.model_spec import DETAILS, ModelSpec
from vrnn.network.receptive_field import ReceptiveField

CHANNELS = 4


def fields_of(model, inputs, detail="all"):
    """The view of a model, its receptive fields by node, and by name."""
    view = simplify(trace(model, inputs, "net"), detail)
    fields = receptive_fields(view)
    return view, fields, {node.name: fields[node.id] for node in view.network.nodes}


def contains(box, truth):
    top, left, bottom, right = box
    return truth is None or (
        top <= truth[0] and left <= truth[1] and bottom >= truth[2] and right >= truth[3]
    )


def sample_positions(shape, seed=0):
    """Corners, the middle and one more position of a map."""
    height, width = shape[1:]
    more = torch.Generator().manual_seed(seed)
    row, column = (int(torch.randint(n, (1,), generator=more)) for n in (height, width))
    return {
        (0, 0), (height - 1, width - 1), (0, width - 1), (height // 2, width // 2), (row, column),
    }  # fmt: skip


def check(model, inputs, nodes=None):
    """No node's field is too small. Returns how many positions were looked at."""
    view, fields, _ = fields_of(model, inputs)
    size = tuple(inputs[0].shape[2:])
    count = 0
    with run_with_gradients(positive_copy(model), inputs, view) as (maps, box_of):
        for node in view.network.nodes:
            if node.id not in maps or not (nodes is None or node.name in nodes):
                continue
            for row, column in sorted(sample_positions(view.map_layouts[node.id].shape)):
                truth = box_of(node.id, row, column)
                box = fields[node.id].box(row, column, size)
                assert contains(box, truth), (node.name, node.label, row, column, box, truth)
                count += 1
    return count


class Chain(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x)


sizes = st.integers(9, 24)
two = st.tuples


@st.composite
def convolutions(draw):
    kernel = draw(two(st.integers(1, 4), st.integers(1, 4)))
    stride = draw(two(st.integers(1, 3), st.integers(1, 3)))
    dilation = draw(two(st.integers(1, 2), st.integers(1, 2)))
    if draw(st.booleans()):
        return nn.Conv2d(3, 3, kernel, 1, "same", dilation)
    reach = [(k - 1) * d for k, d in zip(kernel, dilation, strict=True)]
    padding = tuple(draw(st.integers(0, min(r, 3))) for r in reach)
    return nn.Conv2d(3, 3, kernel, stride, padding, dilation)


@settings(max_examples=60)
@given(st.lists(convolutions(), min_size=1, max_size=4), sizes, sizes, st.data())
def test_a_chain_of_convolutions_sees_exactly_its_box(layers, height, width, data):
    model = Chain(layers)
    inputs = (torch.rand(1, 3, height, width),)
    try:
        model(*inputs)
    except RuntimeError:
        return  # the kernel is larger than what is left
    view, fields, _ = fields_of(model, inputs)
    dilated = any(d > 1 for layer in layers for d in layer.dilation)
    with run_with_gradients(positive_copy(model), inputs, view) as (maps, box_of):
        for node, its in maps.items():
            row, column = (data.draw(st.integers(0, n - 1)) for n in its.shape[1:])
            field, truth = fields[node], box_of(node, row, column)
            box = field.box(row, column, (height, width))
            assert contains(box, truth)
            inside = all(
                s * i + low >= 0 and s * i + high < n
                for s, i, low, high, n in zip(
                    field.step, (row, column), field.low, field.high, (height, width), strict=True
                )
            )
            # Beyond the border, a dilated kernel may leave out the pixels next to it.
            if inside or not dilated:
                assert box == truth


def piece(kind, number):
    """A layer by its kind; the number varies it."""
    a, b = number % 3 + 1, number // 3 % 3 + 1
    conv = nn.Conv2d(CHANNELS, CHANNELS, (a, b), (b, a), (a // 2, b // 2))
    return {
        "conv": conv,
        "dilated": nn.Conv2d(CHANNELS, CHANNELS, 3, 1, b, b),
        "mirrored": nn.Conv2d(CHANNELS, CHANNELS, 3, 1, 1, padding_mode="reflect"),
        "replicated": nn.Conv2d(CHANNELS, CHANNELS, 3, a, 1, padding_mode="replicate"),
        "circular": nn.Conv2d(CHANNELS, CHANNELS, 3, 1, 1, padding_mode="circular"),
        "transposed": nn.ConvTranspose2d(CHANNELS, CHANNELS, b + 1, a, b // 2),
        "transposed, dilated": nn.ConvTranspose2d(CHANNELS, CHANNELS, 2, a, 1, 0, 1, True, b),
        "max pool": nn.MaxPool2d(a + 1, b, (a + 1) // 2, ceil_mode=number % 2 == 1),
        "dilated pool": nn.MaxPool2d(2, b, 1, dilation=2),
        "average pool": nn.AvgPool2d((a, b), None, 0, number % 2 == 1),
        "adaptive": nn.AdaptiveAvgPool2d((a + 2, b + 1)),
        "nearest": nn.Upsample(scale_factor=(a, b)),
        "nearest to a size": nn.Upsample(size=(4 + a, 9 + b)),
        "nearest exact": nn.Upsample(size=(4 + a, 9 + b), mode="nearest-exact"),
        "fraction": nn.Upsample(scale_factor=(1.3, 0.7)),
        "linear": nn.Upsample(scale_factor=2, mode="bilinear"),
        "linear to a size": nn.Upsample(size=(5, 11), mode="bilinear", align_corners=a == 2),
        "cubic": nn.Upsample(scale_factor=(1.5, a), mode="bicubic", align_corners=b == 2),
        "batch norm": nn.BatchNorm2d(CHANNELS),
        "group norm": nn.GroupNorm(2, CHANNELS),
        "instance norm": nn.InstanceNorm2d(CHANNELS),
        "local norm": nn.LocalResponseNorm(2),
    }[kind]


def fit(a, b):
    """Both cut to the same size."""
    height, width = (min(a.shape[i], b.shape[i]) for i in (2, 3))
    return a[:, :, :height, -width:], b[..., :height, :width]


def tokens(a):
    flat = a.flatten(2).transpose(1, 2)
    flat = torch.cat([a.new_ones(1, 1, CHANNELS), flat], 1) * 2
    return flat[:, 1:].transpose(1, 2).reshape(a.shape)


def last(a, weight):
    y = F.layer_norm(a.permute(0, 2, 3, 1), (CHANNELS,))
    return F.linear(y, weight).permute(0, 3, 1, 2).contiguous()


def grown(a):
    """Channels become pixels by hand."""
    height, width = a.shape[2:]
    y = a.view(1, 1, 2, 2, height, width).permute(0, 1, 4, 2, 5, 3)
    return y.reshape(1, 1, 2 * height, 2 * width).repeat(1, CHANNELS, 1, 1)


def halved(a):
    """Pixels become channels by hand, as in YOLO's first layer."""
    b = a[..., : a.shape[2] // 2 * 2, : a.shape[3] // 2 * 2]
    parts = [b[..., i::2, j::2] for i in (0, 1) for j in (0, 1)]
    return torch.cat(parts, 1).unflatten(1, (4, CHANNELS)).sum(1)


def put(a, b):
    """Written into parts of a buffer."""
    a, b = fit(a, b)
    room = a.new_zeros(1, CHANNELS, a.shape[2] + 3, a.shape[3] + 2)
    room[:, :, 1:-2, 2:] = a
    room[:, 1:3, :-3, :-2].add_(b[:, 1:3])
    row = room[:, :, 2]
    row.copy_(b[:, :, 0, :1])
    return room * 1


def halves(a, b):
    """Two maps side by side."""
    a, b = fit(a, b)
    room = a.new_zeros(1, CHANNELS, a.shape[2], 2 * a.shape[3])
    room[..., : a.shape[3]] = a
    room[..., a.shape[3] :].copy_(b)
    return room + 1


def gate(a):
    return a * torch.sigmoid(a.mean((2, 3), keepdim=True))


def across(a):
    return a.mean(3, keepdim=True) + a.amax(dim=2).unsqueeze(2)


def shuffle(a):
    return a.view(1, 2, 2, *a.shape[2:]).transpose(1, 2).reshape(a.shape)


STEPS = {
    "add": lambda a, b, w: torch.add(*fit(a, b)),
    "cat": lambda a, b, w: F.conv2d(torch.cat(fit(a, b), 1), w.repeat(1, 2)[..., None, None]),
    "below": lambda a, b, w: torch.cat(fit(a, b), 2),
    "stack": lambda a, b, w: torch.stack(fit(a, b)).mean(0),
    "resize": lambda a, b, w: b + F.interpolate(a, b.shape[2:], mode="bilinear"),
    "antialias": lambda a, b, w: F.interpolate(a, (5, 7), mode="bilinear", antialias=True),
    "crop": lambda a, b, w: a[:, :, 1:, ::2],
    "pad": lambda a, b, w: F.pad(a, (2, 0, -1, 3)),
    "turned": lambda a, b, w: a.transpose(2, 3) * 1.5,
    "flip": lambda a, b, w: a.flip(3),
    "roll": lambda a, b, w: a.roll((1, 2), (2, 3)),
    "window": lambda a, b, w: a.unfold(2, 2, 1).sum(-1),
    "softmax": lambda a, b, w: a.softmax(1),
    "row softmax": lambda a, b, w: a.softmax(-1) + 0.1,
    "shuffled": lambda a, b, w: F.pixel_unshuffle(F.pixel_shuffle(a, 2).repeat(1, 4, 2, 2), 2)[
        :, :CHANNELS
    ],
    "gathered": lambda a, b, w: a[:, :, torch.arange(a.shape[2] - 1, -1, -1)],
    "in place": lambda a, b, w: a.clone().add_(1).mul_(2).relu_(),
    "product": lambda a, b, w: (a.flatten(2).mT @ w).mT.unflatten(2, a.shape[2:]),
    "rows": lambda a, b, w: F.conv1d(a.flatten(2), w[..., None].repeat(1, 1, 3), padding=1)
    .unflatten(2, a.shape[2:]),
    "attention": lambda a, b, w: (a.flatten(2).mT @ a.flatten(2)).softmax(-1).mean(1)
    .unflatten(1, a.shape[2:])[:, None] + a,
    "tokens": lambda a, b, w: tokens(a),
    "channels last": lambda a, b, w: last(a, w),
    "grown": lambda a, b, w: grown(a),
    "halved": lambda a, b, w: halved(a),
    "put": lambda a, b, w: put(a, b),
    "halves": lambda a, b, w: halves(a, b),
    "gate": lambda a, b, w: gate(a),
    "across": lambda a, b, w: across(a),
    "channel shuffle": lambda a, b, w: shuffle(a),
}  # fmt: skip
LAYERS = (
    "conv", "dilated", "mirrored", "replicated", "circular", "transposed", "transposed, dilated",
    "max pool", "dilated pool", "average pool", "adaptive", "nearest", "nearest to a size",
    "nearest exact", "fraction", "linear", "linear to a size", "cubic", "batch norm", "group norm",
    "instance norm", "local norm",
)  # fmt: skip


class Random(nn.Module):
    """Each step takes one or two earlier results; steps that do not fit the sizes do nothing."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps
        self.layers = nn.ModuleList(
            [piece(kind, n) if kind in LAYERS else nn.Identity() for kind, n, *_ in steps]
        )
        self.weight = nn.Parameter(torch.rand(CHANNELS, CHANNELS))
        self.skipped = set()

    def forward(self, x):
        results = [x]
        for i, (kind, _, first, second) in enumerate(self.steps):
            if i in self.skipped:
                continue
            a, b = results[-1 - first % len(results)], results[-1 - second % len(results)]
            y = self.layers[i](a) if kind in LAYERS else STEPS[kind](a, b, self.weight)
            results.append(y)
        return results[-1]


def fitted(steps, inputs):
    """A random model without the steps that cannot be."""
    model = Random(steps).eval()
    results = [inputs[0]]
    with torch.no_grad():
        for i, (kind, _, first, second) in enumerate(steps):
            a, b = results[-1 - first % len(results)], results[-1 - second % len(results)]
            try:
                y = model.layers[i](a) if kind in LAYERS else STEPS[kind](a, b, model.weight)
            except (RuntimeError, ValueError):
                model.skipped.add(i)
                continue
            if min(y.shape[2:]) < 1 or max(y.shape[2:]) > 60:
                model.skipped.add(i)
            else:
                results.append(y)
    return model


@pytest.mark.parametrize("kind", [*LAYERS, *STEPS])
@pytest.mark.parametrize("number", [0, 4, 5])
def test_each_operation_is_followed(kind, number):
    torch.manual_seed(number)
    inputs = (torch.rand(1, CHANNELS, 12, 10) + 0.1,)
    steps = [("conv", 5, 0, 0), (kind, number, 0, 1), ("dilated", 0, 0, 0)]
    model = fitted(steps, inputs)
    assert 1 not in model.skipped
    assert check(model, inputs) >= 3


step = st.tuples(
    st.sampled_from([*LAYERS, *STEPS]), st.integers(0, 8), st.integers(0, 3), st.integers(0, 3)
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(step, min_size=2, max_size=8), sizes, sizes)
def test_fields_of_random_networks_are_never_too_small(steps, height, width):
    torch.manual_seed(0)
    inputs = (torch.rand(1, CHANNELS, height, width) + 0.1,)
    model = fitted(steps, inputs)
    if len(model.skipped) < len(steps):
        check(model, inputs)


@pytest.mark.parametrize(
    "name", sorted(MODELS.keys() - {"TwoInTwoOut", "Opaque", "Scripted", "OutArgument"})
)
def test_odd_models(name):
    torch.manual_seed(0)
    check(MODELS[name](), inputs_of(name))


@pytest.mark.parametrize(
    ("name", "nodes"),
    [
        ("resnet50", ("conv1", "layer1.0.conv1", "layer1.2.add", "layer2.0.add", "layer3.1.add")),
        ("googlenet", ("stem.3.0", "inception3a.cat", "inception4a.cat", "inception4c.cat")),
        ("unet", ("pool", "down2.3", "up4", "cat_2", "join1.3", "classify")),
    ],
)
def test_examples(root, name, nodes):
    source = open_source(ModelSpec(str(root / f"examples/{name}.py"), input_size=(128, 128)))
    torch.manual_seed(0)
    assert check(source.model, (torch.rand(1, 3, 128, 128),), nodes) > 3 * len(nodes)


class Pieces(nn.Module):
    """Writes through views that were made before, in places that overlap."""

    def __init__(self, cuts):
        super().__init__()
        self.cuts = cuts

    def forward(self, x):
        room = x.new_zeros(x.shape)
        views = [room[:, :, top::down, left::right] for top, left, down, right in self.cuts]
        for shift, view in enumerate(views, 1):
            height, width = view.shape[2:]
            view += x.roll(shift, 1)[:, :, -height:, -width:] * shift
        return views[0] + 1, room * 2, views[-1].neg(), room.flatten(1) * 1


def changes(model, x, row, column):
    """For each result, the positions that change with one pixel of the input."""
    other = x.clone()
    other[:, :, row, column] += 1
    with torch.no_grad():
        return [(a != b)[0] for a, b in zip(model(x), model(other), strict=True)]


cut = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 2), st.integers(1, 2))


@settings(max_examples=40)
@given(st.lists(cut, min_size=1, max_size=4), st.integers(0, 5), st.integers(0, 6))
def test_writes_through_views(cuts, row, column):
    torch.manual_seed(0)
    model, x = Pieces(cuts), torch.rand(1, 2, 6, 7)
    view, fields, _ = fields_of(model, (x,))
    for node, changed in zip(view.network.outputs, changes(model, x, row, column), strict=True):
        where = changed if changed.dim() == 3 else changed[:, None, None]
        for r, c in where.any(0).nonzero().tolist():
            top, left, bottom, right = fields[node].box(r, c, (6, 7))
            assert top <= row < bottom
            assert left <= column < right


def test_known_values_of_resnet50(root):
    source = open_source(ModelSpec(str(root / "examples/resnet50.py")))
    _, _, fields = fields_of(source.model, source.example_inputs(), "layers")
    known = {  # with the stride in the 3×3 convolutions: Araujo et al., Distill 2019
        "conv1": (7, 2), "maxpool": (11, 4), "layer1.0.conv1": (11, 4), "layer1.0.conv2": (19, 4),
        "layer1.2.add": (35, 4), "layer2.3.add": (91, 8), "layer3.5.add": (267, 16),
        "layer4.2.add": (427, 32),
    }  # fmt: skip
    for name, (size, step) in known.items():
        field = fields[name]
        assert field.step == (step, step)
        assert [b - a + 1 for a, b in zip(field.low, field.high, strict=True)] == [size, size]
        assert field.low == (-(size // 2), -(size // 2))
        assert not field.covers_input
    assert fields["avgpool"].covers_input
    assert fields["fc"].covers_input
    assert fields["fc"].box(0, 0, (224, 224)) == (0, 0, 224, 224)
    assert fields["input"].box(3, 5, (224, 224)) == (3, 5, 4, 6)
    assert fields["conv1"].box(0, 0, (224, 224)) == (0, 0, 4, 4)
    assert fields["layer1.0.conv2"].box(10, 20, (224, 224)) == (31, 71, 50, 90)


def test_a_box_is_cut_to_what_the_node_sees_and_may_be_empty():
    field = ReceptiveField((2, 2), (-1, 0.5), (1, 0.5), (0, 0), (6, 9), False)
    assert field.box(0, 0, (8, 10)) == (0, 1, 2, 1)
    assert field.box(3, 1, (8, 10)) == (5, 3, 7, 3)
    assert field.box(9, 9, (8, 10)) == (8, 10, 8, 10)


def test_tokens_know_their_patch_until_they_attend():
    torch.manual_seed(0)
    _, _, fields = fields_of(MODELS["Tokens"](), inputs_of("Tokens"))
    assert fields["patch"].box(1, 0, (8, 8)) == (4, 0, 8, 4)
    assert fields["cat"].box(1, 0, (8, 8)) == (4, 0, 8, 4)
    assert not fields["cat"].covers_input
    assert fields["attention"].covers_input
    assert fields["add"].covers_input
    assert fields["head"].covers_input


def test_channels_at_the_end_keep_their_place():
    torch.manual_seed(0)
    _, _, fields = fields_of(MODELS["ChannelsLast"](), inputs_of("ChannelsLast"))
    for name in ("conv", "norm", "linear"):
        assert fields[name].box(3, 1, (8, 8)) == (6, 2, 8, 4)


def test_what_is_not_known_sees_everything():
    class Odd(nn.Module):
        def forward(self, x):
            y = F.avg_pool2d(x, 2)
            return (
                F.grid_sample(y, y[:, :2].permute(0, 2, 3, 1), "nearest", "zeros", True),
                y.cumsum(2),
                y.sort()[0],
            )

    _, _, names = fields_of(Odd(), (torch.rand(1, 3, 8, 10),))
    assert names["grid_sample"].covers_input
    assert names["cumsum"].box(0, 2, (8, 10)) == (0, 4, 8, 6)
    assert names["sort"].box(1, 2, (8, 10)) == (2, 0, 4, 10)
    assert not names["avg_pool2d"].covers_input


def test_what_an_opaque_module_does_sees_everything():
    _, _, fields = fields_of(MODELS["Opaque"](), inputs_of("Opaque"))
    assert fields["inner"].covers_input
    assert not fields["input"].covers_input


def test_several_inputs_of_one_size_and_of_several():
    torch.manual_seed(0)
    model = MODELS["TwoInTwoOut"]()
    _, _, fields = fields_of(model, inputs_of("TwoInTwoOut"))
    assert fields["add"].box(2, 3, (8, 8)) == (2, 3, 3, 4)
    small = (torch.rand(1, 3, 8, 8), torch.rand(1, 3, 1, 8))
    _, _, fields = fields_of(model, small)
    assert fields["right"].covers_input
    assert fields["add"].covers_input


@pytest.mark.parametrize("detail", DETAILS)
def test_every_shown_node_has_a_field_that_is_found_once(root, detail):
    source = open_source(ModelSpec(str(root / "examples/resnet50.py")))
    model = LoadedModel(source, detail)
    fields = model.receptive_fields
    assert fields.keys() == {node.id for node in model.network.nodes}
    assert model.receptive_fields is fields


def test_the_worker_emits_the_fields_with_the_network():
    worker = Worker()
    try:
        worker.open([ModelSpec(nn.Conv2d(3, 2, 3, 2), input_size=(9, 9))], "all")
        events = []
        for _ in range(60):
            events += worker.wait(1.0)
            if any(isinstance(event, NetworkLoaded) for event in events):
                break
    finally:
        worker.close()
    opened = next(event for event in events if isinstance(event, NetworkLoaded))
    assert opened.receptive_fields.keys() == {node.id for node in opened.network.nodes}
    (conv,) = (
        opened.receptive_fields[n.id] for n in opened.network.nodes if n.operation == "conv2d"
    )
    assert conv.box(1, 2, (9, 9)) == (2, 4, 5, 7)
