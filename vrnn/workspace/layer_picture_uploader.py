"""Layer pictures on their way to the GPU: made of a layer's maps, or given by someone else."""

from __future__ import annotations

from vrnn.errors import VrnnError
from vrnn.network.feature_maps import FeatureMaps, block_size
from vrnn.network.layer_pictures import LayerPicture, find_layer_picture
from vrnn.render.renderer import Renderer
from vrnn.scene.visuals.layer_pictures import UploadedPicture
from vrnn.scene.world import World
from vrnn.workspace.distant_pictures import colored

FIRST_STORE = 200_000
"""Numbers of the pictures' map stores begin here, beyond all others."""

Key = tuple[int, int]
"""Slot and node."""


class LayerPictureUploader:
    """Makes and uploads the layer pictures that the state shows, and no others."""

    def __init__(self, world: World, renderer: Renderer, notes: list[str]) -> None:
        """Begin without pictures.

        Args:
            world: Whose state says which layers show which picture.
            renderer: Takes them.
            notes: Takes sentences for the user.
        """
        self._world, self._renderer, self._notes = world, renderer, notes
        self._sources: dict[Key, tuple[str, FeatureMaps | LayerPicture]] = {}
        self._stores: dict[Key, int] = {}
        self._errors: dict[Key, str] = {}
        self._next_store = FIRST_STORE

    def update(self) -> None:
        """Make and upload what has changed since; what is not shown any more is removed."""
        shown = self._world.shown_pictures()
        for key in self._sources.keys() - shown.keys():
            del self._sources[key]
            self._remove(key)
        for key, kind in shown.items():
            source = self._source(key, kind)
            known_kind, known_source = self._sources.get(key, ("", None))
            if source is not None and (kind != known_kind or source is not known_source):
                self._sources[key] = (kind, source)
                self._show(key, kind, source)

    def _source(self, key: Key, kind: str) -> FeatureMaps | LayerPicture | None:
        """What the picture of a layer is made of: the picture itself where it was given."""
        given = self._world.layer_pictures.get((*key, kind))
        if given is not None or find_layer_picture(kind).make is None:
            return given
        return self._world.networks[key[0]].whole_maps(key[1])

    def _show(self, key: Key, kind: str, source: FeatureMaps | LayerPicture) -> None:
        try:
            make = find_layer_picture(kind).make
            picture: LayerPicture | None
            if isinstance(source, FeatureMaps):
                assert make is not None
                picture = make(source)
            else:
                picture = source
            if picture is None:
                self._remove(key)
            else:
                self._upload(key, kind, colored(picture))
            self._errors.pop(key, None)
        except VrnnError as error:
            if self._errors.get(key) != str(error):  # it may come again with each forward pass
                self._notes.append(str(error))
            self._errors[key] = str(error)
            self._remove(key)

    def _upload(self, key: Key, kind: str, picture: LayerPicture) -> None:
        maps = picture.maps
        before = self._world.uploaded_pictures.get(key)
        size = block_size(maps.channels, maps.height, maps.width)
        if before is None or before.picture.maps.block.size != size:
            self._close(key)
            self._stores[key] = self._next_store
            self._next_store += 1
            self._renderer.maps.allocate(self._stores[key], {0: size})
        self._renderer.maps.upload(self._stores[key], 0, maps.block)
        self._world.set_uploaded_picture(*key, UploadedPicture(kind, picture, self._stores[key]))

    def _remove(self, key: Key) -> None:
        self._close(key)
        self._world.set_uploaded_picture(*key, None)

    def _close(self, key: Key) -> None:
        if key in self._stores:
            self._renderer.maps.free(self._stores.pop(key))
