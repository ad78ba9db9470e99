"""Everything that stands in the world: networks, what they show, and how they are arranged.

The world is told what happened (a network opened, maps arrived, a pass was complete, the user made
a change, time went on) and answers with a `DrawList`. It makes a part anew only when something in
it has changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from vrnn.network.feature_maps import FeatureMaps, map_shape
from vrnn.network.graph import Network, NetworkInfo, Node
from vrnn.network.results import ForwardResult
from vrnn.scene.network_object import NetworkObject, folded_map_id
from vrnn.scene.picking import Hit, PickRegions, pick_layer
from vrnn.scene.primitives import QUAD, STROKE, DrawList, PickRegion, TextLabel, Visual
from vrnn.scene.state import State
from vrnn.scene.transition import PlacementFrame, frame_at_rest, grid_placements, interpolate_frames
from vrnn.scene.visuals import edges as edge_parts
from vrnn.scene.visuals import labels as label_parts
from vrnn.scene.visuals import panels as parts
from vrnn.scene.visuals.feature_panels import FeatureTiles, dim_panel, feature_panels
from vrnn.scene.visuals.layer_handles import layer_handles
from vrnn.scene.visuals.module_brackets import module_brackets
from vrnn.scene.visuals.pinned_layers import PinnedLayer, pinned_layer_panel
from vrnn.scene.visuals.predictions import prediction_visual
from vrnn.style import font

APART = 8.0
"""Meters between two networks."""
GHOST_LIGHT = 0.4
"""Light left on what steps back."""


@dataclass(frozen=True, eq=False)
class _Still:
    """What of a network's drawing stays when another layer is pointed at.

    records: PANELs with all their light; arrays: (N,) of maps that they lie in; quads, brackets:
    as they are drawn; edges: see `edge_parts.strokes`.
    """

    records: np.ndarray
    arrays: np.ndarray
    quads: list[np.ndarray]
    edges: tuple[np.ndarray, np.ndarray, np.ndarray]
    beside: Visual | None
    brackets: tuple[np.ndarray, list[TextLabel], list[PickRegion]]


class World:
    """The networks by slot (0, 1, …), side by side."""

    def __init__(self, state: State | None = None, seconds: float = 0.8) -> None:
        """seconds: a move takes."""
        self.state = state or State()
        self.networks: dict[int, NetworkObject] = {}
        self.hovered: Hit | None = None
        self.pinned_layers: dict[int, PinnedLayer] = {}
        self.feature_tiles: dict[tuple[int, int], FeatureTiles] = {}
        self.visuals: dict[str, Visual] = {}
        self.nearby_visual: Visual | None = None
        self.true_label = ""
        self._seconds = seconds
        self._before: dict[int, PlacementFrame] = {}
        self._moved = 1.0
        self._poses: dict[int, PlacementFrame] = {}
        self._labels: tuple[TextLabel, ...] | None = None
        self._drawing: DrawList | None = None
        self._corners: np.ndarray | None = None
        self._framed = 0
        self._touchable: PickRegions | None = None
        self._still: dict[int, _Still] = {}

    # What happened.

    def open(self, slot: int, network: Network, info: NetworkInfo) -> dict[int, int]:
        """A network is known. Returns the half floats that each of its nodes' maps need, and those
        of its folds under `fold_id`."""
        self.networks[slot] = NetworkObject(network, info)
        self._before.clear()
        self._changed(places=True)
        return self.networks[slot].block_sizes()

    def remove(self, slot: int) -> None:
        """A network is no longer there."""
        del self.networks[slot]
        self._before.clear()
        self._changed(places=True)

    def set_addresses(self, slot: int, addresses: Mapping[int, tuple[int, int]]) -> None:
        """Where the renderer keeps each node's maps."""
        self.networks[slot].addresses = dict(addresses)
        self._changed()

    def add_maps(self, slot: int, maps: Mapping[int, FeatureMaps]) -> None:
        """These maps have been uploaded."""
        self.networks[slot].maps.update(maps)
        self._changed()

    def set_result(self, slot: int, frame: ForwardResult) -> None:
        """A pass is complete."""
        stand = self.networks[slot]
        stand.result = frame
        stand.reorder_channels()
        self._changed(places=bool(self._ordered(slot)), labels=True)

    def _ordered(self, slot: int) -> bool:
        return any(
            s == slot and layer.order != "index" for (s, _), layer in self.state.layers.items()
        )

    def set_state(self, state: State, move: bool = True) -> None:
        """The user made a change. move: things go to their places, else they are there at once."""
        places = _where(state) != _where(self.state)
        if places and move and self.networks and self._seconds > 0:
            self._before = {slot: self.placement_frame(slot) for slot in self.slots}
            self._moved = 0.0
        self.state = state
        self._changed(places=places, labels=True)

    def set_visual(self, name: str, thing: Visual | None) -> None:
        """Something that stands in the world beside the networks, by a name; None takes it away."""
        if thing is None:
            self.visuals.pop(name, None)
        else:
            self.visuals[name] = thing
        self._changed(labels=True)

    def set_nearby_visual(self, thing: Visual) -> None:
        """What stands only beside layers near the eye; it is no part of a picture of everything."""
        self.nearby_visual = thing
        corners = self._corners
        self._changed(labels=True)
        self._corners = corners

    def set_pinned_layers(self, pins: Mapping[int, PinnedLayer]) -> None:
        """The doubles that stand beside layers, by number."""
        self.pinned_layers = dict(pins)
        self._changed(labels=True)

    def set_attributions(self, slot: int, evidence: Mapping[int, np.ndarray]) -> None:
        """How much each channel speaks for the winning class, by node."""
        self.networks[slot].attributions = dict(evidence)
        self.networks[slot].reorder_channels()
        self._changed(places=True)

    def set_feature_tiles(self, slot: int, node: int, layer: FeatureTiles | None) -> None:
        """A layer has pictures of what its channels look for; None: no more."""
        if layer is None:
            self.feature_tiles.pop((slot, node), None)
        else:
            self.feature_tiles[slot, node] = layer
        self._changed()

    def advance(self, seconds: float) -> bool:
        """Let time go on. True while something moves."""
        if self._moved >= 1.0:
            return False
        if seconds <= 0:
            return True
        self._moved = min(1.0, self._moved + seconds / max(self._seconds, 1e-3))
        self._changed(places=True)
        if self._moved >= 1.0:
            self._before.clear()
        return True

    @property
    def is_moving(self) -> bool:
        """Whether things are on their way."""
        return self._moved < 1.0

    def hover(self, hit: Hit | None) -> None:
        """Light up a layer and its neighbors."""
        if _lit(hit) != _lit(self.hovered):
            self._drawing = None  # in another light, but nothing else
        self.hovered = hit

    def _changed(self, places: bool = False, labels: bool = False) -> None:
        self._drawing = None
        self._still.clear()
        if places:
            self._poses.clear()
        if places or labels:
            self._labels = self._corners = self._touchable = None

    def at_rest(self) -> World:
        """The same world with nothing moving any more."""
        world = World(self.state, self._seconds)
        world.networks, world.visuals, world.pinned_layers = (
            self.networks,
            self.visuals,
            self.pinned_layers,
        )
        world.true_label, world.feature_tiles = self.true_label, self.feature_tiles
        return world

    # What is where.

    @property
    def slots(self) -> tuple[int, ...]:
        """Networks that stand, from left to right."""
        return tuple(sorted(self.networks))

    @property
    def not_finite(self) -> int:
        """Values in all maps that are NaN or infinite."""
        return sum(m.not_finite for stand in self.networks.values() for m in stand.maps.values())

    def shows_one(self, slot: int, node: int) -> bool:
        """Whether a layer, or the module that it ends, is folded into one map."""
        face = self.networks[slot].placement(self.state, slot).panel_shapes.get(node)
        return face is not None and face.shows_one_map

    def node_id(self, slot: int, name: str) -> int | None:
        """A layer's node, or the node that stands for a folded module; None when there is none."""
        if slot not in self.networks:
            return None
        stand = self.networks[slot]
        found = {n.name: n.id for n in self.placement_frame(slot).placement.network.nodes}
        return found.get(name, stand.node_ids.get(name))

    def visible_node(self, slot: int, node: int) -> Node:
        """A layer as it is seen: one that stands for a folded module is that module."""
        return self.networks[slot].visible_nodes(self.placement_frame(slot))[node]

    def placement_frame(self, slot: int) -> PlacementFrame:
        """A network's things at this moment."""
        if not self._poses:
            self._place_all()
        return self._poses[slot]

    def _place_all(self) -> None:
        left = 0.0
        for slot in self.slots:
            stand = self.networks[slot]
            layout = stand.placement(self.state, slot).layout
            low, high = float(layout.low[0]), float(layout.high[0])
            if slot == self.slots[0]:
                left = low
            offset = np.array([left - low, 0, 0], np.float32)
            left += high - low + APART
            pose = frame_at_rest(stand, self.state, slot, offset)
            if slot in self._before:
                pose = interpolate_frames(self._before[slot], pose, stand, self._moved)
            self._poses[slot] = pose

    def pick(self, origin: np.ndarray, direction: np.ndarray) -> Hit | None:
        """What a ray from `origin` (3,) along the unit vector `direction` (3,) meets first."""
        self.pick_regions()
        assert self._touchable is not None
        best = self._touchable.pick(origin, direction)
        for slot in self.slots:
            stand = self.networks[slot]
            hit = pick_layer(
                self.placement_frame(slot),
                stand.visible_nodes(self.placement_frame(slot)),
                slot,
                origin,
                direction,
            )
            if hit is not None and (best is None or hit.distance < best.distance):
                best = hit
        return best

    def receptive_field_outline(self, hit: Hit | None) -> np.ndarray:
        """QUADs: a frame on the input's picture around what a position in a map can depend on."""
        if hit is None or hit.kind != "layer" or hit.slot not in self.networks:
            return np.zeros(0, QUAD)
        stand = self.networks[hit.slot]
        field = stand.receptive_fields.get(hit.node)
        canvas = [s for s in self.pick_regions() if s.kind == "input" and s.slot == hit.slot]
        if field is None or stand.result is None or not canvas:
            return np.zeros(0, QUAD)
        height, width = stand.result.image.shape[:2]
        top, left, bottom, right = field.box(hit.row, hit.column, (height, width))
        x, y, z = canvas[0].origin
        across, down = canvas[0].right[0] / width, -canvas[0].down[1] / height
        return parts.outline_quads(
            x + left * across, y - top * down, (right - left) * across, (bottom - top) * down, z
        )

    def pick_regions(self) -> tuple[PickRegion, ...]:
        """What can be touched beside the layers."""
        if self._touchable is None:
            self.draw_list()
        assert self._touchable is not None
        return self._touchable.regions

    def in_view(self, clip_from_world: np.ndarray) -> set[tuple[int, int]]:
        """Network and node of layers whose panel is at least partly in a picture.

        clip_from_world: (4, 4).
        """
        found = set()
        for slot in self.slots:
            pose = self.placement_frame(slot)
            x, y, z, width, height = pose.panel_rects.T
            corners = np.stack(
                [
                    np.stack([x + sx * width / 2, y + sy * height, z, np.ones_like(x)], 1)
                    for sx, sy in ((-1, 0), (1, 0), (-1, 1), (1, 1))
                ]
            )  # (4, K, 4)
            clip = corners @ clip_from_world.T
            inside = np.abs(clip[..., :3]) <= clip[..., 3:]
            beyond = ((clip[..., :3] > clip[..., 3:]).all(0)) | (
                (clip[..., :3] < -clip[..., 3:]).all(0)
            )
            seen = inside.all(-1).any(0) | ~beyond.any(-1)
            found |= {(slot, pose.node_ids[i]) for i in np.flatnonzero(seen)}
        return found

    def channels_in_view(
        self, slot: int, node: int, clip_from_world: np.ndarray
    ) -> tuple[int, ...]:
        """Channels of a layer whose maps' middle is in a picture. clip_from_world: (4, 4)."""
        pose = self.placement_frame(slot)
        if node not in pose.index:
            return ()
        place, face = pose.panel_rect(node), pose.placement.panel_shapes.get(node)
        if face is None or face.shows_one_map:
            return ()
        shape = map_shape(self.networks[slot].network.by_id[node].shape)
        maps = pose.maps.get(node) or grid_placements(face.grid, shape, place)
        middles = place[:3] + maps.centers
        clip = np.column_stack([middles, np.ones(len(middles))]) @ clip_from_world.T
        seen = (np.abs(clip[:, :3]) <= clip[:, 3:]).all(1)
        return tuple(maps.channels[seen].tolist())

    def free_before(self, slot: int, node: int) -> float:
        """Meters from a layer's panel to the next one before it, infinite where none is."""
        x, y, z, width, height = self.placement_frame(slot).panel_rect(node).tolist()
        everything = np.concatenate([self.placement_frame(s).panel_rects for s in self.slots])
        across = np.abs(everything[:, 0] - x) < (everything[:, 3] + width) / 2
        up = np.abs(everything[:, 1] + everything[:, 4] / 2 - y - height / 2)
        before = across & (up < (everything[:, 4] + height) / 2) & (everything[:, 2] > z + 0.01)
        return float((everything[before, 2] - z).min(initial=np.inf))

    def panel_corners(self, slot: int, node: int) -> np.ndarray:
        """(4, 3) meters: a layer's panel with its label; of its fold when it is folded away."""
        pose = self.placement_frame(slot)
        if node not in pose.index:
            node = pose.placement.folded.representative[node]
        x, y, z, width, height = pose.panel_rect(node).tolist()
        top, half = y + height + 0.4, width / 2
        return np.array(
            [(x - half, y, z), (x + half, y, z), (x - half, top, z), (x + half, top, z)]
        )

    def corners(self) -> np.ndarray:
        """(N, 3) meters: all that has to be in a picture of everything."""
        if self._corners is None:
            self._corners = self._all_corners()
        return self._corners

    def _all_corners(self) -> np.ndarray:
        drawing = self.draw_list()
        flat = [
            np.concatenate([r["origin"], r["origin"] + r["right"], r["origin"] + r["down"]])
            for r in (*drawing.panels.values(), drawing.quads[: self._framed])
        ]
        names = [
            np.array([label.origin, np.array(label.origin) + np.array(label.right) * label_width])
            for label in drawing.labels
            if label.height > 0.18
            for label_width in [font.text_width(label.text) * label.height]
        ]
        points = [p for p in (*flat, *names) if len(p)]
        return np.concatenate(points) if points else np.array([[-2.0, 0, 0], [2.0, 2.0, 0]])

    # What is drawn.

    def draw_list(self) -> DrawList:
        """Everything, as it is at this moment."""
        if self._drawing is None:
            self._drawing = self._draw()
        return self._drawing

    def _draw(self) -> DrawList:
        panels: dict[tuple[int, int], np.ndarray] = {}
        quads, strokes = [np.zeros(0, QUAD)], [np.zeros(0, STROKE)]
        things, spots, labels = list(self.visuals.values()), [], []
        if self.nearby_visual is not None:
            things.append(self.nearby_visual)
        for slot in self.slots:
            pose = self.placement_frame(slot)
            still = self._still_of(slot)
            panels.update(self._panels(slot, pose, still))
            quads += still.quads
            strokes.append(self._strokes(slot, pose, still))
            for one in (still.beside, layer_handles(pose, slot, self.hovered)):
                if one is not None:
                    things.append(one)
            found = still.brackets
            strokes.append(found[0])
            labels += found[1]
            spots += found[2]
        for pin in self.pinned_layers.values():
            place = self._pin_place(pin)
            if place is not None:
                records, thing = pinned_layer_panel(pin, *place, self.state.color_mapping)
                panels[pin.store, 0] = records
                things.append(thing)
        quads += [thing.quads for thing in things if thing is not self.nearby_visual]
        self._framed = sum(len(q) for q in quads)
        if self.nearby_visual is not None:
            quads.append(self.nearby_visual.quads)
        if self._labels is None:  # laying letters out takes long: the same list is kept
            said = [label for thing in things for label in thing.labels]
            self._labels = (*labels, *self._all_labels(), *said)
        if self._touchable is None:
            self._touchable = PickRegions(
                (*spots, *(spot for thing in things for spot in thing.pick_regions))
            )
        return DrawList(
            panels, np.concatenate(quads), np.concatenate(strokes), self._labels,
            tuple(p for thing in things for p in thing.image_quads), self.state.color_mapping,
        )  # fmt: skip

    @property
    def _shown(self) -> float:
        """Steps and stage names come in while a move goes on."""
        return max(0.0, 2 * self._moved - 1)

    def _still_of(self, slot: int) -> _Still:
        if slot not in self._still:
            stand, pose = self.networks[slot], self.placement_frame(slot)
            records, arrays = self._records(slot, stand, pose)
            passing = pose.placement.skip_edges
            edges = pose.placement.network.edges
            skips = np.array([(e.source, e.target) in passing for e in edges], bool).reshape(-1)
            quads = [
                edge_parts.terrace_steps(pose.placement.layout.rows, pose.offset, self._shown),
                parts.folded_module_quads(pose),
                parts.ablation_marks(self.state.ablations, slot, stand, pose),
            ]
            self._still[slot] = _Still(
                records, arrays, quads, edge_parts.edge_strokes(pose.routes, skips),
                self._beside(slot, stand, pose),
                module_brackets(pose, stand.modules, slot, self._shown),
            )  # fmt: skip
        return self._still[slot]

    def _records(
        self, slot: int, stand: NetworkObject, pose: PlacementFrame
    ) -> tuple[np.ndarray, np.ndarray]:
        """(N,) PANELs, and the number of the array (N,) that each one's maps lie in."""
        seen = stand.visible_nodes(pose)
        nodes = [seen[n] for n in pose.node_ids]
        faces = pose.placement.panel_shapes
        grids = [faces[n].grid if n in faces else stand.default_grid(n) for n in pose.node_ids]
        records = parts.panel_records(pose.panel_rects, grids, nodes)
        records["range"], records["clip"] = parts.color_ranges(
            stand.maps, nodes, self.state.color_mapping
        )
        arrays = np.zeros(len(nodes), int)
        for i, node in enumerate(nodes):
            arrays[i], first = stand.addresses.get(node.id, (0, -1))
            if node.id in stand.maps:
                records["base"][i] = first
                if node.id in faces and faces[node.id].shows_one_map:
                    arrays[i] = self._one_map(records[i : i + 1], stand, node.id, int(arrays[i]))
        return records, arrays

    def _pictured_in(self, slot: int, pose: PlacementFrame) -> Iterator[tuple[int, FeatureTiles]]:
        """Layers that show pictures in place of their maps."""
        for (network, node), layer in self.feature_tiles.items():
            face = pose.placement.panel_shapes.get(node)
            if (
                network == slot
                and node in pose.index
                and face is not None
                and not face.shows_one_map
            ):
                yield node, layer

    def _panels(
        self, slot: int, pose: PlacementFrame, still: _Still
    ) -> dict[tuple[int, int], np.ndarray]:
        lit, light = self._light(slot, pose)
        records, arrays = still.records.copy(), still.arrays
        records["light"] = light
        records["border"][lit] = -parts.LIT_BORDER
        pictures: dict[tuple[int, int], np.ndarray] = {}
        for node, layer in self._pictured_in(slot, pose):
            i = pose.index[node]
            maps = pose.maps.get(node) or grid_placements(
                pose.placement.panel_shapes[node].grid,
                map_shape(self.networks[slot].network.by_id[node].shape),
                pose.panel_rects[i],
            )
            found = feature_panels(layer, records[i : i + 1], maps)
            pictures.update({(layer.store, array): one for array, one in found.items()})
            dim_panel(records[i : i + 1])
        result = {}
        single = np.array([n in pose.maps for n in pose.node_ids], bool)
        for a in np.unique(arrays):
            own = [records[(arrays == a) & ~single]]
            own += [
                parts.single_map_records(records[i : i + 1], pose.maps[pose.node_ids[i]])
                for i in np.flatnonzero(single & (arrays == a))
            ]
            result[slot, int(a)] = np.concatenate(own)
        return result | pictures

    def _one_map(self, record: np.ndarray, stand: NetworkObject, node: int, array: int) -> int:
        """Show one map for all of a folded layer's; returns the array that it lies in."""
        channels = int(record["grid"][0, 2])
        record["grid"][0] = (1, 1, 1)
        maps = stand.maps[node]
        if self.state.fold_display == "strongest":
            record["grid"][0, 2] = channels
            record["first"] = int(
                np.argmax(np.maximum(-maps.channel_stats[0], maps.channel_stats[1]))
            )
            return array
        other, first = stand.addresses.get(folded_map_id(node), (array, -1))
        record["base"] = first
        record["range"] = 0.0
        return other

    def _light(self, slot: int, pose: PlacementFrame) -> tuple[np.ndarray, np.ndarray]:
        """(N,) bool panels pointed out, (N,) light."""
        count = len(pose.node_ids)
        lit, light = np.zeros(count, bool), np.ones(count, np.float32)
        pointed = _lit(self.hovered)
        if pointed is None:
            return lit, light
        light[:] = GHOST_LIGHT
        if pointed[0] == slot and pointed[1] in pose.index:
            near = {pointed[1]}
            for edge in pose.placement.network.edges:
                if pointed[1] in (edge.source, edge.target):
                    near |= {edge.source, edge.target}
            light[[pose.index[n] for n in near]] = 1.0
            lit[pose.index[pointed[1]]] = True
        return lit, light

    def _strokes(self, slot: int, pose: PlacementFrame, still: _Still) -> np.ndarray:
        edges = pose.placement.network.edges
        state = np.zeros(len(edges), int)
        pointed = _lit(self.hovered)
        if pointed is not None:
            node = pointed[1] if pointed[0] == slot else None
            state[:] = [1 if node in (e.source, e.target) else -1 for e in edges]
        return edge_parts.color_edges(still.edges, state)

    def _beside(self, slot: int, stand: NetworkObject, pose: PlacementFrame) -> Visual | None:
        room = stand.input_margin
        if stand.result is None or room.node not in pose.index:
            return None
        x, y, z, width, _ = pose.panel_rect(room.node).tolist()
        left = x - width / 2 - room.gap - room.width
        return prediction_visual(
            room, stand.result, stand.info.class_names, left, y, z, slot, self.true_label
        )

    def _pin_place(self, pin: PinnedLayer) -> tuple[PlacementFrame, int] | None:
        slot = pin.network
        node = self.node_id(slot, pin.beside)
        if node is None or node not in self.placement_frame(slot).index:
            return None
        return self.placement_frame(slot), node

    def _named(self, slot: int, node: Node) -> Node:
        layer = self.state.layers.get((slot, node.name))
        if layer is None or layer.features is None:
            return node
        return replace(node, label="what each channel looks for")

    def _all_labels(self) -> list[TextLabel]:
        labels: list[TextLabel] = []
        for slot in self.slots:
            stand, pose = self.networks[slot], self.placement_frame(slot)
            seen = stand.visible_nodes(pose)
            standing = pose.placement
            rows = standing.layout.rows
            named = [self._named(slot, seen[n]) for n in pose.node_ids]
            labels += label_parts.layer_labels(pose.panel_rects, named)
            labels += label_parts.edge_labels(
                pose.routes, standing.network.edges, standing.labeled_edges
            )
            labels += label_parts.row_labels(
                rows, standing.row_name_widths, pose.offset, self._shown
            )
            labels += label_parts.marker_labels(
                standing.network.annotations, pose.panel_rects, pose.index
            )
            left = float((pose.panel_rects[:, 0] - pose.panel_rects[:, 3] / 2).min())
            front = max([float(pose.panel_rects[:, 2].max()) + 1.5, *(row.front for row in rows)])
            right = float((pose.panel_rects[:, 0] + pose.panel_rects[:, 3] / 2).max())
            labels += label_parts.title_labels(stand.info, left, front + 1.2, right - left)
        return labels


def _lit(hit: Hit | None) -> tuple[int, int] | None:
    return None if hit is None else hit.layer


def _where(state: State) -> object:
    """The part of a state that says where things are."""
    return replace(
        state,
        color_mapping=State().color_mapping,
        fold_display="mean",
        pins=(),
        ablations=(),
        input_image=State().input_image,
    )
