"""Writes what is seen to files: pictures of any kind, films, layers. For the window and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from PIL import Image

from vrnn.commands.files import ExportLayers, RecordVideo, SaveImage
from vrnn.errors import VrnnError
from vrnn.export.layers import export_all, export_features, matching
from vrnn.export.png import write_png
from vrnn.export.video import VideoWriter, check_film, interpolate_cameras
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

    def picture(self, action: SaveImage, camera: Camera) -> Image.Image:
        """What an action asks for, without what lies over it. Raises VrnnError."""
        view = self.view(camera, action.size, action.transparent)
        drawing = self._place.world.draw_list()
        if action.kind == "flat":
            return Image.fromarray(render_tiled(self._renderer, view, drawing))
        if action.kind == "stereo":
            return Image.fromarray(stereo_pair(self._renderer, view, drawing))
        if action.kind == "panorama":
            width = max(64, action.size[0] // 2 * 2)
            return Image.fromarray(panorama(self._renderer, view, drawing, width))
        raise VrnnError(f"no picture '{action.kind}': choose flat, panorama or stereo")

    def save_image(self, action: SaveImage, camera: Camera) -> None:
        """Write a picture. Raises VrnnError."""
        check_writable(action.file)
        write_png(action.file, self.picture(action, camera))

    def record_video(self, action: RecordVideo, cameras: Sequence[Camera]) -> Iterator[float]:
        """Write a film, a picture at a time; yields the part that is done. Raises VrnnError."""
        check_film(action.file)
        way = list(interpolate_cameras(cameras, action.seconds, action.rate))
        with VideoWriter(action.file, action.rate) as film:
            for number, camera in enumerate(way, 1):
                view = self.view(camera, action.size)
                film.add(render_tiled(self._renderer, view, self._place.world.draw_list()))
                yield number / len(way)

    def export(self, action: ExportLayers) -> int:
        """Write layers; returns the number of files. Raises VrnnError."""
        world = self._place.world
        if action.network not in world.networks:
            raise VrnnError(f"there is no network {action.network}; they are numbered from 0")
        stand = world.networks[action.network]
        nodes = matching(stand.network.nodes, action.layers)
        missing = [node.name for node in nodes if node.id not in stand.maps]
        if missing:
            raise VrnnError(f"the maps of '{missing[0]}' are not there yet")
        if "features" in action.what:
            return self._export_features(action, nodes)
        scale = "map" if world.state.color_mapping.normalize_by == "map" else "layer"
        return len(
            export_all(action.folder, stand.info.title, nodes, stand.maps, action.what, scale)
        )

    def _export_features(self, action: ExportLayers, nodes: Sequence[Node]) -> int:
        stand = self._place.world.networks[action.network]
        pictures = self._place.jobs.pictures
        several = {node: pictures.all_of(action.network, node.id) for node in nodes}
        if not any(several.values()):
            raise VrnnError("none of these layers shows what its channels look for; let one do so")
        return sum(
            export_features(action.folder, stand.info.title, node, features)
            for node, features in several.items()
            if features
        )
