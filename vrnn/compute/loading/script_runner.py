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
from vrnn.compute.loading.script_imports import (
    add_script_folder,
    folder_of,
    forget_modules,
    has_module,
    script_folders,
    set_aside,
)
from vrnn.compute.loading.torchvision_compat import watch_torchvision
from vrnn.compute.loading.user_traceback import explain_error
from vrnn.compute.script_opening import opening_script
from vrnn.errors import VrnnError, is_ctrl_c
from vrnn.storage.terminal import fill_standard_descriptors

_modules_before: set[str] = set()
"""Names of modules that were there before the first script ran: none of theirs."""


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
    _search_first(path.parent)
    watch_torchvision()
    name = path.stem
    levels = _package_levels(path)
    arguments, folder = sys.argv, os.getcwd()
    places, depth = list(sys.path), sys.getrecursionlimit()
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
        with own_process(), no_spawned_processes(), opening_script():
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
        # What it takes away, vrnn still needs: another limit of calls, places to import from.
        sys.setrecursionlimit(max(depth, sys.getrecursionlimit()))
        sys.path += [place for place in places if place not in sys.path]
        with suppress(OSError):
            os.chdir(folder)
        if module_before is not None:
            sys.modules[name] = module_before
    return module


def _search_first(folder: Path) -> None:
    """Let imports find what lies in a folder as it is now.

    Modules of an earlier run are dropped: they may have been edited, or belong to another script
    that has the same names. The folder stays in the path: a model may import more when it runs.
    """
    _modules_before.update(() if script_folders else sys.modules)
    add_script_folder(folder)
    if sys.path[:1] != [str(folder)]:
        sys.path[:] = [str(folder), *(place for place in sys.path if place != str(folder))]
    importlib.invalidate_caches()
    for name, module in _modules_of_scripts():
        if folder_of(module) == folder or has_module(folder, name):
            set_aside(name)
    forget_modules(folder)


def _modules_of_scripts() -> list[tuple[str, ModuleType]]:
    """Modules and packages without their parts that lie in folders of scripts, with their names."""
    return [
        (name, module)
        for name, module in sys.modules.copy().items()
        if "." not in name
        and name not in _modules_before
        and name != __name__.partition(".")[0]
        and folder_of(module) in script_folders
    ]


def source_files(path: Path) -> tuple[Path, ...]:
    """Return a script that has run, and the files beside it that it has imported."""
    path = path.resolve()
    tops = {name for name, module in _modules_of_scripts() if folder_of(module) == path.parent}
    parts = [m for name, m in sys.modules.copy().items() if name.partition(".")[0] in tops]
    files = [file for part in parts if isinstance(file := getattr(part, "__file__", None), str)]
    return (path, *sorted({Path(file) for file in files} - {path}))


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
    _search_first(folders[-1].parent)
    names = [folder.name for folder in reversed(folders)]
    try:
        package = importlib.import_module(".".join(names))
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] == names[0].split(".")[0]:
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
