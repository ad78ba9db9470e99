"""The Cloud panel: by which layer the data set is placed, and how; filters and the selection."""

from __future__ import annotations

from imgui_bundle import imgui

from vrnn.commands.export import timestamped
from vrnn.commands.image_cloud import SetCloudDisplay, ShowImageCloud
from vrnn.commands.image_cloud_classes import ExportClasses, MakeClass, RemoveClass
from vrnn.commands.image_cloud_selection import (
    ExportSelection,
    FilmCloud,
    FilterCloud,
    SelectImages,
)
from vrnn.commands.inputs import GrabImage
from vrnn.network.embedding_methods import DIMENSIONS, EMBEDDING_METHODS
from vrnn.network.image_cloud import PIXELS
from vrnn.scene.cloud_place import cloud_layers
from vrnn.scene.cloud_state import CLOUD_COLORS, CORRECT_FILTERS, NO_CLASS, CloudState
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.widgets import (
    checkbox,
    combo,
    fit_text,
    hint_text,
    labeled,
    muted_text,
    same_line_if_fits,
    wrapped_text,
)
from vrnn.workspace.cloud_categories import PALETTE

ALL = "all"
"""The choice that shows images of every class."""
MAX_LISTED = 60
"""Selected images that are listed by name."""
LAYER_TOOLTIP = "slides along the layers: the same images move from one cloud to the next"
METHOD_TOOLTIP = (
    "PCA: at once, distances keep their meaning; t-SNE and UMAP: keep neighborhoods, and take a "
    "while"
)
MARK_TOOLTIP = "where the current input lands, and the images most similar to it"
FILM_TOOLTIP = "records images on their way through all these layers, from here, as PNGs"
OWN_TOOLTIP = "selected images with a name: colored, filtered by, kept in the session, exported"
NAME_HINT = "a name"
MAX_COUNTED = 12
"""Classes whose images are counted."""
SELECT_HINT = "Ctrl and drag around images, or Ctrl+A at one"


@panel("Cloud", dock=Dock.RIGHT_BOTTOM)
class CloudPanel(Panel):
    """Shows and sets what the cloud of images is of; keeps the name of a class being written."""

    def __init__(self) -> None:
        self._name = ""

    def draw(self, context: PanelContext) -> None:
        """Draw the panel."""
        state = context.world.state.cloud
        if context.workspace.feed.datasets.get(state.network) is None:
            wrapped_text("No data set: start with --data FOLDER.")
            return
        shown = checkbox("data set as a cloud", state.shown)
        imgui.set_item_tooltip("images are near each other where the layer's features are alike")
        if shown is not None:
            layer = "" if not shown or context.subject is None else context.subject[1]
            context.do(ShowImageCloud(layer if shown else "", state.network, shown))
        if not state.shown:
            muted_text("Ctrl+E at a layer shows its cloud")
            return
        _draw_layers(context, state)
        _draw_selection(context, state)
        self._draw_own_classes(context, state)
        _draw_display(state, context)
        _draw_filters(context, state)

    def _draw_own_classes(self, context: PanelContext, state: CloudState) -> None:
        """The user's own classes: made of what is selected, listed, removed."""
        if not state.selected and not state.own_names:
            return
        imgui.separator_text("Own classes")
        imgui.set_item_tooltip(OWN_TOOLTIP)
        if state.selected:
            labeled("name")
            _, self._name = imgui.input_text_with_hint("##name", hint_text(NAME_HINT), self._name)
            if imgui.button("Use as a class"):
                context.do(MakeClass(self._name))
                self._name = ""
        selection = context.workspace.image_cloud.selection
        for place, name in enumerate(state.own_names):
            imgui.push_id(place)
            numbers = state.find_own_class(name).numbers
            red, green, blue = (part / 255 for part in PALETTE[place % len(PALETTE)])
            wrapped_text(f"{name}  {len(numbers):,}", (red, green, blue, 1.0))
            counts = selection.counts(numbers)[:MAX_COUNTED]
            told = ", ".join(f"{text} ({count:,})" for text, count in counts)
            imgui.set_item_tooltip(told)
            if imgui.small_button("select"):
                context.do(SelectImages(own_class=name))
            same_line_if_fits("remove")
            if imgui.small_button("remove"):
                context.do(RemoveClass(name))
            imgui.pop_id()
        if state.own_names and imgui.button("Export classes"):
            context.do(ExportClasses(timestamped("-classes.csv")))


def _draw_layers(context: PanelContext, state: CloudState) -> None:
    """The slider along the layers."""
    network = context.world.networks[state.network].network
    layers = cloud_layers(network, state.anchor)
    place = layers.index(state.layer) if state.layer in layers else 0
    labeled("layer", LAYER_TOOLTIP)
    told = fit_text(layers[place], imgui.calc_item_width()).replace("%", "%%")
    changed, chosen = imgui.slider_int("##layer", place, 0, len(layers) - 1, told)
    if changed and chosen != place and 0 <= chosen < len(layers):
        context.do(SetCloudDisplay(layers[chosen]))
    has_button = context.subject is not None and context.subject[1] not in layers
    if context.subject is not None and has_button:
        name = context.subject[1]
        room = imgui.get_content_region_avail().x - 2 * imgui.get_style().frame_padding.x
        told = fit_text(f"by {name}", room)
        if imgui.small_button(told):
            context.do(ShowImageCloud(name, context.subject[0]))
        imgui.set_item_tooltip(f"the cloud of {name}")
    if PIXELS in layers and state.layer != PIXELS:
        if has_button:
            same_line_if_fits("by pixels")
        if imgui.small_button("by pixels"):
            context.do(SetCloudDisplay(PIXELS))
    title = context.workspace.image_cloud.title
    if title:
        muted_text(title)
    if imgui.small_button("record along the layers"):
        context.do(FilmCloud(timestamped("-cloud"), camera=""))
    imgui.set_item_tooltip(FILM_TOOLTIP)


def _draw_display(state: CloudState, context: PanelContext) -> None:
    imgui.separator_text("Placed and colored")
    if method := combo("method", state.method, EMBEDDING_METHODS, METHOD_TOOLTIP):
        context.do(SetCloudDisplay(method=method))
    texts = tuple(str(number) for number in DIMENSIONS)
    if dimensions := combo("dimensions", str(state.dimensions), texts):
        context.do(SetCloudDisplay(dimensions=3 if dimensions == "3" else 2))
    if color := combo("colors by", state.color, CLOUD_COLORS):
        context.do(SetCloudDisplay(color=color))
    marks = checkbox("mark the input", state.marks_input)
    imgui.set_item_tooltip(MARK_TOOLTIP)
    if marks is not None:
        context.do(SetCloudDisplay(marks_input=marks))


def _draw_filters(context: PanelContext, state: CloudState) -> None:
    names = context.workspace.image_cloud.selection.names
    if names is None:
        return
    imgui.separator_text("Show")
    for label, chosen, values in (
        ("class", state.classes, names.class_names),
        ("answer", state.answers, names.answer_names),
    ):
        now = ALL if not chosen else chosen[0] if len(chosen) == 1 else f"{len(chosen)} classes"
        picked = combo(label, now, (ALL, *([now] if len(chosen) > 1 else []), *values))
        if picked is not None and picked != now:
            wanted = () if picked == ALL else (picked,)
            is_class = label == "class"
            context.do(FilterCloud(classes=wanted) if is_class else FilterCloud(answers=wanted))
    if state.own_names:
        now = ALL if not state.own else ", ".join(state.own)
        picked = combo("own class", now, (ALL, *state.own_names, NO_CLASS))
        if picked is not None:
            context.do(FilterCloud(own=() if picked == ALL else (picked,)))
    if correct := combo("answered", state.correct, CORRECT_FILTERS):
        context.do(FilterCloud(correct=correct))


def _draw_selection(context: PanelContext, state: CloudState) -> None:
    imgui.separator_text("Selection")
    selection = context.workspace.image_cloud.selection
    if not state.selected:
        muted_text(SELECT_HINT)
        return
    wrapped_text(f"{len(state.selected):,} images")
    if imgui.small_button("none"):
        context.do(SelectImages())
    same_line_if_fits("export names")
    if imgui.small_button("export names"):
        context.do(ExportSelection(timestamped("-images.csv")))
    for name, count in selection.counts()[:MAX_COUNTED]:
        imgui.bullet()
        wrapped_text(f"{name}  {count:,}")
    if imgui.collapsing_header("names"):
        for number, name in selection.first_names(MAX_LISTED):
            told = fit_text(name, imgui.get_content_region_avail().x)
            if imgui.selectable(f"{told}##{number}", False)[0]:
                context.do(GrabImage(number))
        if len(state.selected) > MAX_LISTED:
            muted_text(f"and {len(state.selected) - MAX_LISTED:,} more")
