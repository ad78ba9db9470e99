"""Trace a zoo of models and compare each graph with autograd's own records and with the weights.

    python -m benchmarks.coverage                    # all of torchvision, and 300 models of timm
    python -m benchmarks.coverage torchvision        # one library
    python -m benchmarks.coverage resnet             # models whose names contain this
    python -m benchmarks.coverage --out rows.jsonl   # keep rows, and go on behind those kept

Prints the nodes and edges of each traced graph; how many edges between layers it misses or has too
many, found by two methods (`benchmarks.skeleton`, and the check that vrnn itself makes of each
graph); by how many parameters the sum of all nodes differs from the model's; and the seconds that
the traced pass took. Ends with code 1 if any of these is not zero, or a model fails.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.skeleton import compare
from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.timm_models import from_timm
from vrnn.compute.loading.torchvision_compat import allow_torchvision
from vrnn.compute.loading.torchvision_models import from_torchvision
from vrnn.compute.tracing.checks import check_edges
from vrnn.compute.tracing.module_stack import named_parameters
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace

MAX_PARAMETERS = 700e6
"""Of a model; larger ones do not fit on a small machine."""
BIG_WORDS = frozenset(
    "large huge giant xlarge xl l g h m36 m48 384 448 512 1b 2b so400m gigantic enormous b7 b8 "
    "200 269 350 x101 32x32d 32x48d 32x16d".split()
)
"""Parts of a model's name that say it is large."""
TIMM_MODELS = 300
SMALL_WORDS = "test nano atto pico femto tiny xxs xs mini small s b0 00 18 lite".split()
"""Parts of a model's name that say it is small, the smallest first."""


@dataclass(frozen=True)
class Row:
    """What became of a model.

    Attributes:
        model: Library and name.
        nodes: Of its graph.
        edges: Of its graph.
        missing: Edges between layers that the graph lacks.
        extra: Edges between layers that it has too many.
        parameters: By how many the sum over the nodes is too small.
        seconds: Of the traced pass.
        problem: What is wrong; '' for nothing.
    """

    model: str
    nodes: int = 0
    edges: int = 0
    missing: int = 0
    extra: int = 0
    parameters: int = 0
    seconds: float = 0.0
    problem: str = ""


def torchvision_names() -> list[str]:
    """Return all models: classification, segmentation, detection, video, flow and quantizable."""
    allow_torchvision()
    _run_nms_in_python()
    from torchvision import models

    return list(models.list_models())


def _run_nms_in_python() -> None:
    """Give the declared operator a slow body, so that detectors run beside a CPU torch."""

    def nms(boxes: torch.Tensor, scores: torch.Tensor, threshold: float) -> torch.Tensor:
        from torchvision.ops import box_iou

        order = scores.argsort(descending=True).tolist()
        kept: list[int] = []
        overlaps = box_iou(boxes, boxes)
        for index in order[:200]:
            if all(float(overlaps[index, other]) <= threshold for other in kept):
                kept.append(index)
        return torch.tensor(kept, dtype=torch.int64)

    from torchvision.ops import boxes

    boxes._assert_has_ops = lambda: None
    try:
        torch.ops.torchvision.nms(torch.rand(1, 4), torch.rand(1), 0.5)
    except (NotImplementedError, RuntimeError):
        torch.library.impl("torchvision::nms", "CPU", nms)


def timm_names() -> list[str]:
    """Return the models of each architecture file that sound the smallest, 300 in all."""
    allow_torchvision()
    import timm

    ranked: list[tuple[int, str]] = []
    for module in timm.list_modules():
        names = sorted(timm.list_models(module=module), key=_size_of_name)
        ranked += list(enumerate(names))
    return sorted(name for _, name in sorted(ranked)[:TIMM_MODELS])


def _size_of_name(name: str) -> tuple[int, int, str]:
    words = name.split("_")
    size = min((SMALL_WORDS.index(w) for w in words if w in SMALL_WORDS), default=99)
    is_big = any(word in BIG_WORDS for word in words)
    return size + 100 * is_big, len(name), name


def inputs_for(library: str, name: str, candidate: ModelCandidate) -> tuple[Any, ...]:
    """Return inputs of the kind that a model takes, as small as it allows."""
    if library == "torchvision":
        from torchvision import models

        if name in models.list_models(module=models.detection):
            return ([torch.rand(3, 192, 224)],)
        if name in models.list_models(module=models.optical_flow):
            return torch.rand(1, 3, 128, 160), torch.rand(1, 3, 128, 160)
        if name in models.list_models(module=models.video):
            side = 224 if name.startswith(("mvit", "s3d")) else 64
            return (torch.randn(1, 3, 16, side, side),)
    return (torch.randn(1, 3, *(candidate.input_size or (224, 224))),)


def measure(library: str, name: str) -> Row:
    """Trace a model and compare its graph.

    Args:
        library: `torchvision` or `timm`.
        name: The model's name there.
    """
    build = from_torchvision if library == "torchvision" else from_timm
    candidate = build(f"{name}@random")
    model = candidate.model.eval()
    total = sum(p.numel() for _, p in named_parameters(model))
    if total > MAX_PARAMETERS:
        return Row(f"{library}:{name}", problem="larger than this benchmark takes")
    inputs = inputs_for(library, name, candidate)
    started = time.perf_counter()
    graph = trace(model, inputs, name)
    seconds = time.perf_counter() - started
    network = simplify(graph, "all").network
    unused = sum(p.numel() for k, p in graph.parameters.items() if k not in graph.used_parameters)
    lost = total - unused - sum(node.parameters for node in network.nodes)
    notes = check_edges(model, inputs)
    missing, extra = compare(model, inputs, graph)
    if (
        isinstance(inputs[0], list) or len(inputs) > 1
    ):  # detectors and flow cut gradients on purpose
        extra = set()
    problems = [*notes]
    if missing or extra:
        problems.append(f"{sorted(missing)[:3]} missing, {sorted(extra)[:3]} too many")
    if lost:
        problems.append(f"{lost} parameters in no node")
    return Row(
        f"{library}:{name}", len(network.nodes), len(network.edges), len(missing), len(extra),
        lost, seconds, "; ".join(problems),
    )  # fmt: skip


def main() -> int:
    """Print the table."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("wanted", nargs="?", default="", help="a library or part of a name")
    parser.add_argument("--out", type=Path, help="file of rows, one JSON object a line")
    arguments = parser.parse_args()
    kept = _kept_rows(arguments.out)
    rows: list[Row] = []
    print(
        f"{'model':46} {'nodes':>6} {'edges':>6} {'missing':>8} {'extra':>6} {'params':>7} {'s':>6}"
    )
    for library, names in {"torchvision": torchvision_names, "timm": timm_names}.items():
        if arguments.wanted in ("torchvision", "timm") and arguments.wanted != library:
            continue
        for name in names():
            if arguments.wanted in (library, "") or arguments.wanted in name:
                rows.append(
                    kept.get(f"{library}:{name}") or _measure_and_keep(library, name, arguments.out)
                )
                _print_row(rows[-1])
    wrong = [row for row in rows if row.problem]
    for row in wrong:
        print(f"{row.model}: {row.problem}")
    print(f"{len(rows) - len(wrong)} of {len(rows)} models are right")
    return 1 if wrong else 0


def _kept_rows(file: Path | None) -> dict[str, Row]:
    if file is None or not file.exists():
        return {}
    rows = [Row(**json.loads(line)) for line in file.read_text().splitlines()]
    return {row.model: row for row in rows if not row.problem}


def _measure_and_keep(library: str, name: str, file: Path | None) -> Row:
    try:
        row = measure(library, name)
    except Exception as error:
        text = str(error).splitlines()[0][:150] if str(error) else ""
        row = Row(f"{library}:{name}", problem=f"{type(error).__name__}: {text}")
    gc.collect()
    if file is not None:
        with file.open("a") as out:
            out.write(json.dumps(asdict(row)) + "\n")
    return row


def _print_row(row: Row) -> None:
    counts = f"{row.nodes:6} {row.edges:6} {row.missing:8} {row.extra:6} {row.parameters:7}"
    print(
        f"{row.model:46} {counts} {row.seconds:6.2f}{'  wrong' if row.problem else ''}", flush=True
    )


if __name__ == "__main__":
    sys.exit(main())
