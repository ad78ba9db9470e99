"""The one way to do a command: for the window, the headset, `--play`, session files and Python."""

from __future__ import annotations

from collections.abc import Callable

from vrnn.commands.base import Command
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import CommandInfo, info_of
from vrnn.errors import Fault, VrnnError
from vrnn.scene.picking import Hit
from vrnn.storage.fault_log import fault_log


class CommandDispatcher:
    """Runs commands on one context. executed: how many it has done."""

    def __init__(
        self, context: CommandContext, notify: Callable[[str], None] = lambda text: None,
        on_done: Callable[[Command], None] = lambda command: None,
    ) -> None:  # fmt: skip
        """Create a dispatcher.

        Args:
            context: What commands run on.
            notify: Shows a short text to the user.
            on_done: Called after each command.
        """
        self.context = context
        self.executed = 0
        self._notify, self._on_done = notify, on_done

    def execute(self, command: Command) -> None:
        """Do a command and tell what it says.

        Raises:
            VrnnError: When it cannot be done; everything is then as before. A `Fault` when that is
                for an error in vrnn itself, which then stands in the log.
        """
        fault_log.add_command(command)
        workspace = self.context.workspace
        before = workspace.history.bookmark()
        try:
            command.run(self.context)
            text = command.message(self.context)
        except VrnnError:
            if workspace.history.bookmark() != before:
                workspace.roll_back(before)
            raise
        except Exception as error:
            workspace.roll_back(before)
            raise Fault(self._record(info_of(command), error)) from error
        self.executed += 1
        self._on_done(command)
        if text:
            self._notify(text)

    def invoke(self, info: CommandInfo, hit: Hit | None, precise: bool = False) -> None:
        """Do what a command's key or menu entry means now. Arguments as for `Command.for_hit`.

        Raises:
            VrnnError: When it cannot be done now.
        """
        try:
            command = info.kind.for_hit(self.context, hit, precise)
        except VrnnError:
            raise
        except Exception as error:
            raise Fault(self._record(info, error)) from error
        self.execute(command)

    def why_not(self, info: CommandInfo, hit: Hit | None) -> str:
        """Why a command cannot be done now; '' when it can."""
        try:
            info.kind.for_hit(self.context, hit)
        except VrnnError as error:
            return str(error)
        except Exception as error:
            return self._record(info, error)
        return ""

    def _record(self, info: CommandInfo, error: Exception) -> str:
        """Write a fault to the log, and show it until the user has dismissed it."""
        workspace = self.context.workspace
        sentence = fault_log.record(f"{info.title} ({info.name})", error, workspace.history.state)
        workspace.show_fault(sentence)
        return sentence
