"""What lies over the world in the window: help, panels, palette, cursor, size of the text."""

from __future__ import annotations

from dataclasses import dataclass

from vrnn.commands.base import Command
from vrnn.commands.context import CommandContext
from vrnn.commands.feature_visualization import ShowFeatureVisualization
from vrnn.commands.layers import UnpinLayer
from vrnn.commands.registry import Menu, RadialEntry, Ring, command
from vrnn.commands.top_activations import ShowTopActivations


@command(
    "window.panels",
    "Panels",
    menu=Menu.WINDOW,
    key="F2",
    radial=RadialEntry(Ring.GENERAL, "panels", 0),
    controller="other hand's X, A or menu button; grip hangs the board elsewhere",
    former_key="panels",
)
@dataclass(frozen=True)
class TogglePanels(Command):
    """Show the panels, or put them away."""

    def run(self, context: CommandContext) -> None:
        """Show or hide them."""
        context.interface.toggle_panels()


@command(
    "window.palette",
    "Find a layer or a command",
    menu=Menu.WINDOW,
    key="CONTROL+P",
    radial=RadialEntry(Ring.GENERAL, "find", 1),
    controller="menu: find; keys on the board",
    former_key="palette",
)
@dataclass(frozen=True)
class OpenPalette(Command):
    """Open the command palette: layers, modules, images and commands by a few letters."""

    def run(self, context: CommandContext) -> None:
        """Open or close it."""
        context.interface.open_palette()


@command(
    "window.help",
    "Keyboard shortcuts",
    menu=Menu.WINDOW,
    key="F1",
    help="this help",
    controller="board: Help",
    former_key="help",
)
@dataclass(frozen=True)
class ToggleHelp(Command):
    """Show what each key does, or hide it."""

    def run(self, context: CommandContext) -> None:
        """Show or hide it."""
        context.interface.toggle_help()


@command(
    "window.presentation",
    "Presentation mode",
    menu=Menu.WINDOW,
    key="F5",
    help="presentation mode: larger text, no hints and no frame rate",
)
@dataclass(frozen=True)
class TogglePresentation(Command):
    """Show larger text, no hints and no frame rate, as for an audience, or leave this mode."""

    def run(self, context: CommandContext) -> None:
        """Start or end it."""
        context.interface.toggle_presentation()


@command(
    "window.release_cursor",
    "Release the cursor",
    key="ESCAPE",
    help="stop a video, let go of what is held, release the cursor, remove what T, P and V made",
    former_key="free_cursor",
)
@dataclass(frozen=True)
class ReleaseCursor(Command):
    """Stop a video that is being recorded, close the help, let go of what is held or dragged, free
    the cursor, or take away the top images, else the last pinned copy, else a feature
    visualization: the first of these that there is.
    """

    def run(self, context: CommandContext) -> None:
        """Do the first of these that applies."""
        if context.exporter.stop_video() or context.interface.release_cursor():
            return
        state = context.world.state
        shown = [key for key, layer in state.layers.items() if layer.features is not None]
        if context.workspace.top_activations.shown is not None:
            ShowTopActivations().run(context)
        elif state.pins:
            UnpinLayer(max(pin.number for pin in state.pins)).run(context)
        elif shown:
            network, layer = shown[-1]
            ShowFeatureVisualization(layer, network).run(context)


@command(
    "window.larger_text",
    "Larger text",
    menu=Menu.WINDOW,
    key="CONTROL+EQUAL",
    other_keys=("CONTROL+SHIFT+EQUAL", "CONTROL+KP_ADD"),
    help="larger text in the panels",
    former_key="larger_text",
)
@dataclass(frozen=True)
class EnlargeText(Command):
    """Make the panels' text one point larger."""

    def run(self, context: CommandContext) -> None:
        """Enlarge it."""
        context.interface.resize_text(1)


@command(
    "window.smaller_text",
    "Smaller text",
    menu=Menu.WINDOW,
    key="CONTROL+MINUS",
    other_keys=("CONTROL+KP_SUBTRACT",),
    help="smaller text in the panels",
    former_key="smaller_text",
)
@dataclass(frozen=True)
class ShrinkText(Command):
    """Make the panels' text one point smaller."""

    def run(self, context: CommandContext) -> None:
        """Shrink it."""
        context.interface.resize_text(-1)


@command("window.reset_text", "Default text size", menu=Menu.WINDOW, key="CONTROL+0")
@dataclass(frozen=True)
class ResetText(Command):
    """Make the panels' text as large as the settings have it."""

    def run(self, context: CommandContext) -> None:
        """Reset it."""
        context.interface.resize_text(0)
