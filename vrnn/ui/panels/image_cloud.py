"""The Cloud panel: by which layer the data set is placed, and how; filters and the selection."""

from __future__ import annotations

from imgui_bundle import imgui

from vrnn.commands.export import timestamped
from vrnn.commands.image_cloud import SetCloudDisplay, ShowImageCloud
from vrnn.commands.image_cloud_selection import ExportSelection, FilterCloud, SelectImages
from vrnn.commands.inputs import GrabImage
from vrnn.network.embedding_methods import DIMENSIONS, EMBEDDING_METHODS
from vrnn.network.image_cloud import PIXELS
from vrnn.scene.cloud_place import cloud_layers
from vrnn.scene.cloud_state import CLOUD_COLORS, CORRECT_FILTERS, CloudState
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.style import MUTED_COLOR
from vrnn.ui.widgets import checkbox, combo, labeled, wrapped_text

ALL = "all"
"""The choice that shows images of every class."""
MAX_LISTED = 60
"""Selected images that are listed by name."""
LAYER_TOOLTIP = "slides along the layers: the same images move from one cloud to the next"
METHOD_TOOLTIP = (
    "PCA: at once, distances keep their meaning; t-SNE and UMAP: keep neighborhoods, and take a "
    "while"
)
MARK_TOOLTIP = "where the image in the network lands, and the images most like it"
SELECT_HINT = "Ctrl and drag around images, or Ctrl+A at one"


@panel("Cloud", dock=Dock.RIGHT_BOTTOM)
class CloudPanel(Panel):
    """Shows and sets what the cloud of images is of; keeps nothing."""

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
            imgui.text_colored(MUTED_COLOR, "Ctrl+E at a layer shows its cloud")
            return
        _draw_layers(context, state)
        _draw_display(state, context)
        _draw_filters(context, state)
        _draw_selection(context, state)


def _draw_layers(context: PanelContext, state: CloudState) -> None:
    """The slider along the layers."""
    network = context.world.networks[state.network].network
    layers = cloud_layers(network, state.anchor)
    place = layers.index(state.layer) if state.layer in layers else 0
    labeled("layer", LAYER_TOOLTIP)
    changed, chosen = imgui.slider_int("##layer", place, 0, len(layers) - 1, layers[place])
    if changed and chosen != place and 0 <= chosen < len(layers):
        context.do(SetCloudDisplay(layers[chosen]))
    if context.subject is not None and context.subject[1] not in layers:
        name = context.subject[1]
        if imgui.small_button(f"by {name}"):
            context.do(ShowImageCloud(name, context.subject[0]))
    if PIXELS in layers and state.layer != PIXELS:
        imgui.same_line()
        if imgui.small_button("by pixels"):
            context.do(SetCloudDisplay(PIXELS))
    title = context.workspace.image_cloud.title
    if title:
        imgui.text_colored(MUTED_COLOR, title)


def _draw_display(state: CloudState, context: PanelContext) -> None:
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
    names = context.workspace.image_cloud.names
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
    if correct := combo("answered", state.correct, CORRECT_FILTERS):
        context.do(FilterCloud(correct=correct))


def _draw_selection(context: PanelContext, state: CloudState) -> None:
    imgui.separator_text("Selection")
    manager = context.workspace.image_cloud
    if not state.selected:
        imgui.text_colored(MUTED_COLOR, SELECT_HINT)
        return
    imgui.text_unformatted(f"{len(state.selected):,} images")
    imgui.same_line()
    if imgui.small_button("none"):
        context.do(SelectImages())
    imgui.same_line()
    if imgui.small_button("export names"):
        context.do(ExportSelection(timestamped("-images.csv")))
    for name, count in manager.selected_counts()[:12]:
        imgui.bullet_text(f"{count:,}  {name}")
    if imgui.collapsing_header("names"):
        for number, name in manager.selected_list(MAX_LISTED):
            if imgui.selectable(f"{name}##{number}", False)[0]:
                context.do(GrabImage(number))
        if len(state.selected) > MAX_LISTED:
            imgui.text_colored(MUTED_COLOR, f"and {len(state.selected) - MAX_LISTED:,} more")
