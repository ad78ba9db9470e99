"""Who leads through a visit with a headset: hands, what is seen of them, and the board."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vrnn.commands.base import Command
from vrnn.config.schema import Config
from vrnn.controls.hands.hand_controls import HandControls
from vrnn.controls.hands.hand_visuals import LabelCache, draw_hands, layout_labels
from vrnn.controls.hands.onboarding_hints import help_rows
from vrnn.render.renderer import Renderer
from vrnn.scene.camera import Camera
from vrnn.scene.headset.floating_panel import LENT_BOARD
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
        self, place: Workspace, renderer: Renderer, config: Config,
        act: Callable[[Command], object] | None = None, hints_file: Path | None = None,
        rig: Rig | None = None,
    ) -> None:  # fmt: skip
        """act: does what is no change of the place and no way to go, such as taking pictures;
        hints_file: remembers that the hints were read; rig: where to begin."""
        self._renderer = renderer
        desk = PanelContext(place, self._do, self.note)
        self.board = TextureGui(renderer.ctx, desk, help_rows())
        renderer.register_texture(LENT_BOARD, self.board.texture)
        self.hands = HandControls(place, config.comfort, act, self.board, hints_file, rig)
        self.hands.deferred_highlight = True
        self._memory = LabelCache()
        self.input: HandInputReader | None = None
        self.done: list[Command] = []

    def _do(self, action: Command) -> None:
        self.hands.do(action)

    def note(self, text: str) -> None:
        """Say something for a few seconds, before the eyes."""
        self.hands.feedback.note(text)

    def meet(self, headset: HeadsetSession) -> None:
        """Take the controllers of a session that has just been made, before its first frame. Raises
        HeadsetError."""
        self.part()
        runtime = headset.runtime
        self.input = HandInputReader(
            runtime.xr, runtime.calls, runtime.instance, headset.session, runtime.facts.extensions
        )
        self._headset = headset

    def part(self) -> None:
        """Let go of the controllers, before their session is closed."""
        if self.input is not None:
            self.input.close()
            self.input = None

    def read(self, frame: HeadsetFrameState) -> tuple[HandInput, HandInput]:
        """What both hands do at the time of a frame. Raises HeadsetLost."""
        if self.input is None:
            return HandInput(), HandInput()
        return self.input.read(self._headset.stage, frame.time, self.hands.hands.head)

    @property
    def rig(self) -> Rig:
        """Where the stage stands."""
        return self.hands.rig

    def go(self, camera: Camera) -> None:
        """Stand where a flat camera is, looking its way."""
        head = self.hands.hands.head
        if head is not None:
            self.hands.locomotion.go(with_eye_at(head, camera.position, camera.yaw))

    def update(self, tracked: TrackingFrame, seconds: float) -> None:
        """Take a moment's input. seconds: since the last one."""
        done, buzzes = self.hands.update(tracked, seconds)
        self.done = list(done)
        if self.input is not None:
            for buzz in buzzes:
                self.input.buzz(buzz.hand, buzz.strength, buzz.seconds)

    def seen(self, tracked: TrackingFrame) -> tuple[DrawList | None, DrawList | None]:
        """What stands in the world beside what is always there, and what floats over it."""
        near, front = draw_hands(self.hands, self._memory)
        return near, front if len(front.quads) else None

    def make_ready(self) -> None:
        """Between two frames: light up what is pointed at, lay words out, make the board's panels
        anew."""
        self.hands.light_up()
        layout_labels(self.hands, self._memory)
        self._renderer.layout_text(self._memory.labels)
        if self.hands.board.shown:
            self.board.step()

    def close(self) -> None:
        """Let go of the controllers and of the board."""
        self.part()
        self._renderer.register_texture(LENT_BOARD, None)
        self.board.release()
