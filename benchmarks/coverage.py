"""Trace a zoo of models and compare each graph with autograd's own records.

    python -m benchmarks.coverage                # all of torchvision, and timm across its families
    python -m benchmarks.coverage torchvision    # one library
    python -m benchmarks.coverage resnet         # models whose names contain this

Prints the nodes and edges of each traced graph, how many edges between layers it misses or has too
many, and the seconds that the traced pass took.
"""

from __future__ import annotations

import gc
import sys
import time
import warnings

import torch

from benchmarks.skeleton import compare
from vrnn.compute.loading.model_zoo import from_timm, from_torchvision
from vrnn.compute.loading.torchvision_compat import allow_torchvision
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace

MAX_PARAMETERS = 400e6
"""Of a timm model; larger ones do not fit beside their gradients on a small machine."""
SMALL_WORDS = "test nano atto pico femto tiny xxs xs mini small s b0 00 18 lite".split()
"""Parts of a model's name that say it is small, the smallest first."""


def torchvision_names() -> list[str]:
    """Return all classification and segmentation models."""
    allow_torchvision()
    from torchvision import models

    return [*models.list_models(module=models), *models.list_models(module=models.segmentation)]


def timm_names() -> list[str]:
    """Return the two or three models of each architecture file that sound the smallest."""
    allow_torchvision()
    import timm

    names = []
    for module in timm.list_modules():
        models = sorted(timm.list_models(module=module), key=_size_of_name)
        names += models[: 2 if len(models) < 12 else 3]
    return names


def _size_of_name(name: str) -> tuple[int, int, str]:
    words = name.split("_")
    size = min((SMALL_WORDS.index(w) for w in words if w in SMALL_WORDS), default=99)
    return size, len(name), name


def measure(library: str, name: str) -> tuple[int, int, int, int, float]:
    """Trace a model and compare its graph.

    Args:
        library: `torchvision` or `timm`.
        name: The model's name there.

    Returns:
        Nodes, edges, missing edges, extra edges, seconds.

    Raises:
        MemoryError: A timm model has more than `MAX_PARAMETERS`.
    """
    candidate = from_torchvision(name) if library == "torchvision" else from_timm(name)
    if library == "timm" and sum(p.numel() for p in candidate.model.parameters()) > MAX_PARAMETERS:
        raise MemoryError("larger than this benchmark takes")
    inputs = (torch.randn(1, 3, *(candidate.input_size or (224, 224))),)
    started = time.perf_counter()
    graph = trace(candidate.model, inputs, name)
    seconds = time.perf_counter() - started
    missing, extra = compare(candidate.model.eval(), inputs, graph)
    network = simplify(graph, "all").network
    return len(network.nodes), len(network.edges), len(missing), len(extra), seconds


def main() -> int:
    """Print the table."""
    warnings.simplefilter("ignore")
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    libraries = {"torchvision": torchvision_names, "timm": timm_names}
    failures, summaries = [], []
    print(f"{'model':44} {'nodes':>6} {'edges':>6} {'missing':>8} {'extra':>6} {'seconds':>8}")
    for library, names in libraries.items():
        if wanted in libraries and wanted != library:
            continue
        chosen = [n for n in names() if wanted in libraries or wanted in n]
        correct = 0
        for name in chosen:
            problem = _print_row(library, name)
            correct += not problem
            failures += [f"{library}:{name}: {problem}"] if problem else []
            gc.collect()
        if chosen:
            share = correct / len(chosen)
            summaries.append(f"{library}: {correct} of {len(chosen)} models correct, {share:.1%}")
    print("\n".join([*summaries, *(["not correct:", *failures] if failures else ["no failures"])]))
    return 0


def _print_row(library: str, name: str) -> str:
    """Print one row, and return what is wrong, '' for nothing."""
    try:
        nodes, edges, missing, extra, seconds = measure(library, name)
    except Exception as error:
        print(f"{library + ':' + name:44} failed", flush=True)
        return f"{type(error).__name__}: {str(error).splitlines()[0][:150] if str(error) else ''}"
    title = f"{library}:{name}"
    print(f"{title:44} {nodes:6} {edges:6} {missing:8} {extra:6} {seconds:8.2f}", flush=True)
    return f"{missing} edges missing, {extra} too many" if missing or extra else ""


if __name__ == "__main__":
    raise SystemExit(main())
