"""Variables of TensorFlow and Keras as weights of a torch model: by name and shape, turned around.

TensorFlow keeps the kernel of a convolution as height, width, inputs, outputs, and that of a dense
layer as inputs, outputs; torch has outputs and inputs first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import torch

LEAVES: Mapping[str, str] = {
    "kernel": "weight", "weights": "weight", "w": "weight", "depthwise_kernel": "weight",
    "depthwise_weights": "weight", "pointwise_kernel": "weight", "embeddings": "weight",
    "gamma": "weight", "alpha": "weight", "scale": "weight", "beta": "bias", "biases": "bias",
    "b": "bias", "offset": "bias", "moving_mean": "running_mean",
    "moving_variance": "running_var",
}  # fmt: skip
"""What torch calls the last part of a variable's name."""
KERNELS = frozenset({"kernel", "weights", "w", "depthwise_kernel", "depthwise_weights",
                     "pointwise_kernel"})  # fmt: skip
"""Last parts of the names of what has inputs before outputs."""
_ENDS = re.compile(r"(/\.ATTRIBUTES/VARIABLE_VALUE|:0)$")
_NOT_WEIGHTS = re.compile(
    r"(^|/)(_?optimizer\w*|adam\w*|momentum|rmsprop\w*|sgd|global_step|save_counter|"
    r"exponentialmovingaverage|\.optimizer_slot|keras_api|_checkpointable_object_graph|"
    r"seed_generator|iterations?|learning_rate|beta[12]_power)(/|$)",
    re.I,
)


def to_state_dict(
    variables: Mapping[str, torch.Tensor], own: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Give variables the names and the order of axes of a torch model's weights.

    A variable is the weight whose name has the same words, or ends in the same words, if its shape
    fits too. What is left is taken in order if that fits altogether, as for variables that are
    named by the number of their layer.

    Args:
        variables: Tensors by the name of the variable.
        own: The model's weights by name.

    Returns:
        Weights by the model's names; what fits nowhere under its own name, as torch would write it.
    """
    rest = {
        _ENDS.sub("", name): value
        for name, value in variables.items()
        if not _NOT_WEIGHTS.search(name)
    }
    free = {name: value for name, value in own.items() if value.dim() or value.is_floating_point()}
    state: dict[str, torch.Tensor] = {}
    for length in range(max((len(_words(name)) for name in rest), default=0), 0, -1):
        _take_by_words(length, rest, free, state)
    _take_in_order(rest, free, state)
    return {**state, **{".".join(_words(name)): value for name, value in rest.items()}}


def _take_by_words(
    length: int, rest: dict[str, torch.Tensor], free: dict[str, torch.Tensor],
    state: dict[str, torch.Tensor],
) -> None:  # fmt: skip
    """Match names whose last words are the same, as many as `length`, if only one has them.

    A single word says too little, unless it is a whole name.
    """
    by_end: dict[str, list[str]] = {}
    for name in free:
        by_end.setdefault(_end(name.split("."), length), []).append(name)
    variables: dict[str, list[str]] = {}
    for name in rest:
        variables.setdefault(_end(_words(name), length), []).append(name)
    for end, names in variables.items():
        targets = by_end.get(end, [])
        if len(names) != 1 or len(targets) != 1:
            continue
        name, target = names[0], targets[0]
        shorter = min(len(_words(name)), len(target.split(".")))
        value = fit(name, rest[name], tuple(free[target].shape))
        if value is not None and length >= min(shorter, 2):
            state[target] = value
            del rest[name], free[target]


def _take_in_order(
    rest: dict[str, torch.Tensor], free: dict[str, torch.Tensor], state: dict[str, torch.Tensor]
) -> None:
    """Match what is left in its order, if each shape fits."""
    floats = [name for name in free if free[name].is_floating_point()]
    names = sorted(rest, key=_order)
    if not names or len(names) != len(floats):
        return
    pairs = []
    for kind in ("weight", "bias", "running_mean", "running_var"):
        given = [name for name in names if _words(name)[-1] == kind]
        wanted = [name for name in floats if name.rpartition(".")[2] == kind]
        if len(given) != len(wanted):
            return
        pairs += list(zip(given, wanted, strict=True))
    values = {want: fit(name, rest[name], tuple(free[want].shape)) for name, want in pairs}
    if len(pairs) < len(names) or any(value is None for value in values.values()):
        return
    state.update({name: value for name, value in values.items() if value is not None})
    rest.clear()


def fit(name: str, value: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor | None:
    """Return a variable with its axes in torch's order; None if it does not have this shape then.

    Args:
        name: Name of the variable.
        value: The variable.
        shape: That of the torch weight.
    """
    leaf = name.rpartition("/")[2]
    forms = _turned(value) if leaf in KERNELS and value.dim() > 1 else iter([value])
    return next((form.contiguous() for form in forms if tuple(form.shape) == shape), None)


def _turned(kernel: torch.Tensor) -> Iterator[torch.Tensor]:
    """A kernel with outputs and inputs first: of a full layer, then of a depthwise one."""
    axes = list(range(kernel.dim()))
    spatial = axes[:-2]
    yield kernel.permute(axes[-1], axes[-2], *spatial)
    if spatial:
        turned = kernel.permute(axes[-2], axes[-1], *spatial)
        yield turned.reshape(-1, 1, *kernel.shape[:-2])


def _words(name: str) -> list[str]:
    """The parts of a variable's name as torch would call them."""
    parts = [part for part in name.split("/") if part]
    return [*parts[:-1], LEAVES.get(parts[-1], parts[-1])] if parts else [name]


def _end(words: list[str], length: int) -> str:
    """The last words in one form: without case, underscores, and leading zeros."""
    return "/".join(re.sub(r"[^a-z0-9]", "", word.lower()) for word in words[-length:])


def _order(name: str) -> list[tuple[int, str]]:
    """Sorts names by the numbers in them: `layer_with_weights-10` behind `layer_with_weights-9`."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
