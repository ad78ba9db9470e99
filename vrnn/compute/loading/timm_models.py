"""Models of timm by name, with their published weights."""

from __future__ import annotations

from importlib.util import find_spec
from unittest.mock import patch

from torch import nn

from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.downloads import (
    NoWeightsError,
    fetch_arrays,
    load_published,
    random_weights_note,
    shows_progress,
)
from vrnn.compute.loading.factories import unknown_name
from vrnn.compute.loading.hub_access import hub_access, quiet_logger
from vrnn.compute.loading.shipped_models import photographs
from vrnn.compute.loading.torchvision_compat import allow_torchvision
from vrnn.errors import VrnnError
from vrnn.network.model_spec import split_weights_choice


def from_timm(text: str) -> ModelCandidate:
    """Build a timm model, with trained weights where these can be had.

    Args:
        text: Such as `resnet50`, `resnet50.a1_in1k`, which names weights and can be written
            `resnet50@a1_in1k` too, or `resnet50@random`.

    Raises:
        VrnnError: There is no timm, or no such model or weights.
    """
    if find_spec("timm") is None:
        raise VrnnError("timm is not installed; run: pip install timm")
    allow_torchvision()
    import timm
    from timm.data import resolve_model_data_config

    name, choice = split_weights_choice(text)
    architecture, _, tag = name.partition(".")
    if architecture not in timm.list_models():
        raise VrnnError(unknown_name("timm", name, timm.list_models()))
    tag = tag if choice in ("", "random") else choice
    published = timm.list_pretrained(f"{architecture}.*")
    full_name = f"{architecture}.{tag}" if tag else architecture
    if tag and full_name not in published:
        tags = [known.partition(".")[2] for known in published]
        raise VrnnError(unknown_name(f"timm's {architecture}", tag, tags, "weights"))
    model: nn.Module | None = None
    notes: tuple[str, ...] = ()
    if choice != "random" and (tag or published or timm.is_model_pretrained(architecture)):
        try:
            model = _build_trained(full_name)
        except NoWeightsError as error:
            notes = (random_weights_note(architecture, error),)
    is_random = model is None
    if model is None:
        model = timm.create_model(full_name, pretrained=False)
    config = resolve_model_data_config(model)
    height, width = config["input_size"][-2:]
    return ModelCandidate(
        model, full_name, is_random, _class_names(model), photographs(), None, (height, width),
        None, config["mean"], config["std"], notes=notes,
    )  # fmt: skip


def _build_trained(name: str) -> nn.Module:
    import timm
    from timm.models import set_pretrained_check_hash, set_pretrained_download_progress

    set_pretrained_check_hash(True)
    set_pretrained_download_progress(shows_progress())
    with (
        hub_access(),
        patch("timm.models._builder.load_state_dict_from_url", load_published),
        patch("timm.models._builder.download_cached_file", fetch_arrays),
        quiet_logger("timm"),
    ):
        return timm.create_model(name, pretrained=True)


def _class_names(model: nn.Module) -> tuple[str, ...]:
    """First names of ImageNet's classes, or of the larger sets that timm knows."""
    from timm.data import ImageNetInfo, infer_imagenet_subset

    subset = infer_imagenet_subset(model)
    if subset is None:
        return ()
    info = ImageNetInfo(subset)
    return tuple(info.index_to_description(i).split(",")[0] for i in range(info.num_classes()))
