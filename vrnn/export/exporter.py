"""Writes what is seen to files: pictures of any kind, films, layers. For the window and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PIL import Image

from vrnn.errors import VrnnError
from vrnn.export.layers import export_all, export_features, matching
from vrnn.export.png import write_png
from vrnn.export.video import VideoWriter, check_video, interpolate_cameras
from vrnn.network.graph import Node
from vrnn.render.panorama import panorama, stereo_pair
from vrnn.render.renderer import Renderer
from vrnn.render.screenshot import render_tiled
from vrnn.render.uniforms import RenderColors, View
from vrnn.scene.camera import Camera
from vrnn.scene.viewpoints import near_and_fog
from vrnn.storage.atomic import check_writable
from vrnn.workspace.workspace import Workspace


class Exporter:
    """Draws a place with its renderer, and writes."""

    def __init__(
        self,
        place: Workspace,
        renderer: Renderer,
        look: RenderColors,
        ready: Callable[[Camera], None],
    ) -> None:
        """ready: waits until all that is seen from a camera is there."""
        self._place, self._renderer, self._look, self._ready = place, renderer, look, ready

    def view(self, camera: Camera, size: tuple[int, int], transparent: bool = False) -> View:
        """From a camera, in the colors of the place. size: (width, height) pixels."""
        self._ready(camera)
        near, fog = near_and_fog(self._place.world, camera)
        return View(camera, size, fog, near, transparent=transparent, look=self._look)

    def picture(
        self, camera: Camera, size: tuple[int, int], transparent: bool, kind: str
    ) -> Image.Image:
        """Draw what is seen, without what lies over it. See `SaveImage` for the arguments.

        Raises:
            VrnnError: When there is no such kind.
        """
        view = self.view(camera, size, transparent)
        drawing = self._place.world.draw_list()
        if kind == "flat":
            return Image.fromarray(render_tiled(self._renderer, view, drawing))
        if kind == "stereo":
            return Image.fromarray(stereo_pair(self._renderer, view, drawing))
        if kind == "panorama":
            width = max(64, size[0] // 2 * 2)
            return Image.fromarray(panorama(self._renderer, view, drawing, width))
        raise VrnnError(f"no picture '{kind}': choose flat, panorama or stereo")

    def save_image(
        self, file: Path, camera: Camera, size: tuple[int, int], transparent: bool, kind: str
    ) -> None:
        """Write a PNG. See `SaveImage` for the arguments. Raises VrnnError."""
        check_writable(file)
        write_png(file, self.picture(camera, size, transparent, kind))

    def record_video(
        self, file: Path, cameras: Sequence[Camera], seconds: float, rate: float,
        size: tuple[int, int],
    ) -> Iterator[float]:  # fmt: skip
        """Write a video frame by frame. See `RecordVideo` for the arguments.

        Yields:
            The part that is done, 0…1.

        Raises:
            VrnnError: When it cannot be written.
        """
        check_video(file)
        way = list(interpolate_cameras(cameras, seconds, rate))
        with VideoWriter(file, rate) as film:
            for number, camera in enumerate(way, 1):
                view = self.view(camera, size)
                film.add(render_tiled(self._renderer, view, self._place.world.draw_list()))
                yield number / len(way)

    def export(self, folder: Path, layers: str, network: int, formats: tuple[str, ...]) -> int:
        """Write layers; returns the number of files. See `ExportLayers` for the arguments.

        Raises:
            VrnnError: When there is no such layer, or nothing of it to write.
        """
        world = self._place.world
        if network not in world.networks:
            raise VrnnError(f"there is no network {network}; they are numbered from 0")
        stand = world.networks[network]
        nodes = matching(stand.network.nodes, layers)
        missing = [node.name for node in nodes if node.id not in stand.maps]
        if missing:
            raise VrnnError(f"the maps of '{missing[0]}' are not there yet")
        if "features" in formats:
            return self._export_features(folder, network, nodes)
        scale = "map" if world.state.color_mapping.normalize_by == "map" else "layer"
        exported = export_all(folder, stand.info.title, nodes, stand.maps, formats, scale)
        return sum(map(len, exported))

    def _export_features(self, folder: Path, network: int, nodes: Sequence[Node]) -> int:
        stand = self._place.world.networks[network]
        pictures = self._place.features
        several = {node: pictures.all_images(network, node.id) for node in nodes}
        if not any(several.values()):
            raise VrnnError("none of these layers shows what its channels look for; let one do so")
        return sum(
            export_features(folder, stand.info.title, node, features)
            for node, features in several.items()
            if features
        )
