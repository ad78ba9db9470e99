"""Reads an ONNX file: what is wrong with one is said before anything of it is used."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vrnn.compute.loading.weights import not_downloaded
from vrnn.errors import VrnnError, error_text
from vrnn.storage.input_file import check_regular, describe_missing, reason
from vrnn.storage.terminal import one_line

PACKAGES = ("onnx", "onnxruntime", "onnx2pytorch")
"""What the extra `onnx` installs."""
MAX_FILE_BYTES = 2 << 30
"""Of the file itself: no more can be written in this format."""
MAX_EXTERNAL_BYTES = 16 << 30
"""Of all weights that lie beside it."""
MAX_NODES = 20_000
CLASS_KEYS = ("names", "class_names", "classes", "labels", "character")
"""Keys of an ONNX file's metadata under which programs keep the names of classes."""


def read_onnx(path: Path) -> Any:
    """Read an ONNX file with the weights that lie beside it.

    Args:
        path: The file.

    Returns:
        An `onnx.ModelProto` that holds all of its weights, its local functions inlined.

    Raises:
        VrnnError: The extra is not installed, or the file is missing, damaged, too large, not in
            ONNX, or names weights that are not there.
    """
    check_installed()
    import onnx
    from google.protobuf.message import DecodeError
    from onnx.inliner import inline_local_functions

    try:
        check_regular(path)
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(512)
        if size > MAX_FILE_BYTES:
            raise VrnnError(
                f"'{path}' is larger than {MAX_FILE_BYTES >> 30} GB, more than an ONNX file can "
                "be; save its weights beside it (external data)"
            )
        if problem := not_downloaded(start, "an ONNX model"):
            raise VrnnError(f"the model '{path}' {problem}")
        model = onnx.load(path, load_external_data=False)
    except FileNotFoundError as error:
        raise VrnnError(describe_missing(path, "ONNX file")) from error
    except (OSError, MemoryError) as error:
        raise VrnnError(f"the model '{path}' cannot be read: {reason(error)}") from error
    except DecodeError as error:
        raise VrnnError(
            f"'{path}' is cut short, damaged or no ONNX model; copy or export it again"
        ) from error
    if not model.graph.node or not model.opset_import:
        raise VrnnError(f"'{path}' holds no ONNX graph; copy or export it again")
    if len(model.graph.node) > MAX_NODES:
        raise VrnnError(
            f"'{path}' has {len(model.graph.node):,} nodes, more than {MAX_NODES:,}; export a part"
        )
    _load_external(model, path)
    if model.functions:
        try:
            model = inline_local_functions(model)
        except Exception as error:  # the library raises what its C++ part does
            text = one_line(error_text(error))[:200]
            raise VrnnError(f"the functions in '{path}' cannot be resolved: {text}") from error
    return model


def check_installed() -> None:
    """Raise VrnnError with the line that installs what is missing to read ONNX."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise VrnnError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed; "
            "run: pip install 'vrnn[onnx]'"
        )


def _load_external(model: Any, path: Path) -> None:
    """Read the weights that lie in other files, none of which may be outside the model's folder."""
    from onnx.external_data_helper import load_external_data_for_model, uses_external_data

    folder = path.resolve().parent
    total = 0
    for tensor in _tensors(model.graph):
        if not uses_external_data(tensor):
            continue
        entry = {item.key: item.value for item in tensor.external_data}
        file = (folder / entry.get("location", "")).resolve()
        if folder not in file.parents:
            raise VrnnError(
                f"'{path}' names weights outside of its folder ('{entry.get('location', '')}'), "
                "which are not read; put them beside it and export it again"
            )
        if not file.is_file():
            raise VrnnError(
                f"the weights of '{path}' are missing: put '{entry['location']}' into the folder "
                f"'{folder}'"
            )
        end = int(entry.get("offset", 0)) + int(entry.get("length", 0))
        if end > file.stat().st_size:
            raise VrnnError(
                f"'{file}', which holds weights of '{path}', is cut short: '{tensor.name}' ends "
                f"behind its {file.stat().st_size:,} bytes; copy it again"
            )
        total += int(entry.get("length", file.stat().st_size))
    if total > MAX_EXTERNAL_BYTES:
        raise VrnnError(
            f"the weights of '{path}' are larger than {MAX_EXTERNAL_BYTES >> 30} GB together"
        )
    if total:
        try:
            load_external_data_for_model(model, str(folder))
        except Exception as error:  # checks of the library's own, of many types
            text = one_line(error_text(error))[:200]
            raise VrnnError(f"the weights of '{path}' cannot be read: {text}") from error


def _tensors(graph: Any) -> Iterator[Any]:
    """Each tensor that a graph or one inside of its nodes holds."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            if attribute.HasField("g"):
                yield from _tensors(attribute.g)
            for inner in attribute.graphs:
                yield from _tensors(inner)


def read_metadata(model: Any) -> dict[str, str]:
    """Return what a model says of itself, by key."""
    return {entry.key: entry.value for entry in model.metadata_props}


def class_names(metadata: dict[str, str]) -> tuple[str, ...]:
    """Return the names of classes in a model's metadata; () if there are none.

    Known are a dict or list in Python's or JSON's form, as Ultralytics writes it, and one name
    on each line, as PaddleOCR does.

    Args:
        metadata: As `read_metadata` gives it.
    """
    for key in CLASS_KEYS:
        text = metadata.get(key, "").strip("\n")
        if text:
            return _names_in(text)
    return ()


def _names_in(text: str) -> tuple[str, ...]:
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(value, dict):
            by_number = {int(k): v for k, v in value.items() if str(k).isdecimal()}
            value = [by_number[i] for i in range(len(by_number)) if i in by_number]
        if isinstance(value, list | tuple):
            return tuple(str(name) for name in value)
    lines = text.splitlines() if "\n" in text else text.split(",")
    return tuple(line.strip() for line in lines) if len(lines) > 1 else ()


def image_size(metadata: dict[str, str]) -> tuple[int, int] | None:
    """Return (height, width) in pixels that a model's metadata names, as Ultralytics writes it."""
    try:
        value = ast.literal_eval(metadata.get("imgsz", ""))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    sides = [value] * 2 if isinstance(value, int) else value
    is_size = isinstance(sides, list | tuple) and len(sides) == 2
    if not is_size or not all(isinstance(s, int) and 0 < s <= 65_536 for s in sides):
        return None
    return int(sides[0]), int(sides[1])
