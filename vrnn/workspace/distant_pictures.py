"""Layer pictures that are seen from afar, on their way to the GPU."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from math import ceil, sqrt

import numpy as np
from PIL import Image

from vrnn.compute.passes.native_picture import load_native_picture
from vrnn.errors import VrnnError
from vrnn.network.feature_maps import CoarseMaps, FeatureMaps
from vrnn.network.graph import Network
from vrnn.network.layer_maps import LayerMaps
from vrnn.network.layer_pictures import LayerPicture, find_layer_picture, layer_picture_names
from vrnn.network.node_layout import NodeLayout
from vrnn.render.picture_store import PICTURE_SIDE
from vrnn.render.renderer import Renderer
from vrnn.render.uniforms import RenderColors
from vrnn.scene.visuals.distant_pictures import DistantPicture
from vrnn.scene.world import World
from vrnn.style.colormap import apply, lookup_table, symmetric_range

BETWEEN_NODES = (12, 14, 18)
"""sRGB between the nodes of a graph."""

Source = LayerMaps | LayerPicture


@dataclass(frozen=True)
class _Made:
    """What a picture was made of.

    Attributes:
        kind: Its kind.
        source: Of maps their statistics: these are the same however many levels are there, and
            keep no maps in memory.
        portrait: Of maps their portrait, which may come later.
        symmetric: Whether zero is in the middle.
    """

    kind: str
    source: object
    portrait: object
    symmetric: bool

    @classmethod
    def of(cls, kind: str, source: Source, symmetric: bool) -> _Made:
        """Return what a picture of a kind would be made of."""
        if isinstance(source, LayerMaps):
            return cls(kind, source.channel_stats, source.portrait, symmetric)
        return cls(kind, source, None, symmetric)

    def is_of(self, kind: str, source: Source, symmetric: bool) -> bool:
        """Whether a picture of a kind would be the same; asked for all layers in each frame."""
        if kind != self.kind or symmetric is not self.symmetric:
            return False
        if isinstance(source, LayerMaps):
            return self.source is source.channel_stats and self.portrait is source.portrait
        return self.source is source


@dataclass
class _NetworkPictures:
    """The pictures of one network.

    Attributes:
        numbers: Number of each layer's picture in the store, by node id.
        made: What each picture was made of, by node id.
        shown: The pictures on the GPU.
        looked_at: Kind and colors when all layers were last looked at; since then only the maps of
            layers that the network tells of have changed.
    """

    numbers: dict[int, int]
    made: dict[int, _Made] = field(default_factory=dict)
    shown: dict[int, DistantPicture] = field(default_factory=dict)
    looked_at: tuple[str, bool] | None = None


class DistantPictureUploader:
    """Makes and uploads the pictures that layers show from afar, a bounded time each frame.

    Attributes:
        complete: Whether all pictures are on the GPU.
    """

    def __init__(self, world: World, renderer: Renderer, notes: list[str]) -> None:
        """Begin without pictures.

        Args:
            world: Whose state says which kind of picture is shown.
            renderer: Takes them.
            notes: Takes sentences for the user.
        """
        self._world, self._renderer, self._notes = world, renderer, notes
        self._networks: dict[int, _NetworkPictures] = {}
        self._errors: set[str] = set()
        self.complete = True

    def open(self, slot: int, network: Network) -> None:
        """Allocate room for a network, in the place of the one in its slot."""
        room = self._renderer.pictures.allocate(slot, len(network.nodes))
        numbers = {node.id: number for number, node in enumerate(network.nodes[:room])}
        self._networks[slot] = _NetworkPictures(numbers)

    def close(self, slot: int) -> None:
        """Release what a network that is gone had."""
        self._networks.pop(slot, None)
        self._renderer.pictures.free(slot)

    def update(self, max_seconds: float = float("inf")) -> bool:
        """Make and upload what has changed since.

        Args:
            max_seconds: About how long.

        Returns:
            Whether all pictures are on the GPU.
        """
        until = time.perf_counter() + max_seconds
        self.complete = True
        for slot, pictures in self._networks.items():
            self.complete &= self._update_network(slot, pictures, until)
            if pictures.shown != self._world.distant_pictures.get(slot, {}):
                self._world.set_distant_pictures(slot, pictures.shown)
        return self.complete

    def _update_network(self, slot: int, pictures: _NetworkPictures, until: float) -> bool:
        symmetric = self._world.state.color_mapping.symmetric
        network = self._world.networks[slot]
        usual, given = self._world.state.distant_picture, self._world.layer_pictures
        made_of_maps = {name for name in layer_picture_names() if find_layer_picture(name).make}
        if given or pictures.looked_at != (usual, symmetric):
            network.renewed |= dict.fromkeys(pictures.numbers)
            pictures.looked_at = None if given else (usual, symmetric)
        for node in list(network.renewed):
            number = pictures.numbers.get(node)
            if number is None:
                del network.renewed[node]
                continue
            kind = self._world.distant_kind(slot, node) if given else usual
            made = pictures.made.get(node)
            source: Source | None = None
            if kind:
                source = given.get((slot, node, kind)) if given else None
                if source is None and kind in made_of_maps:
                    source = network.layer_maps(node)
            if source is None:
                if made is not None:
                    del pictures.made[node]
                    pictures.shown.pop(node, None)
                del network.renewed[node]
                continue
            if made is not None and made.is_of(kind, source, symmetric):
                del network.renewed[node]
                continue
            if time.perf_counter() > until:
                return False
            del network.renewed[node]
            pictures.made[node] = _Made.of(kind, source, symmetric)
            picture = self._make(kind, source)
            if picture is None:
                pictures.shown.pop(node, None)
                continue
            layout = self._layout(slot, node)
            texels, has_values = picture_texels(picture, symmetric, layout)
            self._renderer.pictures.upload(slot, number, texels)
            pictures.shown[node] = DistantPicture(kind, number, has_values)
        return True

    def _layout(self, slot: int, node: int) -> NodeLayout | None:
        network = self._world.networks[slot].network
        return network.layout_of(network.by_id[node])

    def _make(self, kind: str, source: Source) -> LayerPicture | None:
        """The picture; None where there is none, or it could not be made."""
        if isinstance(source, LayerPicture):
            return source
        make = find_layer_picture(kind).make
        maps = source.as_maps if isinstance(source, CoarseMaps) else source
        assert make is not None
        assert isinstance(maps, FeatureMaps)
        try:
            return make(maps)
        except VrnnError as error:
            if str(error) not in self._errors:  # it may come again with each forward pass
                self._errors.add(str(error))
                self._notes.append(str(error))
            return None


def picture_texels(
    picture: LayerPicture, symmetric: bool, layout: NodeLayout | None = None
) -> tuple[np.ndarray, bool]:
    """Return a picture as `PictureStores.upload` takes it.

    Args:
        picture: The picture.
        symmetric: Whether zero is in the middle of the colors of values.
        layout: Where the nodes of a graph are, if a column of the picture is one.

    Returns:
        (PICTURE_SIDE, PICTURE_SIDE, 4) uint8, and whether these are values and no colors.
    """
    picture = colored(picture)
    if picture.is_rgb:
        pixels = _on_graph(picture.values, layout, BETWEEN_NODES)
        native = load_native_picture()
        is_small = min(pixels.shape[:2]) > 1 and max(pixels.shape[:2]) <= PICTURE_SIDE
        if native is not None and is_small and pixels.dtype == np.uint8:
            return native.texels(pixels), False
        smooth = Image.Resampling.BICUBIC
        return np.dstack(
            [_resized(pixels, smooth), np.full((PICTURE_SIDE,) * 2, 255, np.uint8)]
        ), False
    values = _montage(picture.values)[..., None]
    is_finite = np.isfinite(values)
    finite = np.where(is_finite, values, 0.0)
    low, high = float(finite.min()), float(finite.max())
    if symmetric:
        low, high = symmetric_range(low, high)
    part = (finite - low) / (high - low) if high > low else np.full_like(finite, 0.5)
    zero = min(1.0, max(0.0, -low / (high - low))) if high > low else 0.5
    code = np.rint(np.concatenate([part, is_finite], 2) * 255).astype(np.uint8)
    code = _on_graph(code, layout, (round(zero * 255), 255))
    # Between two values is none that neither has.
    both = [_resized(code[..., i], Image.Resampling.BILINEAR) for i in (0, 1)]
    return np.dstack([both[0], both[0], both[0], both[1]]), True


def colored(picture: LayerPicture) -> LayerPicture:
    """Return a picture of values that has colors of its own as an image; any other as it is."""
    mapping = picture.color_mapping
    if mapping is None or picture.is_rgb:
        return picture
    colors = RenderColors()
    values = _montage(picture.values)
    finite = values[np.isfinite(values)]
    low, high = float(finite.min(initial=0.0)), float(finite.max(initial=0.0))
    if not mapping.symmetric and finite.size:
        low, high = float(finite.min()), float(finite.max())
    if mapping.symmetric:
        low, high = symmetric_range(low, high)
    table = lookup_table(mapping, colors.negative, colors.positive)
    pixels = apply(values, low, high, table, colors.not_finite)
    return replace(picture, values=pixels, color_mapping=None)


def _montage(maps: np.ndarray) -> np.ndarray:
    """(H, W) of a single map (K, H, W); several side by side and below each other."""
    count, height, width = maps.shape
    if count == 1:
        return maps[0]
    columns = ceil(sqrt(count))
    rows = ceil(count / columns)
    cells = np.zeros((rows * columns, height, width), maps.dtype)
    cells[:count] = maps
    grid = cells.reshape(rows, columns, height, width).transpose(0, 2, 1, 3)
    return grid.reshape(rows * height, columns * width)


def _on_graph(line: np.ndarray, layout: NodeLayout | None, between: tuple[int, ...]) -> np.ndarray:
    """(1, N, K) values of nodes, each where its node is drawn; anything else as it is."""
    if layout is None or line.shape[:2] != (1, len(layout.positions)):
        return line
    raster = layout.node_raster
    return np.where(raster[..., None] >= 0, line[0, raster], np.array(between, np.uint8))


def _resized(pixels: np.ndarray, smooth: Image.Resampling) -> np.ndarray:
    """(PICTURE_SIDE, PICTURE_SIDE[, 3]) uint8 from (H, W[, 3]); a line stays one of flat parts."""
    height, width = pixels.shape[:2]
    if height == width == PICTURE_SIDE:
        return pixels
    is_line = min(height, width) == 1
    how = Image.Resampling.NEAREST if is_line else smooth
    return np.asarray(Image.fromarray(pixels).resize((PICTURE_SIDE, PICTURE_SIDE), how))
