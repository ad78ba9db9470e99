"""The data set's wall, searched and filtered; noise, grey and the mean image as inputs."""

from __future__ import annotations

from imgui_bundle import imgui

from vrnn.commands.inputs import PutImage, PutNoise, Wall
from vrnn.media.synthetic import KINDS, Noise
from vrnn.scene.state import Picture
from vrnn.ui.panel_context import Desk
from vrnn.ui.style import QUIET
from vrnn.ui.widgets import buttons, choice, labelled, slider, wrapped

NAME = "Images"
ALL = "all classes"
LISTED = 8
"""Images that cannot be read, by number, in the list."""


class DataPanel:
    """Remembers what was typed, and how noise is set."""

    def __init__(self) -> None:
        self._search = ""
        self._only = ALL
        self._noise = Noise("gaussian")

    def draw(self, desk: Desk) -> None:
        """The panel's inside."""
        images = desk.place.images
        if images is None:
            wrapped("There is no data set. Start with --data FOLDER, or drop image files here.")
        else:
            imgui.text_colored(QUIET, f"{len(images):,} images")
            self._wall(desk, images.names)
            self._faults(desk)
        imgui.separator_text("Other images")
        pressed = buttons(("grey", "mean", "sample") if images is not None else ("grey", "sample"))
        if pressed is not None:
            desk.do(PutImage(plain=pressed))
        self._noise_settings(desk)

    def _wall(self, desk: Desk, names: tuple[str, ...]) -> None:
        imgui.set_next_item_width(-1)
        entered, self._search = imgui.input_text_with_hint(
            "##search", "class, or #number", self._search,
            imgui.InputTextFlags_.enter_returns_true.value,
        )  # fmt: skip
        if entered:
            self._only = ALL
            desk.do(Wall(search=self._search))
        if names and (only := choice("class", self._only, (ALL, *names))):
            self._only, self._search = only, ""
            desk.do(Wall(only="" if only == ALL else only))
        pressed = buttons(("< back", "next >", "shuffle"))
        if pressed is not None:
            turns = {"< back": Wall(page=-1), "next >": Wall(page=1), "shuffle": Wall(shuffle=-1)}
            desk.do(turns[pressed])

    def _faults(self, desk: Desk) -> None:
        failed = desk.place.unreadable
        images = desk.place.images
        if images is not None and images.odd_labels:
            imgui.text_colored(QUIET, f"{images.odd_labels} labels name no class")
        if failed and imgui.collapsing_header(f"{len(failed)} cannot be read"):
            for number, reason in list(failed.items())[:LISTED]:
                wrapped(f"#{number}: {reason}")

    def _noise_settings(self, desk: Desk) -> None:
        now = desk.world.state.picture.noise or self._noise
        if kind := choice("noise", now.kind, KINDS):
            self._put(desk, Noise(kind, now.mean, now.std, now.seed))
        slider(
            desk, "mean", now.mean, (0.0, 1.0), "%.2f",
            lambda v: PutNoise(now.kind, v, now.std, now.seed),
        )  # fmt: skip
        slider(
            desk, "deviation", now.std, (0.0, 1.0), "%.2f",
            lambda v: PutNoise(now.kind, now.mean, v, now.seed),
        )  # fmt: skip
        labelled("seed")
        changed, seed = imgui.input_int("##seed", now.seed)
        if changed and 0 <= seed < 2**31:
            self._put(desk, Noise(now.kind, now.mean, now.std, seed))
        if desk.world.state.picture != Picture(noise=now) and imgui.button("put noise in"):
            self._put(desk, now)

    def _put(self, desk: Desk, noise: Noise) -> None:
        self._noise = noise
        desk.do(PutNoise(noise.kind, noise.mean, noise.std, noise.seed))
