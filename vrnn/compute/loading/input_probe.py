"""One pass of a model on inputs that may be wrong, watched: which layers took them, what failed.

A `TorchFunctionMode` sees each call of torch, also of layers that are registered nowhere. Tensors
that come from an input carry its number, so that a layer that fails tells which input has to be
another, and how.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.modules import module as hooks
from torch.overrides import TorchFunctionMode

from vrnn.compute.loading.layer_use import MARK, LayerUse, first_shape, layer_use, marked_leaves
from vrnn.compute.loading.user_traceback import explain_error
from vrnn.compute.model_inputs import ModelInputs, call_model, leaves_in, own_inputs
from vrnn.compute.tracing.evaluation_mode import evaluation_mode
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.errors import VrnnError, is_ctrl_c

MAX_KEYS = 16
"""Keys of a dict that are asked for at most."""


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
    is_asked = any(isinstance(value, _AskedDict) for value in inputs)  # it notes what for
    given = inputs if is_asked else own_inputs(inputs)
    leaves = leaves_in(given)
    mode = _ProbeMode()
    result, error = None, None
    for index, leaf in enumerate(leaves):
        if isinstance(leaf, torch.Tensor):
            setattr(leaf, MARK, frozenset({index}))
    try:
        with (
            evaluation_mode(model),
            mode.watching_modules(),
            torch.set_grad_enabled(gradients),
            mode,
        ):
            result = call_model(model, given)
    except BaseException as raised:
        if is_ctrl_c(raised):
            raise
        if not isinstance(raised, Exception):  # no other input keeps it from ending the program
            name = type(model).__name__
            raise VrnnError(f"'{name}' cannot be run: {explain_error(raised)}") from raised
        error = raised
    finally:
        for leaf in leaves:
            if isinstance(leaf, torch.Tensor) and hasattr(leaf, MARK):
                delattr(leaf, MARK)
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
        is_inside = seen is None or self.failed is None or self.failed.kind == "other"
        if is_inside and self._recurrent is not None:
            self.failed = self._recurrent  # its own functions are no layers to `layer_use`
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
                "recurrent", type(module).__name__, tuple(taken.shape), marked_leaves(taken),
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
            leaves = frozenset().union(*(marked_leaves(t) for t in tensors_in((args, kwargs), 3)))
            use = layer_use(name, args, kwargs, leaves)
        if use is not None:
            self._note(use)
        try:
            result = func(*args, **kwargs)
        except Exception as error:
            self._error = error
            self.failed = use or LayerUse("other", name, first_shape(args), leaves)
            raise
        if leaves:
            with torch._C.DisableTorchFunction():
                for tensor in tensors_in(result, 2):
                    if not isinstance(tensor, nn.Parameter):
                        setattr(tensor, MARK, leaves | marked_leaves(tensor))
        return result


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


def asked_keys(model: nn.Module, device: torch.device, by_name: bool = False) -> list[str]:
    """Return the keys that a model looks up in its only argument, in order.

    Args:
        model: The model.
        device: Where it is.
        by_name: Whether it takes keywords of any name instead of a dict.

    Returns:
        The keys; none if the argument is no dict.
    """
    asked = _AskedDict(device)
    outcome = probe(model, ModelInputs() if by_name else ModelInputs((asked,)))
    while isinstance(outcome.error, KeyError) and len(asked) < MAX_KEYS:
        known = len(asked)
        asked[str(outcome.error.args[0])] = torch.zeros(1, 3, 64, 64, device=device)
        if len(asked) == known:
            break
        outcome = probe(model, ModelInputs((), asked) if by_name else ModelInputs((asked,)))
    return list(asked)
