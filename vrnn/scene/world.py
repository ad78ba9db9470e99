"""Everything that stands in the world: networks, what they show, and how they are arranged.

The world is told what happened (a network opened, maps arrived, a pass was complete, time went on)
and answers with a `Drawing`. It makes a part anew only when something in it has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vrnn import font
from vrnn.network import FeatureMaps, Frame, Network, NetworkInfo, block_size, map_shape
from vrnn.scene import parts
from vrnn.scene.answers import Beside, beside
from vrnn.scene.drawing import QUAD, STROKE, Drawing, Label
from vrnn.scene.picking import Hit, pick
from vrnn.scene.stand import Stand, Standing

ARRANGEMENTS = ("terrace", "conveyor")
APART = 8.0
"""Metres between two networks."""
GHOST_LIGHT = 0.4
"""Light left on what steps back."""


@dataclass(frozen=True, eq=False)
class _Pose:
    """One network's things at this moment. places: (N, 5); routes: R arrays (P, 3)."""

    places: np.ndarray
    routes: list[np.ndarray]
    offset: np.ndarray


class World:
    """The networks by slot (0, 1, …), side by side."""

    def __init__(
        self, arrangement: str = "terrace", scale: str = "map", seconds: float = 0.8
    ) -> None:
        """arrangement: one of ARRANGEMENTS; scale: one of `parts.SCALES`; seconds: a move takes."""
        self.arrangement, self.scale = arrangement, scale
        self.stands: dict[int, Stand] = {}
        self.pointed: Hit | None = None
        self._before = arrangement
        self._moved = 1.0
        self._seconds = seconds
        self._poses: dict[int, _Pose] = {}
        self._labels: tuple[Label, ...] | None = None
        self._drawing: Drawing | None = None
        self._corners: np.ndarray | None = None

    # What happened.

    def open(self, slot: int, network: Network, info: NetworkInfo) -> dict[int, int]:
        """A network is known. Returns the half floats that each of its nodes' maps need."""
        self.stands[slot] = Stand(network, info)
        self._changed(places=True)
        return {node.id: block_size(*map_shape(node.shape)) for node in network.nodes}

    def stored(self, slot: int, addresses: Mapping[int, tuple[int, int]]) -> None:
        """Where the renderer keeps each node's maps."""
        self.stands[slot].addresses = dict(addresses)

    def arrived(self, slot: int, maps: Mapping[int, FeatureMaps]) -> None:
        """These maps have been uploaded."""
        self.stands[slot].maps.update(maps)
        self._changed()

    def answered(self, slot: int, frame: Frame) -> None:
        """A pass is complete."""
        self.stands[slot].frame = frame
        self._changed(labels=True)

    def arrange(self, arrangement: str) -> None:
        """Begin to move everything into another arrangement."""
        if arrangement != self.arrangement:
            self._before, self.arrangement = self.arrangement, arrangement
            self._moved = 1.0 - self._moved if self._moved < 1 else 0.0
            self._changed(places=True)

    def advance(self, seconds: float) -> bool:
        """Let time go on. True while something moves."""
        if self._moved >= 1.0:
            return False
        self._moved = min(1.0, self._moved + seconds / max(self._seconds, 1e-3))
        self._changed(places=True)
        return True

    def set_scale(self, scale: str) -> None:
        """What colours are scaled by, one of `parts.SCALES`."""
        self.scale = scale
        self._changed()

    def point_at(self, hit: Hit | None) -> None:
        """Light up a layer and its neighbours."""
        if _layer(hit) != _layer(self.pointed):
            self._changed()
        self.pointed = hit

    def _changed(self, places: bool = False, labels: bool = False) -> None:
        self._drawing = None
        if places:
            self._poses.clear()
        if places or labels:
            self._labels = self._corners = None

    def settled(self) -> World:
        """The same world with nothing moving any more."""
        world = World(self.arrangement, self.scale, self._seconds)
        world.stands = self.stands
        return world

    # What is where.

    @property
    def slots(self) -> tuple[int, ...]:
        """Networks that stand, from left to right."""
        return tuple(sorted(self.stands))

    @property
    def not_finite(self) -> int:
        """Values in all maps that are NaN or infinite."""
        return sum(m.not_finite for stand in self.stands.values() for m in stand.maps.values())

    def pose(self, slot: int) -> _Pose:
        """A network's things, part of the way between two arrangements."""
        if not self._poses:
            self._place_all()
        return self._poses[slot]

    def _place_all(self) -> None:
        t = self._moved * self._moved * (3 - 2 * self._moved)
        left = dict.fromkeys(ARRANGEMENTS, 0.0)
        for slot in self.slots:
            stand = self.stands[slot]
            shift = {}
            for name in {self.arrangement, self._before if t < 1 else self.arrangement}:
                layout = stand.standing(name).layout
                low, high = float(layout.low[0]), float(layout.high[0])
                if slot == self.slots[0]:
                    left[name] = low
                shift[name] = left[name] - low
                left[name] += high - low + APART
            self._poses[slot] = self._between(stand, shift, t)

    def _between(self, stand: Stand, shift: Mapping[str, float], t: float) -> _Pose:
        after = stand.standing(self.arrangement)
        offset = np.array([shift[self.arrangement], 0, 0], np.float32)
        places = after.places.copy()
        places[:, :3] += offset
        if t >= 1:
            return _Pose(places, [points + offset for points in after.lines], offset)
        start = stand.standing(self._before)
        start_offset = np.array([shift[self._before], 0, 0], np.float32)
        begun = start.places.copy()
        begun[:, :3] += start_offset
        routes = (start.routes + start_offset) * (1 - t) + (after.routes + offset) * t
        mixed = begun * (1 - t) + places * t
        return _Pose(mixed, list(routes), start_offset * (1 - t) + offset * t)

    def pick(self, origin: np.ndarray, direction: np.ndarray) -> Hit | None:
        """What a ray from `origin` (3,) along the unit vector `direction` (3,) meets first."""
        best: Hit | None = None
        for slot in self.slots:
            stand = self.stands[slot]
            hit = pick(self.pose(slot).places, stand.network.nodes, stand.grids, origin, direction)
            if hit is not None and (best is None or hit.distance < best.distance):
                best = hit.of(slot)
        return best

    def free_before(self, slot: int, node: int) -> float:
        """Metres from a layer's panel to the next one before it, infinite where none is."""
        x, y, z, width, height = self.pose(slot).places[self.stands[slot].index[node]].tolist()
        everything = np.concatenate([self.pose(s).places for s in self.slots])
        across = np.abs(everything[:, 0] - x) < (everything[:, 3] + width) / 2
        up = np.abs(everything[:, 1] + everything[:, 4] / 2 - y - height / 2)
        before = across & (up < (everything[:, 4] + height) / 2) & (everything[:, 2] > z + 0.01)
        return float((everything[before, 2] - z).min(initial=np.inf))

    def panel_corners(self, slot: int, node: int) -> np.ndarray:
        """(4, 3) metres: a layer's panel with its label."""
        stand = self.stands[slot]
        x, y, z, width, height = self.pose(slot).places[stand.index[node]].tolist()
        top, half = y + height + 0.4, width / 2
        return np.array(
            [(x - half, y, z), (x + half, y, z), (x - half, top, z), (x + half, top, z)]
        )

    def corners(self) -> np.ndarray:
        """(N, 3) metres: all that has to be in a picture of everything."""
        if self._corners is None:
            self._corners = self._all_corners()
        return self._corners

    def _all_corners(self) -> np.ndarray:
        drawing = self.drawing()
        flat = [
            np.concatenate([r["origin"], r["origin"] + r["right"], r["origin"] + r["down"]])
            for r in (*drawing.panels.values(), drawing.quads)
        ]
        names = [
            np.array([label.origin, np.array(label.origin) + np.array(label.right) * label_width])
            for label in drawing.labels
            if label.height > 0.3
            for label_width in [font.width(label.text) * label.height]
        ]
        points = [p for p in (*flat, *names) if len(p)]
        return np.concatenate(points) if points else np.array([[-2.0, 0, 0], [2.0, 2.0, 0]])

    # What is drawn.

    def drawing(self) -> Drawing:
        """Everything, as it is at this moment."""
        if self._drawing is None:
            self._drawing = self._draw()
        return self._drawing

    def _draw(self) -> Drawing:
        panels: dict[tuple[int, int], np.ndarray] = {}
        quads, strokes, answers = [np.zeros(0, QUAD)], [np.zeros(0, STROKE)], []
        for slot in self.slots:
            stand, pose = self.stands[slot], self.pose(slot)
            lit, light = self._light(slot, stand)
            panels.update(self._panels(slot, stand, pose, lit, light))
            rows = self._standing(stand).layout.rows
            quads.append(parts.steps(rows, pose.offset, self._shown()))
            strokes.append(self._strokes(slot, stand, pose))
            answers.append(self._beside(stand, pose))
        beside_all = [answer for answer in answers if answer is not None]
        quads += [answer.quads for answer in beside_all]
        if self._labels is None:
            self._labels = self._all_labels(beside_all)
        pictures = tuple(p for answer in beside_all for p in answer.pictures)
        return Drawing(
            panels, np.concatenate(quads), np.concatenate(strokes), self._labels, pictures
        )

    def _standing(self, stand: Stand) -> Standing:
        """The arrangement whose steps are seen."""
        return stand.standing(self.arrangement if self._moved > 0.5 else self._before)

    def _shown(self) -> float:
        """Steps and stage names are gone in the middle of a move."""
        return abs(2 * self._moved - 1)

    def _panels(
        self, slot: int, stand: Stand, pose: _Pose, lit: np.ndarray, light: np.ndarray
    ) -> dict[tuple[int, int], np.ndarray]:
        nodes = stand.network.nodes
        records = parts.panels(pose.places, stand.grids, nodes)
        records["light"] = light
        records["border"][lit] = -parts.LIT_BORDER
        records["gain"] = parts.gains(stand.maps, nodes, self.scale)
        arrays = np.zeros(len(nodes), int)
        for i, node in enumerate(nodes):
            array, first = stand.addresses.get(node.id, (0, -1))
            arrays[i] = array
            if node.id in stand.maps:
                records["base"][i] = first
        return {(slot, int(a)): records[arrays == a] for a in np.unique(arrays)}

    def _light(self, slot: int, stand: Stand) -> tuple[np.ndarray, np.ndarray]:
        """(N,) bool panels pointed out, (N,) light."""
        count = len(stand.network.nodes)
        lit, light = np.zeros(count, bool), np.ones(count, np.float32)
        if self.pointed is None:
            return lit, light
        light[:] = GHOST_LIGHT
        if self.pointed.slot == slot:
            node = self.pointed.node
            near = {node}
            for edge in stand.network.edges:
                if node in (edge.source, edge.target):
                    near |= {edge.source, edge.target}
            light[[stand.index[n] for n in near]] = 1.0
            lit[stand.index[node]] = True
        return lit, light

    def _strokes(self, slot: int, stand: Stand, pose: _Pose) -> np.ndarray:
        edges = stand.network.edges
        skips = np.array([stand.skip(e) for e in edges], bool).reshape(-1)
        state = np.zeros(len(edges), int)
        if self.pointed is not None:
            node = self.pointed.node if self.pointed.slot == slot else None
            state[:] = [1 if node in (e.source, e.target) else -1 for e in edges]
        return parts.strokes(pose.routes, skips, state)

    @staticmethod
    def _beside(stand: Stand, pose: _Pose) -> Beside | None:
        if stand.frame is None:
            return None
        room = stand.attachment
        x, y, z, width, _ = pose.places[stand.index[room.node]].tolist()
        left = x - width / 2 - room.gap - room.width
        return beside(room, stand.frame, stand.info.class_names, left, y, z)

    def _all_labels(self, answers: list[Beside]) -> tuple[Label, ...]:
        labels: list[Label] = []
        for slot in self.slots:
            stand, pose = self.stands[slot], self.pose(slot)
            nodes = stand.network.nodes
            rows = self._standing(stand).layout.rows
            labels += parts.layer_labels(pose.places, nodes)
            labels += parts.edge_labels(pose.routes, stand.network.edges, stand.arrivals)
            rooms = self._standing(stand).name_rooms
            labels += parts.row_labels(rows, rooms, pose.offset, self._shown())
            labels += parts.marker_labels(stand.network.markers, pose.places, stand.index)
            left = float((pose.places[:, 0] - pose.places[:, 3] / 2).min())
            front = max([float(pose.places[:, 2].max()) + 1.5, *(row.front for row in rows)])
            right = float((pose.places[:, 0] + pose.places[:, 3] / 2).max())
            labels += parts.title_labels(stand.info, left, front + 1.2, right - left)
        return tuple(labels + [label for answer in answers for label in answer.labels])


def _layer(hit: Hit | None) -> tuple[int, int] | None:
    return None if hit is None else (hit.slot, hit.node)
