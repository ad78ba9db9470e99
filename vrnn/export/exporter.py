"""Writes what is seen to files: pictures, videos, layers. For the window and without one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from vrnn.config.choices import IMAGE_KINDS, MAX_FRAMES
from vrnn.errors import VrnnError
from vrnn.export.layers import export_features, export_layers, matching_layers
from vrnn.export.png import write_png
from vrnn.export.score import export_score
from vrnn.export.video import VideoWriter, check_video, interpolate_cameras
from vrnn.network.choices import changed_choices_text, with_selection
from vrnn.network.graph import Node
from vrnn.network.image_cloud import ImageCloud
from vrnn.render.panorama import render_panorama, render_stereo_pair
from vrnn.render.renderer import Renderer
from vrnn.render.screenshot import render_tiled
from vrnn.render.uniforms import RenderColors, View
from vrnn.scene.camera import Camera
from vrnn.scene.layer_names import check_network
from vrnn.scene.primitives import DrawList
from vrnn.scene.seen_layers import Key
from vrnn.scene.viewpoints import near_and_fog
from vrnn.storage.atomic import check_writable
from vrnn.workspace.picture_maps import PictureMaps
from vrnn.workspace.workspace import Workspace


class Exporter:
    """Draws a workspace with its renderer, and writes what was drawn."""

    def __init__(
        self,
        workspace: Workspace,
        renderer: Renderer,
        colors: RenderColors,
        wait: Callable[[Camera], None],
    ) -> None:
        """Connect the parts.

        Args:
            workspace: What is drawn.
            renderer: What draws it.
            colors: The colors of the settings.
            wait: Waits until everything that is seen from a camera is there.
        """
        self._workspace, self._renderer, self._colors = workspace, renderer, colors
        self._wait = wait
        self._maps = PictureMaps(
            workspace.worker, workspace.feed, workspace.content.upload, workspace.on_network_loaded
        )
        self._coarse: set[Key] = set()  # layers of the present picture

    def view(self, camera: Camera, size: tuple[int, int], transparent: bool = False) -> View:
        """Return the view from a camera, once everything in it is there.

        Args:
            camera: Where from.
            size: (width, height) pixels.
            transparent: Whether there is no background.
        """
        self._maps.wait_for_pass()
        self._wait(camera)
        near, fog = near_and_fog(self._workspace.world, camera)
        return View(camera, size, fog, near, transparent=transparent, colors=self._colors)

    def draw(
        self, view: View, over: DrawList | None = None, front: DrawList | None = None
    ) -> np.ndarray:
        """Draw what is seen in a view, with whole maps of one image wherever they can be seen.

        Where that cannot be, a message says so.

        Args:
            view: From where, and how large.
            over: What lies over the picture, in pixels.
            front: What floats before the eye.

        Returns:
            See `render_tiled`.
        """
        pixels = self._draw(view, over, front)
        self._tell_coarse()
        return pixels

    def _draw(
        self, view: View, over: DrawList | None = None, front: DrawList | None = None
    ) -> np.ndarray:
        """Draw one of the flat pictures that a picture is made of."""
        self._maps.wait_for_pass()
        size = self._maps.tile_size(view)
        return render_tiled(self._renderer, view, self._draw_list, over, size, front)

    def _draw_list(self, view: View) -> DrawList:
        """Return the world for a picture, or a tile of it, once the maps in it are there."""
        self._coarse.update(self._maps.wait(view))
        return self._workspace.world.draw_list()

    def _tell_coarse(self) -> None:
        """Say which layers lack what would be seen of them in the picture that was drawn."""
        coarse, self._coarse = sorted(self._coarse), set()
        if not coarse:
            return
        slot, node = coarse[0]
        network = self._workspace.world.networks[slot]
        more = len(coarse) - 1
        which = f" and {more} other{'s' if more > 1 else ''} are" if more else " is"
        host, store = self._workspace.feed.residency.host, self._renderer.maps
        reason = (
            "the maps could not be made"
            if any(map(host.is_missing, coarse))
            else f"maps may take {store.budget >> 20:,} MB on the GPU; set a larger map_memory_mb, "
            "or save a smaller picture"
        )
        self._workspace.messages.append(
            f"{network.info.title}: layer {network.network.by_id[node].name}{which} coarse in the "
            f"picture, as {reason}"
        )

    def picture(
        self, camera: Camera, size: tuple[int, int], transparent: bool, kind: str
    ) -> Image.Image:
        """Draw what is seen, without what lies over it. See `SaveImage` for the arguments.

        Raises:
            VrnnError: When there is no such kind.
        """
        view = self.view(camera, size, transparent)
        if kind == "flat":
            pixels = self._draw(view)
        elif kind == "stereo":
            pixels = render_stereo_pair(self._draw, view)
        elif kind == "panorama":
            width = max(64, size[0] // 2 * 2)
            pixels = render_panorama(self._draw, view, width)
        else:
            raise VrnnError(f"no picture '{kind}': choose one of {', '.join(IMAGE_KINDS)}")
        self._tell_coarse()
        return Image.fromarray(pixels)

    def save_image(
        self, file: Path, camera: Camera, size: tuple[int, int], transparent: bool, kind: str
    ) -> None:
        """Write a PNG. See `SaveImage` for the arguments.

        Raises:
            VrnnError: There is no such kind, or the file cannot be written.
        """
        check_writable(file)
        write_png(file, self.picture(camera, size, transparent, kind))

    def export_score(self, folder: Path) -> list[Path]:
        """Write the score of the data set that is shown, and return the files.

        Raises:
            VrnnError: It is not found yet, or a file cannot be written.
        """
        scores = self._workspace.scores
        found, dataset = scores.result()
        return export_score(folder, found, scores.names(), dataset)

    def record_video(
        self, file: Path, cameras: Sequence[Camera], seconds: float, rate: float,
        size: tuple[int, int],
    ) -> Generator[float]:  # fmt: skip
        """Write a video frame by frame. See `RecordVideo` for the arguments.

        Yields:
            The part that is done, 0…1.

        Raises:
            VrnnError: When it cannot be written.
        """
        check_video(file)
        path = list(interpolate_cameras(cameras, seconds, rate))
        with VideoWriter(file, rate) as video:
            for number, camera in enumerate(path, 1):
                video.add(self.draw(self.view(camera, size)))
                yield number / len(path)

    def film_cloud(
        self, file: Path, clouds: Sequence[ImageCloud], camera: Camera, seconds: float, rate: float,
        size: tuple[int, int],
    ) -> Generator[float]:  # fmt: skip
        """Write a video of images that move from cloud to cloud. See `FilmCloud`.

        Args:
            file: A video file, or a folder.
            clouds: Where they pass.
            camera: Where from.
            seconds: From one cloud to the next.
            rate: Frames per second.
            size: (width, height) pixels.

        Yields:
            The part that is done, 0…1.

        Raises:
            VrnnError: There are fewer than two clouds, or it cannot be written.
        """
        if len(clouds) < 2:
            raise VrnnError("a video of the cloud needs at least two layers; name more")
        frames = max(1, round(seconds * rate))
        total = frames * (len(clouds) - 1)
        if total > MAX_FRAMES:
            raise VrnnError(f"a video can have {MAX_FRAMES:,} frames; give fewer seconds or layers")
        manager = self._workspace.image_cloud
        manager.begin_film(camera.position)
        with VideoWriter(file, rate) as video:
            for number in range(total + 1):
                place = min(number // frames, len(clouds) - 2)
                part = number / frames - place
                manager.show_between(clouds[place], clouds[place + 1], part)
                manager.follow_eye(camera.position)
                view = self.view(camera, size)
                while not manager.has_thumbnails:  # the window goes on loading them
                    yield number / total
                    manager.follow_eye(camera.position)
                video.add(self.draw(view))
                yield number / total

    def export(self, folder: Path, layers: str, network: int, formats: tuple[str, ...]) -> int:
        """Write layers; returns the number of files. See `ExportLayers` for the arguments.

        Raises:
            VrnnError: When there is no such layer, or nothing of it to write.
        """
        world = self._workspace.world
        check_network(world, network)
        self._maps.wait_for_pass()  # all layers are of one image
        shown = world.networks[network]
        nodes = matching_layers(shown.network.nodes, layers)
        missing = [node.name for node in nodes if shown.layer_maps(node.id) is None]
        if missing:
            raise VrnnError(f"the maps of '{missing[0]}' are not there yet")
        if "features" in formats:
            return self._export_features(folder, network, nodes)
        color_range = "map" if world.state.color_mapping.normalize_by == "map" else "layer"
        choices = world.state.choices.get(network, ())
        title = f"{shown.info.title} {changed_choices_text(shown.network, choices)}".rstrip()
        told = with_selection(shown.network, nodes, choices)
        maps = self._workspace.fetch_maps(network, [node.id for node in nodes])
        exported = export_layers(folder, title, told, maps, formats, color_range)
        return sum(map(len, exported))

    def _export_features(self, folder: Path, network: int, nodes: Sequence[Node]) -> int:
        title = self._workspace.world.networks[network].info.title
        manager = self._workspace.features
        by_layer = {node: manager.all_images(network, node.id) for node in nodes}
        if not any(by_layer.values()):
            raise VrnnError("none of these layers shows feature visualizations; show those of one")
        return sum(
            export_features(folder, title, node, features)
            for node, features in by_layer.items()
            if features
        )
