"""The head-up display of the window: legend, notes, progress, help, minimap, cards."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from vrnn.app.callouts import LAYERS, Callout, Callouts
from vrnn.app.navigator import WindowNavigator
from vrnn.app.window_parts import WindowParts
from vrnn.commands.key_bindings import KeyMap
from vrnn.controls.lasso import Lasso
from vrnn.render.uniforms import RenderColors
from vrnn.scene.attention_overlay import attended_picture, attention_text
from vrnn.scene.camera import Camera
from vrnn.scene.difference_readout import difference_legend
from vrnn.scene.importance_readout import importance_legend
from vrnn.scene.plan_view import plan_opacity
from vrnn.scene.pointer_marks import pointer_marks, target_boxes
from vrnn.scene.primitives import DrawList
from vrnn.scene.readout import are_pictures_seen, distant_picture_text, legend_range
from vrnn.scene.relevance_readout import legend_texts
from vrnn.scene.visuals.card import ImageCard, hud_cards
from vrnn.scene.visuals.free_room import Box
from vrnn.scene.world import World
from vrnn.ui.hud import overlay
from vrnn.ui.hud.callouts import draw_callout
from vrnn.ui.hud.help import MIN_SCALE, draw_help, fit_help
from vrnn.ui.hud.minimap import draw_minimap
from vrnn.ui.hud.plan import draw_plan
from vrnn.ui.hud.relevance_legend import (
    draw_difference_legend,
    draw_importance_legend,
    draw_relevance_legend,
    draw_similarity_legend,
)
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
ATTENTION_SIDE, MIN_SEEN = 0.26, 0.15
"""Height of the input's picture on its card, and the least height of the input itself that needs no
card, as parts of the view's height."""

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
        self._laid_out: tuple[object, DrawList] | None = None
        self._taken: tuple[Box, ...] = ()
        self._callout_cards: dict[str, Box] = {}
        self._attended: tuple[object, np.ndarray] | None = None
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
        workspace, world = self._parts.workspace, self._parts.world
        feed, mapping, theme = workspace.feed, world.state.color_mapping, world.state.theme
        failure = self.message
        tooltip = None if self.magnifier else find_tooltip(workspace, self._key_map)
        if tooltip is not None and self.presenting:
            tooltip = replace(tooltip, actions=())
        picture = distant_picture_text(world.state) if self._are_pictures_seen() else ""
        numbers = legend_range(world, world.hovered)
        relevance = legend_texts(world, world.hovered)
        similarity = workspace.similarity.legend(world.hovered)
        importance = importance_legend(world)
        difference = difference_legend(world)
        job = next(iter(workspace.jobs.statuses.values()), None)
        # At each frame of a stream it would lie over the answer all the time.
        progress = self.recording or ("" if workspace.input.streaming else feed.progress)
        if job is not None:
            progress = progress or f"{job.text} · {job.fraction:.0%}"
        scale, captured = self._parts.window.pixel_scale, self._parts.window.captured
        camera = self._parts.fly_camera.camera
        seen_from_above = plan_opacity(world, camera)
        is_hidden = self.presenting or seen_from_above > 0
        callouts = () if is_hidden else self._callouts(camera)
        key = (
            size, scale, self.help_shown, self._note, failure, progress, tooltip,
            self._parts.view.cursor if tooltip is not None else None, mapping, theme, picture,
            numbers, relevance, similarity, importance, difference, world.not_finite,
            captured, not world.slots,
            callouts,
            self.presenting, world.layer_kinds, self.lasso.points,
            (camera, id(world.draw_list()))
            if self.minimap_shown or seen_from_above > 0
            else None,
        )  # fmt: skip
        if self._laid_out is not None and self._laid_out[0] == key:
            return self._laid_out[1]
        scale = overlay.window_scale(size[1], scale)
        canvas = overlay.HudCanvas(size, scale * (PRESENTATION_SCALE if self.presenting else 1.0))
        if not world.slots and not failure:
            overlay.draw_start(canvas, feed.progress)
            self._laid_out = (key, canvas.draw_list())
            return self._laid_out[1]
        if self.help_shown and not failure:  # alone, so that nothing lies under its text
            draw_help(canvas, self._key_map.help_rows())
            self._laid_out = (key, canvas.draw_list())
            return self._laid_out[1]
        draw_plan(canvas, world, camera)
        if similarity is not None:
            room = draw_similarity_legend(canvas, similarity)
        elif relevance is not None:
            room = draw_relevance_legend(canvas, relevance)
        elif importance is not None:
            room = draw_importance_legend(canvas, importance, theme)
        elif difference is not None:
            room = draw_difference_legend(canvas, difference, world.state.theme)
        else:
            room = overlay.draw_legend(
                canvas, self._colors, mapping, world.not_finite, picture, numbers, theme
            )
        if not (self._note or progress or self.presenting):  # these take the room beside the legend
            overlay.draw_kind_legend(canvas, world.layer_kinds, room)
        if captured:
            overlay.draw_crosshair(canvas)
        if self.lasso.active:
            overlay.draw_line(
                canvas, [_on_canvas((x, y, x, y), canvas)[:2] for x, y in self.lasso.points]
            )
        if progress:
            overlay.draw_progress(canvas, progress)
        if self._note:
            # Below, beside the input and the first layers, there are callouts then.
            top = overlay.HINT_TOP + (overlay.PROGRESS_ROW if progress else 0)
            overlay.draw_hint(canvas, self._note, room, top if callouts else None)
        if self.minimap_shown:
            draw_minimap(canvas, world, camera)
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
        self._taken = tuple(_in_heights(box, canvas) for box in canvas.taken)
        if tooltip is not None:
            right, up = self._parts.view.cursor
            x, y = (right + 1) / 2 * canvas.width, (1 - up) / 2 * canvas.height
            draw_tooltip(canvas, tooltip, x, y)
        if failure:
            overlay.draw_message(canvas, failure, CLOSE_HINT)
        self._laid_out = (key, canvas.draw_list())
        return self._laid_out[1]

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
            cards, at = self._attention_card(clip), UPPER_LEFT
        if is_holding:
            taken += target_boxes(world, clip, view.aspect)
        return hud_cards(cards, camera, view.aspect, *at, marks, taken)

    def _attention_card(self, clip_from_world: np.ndarray) -> list[ImageCard]:
        """The input with what a row attends to, where the input itself is out of view or small."""
        world = self._parts.world
        hit = world.hovered
        text = "" if hit is None or hit.kind != "layer" else attention_text(world, hit)
        if hit is None or not text or _is_input_seen(world, hit.slot, clip_from_world):
            self._attended = None
            return []
        key = (hit.slot, hit.node, hit.channel, hit.row, id(world.networks[hit.slot].result))
        if self._attended is None or self._attended[0] != key:
            picture = attended_picture(world, hit)
            self._attended = None if picture is None else (key, picture)
        if self._attended is None:
            return []
        return [ImageCard(self._attended[1], (text,), smooth=True, side=ATTENTION_SIDE)]


def _is_input_seen(world: World, slot: int, clip_from_world: np.ndarray) -> bool:
    """Whether a network's input is in view, and large enough to see patches of it."""
    for region in world.pick_regions():
        if region.kind == "input" and region.slot == slot:
            corner, right, down = map(np.array, (region.origin, region.right, region.down))
            points = np.array([corner, corner + right + down])
            clip = np.concatenate([points, np.ones((2, 1))], 1) @ clip_from_world.T
            flat = clip[:, :2] / np.maximum(clip[:, 3:], 1e-6)
            height = float(abs(flat[0, 1] - flat[1, 1])) / 2
            return bool((clip[:, 3] > 0).all() and np.abs(flat).max() <= 1 and height > MIN_SEEN)
    return False


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
