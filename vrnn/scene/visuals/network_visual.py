"""What is drawn of one network: its panels, edges, steps, marks and predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from vrnn.scene.importance import NetworkImportance, pruned_ablations, without
from vrnn.scene.layout.answer_room import GAP
from vrnn.scene.layout.polyline import Point
from vrnn.scene.network_object import NetworkObject, folded_map_id
from vrnn.scene.output_choices import shown_outputs
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.primitives import STROKE, STYLE_BITS, STYLE_MASK, Visual
from vrnn.scene.relevance import NetworkRelevance, shares_in
from vrnn.scene.similarity import NetworkSimilarity
from vrnn.scene.state import AblationState, State
from vrnn.scene.visuals.ablation_marks import ablation_marks
from vrnn.scene.visuals.answer_board import answer_board
from vrnn.scene.visuals.answer_thread import answer_thread, thread_corners
from vrnn.scene.visuals.distant_pictures import (
    DistantPicture,
    overview_distance,
    show_distant_pictures,
)
from vrnn.scene.visuals.edges import EdgeStrokes, edge_strokes
from vrnn.scene.visuals.edit_marks import edit_marks
from vrnn.scene.visuals.feature_panels import FeatureTiles, dim_panel, feature_panels
from vrnn.scene.visuals.folded_modules import folded_module_quads
from vrnn.scene.visuals.highlight import Highlight, edge_emphasis, panel_light
from vrnn.scene.visuals.importance_veils import (
    importance_quads,
    importance_strokes,
    show_importance_maps,
)
from vrnn.scene.visuals.kind_feet import kind_feet
from vrnn.scene.visuals.layer_pictures import UploadedPicture, show_picture
from vrnn.scene.visuals.module_brackets import ModuleBrackets, module_brackets
from vrnn.scene.visuals.panels import (
    HIGHLIGHT_PIXELS,
    color_ranges,
    panel_records,
    separate_map_records,
)
from vrnn.scene.visuals.predictions import prediction_visual
from vrnn.scene.visuals.relevance_edges import relevance_strokes
from vrnn.scene.visuals.relevance_panels import OverlaidPanels, show_relevance
from vrnn.scene.visuals.scaling import scale_visual
from vrnn.scene.visuals.shadows import panel_shadows
from vrnn.scene.visuals.similarity_panels import show_similarity
from vrnn.scene.visuals.terrace_floor import terrace_floor_quads
from vrnn.scene.visuals.wave import PANEL_LIGHT, layer_order, wave_light


@dataclass(frozen=True, eq=False)
class NetworkVisual:
    """What of a network's drawing stays the same when another layer is hovered.

    Attributes:
        slot: The network.
        frame: Where its layers are.
        records: (K,) `PANEL` with all their light, in the order of `frame.node_ids`.
        arrays: (K,) int: number of the array on the GPU that holds each one's maps; -1 for panels
            that show a layer picture.
        stores: (K,) int: number of the store of that array.
        light: (K,) float32: how bright each is while nothing is hovered.
        pictures: The layer pictures that panels show, by node id.
        quads: `QUAD`s in the order in which they are drawn.
        edges: The edges.
        predictions: The input's image and small the predictions; None as long as there are none.
        answer: The board with the answer; None as long as there is none.
        thread: (N,) `STROKE` from the input to that board.
        brackets: What folds modules when it is clicked.
    """

    slot: int
    frame: PlacementFrame
    records: np.ndarray
    arrays: np.ndarray
    stores: np.ndarray
    light: np.ndarray
    pictures: Mapping[int, UploadedPicture]
    quads: list[np.ndarray]
    edges: EdgeStrokes
    predictions: Visual | None
    answer: Visual | None
    thread: np.ndarray
    brackets: ModuleBrackets

    def panels(
        self, highlight: Highlight, tiles: Mapping[tuple[int, int], FeatureTiles],
        wave: float | None = None,
    ) -> dict[tuple[int, int], np.ndarray]:  # fmt: skip
        """Return the panels as they are while a layer is hovered.

        Args:
            highlight: The layer that is hovered.
            tiles: Feature visualizations by slot and node.
            wave: Progress 0…1 of the wave that runs through the network; None for none.

        Returns:
            (N,) `PANEL` by store and array, see `DrawList.panels`.
        """
        frame = self.frame
        highlighted, light = panel_light(frame, self.slot, highlight)
        records = self.records.copy()
        light = light * self.light
        if wave is not None:
            light = light + PANEL_LIGHT * wave_light(layer_order(frame), wave)
        records["light"] = light
        records["border"][highlighted] = -HIGHLIGHT_PIXELS
        images: dict[tuple[int, int], np.ndarray] = {}
        for node, layer in self._visible_tiles(tiles):
            row = frame.index[node]
            panel = records[row : row + 1]
            by_array = feature_panels(layer, panel, frame.map_placements(node))
            images.update({(layer.store, array): found for array, found in by_array.items()})
            dim_panel(panel)
        separate = np.array([n in frame.separate_maps for n in frame.node_ids], bool)
        panels = {}
        places = np.stack([self.stores, self.arrays], 1)
        for place in np.unique(places[self.arrays >= 0], axis=0):
            is_there = (places == place).all(1)
            parts = [records[is_there & ~separate]]
            parts += [
                separate_map_records(records[i : i + 1], frame.separate_maps[frame.node_ids[i]])
                for i in np.flatnonzero(separate & is_there)
            ]
            store, array = place.tolist()
            panels[store, array] = np.concatenate(parts)
        for node, picture in self.pictures.items():
            row = frame.index[node]
            panels[picture.store, 0] = records[row : row + 1]
        return panels | images

    def edge_strokes(self, highlight: Highlight, wave: float | None = None) -> np.ndarray:
        """Return the edges as they are while a layer is hovered, (N,) `STROKE`. See `panels`."""
        edges = self.frame.placement.network.edges
        emphasis = edge_emphasis(edges, self.slot, highlight)
        if wave is None or not edges:
            return self.edges.colored(emphasis)
        order, index = layer_order(self.frame), self.frame.index
        ends = np.array([(order[index[e.source]], order[index[e.target]]) for e in edges])
        return self.edges.colored(emphasis, ends, wave)

    def _visible_tiles(
        self, tiles: Mapping[tuple[int, int], FeatureTiles]
    ) -> Iterator[tuple[int, FeatureTiles]]:
        """Layers of this network whose feature visualizations take the place of their maps."""
        for (slot, node), layer in tiles.items():
            shape = self.frame.placement.panel_shapes.get(node)
            if slot != self.slot or node not in self.frame.index:
                continue
            if shape is not None and not shape.shows_one_map:
                yield node, layer


def network_visual(
    slot: int,
    network_object: NetworkObject,
    frame: PlacementFrame,
    state: State,
    uploaded_pictures: Mapping[tuple[int, int], UploadedPicture],
    distant_pictures: Mapping[int, DistantPicture],
    true_label: str,
    opacity: float,
    relevance: NetworkRelevance | None = None,
    similarity: NetworkSimilarity | None = None,
    importance: NetworkImportance | None = None,
) -> NetworkVisual:
    """Return what is drawn of a network.

    Args:
        slot: The network.
        network_object: The same network.
        frame: Where its layers are.
        state: The state of the world.
        uploaded_pictures: Layer pictures by slot and node.
        distant_pictures: What its layers show from afar, by node id.
        true_label: Name of the true class of the input, '' when it is not known.
        opacity: Of steps and brackets, 0…1, see `WorldPlacement.reveal`.
        relevance: What is shown in place of its maps or over them, and along its edges.
        similarity: What is shown in place of its maps.
        importance: By what its maps and edges fade.
    """
    records, arrays = _panel_records(network_object, frame, state)
    placement = frame.placement
    visible = network_object.visible_nodes(frame)
    away = overview_distance(frame.panel_rects)
    nodes = [visible[n] for n in frame.node_ids]
    show_distant_pictures(records, nodes, distant_pictures, away)
    pictures = _shown_pictures(slot, frame, uploaded_pictures)
    for node, picture in pictures.items():
        row = frame.index[node]
        layer = placement.network.by_id[node]
        show_picture(records[row : row + 1], picture, layer, state.color_mapping)
        arrays[row] = -1
    stores = np.full(len(records), slot)
    light = np.ones(len(records), np.float32)
    panels = OverlaidPanels(records, arrays, stores, light)
    _show_overlays(panels, network_object, frame, state, relevance, similarity, importance)
    return NetworkVisual(
        slot, frame, records, arrays, stores, light, pictures,
        _floor_and_marks(slot, network_object, frame, state, opacity, importance),
        _edges(frame, state, relevance, importance),
        _predictions(slot, network_object, frame, state, true_label, relevance),
        *_answer(slot, network_object, frame, state, true_label),
        module_brackets(frame, network_object.modules, slot, opacity),
    )  # fmt: skip


def _shown_pictures(
    slot: int, frame: PlacementFrame,
    uploaded_pictures: Mapping[tuple[int, int], UploadedPicture],
) -> dict[int, UploadedPicture]:  # fmt: skip
    """The pictures of this network that layers show in place of their maps, by node."""
    return {
        node: picture
        for (s, node), picture in uploaded_pictures.items()
        if s == slot and _shows_picture(frame, node, picture.kind)
    }


def _floor_and_marks(
    slot: int, network_object: NetworkObject, frame: PlacementFrame, state: State, opacity: float,
    importance: NetworkImportance | None,
) -> list[np.ndarray]:  # fmt: skip
    """What lies under and at the panels: steps, shadows, feet, and marks of what was changed."""
    placement, visible = frame.placement, network_object.visible_nodes(frame)
    ablations = _marked_ablations(state, slot, network_object, importance)
    quads = [
        terrace_floor_quads(placement.layout.rows, frame.offset, opacity, placement.layout.turn),
        panel_shadows(frame.panel_rects, opacity),
        kind_feet(frame.panel_rects, [visible[n] for n in frame.node_ids]),
        folded_module_quads(frame),
        ablation_marks(ablations, slot, network_object, frame),
        edit_marks(state.edits.get(slot, ()), network_object, frame),
    ]
    if importance is not None:
        quads.append(importance_quads(placement.network, importance, state.importance, frame))
    return quads


def _show_overlays(
    panels: OverlaidPanels, network_object: NetworkObject, frame: PlacementFrame, state: State,
    relevance: NetworkRelevance | None, similarity: NetworkSimilarity | None,
    importance: NetworkImportance | None,
) -> None:  # fmt: skip
    """Let panels show what was found, in place of their maps or over them."""
    are_pictures = panels.arrays < 0  # these stay what they are
    if relevance is not None:
        show_relevance(panels, relevance, frame, network_object, state.relevance)
    if similarity is not None:
        show_similarity(panels, similarity, frame)
    panels.arrays[are_pictures] = -1
    if importance is not None:
        show_importance_maps(panels, importance, frame.placement.network, frame)


def _edges(
    frame: PlacementFrame, state: State, relevance: NetworkRelevance | None,
    importance: NetworkImportance | None,
) -> EdgeStrokes:  # fmt: skip
    """The edges, colored by what was found."""
    placement = frame.placement
    network = placement.network
    are_skips = [(e.source, e.target) in placement.skip_edges for e in network.edges]
    edges = edge_strokes(frame.routes, np.array(are_skips, bool).reshape(-1))
    shares = None if relevance is None else shares_in(placement, relevance)
    if relevance is not None and shares is not None:
        edges = relevance_strokes(edges, shares, state.relevance.min_share, relevance.light)
    if importance is not None:
        edges = importance_strokes(edges, network, importance, state.importance)
    return edges


def _marked_ablations(
    state: State, slot: int, network_object: NetworkObject, importance: NetworkImportance | None
) -> tuple[AblationState, ...]:
    """What was ablated by hand: what is pruned goes dark, hundreds of marks would hide it."""
    curve = None if importance is None else importance.first.curve
    if curve is None or not state.importance.pruned:
        return state.ablations
    pruned = pruned_ablations(network_object.network, slot, curve, state.importance.pruned)
    return without(state.ablations, pruned)


def _shows_picture(frame: PlacementFrame, node: int, kind: str) -> bool:
    shape = frame.placement.panel_shapes.get(node)
    return node in frame.index and shape is not None and shape.picture == kind


def _panel_records(
    network_object: NetworkObject, frame: PlacementFrame, state: State
) -> tuple[np.ndarray, np.ndarray]:
    """(K,) `PANEL`s, and (K,) the number of the array that holds each one's maps."""
    visible = network_object.visible_nodes(frame)
    nodes = [visible[n] for n in frame.node_ids]
    shapes = frame.placement.panel_shapes
    grids = [
        shapes[n].grid if n in shapes else network_object.default_grid(n) for n in frame.node_ids
    ]
    lookups = [network_object.node_lookup(node) for node in nodes]
    records = panel_records(frame.panel_rects, grids, nodes, lookups)
    maps = network_object.all_maps
    records["range"], records["clip"] = color_ranges(maps, nodes, state.color_mapping)
    arrays = np.zeros(len(nodes), int)
    for i, node in enumerate(nodes):
        arrays[i], first = network_object.addresses.get(node.id, (0, -1))
        if node.id in maps:
            records["base"][i] = first
            records["style"][i] |= network_object.left_out.get(node.id, 0) << STYLE_BITS
            if node.id in shapes and shapes[node.id].shows_one_map:
                arrays[i] = _show_one_map(
                    records[i : i + 1], network_object, node.id, int(arrays[i]), state.fold_display
                )
    return records, arrays


def _show_one_map(
    record: np.ndarray, network_object: NetworkObject, node: int, array: int, fold_display: str
) -> int:
    """Let a panel show one map for all channels; return the number of the array that holds it."""
    channels = int(record["grid"][0, 2])
    record["grid"][0] = (1, 1, 1)
    maps = network_object.all_maps[node]
    if fold_display == "strongest":
        record["grid"][0, 2] = channels
        record["first"] = int(np.argmax(np.maximum(-maps.channel_stats[0], maps.channel_stats[1])))
        return array
    folded_array, first = network_object.addresses.get(folded_map_id(node), (array, -1))
    record["base"], record["style"] = first, record["style"] & STYLE_MASK
    record["range"] = 0.0
    return folded_array


def _predictions(
    slot: int, network_object: NetworkObject, frame: PlacementFrame, state: State, true_label: str,
    relevance: NetworkRelevance | None,
) -> Visual | None:  # fmt: skip
    margin, result = network_object.input_margin, network_object.result
    if result is None or margin.node not in frame.index:
        return None
    x, y, z, width, _ = frame.panel_rect(margin.node).tolist()
    scale = frame.panel_scale(margin.node)
    corner = (x - width / 2 - (margin.gap + margin.width) * scale, y, z)
    class_names = network_object.info.class_names
    outputs = shown_outputs(result, state, slot)
    if relevance is not None:
        image = relevance.over(result.image, state.relevance)
        result = replace(result, image=image)
    visual = prediction_visual(margin, result, outputs, class_names, corner, slot, true_label)
    return scale_visual(visual, scale, corner)


def _answer(
    slot: int, network_object: NetworkObject, frame: PlacementFrame, state: State, true_label: str
) -> tuple[Visual | None, np.ndarray]:
    """The board with the answer, and the thread from the input to it."""
    room, margin, result = (
        frame.placement.answer,
        network_object.input_margin,
        network_object.result,
    )
    if result is None or room.node not in frame.index or margin.node not in frame.index:
        return None, np.zeros(0, STROKE)
    corner, size = answer_place(frame)
    names = network_object.info.class_names
    outputs = shown_outputs(result, state, slot)
    if not outputs:
        return None, np.zeros(0, STROKE)  # as of a feature cube, which answers nothing
    label = None if network_object.info.random_weights else true_label
    board = answer_board(outputs, result.image, names, label, corner, size, slot)
    end = corner[0] + size[0] / 2, corner[2]
    return board, answer_thread(thread_corners(frame, margin, end))


def answer_place(frame: PlacementFrame) -> tuple[Point, tuple[float, float]]:
    """The room for the board with the answer: its lower left corner, its width and height, meters.

    Args:
        frame: Where the network's layers are; the one that the board stands beside is among them.
    """
    room = frame.placement.answer
    x, y, z, width, _ = frame.panel_rect(room.node).tolist()
    scale = frame.panel_scale(room.node)
    return (x + width / 2 + GAP * scale, y, z), (room.width * scale, room.height * scale)
