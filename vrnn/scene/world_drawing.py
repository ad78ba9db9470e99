"""What is drawn of the world: a part is drawn anew only when something in it has changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from vrnn.network.choices import with_selection
from vrnn.network.graph import Node
from vrnn.scene.layout.types import name_scale
from vrnn.scene.picking import PickRegions
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.primitives import QUAD, STROKE, DrawList, TextLabel, Visual
from vrnn.scene.visuals.channel_trees import channel_trees
from vrnn.scene.visuals.connections import ConnectionVisual, connection_visual
from vrnn.scene.visuals.distant_pictures import DistantPicture
from vrnn.scene.visuals.edit_marks import EDITED
from vrnn.scene.visuals.labels import TILTED, network_labels
from vrnn.scene.visuals.layer_handles import layer_handles
from vrnn.scene.visuals.network_visual import NetworkVisual, network_visual
from vrnn.scene.visuals.path_lights import path_lights
from vrnn.scene.visuals.pinned_layers import PinnedLayer, pinned_layer_panel
from vrnn.scene.world_contents import WorldContents
from vrnn.style import font

FEATURES_LABEL = "feature visualization: what each channel responds to"
"""In place of the operation of a layer that shows its feature visualization."""
MIN_FRAMED_TEXT = 0.18
"""Meters: text with capitals of at most this height may lie outside a view of everything."""
MAX_CONNECTED_MAPS = 256
"""Maps of a layer with connections that are seen from afar too; more are too small for that."""
EMPTY_WORLD = ((-2.0, 0.0, 0.0), (2.0, 2.0, 0.0))
"""Meters: corners of a world without anything in it."""


class WorldDrawing:
    """Draws the world, and keeps what it drew until it is told what has changed."""

    def __init__(self, contents: WorldContents) -> None:
        """Begin with nothing drawn.

        Args:
            contents: What is in the world.
        """
        self._contents = contents
        self._draw_list: DrawList | None = None
        self._networks: dict[int, NetworkVisual] = {}
        self._labels: tuple[TextLabel, ...] | None = None
        self._pick_regions: PickRegions | None = None
        self._corners: tuple[np.ndarray, np.ndarray] | None = None
        self._framed_quads = 0
        self._connections: tuple[tuple[object, ...], ConnectionVisual] | None = None

    def invalidate(self, labels: bool = False, corners: bool = True) -> None:
        """Draw the world anew when it is asked for.

        Args:
            labels: Whether text, what can be clicked or the size of the world may have changed too.
            corners: Whether the last of these may have.
        """
        self._draw_list = None
        self._networks.clear()
        if labels:
            self._labels = self._pick_regions = None
            if corners:
                self._corners = None

    def invalidate_highlight(self) -> None:
        """Draw the world in another light, as another layer is hovered, but nothing else anew."""
        self._draw_list = None

    def invalidate_connections(self) -> None:
        """Draw connections and all text anew, but nothing else."""
        self._draw_list = self._labels = None

    def draw_list(self) -> DrawList:
        """Return everything as it is at this moment; the same object until something changes."""
        if self._draw_list is None:
            self._draw_list = self._draw()
        return self._draw_list

    def pick_regions(self) -> PickRegions:
        """Return what can be clicked apart from the layers."""
        if self._pick_regions is None:
            self.draw_list()
        assert self._pick_regions is not None
        return self._pick_regions

    def corners(self) -> np.ndarray:
        """Return (N, 3) points, in meters, that a view of everything has to show."""
        return np.concatenate(self.corners_and_titles())

    def corners_and_titles(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the same apart: what must not be covered, (N, 3); floors and titles, (M, 3)."""
        if self._corners is None:
            frames = [self._contents.placement_frame(slot) for slot in self._contents.slots]
            has_bends = any(frame.placement.layout.turn for frame in frames)
            self._corners = _corners(self.draw_list(), self._framed_quads, has_bends)
        return self._corners

    def _draw(self) -> DrawList:
        contents, highlight = self._contents, self._contents.highlight
        networks = [self._network(slot) for slot in contents.slots]
        panels: dict[tuple[int, int], np.ndarray] = {}
        quads, strokes = [np.zeros(0, QUAD)], [np.zeros(0, STROKE)]
        nearby = contents.nearby_visual
        visuals = [*contents.visuals.values(), *([] if nearby is None else [nearby])]
        for network in networks:
            panels |= network.panels(highlight, contents.feature_tiles, contents.wave)
            quads += network.quads
            if contents.channel_paths is not None and contents.channel_paths[0] == network.slot:
                quads.append(path_lights(contents.channel_paths[1], network.frame))
            strokes += [network.edge_strokes(highlight, contents.wave), network.brackets.strokes]
            strokes.append(network.thread)
            seen = with_overlay(network.predictions, contents.input_overlays.get(network.slot))
            visuals += [v for v in (seen, network.answer) if v is not None]
            visuals.append(channel_trees(network.frame))
            visuals.append(layer_handles(network.frame, network.slot, highlight))
        for pin, frame, node in self._pinned_layers():
            records, visual = pinned_layer_panel(pin, frame, node, contents.state.color_mapping)
            panels[pin.store, 0] = records
            visuals.append(visual)
        quads += [visual.quads for visual in visuals if visual is not nearby]
        self._framed_quads = sum(len(q) for q in quads)
        connections = self._connection_visual()
        if connections is not None:
            strokes.append(connections.strokes)
            quads.append(connections.visual.quads)
            visuals.append(connections.visual)
        if nearby is not None:
            quads.append(nearby.quads)
        if self._labels is None:  # laying letters out takes long: the same tuple is kept
            self._labels = tuple(self._all_labels(networks, visuals))
        if self._pick_regions is None:
            regions = [r for network in networks for r in network.brackets.pick_regions]
            regions += [r for visual in visuals for r in visual.pick_regions]
            self._pick_regions = PickRegions(regions)
        images = tuple(image for visual in visuals for image in visual.image_quads)
        cloud = contents.image_cloud
        if cloud is not None:
            strokes.append(cloud.strokes)
        draw_list = DrawList(
            panels, np.concatenate(quads), np.concatenate(strokes), self._labels, images,
            contents.state.color_mapping, contents.state.theme,
        )  # fmt: skip
        if cloud is None:
            return draw_list
        return replace(draw_list, dots=cloud.dots, thumbnails=cloud.thumbnails)

    def _connection_visual(self) -> ConnectionVisual | None:
        """What is drawn of connections, the same object until something in it changes."""
        contents = self._contents
        shown, state = contents.connections, contents.state.connections
        if shown is None or not state.shown:
            return None
        is_still = contents.placement.seconds <= 0
        opening = state.opening if is_still else contents.connection_opening
        key = (shown, state, opening, contents.connection_steps)
        if self._connections is None or self._connections[0] != key:
            visual = connection_visual(shown, state, opening, contents.connection_steps)
            self._connections = (key, visual)
        return self._connections[1]

    def _network(self, slot: int) -> NetworkVisual:
        if slot not in self._networks:
            contents = self._contents
            self._networks[slot] = network_visual(
                slot, contents.networks[slot], contents.placement_frame(slot), contents.state,
                contents.uploaded_pictures, self._distant_pictures(slot),
                contents.true_label, contents.placement.reveal, contents.relevance.get(slot),
                contents.similarity.get(slot), contents.importance.get(slot),
            )  # fmt: skip
        return self._networks[slot]

    def _distant_pictures(self, slot: int) -> Mapping[int, DistantPicture]:
        """What layers show from afar; those whose maps are connected or light up show these."""
        if self._contents.state.paths.shown:
            return {}
        pictures, shown = self._contents.distant_pictures.get(slot, {}), self._contents.connections
        if shown is None or shown.slot != slot:
            return pictures
        layers = [(shown.layer.node, shown.layer.outputs)]
        layers += [(part.source, len(part.maps)) for part in shown.layer.parts]
        maps = {node for node, count in layers if count <= MAX_CONNECTED_MAPS}
        return {node: picture for node, picture in pictures.items() if node not in maps}

    def _pinned_layers(self) -> Iterator[tuple[PinnedLayer, PlacementFrame, int]]:
        """The pinned copies whose layers are visible, each with its layer and where that is."""
        for pin in self._contents.pinned_layers.values():
            node = self._contents.node_id(pin.network, pin.beside)
            if node is not None:
                frame = self._contents.placement_frame(pin.network)
                if node in frame.index:
                    yield pin, frame, node

    def _all_labels(
        self, networks: list[NetworkVisual], visuals: list[Visual]
    ) -> Iterator[TextLabel]:
        for network in networks:
            yield from network.brackets.labels
            layout = network.frame.placement.layout
            width = layout.high[0] - layout.low[0]
            yield from network.edges.band_labels(name_scale(width, layout.aspect))
        world_width = _width(networks)
        for network in networks:
            network_object = self._contents.networks[network.slot]
            visible = network_object.visible_nodes(network.frame)
            nodes = [self._labeled(network, visible[n]) for n in network.frame.node_ids]
            yield from network_labels(
                network_object, network.frame, nodes, self._contents.placement.reveal,
                world_width,
            )  # fmt: skip
        for visual in visuals:
            yield from visual.labels

    def _labeled(self, network: NetworkVisual, node: Node) -> Node:
        """The layer with the text that is drawn under its name as `label`."""
        shown = self._pictured(network, node)
        if node.name in self._contents.state.edited_layers(network.slot):
            return replace(shown, label=f"{EDITED} · {shown.label}")
        return shown

    def _pictured(self, network: NetworkVisual, node: Node) -> Node:
        """The layer with what it shows as `label`."""
        uploaded = network.pictures.get(node.id)
        if uploaded is not None:
            return replace(node, label=uploaded.title)
        layer = self._contents.state.layers.get((network.slot, node.name))
        if layer is not None and layer.features is not None:
            return replace(node, label=FEATURES_LABEL)
        choices = self._contents.state.choices.get(network.slot, ())
        if not choices:
            return node
        whole = self._contents.networks[network.slot].network
        return with_selection(whole, (node,), choices, only_chosen=True)[0]


def with_overlay(predictions: Visual | None, overlay: np.ndarray | None) -> Visual | None:
    """Return what is beside an input, with other pixels in place of its image, the first there."""
    if predictions is None or overlay is None:
        return predictions
    image, *others = predictions.image_quads
    return replace(predictions, image_quads=(replace(image, pixels=overlay), *others))


def _width(networks: Sequence[NetworkVisual]) -> float:
    """From the left end of the layers of all networks to the right, in meters."""
    if not networks:
        return 0.0
    rects = [network.frame.panel_rects for network in networks]
    ends = np.concatenate([(r[:, 0] - r[:, 3] / 2, r[:, 0] + r[:, 3] / 2) for r in rects], 1)
    return float(ends[1].max() - ends[0].min())


def _ends(records: np.ndarray) -> np.ndarray:
    """(3 N, 3) three corners of each rectangle."""
    origin = records["origin"]
    return np.concatenate([origin, origin + records["right"], origin + records["down"]])


def _corners(
    draw_list: DrawList, framed_quads: int, has_bends: bool
) -> tuple[np.ndarray, np.ndarray]:
    """(N, 3) corners of all panels, of the first quads, and of large text; (M, 3) of what a legend
    may cover: floors, titles, and edges where these go round bends beside the network."""
    quads = draw_list.quads[:framed_quads]
    lies = quads["down"][:, 1] == 0
    corners = [_ends(records) for records in (*draw_list.panels.values(), quads[~lies])]
    titles = [_ends(quads[lies])]
    if has_bends:
        titles.append(draw_list.strokes["start"].astype(float))
    for label in draw_list.labels:
        if label.height > MIN_FRAMED_TEXT:
            width = font.text_width(label.text) * label.height
            start = np.array(label.origin)
            ends = np.array([start, start + np.array(label.right) * width])
            (titles if label.up[1] == TILTED[1] else corners).append(ends)
    corners = [points for points in corners if len(points)]
    everything = np.concatenate(corners) if corners else np.array(EMPTY_WORLD)
    return everything, np.concatenate(titles)
