"""Runs a script as Python would, but not as the main program; as a part of its package if it is."""

from __future__ import annotations

import ast
import importlib
import os
import sys
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from vrnn.compute.forked_process import no_spawned_processes, own_process
from vrnn.compute.loading.torchvision_compat import watch_torchvision
from vrnn.compute.loading.user_traceback import explain_error
from vrnn.errors import VrnnError, is_ctrl_c
from vrnn.storage.terminal import fill_standard_descriptors


def run_script(path: Path) -> ModuleType:
    """Run a script and return its module.

    What it needs from its folder, or by relative imports from its package, is found. The present
    folder and the arguments of the program are as before afterwards.

    Args:
        path: The script.

    Raises:
        VrnnError: It fails; the message names the line.
    """
    path = path.resolve()
    _add_to_path(path.parent)
    watch_torchvision()
    name = path.stem
    levels = _package_levels(path)
    arguments, folder = sys.argv, os.getcwd()
    sys.argv = [str(path)]
    module_before = sys.modules.get(name)
    try:
        if levels:
            name, module_before = _enter_package(path, levels), None
        spec = spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        sys.modules[name] = module  # dataclasses and pickle look their module up
        with own_process(), no_spawned_processes():
            spec.loader.exec_module(module)
    except SystemExit as error:
        raise VrnnError(
            f"the script '{path.name}' ended itself (exit code {error.code}); "
            'put what runs the program under `if __name__ == "__main__":`'
        ) from error
    except VrnnError:
        raise
    except BaseException as error:
        if is_ctrl_c(error):
            raise
        raise VrnnError(f"cannot run '{path.name}': {explain_error(error, path.parent)}") from error
    finally:
        fill_standard_descriptors()  # a script may close them
        sys.argv = arguments
        with suppress(OSError):
            os.chdir(folder)
        if module_before is not None:
            sys.modules[name] = module_before
    return module


def _add_to_path(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))  # stays: a model may import more when it runs


def _package_levels(path: Path) -> int:
    """How many folders above a script are packages that its relative imports need; 0 for none."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return 0  # running it tells
    levels = max((n.level for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)), default=0)
    if not levels:
        return 0
    folder, marked = path.parent, 0
    while (folder / "__init__.py").is_file() and folder.parent != folder:
        folder, marked = folder.parent, marked + 1
    return max(levels, marked)


def _enter_package(path: Path, levels: int) -> str:
    """Import the packages that a script lies in, and return its full name."""
    folders = [path.parent, *path.parent.parents][:levels]
    _add_to_path(folders[-1].parent)
    names = [folder.name for folder in reversed(folders)]
    try:
        package = importlib.import_module(".".join(names))
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] == names[0]:
            raise VrnnError(
                f"'{path.name}' imports relatively, but its folder '{'/'.join(names)}' cannot be "
                "imported as a package; name folders without dots, or import absolutely"
            ) from error
        raise
    found = [Path(p).resolve() for p in getattr(package, "__path__", ())]
    if path.parent not in found:
        raise VrnnError(
            f"'{path.name}' imports relatively from '{'.'.join(names)}', but another package of "
            "that name is installed; rename the folder, or import absolutely"
        )
    return ".".join([*names, path.stem])
