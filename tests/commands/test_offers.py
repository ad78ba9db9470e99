"""What each command offers, refuses and changes at whatever is pointed at, against golden text."""

import re
from dataclasses import fields

import pytest

from tests.support import golden_text
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.ablation import Ablate
from vrnn.commands.base import UndoableCommand
from vrnn.commands.display import Fold, SetArrangement, SetColorMapping
from vrnn.commands.edit import Undo
from vrnn.commands.explain import (
    ExplainTarget,
    SetRelevanceDisplay,
    ShowRelevance,
)
from vrnn.commands.inputs import SetInputImage
from vrnn.commands.layers import ArrangeMaps, MoveLayer, PinLayer, ScaleLayer
from vrnn.commands.registry import registered
from vrnn.commands.relevance_conditions import RestrictRelevance
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.picking import Hit
from vrnn.storage.serialization import to_dict

TIME = re.compile(r"vrnn-\d{8}-\d{6}")
"""In the names of files that are offered."""
LAYER = "stage2.0.conv1"
SCENES = {
    "at-first": [],
    "with-a-pin": [PinLayer(LAYER)],
    "with-a-difference": [PinLayer(LAYER, kind="difference"), PinLayer("stem.0")],
    "ablated": [Ablate(LAYER, channels=(3,)), Ablate("stem.0")],
    "moved": [MoveLayer(LAYER, by=(0.5, 0.0, 1.0)), ScaleLayer(LAYER, by=2.0)],
    "arranged": [
        ArrangeMaps(LAYER, form="ring", order="mean"),
        SetArrangement("conveyor"),
        SetColorMapping(colormap="viridis", normalize_by="network", gamma=1.0),
    ],
    "folded": [Fold(LAYER), Fold("stage1")],
    "explained": [ShowRelevance()],
    "explained-otherwise": [
        ExplainTarget("7", method="attention"),
        RestrictRelevance(LAYER, (1, 3)),
        SetRelevanceDisplay(placement="over", normalize_by="network", smooth=True),
    ],
    "undone": [SetInputImage(number=3), MoveLayer(LAYER, by=(1.0, 0.0, 0.0)), Undo()],
}
"""What was done before, by the name of the golden file."""


@pytest.fixture(scope="module")
def opened():
    with OffscreenApp([ModelSpec()], load_config()) as app:
        yield app


@pytest.fixture
def app(opened):
    if opened.workspace.history.undo_label:
        opened.do(Undo(times=1_000))
    return opened


def hits(app):
    """A position in a map, the gap between maps, one thing of each kind, and nothing."""
    node = app.world.networks[0].node_ids[LAYER]
    yield "position", Hit("layer", 1.0, 0, node, 3, 5, 9, None, 0.3, 0.4)
    yield "gap", Hit("layer", 1.0, 0, node, -1, 0, 0, None, 0.99, 0.99)
    kinds = {}
    for region in app.world.pick_regions():
        kinds.setdefault(region.kind, region)
    for kind, region in kinds.items():
        yield kind, Hit(kind, 1.0, region.slot, region.node, value=region.value)
    yield "nothing", None


def offer(app, info, hit, precise):
    """The command that is offered, or why there is none."""
    try:
        return info.kind.for_hit(app.context, hit, precise)
    except VrnnError as error:
        return f"refused: {error}"


def changes(app, command):
    """What a command changes of the state, or why it cannot be done."""
    state = app.world.state
    try:
        after = command.apply(state, app.world)
    except VrnnError as error:
        return f"refused: {error}"
    told = []
    for field in fields(after):
        before, now = getattr(state, field.name), getattr(after, field.name)
        if before != now:
            if field.name in ("layers", "choices"):
                now = {
                    key: now.get(key)
                    for key in {**before, **now}
                    if before.get(key) != now.get(key)
                }
            elif field.name == "folds":
                now = sorted(now)
            told.append(f"{field.name}: {now}")
    return f"'{command.message(app.context)}' {'; '.join(told) or 'nothing'}"


def blocks(app, with_variants):
    """Lines by command: what it offers where, and what that changes."""
    found = {}
    everywhere = list(hits(app))
    for info in registered():
        offers = {}
        for name, hit in everywhere:
            for precise in (False, True):
                made = offer(app, info, hit, precise)
                text = TIME.sub("vrnn-TIME", str(made))
                offers.setdefault(text, (made, []))[1].append(f"{name}{'!' * precise}")
        lines = []
        for text, (made, names) in offers.items():
            lines.append(f"{', '.join(names) if len(offers) > 1 else 'always'}: {text}")
            if isinstance(made, UndoableCommand):
                lines.append(f"  {changes(app, made)}")
        for title, variant in info.kind.variants() if with_variants else ():
            lines.append(f"variant '{title}': {to_dict(variant)}")
            if isinstance(variant, UndoableCommand):
                lines.append(f"  {changes(app, variant)}")
        found[info.name] = [TIME.sub("vrnn-TIME", line) for line in lines]
    return found


@pytest.fixture(scope="module")
def at_first(opened):
    return blocks(opened, with_variants=True)


@pytest.mark.parametrize("scene", SCENES)
def test_what_commands_offer_and_change(app, at_first, scene, regenerate):
    """Of a scene that was changed, only what is otherwise than at first."""
    for command in SCENES[scene]:
        app.do(command)
    found = blocks(app, with_variants=True) if SCENES[scene] else at_first
    lines = [f"undo '{app.workspace.history.undo_label}' redo '{app.workspace.history.redo_label}'"]
    for name, block in found.items():
        if not SCENES[scene] or block != at_first[name]:
            lines += [f"# {name}", *block]
    golden_text.check(f"commands/{scene}", lines, regenerate)
