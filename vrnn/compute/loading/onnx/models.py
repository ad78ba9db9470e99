"""Opens an ONNX file as a torch module whose output onnxruntime confirms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.onnx.agreement import (
    TOLERANCE,
    output_difference,
    replace_differing_nodes,
)
from vrnn.compute.loading.onnx.example import (
    InputValue,
    check_size,
    example_arrays,
    example_shapes,
    read_inputs,
)
from vrnn.compute.loading.onnx.graph import fold_constants
from vrnn.compute.loading.onnx.network import OnnxNetwork, named_forward
from vrnn.compute.loading.onnx.onnx_file import (
    class_names,
    image_size,
    read_metadata,
    read_onnx,
)
from vrnn.compute.loading.onnx.operations import convert_nodes
from vrnn.compute.loading.onnx.runtime import OnnxRuntimeError, make_session, run_session
from vrnn.errors import VrnnError

MAX_NAMED_NODES = 3
"""Nodes that a note lists by name."""


def from_onnx(path: Path, size: tuple[int, int] | None = None) -> ModelCandidate:
    """Open an ONNX file.

    Each node becomes a torch module, and the whole is compared with onnxruntime on an example. What
    cannot be converted, or gives something else, is run by onnxruntime, without gradients.

    Args:
        path: The file.
        size: (height, width) in pixels of the image that goes in, for axes that are open.

    Returns:
        The model, with notes that tell how well it agrees and what was assumed.

    Raises:
        VrnnError: The file cannot be opened, or onnxruntime does not know what is in it.
    """
    model = read_onnx(path)
    title, metadata = path.stem, read_metadata(model)
    try:
        session = make_session(model, path)
    except OnnxRuntimeError as error:
        raise VrnnError(_refusal(path, str(error))) from error
    constants = fold_constants(model)
    inputs = read_inputs(model, constants)
    check_size(inputs, size, title)
    names = [value.name for value in session.get_outputs()]
    arrays, results = _run_example(session, names, inputs, size, image_size(metadata), title)
    del session
    opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    outputs = [value.name for value in model.graph.output]
    operations = convert_nodes(list(model.graph.node), constants, outputs, opset)
    network = named_forward(OnnxNetwork(model, operations, constants))
    expected = dict(zip(names, results, strict=True))
    found = output_difference(network, arrays, expected)
    # Zeros, as of a layer that was never trained, prove nothing of what is before them.
    if found > TOLERANCE or not any(np.any(result) for result in results):
        try:
            replace_differing_nodes(network, model, arrays)
        except OnnxRuntimeError as error:
            raise VrnnError(f"'{path}' cannot be followed node by node: {error}") from error
        found = output_difference(network, arrays, expected)
    network.finish()
    image = next((v for v in inputs if v.image_axes is not None), None)
    notes = [f"ONNX, opset {opset}: {_agreement(found)}"]
    if replaced := _replaced_note(network):
        notes.append(replaced)
    if opened := _open_axes_note(inputs, arrays, size):
        notes.append(opened)
    if image is None or len(inputs) > 1:
        pairs = zip(inputs, arrays, strict=True)
        made_up = [f"{v.name} {'×'.join(map(str, a.shape))}" for v, a in pairs if v is not image]
        notes.append(f"placeholder numbers go in ({', '.join(made_up)})")
    example = tuple(torch.from_numpy(array) for array in arrays)
    return ModelCandidate(
        network, title, random_weights=False, class_names=class_names(metadata),
        example_input=example, notes=tuple(notes), has_placeholder=True,
    )  # fmt: skip


def _run_example(
    session: Any, names: Sequence[str], inputs: list[InputValue], size: tuple[int, int] | None,
    known: tuple[int, int] | None, title: str,
) -> tuple[list[np.ndarray], list[Any]]:  # fmt: skip
    """Inputs that the graph takes, and what it makes of them."""
    first: OnnxRuntimeError | None = None
    tried = []
    for shapes in example_shapes(inputs, size, known):
        arrays = example_arrays(inputs, shapes)
        try:
            feeds = {value.name: array for value, array in zip(inputs, arrays, strict=True)}
            results = run_session(session, feeds, names)
        except OnnxRuntimeError as error:
            first = first or error
            tried.append(", ".join("×".join(map(str, shape)) for shape in shapes))
            continue
        return arrays, results
    advice = "give --input-size HxW" if size is None else "try another --input-size"
    raise VrnnError(f"'{title}' does not take inputs of {'; '.join(tried)} ({first}); {advice}")


def _refusal(path: Path, text: str) -> str:
    """What is said of a graph that onnxruntime does not load."""
    if match := re.search(
        r"[Nn]o [Oo]p registered for (\S+)|(\S+?)\(-?\d+\) is not a registered", text
    ):
        name = match[1] or match[2]
        return (
            f"'{path}' uses the operator {name}, which onnxruntime does not know; export the model "
            "without it, or with operators of ONNX alone"
        )
    if re.search(r"IR version|[Oo]pset", text) and re.search(r"support|under development", text):
        return (
            f"'{path}' is of a newer version than onnxruntime reads ({text}); update it with: "
            "pip install -U onnxruntime onnx, or export with a lower opset_version"
        )
    return f"onnxruntime cannot load '{path}': {text}"


def _agreement(found: float) -> str:
    if found == 0:
        return "its output is that of onnxruntime"
    if np.isfinite(found):
        told = "agrees with" if found <= TOLERANCE else "differs from"
        return f"its output {told} onnxruntime's within {found:.0e} of the largest value"
    return "its output differs from onnxruntime's, as of a model that draws random numbers"


def _replaced_note(network: OnnxNetwork) -> str:
    """Which nodes onnxruntime runs, and what that rules out."""
    calls = network.runtime_calls()
    if not calls:
        return ""
    named = ", ".join(call.path for call in calls[:MAX_NAMED_NODES])
    more = ", …" if len(calls) > MAX_NAMED_NODES else ""
    count = f"{len(calls)} of {len(network.calls)} nodes" if len(calls) > 1 else "one node"
    return (
        f"onnxruntime runs {count} ({named}{more}), through which no gradient flows: "
        "relevance, importance and explanations by gradient stop there, and layers behind have no "
        "feature visualization; occlusion, ablation, similarity and top activations work"
    )


def _open_axes_note(
    inputs: list[InputValue], arrays: list[np.ndarray], size: tuple[int, int] | None
) -> str:
    """How the axes were filled in that the file leaves open."""
    parts = []
    is_image = False
    for value, array in zip(inputs, arrays, strict=True):
        axes = [axis for axis, length in enumerate(value.shape) if length is None and axis]
        if axes and not (size and value.image_axes):
            parts.append(f"{value.name} {'×'.join(map(str, array.shape))}")
            is_image = is_image or value.image_axes is not None
    if not parts:
        return ""
    advice = "; --input-size HxW gives another size" if is_image else ""
    return f"the file leaves sizes open, taken is {', '.join(parts)}{advice}"
