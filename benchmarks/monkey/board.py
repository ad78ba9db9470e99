"""The monkey in a headset: random hands at the world and at the board with the panels."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from imgui_bundle import imgui

from benchmarks.monkey.checks import check
from benchmarks.monkey.files import write_files
from benchmarks.monkey.random_commands import CommandMaker
from vrnn.app.offscreen import OffscreenApp
from vrnn.config.loader import load_config
from vrnn.controls.hands.rig_controller import HandRigController
from vrnn.errors import VrnnError
from vrnn.render.render_target import RenderTarget
from vrnn.render.uniforms import View
from vrnn.scene.camera import Camera
from vrnn.scene.headset.hand_gestures import pose_along
from vrnn.scene.headset.tracking import Eye, HandInput, Pose, TrackingFrame
from vrnn.scene.linalg import transformed
from vrnn.ui.texture_host import SIZE

FRAME_SECONDS = 1 / 45
START = (np.array([-0.2, 1.25, -0.35]), np.array([0.2, 1.25, -0.35]))
BUTTONS = ("primary", "secondary", "stick_click", "menu")


class BoardMonkey:
    """Drives both hands of a controller without a headset."""

    def __init__(
        self, app: OffscreenApp, guide: HandRigController, seed: int, folder: Path,
        log: Callable[[str], None],
    ) -> None:  # fmt: skip
        """Create a monkey.

        Args:
            app: Without a window.
            guide: What the hands do.
            seed: Of all that it does.
            folder: With the files of `write_files`.
            log: Gets each thing before it is done.
        """
        self._app, self._guide, self._log = app, guide, log
        self._rng = random.Random(seed)
        self._commands = CommandMaker(self._rng, folder)
        self._target = RenderTarget(app.gl_context, (160, 120))
        self._head = Pose(np.array([0.0, 1.65, 0.0]))
        self._hands = [HandInput(aim=Pose(p), grip=Pose(p), active=True) for p in START]
        self._now = 100.0
        self._frames(2)
        guide.controls.floating_panel.toggle()

    def act(self) -> None:
        """Do something, and let some frames go by."""
        rng = self._rng
        hand = rng.randrange(2)
        kind = rng.choices(
            ("board", "world", "trigger", "squeeze", "button", "stick", "away", "type", "do"),
            (6, 3, 8, 2, 2, 2, 0.3, 1, 2),
        )[0]  # fmt: skip
        if kind == "board":
            x, y = rng.uniform(0, SIZE[0]), rng.uniform(0, SIZE[1])
            self._log(f"hand {hand} points at {x:.0f} {y:.0f} of the board")
            self._point_at_board(hand, x, y)
        elif kind == "world":
            spots = [np.array(r.origin) for r in self._app.world.pick_regions()]
            for slot in self._app.world.slots:
                spots += list(self._app.world.placement_frame(slot).panel_rects[:, :3])
            spot = rng.choice(spots)
            self._log(f"hand {hand} points at {spot}")
            self._point(hand, spot)
        elif kind in ("trigger", "squeeze"):
            value = rng.choice((0.0, 1.0))
            self._log(f"hand {hand} {kind} {value}")
            self._set(hand, **{kind: value})
        elif kind == "button":
            name = rng.choice(BUTTONS)
            self._log(f"hand {hand} presses {name}")
            self._set(hand, **{name: True})
            self._frames(2)
            self._set(hand, **{name: False})
        elif kind == "stick":
            stick = rng.choice(((0.0, 0.0), (0.0, 1.0), (0.0, -1.0), (1.0, 0.0), (-1.0, 0.0)))
            self._log(f"hand {hand} stick {stick}")
            self._set(hand, stick=stick)
        elif kind == "away":
            self._log(f"hand {hand} sleeps")
            self._set(hand, active=False)
            self._frames(2)
            self._set(hand, active=True)
        elif kind == "type":
            self._type()
        else:
            self._do()
        self._frames(rng.randrange(1, 4))

    def _type(self) -> None:
        caps = self._guide.panel_gui._caps
        if not caps:
            self._log("open the palette")
            self._guide.panel_gui.open_palette()
            return
        cap = self._rng.choice(caps)
        self._log(f"type {cap.text}")
        left, top, right, bottom = cap.box
        self._point_at_board(1, (left + right) / 2, (top + bottom) / 2)
        self._set(1, trigger=1.0)
        self._set(1, trigger=0.0)

    def _do(self) -> None:
        command = self._commands.command(self._app.world)
        self._log(f"do {command!r}")
        try:
            self._guide.controls.do(command)
        except VrnnError as error:
            self._guide.notify(str(error))

    def _point_at_board(self, hand: int, x: float, y: float) -> None:
        board = self._guide.controls.floating_panel.billboard
        if board is not None:
            at = board.point((x / SIZE[0] - 0.5) * board.width, (0.5 - y / SIZE[1]) * board.height)
            self._point(hand, self._guide.rig.apply(at))

    def _point(self, hand: int, world: np.ndarray) -> None:
        aim = self._hands[hand].aim
        assert aim is not None
        target = transformed(np.linalg.inv(self._guide.rig.matrix()), np.asarray(world, float))
        pose = pose_along(aim.position, target - aim.position)
        self._set(hand, aim=pose, grip=pose)

    def _set(self, hand: int, **changes: object) -> None:
        self._hands[hand] = replace(self._hands[hand], **changes)  # type: ignore[arg-type]
        self._frames(1)

    def _frames(self, count: int) -> None:
        for _ in range(count):
            self._now += FRAME_SECONDS
            eyes = (Eye(self._head), Eye(self._head))
            hands = (self._hands[0], self._hands[1])
            tracking = TrackingFrame(self._now, self._head, eyes, hands, True)
            self._guide.update(tracking, FRAME_SECONDS)
            near, front = self._guide.draw(tracking)
            camera = Camera(0.0, 1.65, 0.0)
            view = View(camera, self._target.size, 88.0, 0.1)
            app = self._app
            app._renderer.draw(self._target, view, app.world.draw_list(), near, front)
            app.advance(FRAME_SECONDS, 1e9, camera)
            self._guide.panel_gui._last_rebuild = 0.0  # else only so many times a second
            self._guide.prepare_next_frame()
            app.workspace.messages.clear()
            app.feed.failures.clear()
        with self._guide.panel_gui._inside():
            active = imgui.is_any_item_active()
        controls = self._guide.controls
        held = bool(controls.dragging or controls.layer_holders)
        check(self._app.workspace, self._app.gl_context, active or held)


def run(seed: int, events: int, folder: Path, log: Callable[[str], None]) -> None:
    """Let a monkey put on a headset. Arguments as for `benchmarks.monkey.window.run`.

    Raises:
        Found: Something went wrong.
    """
    specs, config = write_files(folder), load_config()
    with (
        OffscreenApp(specs[: 1 + seed % 2], config) as app,
        app.hand_controller(config, None) as guide,
    ):
        monkey = BoardMonkey(app, guide, seed, folder, log)
        for _ in range(events):
            monkey.act()
