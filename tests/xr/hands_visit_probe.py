"""A visit with hands, told and asked line by line: a child process of a test.

    python -m tests.xr.hands_visit_probe

Prints a line of JSON whenever something has changed. A line on standard input asks where on the
stage something is: `spot KIND NUMBER`, `layer NAME ACROSS DOWN`, `board X Y` (pixels) or `menu
WORD`; the end of it ends the visit.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time

import numpy as np

from tests.support.headset import middle, on_layer, spots
from vrnn.app.headset_view import HeadsetView
from vrnn.app.offscreen import OffscreenApp
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.render.look import render_colors
from vrnn.scene.linalg import transformed
from vrnn.scene.state import State

PATIENCE = 90.0


def place_of(studio, guide, words: list[str]) -> list[float]:
    """(3,) of the stage."""
    kind, name, *rest = words
    hands, world = guide.controls, studio.world
    if kind == "board":
        leaf, (width, height) = hands.floating_panel.billboard, guide.panel_gui.size
        x, y = float(name) / width - 0.5, 0.5 - float(rest[0]) / height
        return leaf.point(x * leaf.width, y * leaf.height).tolist()
    if kind == "menu":
        leaf, number = hands.menu.billboard, hands.menu.labels.index(" ".join(words[1:]))
        angle = 2 * np.pi * number / len(hands.menu.labels)
        x, y = np.sin(angle) * leaf.width / 2, np.cos(angle) * leaf.height / 2
        return leaf.point(x, y).tolist()
    if kind == "spot":
        at = middle(spots(world, name)[int(rest[0])])
    else:
        at = on_layer(world, name, *(float(part) for part in rest))
    return transformed(np.linalg.inv(guide.rig.matrix()), at).tolist()


def told(studio, guide, visit) -> dict:
    """What is so now."""
    hands, state, world = guide.controls, studio.world.state, studio.world
    stand = world.networks[0]
    scores = stand.result.outputs[0].probabilities
    rig = guide.rig
    return {
        "state": visit.headset.state,
        "hands": [hand.ray is not None for hand in hands.hands],
        "rig": [*np.round(rig.position, 3).tolist(), round(rig.yaw, 3), round(rig.scale, 3)],
        "held": studio.workspace.hand.image.caption
        if studio.workspace.hand.image is not None
        else "",
        "number": state.input_image.number,
        "best": int(scores.argmax()),
        "layers": {
            key[1]: [np.round(layer.offset, 2).tolist(), round(layer.size, 2), layer.folded]
            for key, layer in state.layers.items()
        },
        "folds": sorted(name for _, name in state.folds),
        "pointed": stand.network.by_id[world.hovered.node].name
        if world.hovered is not None and world.hovered.node in stand.network.by_id
        else "",
        "menu": hands.menu is not None,
        "chosen": hands.menu.chosen_label if hands.menu is not None else "",
        "board": hands.floating_panel.visible,
        "pinned": hands.floating_panel.pinned,
        "typing": guide.panel_gui.typing,
        "arc": hands.locomotion.arc is not None and hands.locomotion.arc.target is not None,
        "flying": hands.locomotion.flying,
        "said": hands.feedback.message,
        "undone": studio.workspace.history.undo_label,
    }


def main() -> None:
    config = load_config()
    with OffscreenApp([ModelSpec()], config) as studio:
        studio.workspace.apply_state(State())
        guide = studio.hand_controller(config, None)
        with (
            guide,
            HeadsetView(
                studio.gl_context,
                studio.workspace,
                studio._renderer,
                config.headset,
                render_colors(config),
                rig_controller=guide,
                samples=0,
            ) as visit,
        ):
            guide.attach(visit.headset)
            visit.read_hands = guide.read_hands
            loop(studio, guide, visit)
            guide.detach()
        print(json.dumps({"error": studio.gl_context.error}), flush=True)


def loop(studio, guide, visit) -> None:
    last, began = None, time.monotonic()
    headset = visit.headset
    while headset.alive and time.monotonic() - began < PATIENCE:
        headset.poll()
        if not headset.running:
            time.sleep(0.005)
            continue
        visit.frame()
        studio.feed.handle_events(studio._worker.events())
        studio.workspace.content.upload()
        studio.workspace.content.tick(
            visit.last_frame.camera.position if visit.last_frame else np.zeros(3)
        )
        visit.prepare_next_frame()
        now = told(studio, guide, visit)
        if now != last:
            last = now
            print(json.dumps(now), flush=True)
        if select.select([sys.stdin], [], [], 0)[0]:
            line = os.read(0, 1000).decode()
            if not line:
                headset.request_exit()
                return
            at = place_of(studio, guide, line.split())
            print(json.dumps({"at": at}), flush=True)


if __name__ == "__main__":
    main()
