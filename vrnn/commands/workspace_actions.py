"""What commands run on in the open document, as narrow as commands need it.

`vrnn.workspace.workspace.Workspace` has all of it, each part under the same name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from vrnn.commands.undo_stack import Bookmark, UndoStack
from vrnn.network.cka import CkaMatrix
from vrnn.scene.picking import Hit
from vrnn.scene.state import InputImage, State
from vrnn.scene.world import World


class Change(Protocol):
    """What an undo stack needs of an undoable command."""

    def apply(self, state: State, world: World) -> State:
        """Give the state afterwards."""


@dataclass(frozen=True)
class ImageSelection:
    """Which image is meant: one of the data set, a source, or one of a layer's maps.

    Attributes:
        number: Of an image of the data set.
        source: `input`, `gray`, `mean`, or a kind of noise.
        layer, channel, network: One map of a layer, or the image that stands in its place.
        copy: Which of several feature visualizations of the channel.
    """

    number: int | None = None
    source: str = ""
    layer: str = ""
    channel: int = 0
    network: int = 0
    copy: int = 0


class HandActions(Protocol):
    """The image in the hand."""

    def grab(self, selection: ImageSelection) -> None:
        """Take an image."""

    def drop(self, into_input: bool) -> None:
        """Put it into the input, or let go of it."""


class ContentActions(Protocol):
    """What fills the world by itself."""

    def browse(self, page: int, shuffle: int | None, only: str | None, search: str | None) -> None:
        """Page through the image wall."""


class FeatureActions(Protocol):
    """Feature visualizations in place of maps."""

    def prioritize(self, channels: Sequence[int]) -> None:
        """Begin with these channels."""


class JobActions(Protocol):
    """Work beside forward passes."""

    def cancel(self, number: int) -> None:
        """End a job; 0: all."""

    def pause(self, number: int, paused: bool) -> None:
        """Let a job rest, or resume it; 0: all."""


class TopActivationActions(Protocol):
    """The images that excite a channel most."""

    @property
    def shown(self) -> tuple[str, int, int] | None:
        """Layer, channel and network whose images are shown or searched for; None for none."""

    def show(self, layer: str, channel: int, network: int) -> None:
        """Search the data set for them; '' hides them."""


class CloudSelectionActions(Protocol):
    """Images of the cloud that are selected, and classes made of them."""

    def counts(self) -> tuple[tuple[str, int], ...]:
        """Return how many of the selected images are of each class, the most first."""

    def export(self, file: Path) -> None:
        """Write the names of the selected images."""

    def export_own_classes(self, file: Path) -> None:
        """Write the names of all images in classes of the user's own."""


class ImportanceActions(Protocol):
    """How important channels are for a class."""

    def check(self, network: int) -> None:
        """Raise VrnnError where a network has no data set."""


class TrainingActions(Protocol):
    """A recorded training beside its network."""

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps that can be shown, rising."""

    @property
    def shown(self) -> int | None:
        """The step that is shown; None for the model's own weights."""

    @property
    def text(self) -> str:
        """What is shown, for the user."""

    def check(self, step: int | None) -> None:
        """Raise VrnnError where no training is open, or it has no such step."""

    def check_gradients(self) -> None:
        """Raise VrnnError where no gradients are recorded."""

    def play(self, on: bool | None, speed: float | None, loop: bool | None) -> None:
        """Play, pause, or set how it plays."""


class ScoreActions(Protocol):
    """How well a network answers its data set."""

    def check(self, network: int) -> None:
        """Raise VrnnError where a network has no data set."""


class KernelActions(Protocol):
    """Kernels that are edited."""

    def save(self, file: Path, network: int) -> None:
        """Write all weights of a network, with their edits, to a safetensors file."""


class ComparisonActions(Protocol):
    """Networks compared."""

    def check(self, first: int, second: int) -> None:
        """Raise VrnnError where two networks have no data set."""

    def find_answers(self) -> None:
        """Ask both networks that are compared for the class of each image of the data set."""

    def shown_cka(self) -> tuple[CkaMatrix, tuple[str, str]]:
        """Return the CKA that is shown, and the names of both networks."""


class CloudActions(Protocol):
    """The data set as a cloud."""

    def check(self, network: int) -> None:
        """Raise VrnnError where a network has no data set."""

    @property
    def selection(self) -> CloudSelectionActions:
        """The images that are selected."""


class InputActions(Protocol):
    """Where images come from."""

    def remember(self, pixels: np.ndarray) -> str:
        """Keep an image without a file; the key that stands for it."""


class WorkspaceActions(Protocol):
    """The open document, as commands see it: `vrnn.workspace.workspace.Workspace`."""

    @property
    def world(self) -> World:
        """Everything that stands in it."""

    @property
    def hand(self) -> HandActions:
        """The image in the hand."""

    @property
    def content(self) -> ContentActions:
        """What fills the world by itself."""

    @property
    def jobs(self) -> JobActions:
        """Work beside forward passes."""

    @property
    def top_activations(self) -> TopActivationActions:
        """The images that excite a channel most."""

    @property
    def image_cloud(self) -> CloudActions:
        """The data set as a cloud."""

    @property
    def importance(self) -> ImportanceActions:
        """How important channels are for a class."""

    @property
    def training(self) -> TrainingActions:
        """A recorded training beside its network."""

    @property
    def kernels(self) -> KernelActions:
        """Kernels that are edited."""

    @property
    def scores(self) -> ScoreActions:
        """How well a network answers its data set."""

    @property
    def comparison(self) -> ComparisonActions:
        """Networks compared."""

    @property
    def features(self) -> FeatureActions:
        """Feature visualizations in place of maps."""

    @property
    def input(self) -> InputActions:
        """Where images come from."""

    @property
    def history(self) -> UndoStack:
        """What can be undone and redone."""

    def apply_command(self, command: Change) -> None:
        """Push a change on the undo stack and show it."""

    def undo(self, times: int) -> None:
        """Go back so many steps."""

    def redo(self, times: int) -> None:
        """Go forward so many steps."""

    def roll_back(self, bookmark: Bookmark) -> None:
        """Make everything as it was at a bookmark of the history, after a fault."""

    def show_fault(self, sentence: str) -> None:
        """Show a sentence about a fault until the user dismisses it."""

    def hover(self, hit: Hit | None) -> None:
        """Point at something as if the mouse did; None: at nothing."""

    def reveal_layer(self, network: int, layer: str) -> None:
        """Bring a layer into view, with a copy pinned to it."""

    def adjacent_image(self, step: int) -> tuple[InputImage, str]:
        """Find the image so many further in the list, and what to say of it."""
