"""What goes on in each frame of the desktop program besides input and drawing."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace

from vrnn.app.frame_guard import FrameGuard
from vrnn.app.frame_pacing import FollowedFramePacer, LiveFramePacer
from vrnn.app.headset_manager import HeadsetManager
from vrnn.app.headset_view import HeadsetView
from vrnn.app.hud import Hud
from vrnn.app.live_input import LiveInput
from vrnn.app.navigator import WindowNavigator
from vrnn.app.script_watcher import ScriptWatcher
from vrnn.app.session_store import WindowSessions
from vrnn.app.window_exporter import WindowExporter
from vrnn.app.window_input import WindowInput
from vrnn.app.window_parts import WindowParts
from vrnn.compute.worker import Worker
from vrnn.config.schema import Config
from vrnn.errors import FatalError, WorkerError
from vrnn.scene.view_cone import ViewCone

MAX_EYE_MOVE, MAX_EYE_TURN = 1.5, 0.35
"""Meters and radians that the eye may move and turn before another image of a stream comes,
about."""


@dataclass(frozen=True)
class UpdatedParts:
    """The parts of the desktop program that go on by themselves.

    Attributes:
        window: The window with what it shows.
        worker: Runs the models.
        headset: The headset beside the window.
        hud: What lies over the picture.
        input: Keyboard and mouse.
        live: Frames of a live source.
        exporter: Records videos.
        navigator: Moves the eye.
        sessions: Autosaves.
        guard: Keeps the program running when a part fails.
    """

    window: WindowParts
    worker: Worker
    headset: HeadsetManager
    hud: Hud
    input: WindowInput
    live: LiveInput
    exporter: WindowExporter
    navigator: WindowNavigator
    sessions: WindowSessions
    guard: FrameGuard


class FrameUpdater:
    """Lets time go on, and processes what has arrived.

    Attributes:
        has_all_maps: Whether all maps of an image are on the GPU.
    """

    def __init__(self, parts: UpdatedParts, config: Config) -> None:
        """Create an updater.

        Args:
            parts: What goes on.
            config: The settings.
        """
        self.has_all_maps = False
        self._live_pacer, self._followed_pacer = LiveFramePacer(), FollowedFramePacer()
        self._parts, self._config = parts, config
        self._mouse = (0.0, 0.0)
        self._workspace = parts.window.workspace
        self._fly_camera = parts.window.fly_camera
        self._scripts = ScriptWatcher(self._workspace, parts.navigator.hold_place)

    def update(self, seconds: float, headset_view: HeadsetView | None = None) -> bool:
        """Advance time and process results.

        Args:
            seconds: Since the last frame.
            headset_view: The view in the headset while it is worn; None for none.

        Returns:
            Whether the picture changed.

        Raises:
            FatalError: When no model can be opened.
        """
        parts, workspace, fly_camera = self._parts, self._workspace, self._fly_camera
        run = parts.guard.run
        changed = run("taking the model's results", False, self._process_worker_events)
        self._check_opened()
        run("taking a live frame", None, parts.live.poll)
        parts.hud.recording = run("recording a video", "", parts.exporter.advance)
        before = fly_camera.camera
        run("flying to the first view", None, parts.navigator.advance_opening, seconds)
        fly_camera.step(parts.input.held_directions(), seconds)
        for message in workspace.messages:
            parts.hud.notify(message)
            if parts.headset.hand_controller is not None:
                parts.headset.hand_controller.notify(message)
        workspace.messages.clear()
        if workspace.revealed is not None:
            revealed, workspace.revealed = workspace.revealed, None
            run("going to what has appeared", None, parts.navigator.reveal, revealed)
        worn = headset_view is not None and parts.headset.mirrors_eyes
        eye = fly_camera.camera.position
        if headset_view is not None and headset_view.last_frame is not None:
            eye = headset_view.last_frame.camera.position
            if worn:
                fly_camera.jump(replace(headset_view.last_frame.camera, fov=before.fov))
        views = self._views(headset_view)
        changed |= run("updating what is near the eye", False, workspace.content.tick, eye, views)
        elapsed = seconds if headset_view is None else headset_view.throttle.elapsed(seconds)
        changed |= run("moving the layers", False, workspace.world.advance, elapsed)
        changed |= fly_camera.camera != before
        if not worn:  # else hands point
            changed |= run("pointing", False, parts.input.hover)
        run("looking at the scripts", None, self._scripts.poll)
        run("autosaving", None, parts.sessions.advance)
        changed |= parts.hud.advance()
        moves = fly_camera.moving or parts.navigator.opening.running
        return changed or moves or parts.exporter.recording

    def _views(self, headset_view: HeadsetView | None) -> tuple[ViewCone, ...]:
        """What is looked at while images stream; none where it does not matter, or all around is.

        A video shows the world from places of its own.
        """
        parts = self._parts
        if not self._workspace.input.streaming or parts.exporter.recording:
            return ()
        camera = self._fly_camera.camera
        clip = camera.clip_from_world(parts.window.view.aspect)
        worn = () if headset_view is None else headset_view.view_cones
        return (ViewCone.of(clip, camera.position, MAX_EYE_MOVE, MAX_EYE_TURN), *worn)

    # When frames are drawn.

    def record_frame(self, began: float, ended: float) -> None:
        """Notes when the last frame of the window began and ended, seconds."""
        self._live_pacer.record_frame(began, ended)
        self._followed_pacer.record_frame(began, ended)

    def is_frame_due(self, now: float, changed: bool, has_input: bool) -> bool:
        """Whether to draw a frame of the window.

        Args:
            now: Seconds.
            changed: Whether the picture or a panel has changed.
            has_input: Whether the user has done something.
        """
        parts, workspace = self._parts, self._workspace
        training, state = workspace.training, workspace.world.state.training
        follows = training.folder is not None and state.follow and not training.playing
        moves = (
            self._fly_camera.moving or parts.navigator.opening.running
            or workspace.world.is_moving or parts.exporter.recording
        )  # fmt: skip
        is_opening = not workspace.feed.displayed_sequence
        if not (follows and parts.window.view.is_software) or moves or is_opening:
            return changed or has_input
        is_complete = self.has_all_maps and not self.is_waiting
        before, self._mouse = self._mouse, parts.window.window.mouse
        has_input |= self._mouse != before  # what is pointed at changes without an event
        return self._followed_pacer.is_due(now, changed, has_input, is_complete)

    @property
    def is_waiting(self) -> bool:
        """Whether a pass or a job has been asked for and is not there yet."""
        workspace, requested = self._workspace, self._parts.worker.requested
        displayed = workspace.feed.displayed_sequence
        return bool(workspace.jobs.statuses) or any(n < requested for n in displayed.values())

    def _process_worker_events(self) -> bool:
        """Process the worker's events and upload maps; True when the picture may have changed."""
        feed, content = self._workspace.feed, self._workspace.content
        events = self._parts.worker.events()
        is_new = feed.handle_events(events)
        for note in feed.notes:  # some are found long after the network was opened
            logging.getLogger("vrnn").warning(note)
        feed.notes.clear()
        if is_new:
            self._show_new_network()
        waiting = feed.has_pending
        clip = self._fly_camera.camera.clip_from_world(self._parts.window.view.aspect)
        complete = content.upload(self._config.render.upload_mb_a_frame * 2**20, clip)
        self.has_all_maps = complete and bool(feed.displayed_sequence)
        has_news = bool(events) or waiting or not complete
        if self._workspace.input.streaming and self._parts.window.view.is_software:
            return self._live_pacer.is_due(time.perf_counter(), has_news)
        return has_news

    def _check_opened(self) -> None:
        """Raise a FatalError when no model can be opened."""
        failures = self._workspace.feed.failures
        if failures and not self._workspace.world.slots:
            raise FatalError(failures[0].message) from WorkerError(failures[0].details)

    def _show_new_network(self) -> None:
        self._workspace.on_network_loaded()
        # The wall is part of the first view.
        self._workspace.content.tick(self._fly_camera.camera.position)
        self._parts.navigator.begin_opening()
