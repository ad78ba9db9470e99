"""The Images panel: searches the wall of images; sets noise, gray or the mean image as input."""

from __future__ import annotations

from imgui_bundle import imgui

from vrnn.commands.inputs import PLAIN_INPUTS, BrowseImages, SetInputImage, SetInputNoise
from vrnn.media.image_set import ImageSet
from vrnn.media.synthetic import NOISE_KINDS, NoiseSpec
from vrnn.scene.state import InputImage
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.style import muted
from vrnn.ui.widgets import button_row, combo, hint_text, labeled, slider, wrapped_text

ALL_CLASSES = "all classes"
"""The choice that shows images of every class."""
MAX_LISTED_FAILURES = 8
"""Images that cannot be read and are listed."""


@panel("Images", dock=Dock.LEFT_BOTTOM)
class ImagesPanel(Panel):
    """Keeps what was typed, and the settings of noise."""

    def __init__(self) -> None:
        self._search = ""
        self._class_name = ALL_CLASSES
        self._noise = NoiseSpec("gaussian")

    def draw(self, context: PanelContext) -> None:
        """Draw the controls."""
        images = context.workspace.images
        if images is None:
            wrapped_text("No data set: start with --data FOLDER, or drop image files here.")
        else:
            imgui.text_colored(muted(), f"{len(images):,} images")
            self._draw_wall(context, images)
            _draw_failures(context)
        imgui.separator_text("Other images")
        plain = button_row([p for p in PLAIN_INPUTS if p != "mean" or images is not None])
        if plain is not None:
            context.do(SetInputImage(plain=plain))
        self._draw_noise(context)

    def _draw_wall(self, context: PanelContext, images: ImageSet) -> None:
        imgui.set_next_item_width(-1)
        what = f"{'subject' if images.captions else 'class'}, or #number"
        entered, self._search = imgui.input_text_with_hint(
            "##search", hint_text(what, "search"),
            self._search,
            imgui.InputTextFlags_.enter_returns_true.value,
        )  # fmt: skip
        if entered:
            self._class_name = ALL_CLASSES
            context.do(BrowseImages(search=self._search))
        names = (ALL_CLASSES, *images.names)
        if images.names and (class_name := combo("class", self._class_name, names)):
            self._class_name, self._search = class_name, ""
            context.do(BrowseImages(only="" if class_name == ALL_CLASSES else class_name))
        pressed = button_row(("< back", "next >", "shuffle"))
        if pressed is not None:
            commands = {
                "< back": BrowseImages(page=-1),
                "next >": BrowseImages(page=1),
                "shuffle": BrowseImages(shuffle=-1),
            }
            context.do(commands[pressed])

    def _draw_noise(self, context: PanelContext) -> None:
        noise = context.world.state.input_image.noise or self._noise
        if kind := combo("noise", noise.kind, NOISE_KINDS):
            self._set_noise(context, NoiseSpec(kind, noise.mean, noise.std, noise.seed))
        slider(
            context, "mean", noise.mean, (0.0, 1.0), "%.2f",
            lambda v: SetInputNoise(noise.kind, v, noise.std, noise.seed),
        )  # fmt: skip
        slider(
            context, "std", noise.std, (0.0, 1.0), "%.2f",
            lambda v: SetInputNoise(noise.kind, noise.mean, v, noise.seed),
        )  # fmt: skip
        labeled("seed")
        changed, seed = imgui.input_int("##seed", noise.seed)
        if changed and 0 <= seed < 2**31:
            self._set_noise(context, NoiseSpec(noise.kind, noise.mean, noise.std, seed))
        if context.world.state.input_image != InputImage(noise=noise) and imgui.button("use noise"):
            self._set_noise(context, noise)

    def _set_noise(self, context: PanelContext, noise: NoiseSpec) -> None:
        self._noise = noise
        context.do(SetInputNoise(noise.kind, noise.mean, noise.std, noise.seed))


def _draw_failures(context: PanelContext) -> None:
    unreadable = context.workspace.content.unreadable
    images = context.workspace.images
    if images is not None and images.invalid_labels:
        imgui.text_colored(muted(), f"{images.invalid_labels} labels match no class")
    if unreadable and imgui.collapsing_header(f"{len(unreadable)} cannot be read"):
        for number, reason in list(unreadable.items())[:MAX_LISTED_FAILURES]:
            wrapped_text(f"#{number}: {reason}")
