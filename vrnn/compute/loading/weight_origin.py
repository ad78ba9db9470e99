"""Whether a model's weights are as they were initialized: only then is it called untrained.

Two witnesses must agree. While the user's code builds the model, everything that brings weights
from outside, trains them or writes over them is watched; afterwards the values are looked at.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from types import FrameType
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from vrnn.compute.model_attributes import attribute

INITIALIZERS = ("init", "reset_param", "trunc_normal")
"""Parts of the names of functions that give weights their first values."""
MAX_FRAMES = 12
"""Calling functions among which one that initializes is looked for."""
MIN_VALUES = 48
"""Fewer values say nothing about the distribution that they were drawn from."""
MAX_VALUES = 4096
"""Values of a tensor that are compared with a distribution."""
MIN_ROWS = 16
ROW_VALUES = 4 * MAX_VALUES
"""A tensor's values are taken from so many rows at least, that hold so many values together."""
MAX_KS = 2.5
"""Kolmogorov-Smirnov statistic × √n above which values were not drawn from a distribution: a sample
of it is there once in 130,000."""
MIN_RANDOM_SHARE = 0.9
"""Share of the weight tensors that have to look drawn: a few are built by rule, as position tables
and upsampling filters are."""

_TORCH_FOLDER = os.path.dirname(torch.__file__) + os.sep


@dataclass
class WeightEvents:
    """What happened to weights while the user's code ran.

    Attributes:
        sources: Names of what brought weights in, trained or overwrote them: `load_state_dict`.
        written: Addresses of the storages of tensors that are no parameters and were overwritten:
            they may share the memory of one.
    """

    sources: set[str] = field(default_factory=set)
    written: set[int] = field(default_factory=set)


@contextmanager
def watching_weights() -> Iterator[WeightEvents]:
    """Note what loads, trains or overwrites weights inside the block, whatever it is called."""
    events = WeightEvents()
    with ExitStack() as stack:
        for owner, name in _weight_sources():
            stack.enter_context(patch.object(owner, name, _noting(getattr(owner, name), events)))
        for owner, name in _WRITERS:
            write = _noting_write(getattr(owner, name), events)
            stack.enter_context(patch.object(owner, name, write))
        data: Any = torch.Tensor.data
        data = property(data.__get__, _noting_write(data.__set__, events))
        stack.enter_context(patch.object(torch.Tensor, "data", data))
        step = register_optimizer_step_post_hook(
            lambda optimizer, args, kwargs: events.sources.add("optimizer step")
        )
        stack.callback(step.remove)
        yield events


def _weight_sources() -> Iterator[tuple[Any, str]]:
    """Owner and name of each function that brings weights from outside."""
    import safetensors
    import safetensors.torch

    yield nn.Module, "load_state_dict"
    yield torch, "load"
    yield torch.serialization, "load"
    yield torch.jit, "load"
    yield torch._utils, "_rebuild_parameter"  # what any pickle of a model calls
    yield torch._utils, "_rebuild_tensor_v2"
    yield safetensors, "safe_open"
    for name in ("load", "load_file", "load_model", "safe_open"):
        yield safetensors.torch, name
    transformers = sys.modules.get("transformers.modeling_utils")
    for name in ("safe_open", "load_state_dict"):
        if hasattr(transformers, name):
            yield transformers, name


_WRITERS: tuple[tuple[Any, str], ...] = (
    (torch.Tensor, "copy_"), (torch.Tensor, "set_"), (torch.Tensor, "__setitem__"),
    (nn.Module, "register_parameter"),
)  # fmt: skip
"""Owner and name of each function that writes a tensor, or a module's parameter."""


def _noting(original: Callable[..., Any], events: WeightEvents) -> Callable[..., Any]:
    """A function that does what another does, and notes its name."""

    @wraps(original, updated=())
    def function(*args: Any, **kwargs: Any) -> Any:
        events.sources.add(getattr(original, "__name__", "load"))
        return original(*args, **kwargs)

    return function


def _noting_write(original: Callable[..., Any], events: WeightEvents) -> Callable[..., Any]:
    """A function that does what another does, and notes when the user's own code writes so."""

    @wraps(original, updated=())
    def function(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        weights = [a for a in (*args[:3], *kwargs.values()) if isinstance(a, nn.Parameter)]
        target = args[0]
        if isinstance(target, nn.Module) and not weights:
            return result
        if not _is_initializing():
            if weights and (weights[0] is target or isinstance(target, nn.Module)):
                events.sources.add("a write into a parameter")
            elif isinstance(target, torch.Tensor):
                events.written.add(_address(target))
        return result

    return function


def _is_initializing() -> bool:
    """Whether what runs was called by an initializer, or by torch itself, as to move a model."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_name == "__setattr__":
        frame = frame.f_back
    if frame is not None and frame.f_code.co_filename.startswith(_TORCH_FOLDER):
        return True
    for _ in range(MAX_FRAMES):
        if frame is None:
            break
        if any(word in frame.f_code.co_name.lower() for word in INITIALIZERS):
            return True
        frame = frame.f_back
    return False


def is_untrained(model: nn.Module, events: WeightEvents) -> bool:
    """Return whether a model's weights surely are as they were initialized.

    Args:
        model: The model.
        events: What happened while it was built.
    """
    if next(nn.Module.parameters(model), None) is None:
        return False  # it has none, or they are no parameters, as packed ones of integers
    if events.sources or _names_its_source(model) or not looks_initialized(model):
        return False
    addresses = {
        _address(tensor) for tensor in [*nn.Module.parameters(model), *nn.Module.buffers(model)]
    }
    return not (addresses - {0}) & events.written


def _address(tensor: torch.Tensor) -> int:
    """Where a tensor's numbers lie; 0 for sparse, meta and other tensors without such a place."""
    try:
        return tensor.untyped_storage().data_ptr()
    except (RuntimeError, NotImplementedError):
        return 0


def _names_its_source(model: nn.Module) -> bool:
    """Whether a model says itself where its weights are from, as `from_pretrained` leaves it."""
    for module in nn.Module.modules(model):
        config = attribute(module, "config")
        for name in (attribute(module, "name_or_path"), attribute(config, "_name_or_path")):
            if isinstance(name, str) and name:
                return True
    return False


def looks_initialized(model: nn.Module) -> bool:
    """Return whether a model's values are as random initialization leaves them.

    Norms still scale by a constant and have counted no batch; weights look drawn independently
    from a uniform, a normal, or a truncated normal distribution, or are zero, or orthogonal.
    """
    random: list[bool] = []
    for module in nn.Module.modules(model):
        if not _is_norm_untouched(module):
            return False
        for parameter in module.parameters(recurse=False):
            if not _is_plain(parameter):
                return False
            if parameter.dim() > 1 and parameter.numel() >= MIN_VALUES:
                values = parameter.detach()
                real = torch.view_as_real(values) if values.is_complex() else values
                random.append(_looks_drawn(real))
    return not random or sum(random) / len(random) >= MIN_RANDOM_SHARE


def _is_plain(tensor: torch.Tensor) -> bool:
    """Whether a tensor's values can be read as numbers."""
    unread = isinstance(tensor, nn.UninitializedParameter) or tensor.is_meta
    is_number = tensor.is_floating_point() or tensor.is_complex()
    return not unread and is_number and tensor.layout == torch.strided


def _is_norm_untouched(module: nn.Module) -> bool:
    """Whether a norm scales by one constant, adds one, and has seen no batch; True for others."""
    mean, variance = attribute(module, "running_mean"), attribute(module, "running_var")
    if isinstance(mean, torch.Tensor) and bool((mean != 0).any()):
        return False
    if isinstance(variance, torch.Tensor) and bool((variance != 1).any()):
        return False
    if "norm" not in type(module).__name__.lower():
        return True
    own = [p.detach() for p in module.parameters(recurse=False) if p.dim() == 1 and p.numel()]
    return all(bool((p == p[0]).all()) for p in own)


def _looks_drawn(weight: torch.Tensor) -> bool:
    """Whether a weight looks like one draw of a usual initializer."""
    values = weight.reshape(weight.shape[0], -1)
    rows = max(MIN_ROWS, ROW_VALUES // values.shape[1])
    kept = _without_zero_rows(values[:: max(1, len(values) // rows)])
    if not kept.numel():
        kept = _without_zero_rows(values)
    if not kept.numel():
        return True
    step = max(1, kept.numel() // MAX_VALUES)
    # An odd step does not take the same column of each row.
    sample = np.sort(kept[:: step + (step % 2 == 0)].double().numpy())
    spread = float(np.ptp(sample))
    if not np.isfinite(spread) or spread == 0:
        return False
    limit = MAX_KS / np.sqrt(len(sample))
    if any(distance < limit for distance in _distances(sample)):
        return True
    return _is_orthogonal(values.float().cpu())


def _without_zero_rows(values: torch.Tensor) -> torch.Tensor:
    """All values of a matrix but those of rows such as that of a padding index, in a line."""
    values = values.float().cpu()
    return values[(values != 0).any(1)].reshape(-1)


def _distances(sample: np.ndarray) -> Iterator[float]:
    """Kolmogorov-Smirnov distances of sorted values to the distributions of initializers."""
    low, high = sample[0], sample[-1]
    yield _distance(sample, (sample - low) / (high - low))
    mean, std = float(sample.mean()), float(sample.std())
    yield _distance(sample, _normal_cdf((sample - mean) / std))
    # Cut at two standard deviations, as trunc_normal_ often is: 0.88 of the deviation is left.
    cut = _normal_cdf(np.clip((sample - mean) / (std / 0.8796), -2, 2))
    tail = float(_normal_cdf(np.array(-2.0)))
    yield _distance(sample, (cut - tail) / (1 - 2 * tail))


def _distance(sample: np.ndarray, expected: np.ndarray) -> float:
    count = len(sample)
    steps = np.arange(count)
    return float(max((expected - steps / count).max(), ((steps + 1) / count - expected).max()))


def _normal_cdf(values: np.ndarray) -> np.ndarray:
    return torch.special.ndtr(torch.from_numpy(np.asarray(values, np.float64))).numpy()


def _is_orthogonal(values: torch.Tensor) -> bool:
    """Whether rows, or columns, are orthogonal and of one length, as `orthogonal_` makes them."""
    rows = values if values.shape[0] <= values.shape[1] else values.T
    if len(rows) > 512:
        rows = rows[:512]
    products = rows @ rows.T
    length = products.diagonal().mean()
    if length <= 0:
        return False
    return bool((products / length - torch.eye(len(rows))).abs().max() < 1e-3)
