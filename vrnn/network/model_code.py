"""Which code of the user's a model runs when it is opened, and which of it the user has allowed.

A session file or a list of commands may come from anyone, and names scripts; these run only if
the user has opened them before, as they are now, or says so.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from vrnn.errors import UntrustedCodeError
from vrnn.network.model_spec import (
    CUBE,
    LIBRARIES,
    ModelSpec,
    is_model_file,
    split_script_name,
)
from vrnn.storage import trusted_code
from vrnn.storage.input_file import read_bytes

NO_CODE = frozenset({"default", "imagenet", "digits"})
MAX_CODE_BYTES = 256 << 20
"""Of a script or of a compiled module."""


@dataclass(frozen=True)
class ModelCode:
    """A script or a factory.

    Attributes:
        name: What messages call it: a path, or `package.module:factory`.
        digest: SHA-256 of where it is and what it holds.
    """

    name: str
    digest: str


def model_code(model: Any) -> ModelCode | None:
    """Find the code that opening a model runs; nothing is imported.

    Args:
        model: As in `ModelSpec`.

    Returns:
        None for what comes with vrnn or a library, for an object in Python, and for what is not
        there, so that it cannot be run either.

    Raises:
        VrnnError: The code cannot be read, or is larger than any script.
    """
    if not isinstance(model, str) or model in NO_CODE or model.startswith((*LIBRARIES, CUBE)):
        return None
    script, _ = split_script_name(model)
    if is_model_file(script):
        return None
    if script.suffix == ".py":
        return _code(str(script), os.path.realpath(script), script) if script.is_file() else None
    module = model.rpartition(":")[0]
    spec = _find_module(module) if all(map(str.isidentifier, module.split("."))) else None
    if spec is None:
        return None
    file = Path(spec.origin or "")
    if not file.is_file():  # built in, or in an archive: known by its name alone
        return _code(model, f"{model}\0{spec.origin}", None)
    return _code(model, f"{model}\0{os.path.realpath(file)}", file)


def _code(name: str, place: str, file: Path | None) -> ModelCode:
    """Make the digest of code: where it is counts too, as what it imports lies beside it."""
    digest = hashlib.sha256(os.fsencode(place) + b"\0")
    if file is not None:
        digest.update(read_bytes(file, "the code", MAX_CODE_BYTES))
    return ModelCode(name, digest.hexdigest())


def _find_module(name: str) -> ModuleSpec | None:
    """Find a module as an import does, without importing the packages that it is in."""
    parts = name.split(".")
    spec = PathFinder.find_spec(parts[0], [os.getcwd()]) or _ask_finders(parts[0], None)
    for count in range(2, len(parts) + 1):
        if spec is None:
            return None
        spec = _ask_finders(".".join(parts[:count]), list(spec.submodule_search_locations or ()))
    if spec is None and name in sys.modules:
        return ModuleSpec(name, None)
    return spec


def _ask_finders(name: str, places: list[str] | None) -> ModuleSpec | None:
    """Ask all finders: packages in development are not in `sys.path` but have one of their own."""
    for finder in sys.meta_path:
        spec = finder.find_spec(name, places) if hasattr(finder, "find_spec") else None
        if spec is not None:
            return spec
    return None


def trust_models(specs: Iterable[ModelSpec]) -> None:
    """Remember that the user runs the code of these models."""
    for code in filter(None, (model_code(spec.model) for spec in specs)):
        trusted_code.trust(code.digest)


def check_trusted(specs: Iterable[ModelSpec], file: Path) -> None:
    """Check that the user has run the code of these models before.

    Args:
        specs: The models that a file names.
        file: The file.

    Raises:
        UntrustedCodeError: One has not been run, or was changed since then.
    """
    found = filter(None, (model_code(spec.model) for spec in specs))
    unknown = {code.digest: code.name for code in found if not trusted_code.is_trusted(code.digest)}
    if unknown:
        raise UntrustedCodeError(file, tuple(unknown.values()), tuple(unknown))
