"""What lies over the world in the window: legend, notes, progress, help, small map, cards."""

from __future__ import annotations

import time

from vrnn.app.window_parts import WindowParts
from vrnn.commands.key_bindings import KeyMap
from vrnn.render.uniforms import RenderColors
from vrnn.scene.primitives import DrawList
from vrnn.scene.readout import hover_text
from vrnn.scene.visuals.card import hud_cards
from vrnn.ui.hud import overlay
from vrnn.ui.hud.minimap import draw_minimap

MIN_NOTE_SECONDS = 4.0
LETTERS_A_SECOND = 12.0
"""How fast a note is read."""
FIRST_HINT_SECONDS = 12.0
MAX_HEIGHT_AT_SCALE_1 = 1600
"""Pixels of a window's height above which its text grows."""


class Hud:
    """Keeps what is shown over the world, and lays it out anew only when it changes.

    Attributes:
        help_shown, map_shown: Whether the help and the small map are shown.
        magnifier: How the map that is pointed at is magnified, see `Hand.cards`.
        recording: How far a video is, '' while none is recorded.
    """

    def __init__(
        self, parts: WindowParts, colors: RenderColors, key_map: KeyMap, first_hint: str
    ) -> None:
        self.help_shown = self.minimap_shown = False
        self.magnifier = ""
        self.recording = ""
        self._parts, self._colors, self._key_map = parts, colors, key_map
        self._note, self._note_until = first_hint, time.perf_counter() + FIRST_HINT_SECONDS
        self._noted = False
        self._laid_out: tuple[object, DrawList] | None = None

    def notify(self, text: str) -> None:
        """Show a text for a few seconds, and longer what takes longer to read."""
        seconds = max(MIN_NOTE_SECONDS, len(text) / LETTERS_A_SECOND)
        self._note, self._note_until = text, time.perf_counter() + seconds
        self._noted = True

    def advance(self) -> bool:
        """Let time go on. True when a note came or went since the last call."""
        changed, self._noted = self._noted, False
        if time.perf_counter() > self._note_until:
            self._note, self._note_until, changed = "", float("inf"), True
        return changed

    def dismiss(self) -> bool:
        """Close the message of a failure; False when there is none."""
        failures = self._parts.workspace.feed.failures
        if failures:
            del failures[0]
            return True
        return False

    def over(self, size: tuple[int, int]) -> DrawList:
        """Lay out what lies over a picture of this width and height in pixels."""
        workspace, world = self._parts.workspace, self._parts.world
        feed, mapping = workspace.feed, world.state.color_mapping
        failure = feed.failures[0].message if feed.failures else ""
        text = hover_text(world)
        job = next(iter(workspace.jobs.statuses.values()), None)
        progress = self.recording or feed.progress
        if job is not None:
            progress = progress or f"{job.text} · {job.fraction:.0%}"
        scale, captured = self._parts.window.pixel_scale, self._parts.window.captured
        camera = self._parts.fly_camera.camera
        key = (
            size, scale, self.help_shown, self._note, failure, progress, text, mapping,
            world.not_finite, captured,
            (camera, id(world.draw_list())) if self.minimap_shown else None,
        )  # fmt: skip
        if self._laid_out is not None and self._laid_out[0] == key:
            return self._laid_out[1]
        canvas = overlay.HudCanvas(size, max(scale, size[1] / MAX_HEIGHT_AT_SCALE_1))
        room = overlay.draw_legend(canvas, self._colors, mapping, world.not_finite)
        if captured:
            overlay.draw_crosshair(canvas)
        if text or self._note:
            overlay.draw_hint(canvas, text or self._note, room)
        if progress:
            overlay.draw_progress(canvas, progress)
        if self.minimap_shown:
            draw_minimap(canvas, world, camera)
        if self.help_shown:
            overlay.draw_help(canvas, self._key_map.help_rows())
        if failure:
            overlay.draw_message(canvas, failure, "Enter, Esc or a click closes this message")
        self._laid_out = (key, canvas.draw_list())
        return self._laid_out[1]

    def front(self) -> DrawList | None:
        """Lay out what floats before the eye; None for nothing."""
        cards = self._parts.workspace.hand.cards(self.magnifier)
        world = self._parts.world
        view = self._parts.view
        outline = world.receptive_field_outline(world.hovered)
        if not cards and not len(outline):
            return None
        return hud_cards(cards, self._parts.fly_camera.camera, view.aspect, *view.cursor, outline)
