"""What outputs are taken for whatever is known of them, and what decodes them, as golden text."""

from __future__ import annotations

import random
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from tests.support import golden_text
from vrnn.compute.loading.model_evidence import (
    ModelEvidence,
)
from vrnn.compute.outputs.context import OutputContext, OutputSource
from vrnn.compute.outputs.detections import _without_overlaps, decode_compound
from vrnn.compute.outputs.evidence import InputFact, OutputEvidence
from vrnn.compute.outputs.predictions import decode_outputs
from vrnn.compute.outputs.rules import conclude
from vrnn.network.axes import Axis, AxisChoice
from vrnn.network.graph import Network, Node

TASKS = (
    "", "", "classification", "regression", "segmentation", "depth", "flow", "tokens", "noise",
    "picture", "embedding",
)  # fmt: skip
KEYS = {
    1: ("image_embeds", "mu", "mu_head", "logvar", "logits", "probs", "audio", "value", "bbox"),
    2: ("audio", "waveform", "last_hidden_state", "features", "attentions"),
    3: ("predicted_depth", "disp", "flow", "mask", "semantic", "noise", "eps", "recon", "img",
        "x_hat", "heatmaps", "latents"),
}  # fmt: skip
OPERATIONS = (
    "linear", "conv2d", "softmax", "log_softmax", "sigmoid", "hardsigmoid", "normalize", "tanh",
    "hardtanh", "clamp", "relu", "exp", "batch_norm", "conv1d", "add",
)  # fmt: skip
LAYERS = (
    "", "fc", "head", "classifier", "to_latent", "mu", "projection", "pose_head", "critic", "out",
    "actor", "logits", "body", "regressor",
)  # fmt: skip
INPUTS = {
    "image": InputFact("x", (1, 3, 32, 48)),
    "gray": InputFact("x", (1, 1, 32, 48)),
    "pair": InputFact("x", (1, 6, 32, 48)),
    "latents": InputFact("x", (1, 4, 32, 48)),
    "small": InputFact("x", (1, 3, 7, 7)),
    "chw": InputFact("x", (3, 32, 48)),
    "video": InputFact("x", (1, 4, 3, 32, 48)),
    "volume": InputFact("x", (1, 1, 6, 32, 48)),
    "numbers": InputFact("x", (1, 64)),
    "flat": InputFact("x", (1, 192)),
    "signal": InputFact("x", (1, 1, 1024)),
    "stereo": InputFact("x", (1, 2, 256)),
    "long": InputFact("x", (1, 255)),
    "ids": InputFact("ids", (1, 11), False),
    "t": InputFact("t", (1,), False),
    "sigma": InputFact("sigma", ()),
    "label": InputFact("label", (2,)),
    "noise_level": InputFact("noise_level", (2,)),
}
COUNTS = (1, 1, 2, 3, 3, 4, 5, 6, 7, 10, 48, 49, 63, 64, 128, 192, 255, 256, 1024)
SIDES = ((32, 48), (32, 48), (16, 24), (8, 12), (9, 13), (4, 6), (1, 1), (3, 4), (30, 20))


def random_evidence(chance: random.Random, axes: int) -> OutputEvidence:
    """What may be known of an output of so many axes."""

    def often(value, other, share=0.5):
        return value if chance.random() < share else other

    if axes == 1:
        shape = (chance.choice(COUNTS),)
    elif axes == 2:
        shape = chance.choice(((1, 1024), (2, 1024), (8, 256), (9, 256), (3, 1023), (5, 11)))
    else:
        shape = (chance.choice((1, 1, 2, 3, 4, 5, 6, 512, 513)), *chance.choice(SIDES))
    numbers = np.random.default_rng(chance.randrange(1000))
    values = numbers.random(shape).astype(np.float32)
    kind = chance.randrange(6)
    if kind == 0:
        values = np.floor(values * chance.choice((2, 4095, 5000))).astype(np.int32)
        values -= chance.choice((0, 0, 1)) * (axes == 3)
        values = values if axes == 3 else values.astype(np.float32)
    elif kind < 4:
        values = values / values.sum(0) * chance.choice((1, 1, -1, 1.02))
    count = shape[0]
    title = chance.choice(("Net", "UNet", "ResNet"))
    model = ModelEvidence(
        title, chance.choice(TASKS), chance.random() < 0.4,
        tuple(map(str, range(often(count, 3, 0.25)))) if chance.random() < 0.3 else (),
        {"num_classes": often(count, 7)} if chance.random() < 0.3 else {},
        often(count, 50, 0.3),
        often(chance.choice((None, "softmax", "sigmoid", "regression")), None),
        "TheLoss", chance.random() < 0.15,
    )  # fmt: skip
    found = [INPUTS[chance.choice(tuple(INPUTS))]]
    if chance.random() < 0.5:
        found.append(INPUTS[chance.choice(("image", "gray", "t", "sigma", "label", "noise_level"))])
    key = (chance.choice(KEYS[axes]),) if chance.random() < 0.25 else ()
    layer = chance.choice(LAYERS)
    path = f"{chance.choice(('net', 'decoder', 'policy', 'embedder'))}.{layer}" if layer else ""
    position = chance.choice(("", "", "", "token 3", "slice 2", "sample 1"))
    flat = [chance.choice(((3, 8, 8), (1, 7, 7), (3, 4, 4)))] if chance.random() < 0.2 else []
    operations = tuple(chance.choices(OPERATIONS, k=2)) if chance.random() < 0.8 else ()
    return OutputEvidence(
        "output", key, values, operations, layer, path, found, model, position, flat
    )


def evidence_text(e: OutputEvidence) -> str:
    m = e.model
    parts = [
        f"{e.values.dtype}{list(e.values.shape)} sum {golden_text.numbers(e.values.sum())}",
        *(f"key {key}" for key in e.keys), f"ends in {' '.join(e.operations)}",
        f"layer {e.layer_path}" if e.layer else "",
        *(f"{i.name}{list(i.shape)}" for i in e.inputs), f"{m.title} {m.task}{'!' * m.is_sure}",
        f"{len(m.class_names)} names" if m.class_names else "",
        f"counts {m.counts}" * bool(m.counts),
        f"vocabulary {m.vocabulary}", f"loss {m.loss}" * bool(m.loss),
        "multi-label" * m.is_multi_label, e.position,
        *(f"flat {shape}" for shape in e.flat_images),
    ]  # fmt: skip
    return ", ".join(part for part in parts if part)


@pytest.mark.parametrize(("axes", "count"), [(1, 700), (2, 100), (3, 800)])
def test_what_an_output_is_taken_for(axes, count, regenerate):
    chance = random.Random(f"outputs {axes}")
    lines = []
    for _ in range(count):
        evidence = random_evidence(chance, axes)
        found = conclude(evidence)
        told = f"{found.kind}{'' if found.is_sure else '?'} because {found.evidence}"
        lines.append(f"{evidence_text(evidence)}: {told}")
    golden_text.check(f"outputs/taken-for-{axes}", lines, regenerate)


def test_what_inputs_are_called(regenerate):
    lines = []
    for name, fact in INPUTS.items():
        lines.append(f"{name} {fact.what} image {fact.image_shape} signal {fact.signal_length}")
    for shape in ((3, 8, 8), (3, 7, 9), (2, 8, 8), (1, 8, 256), (1, 9, 256), (300,), (1, 3, 300)):
        fact = InputFact("x", shape)
        lines.append(f"{shape} {fact.what} image {fact.image_shape} signal {fact.signal_length}")
    for maps in (*SIDES, (16, 20), (32, 40), (64, 96)):
        for name in ("image", "numbers", "chw"):
            facts = [INPUTS[name], INPUTS["t"]]
            e = OutputEvidence("o", (), np.zeros((2, *maps), np.float32), inputs=facts)
            lines.append(
                f"{maps} of {name}: ratio {golden_text.numbers(e.size_ratio)} as large "
                f"{e.has_input_size} time {e.has_time_step} images {e.image_count}"
            )
    golden_text.check("outputs/inputs", lines, regenerate)


# From a result to outputs.

ROLES = {
    0: ((),),
    1: (("channel",), ("batch",), ("token",), ("other",)),
    2: (("batch", "channel"), ("token", "channel"), ("node", "channel"), ("channel", "time"),
        ("height", "width"), ("batch", "token")),
    3: (("batch", "token", "channel"), ("channel", "height", "width"), ("batch", "channel", "time"),
        ("batch", "height", "width"), ("time", "batch", "channel"), ("batch", "other", "channel"),
        ("batch", "query", "key"), ("batch", "node", "channel")),
    4: (("batch", "channel", "height", "width"), ("batch", "height", "width", "channel"),
        ("batch", "other", "height", "width"), ("batch", "time", "token", "channel")),
    5: (("batch", "channel", "depth", "height", "width"),
        ("batch", "time", "channel", "height", "width")),
    6: (("batch", "other", "time", "channel", "height", "width"),),
}  # fmt: skip
SIZES = {
    "batch": (1, 2, 3), "channel": (1, 3, 5, 49, 64), "token": (11, 4), "node": (9,),
    "time": (4, 1, 6), "height": (32, 16, 1), "width": (48, 24, 1), "depth": (6, 1, 5),
    "query": (4,), "key": (4, 6), "other": (1, 2),
}  # fmt: skip


def random_tensor(chance: random.Random) -> tuple[torch.Tensor, tuple[Axis, ...]]:
    """A tensor of a result, and what is known of its axes, if anything."""
    roles = chance.choice(ROLES[chance.choice((0, 1, 2, 2, 3, 3, 4, 4, 5, 6))])
    sizes = [chance.choice(SIZES[role]) for role in roles]
    numbers = torch.Generator().manual_seed(chance.randrange(1000))
    tensor = torch.rand(sizes, generator=numbers)
    kind = chance.randrange(10)
    if kind == 0:
        tensor = (tensor * 7).long()
    elif kind == 1:
        tensor = torch.complex(tensor, -tensor)
    certainty = chance.choice(("derived", "assumed"))
    axes = tuple(Axis(role, size, certainty) for role, size in zip(roles, sizes, strict=True))
    return tensor, axes if chance.random() < 0.75 else ()


def random_result(chance: random.Random, tensors: list[torch.Tensor]):
    kind = chance.randrange(6)
    names = ("logits", "value", "out", "aux", "past_key_values", "text_embeds")
    if kind == 0 and len(tensors) == 1:
        return tensors[0]
    if kind < 3:
        return tensors if kind == 1 else tuple(tensors)
    named = dict(zip(names, tensors, strict=False))
    if kind == 3:
        return named
    return SimpleNamespace(**named) if kind == 4 else {"first": tensors[0], "rest": tensors[1:]}


def test_a_result_becomes_outputs(regenerate):
    chance = random.Random("results")
    lines = []
    for number in range(260):
        made = [random_tensor(chance) for _ in range(chance.choice((1, 1, 2, 3)))]
        if chance.random() < 0.1:
            made *= 2
        if chance.random() < 0.15:
            tensor, axes = made[0]
            made += [(tensor + step, axes) for step in range(3)]
        result = random_result(chance, [tensor for tensor, _ in made])
        nodes = [
            Node(i, f"n{i}", "linear", "", "", (1, 1, 1), axes=a) for i, (_, a) in enumerate(made)
        ]
        network = Network("net", tuple(nodes), (), (0,), tuple(range(len(nodes))))
        sources = [
            OutputSource(
                i if chance.random() < 0.9 else None, (chance.choice(OPERATIONS),), "net.fc"
            )
            for i in range(len(made))
        ]
        names = ["image", "gray", "video", "ids", "numbers", "signal"]
        facts = [INPUTS[chance.choice(names)] for _ in range(chance.choice((1, 1, 2)))]
        model = ModelEvidence(task=chance.choice(TASKS), vocabulary=chance.choice((0, 5, 64)))
        sizes = frozenset(chance.sample((1, 2, 3), chance.choice((1, 1, 2))))
        context = OutputContext(model, facts, sources if chance.random() < 0.8 else (), None, sizes)
        choices = [
            AxisChoice(role, chance.choice((0, 1, 3)))
            for role in ("batch", "time", "depth", "other") if chance.random() < 0.2
        ]  # fmt: skip
        outputs = decode_outputs(result, network, (32, 48), context, choices)
        told = [f"{list(t.shape)} {t.dtype} {' '.join(a.role for a in axes)}" for t, axes in made]
        lines.append(
            f"{number} {type(result).__name__} {'; '.join(told)} of "
            f"{' '.join(str(list(f.shape)) for f in facts)} graph {context.is_graph} "
            f"choices {[(c.role, c.index) for c in choices]}"
        )
        for output in outputs:
            values = output.values
            weighted = (values.ravel() * np.cos(np.arange(values.size))).sum()
            lines.append(
                f"  {output.node} '{output.name}' {output.kind}{'' if output.is_sure else '?'} "
                f"{output.evidence} {list(values.shape)} {values.dtype} "
                f"{golden_text.numbers(weighted)} "
                f"activated {output.is_activated} image {output.image_shape}"
            )
    golden_text.check("outputs/results", lines, regenerate)


def test_nodes_of_a_graph_come_with_pairs_of_them():
    def is_graph(*facts):
        return OutputContext(inputs=[InputFact("x", *fact) for fact in facts]).is_graph

    pairs, wide = ((2, 90), False), ((9, 5), True)
    assert is_graph(wide, pairs)
    assert is_graph(wide, wide, pairs)
    assert not is_graph(pairs, wide)
    assert not is_graph(wide)
    assert not is_graph()
    assert not is_graph(wide, ((3, 90), False))
    assert not is_graph(wide, ((2, 90), True))
    assert not is_graph(wide, ((2,), False))
    assert not is_graph(((9, 5), False), pairs)
    assert not is_graph(((1, 9, 5), True), pairs)


def test_outputs_are_found_in_six_nested_containers_and_no_more():
    network = Network("net", (Node(0, "n", "linear", "", "", (1, 1, 1)),), (), (0,), (0,))
    value = torch.rand(1, 3)
    names = []
    for depth in range(8):
        outputs = decode_outputs(value, network, (8, 8), OutputContext())
        names.append([output.name for output in outputs])
        value = {f"at{depth}": value}
    assert names[0] == ["output"]
    assert names[1] == ["at0"]
    assert names[6] == ["at5.at4.at3.at2.at1.at0"]
    assert names[7] != ["at6.at5.at4.at3.at2.at1.at0"]


# Several tensors that belong together.


class Detect(nn.Module):
    def __init__(self, count):
        super().__init__()
        self.nc = count


def boxes_text(found) -> list[str]:
    output, used = found
    if output is None:
        return ["  nothing"]
    if output.kind == "segmentation":
        values = output.values
        return [
            f"  {output.count} classes {golden_text.numbers(output.classes)} "
            f"values {golden_text.numbers(values.sum((1, 2)))} {output.evidence} {len(used)}"
        ]
    lines = [
        f"  {label} {golden_text.numbers(score)}: {golden_text.numbers(box)}"
        for box, label, score in zip(output.boxes, output.labels, output.scores, strict=True)
    ]
    masks = "" if output.masks is None else f"masks {output.masks.sum((1, 2)).tolist()} "
    return [f"  {masks}{output.evidence} {len(used)} used", *lines[:8], f"  {len(lines)} boxes"]


def test_what_belongs_together_becomes_boxes_and_masks(regenerate):
    torch.manual_seed(0)
    boxes = torch.rand(30, 4) * 20
    boxes[:, 2:] += boxes[:, :2]
    scores, labels = torch.rand(30), torch.arange(30) % 4
    masks = torch.rand(30, 1, 6, 8)
    many = torch.rand(400, 4) * 20
    queries, classes = torch.rand(1, 9, 4), torch.randn(1, 9, 5)
    grid = torch.rand(1, 4 + 3, 60)
    grid[:, :4] *= 20
    sparse = grid.clone()
    sparse[:, 4:] *= torch.rand(60) < 0.3
    done = torch.rand(1, 12, 6) * 10
    results = {
        "boxes": {"boxes": boxes, "scores": scores, "labels": labels},
        "boxes of one class": ({"boxes": boxes, "scores": scores},),
        "boxes with masks": [{"boxes": boxes, "scores": scores, "labels": labels, "masks": masks}],
        "boxes with flat masks": [{"boxes": boxes, "scores": scores, "masks": masks[:, 0]}],
        "boxes with other masks": [{"boxes": boxes, "scores": scores, "masks": masks[:9]}],
        "boxes without scores": [{"boxes": boxes, "labels": labels}],
        "many boxes": [{"boxes": many, "scores": torch.rand(400)}],
        "no boxes": [{"boxes": boxes[:0], "scores": scores[:0]}],
        "queries": {"pred_boxes": queries, "logits": classes},
        "queries by attribute": SimpleNamespace(pred_boxes=queries, pred_logits=classes),
        "queries of one class": {"pred_boxes": queries, "logits": classes[..., :1]},
        "queries of two classes": {"pred_boxes": queries, "logits": classes[..., :2]},
        "queries of other boxes": {"pred_boxes": queries[:, :4], "logits": classes},
        "queries of numbers": {"pred_boxes": queries[..., :3], "logits": classes},
        "queries without samples": {"pred_boxes": queries[0], "logits": classes[0]},
        "queries without boxes": {"pred_boxes": None, "logits": classes},
        "masks of queries": {
            "class_queries_logits": classes, "masks_queries_logits": torch.randn(1, 9, 4, 5),
        },
        "masks of two samples": {
            "class_queries_logits": torch.randn(2, 9, 5),
            "masks_queries_logits": torch.randn(2, 9, 4, 5),
        },
        "queries of two samples": {
            "pred_boxes": torch.rand(2, 9, 4), "pred_logits": torch.randn(2, 9, 5),
        },
        "boxes of two samples": [
            {"boxes": boxes[:2], "scores": scores[:2]}, {"boxes": boxes[2:], "scores": scores[2:]},
        ],
        "grids of two samples": torch.rand(2, 4 + 3, 60),
        "masks without samples": {
            "class_queries_logits": classes[0], "masks_queries_logits": torch.randn(9, 4, 5),
        },
        "a grid": (grid, [grid]),
        "a sparse grid": sparse,
        "a grid without samples": grid[0],
        "a grid of fewer classes": grid[:, :6],
        "a grid of more": torch.cat([grid, grid[:, :2]], 1),
        "a grid that is done": done,
        "a short grid that is done": done[:, :7],
        "words": ["nothing"],
        "nothing": [],
    }  # fmt: skip
    lines = []
    for name, result in results.items():
        for count in (0, 4, 5):
            lines.append(f"{name}, {count} labels")
            lines += boxes_text(decode_compound(result, 1, (20, 40), None, count))
        lines.append(f"{name} with a head")
        lines += boxes_text(decode_compound(result, 1, (20, 40), nn.Sequential(Detect(3))))
    golden_text.check("outputs/compounds", lines, regenerate)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union, by counting the cells of a fine grid."""
    centers = (np.arange(200) + 0.5) / 10
    inside = [
        ((centers >= box[1]) & (centers < box[3]))[:, None]
        & ((centers >= box[0]) & (centers < box[2]))
        for box in (one, other)
    ]  # fmt: skip
    return float((inside[0] & inside[1]).sum() / max((inside[0] | inside[1]).sum(), 1))


def test_of_boxes_that_overlap_the_best_of_each_class_remains():
    numbers = np.random.default_rng(1)
    for _ in range(12):
        low = numbers.integers(0, 3, (14, 2)).astype(np.float32)
        boxes = np.concatenate([low, low + numbers.integers(6, 9, (14, 2))], 1)
        labels = numbers.integers(0, 2, 14)
        kept = []
        for i in range(14):
            if all(labels[k] != labels[i] or overlap(boxes[k], boxes[i]) <= 0.7 for k in kept):
                kept.append(i)
        found = _without_overlaps(boxes, labels)
        assert found.tolist() == kept
        assert len(kept) < 14
    assert _without_overlaps(np.zeros((0, 4), np.float32), np.zeros(0, int)).size == 0
    assert all(a < b for a, b in pairwise(found))


@pytest.mark.parametrize(("numbers", "kind"), [
    ((0, 1), "segmentation"), ((3, 4095), "segmentation"), ((3, 4096), "maps"), ((-1, 5), "maps"),
])  # fmt: skip
def test_whole_numbers_are_classes_where_they_are_few(numbers, kind):
    values = np.resize(np.array(numbers, np.int32), (1, 16, 16))
    assert conclude(OutputEvidence("out", (), values)).kind == kind
    several = np.concatenate([values, values])
    assert conclude(OutputEvidence("out", (), several)).kind == "maps"
