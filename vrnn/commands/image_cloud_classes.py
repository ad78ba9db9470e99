"""Classes of the user's own: selected images of the cloud, named and kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from vrnn.commands.base import Command, UndoableCommand
from vrnn.commands.context import CommandContext
from vrnn.commands.export import timestamped
from vrnn.commands.registry import Menu, command
from vrnn.errors import VrnnError
from vrnn.scene.cloud_state import MAX_OWN_CLASSES, NO_CLASS, CloudState, ImageNumber, OwnClass
from vrnn.scene.picking import Hit
from vrnn.scene.state import State
from vrnn.scene.world import World

NEEDS_SELECTION = "select images of the cloud first, with a lasso or with Ctrl+A"
MAX_NAME = 60
"""Letters of a name, at most."""


@command(
    "cloud.make_class",
    "Use the selected images as a class",
    menu=Menu.DISPLAY,
    pointer="Cloud panel",
    controller="board: Cloud",
)
@dataclass(frozen=True)
class MakeClass(UndoableCommand):
    """Make images of the cloud a class of your own, and color by these classes.

    An image is in one of them at most: the class takes it out of another. A class of the same name
    is replaced.

    Attributes:
        name: Of the class; '' for `own class 1` and so on.
        numbers: Numbers of images of the data set; () for those that are selected.
    """

    name: str = ""
    numbers: tuple[ImageNumber, ...] = ()

    def apply(self, state: State, world: World) -> State:
        """Give the state with the class."""
        now = state.cloud
        numbers = tuple(sorted({*(self.numbers or now.selected)}))
        if not numbers:
            raise VrnnError(NEEDS_SELECTION)
        name = self.name.strip() or _free_name(now)
        if name == NO_CLASS or len(name) > MAX_NAME or not name.isprintable():
            raise VrnnError(
                f"'{name[:MAX_NAME]}' cannot name a class: choose another name of up to {MAX_NAME} "
                "letters"
            )
        cloud = now.with_own_class(OwnClass(name, numbers, now.network))
        if len(cloud.own_names) > MAX_OWN_CLASSES:
            raise VrnnError(
                f"there are {MAX_OWN_CLASSES} classes of your own already; remove one first"
            )
        return replace(state, cloud=replace(cloud, color="own", selected=()))

    def message(self, context: CommandContext) -> str:
        """Say which, and how many images it has."""
        now = context.world.state.cloud
        name = self.name.strip()
        made = now.find_own_class(name) if name else now.own_classes[-1]
        return f"{len(made.numbers):,} images are now the class {made.name}"

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Use those that are selected."""
        if not context.world.state.cloud.selected:
            raise VrnnError(NEEDS_SELECTION)
        return cls()


def _free_name(state: CloudState) -> str:
    """A name that no class has."""
    taken = set(state.own_names)
    return next(name for number in count(1) if (name := f"own class {number}") not in taken)


@command("cloud.remove_class", "Remove a class of your own", pointer="Cloud panel",
         controller="board: Cloud")  # fmt: skip
@dataclass(frozen=True)
class RemoveClass(UndoableCommand):
    """Remove a class of your own; its images stay.

    Attributes:
        name: Of the class.
    """

    name: str

    def apply(self, state: State, world: World) -> State:
        """Give the state without it."""
        return replace(state, cloud=state.cloud.without_own_class(self.name))


@command(
    "cloud.export_classes",
    "Export your own classes",
    menu=Menu.SESSION,
    pointer="Cloud panel",
    controller="board: Cloud",
)
@dataclass(frozen=True)
class ExportClasses(Command):
    """Write name, class, answer and own class of all images in classes of your own as a CSV table.

    Attributes:
        file: Where to.
    """

    file: Path

    def run(self, context: CommandContext) -> None:
        """Write it."""
        context.workspace.image_cloud.selection.export_own_classes(self.file)

    def message(self, context: CommandContext) -> str:
        """Say where it is."""
        return f"classes saved to {self.file.resolve()}"

    @property
    def written_file(self) -> Path:
        """The table."""
        return self.file

    @classmethod
    def for_hit(cls, context: CommandContext, hit: Hit | None, precise: bool = False) -> Command:
        """Write a file named by the time."""
        if not context.world.state.cloud.own_names:
            raise VrnnError("use selected images of the cloud as a class first")
        return cls(timestamped("-classes.csv"))
