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
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from vrnn.errors import UntrustedCodeError
from vrnn.network.model_spec import LIBRARIES, ModelSpec, split_script_name
from vrnn.storage import trusted_code

NO_CODE = frozenset({"default", "imagenet", "digits"})


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
    """
    if not isinstance(model, str) or model in NO_CODE or model.startswith(LIBRARIES):
        return None
    script, _ = split_script_name(model)
    is_script = script.suffix == ".py"
    file = script if is_script else _module_file(model.rpartition(":")[0])
    if file is None or not file.is_file():
        return None
    name = str(script) if is_script else model
    # Where it is counts too: what it imports lies beside it.
    place = os.path.realpath(file) if is_script else f"{model}\0{os.path.realpath(file)}"
    digest = hashlib.sha256(os.fsencode(place) + b"\0")
    try:
        digest.update(file.read_bytes())
    except OSError:  # it cannot be run either; opening it says why
        return None
    return ModelCode(name, digest.hexdigest())


def _module_file(name: str) -> Path | None:
    """Find the file of a module without importing the packages that it is in."""
    places = [os.getcwd(), *sys.path]
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        spec = PathFinder.find_spec(".".join(parts[:count]), places)
        if spec is None:
            return None
        places = list(spec.submodule_search_locations or ())
    return Path(spec.origin) if spec and spec.origin else None


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
