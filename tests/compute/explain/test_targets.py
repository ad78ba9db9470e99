"""Whatever a person may ask about: classes, positions, tokens, boxes, layers, numbers."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.support.explained import arrived, check_cuts, opened, opened_with, relevance
from vrnn.errors import VrnnError
from vrnn.explanations.targets import Target, parse_target

NAMES = ("tench", "tabby, tabby cat", "tiger cat", "lynx")


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("", Target()),
        ("2", Target(channel=2)),
        ("lynx", Target(channel=3)),
        ("Tabby", Target(channel=1)),
        ("tabby vs lynx", Target(channel=1, against=3)),
        ("2 vs 0 @4,5", Target(channel=2, against=0, position=(4, 5))),
        ("@7", Target(position=(0, 7))),
        ("box 3", Target(box=3)),
        ("output 1: lynx", Target(output=1, channel=3)),
        ("output 2", Target(output=2)),
        ("layer features.3 #12 @4,5", Target("features.3", channel=12, position=(4, 5))),
        ("layer conv", Target("conv")),
    ],
)
def test_targets_are_read(text, target):
    assert parse_target(text, NAMES) == target


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cat", "several classes: 'tabby, tabby cat', 'tiger cat'"),
        ("dog", "no class 'dog'"),
        ("layer #4", "names no layer"),
    ],
)
def test_targets_that_name_nothing(text, message):
    with pytest.raises(VrnnError, match=message):
        parse_target(text, NAMES)


def test_classes_without_names_want_a_number():
    with pytest.raises(VrnnError, match="give a number"):
        parse_target("cat")


class Segments(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.out = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 4, 1)

    def forward(self, x):
        return self.out(F.relu(self.conv(x)))


@pytest.fixture(scope="module")
def segments():
    torch.manual_seed(0)
    net = Segments().eval().double()
    x = torch.rand(1, 3, 8, 8, dtype=torch.float64)
    with torch.no_grad():
        return opened(net, (8, 8)), x, net(x), net


@pytest.mark.parametrize(
    ("target", "value"),
    [
        (Target(channel=2), lambda y: y[0, 2].sum()),
        (Target(channel=2, position=(3, 4)), lambda y: y[0, 2, 3, 4]),
        (Target(position=(3, 4)), lambda y: y[0, :, 3, 4].max()),
        (Target(channel=1, against=3), lambda y: (y[0, 1] - y[0, 3]).sum()),
    ],
)
def test_values_of_outputs(segments, target, value):
    model, x, y, _ = segments
    flow, _ = relevance(model, (x,), target=target)
    assert float(flow.target.value) == pytest.approx(float(value(y)), rel=1e-9)
    check_cuts(model, flow)


def test_the_winning_class_counts_where_it_wins(segments):
    model, x, y, _ = segments
    winners = y[0].argmax(0)
    most = int(winners.flatten().mode().values)
    flow, _ = relevance(model, (x,))
    assert flow.target.channel == most
    assert float(flow.target.value) == pytest.approx(float(y[0, most][winners == most].sum()))


def test_a_position_is_explained_by_its_surroundings_alone(segments):
    model, x, _, _ = segments
    flow, _ = relevance(model, (x,), "attention", Target(channel=1, position=(2, 5)))
    (values,) = flow.inputs.values()
    near = values.abs().sum(1)[0].nonzero()
    assert near.min(0).values.tolist() == [1, 4]
    assert near.max(0).values.tolist() == [3, 6]


def test_any_unit_of_any_layer(segments):
    model, x, _, net = segments
    name = next(n.name for n in model.network.nodes if n.operation == "conv2d")
    with torch.no_grad():
        maps = F.relu(net.conv(x))
    for target, expected in (
        (Target(name, channel=3), maps[0, 3].sum()),
        (Target(name, channel=3, position=(4, 4)), maps[0, 3, 4, 4]),
        (Target(name), maps.sum()),
    ):
        flow, _ = relevance(model, (x,), target=target)
        assert float(flow.target.value) == pytest.approx(float(expected), rel=1e-9)
        assert arrived(flow) == pytest.approx(float(expected), rel=1e-3)


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.out = nn.Embedding(11, 6), nn.Linear(6, 11)

    def forward(self, ids):
        x = self.table(ids)
        x = x + x.cumsum(1)
        return self.out(F.relu(x))


def test_tokens_get_relevance_where_they_become_numbers():
    torch.manual_seed(0)
    net = Words().eval().double()
    ids = torch.tensor([[3, 1, 4, 1, 5, 9, 2]])
    model = opened_with(net, ids)
    with torch.no_grad():
        y = net(ids)
    flow, _ = relevance(model, (ids,))
    assert float(flow.target.value) == pytest.approx(float(y[0, -1].max()), rel=1e-9)
    ((_, values),) = flow.entries
    assert values.shape == (1, 7, 6)
    check_cuts(model, flow)
    early, _ = relevance(model, (ids,), target=Target(channel=4, position=(0, 2)))
    assert float(early.target.value) == pytest.approx(float(y[0, 2, 4]), rel=1e-9)
    assert early.entries[0][1][0, 3:].abs().sum() == 0


class Regression(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.out = nn.Conv2d(3, 4, 3), nn.Linear(4, 1)

    def forward(self, x):
        return {
            "age": self.out(F.relu(self.conv(x)).mean((2, 3))),
            "kind": x.sum((2, 3)).softmax(-1),
        }


def test_numbers_and_further_outputs():
    torch.manual_seed(0)
    net = Regression().eval().double()
    x = torch.rand(1, 3, 6, 6, dtype=torch.float64)
    model = opened(net, (6, 6))
    flow, _ = relevance(model, (x,))
    assert float(flow.target.value) == pytest.approx(net(x)["age"].item(), rel=1e-9)
    kind, _ = relevance(model, (x,), target=Target(output=1, channel=2))
    # Of a softmax the score before it is explained: after it classes explain each other.
    assert float(kind.target.value) == pytest.approx(float(x[0, 2].sum()), rel=1e-9)
    (values,) = kind.inputs.values()
    torch.testing.assert_close(values[0, 2], x[0, 2])


class Boxes(nn.Module):
    """Gives boxes as torchvision's detectors do."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 3, padding=1)

    def forward(self, x):
        scores = self.conv(x).sigmoid()[0, 0].flatten()
        best = scores.topk(3).indices
        boxes = torch.stack([best % 6, best // 6, best % 6 + 2, best // 6 + 2], 1).float()
        return [{"boxes": boxes, "scores": scores[best], "labels": torch.ones(3).long()}]


def test_boxes():
    torch.manual_seed(0)
    net = Boxes().eval().double()
    x = torch.rand(1, 3, 6, 6, dtype=torch.float64)
    model = opened(net, (6, 6))
    flow, _ = relevance(model, (x,), target=Target(box=1))
    assert float(flow.target.value) == pytest.approx(net(x)[0]["scores"][1].item(), rel=1e-9)
    (values,) = flow.inputs.values()
    assert 0 < int((values.abs().sum(1)[0] > 0).sum()) <= 9
    with pytest.raises(VrnnError, match="found boxes 0 to 2, no box 3"):
        relevance(model, (x,), target=Target(box=3))


class Unsorted(Boxes):
    """The same with the best box last."""

    def forward(self, x):
        found = super().forward(x)[0]
        return [{name: value.flip(0) for name, value in found.items()}]


class Queries(nn.Module):
    """Gives boxes as DETR does: queries with a class each, the last one for none."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4, 4)

    def forward(self, x):
        queries = self.conv(x).flatten(2).mT[:, :5]
        boxes = torch.full((1, 5, 4), 0.4, dtype=x.dtype)
        return {"pred_boxes": boxes, "pred_logits": self.head(queries)}


class Detect(nn.Module):
    """A head as ultralytics has it, of 2 classes."""

    nc = 2

    def forward(self, x):
        return x.sigmoid()


class Grid(nn.Module):
    """Gives boxes as YOLO does: a place each, four numbers and a score for each class."""

    def __init__(self):
        super().__init__()
        self.conv, self.detect = nn.Conv2d(3, 6, 3, padding=1), Detect()

    def forward(self, x):
        found = self.conv(x).flatten(2)
        place = torch.arange(36, dtype=x.dtype).expand(1, 1, 36)
        apart = torch.cat([place % 6, place // 6, torch.ones(1, 2, 36, dtype=x.dtype)], 1)
        return torch.cat([apart, self.detect(found)[:, 4:]], 1)


def explained_box(net, box):
    torch.manual_seed(1)
    x = torch.rand(1, 3, 6, 6, dtype=torch.float64)
    flow, _ = relevance(opened(net, (6, 6)), (x,), target=Target(box=box))
    with torch.no_grad():
        return flow, net(x)


def test_boxes_count_from_the_best():
    torch.manual_seed(0)
    for box in (0, 2):
        flow, result = explained_box(Unsorted().eval().double(), box)
        scores = result[0]["scores"].sort(descending=True).values
        assert float(flow.target.value) == pytest.approx(float(scores[box]), rel=1e-9)


def test_a_box_of_a_query_is_the_logit_of_its_class():
    torch.manual_seed(0)
    flow, result = explained_box(Queries().eval().double(), 1)
    logits = result["pred_logits"][0]
    best = logits.softmax(-1)[:, :-1].max(-1)
    row = int(best.values.argsort(descending=True)[1])
    expected = float(logits[row, int(best.indices[row])])
    assert float(flow.target.value) == pytest.approx(expected, rel=1e-9)
    assert flow.target.channel == int(best.indices[row])
    (values,) = flow.inputs.values()
    assert 0 < int((values.abs().sum(1)[0] > 0).sum()) <= 9


def test_a_box_of_a_grid():
    torch.manual_seed(0)
    flow, result = explained_box(Grid().eval().double(), 3)
    scores = result[0, 4:].max(0).values.sort(descending=True).values
    assert float(flow.target.value) in [pytest.approx(float(score)) for score in scores[3:]]
    with pytest.raises(VrnnError, match="no box 300"):
        explained_box(Grid().eval().double(), 300)
