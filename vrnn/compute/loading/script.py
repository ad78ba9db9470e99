"""Models from the unchanged script that defines them, with what the script offers beside."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import Subset

from vrnn.compute.forked_process import own_process
from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.factories import call_user_code, instantiate
from vrnn.compute.loading.model_evidence import called_names
from vrnn.compute.loading.script_attributes import ScriptAttributes
from vrnn.compute.loading.script_runner import run_script, source_files
from vrnn.compute.loading.user_traceback import explain_error
from vrnn.compute.loading.weight_origin import is_untrained, watching_weights
from vrnn.errors import VrnnError, is_ctrl_c
from vrnn.media.image_reader import to_rgb
from vrnn.media.image_set import ITEM_SECONDS, ImageSet
from vrnn.media.pixels import to_uint8_rgb
from vrnn.storage.input_file import describe_missing


def from_script(path: Path, name: str = "") -> ModelCandidate:
    """Run a script as Python would, but not as the main program, and take what it offers.

    Args:
        path: The script.
        name: Name of the model, class or function in it; '' to look for the usual ones.

    Raises:
        VrnnError: The script fails, or no model is found in it.
    """
    if not path.is_file():
        raise VrnnError(describe_missing(path, "model script"))
    with watching_weights() as events:
        module = run_script(path)
        model = _find_model(module, path, name)
    declared = getattr(module, "random_weights", None)
    attributes = ScriptAttributes(module, path)
    return ModelCandidate(
        model,
        f"{path.stem}:{name}" if name else path.stem,
        bool(declared) if declared is not None else is_untrained(model, events),
        attributes.class_names(),
        _read_dataset(module, path),
        attributes.function("transform", "a Pillow image and returns a (C, H, W) tensor"),
        attributes.input_size(),
        attributes.example_input(),
        attributes.numbers("mean"),
        attributes.numbers("std"),
        tokenizer=attributes.tokenizer(),
        axes=attributes.axes(),
        sample_rate=attributes.sample_rate(),
        source=path.name,
        loss_names=_loss_names(module),
        source_files=source_files(path),
    )


def _find_model(module: ModuleType, path: Path, name: str) -> nn.Module:
    if name:
        value: Any = module
        for part in name.split("."):
            if not hasattr(value, part):
                raise VrnnError(f"'{path.name}' has no '{name}'; it has {_list_models(module)}")
            value = getattr(value, part)
        return instantiate(value, f"{path.name}:{name}")
    for usual in ("model", "build_model"):
        value = getattr(module, usual, None)
        if isinstance(value, nn.Module) or (callable(value) and not inspect.isclass(value)):
            return instantiate(value, f"{path.name}:{usual}")
    instances = {n: v for n, v in vars(module).items() if isinstance(v, nn.Module)}
    classes = {n: c for n, c in _own_classes(module).items() if _takes_no_arguments(c)}
    candidates: dict[str, Any] = _without_aliases(instances or _outermost(classes))
    if len(candidates) == 1:
        ((only, value),) = candidates.items()
        return instantiate(value, f"{path.name}:{only}")
    if candidates:
        raise VrnnError(
            f"'{path.name}' has several models ({', '.join(candidates)}); choose one, "
            f"as {path.name}:{next(iter(candidates))}"
        )
    with_arguments = ", ".join(_own_classes(module))
    hint = f"; its modules need arguments ({with_arguments})" if with_arguments else ""
    raise VrnnError(
        f"there is no model in '{path.name}'{hint}: define `model = …` or a function `model()` or "
        "`build_model()` that returns an nn.Module"
    )


def _without_aliases(models: dict[str, Any]) -> dict[str, Any]:
    """Models by the first of their names."""
    names: dict[int, str] = {}
    for name, model in models.items():
        names.setdefault(id(model), name)
    return {name: models[name] for name in names.values()}


def _own_classes(module: ModuleType) -> dict[str, type[nn.Module]]:
    """nn.Module classes that the script itself defines."""
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isclass(value)
        and issubclass(value, nn.Module)
        and value.__module__ == module.__name__
    }


def _loss_names(module: ModuleType) -> tuple[str, ...]:
    """Names of the losses that the script makes, and all that its functions mention."""
    values = list(vars(module).values())
    made = [type(v).__name__ for v in values if type(v).__module__ == "torch.nn.modules.loss"]
    own = [v for v in values if getattr(v, "__module__", "") == module.__name__]
    return tuple(dict.fromkeys([*made, *called_names(own)]))


def _takes_no_arguments(class_: type[nn.Module]) -> bool:
    empty = inspect.Parameter.empty
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = list(inspect.signature(class_.__init__).parameters.values())[1:]
    return all(p.default is not empty or p.kind in kinds for p in parameters)


def _outermost(classes: dict[str, type[nn.Module]]) -> dict[str, type[nn.Module]]:
    """Without those that another one's code names: parts of it, or what it is based on."""
    if len(classes) < 2:
        return classes
    mentioned: set[str] = set()
    for class_ in classes.values():
        for function in vars(class_).values():
            code = getattr(function, "__code__", None)
            mentioned |= set(code.co_names) if code is not None else set()
        mentioned |= {base.__name__ for base in class_.__mro__[1:]}
    return {name: c for name, c in classes.items() if name not in mentioned} or classes


def _list_models(module: ModuleType) -> str:
    instances = [n for n, v in vars(module).items() if isinstance(v, nn.Module)]
    return ", ".join(instances + list(_own_classes(module))) or "no models"


def _read_dataset(module: ModuleType, path: Path) -> ImageSet | None:
    """The script's data set; its items are images, or tuples of an image and a class.

    Only its length is read now: items and labels follow when they are needed.
    """
    value = getattr(module, "dataset", None)
    if inspect.isfunction(value):
        value = call_user_code(value, f"{path.name}:dataset")
    if value is None or not hasattr(value, "__getitem__") or not hasattr(value, "__len__"):
        return None
    items = _DatasetItems(value, path)
    try:
        names: Any = getattr(value, "classes", None) or getattr(module, "class_names", ())
        return ImageSet(
            tuple(str(n) for n in names), _DatasetLabels(items), items.pixels, seconds=ITEM_SECONDS
        )
    except VrnnError as error:
        raise VrnnError(f"'{path.name}': {error}") from error
    except BaseException as error:
        if is_ctrl_c(error):
            raise
        raise VrnnError(
            f"'{path.name}': the data set does not say how long it is: "
            f"{explain_error(error, path.parent)}"
        ) from error


class _DatasetItems:
    """The items of the user's data set, one at a time: few are made for several threads."""

    def __init__(self, dataset: Any, path: Path) -> None:
        self.dataset = dataset
        self._path = path
        self._lock = threading.Lock()

    def __getitem__(self, index: int) -> Any:
        with self._lock, own_process():
            return self.dataset[index]

    def pixels(self, index: int) -> np.ndarray:
        """Return the image of an item.

        Args:
            index: Number of the item.

        Returns:
            (H, W, 3) uint8.

        Raises:
            VrnnError: The data set failed; the message names the user's own line.
        """
        try:
            return _item_to_rgb(self[index], self._path)
        except VrnnError:
            raise
        except BaseException as error:
            if is_ctrl_c(error):
                raise
            raise VrnnError(
                f"'{self._path.name}': {explain_error(error, self._path.parent)}"
            ) from error


class _DatasetLabels(Sequence[int]):
    """The classes of a data set's items, each looked up when it is needed.

    They come from the data set's list of them where it has one, else from the items.
    """

    def __init__(self, items: _DatasetItems) -> None:
        self._items = items
        self._count = len(items.dataset)

    def __len__(self) -> int:
        return self._count

    @cached_property
    def _lookup(self) -> Callable[[int], Any] | None:
        return _label_lookup(self._items.dataset)

    def __getitem__(self, index: Any) -> Any:
        if self._lookup is not None:
            return int(self._lookup(index))
        item = self._items[index]
        return int(item[1]) if isinstance(item, list | tuple) and len(item) > 1 else -1


def _label_lookup(dataset: Any) -> Callable[[int], Any] | None:
    """A function from an item's number to its label that does not read the item, or None.

    It reads `targets` or `labels`, as torchvision's data sets have them; of a
    `torch.utils.data.Subset` those of the whole.
    """
    if isinstance(dataset, Subset):
        whole = _label_lookup(dataset.dataset)
        return None if whole is None else lambda index: whole(dataset.indices[index])
    transform = getattr(dataset, "target_transform", None) or (lambda label: label)
    for name in ("targets", "labels"):
        labels: Any = getattr(dataset, name, None)
        if hasattr(labels, "__getitem__") and _length(labels) == len(dataset):
            return lambda index: transform(labels[index])
    return None


def _length(value: Any) -> int:
    try:
        return len(value)
    except TypeError:  # such as a tensor without dimensions
        return -1


def _item_to_rgb(item: Any, path: Path) -> np.ndarray:
    """(H, W, 3) uint8 of a data set's item."""
    image = item[0] if isinstance(item, list | tuple) else item
    if isinstance(image, Image.Image):
        return to_rgb(image)
    if isinstance(image, torch.Tensor):
        image = image.detach().cpu().numpy()
        if image.ndim == 3 and image.shape[0] in (1, 3, 4):
            image = image.transpose(1, 2, 0)
    pixels = np.asarray(image)
    if pixels.ndim not in (2, 3):
        raise VrnnError(f"'{path.name}': dataset should hold images, not {type(image).__name__}")
    return to_uint8_rgb(pixels)
