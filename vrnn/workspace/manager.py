"""What all managers of the workspace have in common: they find and show something beside the maps.

`Workspace` creates each of them in one line, tells all of them what happens, and knows no more
of any: what makes a manager's results stale is written in its own file.
"""

from __future__ import annotations

from vrnn.commands.undo_stack import Bookmark
from vrnn.scene.state import State


class Manager:
    """Follows the state and the networks. What a manager leaves out has no effect on it.

    All of these are called on the main thread, in the order in which managers were created.
    """

    @property
    def pending(self) -> bool:
        """Whether something that is to be shown is still to come; exported pictures wait for it."""
        return False

    def remember(self, before: Bookmark, state: State) -> None:
        """Remember what was before a change, to go back to it when what it asks cannot be found.

        Args:
            before: The history before it.
            state: The state that it gave.
        """

    def sync_with_state(self, state: State) -> None:
        """Ask for what a state shows, and take away what it does not show any more."""

    def on_network_loaded(self) -> None:
        """Forget everything: a network was opened anew, or could not be."""

    def on_edits_changed(self) -> None:
        """Forget what was found with other kernels."""

    def on_weights_changed(self) -> None:
        """Find again what was found with the weights of another step of a training."""

    def on_pass_requested(self, at_once: bool) -> None:
        """Prepare for another image, ablation or edit that goes in.

        Args:
            at_once: Whether nothing may come before it; else, as with a stream, what runs is
                finished first.
        """

    def on_pass_complete(self) -> None:
        """Follow the new answer: all maps of a pass are shown."""

    def on_maps_shown(self) -> None:
        """Follow maps that are shown anew, of the same pass or another one."""

    def update(self) -> bool:
        """Go on, once in each frame; True when the picture changed."""
        return False

    def stop_threads(self) -> None:
        """End the threads of its own."""
