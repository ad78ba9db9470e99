"""Data that passes between parts of vrnn cannot be changed on the way."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from dataclasses import is_dataclass

import pytest

import vrnn

MUTABLE = """
vrnn.commands.context.CommandContext vrnn.compute.explain.call_rules.LiveCall
vrnn.compute.explain.gradient_pass.Gradients vrnn.compute.explain.tensor_notes.TensorNote
vrnn.compute.jobs._ActiveJob vrnn.compute.loading.weight_origin.WeightEvents
vrnn.compute.tracing.trace.OpRecord vrnn.compute.tracing.trace.Trace
vrnn.controls.hands.grab_preview._GrabbedLayer vrnn.controls.hands.hand_state.HandState
vrnn.controls.hands.label_cache.LabelCache vrnn.controls.hands.layer_grab._GripPoint
vrnn.controls.hands.radial_menu.RadialMenu vrnn.controls.pointer._Drag
vrnn.render.instances._InstanceBatch vrnn.scene.headset.tracking_loss.TrackingLossFade
vrnn.scene.network_object.NetworkObject vrnn.ui.panel_context.PanelContext
vrnn.workspace.distant_pictures._NetworkPictures vrnn.workspace.feature_images.FeatureImageSet
vrnn.workspace.map_uploader.WorkerEventSink
""".split()  # fmt: skip
"""What its owner alone holds, or fills bit by bit."""
MODULES = [
    info.name
    for info in pkgutil.walk_packages(vrnn.__path__, "vrnn.")
    if not info.name.endswith("__main__")
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
