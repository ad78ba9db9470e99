"""How ONNX files open: exports of known models by both exporters, and files that are given.

    python -m benchmarks.onnx_files [FILE…] [--models resnet18,…] [--opsets 11,18]

Prints for each: nodes, those that onnxruntime has to run, the largest difference from its output as
a share of the largest value, and seconds to open. Needs torchvision, and onnxscript for the newer
exporter. Weights are random, as what is compared is arithmetic.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import tempfile
import time
import warnings
from pathlib import Path

import torch

from vrnn.compute.loading.onnx.models import from_onnx
from vrnn.compute.loading.torchvision_compat import allow_torchvision
from vrnn.errors import VrnnError

MODELS = (
    "alexnet", "vgg11", "resnet18", "densenet121", "mobilenet_v3_small", "efficientnet_b0",
    "squeezenet1_1", "shufflenet_v2_x0_5", "googlenet", "convnext_tiny", "vit_b_16", "swin_t",
)  # fmt: skip
OPSETS = (11, 13, 17, 18)


def export(name: str, opset: int, is_new: bool, path: Path) -> str:
    """Export a model; return '' or why it cannot be exported."""
    from torchvision import models

    torch.manual_seed(0)
    model = models.get_model(name, weights=None).eval()
    for parameter in model.parameters():
        if not parameter.any():  # as the last layers of transformers begin
            torch.nn.init.normal_(parameter, std=0.02)
    image = torch.randn(1, 3, 224, 224)
    silence = io.StringIO()
    try:
        with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
            torch.onnx.export(
                model, (image,), str(path), opset_version=opset, dynamo=is_new, verbose=False
            )
    except Exception as error:  # the exporters raise many kinds
        return type(error).__name__
    return ""


def row(name: str, path: Path) -> str:
    """Open a file and tell how it went, as a line of a table."""
    start = time.perf_counter()
    try:
        candidate = from_onnx(path)
    except VrnnError as error:
        return f"| {name} | refused: {error} | | | | |"
    seconds = time.perf_counter() - start
    found = re.search(r"within (\S+) of", candidate.notes[0])
    opset = candidate.notes[0].split(":")[0].rpartition(" ")[2]
    model = candidate.model
    told = found[1] if found else "0"
    runtime = len(model.runtime_calls())  # type: ignore[operator]
    return f"| {name} | {opset} | {len(model.calls)} | {runtime} | {told} | {seconds:.1f} |"  # type: ignore[arg-type]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--opsets", default=",".join(map(str, OPSETS)))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    allow_torchvision()
    print("| file | opset | nodes | by onnxruntime | difference | seconds |")
    print("|---|---|---|---|---|---|")
    for file in arguments.files:
        print(row(file.stem, file), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in filter(None, arguments.models.split(",")):
            for opset in map(int, arguments.opsets.split(",")):
                for is_new in (False, True):
                    kind = "new" if is_new else "old"
                    path = Path(folder) / f"{name}.onnx"
                    problem = export(name, opset, is_new, path)
                    label = f"{name}, {kind} exporter, opset {opset} asked"
                    print(f"| {label} | not exported: {problem} | | | | |" if problem
                          else row(label, path), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
