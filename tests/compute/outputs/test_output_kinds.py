"""Each kind of output is told by what small models of its kind give."""

from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import Categorical, MixtureSameFamily, Normal
from torch.nn import functional

from tests.support import golden_text
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.example_inputs import ExampleInput
from vrnn.compute.loading.source import ModelSource
from vrnn.network.output_decoding import fitting_kinds, show_as
from vrnn.network.predictions import OUTPUT_KINDS, caption

IMAGE = (torch.rand(1, 3, 32, 48, generator=torch.Generator().manual_seed(0)),)
GRAY = (torch.rand(1, 1, 32, 48, generator=torch.Generator().manual_seed(0)),)


class Call(nn.Module):
    """A layer, and what is done with its result."""

    def __init__(self, layer, after=lambda y: y, name="layer", **attributes):
        super().__init__()
        self.name, self.after = name, after
        self.add_module(name, layer)
        for key, value in attributes.items():
            setattr(self, key, value)

    def forward(self, x, *more):
        return self.after(getattr(self, self.name)(x))


def decode(model, inputs=IMAGE, class_names=(), loss_names=()):
    torch.manual_seed(0)
    candidate = ModelCandidate(
        model.eval(), "net", True, tuple(class_names), loss_names=tuple(loss_names),
        example_input=inputs,
    )  # fmt: skip
    source = ModelSource(candidate, ExampleInput(tuple(inputs)), torch.device("cpu"), ())
    return LoadedModel(source, "layers").run(None, lambda *a: None, lambda: None).outputs


def kinds(*args, **kwargs):
    return [output.kind for output in decode(*args, **kwargs)]


def conv(channels, source=3):
    return nn.Conv2d(source, channels, 3, padding=1)


def vector(count, source=3):
    return nn.Sequential(
        nn.Conv2d(source, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, count)
    )


def ten(n):
    return [f"class {i}" for i in range(n)]


KINDS = [
    ("scores", True, {"model": Call(vector(7), lambda y: y.softmax(1))}),
    ("scores", True, {"model": Call(vector(7), lambda y: y.log_softmax(-1))}),
    ("scores", True, {"model": vector(10), "class_names": ten(10)}),
    ("scores", True, {"model": vector(10), "loss_names": ["CrossEntropyLoss"]}),
    ("scores", True, {"model": Call(vector(10), lambda y: {"logits": y})}),
    ("scores", True, {"model": Call(vector(9), num_classes=9)}),
    ("scores", False, {"model": Call(nn.Flatten(), lambda y: y, "flat") and vector(10)}),
    ("numbers", True, {"model": vector(4), "loss_names": ["SmoothL1Loss"]}),
    ("numbers", False, {"model": vector(1)}),
    ("numbers", False, {"model": Call(vector(7), name="pose_head")}),
    (
        "numbers",
        False,
        {"model": Call(nn.Linear(784, 784), torch.sigmoid), "inputs": (torch.rand(1, 784),)},
    ),
    ("numbers", False, {"model": Call(nn.Linear(6, 4)), "inputs": (torch.rand(1, 6),)}),
    ("embedding", True, {"model": Call(vector(12), functional.normalize)}),
    ("embedding", True, {"model": Call(vector(12), lambda y: {"image_embeds": y})}),
    ("embedding", False, {"model": vector(128)}),
    ("embedding", False, {"model": nn.Sequential(conv(64), nn.AdaptiveAvgPool2d(1))}),
    ("segmentation", True, {"model": conv(5), "class_names": ten(5)}),
    ("segmentation", True, {"model": Call(conv(5), lambda y: y.softmax(1))}),
    ("segmentation", True, {"model": conv(1), "loss_names": ["BCEWithLogitsLoss"]}),
    ("segmentation", True, {"model": Call(conv(5), lambda y: y.argmax(1))}),
    ("segmentation", False, {"model": Call(conv(1), torch.sigmoid)}),
    ("segmentation", False, {"model": conv(5)}),
    ("depth", True, {"model": Call(conv(1), lambda y: {"predicted_depth": y[:, 0]})}),
    ("depth", False, {"model": conv(1), "loss_names": ["L1Loss"]}),
    ("flow", True, {"model": Call(conv(2), lambda y: {"flow": y})}),
    ("flow", False, {"model": Call(conv(2)), "inputs": IMAGE * 2}),
    ("picture", True, {"model": Call(conv(3), torch.tanh)}),
    ("picture", False, {"model": Call(conv(1, 1), torch.sigmoid), "inputs": GRAY}),
    ("picture", False, {"model": conv(3)}),
    ("noise", False, {"model": Call(conv(3)), "inputs": (*IMAGE, torch.tensor([7]))}),
    ("noise", False, {"model": conv(4, 4), "inputs": (torch.randn(1, 4, 16, 16),)}),
    ("maps", False, {"model": conv(1)}),
    ("maps", True, {"model": nn.Sequential(conv(16), nn.AdaptiveMaxPool2d(4))}),
    ("maps", False, {"model": nn.Sequential(conv(16), nn.ReLU())}),
    (
        "waveform",
        False,
        {"model": nn.Conv1d(1, 1, 5, padding=2), "inputs": (torch.randn(1, 1, 4096),)},
    ),
    (
        "waveform",
        False,
        {"model": nn.Linear(4096, 4096, bias=False), "inputs": (torch.randn(1, 4096),)},
    ),
]  # fmt: skip
"""Kind, whether it is sure, and the model that gives it."""


@pytest.mark.parametrize(("kind", "sure", "arguments"), KINDS)
def test_a_kind_is_told_by_evidence(kind, sure, arguments):
    (output,) = decode(**arguments)
    assert (output.kind, output.is_sure) == (kind, sure), output.evidence
    assert output.evidence
    assert caption(output).startswith("taken for ") is not sure


def output_lines(output):
    """What an output is and says, and what it is as each of the kinds that it can be shown as."""
    lines = [f"{caption(output)} '{output.name}' activated {output.is_activated}"]
    for kind in fitting_kinds(output):
        told = []
        for field in fields(shown := show_as(output, kind)):
            value = getattr(shown, field.name)
            if value is None:
                continue
            if isinstance(value, np.ndarray):
                ends = [value.min(), value.max(), value.mean(), value.ravel()[len(value) // 2]]
                value = f"{value.shape} {value.dtype} {golden_text.numbers(ends)}"
            told.append(f"{field.name} {value}")
        lines.append(f"  {kind}: {'; '.join(told)}")
    return lines


@pytest.mark.parametrize("number", range(len(KINDS)))
def test_an_output_is_read_as_it_was_approved(number, regenerate):
    arguments = KINDS[number][2]
    random = torch.Generator().manual_seed(number)
    for parameter in arguments["model"].parameters():
        nn.init.normal_(parameter, std=0.3, generator=random)
    inputs = tuple(
        torch.rand(each.shape, generator=random) if each.is_floating_point() else each
        for each in arguments.get("inputs", IMAGE)
    )
    outputs = decode(**{**arguments, "inputs": inputs})
    lines = [line for output in outputs for line in output_lines(output)]
    golden_text.check(f"outputs/{number}-{KINDS[number][0]}", lines, regenerate)


class Names(NamedTuple):
    actor: Any
    critic: Any


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.actor, self.critic = nn.Linear(4, 8), nn.Linear(8, 2), nn.Linear(8, 1)

    def forward(self, x):
        y = self.body(x).relu()
        return Names(self.actor(y), self.critic(y))


class Vae(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.mu, self.logvar = nn.Linear(6, 8), nn.Linear(8, 3), nn.Linear(8, 3)
        self.decoder = nn.Linear(3, 1 * 16 * 16)

    def forward(self, x):
        y = self.body(x.mean((2, 3)).repeat(1, 6)).relu()
        mu, logvar = self.mu(y), self.logvar(y)
        return self.decoder(mu).sigmoid().reshape(-1, 1, 16, 16), mu, logvar


class Unused(nn.Module):
    def __init__(self):
        super().__init__()
        self.f, self.a, self.b = nn.Conv2d(3, 8, 3), nn.Linear(8, 4), nn.Linear(8, 6)
        self.register_buffer("anchors", torch.rand(1, 5))
        self.scale = nn.Parameter(torch.rand(1, 7))

    def forward(self, x):
        y = self.f(x).relu().mean((2, 3))
        return torch.zeros(1, 3), self.anchors, self.scale, self.a(y), self.b(y), x.new_ones(1, 9)


def test_several_heads_keep_their_names_and_what_is_constant_has_no_scores():
    first, second = decode(TwoHeads(), (torch.rand(1, 4),))
    assert (first.name, first.kind) == ("actor", "scores")
    assert (second.name, second.kind) == ("critic", "numbers")
    a, b = decode(Unused())
    assert (a.name, len(a.logits)) == ("output 4", 4)
    assert (b.name, len(b.logits)) == ("output 5", 6)
    assert a.node != b.node
    found = decode(Vae(), (torch.rand(1, 1, 16, 16),))
    assert [o.kind for o in found] == ["picture", "embedding", "embedding"]


def test_of_estimates_that_are_refined_the_last_counts():
    model = Call(conv(2), lambda y: [y, y * 2, y * 3])
    (flow,) = decode(model, IMAGE * 2)
    assert (flow.kind, flow.name) == ("flow", "output 3")


def test_a_slice_of_a_volume_is_shown_and_said():
    volume = (torch.rand(1, 1, 6, 16, 20),)
    (output,) = decode(nn.Conv3d(1, 3, 3, padding=1), volume, ten(3))
    assert output.kind == "segmentation"
    assert output.classes.shape == (16, 20)
    assert output.evidence.endswith("slice 3")


def test_channels_may_be_last_and_maps_without_channels_are_one_map():
    (output,) = decode(Call(conv(5), lambda y: y.permute(0, 2, 3, 1)), class_names=ten(5))
    assert (output.kind, output.classes.shape) == ("segmentation", (32, 48))
    (output,) = decode(Call(conv(1), lambda y: y[:, 0]), loss_names=["BCELoss"])
    assert (output.kind, output.classes.shape) == ("segmentation", (32, 48))


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.head = nn.Embedding(50, 16), nn.Linear(16, 50)

    def forward(self, ids):
        return self.head(self.table(ids))


def test_of_a_text_the_scores_of_the_next_token_are_shown():
    (output,) = decode(Gpt(), (torch.arange(11)[None],))
    assert output.kind == "scores"
    assert len(output.logits) == 50
    assert "token 10" in output.evidence


def test_nodes_of_a_graph_are_no_samples():
    edges = torch.randint(0, 34, (2, 90))
    (output,) = decode(Call(nn.Linear(5, 4)), (torch.rand(34, 5), edges))
    assert output.kind == "maps"
    assert output.shape == (34, 4)


def test_the_weights_of_a_mixture_are_no_classes():
    def mixed(y):
        weights, mean, scale = y.chunk(3, -1)
        parts = Categorical(logits=weights), Normal(mean, scale.exp())
        return MixtureSameFamily(*parts)

    assert kinds(Call(nn.Linear(2, 9), mixed), (torch.rand(4, 2),)) == ["numbers"] * 3
    assert kinds(Call(nn.Linear(2, 9), lambda y: Categorical(logits=y)), (torch.rand(4, 2),)) == [
        "scores"
    ]


def test_boxes_and_masks_of_queries():
    class Detr(nn.Module):
        def __init__(self):
            super().__init__()
            self.classes, self.boxes = vector(6 * 4), vector(6 * 4)

        def forward(self, x):
            boxes = self.boxes(x).sigmoid().reshape(-1, 6, 4)
            return {"pred_logits": self.classes(x).reshape(-1, 6, 4), "pred_boxes": boxes}

    (found,) = decode(Detr())
    assert found.kind == "detections"
    assert found.boxes.shape == (6, 4)
    assert found.labels.max() < 3  # the fourth class is none
    assert (np.diff(found.scores) <= 0).all()

    class MaskFormer(nn.Module):
        def __init__(self):
            super().__init__()
            self.classes, self.masks = vector(5 * 4), conv(5)

        def forward(self, x):
            masks = self.masks(x)
            return {
                "class_queries_logits": self.classes(x).reshape(-1, 5, 4),
                "masks_queries_logits": masks,
            }

    (found,) = decode(MaskFormer())
    assert (found.kind, found.count, found.classes.shape) == ("segmentation", 3, (32, 48))


def test_the_grid_of_a_detector_becomes_its_best_boxes():
    class Detect(nn.Module):
        nc = 3

        def forward(self, x):
            boxes = torch.tensor([[24.0, 16, 8, 8], [24.5, 16, 8, 8], [10, 10, 4, 4]]).T
            scores = torch.tensor([[0.1, 0.9, 0.0], [0.1, 0.8, 0.1], [0.6, 0.1, 0.1]]).T
            return torch.cat([boxes, scores])[None] + 0 * x.mean(), [x]

    class Yolo(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.head = conv(16), Detect()

        def forward(self, x):
            return self.head(self.body(x))

    found = decode(Yolo())[0]
    assert found.kind == "detections"
    assert found.labels.tolist() == [1, 0]
    assert found.scores == pytest.approx([0.9, 0.6])
    assert found.boxes[0] == pytest.approx([20 / 48, 12 / 32, 28 / 48, 20 / 32])


def test_every_output_can_be_shown_as_each_kind_that_fits():
    for model in (vector(5), conv(2), conv(3)):
        (output,) = decode(model)
        assert output.kind in fitting_kinds(output)
        for kind in fitting_kinds(output):
            chosen = show_as(output, kind)
            assert chosen.is_sure
            assert chosen.name == output.name
            assert chosen.kind in OUTPUT_KINDS


def test_inputs_of_several_sizes_of_batch_each_have_samples():
    class Clip(nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.image = nn.Embedding(50, 8), vector(8)

        def forward(self, ids, image):
            texts, images = self.table(ids).mean(1), self.image(image)
            scores = images @ texts.T
            return {"logits_per_image": scores, "text_embeds": texts, "last_hidden_state": scores}

    ids = torch.arange(10).reshape(2, 5)
    found = {o.name: o for o in decode(Clip(), (ids, *IMAGE))}
    assert found["logits_per_image"].kind == "scores"
    assert found["logits_per_image"].values.shape == (2,)
    assert found["text_embeds"].kind == "embedding"
    assert found["text_embeds"].values.shape == (8,)


def test_a_photo_and_its_depth_are_no_pair_of_frames():
    class Fuses(nn.Module):
        def __init__(self):
            super().__init__()
            self.photo, self.depth = conv(2), conv(2, 1)

        def forward(self, photo, depth):
            return self.photo(photo) + self.depth(depth)

    assert kinds(Fuses(), IMAGE + GRAY) == ["segmentation"]


def test_weights_of_tokens_and_whole_numbers_are_no_scores():
    class Attends(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.weigh = nn.Embedding(9, 4), nn.Linear(4, 1)

        def forward(self, ids):
            weights = self.weigh(self.words(ids))[..., 0].softmax(1)
            return weights, weights.argsort(1)

    weights, order = decode(Attends(), (torch.arange(6)[None],))
    assert (weights.kind, weights.evidence) == ("numbers", "one value for each token")
    assert order.kind == "numbers"


def test_maps_with_channels_last_are_told_as_others_are():
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.head = conv(8), nn.Linear(8, 4)

        def forward(self, x):
            return self.head(self.conv(x.movedim(-1, 1)).movedim(1, -1))

    (output,) = decode(Last(), (torch.rand(1, 24, 36, 3),))
    assert (output.kind, output.values.shape) == ("segmentation", (4, 24, 36))


def test_a_volume_of_several_scans_becomes_tissues_not_noise():
    (output,) = decode(nn.Conv3d(4, 4, 3, padding=1), (torch.rand(1, 4, 6, 24, 20),))
    assert output.kind != "noise"


def test_a_compiled_list_of_layers_has_outputs():
    assert kinds(torch.compile(vector(7))) == ["scores"]
