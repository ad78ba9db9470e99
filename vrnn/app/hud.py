"""The head-up display of the window: legend, notes, progress, help, minimap, cards."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from vrnn.app.attention_card import AttentionCard
from vrnn.app.callouts import LAYERS, Callout, Callouts
from vrnn.app.hud_content import HudContent
from vrnn.app.navigator import WindowNavigator
from vrnn.app.window_parts import WindowParts
from vrnn.commands.key_bindings import KeyMap
from vrnn.controls.lasso import Lasso
from vrnn.render.uniforms import RenderColors
from vrnn.scene.camera import Camera
from vrnn.scene.plan_view import plan_opacity
from vrnn.scene.pointer_marks import pointer_marks, target_boxes
from vrnn.scene.primitives import DrawList
from vrnn.scene.readout import are_pictures_seen
from vrnn.scene.visuals.card import hud_cards
from vrnn.scene.visuals.free_room import Box
from vrnn.ui.hud import overlay
from vrnn.ui.hud.callouts import draw_callout
from vrnn.ui.hud.help import MIN_SCALE, draw_help, fit_help
from vrnn.ui.hud.legend import draw_found_legend, find_legend
from vrnn.ui.hud.minimap import draw_minimap
from vrnn.ui.hud.plan import draw_plan
from vrnn.ui.hud.tooltip import draw_tooltip, find_tooltip

MIN_NOTE_SECONDS = 4.0
"""Seconds for which a note is shown at least."""
LETTERS_A_SECOND = 12.0
"""Reading speed, characters per second."""
FIRST_HINT_SECONDS = 12.0
"""Seconds for which the first hint is shown."""
PRESENTATION_SCALE = 1.5
"""Times the size of text, for an audience."""

UPPER_LEFT = (-0.98, 0.6)
"""Where a card is that belongs to nothing at the pointer, -1…1 in the view."""

CLOSE_HINT = "Enter, Esc or a click closes this message"


class Hud:
    """Lays out what is shown over the world, again only when it changes.

    Attributes:
        help_shown, map_shown: Whether the help and the minimap are shown.
        presenting: Whether text is larger and nothing is hinted at, as for an audience.
        magnifier: How the hovered feature map is magnified, see `Hand.cards`.
        recording: Progress of a video; '' while none is recorded.
        callouts: What the parts of the world are, until they were used.
        lasso: The line that the mouse draws around images.
    """

    def __init__(
        self, parts: WindowParts, colors: RenderColors, key_map: KeyMap, first_hint: str,
        callouts: Callouts, navigator: WindowNavigator,
    ) -> None:  # fmt: skip
        """Create the display with a first hint.

        Args:
            parts: The window with what it shows.
            colors: Of the legend.
            key_map: The keys, for the help.
            first_hint: Shown at the start.
            callouts: What the parts of the world are, until they were used.
            navigator: Tells whether the user has moved the camera.
        """
        self.help_shown = self.minimap_shown = self.presenting = False
        self.magnifier = ""
        self.recording = ""
        self.lasso = Lasso()
        self._parts, self._colors, self._key_map = parts, colors, key_map
        self.callouts, self._navigator = callouts, navigator
        self._note, self._note_until = first_hint, time.perf_counter() + FIRST_HINT_SECONDS
        self._noted = False
        self._shown_message = ""
        self._laid_out: tuple[HudContent, DrawList] | None = None
        self._taken: tuple[Box, ...] = ()
        self._callout_cards: dict[str, Box] = {}
        self._attention_card = AttentionCard()
        self._pictures_seen: tuple[Camera | None, int, bool] = (None, 0, False)

    def notify(self, text: str) -> None:
        """Show a note for a few seconds, a long one for longer.

        What is shown until it is dismissed is not shown a second time.
        """
        if text in self._parts.workspace.faults:
            return
        seconds = max(MIN_NOTE_SECONDS, len(text) / LETTERS_A_SECOND)
        self._note, self._note_until = text, time.perf_counter() + seconds
        self._noted = True

    def present(self, on: bool) -> None:
        """Show larger text and no hints, as for an audience, or as it was."""
        self.presenting = on
        self._note, self._note_until, self._noted = "", float("inf"), True

    def advance(self) -> bool:
        """Remove an expired note; True when a note appeared or disappeared since the last call."""
        changed, self._noted = self._noted, False
        if self.message != self._shown_message:
            self._shown_message, changed = self.message, True
        if time.perf_counter() > self._note_until:
            self._note, self._note_until, changed = "", float("inf"), True
        return changed

    def callout_at(self, x: float, y: float) -> str:
        """Return the name of the callout whose card is at a point, '' for none.

        Args:
            x: -1…1 in the view.
            y: The same, upward.
        """
        for name, (left, bottom, width, height) in self._callout_cards.items():
            if left <= x <= left + width and bottom <= y <= bottom + height:
                return name
        return ""

    def dismiss(self) -> bool:
        """Close the message about a failure or a fault; False when there is none."""
        workspace = self._parts.workspace
        if workspace.feed.failures:
            del workspace.feed.failures[0]
        elif workspace.faults:
            del workspace.faults[0]
        else:
            return False
        return True

    @property
    def message(self) -> str:
        """The message that is shown until it is dismissed; '' for none."""
        workspace = self._parts.workspace
        if workspace.feed.failures:
            return workspace.feed.failures[0].message
        return workspace.faults[0] if workspace.faults else ""

    def has_room_for_help(self, size: tuple[int, int]) -> bool:
        """Whether the help could be read in a picture of a size, pixels."""
        scale = overlay.window_scale(size[1], self._parts.window.pixel_scale)
        canvas = overlay.HudCanvas(size, scale)
        return fit_help(canvas, self._key_map.help_rows()).scale >= MIN_SCALE

    def over(self, size: tuple[int, int]) -> DrawList:
        """Lay out what lies over the picture.

        Args:
            size: (width, height) of the picture, pixels.
        """
        content = self._content(size)
        if self._laid_out is None or self._laid_out[0] != content:
            self._laid_out = content, self._lay_out(content)
        return self._laid_out[1]

    def _content(self, size: tuple[int, int]) -> HudContent:
        """Find what lies over a picture of a size."""
        workspace, world = self._parts.workspace, self._parts.world
        tooltip = None if self.magnifier else find_tooltip(workspace, self._key_map)
        if tooltip is not None and self.presenting:
            tooltip = replace(tooltip, actions=())
        camera = self._parts.fly_camera.camera
        seen_from_above = plan_opacity(world, camera)
        is_hidden = self.presenting or seen_from_above > 0
        shows_map = self.minimap_shown or seen_from_above > 0
        return HudContent(
            size=size,
            pixel_scale=self._parts.window.pixel_scale,
            help_shown=self.help_shown,
            note=self._note,
            failure=self.message,
            progress=self._progress(),
            tooltip=tooltip,
            cursor=None if tooltip is None else self._parts.view.cursor,
            legend=find_legend(workspace, self._are_pictures_seen()),
            kinds=world.layer_kinds,
            captured=self._parts.window.captured,
            is_empty=not world.slots,
            callouts=() if is_hidden else self._callouts(camera),
            presenting=self.presenting,
            lasso=self.lasso.points,
            from_above=(camera, id(world.draw_list())) if shows_map else None,
        )

    def _progress(self) -> str:
        """What is being done; '' for nothing."""
        workspace = self._parts.workspace
        job = next(iter(workspace.jobs.statuses.values()), None)
        # At each frame of a stream it would lie over the answer all the time.
        progress = self.recording or ("" if workspace.input.streaming else workspace.feed.progress)
        if job is not None:
            progress = progress or f"{job.text} · {job.fraction:.0%}"
        return progress

    def _lay_out(self, content: HudContent) -> DrawList:
        """Lay out what was found; remembers where the callouts are, and what is taken."""
        scale = overlay.window_scale(content.size[1], content.pixel_scale)
        scale *= PRESENTATION_SCALE if content.presenting else 1.0
        canvas = overlay.HudCanvas(content.size, scale)
        if content.is_empty and not content.failure:
            overlay.draw_start(canvas, self._parts.workspace.feed.progress)
        elif content.help_shown and not content.failure:  # alone: nothing lies under its text
            draw_help(canvas, self._key_map.help_rows())
        else:
            self._lay_out_world(canvas, content)
        return canvas.draw_list()

    def _lay_out_world(self, canvas: overlay.HudCanvas, content: HudContent) -> None:
        """Lay out what belongs to a world."""
        world, camera = self._parts.world, self._parts.fly_camera.camera
        note, progress = content.note, content.progress
        draw_plan(canvas, world, camera)
        room = draw_found_legend(canvas, content.legend, self._colors)
        if not (note or progress or content.presenting):  # these take the room beside the legend
            overlay.draw_kind_legend(canvas, content.kinds, room)
        if content.captured:
            overlay.draw_crosshair(canvas)
        if self.lasso.active:
            overlay.draw_line(
                canvas, [_on_canvas((x, y, x, y), canvas)[:2] for x, y in content.lasso]
            )
        if progress:
            overlay.draw_progress(canvas, progress)
        if note:
            # Below, beside the input and the first layers, there are callouts then.
            top = overlay.HINT_TOP + (overlay.PROGRESS_ROW if progress else 0)
            overlay.draw_hint(canvas, note, room, top if content.callouts else None)
        if self.minimap_shown:
            draw_minimap(canvas, world, camera)
        self._lay_out_callouts(canvas, content.callouts)
        self._taken = tuple(_in_heights(box, canvas) for box in canvas.taken)
        if content.tooltip is not None and content.cursor is not None:
            right, up = content.cursor
            x, y = (right + 1) / 2 * canvas.width, (1 - up) / 2 * canvas.height
            draw_tooltip(canvas, content.tooltip, x, y)
        if content.failure:
            overlay.draw_message(canvas, content.failure, CLOSE_HINT)

    def _lay_out_callouts(self, canvas: overlay.HudCanvas, callouts: Sequence[Callout]) -> None:
        """Lay out callouts, and remember where they are."""
        self._callout_cards = {}
        for callout in sorted(callouts, key=lambda callout: not callout.prefers_above):
            about, kept, names, crossed = (
                [_on_canvas(box, canvas) for box in boxes]
                for boxes in (callout.about, callout.layers, callout.others, callout.crossed)
            )
            instead = kept if callout.name == LAYERS else ()
            draw_callout(
                canvas, callout.text, about, kept, callout.prefers_above, instead, names, crossed
            )
            self._callout_cards[callout.name] = _in_view(canvas.taken[-1], canvas)

    def _callouts(self, camera: Camera) -> tuple[Callout, ...]:
        """The callouts in view, once the camera has come to its first view."""
        if not self.callouts.remaining or self._navigator.opening.running:
            return ()
        clip = camera.clip_from_world(self._parts.view.aspect)
        world = self._parts.world
        self.callouts.update(world, clip, self._navigator.user_has_moved)
        return self.callouts.shown(world, clip)

    def _are_pictures_seen(self) -> bool:
        """Whether what is in view shows layer pictures; found again when the eye has moved."""
        view, draw_list = self._parts.view, self._parts.world.draw_list()
        camera = self._parts.fly_camera.camera
        if self._pictures_seen[:2] != (camera, id(draw_list)):
            clip = camera.clip_from_world(view.aspect)
            seen = are_pictures_seen(draw_list, clip, view.viewer)
            self._pictures_seen = camera, id(draw_list), seen
        return self._pictures_seen[2]

    def message_over(self, size: tuple[int, int]) -> DrawList:
        """Lay out the message alone, for when the rest cannot be. See `over`."""
        canvas = overlay.HudCanvas(size, overlay.window_scale(size[1], 1.0))
        if self.message:
            overlay.draw_message(canvas, self.message, CLOSE_HINT)
        return canvas.draw_list()

    def front(self) -> DrawList | None:
        """Lay out cards before the eye and marks of what is pointed at; None for neither."""
        cards = self._parts.workspace.hand.cards(self.magnifier)
        world = self._parts.world
        view = self._parts.view
        is_holding = self._parts.workspace.hand.image is not None
        marks = pointer_marks(world, view.viewer.scaled_to(view.size[1]), is_holding)
        if not cards and not len(marks):
            return None
        camera = self._parts.fly_camera.camera
        at = view.cursor
        clip, taken = camera.clip_from_world(view.aspect), self._taken
        if not cards:
            cards, at = self._attention_card.find(world, clip), UPPER_LEFT
        if is_holding:
            taken += target_boxes(world, clip, view.aspect)
        return hud_cards(cards, camera, view.aspect, *at, marks, taken)


def _on_canvas(
    box: tuple[float, float, float, float], canvas: overlay.HudCanvas
) -> tuple[float, float, float, float]:
    """Left, top, right, bottom on a canvas of those in a view, -1…1 with y upward."""
    left, top, right, bottom = box
    across, down = canvas.width / 2, canvas.height / 2
    return (1 + left) * across, (1 - top) * down, (1 + right) * across, (1 - bottom) * down


def _in_view(box: Box, canvas: overlay.HudCanvas) -> Box:
    """Left, bottom, width and height in the view, -1…1, of a box on the canvas."""
    left, top, width, height = box
    across, up = 2 / canvas.width, 2 / canvas.height
    return left * across - 1, 1 - (top + height) * up, width * across, height * up


def _in_heights(box: Box, canvas: overlay.HudCanvas) -> Box:
    """A rectangle of a canvas in heights of the picture."""
    left, top, width, height = (length / canvas.height for length in box)
    return left, top, width, height
