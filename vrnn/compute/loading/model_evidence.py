"""What a model itself says of its outputs: its class, its config, its losses, its class names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from inspect import isfunction
from types import MappingProxyType
from typing import Any, Literal

from torch import nn

from vrnn.compute.model_attributes import attribute

Task = Literal[
    "", "classification", "regression", "segmentation", "depth", "flow", "tokens", "noise",
    "picture", "embedding",
]  # fmt: skip
"""What a model is for; '' where it does not say."""
LossKind = Literal["softmax", "sigmoid", "regression"]

TASKS_BY_SUFFIX: Mapping[str, Task] = MappingProxyType(
    {
        "ForImageClassification": "classification",
        "ForSequenceClassification": "classification",
        "ForAudioClassification": "classification",
        "ForVideoClassification": "classification",
        "ForImageClassificationWithTeacher": "classification",
        "ForTokenClassification": "tokens",
        "ForSemanticSegmentation": "segmentation",
        "ForDepthEstimation": "depth",
        "ForCausalLM": "tokens",
        "LMHeadModel": "tokens",
        "ForMaskedLM": "tokens",
        "ForConditionalGeneration": "tokens",
        "ForImageSuperResolution": "picture",
    }
)
"""Ends of the names of transformers' classes."""
TASKS_BY_MODULE: Mapping[str, Task] = MappingProxyType(
    {
        "torchvision.models.segmentation": "segmentation",
        "torchvision.models.optical_flow": "flow",
        "segmentation_models_pytorch": "segmentation",
        "diffusers.models.unets": "noise",
        "diffusers.models.transformers": "noise",
        "diffusers.models.controlnet": "embedding",
        "diffusers.models.autoencoders": "picture",
    }
)
"""Beginnings of the modules that define a model's class."""
TASKS_BY_WORD: tuple[tuple[str, Task], ...] = (
    ("segment", "segmentation"),
    ("depth", "depth"),
    ("dispar", "depth"),
    ("midas", "depth"),
    ("flow", "flow"),
    ("denois", "noise"),
    ("diffusion", "noise"),
    ("ddpm", "noise"),
    ("noisepred", "noise"),
    ("autoenc", "picture"),
    ("auto_enc", "picture"),
    ("generator", "picture"),
    ("decoder", "picture"),
    ("superres", "picture"),
    ("srnet", "picture"),
    ("unet", "segmentation"),
    ("segnet", "segmentation"),
    ("fcn", "segmentation"),
    ("deeplab", "segmentation"),
    ("classif", "classification"),
    ("regress", "regression"),
    ("embed", "embedding"),
    ("encoder", "embedding"),
)
"""Parts of the names of users' own classes, in lower case: a hint, no more."""
LOSSES: Mapping[str, LossKind] = MappingProxyType(
    {
        "crossentropyloss": "softmax", "cross_entropy": "softmax", "nllloss": "softmax",
        "nll_loss": "softmax", "multimarginloss": "softmax", "softtargetcrossentropy": "softmax",
        "labelsmoothingcrossentropy": "softmax",
        "bceloss": "sigmoid", "bcewithlogitsloss": "sigmoid", "binary_cross_entropy": "sigmoid",
        "binary_cross_entropy_with_logits": "sigmoid", "multilabelsoftmarginloss": "sigmoid",
        "multilabel_soft_margin_loss": "sigmoid",
        "mseloss": "regression", "mse_loss": "regression", "l1loss": "regression",
        "l1_loss": "regression", "smoothl1loss": "regression", "smooth_l1_loss": "regression",
        "huberloss": "regression", "huber_loss": "regression", "gaussiannllloss": "regression",
        "poissonnllloss": "regression",
    }
)  # fmt: skip
"""Losses by the names of their classes and functions, in lower case."""
COUNT_NAMES = ("num_classes", "n_classes", "nb_classes", "num_labels", "nclass", "classes")
"""Attributes in which models keep the number of their classes."""


@dataclass(frozen=True)
class ModelEvidence:
    """What a model says of its outputs.

    Attributes:
        title: Name of the class that says what it is for, or of the model's own class.
        task: What it is for.
        is_sure: Whether the task comes from a library's class rather than from a word in a name.
        class_names: Of its classes, () where there are none.
        counts: Numbers of classes that it keeps as attributes, by attribute.
        vocabulary: Number of tokens that it knows, 0 for none.
        loss: The kind of its losses where all are of one; None where they are not, or none.
        loss_name: Name of one of these.
        is_multi_label: Whether several classes may hold at once, as its config says.
    """

    title: str = ""
    task: Task = ""
    is_sure: bool = False
    class_names: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    vocabulary: int = 0
    loss: LossKind | None = None
    loss_name: str = ""
    is_multi_label: bool = False


def model_evidence(
    model: nn.Module, class_names: tuple[str, ...] = (), loss_names: Iterable[str] = ()
) -> ModelEvidence:
    """Collect what a model says of its outputs.

    Args:
        model: The model.
        class_names: Names of its classes that were given with it.
        loss_names: Names of losses that the script uses.
    """
    title, task, is_sure = _task(model)
    config = next((c for c in map(_config, nn.Module.modules(model)) if c is not None), None)
    problem = str(getattr(config, "problem_type", "") or "")
    labels = getattr(config, "num_labels", None)
    if problem == "regression" or (task == "classification" and labels == 1):
        task = "regression"
    names = [*loss_names, *_own_loss_names(model)]
    losses = {LOSSES[n.lower()]: n for n in names if n.lower() in LOSSES}
    loss, loss_name = next(iter(losses.items())) if len(losses) == 1 else (None, "")
    vocabulary = getattr(config, "vocab_size", 0)
    if not vocabulary:
        sizes = [m.num_embeddings for m in nn.Module.modules(model) if isinstance(m, nn.Embedding)]
        vocabulary = max(sizes, default=0)
    return ModelEvidence(
        title, task, is_sure, class_names, _counts(model), int(vocabulary), loss, loss_name,
        problem == "multi_label_classification",
    )  # fmt: skip


def config_class_names(model: nn.Module) -> tuple[str, ...]:
    """Return the class names in a model's `config.id2label` or `names`, () where there are none.

    Names such as `LABEL_0`, which transformers makes up, are none.

    Args:
        model: The model.
    """
    for module in nn.Module.modules(model):
        names = attribute(_config(module), "id2label") or attribute(module, "names")
        if isinstance(names, Mapping) and names and all(isinstance(k, int) for k in names):
            listed = tuple(str(names[k]) for k in sorted(names))
            if sorted(names) == list(range(len(names))) and not listed[0].startswith("LABEL_"):
                return listed
    return ()


def _config(module: nn.Module) -> Any:
    """A module's configuration if it is one of transformers, else None."""
    config = attribute(module, "config")
    known = (attribute(config, name) for name in ("id2label", "vocab_size"))
    return config if any(value is not None for value in known) else None


def _task(model: nn.Module) -> tuple[str, Task, bool]:
    """The class that says what a model is for, that, and whether it is a library's."""
    for module in nn.Module.modules(model):
        kind = type(module)
        for suffix, task in TASKS_BY_SUFFIX.items():
            if kind.__name__.endswith(suffix) and _config(module) is not None:
                return kind.__name__, task, True
        for base in kind.__mro__:
            for start, task in TASKS_BY_MODULE.items():
                if base.__module__.startswith(start) and module is _outermost(model, start):
                    return kind.__name__, task, True
    name = type(model).__name__
    for word, task in TASKS_BY_WORD:
        if word in name.lower():
            return name, task, False
    return name, "", False


def _outermost(model: nn.Module, start: str) -> nn.Module | None:
    """The model itself or, where it only wraps one of a library, that one."""
    for module in (model, *model.children()):
        if any(base.__module__.startswith(start) for base in type(module).__mro__):
            return module
    return None


def _counts(model: nn.Module) -> dict[str, int]:
    """Numbers of classes that a model, or what it directly wraps, keeps as attributes."""
    counts: dict[str, int] = {}
    for owner in (model, *model.children(), *map(_config, nn.Module.modules(model))):
        for name in COUNT_NAMES:
            value = getattr(owner, name, None)
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                counts.setdefault(name, value)
    return counts


def _own_loss_names(model: nn.Module) -> Iterator[str]:
    """Names of the losses that a model holds or that its methods call."""
    for module in nn.Module.modules(model):
        if type(module).__module__ == "torch.nn.modules.loss":
            yield type(module).__name__
    yield from called_names(vars(type(model)).values())


def called_names(functions: Iterable[Any]) -> Iterator[str]:
    """Yield the names that functions mention in their code, without those in nested functions.

    Args:
        functions: Functions; anything else is passed over.
    """
    for function in functions:
        if isfunction(function):
            yield from function.__code__.co_names
