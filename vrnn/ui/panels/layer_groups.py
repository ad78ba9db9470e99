"""Groups of channels in the Layer panel: how they are compared, and what that has found."""

from __future__ import annotations

from collections.abc import Sequence

from imgui_bundle import imgui

from vrnn.commands.channels import GroupChannels, ShowComponents
from vrnn.commands.layers import ArrangeMaps
from vrnn.network.channel_groups import CHANNEL_SOURCES, ChannelGroups
from vrnn.network.graph import Node
from vrnn.network.picture_kinds import COMPONENTS_PICTURE
from vrnn.scene.visuals.channel_trees import group_rows
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.style import ACCENT, muted
from vrnn.ui.widgets import checkbox, combo, labeled, property_table, wrapped_text

MAX_NAMED = 12
"""Channels and copies that are named; of more, only how many more there are."""
MAX_SHARES = 6
"""Principal components whose part of the variance is told."""
OVER_TOOLTIP = (
    "what channels are compared over: the positions of this image, or of all images of the data "
    "set, which takes longer and is kept on disk"
)
GROUPS_TOOLTIP = "how many groups (0 = as many as the tree suggests)"


def draw_channel_groups(context: PanelContext, slot: int, node: Node) -> None:
    """Draw the section of a layer with several channels."""
    name = node.name
    layer = context.world.state.layer((slot, name))
    grouped = checkbox("in groups by correlation", layer.order == "correlation")
    if grouped is not None:
        context.do(GroupChannels(name, slot, on=grouped))
    pictured = checkbox("principal components", layer.picture == COMPONENTS_PICTURE)
    if pictured is not None:
        context.do(ShowComponents(name, slot, on=pictured))
    varied = checkbox("by variation, the largest first", layer.order == "variation")
    if varied is not None:
        context.do(ArrangeMaps(name, slot, order="variation" if varied else "index"))
    if over := combo("compared over", layer.compared_over, CHANNEL_SOURCES):
        context.do(ArrangeMaps(name, slot, compared_over=over))
    imgui.set_item_tooltip(OVER_TOOLTIP)
    labeled("groups")
    _, count = imgui.input_int("##groups", layer.groups, 1, 4)
    imgui.set_item_tooltip(GROUPS_TOOLTIP)
    if imgui.is_item_deactivated_after_edit() or (
        count != layer.groups and not imgui.is_item_active()
    ):
        context.do(ArrangeMaps(name, slot, groups=max(0, count)))
    channels = context.workspace.channels
    failure = channels.failures.get((slot, node.id))
    found = channels.found(slot, node.id)
    if failure:
        imgui.push_style_color(imgui.Col_.text, ACCENT)
        wrapped_text(failure)
        imgui.pop_style_color()
    elif channels.is_running(slot, node.id):
        imgui.text_colored(muted(), "comparing channels")
    if found is not None:
        property_table(comparison_rows(found), "comparison")
        if layer.order == "correlation":
            property_table(
                [(text, named(channels)) for text, channels in group_rows(found, layer.groups)],
                "groups",
            )


def comparison_rows(groups: ChannelGroups) -> list[tuple[str, str]]:
    """Return what a comparison of channels has found, in words.

    Args:
        groups: The comparison.
    """
    count = groups.image_count
    over = f"{count} image{'s' * (count != 1)} of the data set" if count else "this image"
    rows = [("compared over", over)]
    if len(groups.shares):
        shares = [f"{share:.1%}" for share in groups.shares[:MAX_SHARES].tolist()]
        rows.append(("variance of components", ", ".join(shares)))
    varied = groups.variation_order[:MAX_NAMED]
    rows.append(("vary most", ", ".join(f"{c} ({groups.variation[c]:.3g})" for c in varied[:4])))
    for text, channels in (
        ("always 0", groups.zero),
        ("always the same", groups.constant),
        ("not finite", groups.not_finite),
    ):
        if len(channels):
            rows.append((text, named(channels.tolist())))
    if groups.copies:
        texts = [copy.text for copy in groups.copies[:MAX_NAMED]]
        more = len(groups.copies) - len(texts)
        rows.append(("copies", "; ".join(texts) + (f"; {more} more" if more else "")))
    if groups.skipped:
        rows.append(("images skipped", str(len(groups.skipped))))
    return rows


def named(channels: Sequence[int]) -> str:
    """Return numbers of channels, the first of them and how many more."""
    text = ", ".join(map(str, channels[:MAX_NAMED]))
    more = len(channels) - MAX_NAMED
    return f"{text} and {more} more" if more > 0 else text
