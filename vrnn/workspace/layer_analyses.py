"""Analyses of layers beside forward passes: their cost, and the attribution of their channels."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np

from vrnn.compute.analysis.jobs import AttributionJob, ProfileJob, WeightHistogramsJob
from vrnn.network.results import Histogram, LayerProfile
from vrnn.scene.state import State
from vrnn.scene.world import World
from vrnn.workspace.job_manager import JobManager
from vrnn.workspace.manager import Manager

NodeKey = tuple[int, int]
"""Number of a network and id of one of its nodes."""


class LayerAnalyses(Manager):
    """Starts the analyses that are needed for what is shown.

    Attributes:
        profiles: Cost and weights of layers, by network and node.
    """

    def __init__(self, world: World, jobs: JobManager) -> None:
        self.profiles: dict[NodeKey, LayerProfile] = {}
        self._world, self._jobs = world, jobs
        self._profiled: set[int] = set()
        self._are_weights_old = False

    @property
    def profiling(self) -> bool:
        """Whether the profile of a network is still being measured."""
        return any(self._jobs.is_running(ProfileJob(slot)) for slot in self._profiled)

    def on_network_loaded(self) -> None:
        """Forget all profiles: they may belong to another network."""
        self.profiles.clear()
        self._profiled.clear()
        self._are_weights_old = False

    def on_edits_changed(self) -> None:
        """Forget what was found with other kernels."""
        self.on_network_loaded()

    def on_weights_changed(self) -> None:
        """Find again what weights of the first network are like; what layers cost stays.

        Weights are counted once their histograms are looked at: of a training that goes on they
        change with each step that is shown, and the processor is the training's.
        """
        if not any(slot == 0 for slot, _ in self.profiles):
            self.on_network_loaded()  # not measured yet, or being measured with other weights
            self.on_pass_complete()
            return
        self._are_weights_old = True
        self.sync_with_state(self._world.state)

    def count_weights(self) -> None:
        """Count weights again where they have changed; to be called where one looks at them."""
        if self._are_weights_old:
            self._are_weights_old = False
            self._jobs.start(WeightHistogramsJob(0), self._set_weights)

    def _set_weights(self, result: object) -> None:
        for node, histogram in cast(dict[int, Histogram | None], result).items():
            if (0, node) in self.profiles:
                self.profiles[0, node] = replace(self.profiles[0, node], weights=histogram)

    def on_pass_complete(self) -> None:
        """Profile networks that have run for the first time, and attribute the new predictions."""
        for slot in self._world.slots:
            if slot not in self._profiled and self._world.networks[slot].result is not None:
                self._profiled.add(slot)
                self._jobs.start(
                    ProfileJob(slot),
                    lambda result, slot=slot: self._set_profiles(slot, result),  # type: ignore[misc]
                )  # fmt: skip
        self.sync_with_state(self._world.state)

    def _set_profiles(self, slot: int, result: object) -> None:
        profiles = cast(dict[int, LayerProfile], result)
        self.profiles.update({(slot, node): profile for node, profile in profiles.items()})

    def sync_with_state(self, state: State) -> None:
        """Attribute the present predictions in networks where a layer is ordered by attribution."""
        ordered = {slot for (slot, _), layer in state.layers.items() if layer.order == "evidence"}
        for slot in ordered & set(self._world.slots):
            job = AttributionJob(slot)
            if not self._jobs.is_running(job):
                self._jobs.start(
                    job,
                    lambda result, slot=slot: self._set_attributions(slot, result),  # type: ignore[misc]
                )  # fmt: skip

    def _set_attributions(self, slot: int, result: object) -> None:
        self._world.set_attributions(slot, cast(dict[int, np.ndarray], result))
