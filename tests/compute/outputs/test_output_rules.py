"""What outputs are taken for right at the limits that the rules name, as golden text."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from tests.support import golden_text
from vrnn.compute.loading.model_evidence import ModelEvidence
from vrnn.compute.outputs.evidence import InputFact, OutputEvidence
from vrnn.compute.outputs.rules import conclude


def line_of(
    values: np.ndarray, shapes: Sequence[tuple[int, ...]] = (), operation: str = "",
    layer: str = "", key: str = "", flat: Sequence[tuple[int, int, int]] = (), **model: object,
) -> str:  # fmt: skip
    """What is concluded of values, of inputs of these shapes and what else is known."""
    evidence = OutputEvidence(
        "output", (key,) if key else (), values, (operation,) if operation else (),
        layer, layer, [InputFact("x", shape) for shape in shapes],
        ModelEvidence("Net", **model), "", flat,  # type: ignore[arg-type]
    )  # fmt: skip
    found = conclude(evidence)
    known = [*map(str, shapes), operation, layer, key, *map(str, flat),
             *(f"{k}={v}" for k, v in model.items())]  # fmt: skip
    told = f"{found.kind}{'' if found.is_sure else '?'} because {found.evidence}"
    return f"{values.dtype}{list(values.shape)} {' '.join(filter(None, known))}: {told}"


def numbers(*shape: int) -> np.ndarray:
    """Numbers around 0."""
    return np.linspace(-1, 2, int(np.prod(shape)), dtype=np.float32).reshape(shape)


IMAGE = (1, 3, 32, 48)


def test_vectors(regenerate):
    lines = []
    for shape in ((1, 3, 4, 4), (1, 1, 7, 7), (1, 2, 5, 5), (1, 1, 8, 8), (1, 3, 8, 9)):
        count = int(np.prod(shape))
        for change, operation in itertools.product((-1, 0, 1), ("sigmoid", "tanh", "linear", "")):
            lines.append(line_of(numbers(count + change), [shape], operation))
        lines.append(line_of(numbers(count), [shape], "linear", loss="regression"))
        lines.append(line_of(numbers(count), [shape], "linear", task="classification"))
        lines.append(line_of(numbers(count), [], "linear", flat=[(shape[1], *shape[2:])]))
    for count in (1, 2, 3, 7, 63, 64, 65, 127, 128, 129):
        for shapes, layer in itertools.product(([IMAGE], [(1, 9)]), ("", "fc", "body", "latent")):
            lines.append(line_of(numbers(count), shapes, "linear", layer))
        for operation in ("softmax", "sigmoid", "hardsigmoid", "normalize", "log_softmax"):
            lines.append(line_of(numbers(count), [IMAGE], operation))
        for key in ("probs", "audio", "value", "mixture", "mu", "mu_head", "embeds"):
            lines.append(line_of(numbers(count), [IMAGE], "linear", key=key))
        for loss in ("softmax", "sigmoid", "regression"):
            lines.append(line_of(numbers(count), [IMAGE], loss=loss, loss_name="TheLoss"))
        for other in (count, count + 1):
            names = tuple(map(str, range(other)))
            lines.append(line_of(numbers(count), [], class_names=names)[-60:])
            lines.append(line_of(numbers(count), [], counts={"num_classes": other}))
    golden_text.check("outputs/limits-of-vectors", lines, regenerate)


def test_values_that_add_up_to_one(regenerate):
    lines = []
    for count, total in itertools.product((1, 2, 3, 5), (0.998, 0.9985, 0.9995, 1, 1.0005, 1.0015)):
        values = np.full(count, total / count, np.float32)
        lines.append(f"{total}: {line_of(values)}")
        lines.append(f"{total}: {line_of(values, operation='normalize')}")
        values = values.copy()
        values[:2] += (-1, 1) if count > 1 else 0
        lines.append(f"{total} below 0: {line_of(values)}")
        maps = np.full((count, 10, 10), total / count, np.float32)
        for share in (1, 1.005, 1.02, 0.98):
            lines.append(f"{total * share:.4f}: {line_of(maps * np.float32(share), [], 'softmax')}")
            made = np.log(maps * np.float32(share))
            lines.append(f"{total * share:.4f}: {line_of(made, [], 'log_softmax')}")
    golden_text.check("outputs/limits-of-sums", lines, regenerate)


def test_signals(regenerate):
    lines = []
    for channels, length in itertools.product((1, 2, 3, 8, 9), (255, 256, 1023, 1024, 1025)):
        for shapes in ([(1, 1, 256)], [(1, 1024)], [(1, 1, 255)], [(1, 9, 256)], []):
            for operation in ("tanh", "conv1d", "linear"):
                lines.append(line_of(numbers(channels, length), shapes, operation))
        for key in ("waveform", "hidden", "audio", "logits"):
            lines.append(line_of(numbers(channels, length), [], key=key))
    for length in (255, 256, 257, 1024):
        for operation in ("linear", "sigmoid"):
            lines.append(line_of(numbers(length), [(1, length)], operation))
    golden_text.check("outputs/limits-of-signals", lines, regenerate)


def test_maps(regenerate):
    lines = []
    for low, high, count in itertools.product((-1, 0), (1, 4095, 4096), (1, 2)):
        values = np.array([low, high], np.int32).repeat(50 * count).reshape(count, 10, 10)
        lines.append(f"{low} to {high}: {line_of(values, [IMAGE])}")
    for count, sides in itertools.product(
        (1, 2, 3, 4, 5, 512, 513), ((8, 12), (9, 12), (9, 13), (12, 8), (32, 48), (16, 24))
    ):
        for operation in ("conv2d", "relu", "sigmoid", "tanh"):
            lines.append(line_of(numbers(count, *sides), [IMAGE], operation))
        for task in ("segmentation", "depth", "flow", "noise", "picture"):
            for sure in (False, True):
                found = line_of(
                    numbers(count, *sides), [IMAGE], "conv2d", task=task, is_sure=sure
                )  # fmt: skip
                lines.append(found)
    for height in (83, 84, 85, 86):  # 8.5 times smaller is too small
        image = (1, 3, height, height)
        lines.append(line_of(numbers(4, 10, 10), [image], "conv2d", task="segmentation"))
    for width in (44, 45, 46, 47, 52, 55, 56, 57):  # the same aspect, or about that
        lines.append(
            line_of(numbers(4, 32, width), [(1, 3, 64, 96)], "conv2d", task="segmentation")
        )
    for channels in (1, 2, 3, 4, 5, 6):
        image = (1, channels, 32, 48)
        for count, operation in itertools.product((2, channels), ("conv2d", "relu", "sigmoid")):
            for shapes in ([image], [image, image], [image, (1,)], [image, (1, 1, 32, 48)]):
                lines.append(line_of(numbers(count, 32, 48), shapes, operation))
            lines.append(line_of(numbers(count, 16, 24), [image, (1,)], operation))
            lines.append(line_of(numbers(count, 32, 48), [image], operation, loss="sigmoid"))
            lines.append(line_of(numbers(count, 32, 48), [image], operation, task="noise"))
            lines.append(line_of(numbers(count, 32, 48), [image], operation, task="depth"))
    for count, key in itertools.product(
        (1, 2, 3, 4, 5), ("flow", "depth", "recon", "masks", "eps", "heatmap", "other")
    ):
        lines.append(line_of(numbers(count, 32, 48), [IMAGE], key=key))
    golden_text.check("outputs/limits-of-maps", lines, regenerate)
