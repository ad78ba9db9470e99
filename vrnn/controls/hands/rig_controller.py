"""Who leads through a visit with a headset: hands, what is seen of them, and the board."""

from __future__ import annotations

from pathlib import Path

from vrnn.commands.base import Command
from vrnn.commands.context import CommandContext
from vrnn.commands.dispatcher import CommandDispatcher
from vrnn.config.schema import Config
from vrnn.controls.hands.hand_controls import HandControls
from vrnn.controls.hands.hand_visuals import LabelCache, draw_hands, layout_labels
from vrnn.controls.hands.onboarding_hints import help_rows
from vrnn.render.renderer import Renderer
from vrnn.scene.camera import Camera
from vrnn.scene.headset.floating_panel import PANEL_TEXTURE
from vrnn.scene.headset.rig_math import with_eye_at
from vrnn.scene.headset.tracking import HandInput, Rig, TrackingFrame
from vrnn.scene.primitives import DrawList
from vrnn.storage.closeable import Closeable
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.texture_host import TextureGui
from vrnn.workspace.workspace import Workspace
from vrnn.xr.input import HandInputReader
from vrnn.xr.session import HeadsetFrameState, HeadsetSession


class HandRigController(Closeable):
    """Leads a `HeadsetView` by what both hands do."""

    def __init__(
        self, workspace: Workspace, renderer: Renderer, config: Config,
        context: CommandContext, hints_file: Path | None = None,
        rig: Rig | None = None,
    ) -> None:  # fmt: skip
        """Create it.

        Args:
            workspace: What the hands work on.
            renderer: Draws the panels of the floating panel.
            config: The settings.
            context: What commands run on, apart from going somewhere and what hands show.
            hints_file: Remembers that the hints were read; None: nothing does.
            rig: Where to begin; None: before the input.
        """
        self._renderer = renderer
        panels = PanelContext(workspace, CommandDispatcher(context), self.notify)
        self.panel_gui = TextureGui(renderer.ctx, panels, help_rows())
        renderer.register_texture(PANEL_TEXTURE, self.panel_gui.texture)
        self.controls = HandControls(
            workspace, config.comfort, context, self.panel_gui, hints_file, rig
        )
        panels.dispatcher = self.controls.dispatcher
        self.controls.deferred_highlight = True
        self._memory = LabelCache()
        self.input: HandInputReader | None = None
        self.done: list[Command] = []

    def notify(self, text: str) -> None:
        """Say something for a few seconds, before the eyes."""
        self.controls.feedback.notify(text)

    def attach(self, headset: HeadsetSession) -> None:
        """Take the controllers of a session that has just been made, before its first frame. Raises
        HeadsetError."""
        self.detach()
        runtime = headset.runtime
        self.input = HandInputReader(
            runtime.xr, runtime.calls, runtime.instance, headset.session, runtime.info.extensions
        )
        self._headset = headset

    def detach(self) -> None:
        """Let go of the controllers, before their session is closed."""
        if self.input is not None:
            self.input.close()
            self.input = None

    def read_hands(self, frame: HeadsetFrameState) -> tuple[HandInput, HandInput]:
        """What both hands do at the time of a frame. Raises HeadsetLost."""
        if self.input is None:
            return HandInput(), HandInput()
        return self.input.read(self._headset.stage, frame.time, self.controls.hands.head)

    @property
    def rig(self) -> Rig:
        """Where the stage stands."""
        return self.controls.rig

    def go_to(self, camera: Camera) -> None:
        """Stand where a flat camera is, looking its way."""
        head = self.controls.hands.head
        if head is not None:
            self.controls.locomotion.go_to(with_eye_at(head, camera.position, camera.yaw))

    def update(self, tracked: TrackingFrame, seconds: float) -> None:
        """Take a moment's input. seconds: since the last one."""
        done, buzzes = self.controls.update(tracked, seconds)
        self.done = list(done)
        if self.input is not None:
            for buzz in buzzes:
                self.input.play_pulse(buzz.hand, buzz.strength, buzz.seconds)

    def draw(self, tracked: TrackingFrame) -> tuple[DrawList | None, DrawList | None]:
        """What stands in the world beside what is always there, and what floats over it."""
        near, front = draw_hands(self.controls, self._memory)
        return near, front if len(front.quads) else None

    def prepare_next_frame(self) -> None:
        """Between two frames: light up what is pointed at, lay words out, make the board's panels
        anew."""
        self.controls.update_highlight()
        layout_labels(self.controls, self._memory)
        self._renderer.layout_text(self._memory.labels)
        if self.controls.floating_panel.visible:
            self.panel_gui.step()

    def close(self) -> None:
        """Let go of the controllers and of the board."""
        self.detach()
        self._renderer.register_texture(PANEL_TEXTURE, None)
        self.panel_gui.release()
