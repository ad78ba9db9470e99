"""One pass of a model on inputs that may be wrong, watched: which layers took them, what failed.

A `TorchFunctionMode` sees each call of torch, also of layers that are registered nowhere. Tensors
that come from an input carry its number, so that a layer that fails tells which input has to be
another, and how.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any, Literal, NamedTuple

import torch
from torch import nn
from torch.nn.modules import module as hooks
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from vrnn.compute.loading.user_traceback import explain_error
from vrnn.compute.model_inputs import ModelInputs, call_model, leaves_in
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.compute.tracing.tracer import evaluation_mode
from vrnn.errors import VrnnError, is_ctrl_c

LayerKind = Literal[
    "conv", "linear", "embedding", "recurrent", "attention", "norm", "broadcast", "view", "other"
]
"""What kind of call took data. `broadcast`: an elementwise operation with a tensor of a fixed size,
such as learned positions; `view`: a reshape to a fixed size."""
MAX_KEYS = 16
"""Keys of a dict that are asked for at most."""
_MARK = "_vrnn_leaves"
"""Attribute of a tensor: the numbers of the inputs that it comes from."""
_CONV = {f"conv{n}d": n for n in (1, 2, 3)}
_CONV_TRANSPOSED = {f"conv_transpose{n}d": n for n in (1, 2, 3)}
_ELEMENTWISE = frozenset("add sub mul div __add__ __radd__ __iadd__ add_ where".split())
_ELEMENTWISE |= frozenset("__sub__ __mul__ __rmul__ __imul__ __truediv__ sub_ mul_".split())
_VIEWS = frozenset("view reshape unflatten".split())
_PRODUCTS = frozenset("matmul __matmul__ mm bmm".split())


@dataclass(frozen=True, eq=False)
class LayerUse:
    """A call that took data which comes from inputs.

    Attributes:
        kind: Kind of the call.
        name: Of the function, such as `conv2d`, or of the module's class.
        shape: Of the tensor that it took.
        leaves: Numbers of the inputs that this comes from, as `leaves_in` counts them.
        size: How many channels or features it takes; the vocabulary of an embedding; 0 if unknown.
        axis: The axis of `shape` that `size` is of.
        rank: Axes that the tensor has to have, with those of samples; 0 for any number.
        dtype: Of its weight; None without one.
        other: Shape of what was to be combined with the tensor, for `broadcast` and `view`.
        batch_first: Whether samples come before steps, for `recurrent`.
    """

    kind: LayerKind
    name: str
    shape: tuple[int, ...]
    leaves: frozenset[int]
    size: int = 0
    axis: int = -1
    rank: int = 0
    dtype: torch.dtype | None = None
    other: tuple[int, ...] = ()
    batch_first: bool = True


class ProbeResult(NamedTuple):
    """What a watched pass gave.

    Attributes:
        error: What the pass raised; None if it succeeded.
        result: What the model returned.
        failed: The call that raised `error`; None if it was none of torch's.
        first_uses: The first layer that took each input, by number; views and sums do not count.
        uses: All layers that ran over steps of a sequence: recurrent ones and attention.
    """

    error: Exception | None
    result: Any
    failed: LayerUse | None
    first_uses: Mapping[int, LayerUse]
    uses: tuple[LayerUse, ...]


def probe(model: nn.Module, inputs: ModelInputs, gradients: bool = False) -> ProbeResult:
    """Run a model once and watch which layers take which input.

    Args:
        model: The model; a pass may materialize its lazy layers.
        inputs: Its arguments.
        gradients: Whether the pass may compute gradients.
    """
    leaves = leaves_in(inputs)
    mode = _ProbeMode()
    result, error = None, None
    for index, leaf in enumerate(leaves):
        if isinstance(leaf, torch.Tensor):
            setattr(leaf, _MARK, frozenset({index}))
    try:
        with (
            evaluation_mode(model),
            mode.watching_modules(),
            torch.set_grad_enabled(gradients),
            mode,
        ):
            result = call_model(model, inputs)
    except BaseException as raised:
        if is_ctrl_c(raised):
            raise
        if not isinstance(raised, Exception):  # no other input keeps it from ending the program
            name = type(model).__name__
            raise VrnnError(f"'{name}' cannot be run: {explain_error(raised)}") from raised
        error = raised
    finally:
        for leaf in leaves:
            if isinstance(leaf, torch.Tensor) and hasattr(leaf, _MARK):
                delattr(leaf, _MARK)
    failed = mode.failed if error is not None and mode.is_of(error) else None
    return ProbeResult(error, result, failed, mode.first_uses, tuple(mode.uses))


class _ProbeMode(TorchFunctionMode):
    """Notes the layers that take inputs, and the call that fails.

    Attributes:
        failed: The last call that raised something.
        first_uses: See `ProbeResult`.
        uses: See `ProbeResult`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.failed: LayerUse | None = None
        self.first_uses: dict[int, LayerUse] = {}
        self.uses: list[LayerUse] = []
        self._error: BaseException | None = None
        self._recurrent: LayerUse | None = None

    def is_of(self, error: BaseException) -> bool:
        """Whether an error is, or was caused by, what the failed call raised."""
        if self._error is None:
            self.failed = self._recurrent
            return self.failed is not None
        seen: BaseException | None = error
        while seen is not None and seen is not self._error:
            seen = seen.__cause__ or seen.__context__
        if seen is None and self._recurrent is not None:
            self.failed = self._recurrent
            return True
        return seen is not None

    @contextmanager
    def watching_modules(self) -> Iterator[None]:
        """Watch recurrent layers: they check their input before they call torch."""
        before = hooks.register_module_forward_pre_hook(self._before_module)
        after = hooks.register_module_forward_hook(self._after_module)
        try:
            yield
        finally:
            before.remove()
            after.remove()

    def _before_module(self, module: nn.Module, args: Any) -> None:
        if not isinstance(module, nn.RNNBase | nn.RNNCellBase) or not args:
            return
        with torch._C.DisableTorchFunction():
            taken = next(tensors_in(args), None)
            if taken is None:
                return
            dtype = next((p.dtype for p in nn.Module.parameters(module)), None)
            self._recurrent = LayerUse(
                "recurrent", type(module).__name__, tuple(taken.shape), _leaves_of(taken),
                module.input_size, -1, 0 if isinstance(module, nn.RNNCellBase) else 3, dtype,
                batch_first=getattr(module, "batch_first", True),
            )  # fmt: skip
            self._note(self._recurrent)

    def _after_module(self, module: nn.Module, args: Any, result: Any) -> None:
        if isinstance(module, nn.RNNBase | nn.RNNCellBase):
            self._recurrent = None

    def _note(self, use: LayerUse) -> None:
        if use.kind in ("recurrent", "attention"):
            self.uses.append(use)
        if use.kind not in ("broadcast", "view", "other"):
            for leaf in use.leaves:
                self.first_uses.setdefault(leaf, use)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        with torch._C.DisableTorchFunction():
            leaves = frozenset().union(*(_leaves_of(t) for t in tensors_in((args, kwargs), 3)))
            use = _layer_use(name, args, kwargs, leaves)
        if use is not None:
            self._note(use)
        try:
            result = func(*args, **kwargs)
        except Exception as error:
            self._error = error
            self.failed = use or LayerUse("other", name, _first_shape(args), leaves)
            raise
        if leaves:
            with torch._C.DisableTorchFunction():
                for tensor in tensors_in(result, 2):
                    if not isinstance(tensor, nn.Parameter):
                        setattr(tensor, _MARK, leaves | _leaves_of(tensor))
        return result


def _leaves_of(tensor: torch.Tensor) -> frozenset[int]:
    return getattr(tensor, _MARK, frozenset())


def _first_shape(args: Any) -> tuple[int, ...]:
    first = next(tensors_in(args, 3), None)
    return () if first is None or is_lazy(first) else tuple(first.shape)


def _layer_use(name: str, args: Any, kwargs: Any, leaves: frozenset[int]) -> LayerUse | None:
    """What a call takes, if it is one of a layer."""
    values = list(args)
    taken = values[0] if values else kwargs.get("input", kwargs.get("query"))
    if not isinstance(taken, torch.Tensor) or is_lazy(taken):
        return None
    shape = tuple(taken.shape)

    def argument(position: int, key: str) -> Any:
        return values[position] if len(values) > position else kwargs.get(key)

    def use(kind: LayerKind, size: int, axis: int, rank: int, weight: Any) -> LayerUse:
        dtype = weight.dtype if isinstance(weight, torch.Tensor) else None
        return LayerUse(kind, name, shape, leaves, size, axis, rank, dtype)

    weight = argument(1, "weight")
    is_weight = isinstance(weight, torch.Tensor)
    if name in _CONV and is_weight:
        groups = int(argument(6, "groups") or 1)
        rank = weight.dim()
        return use("conv", weight.shape[1] * groups, 1 - rank, rank, weight)
    if name in _CONV_TRANSPOSED and is_weight:
        return use("conv", weight.shape[0], 1 - weight.dim(), weight.dim(), weight)
    if name == "linear" and is_weight:
        return use("linear", weight.shape[-1], -1, 0, weight)
    if name in ("embedding", "embedding_bag") and is_weight:
        return use("embedding", weight.shape[0], -1, 0, weight)
    if name == "layer_norm":
        return use("norm", int(argument(1, "normalized_shape")[-1]), -1, 0, argument(2, "weight"))
    if name == "batch_norm" and is_weight:
        return use("norm", weight.numel(), 1, 0, argument(3, "weight"))
    if name == "multi_head_attention_forward":
        return use("attention", int(argument(3, "embed_dim_to_check")), -1, 3, argument(5, ""))
    if name == "scaled_dot_product_attention":
        return use("attention", 0, -1, 0, None)
    return _pair_use(name, args, leaves) or _view_use(name, args, leaves)


def _pair_use(name: str, args: Any, leaves: frozenset[int]) -> LayerUse | None:
    """A product or sum of what comes from the input with what does not."""
    if len(args) < 2 or not all(isinstance(a, torch.Tensor) for a in args[:2]):
        return None
    first, second = args[:2]
    if name in _PRODUCTS and _leaves_of(first) and not _leaves_of(second) and second.dim() >= 2:
        return LayerUse(
            "linear", name, tuple(first.shape), leaves, second.shape[-2], -1, 0, second.dtype
        )
    if name in _ELEMENTWISE and bool(_leaves_of(first)) != bool(_leaves_of(second)):
        from_input, fixed = (first, second) if _leaves_of(first) else (second, first)
        return LayerUse(
            "broadcast", name, tuple(from_input.shape), leaves, other=tuple(fixed.shape)
        )
    return None


def _view_use(name: str, args: Any, leaves: frozenset[int]) -> LayerUse | None:
    """A reshape; its `size` is how many values a sample has to have."""
    if name not in _VIEWS or not leaves:
        return None
    sizes = [n for a in args[1:] for n in (a if isinstance(a, list | tuple) else (a,))]
    if not all(isinstance(n, int) for n in sizes):
        return None
    return LayerUse(
        "view", name, tuple(args[0].shape), leaves, prod(n for n in sizes if n > 1),
        other=tuple(sizes),
    )  # fmt: skip


class _AskedDict(dict[str, torch.Tensor]):
    """Has an image under whatever key it is asked for."""

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self._device = device

    def __missing__(self, key: object) -> torch.Tensor:
        if not isinstance(key, str):
            raise KeyError(key)
        self[key] = torch.zeros(1, 3, 64, 64, device=self._device)
        return self[key]


def asked_keys(model: nn.Module, device: torch.device) -> list[str]:
    """Return the keys that a model looks up in its only argument, in order.

    Args:
        model: The model.
        device: Where it is.

    Returns:
        The keys; none if the argument is no dict.
    """
    asked = _AskedDict(device)
    outcome = probe(model, ModelInputs((asked,)))
    while isinstance(outcome.error, KeyError) and len(asked) < MAX_KEYS:
        known = len(asked)
        asked[str(outcome.error.args[0])] = torch.zeros(1, 3, 64, 64, device=device)
        if len(asked) == known:
            break
        outcome = probe(model, ModelInputs((asked,)))
    return list(asked)
