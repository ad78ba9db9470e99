"""A model from the script that defines it, unchanged."""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import Subset

from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.model_zoo import call_user_code, instantiate
from vrnn.compute.user_traceback import explain_error
from vrnn.errors import VrnnError
from vrnn.media.image_reader import to_rgb
from vrnn.media.image_set import ImageSet


def from_script(path: Path, name: str = "") -> ModelCandidate:
    """Run a script as Python would, but not as the main program, and take what it offers.

    name: of the model, class or function in it; '' to look for the usual ones. Raises VrnnError.
    """
    if not path.is_file():
        raise VrnnError(f"there is no model script '{path}'")
    with _noting_weights() as loaded:
        module = _run(path)
        model = _model(module, path, name)
    said = getattr(module, "random_weights", None)
    return ModelCandidate(
        model,
        f"{path.stem}:{name}" if name else path.stem,
        bool(said) if said is not None else not loaded,
        tuple(str(n) for n in getattr(module, "class_names", ())),
        _dataset(module, path),
        getattr(module, "transform", None),
        _input_size(module, path),
        _example(module, path),
        _numbers(module, "mean", path),
        _numbers(module, "std", path),
    )


def split_script_name(text: str) -> tuple[Path, str]:
    """`script.py:Name` into its two parts; a drive's colon is not taken for that one."""
    place, colon, name = text.rpartition(":")
    if colon and place.endswith(".py") and name.replace(".", "_").isidentifier():
        return Path(place), name
    return Path(text), ""


def _run(path: Path) -> ModuleType:
    path = path.resolve()
    folder = str(path.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)  # stays: a model may import more when it runs
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    before, arguments = sys.modules.get(path.stem), sys.argv
    sys.modules[path.stem] = module  # dataclasses and pickle look their module up
    sys.argv = [str(path)]
    try:
        spec.loader.exec_module(module)
    except SystemExit as error:
        raise VrnnError(
            f"the script '{path.name}' ended itself (exit code {error.code}); "
            'put what runs the program under `if __name__ == "__main__":`'
        ) from error
    except Exception as error:
        raise VrnnError(f"cannot run '{path.name}': {explain_error(error, path.parent)}") from error
    finally:
        sys.argv = arguments
        if before is not None:
            sys.modules[path.stem] = before
    return module


@contextmanager
def _noting_weights() -> Iterator[list[bool]]:
    """Notes whether the script loads weights into any module."""
    noted: list[bool] = []
    plain = nn.Module.load_state_dict

    def load_state_dict(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        noted.append(True)
        return plain(self, *args, **kwargs)

    with patch.object(nn.Module, "load_state_dict", load_state_dict):
        yield noted


def _model(module: ModuleType, path: Path, name: str) -> nn.Module:
    if name:
        found: Any = module
        for part in name.split("."):
            if not hasattr(found, part):
                raise VrnnError(f"'{path.name}' has no '{name}'; it has {_listed(module)}")
            found = getattr(found, part)
        return instantiate(found, f"{path.name}:{name}")
    for usual in ("model", "build_model"):
        found = getattr(module, usual, None)
        if isinstance(found, nn.Module) or (callable(found) and not inspect.isclass(found)):
            return instantiate(found, f"{path.name}:{usual}")
    made = {n: v for n, v in vars(module).items() if isinstance(v, nn.Module)}
    classes = {n: c for n, c in _classes(module).items() if _needs_nothing(c)}
    candidates: dict[str, Any] = made or _outermost(classes)
    if len(candidates) == 1:
        ((only, found),) = candidates.items()
        return instantiate(found, f"{path.name}:{only}")
    if candidates:
        raise VrnnError(
            f"'{path.name}' has several models ({', '.join(candidates)}); choose one, "
            f"as {path.name}:{next(iter(candidates))}"
        )
    needy = ", ".join(_classes(module))
    hint = f"; its modules need arguments ({needy})" if needy else ""
    raise VrnnError(
        f"there is no model in '{path.name}'{hint}: define `model = …` or a function `model()` or "
        "`build_model()` that returns an nn.Module"
    )


def _classes(module: ModuleType) -> dict[str, type[nn.Module]]:
    """nn.Module classes that the script itself defines."""
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isclass(value)
        and issubclass(value, nn.Module)
        and value.__module__ == module.__name__
    }


def _needs_nothing(kind: type[nn.Module]) -> bool:
    empty = inspect.Parameter.empty
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    return all(p.default is not empty or p.kind in kinds for p in parameters)


def _outermost(classes: dict[str, type[nn.Module]]) -> dict[str, type[nn.Module]]:
    """Without those that another one's code names: parts of it, or what it builds upon."""
    if len(classes) < 2:
        return classes
    named: set[str] = set()
    for kind in classes.values():
        for function in vars(kind).values():
            code = getattr(function, "__code__", None)
            named |= set(code.co_names) if code is not None else set()
        named |= {base.__name__ for base in kind.__mro__[1:]}
    return {name: kind for name, kind in classes.items() if name not in named} or classes


def _listed(module: ModuleType) -> str:
    names = [n for n, v in vars(module).items() if isinstance(v, nn.Module)] + list(
        _classes(module)
    )
    return ", ".join(names) or "no models"


def _numbers(module: ModuleType, name: str, path: Path) -> tuple[float, ...] | None:
    value = getattr(module, name, None)
    if value is None or callable(value):
        return None
    try:
        return tuple(float(v) for v in np.atleast_1d(np.asarray(value, np.float64)))
    except (TypeError, ValueError) as error:
        raise VrnnError(f"'{path.name}': {name} should be numbers, one for each channel") from error


def _input_size(module: ModuleType, path: Path) -> tuple[int, int] | None:
    value = getattr(module, "input_size", None)
    if value is None or callable(value):
        return None
    sizes = (value, value) if isinstance(value, int) else value
    try:
        height, width = (int(n) for n in tuple(sizes)[-2:])
    except (TypeError, ValueError) as error:
        raise VrnnError(
            f"'{path.name}': input_size should be (height, width), not {value!r}"
        ) from error
    return height, width


def _example(module: ModuleType, path: Path) -> Any:
    value = getattr(module, "example_input", None)
    if inspect.isfunction(value):
        value = call_user_code(value, f"{path.name}:example_input")
    return value


def _dataset(module: ModuleType, path: Path) -> ImageSet | None:
    """The script's data set; its items are images, or tuples of an image and a class.

    Only its length is asked for: items and labels are read when they are needed.
    """
    value = getattr(module, "dataset", None)
    if inspect.isfunction(value):
        value = call_user_code(value, f"{path.name}:dataset")
    if value is None or not hasattr(value, "__getitem__") or not hasattr(value, "__len__"):
        return None
    items = _DatasetItems(value, path)
    try:
        names: Any = getattr(value, "classes", None) or getattr(module, "class_names", ())
        return ImageSet(tuple(str(n) for n in names), _DatasetLabels(items), items.pixels)
    except (Exception, SystemExit) as error:
        raise VrnnError(
            f"'{path.name}': the data set does not say how long it is: "
            f"{explain_error(error, path.parent)}"
        ) from error


class _DatasetItems:
    """What a data set of the user's holds, one at a time: few are made for several threads."""

    def __init__(self, dataset: Any, path: Path) -> None:
        self.dataset = dataset
        self._path = path
        self._lock = threading.Lock()

    def __getitem__(self, index: int) -> Any:
        with self._lock:
            return self.dataset[index]

    def pixels(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8 of item `index`. Raises VrnnError with the user's own line."""
        try:
            return _pixels(self[index], self._path)
        except VrnnError:
            raise
        except (Exception, SystemExit) as error:
            raise VrnnError(
                f"'{self._path.name}': {explain_error(error, self._path.parent)}"
            ) from error


class _DatasetLabels(Sequence[int]):
    """The classes of a data set's items, each looked up when asked for.

    They come from the data set's list of them where it has one, else from the items.
    """

    def __init__(self, items: _DatasetItems) -> None:
        self._items = items
        self._count = len(items.dataset)

    def __len__(self) -> int:
        return self._count

    @cached_property
    def _listed(self) -> Callable[[int], Any] | None:
        return _list_of_labels(self._items.dataset)

    def __getitem__(self, index: Any) -> Any:
        if self._listed is not None:
            return int(self._listed(index))
        item = self._items[index]
        return int(item[1]) if isinstance(item, list | tuple) and len(item) > 1 else -1


def _list_of_labels(dataset: Any) -> Callable[[int], Any] | None:
    """What gives a label without reading its item: `targets` or `labels`, as torchvision has them.

    Of a `torch.utils.data.Subset` those of the whole are taken.
    """
    if isinstance(dataset, Subset):
        whole = _list_of_labels(dataset.dataset)
        return None if whole is None else lambda index: whole(dataset.indices[index])
    change = getattr(dataset, "target_transform", None) or (lambda label: label)
    for name in ("targets", "labels"):
        listed: Any = getattr(dataset, name, None)
        if hasattr(listed, "__getitem__") and _length(listed) == len(dataset):
            return lambda index: change(listed[index])
    return None


def _length(value: Any) -> int:
    try:
        return len(value)
    except TypeError:  # such as a tensor without dimensions
        return -1


def _pixels(item: Any, path: Path) -> np.ndarray:
    """(H, W, 3) uint8 of a data set's item."""
    picture = item[0] if isinstance(item, list | tuple) else item
    if isinstance(picture, Image.Image):
        return to_rgb(picture)
    if isinstance(picture, torch.Tensor):
        picture = picture.detach().cpu().numpy()
        if picture.ndim == 3 and picture.shape[0] in (1, 3, 4):
            picture = picture.transpose(1, 2, 0)
    pixels = np.asarray(picture)
    if pixels.ndim not in (2, 3):
        raise VrnnError(f"'{path.name}': dataset should hold images, not {type(picture).__name__}")
    return to_uint8_rgb(pixels)


def to_uint8_rgb(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 of (H, W) or (H, W, C) in any range: 0…255, 0…1, or else what is in it."""
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    pixels = np.repeat(pixels, 3, -1) if pixels.shape[-1] == 1 else pixels[..., :3]
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    values = np.nan_to_num(pixels.astype(np.float64))
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    if low < 0 or high > 255:
        values = (values - low) / ((high - low) or 1) * 255
    elif high <= 1:
        values = values * 255
    return np.rint(values).clip(0, 255).astype(np.uint8)
