"""Imports of several scripts: each finds the modules of its own folder, whenever it imports them.

Scripts of two folders may both have a `helper.py`. Python knows one module of a name, so what one
of them imports as late as in `forward` would be the other's.
"""

from __future__ import annotations

import builtins
import importlib
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

script_folders: set[Path] = set()
"""Folders that scripts were run from, and whose modules are theirs."""
_set_aside: dict[Path, dict[str, ModuleType]] = {}
"""By folder: modules that had to leave `sys.modules` to those of another folder."""
_lock = threading.RLock()
_import = builtins.__import__


def folder_of(module: ModuleType) -> Path | None:
    """Return the folder that a module or a package lies in; None for built-in ones."""
    places = [*getattr(module, "__path__", ()), getattr(module, "__file__", None)]
    return Path(places[0]).parent if isinstance(places[0], str) else None


def has_module(folder: Path, name: str) -> bool:
    """Return whether a folder has a module or package of a name."""
    return (folder / f"{name}.py").is_file() or (folder / name).is_dir()


def add_script_folder(folder: Path) -> None:
    """Note a folder of scripts.

    From the second folder on, imports look at who imports; it costs a little each time.
    """
    script_folders.add(folder)
    if len(script_folders) > 1:
        builtins.__import__ = _import_of_folder


def forget_modules(folder: Path) -> None:
    """Keep no module of a folder any more: they may have been edited, and are to be run again."""
    _set_aside.pop(folder, None)


def set_aside(name: str) -> None:
    """Take a module, with its parts, out of `sys.modules`, and keep it for its own folder."""
    folder, modules = folder_of(sys.modules[name]), _take(name)
    if folder in script_folders:
        assert folder is not None
        _set_aside.setdefault(folder, {}).update(modules)


def _take(name: str) -> dict[str, ModuleType]:
    """Modules of a name and their parts, which leave `sys.modules`."""
    names = [n for n in sys.modules.copy() if n == name or n.startswith(f"{name}.")]
    return {n: sys.modules.pop(n) for n in names}


def _import_of_folder(
    name: str, globals: Mapping[str, Any] | None = None, locals: Mapping[str, Any] | None = None,
    fromlist: Sequence[str] | None = (), level: int = 0,
) -> Any:  # fmt: skip
    """Do what `__import__` does, in the folder of the script that asks for it."""
    file = globals.get("__file__") if globals and not level else None
    if isinstance(file, str) and "site-packages" not in file:
        folder = next((f for f in Path(file).parents if f in script_folders), None)
        top = name.partition(".")[0]
        if folder is not None and _is_of_another(folder, top):
            with _modules_of(folder, top):
                return _import(name, globals, locals, fromlist, level)
    return _import(name, globals, locals, fromlist, level)


def _is_of_another(folder: Path, name: str) -> bool:
    """Whether another folder of scripts has, or would give, a module that a folder has too."""
    present = sys.modules.get(name)
    owner = None if present is None else folder_of(present)
    if owner == folder or (present is not None and owner not in script_folders):
        return False
    return has_module(folder, name)


@contextmanager
def _modules_of(folder: Path, name: str) -> Iterator[None]:
    """Let a name mean a folder's module for the time of an import."""
    with _lock:
        others, places = _take(name), list(sys.path)
        own = _set_aside.setdefault(folder, {})
        sys.modules.update({n: m for n, m in own.items() if n.partition(".")[0] == name})
        sys.path[:] = [str(folder), *(place for place in places if place != str(folder))]
        importlib.invalidate_caches()
        try:
            yield
        finally:
            if others:  # else it stays, as any import would leave it
                own.update(_take(name))
                sys.modules.update(others)
            sys.path[:] = places
