"""The data set's wall, searched and filtered; noise, gray and the mean image as inputs."""

from __future__ import annotations

from imgui_bundle import imgui

from vrnn.commands.inputs import PLAIN_INPUTS, BrowseImages, SetInputImage, SetInputNoise
from vrnn.media.synthetic import NOISE_KINDS, NoiseSpec
from vrnn.scene.state import InputImage
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.style import MUTED_COLOR
from vrnn.ui.widgets import button_row, combo, labeled, slider, wrapped_text

ALL_CLASSES = "all classes"
MAX_LISTED_FAILURES = 8
"""Images that cannot be read, by number, in the list."""


@panel("Images", dock=Dock.LEFT_BOTTOM)
class ImagesPanel(Panel):
    """Remembers what was typed, and how noise is set."""

    def __init__(self) -> None:
        self._search = ""
        self._only = ALL_CLASSES
        self._noise = NoiseSpec("gaussian")

    def draw(self, context: PanelContext) -> None:
        """The panel's inside."""
        images = context.workspace.images
        if images is None:
            wrapped_text(
                "There is no data set. Start with --data FOLDER, or drop image files here."
            )
        else:
            imgui.text_colored(MUTED_COLOR, f"{len(images):,} images")
            self._wall(context, images.names)
            self._faults(context)
        imgui.separator_text("Other images")
        plain = button_row([p for p in PLAIN_INPUTS if p != "mean" or images is not None])
        if plain is not None:
            context.do(SetInputImage(plain=plain))
        self._noise_settings(context)

    def _wall(self, context: PanelContext, names: tuple[str, ...]) -> None:
        imgui.set_next_item_width(-1)
        entered, self._search = imgui.input_text_with_hint(
            "##search", "class, or #number", self._search,
            imgui.InputTextFlags_.enter_returns_true.value,
        )  # fmt: skip
        if entered:
            self._only = ALL_CLASSES
            context.do(BrowseImages(search=self._search))
        if names and (only := combo("class", self._only, (ALL_CLASSES, *names))):
            self._only, self._search = only, ""
            context.do(BrowseImages(only="" if only == ALL_CLASSES else only))
        pressed = button_row(("< back", "next >", "shuffle"))
        if pressed is not None:
            turns = {
                "< back": BrowseImages(page=-1),
                "next >": BrowseImages(page=1),
                "shuffle": BrowseImages(shuffle=-1),
            }
            context.do(turns[pressed])

    def _faults(self, context: PanelContext) -> None:
        failed = context.workspace.content.unreadable
        images = context.workspace.images
        if images is not None and images.invalid_labels:
            imgui.text_colored(MUTED_COLOR, f"{images.invalid_labels} labels name no class")
        if failed and imgui.collapsing_header(f"{len(failed)} cannot be read"):
            for number, reason in list(failed.items())[:MAX_LISTED_FAILURES]:
                wrapped_text(f"#{number}: {reason}")

    def _noise_settings(self, context: PanelContext) -> None:
        now = context.world.state.input_image.noise or self._noise
        if kind := combo("noise", now.kind, NOISE_KINDS):
            self._put(context, NoiseSpec(kind, now.mean, now.std, now.seed))
        slider(
            context, "mean", now.mean, (0.0, 1.0), "%.2f",
            lambda v: SetInputNoise(now.kind, v, now.std, now.seed),
        )  # fmt: skip
        slider(
            context, "deviation", now.std, (0.0, 1.0), "%.2f",
            lambda v: SetInputNoise(now.kind, now.mean, v, now.seed),
        )  # fmt: skip
        labeled("seed")
        changed, seed = imgui.input_int("##seed", now.seed)
        if changed and 0 <= seed < 2**31:
            self._put(context, NoiseSpec(now.kind, now.mean, now.std, seed))
        if context.world.state.input_image != InputImage(noise=now) and imgui.button("use noise"):
            self._put(context, now)

    def _put(self, context: PanelContext, noise: NoiseSpec) -> None:
        self._noise = noise
        context.do(SetInputNoise(noise.kind, noise.mean, noise.std, noise.seed))
