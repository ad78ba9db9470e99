"""Data that passes between parts of vrnn cannot be changed on the way."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import vrnn
from tests.support import golden_text
from vrnn.storage.limits import Range

MUTABLE = """
vrnn.commands.context.CommandContext vrnn.compute.explain.call_rules.LiveCall
vrnn.compute.explain.gradient_pass.Gradients vrnn.compute.explain.tensor_notes.TensorNote
vrnn.compute.jobs._ActiveJob vrnn.compute.loading.weight_origin.WeightEvents
vrnn.compute.tracing.trace.OpRecord vrnn.compute.tracing.trace.Trace
vrnn.controls.hands.grab_preview._GrabbedLayer vrnn.controls.hands.hand_state.HandState
vrnn.controls.hands.label_cache.LabelCache vrnn.controls.hands.layer_grab._GripPoint
vrnn.controls.hands.radial_menu.RadialMenu vrnn.controls.pointer._Drag
vrnn.render.instances._InstanceBatch vrnn.render.strip_renderer._StripTexels
vrnn.scene.headset.tracking_loss.TrackingLossFade
vrnn.scene.network_object.NetworkObject vrnn.scene.similarity.NetworkSimilarity
vrnn.ui.panel_context.PanelContext
vrnn.workspace.distant_pictures._NetworkPictures vrnn.workspace.feature_images.FeatureImageSet
vrnn.workspace.map_uploader.WorkerEventSink vrnn.workspace.vector_groups.VectorGroup
""".split()  # fmt: skip
"""What its owner alone holds, or fills bit by bit."""
MODULES = [
    info.name
    for info in pkgutil.walk_packages(vrnn.__path__, "vrnn.")
    if not info.name.rpartition(".")[2].startswith("_")  # what is compiled is no module
]


@pytest.fixture(scope="module")
def data_classes():
    found = {}
    for name in MODULES:
        for kind in vars(importlib.import_module(name)).values():
            if inspect.isclass(kind) and "__dataclass_params__" in vars(kind):
                found[f"{kind.__module__}.{kind.__qualname__}"] = kind
    return {name: kind for name, kind in found.items() if name.startswith("vrnn.")}


def test_data_classes_are_frozen_but_for_those_of_one_owner(data_classes):
    assert len(data_classes) > 200
    changeable = {
        name for name, kind in data_classes.items() if not kind.__dataclass_params__.frozen
    }
    assert sorted(changeable) == sorted(MUTABLE)
    assert all(is_dataclass(kind) for kind in data_classes.values())


def ranges_in(hint: Any) -> list[Range]:
    """The limits that stand anywhere in a type."""
    own = [one for one in getattr(hint, "__metadata__", ()) if isinstance(one, Range)]
    return own + [one for part in get_args(hint) for one in ranges_in(part)]


def default_text(field: Any) -> str:
    """What a field holds where nothing is given; '' where something has to be."""
    value = field.default
    if value is MISSING and field.default_factory is not MISSING:
        value = field.default_factory()
    plain = (bool, int, float, str, tuple, frozenset, dict, list, set, type(None))
    if value is MISSING or not isinstance(value, plain) or isinstance(value, Path):
        return ""
    if isinstance(value, set | frozenset):
        value = sorted(value, key=str)
    return repr(value)


def test_defaults_and_limits_of_what_is_kept_in_files_and_settings(data_classes, regenerate):
    """States, settings, options and commands: what they hold at first, and from where to where."""
    kept = (
        "vrnn.commands.", "vrnn.explanations.", "vrnn.features.", "vrnn.config.",
        "vrnn.scene.state.", "vrnn.scene.relevance_state.", "vrnn.scene.camera.",
    )  # fmt: skip
    lines = []
    for name in sorted(data_classes):
        kind = data_classes[name]
        if not name.startswith(kept) or not kind.__dataclass_params__.frozen:
            continue
        try:
            hints = get_type_hints(kind, include_extras=True)
        except NameError:  # types that are imported for checks alone
            hints = {}
        for field in fields(kind):
            default = default_text(field)
            limits = " and ".join(map(str, ranges_in(hints.get(field.name))))
            if default or limits:
                lines.append(
                    f"{name.removeprefix('vrnn.')}.{field.name} {default} {limits}".strip()
                )
    golden_text.check("defaults", lines, regenerate)
