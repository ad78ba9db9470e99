"""What stages and rows are called: by their modules, in words that people use, each name once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

Path = tuple[str, ...]
"""Way through the module tree."""
CONTAINERS = {
    "blocks": "block", "layers": "layer", "stages": "stage", "groups": "group", "cells": "cell",
    "encoders": "encoder", "decoders": "decoder", "modules": "module", "units": "unit",
    "levels": "level", "heads": "head", "experts": "expert", "branches": "branch",
}  # fmt: skip
"""What one of several modules in a container of this name is called."""


def module_name(path: Path) -> str:
    """Return the name of a module: `layer3`, `block 3` for `blocks.3`, `features 5`.

    Args:
        path: Of the module; a number takes its parent's name along.
    """
    if len(path) > 1 and path[-1].isdigit():
        return f"{_one_of(path[-2])} {path[-1]}"
    return _words(path[-1]) if path else ""


def modules_name(paths: Sequence[Path]) -> str:
    """Return one name for several modules: `inception 4a–4e`, `block 0–11`, `encoder layer 2–3`.

    Args:
        paths: Of one or more modules, in run order.
    """
    first, last = module_name(paths[0]), paths[-1][-1]
    return first if paths[-1] == paths[0] else _span(first, paths[0][-1], last)


def part_name(stage: str, modules: Sequence[Path], here: Sequence[Path], is_module: bool) -> str:
    """Return the name of a part of a stage: `layer3 · 2–4`, `block 10–11`.

    Args:
        stage: Name of the stage.
        modules: Of the stage's blocks.
        here: Of those of them that are in the part.
        is_module: Whether the stage is one module, and its blocks are modules in that.
    """
    if not here:
        return stage
    if not is_module:
        return modules_name(here)
    names = [path[-1] for path in modules]
    stem = names[0].rstrip("0123456789")
    numbers = [name.removeprefix(stem) for name in names]
    if len(names) > 1 and all(n.isdigit() for n in numbers):
        ends = [path[-1].removeprefix(stem) for path in (here[0], here[-1])]
    else:
        ends = [_words(path[-1]) for path in (here[0], here[-1])]
    part = ends[0] if ends[0] == ends[1] else "–".join(ends)
    return f"{stage} · {part}"


def with_parents(names: Sequence[str], paths: Sequence[Path]) -> list[str]:
    """Return the names, those that several share with the modules that hold them before them.

    Args:
        names: Of stages.
        paths: Of the first module of each, () for none.
    """
    found = list(names)
    for above in range(2, 6):
        counts = Counter(found)
        for i, path in enumerate(paths):
            parent = path[-above] if len(path) >= above else ""
            is_new = parent and not parent.isdigit() and not found[i].startswith(_one_of(parent))
            if counts[found[i]] > 1 and is_new:
                found[i] = f"{_one_of(parent)} {found[i]}"
    return found


def numbered(names: Sequence[str]) -> list[str]:
    """Return the names, those that occur several times with which one of how many: `stem 1/2`."""
    counts, seen, found = Counter(names), Counter[str](), []
    for name in names:
        seen[name] += 1
        found.append(f"{name} {seen[name]}/{counts[name]}" if counts[name] > 1 and name else name)
    return found


def _span(name: str, first: str, last: str) -> str:
    """A name and the end of a span, without what the last repeats of the first."""
    shared = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    while shared and last[shared - 1].isdigit():
        shared -= 1
    begins = first[shared : shared + 1], last[shared : shared + 1]
    if not (first[:shared].endswith("_") or all(map(str.isdigit, begins))):
        shared = 0  # inside of a word: `input` and `inception`
    letters = first[:shared]
    if letters and name.endswith(first) and letters[-1].isalpha():
        name = f"{name.removesuffix(first)}{_words(letters)} {first[shared:]}"
    return f"{name}–{_words(last[shared:])}"


def _one_of(container: str) -> str:
    return CONTAINERS.get(container, _words(container))


def _words(name: str) -> str:
    return name.replace("_", " ").strip()
