"""What a person can do, as data. Importing this package registers every command of vrnn's own."""

from __future__ import annotations

from vrnn.commands import (  # in the order of menus, help and docs
    ablation,
    axes,
    channel_paths,
    channels,
    comparison,
    connections,
    display,
    edit,
    explain,
    explained_values,
    export,
    feature_visualization,
    headset,
    image_cloud,
    image_cloud_classes,
    image_cloud_selection,
    importance,
    inputs,
    jobs,
    kernel_edits,
    layers,
    outputs,
    relevance_conditions,
    scoring,
    script,
    session,
    similarity,
    top_activations,
    training,
    training_difference,
    view,
    window,
)

__all__ = [
    "ablation", "axes", "channel_paths", "channels", "comparison", "connections", "display",
    "edit", "explain",
    "explained_values", "export", "feature_visualization", "headset", "image_cloud",
    "image_cloud_classes",
    "image_cloud_selection", "importance", "inputs", "jobs", "kernel_edits", "layers", "outputs",
    "relevance_conditions", "scoring", "script", "session", "similarity", "top_activations",
    "training", "training_difference",
    "view", "window",
]  # fmt: skip
