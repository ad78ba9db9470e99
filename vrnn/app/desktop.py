"""The desktop program: its frame loop takes input, processes results, moves the eye and draws.

It owns every part and closes them in reverse order. It never waits for the model.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from math import radians
from pathlib import Path

import numpy as np

from vrnn.app.callouts import Callouts
from vrnn.app.frame_guard import FrameGuard
from vrnn.app.frame_pacing import IDLE_SECONDS, IdleWait
from vrnn.app.frame_updater import FrameUpdater, UpdatedParts
from vrnn.app.headset_manager import HeadsetManager, start_if_requested
from vrnn.app.headset_view import HeadsetSetup, HeadsetView
from vrnn.app.hud import Hud
from vrnn.app.live_input import LiveInput
from vrnn.app.mouse_navigation import MouseNavigation
from vrnn.app.navigator import WindowNavigator
from vrnn.app.opened_window import OpenedWindow, open_window
from vrnn.app.session_store import WindowSessions
from vrnn.app.startup_timings import StartupTimings
from vrnn.app.window_exporter import WindowExporter
from vrnn.app.window_input import WindowInput
from vrnn.app.window_interface import HeadsetToggle, WindowInterface
from vrnn.app.window_parts import WindowParts
from vrnn.app.window_title import WindowTitle
from vrnn.app.window_view import WindowView
from vrnn.commands.context import CommandContext
from vrnn.commands.dispatcher import CommandDispatcher
from vrnn.commands.key_bindings import KeyMap
from vrnn.compute.worker import Worker
from vrnn.config.options import Options
from vrnn.config.schema import Config
from vrnn.controls.fly_camera import FlyCamera
from vrnn.controls.hands.onboarding_hints import HINTS_FILE
from vrnn.controls.hands.rig_controller import HandRigController
from vrnn.controls.pointer import Pointer
from vrnn.errors import FatalError
from vrnn.export.exporter import Exporter
from vrnn.network.model_spec import ModelSpec
from vrnn.render.context import is_software
from vrnn.render.context_loss import ContextLoss
from vrnn.render.look import feature_map_colors, render_colors
from vrnn.render.renderer import Renderer
from vrnn.scene.camera import Camera
from vrnn.scene.layout.registry import find_arrangement
from vrnn.scene.primitives import DrawList
from vrnn.scene.state import State, distant_picture_named
from vrnn.storage.closeable import Closeable
from vrnn.storage.machine_memory import host_map_bytes
from vrnn.storage.paths import user_settings_file
from vrnn.style.color_mapping import ColorMapping
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.window_host import WindowGui
from vrnn.workspace.workspace import Workspace

MAX_STEP_SECONDS = 0.1
"""Seconds; a longer frame counts as this long: nobody jumps through a wall after a hitch."""
FIRST_HINT = "drag to orbit, scroll to zoom · Space: walk · F1: keys · F2: panels"
RESTORE_HINT = "Ctrl+R: restore last session · "
AFTER_LOSS = "the session is saved: start vrnn again and press Ctrl+R"
"""What to do when nothing can be drawn any more."""
MOVE_TIMES = 3.2
"""Duration of a transition in the world, as a multiple of `motion.seconds`."""
SWITCH_INTERVAL = 0.001
"""Seconds that a thread may keep the interpreter lock: a layer of the model takes about as long,
and with Python's default of 5 ms the model's thread waits longer than it works."""


class DesktopApp(Closeable):
    """The running program with its window.

    Attributes:
        worker: Runs the models.
        window: The GLFW window.
        workspace: The open document.
        context: What commands run on.
        dispatcher: Executes commands.
        gui: The panels.
        headset: The headset beside the window.
        sessions: Saves and opens sessions.
    """

    def __init__(
        self, options: Options, config: Config, specs: Sequence[ModelSpec],
        images: Sequence[np.ndarray | Path | int], opened: OpenedWindow | None = None,
    ) -> None:  # fmt: skip
        """Open the window and begin to load the models.

        Args:
            options: The command line.
            config: The settings.
            specs: The models.
            images: Images to step through; the first one becomes the input.
            opened: The window, where it is open already.

        Raises:
            VrnnError: When there is no window, no OpenGL, or a key is set twice.
        """
        self._config = config
        try:
            key_map = KeyMap(config.keys)
        except BaseException:
            if opened is not None:
                opened.close()
            raise
        # The model begins to load first: torch's import takes the longest.
        self.worker = Worker(
            max(1, (os.cpu_count() or 2) - 1), host_map_bytes(config.render.host_memory_mb)
        )
        self.worker.open(specs, options.detail)
        if images:
            self.worker.run_image(images[0])
        try:
            opened = opened or open_window(options, config)
        except BaseException:
            self.worker.close()
            raise
        self.window, self._ctx = opened.window, opened.ctx
        self._loss = ContextLoss.of(self._ctx)
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._renderer = Renderer(self._ctx, config.render.map_memory_mb)
        self._timings = StartupTimings(options.timings)
        self._timings.mark("background", opened.shown)
        self._idle = IdleWait()
        self._open_workspace(options, specs, images)
        self._open_parts(options, key_map)
        self._time, self._busy = time.perf_counter(), True
        try:
            start_if_requested(self.headset, options.xr, self.notify)
        except BaseException:
            self.close()
            raise

    def _open_workspace(
        self, options: Options, specs: Sequence[ModelSpec],
        images: Sequence[np.ndarray | Path | int],
    ) -> None:  # fmt: skip
        config = self._config
        seconds = config.motion.seconds * MOVE_TIMES if config.motion.enabled else 0.0
        state = State(
            find_arrangement(options.arrange).name,
            ColorMapping(normalize_by=options.scale),
            distant_picture=distant_picture_named(config.render.layer_pictures),
            theme=config.render.theme,
        )
        colors = feature_map_colors(config)
        self.workspace = Workspace(
            self.worker, self._renderer, specs, options.detail, state, seconds, colors
        )
        # Software OpenGL has no time for what moves all the time: it is the model's.
        self.workspace.world.animates_flow = config.motion.enabled and not is_software(self._ctx)
        self.workspace.input.set_browsable(images)
        if images:
            self.workspace.set_initial_image(images[0])
        self._fly_camera = FlyCamera(Camera(fov=radians(config.motion.fov)), config.motion)

    def _open_parts(self, options: Options, key_map: KeyMap) -> None:
        """Create the parts that work on the workspace, each from those before it."""
        config, workspace, window = self._config, self.workspace, self.window
        colors = render_colors(config)
        self.context = CommandContext(workspace)
        self.dispatcher = CommandDispatcher(self.context, self.notify)
        panels = PanelContext(workspace, self.dispatcher, self.notify)
        self.gui = WindowGui(
            self._ctx, window, panels, key_map, config.panels.text,
            user_settings_file().with_name("panels.ini"),
        )  # fmt: skip
        if options.recording is not None and not self.gui.shown:
            self.gui.toggle()  # the time line is among the panels
        self._guard = FrameGuard(workspace)
        self._view = WindowView(
            self._ctx, window, self.gui, self._renderer, workspace.world, self._fly_camera, config,
            self._guard,
        )  # fmt: skip
        setup = HeadsetSetup(
            self._ctx, workspace, self._renderer, config.headset, colors, options.stereo,
            self.worker.frame_gate,
        )  # fmt: skip
        self.headset = HeadsetManager(setup, self.notify, self._hand_controller)
        parts = WindowParts(
            window, workspace, self._renderer, self._fly_camera, self.gui, self._view
        )
        flies = config.motion.enabled and config.motion.opening_flight and options.xr == "off"
        self._navigator = WindowNavigator(parts, self.headset, config.keys, flies)
        self.sessions = WindowSessions(workspace, self._fly_camera, self._navigator)
        hint = (RESTORE_HINT if self.sessions.has_last else "") + FIRST_HINT
        callouts = Callouts(config.window.callouts)
        self._hud = Hud(parts, colors, key_map, hint, callouts, self._navigator)
        exporter = Exporter(workspace, self._renderer, colors, lambda camera: None)
        self._exporter = WindowExporter(parts, exporter, self._navigator, self.notify)
        mouse = MouseNavigation(parts, self._navigator)
        pointer = Pointer(workspace, self.dispatcher, mouse.click_nothing)
        self._input = WindowInput(
            parts, self._hud, self._navigator, key_map, self.dispatcher, pointer, mouse
        )
        self._live = LiveInput(options.live, workspace, self.notify)
        self._title = WindowTitle(parts, self._live, self._hud, time.perf_counter())
        updated = UpdatedParts(
            parts, self.worker, self.headset, self._hud, self._input, self._live, self._exporter,
            self._navigator, self.sessions, self._guard,
        )  # fmt: skip
        self._updater = FrameUpdater(updated, config)
        self.context.navigator, self.context.exporter = self._navigator, self._exporter
        self.context.sessions, self.context.headset = self.sessions, HeadsetToggle(self.headset)
        interface = WindowInterface(window, self.gui, self._hud, pointer)
        self.context.interface = interface
        if options.presentation:
            interface.toggle_presentation()

    def _hand_controller(self) -> HandRigController:
        """Create the controller of hands for a headset."""
        hints = user_settings_file().with_name(HINTS_FILE)
        return HandRigController(self.workspace, self._renderer, self._config, self.context, hints)

    def notify(self, text: str) -> None:
        """Show the user a sentence for a few seconds, in the window and in the headset."""
        self._hud.notify(text)
        if self.headset.hand_controller is not None:
            self.headset.hand_controller.notify(text)

    # The loop.

    def loop(self) -> None:
        """Draw frames until the window is closed.

        Raises:
            FatalError: When no model can be opened.
        """
        self._time, self._busy = time.perf_counter(), True
        while not self.window.closing:
            if not self._guard.run("running a frame", False, self._advance):
                self.window.poll_events(IDLE_SECONDS)  # else it could not be closed

    def _advance(self) -> bool:
        """Run one frame of the window, of the headset, or of both; returns True.

        Raises:
            FatalError: Nothing can be drawn any more.
        """
        if reason := self._loss.reason():
            raise FatalError(f"{reason}; {AFTER_LOSS}")
        headset_view = self.headset.poll()
        self.window.set_vsync(headset_view is None)
        if headset_view is None:
            self._run_frame()
        elif headset_view.headset.visible:
            self._run_headset_frame(headset_view)
        else:
            self.headset.frame()  # the runtime requires it, and sets the pace
            self._busy = True
            self._run_frame()
        return True

    def _run_frame(self) -> None:
        """Run one frame of the window alone."""
        wait = self._idle.seconds(time.perf_counter(), self._busy or self._updater.is_waiting)
        events = self.window.poll_events(0.0 if self._busy else wait)
        panels_changed = self._guard.run("taking input", False, self._input.process, events)
        now = time.perf_counter()
        changed = self._updater.update(min(now - self._time, MAX_STEP_SECONDS))
        self._busy = self._updater.is_frame_due(now, changed or panels_changed, bool(events))
        self._time = now
        if self._busy and min(self.window.size) > 0:
            self._draw(self._view.size)
        self._title.update(now)

    def _run_headset_frame(self, headset_view: HeadsetView) -> None:
        """Run one frame with the headset worn, for the eyes and, when due, for the monitor.

        Whatever this frame does not need is done after it was submitted.
        """
        size = self._view.size
        due = self.headset.mirror_is_due() and min(self.window.size) > 0 and min(size) > 0
        mirrors = due and self.headset.mirrors_eyes
        seconds = self.headset.frame(self.headset.mirror(size) if mirrors else None)
        self._time = time.perf_counter()
        if self.headset.view is None:
            self._busy = True
            return
        self._timings.mark("headset")
        if due:
            events = self.window.poll_events(0.0)
            self._guard.run("taking input", False, self._input.process, events)
        self._updater.update(seconds, headset_view)
        headset_view.prepare_next_frame()
        if due and mirrors and self.headset.mirrored is not None:
            mirrored = self.headset.mirrored
            run = self._guard.run
            run("mirroring", None, self._view.draw_over, mirrored, self._over(mirrored.size))
            self._mark_drawn()
        elif due:
            self._draw(size)
        self._title.update(self._time)

    def _draw(self, size: tuple[int, int]) -> None:
        began, run = time.perf_counter(), self._guard.run
        run("resizing the picture", False, self._view.resize, size)
        run("showing the whole network", None, self._navigator.follow_overview)
        over = self._over(self._view.target_size)
        front = run("drawing what is before the eye", None, self._hud.front)
        if not run("drawing a frame", False, self._view.draw, over, front):
            run("drawing a message", None, self._view.draw_over_last, over)
        self._updater.record_frame(began, time.perf_counter())
        self._mark_drawn()

    def _mark_drawn(self) -> None:
        """Mark what the picture that has been drawn shows for the first time."""
        self._timings.mark("window")
        if self.workspace.world.slots:
            self._timings.mark("layout")
        if self._updater.has_all_maps:
            self._timings.mark("maps")

    def _over(self, size: tuple[int, int]) -> DrawList:
        """Lay out what lies over a picture; if that fails, at least the message that says so."""
        over = self._guard.run("laying out what lies over the picture", None, self._hud.over, size)
        return self._hud.message_over(size) if over is None else over

    # The end.

    def close(self) -> None:
        """Close all parts, in reverse order of their creation."""
        self._live.close()
        self.sessions.finish()
        self._exporter.finish()
        self.headset.close()
        self._view.release()
        self.workspace.close()
        self.gui.release()
        self._renderer.release()
        self._ctx.release()
        self.window.close()
        self.worker.close()
