"""The window's frame loop: takes input, drains results, moves the eye, draws.

Owns every part and closes them in reverse order. Never waits for the model.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from math import radians
from pathlib import Path

import numpy as np
from PIL import Image

from vrnn.app.headset_manager import HeadsetManager, start_if_requested
from vrnn.app.headset_view import HeadsetView
from vrnn.app.startup_timings import StartupTimings
from vrnn.app.window import Window
from vrnn.commands.base import Command
from vrnn.commands.files import ExportLayers, RecordVideo, SaveImage, SaveSession
from vrnn.commands.session import GoToView, SetHeadset
from vrnn.compute.worker import Worker
from vrnn.config.options import Options
from vrnn.config.schema import Config
from vrnn.controls.events import InputEvent, KeyPress, MouseButton, Scroll
from vrnn.controls.fly_camera import DIRECTIONS, FlyCamera
from vrnn.controls.hands.onboarding_hints import HINTS_FILE
from vrnn.controls.hands.rig_controller import HandRigController
from vrnn.controls.key_bindings import KeyBindings, help_rows, set_input_command
from vrnn.controls.pointer import Pointer
from vrnn.errors import VrnnError, WorkerError
from vrnn.export.exporter import Exporter
from vrnn.export.png import write_png
from vrnn.media.clipboard import clipboard_image
from vrnn.media.video_source import VideoSource
from vrnn.network.model_spec import ModelSpec
from vrnn.render.context import is_software, window_context
from vrnn.render.look import feature_map_colors, render_colors
from vrnn.render.render_target import Target
from vrnn.render.renderer import Renderer
from vrnn.render.screenshot import render_tiled
from vrnn.render.uniforms import View
from vrnn.scene.camera import NEAR, Camera
from vrnn.scene.picking import Ray
from vrnn.scene.primitives import DrawList
from vrnn.scene.readout import hover_text
from vrnn.scene.state import State
from vrnn.scene.viewpoints import camera_by_name, find_layer, frame_layer, near_and_fog
from vrnn.scene.visuals.card import hud_cards
from vrnn.storage.closeable import Closeable
from vrnn.storage.paths import user_settings_file
from vrnn.style.colormap import ColorMapping
from vrnn.ui.hud import overlay
from vrnn.ui.hud.minimap import minimap
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.window_host import WindowGui
from vrnn.workspace.autosave import Autosave, autosave_path
from vrnn.workspace.workspace import Workspace
from vrnn.workspace.workspace_file import WorkspaceSnapshot, load_workspace, save_workspace

IDLE = 1 / 60
"""Seconds to wait for input while nothing moves."""
FIRST_HINT = (
    "click an image on the wall, then the large one: it goes in · W A S D to walk, hold the right "
    "button to look · F1 keys · F2 panels"
)
NOTE_SECONDS = 4.0
LETTERS_A_SECOND = 12.0
EDITING = "ACVXYZ"
"""Keys that do something to a line of text while Control is held."""
SWITCH = 0.001
"""Seconds that a thread may keep the interpreter from another: a layer takes the model about as
long, and with Python's usual 5 ms it waits longer than it works."""


class DesktopApp(Closeable):
    """The running program."""

    def __init__(
        self,
        options: Options,
        config: Config,
        specs: Sequence[ModelSpec],
        images: Sequence[np.ndarray | Path | int],
    ) -> None:
        self._options, self._config = options, config
        self.images = list(images)
        # The model begins to load before the window opens: torch's import takes the longest.
        self.worker = Worker(threads=max(1, (os.cpu_count() or 2) - 1))
        self.worker.open(specs, options.detail)
        if self.images:
            self.worker.run_image(self.images[0])
        window = config.window
        size = options.window or (window.width, window.height)
        try:
            self.window = Window("vrnn", size, options.fullscreen, window.vsync)
        except BaseException:
            self.worker.close()
            raise
        self._ctx = window_context()
        self._software = is_software(self._ctx)
        self._samples = 0 if self._software else window.multisample
        sys.setswitchinterval(SWITCH)
        self._renderer = Renderer(self._ctx)
        self._target: Target | None = None
        self._shown_size = (0, 0)
        seconds = config.motion.seconds * 3.2 if config.motion.enabled else 0.0
        state = State(options.arrange, ColorMapping(normalize_by=options.scale))
        self.place = Workspace(
            self.worker,
            self._renderer,
            specs,
            options.detail,
            state,
            seconds,
            feature_map_colors(config),
        )
        if self.images:
            self.place.begin_with(self.images[0])
        self.world, self.feed = self.place.world, self.place.feed
        self.walker = FlyCamera(Camera(fov=radians(config.motion.fov)), config.motion)
        desk = PanelContext(self.place, self.do, self.notify)
        file = user_settings_file().with_name("panels.ini")
        rows = help_rows(config.keys)
        self.gui = WindowGui(self._ctx, self.window, desk, rows, config.panels.text, file)
        self.commands = KeyBindings(self, config.keys)
        self._live = None if options.live is None else VideoSource(options.live)
        self._live_count = -1  # of the passes, when a live frame was last sent
        self._keeper = Exporter(
            self.place, self._renderer, render_colors(config), lambda camera: None
        )
        self._film: Iterator[float] | None = None
        self._filmed = ""
        self.pointer = Pointer(self.place, lambda: self.window.capture(True))
        self.help = self.map = False
        self.magnify = ""
        self.user_has_moved = False  # by the user: the first view is not changed any more then
        self._said = False  # since the last picture
        self._note, self._note_until = FIRST_HINT, time.perf_counter() + 12.0
        self._frames, self._rate, self._counted = 0, 0.0, time.perf_counter()
        self._timings = StartupTimings(options.timings)
        self._overlay: tuple[object, DrawList] | None = None
        self._pointer: tuple[object, ...] = ()
        self._first_cursor: tuple[float, float] | None = None
        self._saving: threading.Thread | None = None
        self._last = autosave_path(self.place.specs, self.place.detail)
        self._autosave = Autosave(self._last)
        self._begun = self.place.history.state
        self._time, self._busy = time.perf_counter(), True
        self.headset = HeadsetManager(
            self._ctx,
            self.place,
            self._renderer,
            config.headset,
            render_colors(config),
            options.stereo,
            self.notify,
            self._guide,
        )
        if self._last is not None and self._last.is_file():
            self._note = "Ctrl+R: back to where the last visit ended · " + FIRST_HINT
        try:
            start_if_requested(self.headset, options.xr, self.notify)
        except BaseException:
            self.close()
            raise

    def _guide(self) -> HandRigController:
        """Who leads through a visit with a headset."""
        hints = user_settings_file().with_name(HINTS_FILE)
        return HandRigController(self.place, self._renderer, self._config, self.do, hints)

    # The loop.

    def loop(self) -> None:
        """Draw frames until the window is closed. Raises VrnnError when no model can be opened."""
        self._time, self._busy = time.perf_counter(), True
        while not self.window.closing:
            visit = self.headset.poll()
            self.window.set_vsync(visit is None)
            if visit is None:
                self._run_frame()
            elif visit.headset.visible:
                self._run_headset_frame(visit)
            else:
                self.headset.frame()  # the runtime wants it, and sets the pace
                self._busy = True
                self._run_frame()

    def _run_frame(self) -> None:
        """Once round with the window alone."""
        inputs = self.window.poll_events(0.0 if self._busy else IDLE)
        panels = self._process_input(inputs)
        now = time.perf_counter()
        self._busy = self._update(min(now - self._time, 0.1)) or bool(inputs) or panels
        self._time = now
        if self._busy and min(self.window.size) > 0:
            self._draw(self.gui.room[2:])
        self._count(now)

    def _process_input(self, inputs: Sequence[InputEvent]) -> bool:
        """Do what keys and mouse ask for; whether panels changed."""
        panels = self.gui.step()  # first: what it takes is not for the world
        for event in inputs:
            if not self._gui_captures(event):
                self.commands.handle(event)
        return panels

    def _run_headset_frame(self, visit: HeadsetView) -> None:
        """Once round with the headset worn: a frame for the eyes, and for the monitor when it is
        time. What is not for this very frame comes after it was handed over."""
        room = self.gui.room[2:]
        due = self.headset.mirror_is_due and min(self.window.size) > 0 and min(room) > 0
        copies = due and self.headset.mirrors_eyes
        seconds = self.headset.frame(self.headset.mirror(room) if copies else None)
        self._time = time.perf_counter()
        if self.headset.view is None:
            self._busy = True
            return
        self._timings.mark("headset")
        if due:
            self._process_input(self.window.poll_events(0.0))
        self._update(seconds, visit)
        visit.prepare_next_frame()
        if due and copies and self.headset.mirrored is not None:
            view = self._view(room)
            self._renderer.draw_over(self.headset.mirrored, view, self._over(room))
            self._show(self.headset.mirrored)
        elif due:
            self._draw(room)
        self._count(self._time)

    def _update(self, seconds: float, visit: HeadsetView | None = None) -> bool:
        """Let time go on; returns whether the picture changed. visit: that is going on."""
        changed = self._process_worker_events()
        self._poll_live_source()
        self._record_video_frame()
        actions = () if self.gui.takes_keys else (*DIRECTIONS, "run")
        held = [name for name in actions if self.window.is_key_down(self.commands.key(name))]
        if held != ["run"] and held:
            self.user_has_moved = True
        before = self.walker.camera
        self.walker.step(held, seconds)
        for note in self.place.messages:
            self.notify(note)
        self.place.messages.clear()
        worn = visit is not None and self.headset.mirrors_eyes
        if visit is not None and visit.last_frame is not None:
            eye = visit.last_frame.camera
            if worn:
                self.walker.jump(replace(eye, fov=before.fov))
            changed |= self.place.tick(eye.position)
        else:
            changed |= self.place.tick(self.walker.camera.position)
        passed = seconds if visit is None else visit.throttle.elapsed(seconds)
        changed |= self.world.advance(passed) | (self.walker.camera != before)
        if not worn:  # hands point then
            changed |= self._point()
        if self.place.history.state is not self._begun:
            self._autosave.update(time.perf_counter(), self.place.history.state, self._kept)
        changed, self._said = changed | self._said, False
        if time.perf_counter() > self._note_until:
            self._note, self._note_until, changed = "", float("inf"), True
        return changed or self.walker.moving or self._film is not None

    def _record_video_frame(self) -> None:
        """Take the next picture of a film that is being made."""
        if self._film is None:
            return
        try:
            self._filmed = f"film {next(self._film):.0%}"
        except StopIteration:
            self._film, self._filmed = None, ""
            self.notify("the film is written")
        except VrnnError as error:
            self._film, self._filmed = None, ""
            self.notify(str(error))

    def _poll_live_source(self) -> None:
        """Send the newest live frame once the one before has gone through all networks."""
        live = self._live
        if live is None or not self.world.slots:
            return
        if live.problem:
            self.notify(live.problem)
            live.close()
            self._live = None
            return
        begun = self._live_count >= 0
        if begun and not self.place.streaming:
            return  # an image was put in by hand since
        # One image runs, the next one waits: the model never does.
        if begun and self.feed.passes + len(self.world.slots) < self._live_count:
            return
        frame = live.frame()
        if frame is not None:
            self._live_count = self.feed.passes + 2 * len(self.world.slots)
            self.place.show_live_frame(frame)

    def _process_worker_events(self) -> bool:
        events = self.worker.events()
        if self.feed.handle_events(events):
            self._new_network()
        waiting = self.feed.waiting
        clip = self.walker.camera.clip_from_world(self.aspect)
        complete = self.place.upload(self._config.render.upload_mb_a_frame * 2**20, clip)
        if complete and self.feed.displayed_sequence:
            self._timings.mark("maps")
        if self.feed.failures and not self.world.slots:
            failure = self.feed.failures[0]
            raise VrnnError(failure.message) from WorkerError(failure.details)
        return bool(events) or waiting or not complete

    def _new_network(self) -> None:
        for note in self.feed.notes:
            print(f"vrnn: {note}", file=sys.stderr)
        self.feed.notes.clear()
        self.place.on_network_loaded()
        self.place.tick(self.walker.camera.position)  # the wall belongs into the first view
        if not self.user_has_moved:
            self.walker.jump(self.view("overview"))

    def _point(self) -> bool:
        """Light up what the cursor or the cross-hair is on."""
        if self.gui.takes_mouse and not self.window.captured:
            return self._on_panels()
        cursor = self.cursor
        pointer = (cursor, self.walker.camera, id(self.world.draw_list()))
        if pointer == self._pointer:
            return False
        (x, y), camera = cursor, self.walker.camera
        inside = abs(x) <= 1 and abs(y) <= 1
        if self.pointer.dragging:
            along_floor = self.window.is_key_down(self.commands.key("run"))
            ray = Ray(camera.position, camera.ray(x, y, self.aspect))
            self.pointer.move(ray, along_floor)
            self._pointer = ()
            return True
        before = self.world.hovered
        hit = self.world.pick(camera.position, camera.ray(x, y, self.aspect)) if inside else None
        self._first_cursor = self._first_cursor or cursor
        moved = cursor != self._first_cursor  # else it lies where it happened to be
        self.world.hover(hit if moved or self.user_has_moved or self.window.captured else None)
        self._pointer = (cursor, camera, id(self.world.draw_list()))
        return self.world.hovered != before or self.place.held_image is not None

    def _on_panels(self) -> bool:
        """The mouse is not in the world; what a panel points at stays pointed at."""
        if not self._pointer:
            return False
        self._pointer = ()
        before = self.world.hovered
        self.world.hover(None)
        return before is not None

    def _gui_captures(self, event: object) -> bool:
        """Whether an input is for the panels and not for the world."""
        if isinstance(event, MouseButton | Scroll):
            return self.gui.takes_mouse and not self.window.captured
        if not isinstance(event, KeyPress) or not self.gui.takes_keys:
            return False
        functional = event.name.startswith("F") and event.name != "F"
        command = "CONTROL" in event.modifiers and event.name not in EDITING
        return not functional and not command

    # What is seen.

    @property
    def aspect(self) -> float:
        """Width / height of the world's picture."""
        _, _, width, height = self.gui.room
        return width / max(height, 1)

    @property
    def cursor(self) -> tuple[float, float]:
        """Where the cursor is in the world's picture, -1…1, y up; beyond where it is outside."""
        if self.window.captured:
            return 0.0, 0.0
        (x, y), (width, height) = self.window.cursor, self.window.size
        left, top, wide, high = self.gui.room
        right, down = (x + 1) / 2 * width - left, (1 - y) / 2 * height - top
        return 2 * right / max(wide, 1) - 1, 1 - 2 * down / max(high, 1)

    def view(self, name: str) -> Camera:
        """A camera by name, for this window. Raises VrnnError."""
        return camera_by_name(self.world, name, self.aspect, self.walker.camera.fov)

    def view_after_move(self, name: str) -> Camera:
        """The same, for where everything will be once it has stopped moving."""
        return camera_by_name(self.world.at_rest(), name, self.aspect, self.walker.camera.fov)

    def _draw(self, size: tuple[int, int]) -> None:
        if self._target is None or self._target.size != size:
            if self._target is not None:
                self._target.release()
                if not self.user_has_moved and self.world.slots:
                    self.walker.jump(self.view("overview"))
            self._target = Target(self._ctx, size, self._samples)
        self._renderer.draw(
            self._target, self._view(size), self.world.draw_list(), self._over(size), self._front()
        )
        if self._software:
            self.window.finish_gpu()
        self._show(self._target)

    def _show(self, target: Target) -> None:
        """Put a picture of the world into the window, and the panels beside it."""
        if self._shown_size != self.window.size:
            self._shown_size = self.window.size
            self._screen = self._ctx.detect_framebuffer(0)
        if target.size == self.window.size:
            target.to_window(self._screen)
        else:
            self.gui.show_world(self._screen, target.picture)
        self.gui.draw(self._screen)
        self.window.show_picture()
        self._frames += 1
        if self.world.slots:
            self._timings.mark("layout")

    def _view(self, size: tuple[int, int]) -> View:
        camera = self.walker.camera
        near, fog = near_and_fog(self.world, camera) if self.world.slots else (NEAR, 88.0)
        return View(camera, size, fog, near, look=render_colors(self._config))

    def _over(self, size: tuple[int, int]) -> DrawList:
        failure = self.feed.failures[0].message if self.feed.failures else ""
        text = hover_text(self.world)
        rows = list(self.place.jobs.rows.values())
        doing = (
            self._filmed
            or self.feed.progress
            or (f"{rows[0].text} · {rows[0].fraction:.0%}" if rows else "")
        )
        key = (
            size, self.window.pixel_scale, self.help, self._note, failure, doing, text,
            self.world.state.color_mapping, self.world.not_finite, self.window.captured,
            (self.walker.camera, id(self.world.draw_list())) if self.map else None,
        )  # fmt: skip
        if self._overlay is not None and self._overlay[0] == key:
            return self._overlay[1]
        sheet = overlay.HudCanvas(size, max(self.window.pixel_scale, size[1] / 1600))
        display = self.world.state.color_mapping
        room = overlay.legend(sheet, render_colors(self._config), display, self.world.not_finite)
        if self.window.captured:
            overlay.cross_hair(sheet)
        if text or self._note:
            overlay.hint(sheet, text or self._note, room)
        if doing:
            overlay.progress(sheet, doing)
        if self.map:
            minimap(sheet, self.world, self.walker.camera)
        if self.help:
            overlay.help_sheet(sheet, help_rows(self._config.keys))
        if failure:
            overlay.message(sheet, failure, "Enter, Esc or a click closes this message")
        self._overlay = (key, sheet.drawing())
        return self._overlay[1]

    def _front(self) -> DrawList | None:
        cards = self.place.cards(self.magnify)
        seen = self.world.receptive_field_outline(self.world.hovered)
        if not cards and not len(seen):
            return None
        return hud_cards(cards, self.walker.camera, self.aspect, *self.cursor, seen)

    # What commands ask for.

    def begin_at(self, kept: WorkspaceSnapshot) -> None:
        """Make the place as it was kept, as soon as its models have opened."""
        self.place.restore_when_loaded(kept)
        self.commands.viewpoints.update(kept.viewpoints)
        if kept.camera is not None:
            self.walker.jump(kept.camera)
            self.user_has_moved = True

    def _kept(self) -> WorkspaceSnapshot:
        return self.place.snapshot(self.walker.camera, self.commands.viewpoints)

    def restore_autosave(self) -> None:
        """Make the place as it was when the last visit ended. Raises VrnnError."""
        if self._last is None or not self._last.is_file():
            raise VrnnError("there was no visit before in which something was changed")
        self.open_session(self._last)

    def open_session(self, path: Path) -> None:
        """Make the place as a file has it. Raises VrnnError."""
        kept = load_workspace(path)
        self.commands.viewpoints.update(kept.viewpoints)
        self.place.restore(kept)
        if kept.camera is not None:
            self.user_has_moved = True
            self.walker.fly_to(kept.camera)

    def save_session(self) -> None:
        """Write the place to a file beside where vrnn was started. Raises VrnnError."""
        path = _free_name("vrnn-%Y%m%d-%H%M%S.json")
        save_workspace(path, self._kept())
        self.notify(f"place kept in {path.resolve()}: open it with --place")

    def press(self, down: bool) -> None:
        """The left button. Raises VrnnError when what is touched cannot be done."""
        self.user_has_moved = True
        (x, y), camera = self.cursor, self.walker.camera
        if not down:
            self.pointer.release(*self._mouse)
            return
        ray = Ray(camera.position, camera.ray(x, y, self.aspect))
        self.pointer.press(self.world.pick(ray.origin, ray.direction), ray, *self._mouse)

    @property
    def _mouse(self) -> tuple[float, float]:
        return (0.0, 0.0) if self.window.captured else self.window.mouse

    def drop(self, paths: Sequence[str]) -> None:
        """Files were dropped: the first is put in, and all can be stepped through."""
        self.user_has_moved = True
        if paths[0].lower().endswith(".json"):
            self.open_session(Path(paths[0]))
            return
        self.images = [Path(path) for path in paths]
        self.place.execute(set_input_command(self.images[0], self.place))

    def paste(self) -> None:
        """Put the clipboard's image in. Raises VrnnError when there is none."""
        pixels = clipboard_image()
        if pixels is None:
            raise VrnnError("there is no image in the clipboard")
        self.place.execute(set_input_command(pixels, self.place))

    def do(self, action: Command) -> None:
        """Do an action, also one that changes nothing. Raises VrnnError when it cannot be done."""
        if isinstance(action, GoToView):
            self.user_has_moved = True
            if self.headset.view is not None and self.headset.mirrors_eyes:
                self.headset.view.rig_controller.go_to(self._seen_from(action))
            else:
                self.walker.fly_to(self._seen_from(action))
        elif isinstance(action, SetHeadset):
            on = self.headset.view is None if action.on is None else action.on
            self.headset.start() if on else self.headset.stop()
        elif isinstance(action, SaveSession):
            save_workspace(action.file, self._kept())
        elif isinstance(action, SaveImage):
            camera = self.view(action.camera) if action.camera else self.walker.camera
            self._keeper.save_image(action, camera)
            self.notify(f"picture written to {action.file.resolve()}")
        elif isinstance(action, RecordVideo):
            stored = [self.commands.viewpoints[key] for key in sorted(self.commands.viewpoints)]
            cameras = [self.view(name) for name in action.cameras] or stored
            self._film = self._keeper.record_video(action, cameras)
        elif isinstance(action, ExportLayers):
            count = self._keeper.export(action)
            self.notify(f"{count} files written to {action.folder.resolve()}")
        else:
            self.place.execute(action)

    def _seen_from(self, look: GoToView) -> Camera:
        name = look.camera.removeprefix("layer:")
        if name == look.camera:
            return self.view(name)
        world = self.world.at_rest()
        slot = look.network
        node = world.node_id(slot, name) if slot is not None else None
        if slot is None or node is None:
            slot, node = find_layer(world, name, slot)
        return frame_layer(world, slot, node, self.aspect, self.walker.camera.fov)

    def notify(self, text: str) -> None:
        """Say something for a few seconds, and longer what takes longer to read."""
        seconds = max(NOTE_SECONDS, len(text) / LETTERS_A_SECOND)
        self._note, self._note_until = text, time.perf_counter() + seconds
        self._said = True
        if self.headset.hand_controller is not None:
            self.headset.hand_controller.notify(text)

    def dismiss(self) -> bool:
        """Close the message that is shown; False when there is none."""
        if self.feed.failures:
            del self.feed.failures[0]
            return True
        return False

    def screenshot(self) -> None:
        """Write what is seen, without what lies over it, beside where vrnn was started."""
        size = self.window.size
        pixels = render_tiled(self._renderer, self._view(size), self.world.draw_list())
        path = _free_name("vrnn-%Y%m%d-%H%M%S.png")
        self.notify(f"screenshot written to {path.resolve()}")
        # Compressing takes longer than a frame: a thread of its own does it.
        self._saving = threading.Thread(target=self._save, args=(path, pixels))
        self._saving.start()

    def _save(self, path: Path, pixels: np.ndarray) -> None:
        try:
            write_png(path, Image.fromarray(pixels))
        except VrnnError as error:
            self.notify(str(error))

    def _count(self, now: float) -> None:
        """Keep the title's frame rate, of the time in which frames were drawn."""
        if now - self._counted < 0.5:
            return
        if self._frames > 1:
            self._rate = self._frames / (now - self._counted)
        self._frames, self._counted = 0, now
        models = " + ".join(
            stand.info.title + (" (random weights)" if stand.info.random_weights else "")
            for stand in (self.world.networks[slot] for slot in self.world.slots)
        )
        rate = f" · {self._rate:.0f} fps" if self._rate else ""
        if self._live is not None and self.place.streaming:
            rate += f" · live: {self._live.rate:.1f} images a second"
        self.window.set_title(f"vrnn · {models or self.feed.progress or 'opening'}{rate}")

    # The end.

    def close(self) -> None:
        """Close everything, the last made first."""
        if self._live is not None:
            self._live.close()
        self._autosave.finish(self._kept, self.place.history.state is not self._begun)
        if self._saving is not None:
            self._saving.join()  # what the user asked for is not lost
        self.headset.close()
        if self._target is not None:
            self._target.release()
        self.place.close()
        self.gui.release()
        self._renderer.release()
        self._ctx.release()
        self.window.close()
        self.worker.close()


def _free_name(pattern: str) -> Path:
    """A file here, named by the time, that is not there yet."""
    path = Path(datetime.now().strftime(pattern))
    for number in range(2, 100):
        if not path.exists():
            break
        path = path.with_stem(f"{path.stem.split('_')[0]}_{number}")
    return path
