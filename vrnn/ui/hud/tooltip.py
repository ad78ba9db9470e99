"""The tooltip at the pointer: what it is on, and what a click and the keys do there."""

from __future__ import annotations

from dataclasses import dataclass

from vrnn.commands.ablation import Ablate
from vrnn.commands.key_bindings import KeyMap
from vrnn.commands.registry import Ring, registered
from vrnn.scene.attention_overlay import attention_text
from vrnn.scene.cka_pointing import pair_lines, pointed_pair
from vrnn.scene.image_cloud import CLOUD_KIND
from vrnn.scene.picking import Hit
from vrnn.scene.readout import hover_text
from vrnn.scene.ribbon_picking import RIBBON_KIND
from vrnn.scene.visuals.cka_board import CKA_KIND
from vrnn.scene.visuals.free_room import free_box
from vrnn.scene.visuals.output_bars import class_name
from vrnn.scene.world import World
from vrnn.style import font
from vrnn.ui.hud.overlay import BACKGROUND, BRIGHT_COLOR, TEXT_COLOR, HudCanvas, wrap_text
from vrnn.workspace.workspace import Workspace

OFFSET = (20.0, 26.0)
"""Units from the pointer to the upper left corner."""
MARGIN = 8.0
"""Units to the edge of the picture, and to what it does not cover."""
PADDING = 13.0
LINE_HEIGHT = 24.0
TEXT_SIZE, KEY_SIZE = 10.5, 9.0
"""Heights of capital letters."""
MAX_WIDTH = 330.0
"""Units of a line."""
MAX_KEYS = 5
"""Keys that are named; the help lists all."""
CLICKS = {
    "handle": "drag to move the layer, with Shift along the floor",
    "corner": "drag to scale the layer",
    "bracket": "click to fold this module or to open it",
    "features": "click to see what each channel responds to",
    "thumbnail": "click to pick up this image",
    "pin": "click to remove this copy",
    "target": "click to see why: relevance for this; once more hides it",
    "class": "click to see why: relevance for this class; once more hides it",
}
"""What a click does on things that are no layers, by the kind of what is hit."""
CKA_CLICK = "click to go to the first of these layers"
"""What can be done with a cell of the board with CKA."""
CLOUD_ACTIONS = ("click to pick up this image", "Ctrl+A select around it")
"""What can be done with an image of a cloud."""


@dataclass(frozen=True)
class Tooltip:
    """What is said at the pointer.

    Attributes:
        lines: What is there.
        actions: What can be done with it.
    """

    lines: tuple[str, ...]
    actions: tuple[str, ...] = ()


def find_tooltip(workspace: Workspace, key_map: KeyMap) -> Tooltip | None:
    """Describe what the pointer is on.

    Args:
        workspace: The open document.
        key_map: The keys.

    Returns:
        None for nothing, and while an image is held, which has a text of its own.
    """
    hit = workspace.world.hovered
    if hit is None or workspace.hand.image is not None:
        return None
    if hit.kind == "input":
        attends = attention_text(workspace.world, hit)
        return Tooltip(
            ("the input", *([attends] if attends else [])), ("click to pick up this image",)
        )
    if hit.kind == CKA_KIND:
        pair = pointed_pair(hit)
        return None if pair is None else Tooltip(pair_lines(pair), (CKA_CLICK,))
    if hit.kind == CLOUD_KIND:
        lines = workspace.image_cloud.selection.describe(int(hit.value))
        return Tooltip(lines, CLOUD_ACTIONS) if lines else None
    lines = tuple(part for part in hover_text(workspace.world).split("   ") if part)
    if hit.kind == "layer" and lines:
        name, *rest = lines
        return Tooltip(
            (name, *rest[:1], *_joined(rest[1:])), _layer_actions(hit, workspace.world, key_map)
        )
    if hit.kind == "edge":
        return Tooltip(lines) if lines else None
    if hit.kind == RIBBON_KIND:  # the last line says what a click does
        return Tooltip(lines[:-1], lines[-1:]) if lines else None
    click = CLICKS.get(hit.kind, "")
    if click and hit.kind in ("handle", "corner", "features"):
        return Tooltip(lines[:1], (click,))
    what = str(hit.value) if hit.kind in ("bracket", "target") else ""
    if what.isdecimal():
        what = f"value {what}"
    if hit.kind == "class":
        what = class_name(int(hit.value), workspace.world.networks[hit.slot].info.class_names)
    return Tooltip((what,) if what else (), (click,)) if click else None


def _joined(parts: list[str]) -> tuple[str, ...]:
    """Shape and what is shown of it in one line, channel and value in another."""
    value = [part for part in parts if " = " in part]
    shape = " · ".join(part for part in parts if " = " not in part)
    return tuple(line for line in (shape, *value) if line)


def _layer_actions(hit: Hit, world: World, key_map: KeyMap) -> tuple[str, ...]:
    actions = ["click: pick up this map"] if hit.channel >= 0 else []
    for info in registered():
        key = key_map.printed(info.name)
        if key and info.radial is not None and info.radial.ring is Ring.LAYER:
            restores = info.kind is Ablate and _is_ablated(hit, world)
            actions.append(f"{key} {'restore' if restores else info.radial.label}")
    return tuple(actions[: MAX_KEYS + 1])


def _is_ablated(hit: Hit, world: World) -> bool:
    """Whether the channel that is pointed at is ablated by itself."""
    name = world.visible_node(hit.slot, hit.node).name
    return any(
        (one.network, one.layer, one.channels) == (hit.slot, name, (hit.channel,))
        for one in world.state.ablations
    )


def draw_tooltip(canvas: HudCanvas, tooltip: Tooltip, x: float, y: float) -> None:
    """Draw a tooltip beside the pointer, inside the picture and clear of `HudCanvas.taken`.

    Args:
        canvas: Where to draw.
        tooltip: What it says.
        x: The pointer, units from the left edge.
        y: The pointer, units from the upper edge.
    """
    rows = [
        (line, TEXT_SIZE, BRIGHT_COLOR if text is tooltip.lines[0] else TEXT_COLOR)
        for text in tooltip.lines
        for line in wrap_text(text, MAX_WIDTH, TEXT_SIZE)
    ]
    rows += [(line, KEY_SIZE, TEXT_COLOR) for line in _action_lines(tooltip.actions)]
    width = max(font.text_width(text) * size for text, size, _ in rows) + 2 * PADDING
    height = len(rows) * LINE_HEIGHT + 2 * PADDING - 6
    picture = canvas.width, canvas.height
    box = free_box((width, height), (x, y), picture, canvas.taken, OFFSET, MARGIN)
    left, top = box[:2]
    canvas.cover(left, top, width, height)
    canvas.rectangle(left, top, width, height, BACKGROUND)
    for number, (text, size, color) in enumerate(rows):
        base = top + PADDING + LINE_HEIGHT * number + 13
        canvas.text(left + PADDING, base, text, size, color)


def _action_lines(actions: tuple[str, ...]) -> list[str]:
    """Put actions side by side, none of them broken."""
    lines: list[str] = []
    for action in actions:
        longer = f"{lines[-1]} · {action}" if lines else action
        if lines and font.text_width(longer) * KEY_SIZE <= MAX_WIDTH:
            lines[-1] = longer
        else:
            lines.append(action)
    return lines
