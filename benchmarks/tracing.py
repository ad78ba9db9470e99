"""Process time of tracing a model, as multiples of its plain forward pass.

    python -m benchmarks.tracing                 # ResNet50, DenseNet121, ViT-B/16, MobileNetV2
    python -m benchmarks.tracing resnet18 vgg16  # other models of torchvision

On one thread, in turns, the median of each: the traced pass (with its second pass on tensors
without numbers, where an axis asks for one), that second pass alone, the layers of the graph and
how their tensors are read, and a repeated pass that hands out all tensors. A `-` says that no axis
asks for a second pass.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Mapping
from statistics import median

import torch

from benchmarks.timing import format_table
from vrnn.compute.loading.torchvision_models import from_torchvision
from vrnn.compute.passes.replay import Replay
from vrnn.compute.tracing import tracer
from vrnn.compute.tracing.simplify import simplify

MODELS = ("resnet50", "densenet121", "vit_b_16", "mobilenet_v2")
REPEATS = 9
SIZE = 224
"""Height and width of the input in pixels."""
COLUMNS = ("plain", "traced", "second", "layers", "replay")


class _SecondPass:
    """Stands in for `measure_roles`, to tell its share of a traced pass.

    Attributes:
        seconds: Process time of its last call.
        passes: Number of other sizes at which the model ran in it.
    """

    def __init__(self) -> None:
        self.seconds, self.passes = 0.0, 0
        self._measure = tracer.measure_roles
        tracer.measure_roles = self  # type: ignore[assignment]

    def __call__(self, *args: object) -> int:
        started = time.process_time()
        self.passes = self._measure(*args)  # type: ignore[arg-type]
        self.seconds = time.process_time() - started
        return self.passes


def measure(name: str, second: _SecondPass) -> Mapping[str, float]:
    """Return the median seconds of each column; that of `second` is missing if there is none.

    Args:
        name: Name of a model of torchvision.
        second: What tells the time of the second pass.
    """
    model = from_torchvision(f"{name}@random").model.eval()
    inputs = (torch.randn(1, 3, SIZE, SIZE),)

    def plain() -> None:
        with torch.no_grad():
            model(*inputs)

    traced = tracer.trace(model, inputs, name)
    replay = Replay(model, simplify(traced, "layers"))
    tasks: dict[str, Callable[[], object]] = {
        "plain": plain,
        "traced": lambda: tracer.trace(model, inputs, name),
        "layers": lambda: simplify(traced, "layers"),
        "replay": lambda: replay.run(inputs, lambda node, tensor: None),
    }
    seconds: dict[str, list[float]] = {column: [] for column in COLUMNS}
    for _ in range(REPEATS):
        for column, task in tasks.items():
            started = time.process_time()
            task()
            seconds[column].append(time.process_time() - started)
            if column == "traced" and second.passes:
                seconds["second"].append(second.seconds)
    return {column: median(values) for column, values in seconds.items() if values}


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="*", default=MODELS, help="names of models of torchvision")
    torch.set_num_threads(1)
    second = _SecondPass()
    rows: list[tuple[str, ...]] = [("model", "plain pass", *(f"{c}" for c in COLUMNS[1:]))]
    for name in parser.parse_args().models:
        medians = measure(name, second)
        plain = medians["plain"]
        ratios = [f"{medians[c] / plain:.2f}" if c in medians else "-" for c in COLUMNS[1:]]
        rows.append((name, f"{plain * 1e3:.0f} ms", *ratios))
    print(format_table(rows))


if __name__ == "__main__":
    main()
