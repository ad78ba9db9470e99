"""Who leads through a visit with a headset: hands, what is seen of them, and the board."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vrnn.commands.base import Action
from vrnn.config.schema import Config
from vrnn.controls.hands.hand_controls import Hands
from vrnn.controls.hands.hand_visuals import Memory, seen, words
from vrnn.controls.hands.onboarding_hints import help_rows
from vrnn.render.renderer import Renderer
from vrnn.scene.camera import Camera
from vrnn.scene.headset.floating_panel import LENT_BOARD
from vrnn.scene.headset.rig_math import eye_at
from vrnn.scene.headset.tracking import HandInput, Rig, Tracked
from vrnn.scene.primitives import Drawing
from vrnn.storage.closeable import Closing
from vrnn.ui.panel_context import Desk
from vrnn.ui.texture_host import Board
from vrnn.workspace.workspace import Place
from vrnn.xr.input import Input
from vrnn.xr.session import Frame, Headset


class HandsGuide(Closing):
    """Leads a `Visit` by what both hands do."""

    def __init__(
        self, place: Place, renderer: Renderer, config: Config,
        act: Callable[[Action], object] | None = None, hints_file: Path | None = None,
        rig: Rig | None = None,
    ) -> None:  # fmt: skip
        """act: does what is no change of the place and no way to go, such as taking pictures;
        hints_file: remembers that the hints were read; rig: where to begin."""
        self._renderer = renderer
        desk = Desk(place, self._do, self.note)
        self.board = Board(renderer.ctx, desk, help_rows())
        renderer.lend(LENT_BOARD, self.board.texture)
        self.hands = Hands(place, config.comfort, act, self.board, hints_file, rig)
        self.hands.late = True
        self._memory = Memory()
        self.input: Input | None = None
        self.done: list[Action] = []

    def _do(self, action: Action) -> None:
        self.hands.do(action)

    def note(self, text: str) -> None:
        """Say something for a few seconds, before the eyes."""
        self.hands.note(text)

    def meet(self, headset: Headset) -> None:
        """Take the controllers of a session that has just been made, before its first frame. Raises
        HeadsetError."""
        self.part()
        runtime = headset.runtime
        self.input = Input(
            runtime.xr, runtime.calls, runtime.instance, headset.session, runtime.facts.extensions
        )
        self._headset = headset

    def part(self) -> None:
        """Let go of the controllers, before their session is closed."""
        if self.input is not None:
            self.input.close()
            self.input = None

    def read(self, frame: Frame) -> tuple[HandInput, HandInput]:
        """What both hands do at the time of a frame. Raises HeadsetLost."""
        if self.input is None:
            return HandInput(), HandInput()
        return self.input.read(self._headset.stage, frame.time, self.hands.head)

    @property
    def rig(self) -> Rig:
        """Where the stage stands."""
        return self.hands.rig

    def go(self, camera: Camera) -> None:
        """Stand where a flat camera is, looking its way."""
        head = self.hands.head
        if head is not None:
            self.hands.locomotion.go(eye_at(head, camera.position, camera.yaw))

    def update(self, tracked: Tracked, seconds: float) -> None:
        """Take a moment's input. seconds: since the last one."""
        done, buzzes = self.hands.update(tracked, seconds)
        self.done = list(done)
        if self.input is not None:
            for buzz in buzzes:
                self.input.buzz(buzz.hand, buzz.strength, buzz.seconds)

    def seen(self, tracked: Tracked) -> tuple[Drawing | None, Drawing | None]:
        """What stands in the world beside what is always there, and what floats over it."""
        near, front = seen(self.hands, self._memory)
        return near, front if len(front.quads) else None

    def make_ready(self) -> None:
        """Between two frames: light up what is pointed at, lay words out, make the board's panels
        anew."""
        self.hands.light_up()
        words(self.hands, self._memory)
        self._renderer.lay_out(self._memory.labels)
        if self.hands.board.shown:
            self.board.step()

    def close(self) -> None:
        """Let go of the controllers and of the board."""
        self.part()
        self._renderer.lend(LENT_BOARD, None)
        self.board.release()
