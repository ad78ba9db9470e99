"""Open models of fifteen libraries' families, and say how right each graph is.

    python -m benchmarks.libraries           # all of them
    python -m benchmarks.libraries hf_ pyg   # those whose names begin so

The libraries are installed into an environment of their own in the user's cache folder. The models,
small ones with random weights, are the scripts in benchmarks/library_models: they open in vrnn too.
Prints of each whether it opens, its nodes, whether the parameters of all nodes sum to the model's,
how many edges between layers it misses or has too many beside autograd's own records (`-` where no
gradient shows them), what its outputs are taken for (`?` where that is unsure), and the seconds
that opening took. Ends with code 1 unless all open.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from benchmarks.timing import format_table

MODELS = Path(__file__).resolve().parent / "library_models"
MAX_SECONDS = 300
"""Seconds that a model may take to open."""
HEADINGS = ("model", "opens", "nodes", "parameters", "missing", "extra", "outputs", "seconds")
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "YOLO_OFFLINE": "true"}
"""Environment variables that keep libraries from looking for updates and weights."""


def main() -> int:
    """Run the benchmark; returns the exit code."""
    words = sys.argv[1:]
    if words[:1] == ["--child"]:
        print(json.dumps(describe(Path(words[1]))))
        return 0
    from benchmarks.library_environment import library_environment

    python = library_environment()
    rows: list[tuple[str, ...]] = [HEADINGS]
    sentences: list[str] = []
    for script in sorted(MODELS.glob("*.py")):
        if not words or script.name.startswith(tuple(words)):
            row = _run_child(python, script)
            print(f"{script.stem}: {row['opens']}", file=sys.stderr, flush=True)
            rows.append((script.stem, *(str(row.get(name, "")) for name in HEADINGS[1:])))
            sentences += [f"{script.stem}: {text}" for text in row["sentences"]]
    print("\n".join([format_table(rows), "", *sentences]))
    return int(any(row[1] != "yes" for row in rows[1:]))


def _run_child(python: Path, script: Path) -> dict[str, Any]:
    """Describe a model in a process of the libraries' environment."""
    try:
        ended = subprocess.run(
            [python, "-m", "benchmarks.libraries", "--child", script],
            cwd=MODELS.parent.parent, env=os.environ | OFFLINE, capture_output=True, text=True,
            timeout=MAX_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"opens": "hangs", "sentences": []}
    try:
        found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
        return found
    except (IndexError, json.JSONDecodeError):
        return {"opens": "fails", "sentences": ended.stderr.strip().splitlines()[-1:]}


def describe(script: Path) -> dict[str, Any]:
    """Open a model and describe it.

    Args:
        script: A model script.

    Returns:
        A value for each of `HEADINGS` after the first, and `sentences`.
    """
    warnings.simplefilter("ignore")
    from vrnn.compute.loaded_model import LoadedModel
    from vrnn.compute.loading.source import open_source
    from vrnn.compute.loading.torchvision_compat import allow_torchvision
    from vrnn.compute.tracing.autograd_edges import compare_with_autograd
    from vrnn.errors import VrnnError
    from vrnn.network.model_spec import ModelSpec

    allow_torchvision()
    started = time.perf_counter()
    try:
        model = LoadedModel(open_source(ModelSpec(str(script))), "layers")
        result = model.run(None, lambda node, maps: None, lambda: None)
    except VrnnError as error:
        return {"opens": "refused", "sentences": [str(error)]}
    seconds = time.perf_counter() - started
    try:
        missing, extra = compare_with_autograd(model.source.model, model.inputs)
        edges = {"missing": len(missing), "extra": len(extra)}
        sentences = [f"missing {a} → {b}" for a, b in missing[:3]]
        sentences += [f"too many {a} → {b}" for a, b in extra[:3]]
    except Exception as error:  # a model that cannot be differentiated
        edges, sentences = {}, [f"no gradients to compare with: {type(error).__name__}: {error}"]
    nodes, total = model.network.nodes, model.info.parameters
    count = sum(node.parameters for node in nodes)
    outputs = [f"{o.name}: {o.kind}{'' if o.is_sure else '?'}" for o in result.outputs]
    return {
        "opens": "yes",
        "nodes": len(nodes),
        "parameters": f"{count:,}" if count == total else f"{count:,}≠{total:,}",
        "missing": edges.get("missing", "-"),
        "extra": edges.get("extra", "-"),
        "outputs": ", ".join(outputs),
        "seconds": f"{seconds:.2f}",
        "sentences": [*model.info.notes, *sentences],
    }


if __name__ == "__main__":
    sys.exit(main())
