"""The three callouts of the first minute: what each part of the world is, until it was used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vrnn.errors import VrnnError
from vrnn.scene.output_choices import shown_outputs
from vrnn.scene.primitives import DrawList, PickRegion, TextLabel
from vrnn.scene.state import InputImage
from vrnn.scene.visibility import panel_corners
from vrnn.scene.visuals.labels import FAR_TEXT, title_parts
from vrnn.scene.visuals.network_visual import answer_place
from vrnn.scene.wall_place import WALL
from vrnn.scene.world import World
from vrnn.storage.atomic import make_folder, write_atomically
from vrnn.storage.paths import state_dir
from vrnn.style import font

FILE = "callouts-used"
"""Name of the file, in the folder of autosaved sessions, that remembers which were used."""
PICTURE, LAYERS, ANSWER = "picture", "layers", "answer"
TEXTS: Mapping[str, str] = {
    PICTURE: "your picture: click an image, then this",
    LAYERS: "layers, in the order they run: come closer",
    ANSWER: "the answer: click a score",
}
"""What each says: what is there, and what to do with it."""
PLAIN_TEXTS: Mapping[str, str] = {PICTURE: "what goes in", ANSWER: "the answer"}
"""What they say where nothing can be done with it by a click."""
READABLE = 0.012
"""Height of capital letters, −1…1 in the view, from which a text is not to be covered."""
NEAR_HEIGHT = 0.3
"""Part of the view's height that a panel fills where one has gone near."""


Box = tuple[float, float, float, float]
"""Left, top, right and bottom in the view, -1…1, y upward."""


@dataclass(frozen=True)
class Callout:
    """A callout in a view.

    Attributes:
        name: Which of them.
        text: What it says.
        about: Left, top, right and bottom of what it is about, any of several things, -1…1 in the
            view, y upward.
        layers: The same of each layer's panel in view.
        others: The same of texts that can be read, of the network's name and facts, of the
            picture, of the scores, and of the board that they are on.
        crossed: The same of what its line had better not cross, beside these.
    """

    name: str
    text: str
    about: tuple[Box, ...]
    layers: tuple[Box, ...] = ()
    others: tuple[Box, ...] = ()
    crossed: tuple[Box, ...] = ()

    @property
    def prefers_above(self) -> bool:
        """Whether it stands above what it is about: the answer is above the picture."""
        return self.name == ANSWER


class Callouts:
    """Knows which callouts are still shown, and remembers it.

    Attributes:
        remaining: Names of those that are.
    """

    def __init__(self, enabled: bool, folder: Path | None = None) -> None:
        """Start with those that were never used.

        Args:
            enabled: Whether there are callouts at all.
            folder: Where the file is; None for the user's folder.
        """
        self._file = (folder or state_dir()) / FILE
        used = _read(self._file) if enabled else set(TEXTS)
        self.remaining = [name for name in TEXTS if name not in used]
        self._first_image: InputImage | None = None
        self._answer: Box | None = None
        self._texts = _Texts()

    def mark_used(self, name: str) -> None:
        """Take a callout away for good."""
        if name not in self.remaining:
            return
        self.remaining.remove(name)
        used = [known for known in TEXTS if known not in self.remaining]
        try:
            make_folder(self._file.parent)
            write_atomically(self._file, "\n".join([*used, ""]).encode())
        except VrnnError:
            return  # it is shown again next time

    def update(self, world: World, clip_from_world: np.ndarray, has_moved: bool) -> None:
        """Take away what has been used.

        Args:
            world: The world.
            clip_from_world: (4, 4) of the view.
            has_moved: Whether the user has moved the camera.
        """
        image = world.state.input_image
        self._first_image = self._first_image or image
        if PICTURE in self.remaining and image != self._first_image:
            self.mark_used(PICTURE)
        if LAYERS in self.remaining and has_moved and _is_near(world.draw_list(), clip_from_world):
            self.mark_used(LAYERS)

    def points(self, world: World, name: str) -> np.ndarray:
        """Return (N, 3) corners of all that a callout is about, with the images to choose from."""
        if name == ANSWER:
            return _board_corners(world)
        if name == LAYERS:
            return np.concatenate([*_first_layers(world), np.zeros((0, 3))])
        return np.concatenate([_region_corners(world, "input"), _wall_corners(world)])

    def press(self, x: float, y: float) -> None:
        """Use the answer when it is clicked. x, y: -1…1 in the view, y upward."""
        if ANSWER in self.remaining and self._answer is not None:
            left, top, right, bottom = self._answer
            if left <= x <= right and bottom <= y <= top:
                self.mark_used(ANSWER)

    def shown(self, world: World, clip_from_world: np.ndarray) -> tuple[Callout, ...]:
        """Return those whose part of the world is in view."""
        if not self.remaining or not world.slots:
            return ()
        picture = _project(_region_corners(world, "input"), clip_from_world)
        self._answer = _project(_answer_corners(world), clip_from_world)
        board = _project(_board_corners(world), clip_from_world)
        layers = _panel_boxes(world.draw_list(), clip_from_world)
        texts = self._texts.boxes(world.draw_list().labels, clip_from_world)
        answers = _answers(world)
        goes_in = answers or world.networks[world.slots[0]].info.takes_other_images
        about = {
            PICTURE: [picture if goes_in else None],
            LAYERS: [_project(corners, clip_from_world) for corners in _first_layers(world)],
            ANSWER: [(board or self._answer) if answers and self._answer is not None else None],
        }
        titles = [_project(corners, clip_from_world) for corners in _title_corners(world)]
        wall = _project(_wall_corners(world), clip_from_world)
        scores = _project(_scores_corners(world), clip_from_world)
        crossed = () if scores is None else (scores,)
        places = (*titles, wall, picture, self._answer, board)
        others = (*texts, *(box for box in places if box is not None))
        found = {name: tuple(b for b in boxes if b is not None) for name, boxes in about.items()}
        return tuple(
            Callout(name, _text(world, name), found[name], layers, others, crossed)
            for name in self.remaining
            if found[name]
        )


class _Texts:
    """Where texts of the world are, found anew only when there are others."""

    def __init__(self) -> None:
        self._labels: Sequence[TextLabel] = ()
        self._corners = np.zeros((3, 0, 4))

    def boxes(self, labels: Sequence[TextLabel], clip_from_world: np.ndarray) -> tuple[Box, ...]:
        """Left, top, right, bottom in the view of the labels that can be read there."""
        if labels is not self._labels:
            self._labels = labels
            widths = np.array([font.text_width(one.text) * one.height for one in labels])
            origins = np.array([one.origin for one in labels], float).reshape(-1, 3)
            rights = np.array([one.right for one in labels], float).reshape(-1, 3)
            ups = np.array([np.multiply(one.up, one.height) for one in labels]).reshape(-1, 3)
            points = origins + np.stack([0 * ups, rights * widths[:, None], ups])
            self._corners = np.concatenate([points, np.ones((*points.shape[:2], 1))], 2)
        clip = self._corners @ clip_from_world.T
        flat = clip[..., :2] / np.maximum(clip[..., 3:], 1e-3)
        (left, bottom), (right, top) = flat.min(0).T, flat.max(0).T
        seen = (clip[..., 3] > 1e-3).all(0) & (right > -1) & (left < 1) & (top > -1) & (bottom < 1)
        seen &= (top - bottom >= READABLE) & (right - left > top - bottom)
        return tuple(map(tuple, np.stack([left, top, right, bottom], 1)[seen].tolist()))


def _answers(world: World) -> bool:
    """Whether the first network has any output to show: a feature cube has none."""
    result = world.networks[world.slots[0]].result
    return result is None or bool(shown_outputs(result, world.state, world.slots[0]))


def _read(file: Path) -> set[str]:
    try:
        return set(file.read_text().split())
    except (OSError, UnicodeDecodeError):
        return set()


def _text(world: World, name: str) -> str:
    slot = world.slots[0]
    regions = [region for region in world.pick_regions() if region.slot == slot]
    can_be_used = {
        PICTURE: world.networks[slot].info.takes_other_images,
        ANSWER: any(region.kind == "class" for region in regions),
    }
    return TEXTS[name] if can_be_used.get(name, True) else PLAIN_TEXTS[name]


def _is_near(draw_list: DrawList, clip_from_world: np.ndarray) -> bool:
    """Whether a panel fills much of the view's height, around the middle of the view."""
    for records in draw_list.panels.values():
        corners = records["origin"] + np.stack([0 * records["down"], records["down"]])
        middle = records["origin"] + (records["right"] + records["down"]) / 2
        points = np.concatenate([corners, middle[None]])
        clip = np.concatenate([points, np.ones((*points.shape[:2], 1))], 2) @ clip_from_world.T
        ahead = (clip[..., 3] > 1e-3).all(0)
        flat = clip[..., :2] / np.maximum(clip[..., 3:], 1e-3)
        high = np.abs(flat[0, :, 1] - flat[1, :, 1]) / 2 >= NEAR_HEIGHT
        if (ahead & high & (np.abs(flat[2]) <= 1).all(1)).any():
            return True
    return False


def _panel_boxes(draw_list: DrawList, clip_from_world: np.ndarray) -> tuple[Box, ...]:
    """Left, top, right, bottom in the view of the panels before the eye."""
    boxes = []
    for records in draw_list.panels.values():
        right, down = records["right"], records["down"]
        corners = records["origin"] + np.stack([0 * down, down, right, right + down])
        clip = np.concatenate([corners, np.ones((*corners.shape[:2], 1))], 2) @ clip_from_world.T
        flat = clip[..., :2] / np.maximum(clip[..., 3:], 1e-3)
        (left, bottom), (right, top) = flat.min(0).T, flat.max(0).T
        seen = (clip[..., 3] > 1e-3).all(0) & (right > -1) & (left < 1) & (top > -1) & (bottom < 1)
        boxes += np.stack([left, top, right, bottom], 1)[seen].tolist()
    return tuple(tuple(box) for box in boxes)


def _project(points: np.ndarray, clip_from_world: np.ndarray) -> Box | None:
    """Left, top, right, bottom in the view; None where the middle is not in view. (N, 3) meters."""
    if not len(points):
        return None
    clip = np.concatenate([points, np.ones((len(points), 1))], 1) @ clip_from_world.T
    if (clip[:, 3] <= 1e-3).any():
        return None
    flat = clip[:, :2] / clip[:, 3:]
    (left, bottom), (right, top) = flat.min(0).tolist(), flat.max(0).tolist()
    in_view = abs(left + right) <= 2 and abs(top + bottom) <= 2
    return (left, top, right, bottom) if in_view else None


def _region_corners(world: World, kind: str) -> np.ndarray:
    """(N, 3) corners of the first network's regions of a kind, of several sizes the largest."""
    found = []
    for region in world.pick_regions():
        if region.kind == kind and region.slot == world.slots[0]:
            found.append(_corners(region))
    if not found:
        return np.zeros((0, 3))
    corners = np.array(found, np.float64)
    widths = np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1)
    return corners[widths > 0.9 * widths.max()].reshape(-1, 3)


def _wall_corners(world: World) -> np.ndarray:
    """(N, 3) corners of the images to choose from, and of the text around them."""
    wall = world.visuals.get(WALL)
    if wall is None:
        return np.zeros((0, 3))
    found = [_corners(region) for region in wall.pick_regions]
    for label in wall.labels:
        width = font.text_width(label.text) * label.height
        ends = np.multiply(label.right, width), np.multiply(label.up, label.height)
        found.append(np.array(label.origin) + np.array([0 * ends[0], *ends]))
    return np.concatenate([*found, np.zeros((0, 3))])


def _corners(region: PickRegion) -> np.ndarray:
    """(4, 3) of a region."""
    origin, right, down = map(np.array, (region.origin, region.right, region.down))
    return np.array([origin, origin + right, origin + down, origin + right + down])


def _first_layers(world: World) -> list[np.ndarray]:
    """(4, 3) corners of each layer of the first row, or of the first few layers."""
    slot = world.slots[0]
    frame = world.placement_frame(slot)
    rows = frame.placement.layout.rows
    longest = max(rows[:2], key=lambda row: len(row.node_ids)).node_ids if rows else frame.node_ids
    return [panel_corners(world, slot, node) for node in longest[:8] if node in frame.index]


def _answer_corners(world: World) -> np.ndarray:
    """(N, 3) corners of the scores on the board, or the room for them above the input's picture."""
    board = _board_corners(world)
    if len(board):
        middles = [
            (region, np.array(region.origin) + np.add(region.right, region.down) / 2)
            for region in world.pick_regions()
            if region.kind == "class"
        ]
        low, high = board.min(0) - 0.1, board.max(0) + 0.1
        scores = [_corners(region) for region, at in middles if ((low <= at) & (at <= high)).all()]
        if scores:
            return np.concatenate(scores)
    return _scores_corners(world)


def _scores_corners(world: World) -> np.ndarray:
    """(N, 3) corners of the room for scores above the input's picture, if it has any."""
    picture = _region_corners(world, "input")
    slot = world.slots[0]
    margin, frame = world.networks[slot].input_margin, world.placement_frame(slot)
    if not len(picture) or world.networks[slot].result is None or margin.kind == "plain":
        return np.zeros((0, 3))
    above = (margin.height - margin.image_height) * frame.panel_scale(margin.node)
    top = picture[0] + np.array([0.0, above, 0.0])
    return np.array([picture[0], picture[1], top, top + (picture[1] - picture[0])])


def _title_corners(world: World) -> list[np.ndarray]:
    """(3, 3) corners of the first network's name, and of each of its facts."""
    texts = {text for text, _, _ in title_parts(world.networks[world.slots[0]].info)}
    found = []
    for label in world.draw_list().labels:
        if label.text in texts and label.until == FAR_TEXT:
            corner, height = np.array(label.origin), label.height
            right = np.array(label.right) * font.text_width(label.text) * height
            up = np.array(label.up) * height
            found.append(np.array([corner, corner + right, corner + right + up], np.float64))
    return found


def _board_corners(world: World) -> np.ndarray:
    """(N, 3) corners of the board with the answer, if it is there."""
    frame = world.placement_frame(world.slots[0])
    if frame.placement.answer.node not in frame.index:
        return np.zeros((0, 3))
    corner, (width, height) = answer_place(frame)
    return np.array(corner) + np.array(
        [[0, 0, 0], [width, 0, 0], [0, height, 0], [width, height, 0]]
    )
