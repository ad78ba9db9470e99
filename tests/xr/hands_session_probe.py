"""A session with hands, reported and asked line by line: a child process of a test.

    python -m tests.xr.hands_session_probe

Prints a line of JSON whenever something has changed. A line on standard input asks where on the
stage something is: `region KIND NUMBER`, `layer NAME ACROSS DOWN`, `image NUMBER` (of the cloud),
`legend NUMBER` (a line of its legend), `board X Y` (pixels) or `menu LABEL`; or executes a command:
`do {JSON}`, as in a list of commands. The end of it ends the session.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from pathlib import Path

import numpy as np

from tests.support.headset import center_of, on_layer, pick_regions
from vrnn.app.headset_view import HeadsetSetup, HeadsetView
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.script import command_from_table
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.render.look import render_colors
from vrnn.scene.image_cloud import CLOUD_KIND, CLOUD_VISUAL
from vrnn.scene.linalg import transformed
from vrnn.scene.state import State

PATIENCE = 240.0


def locate(app, controller, words: list[str]) -> list[float]:
    """Where something is, (3,) of the stage."""
    kind, name, *rest = words
    controls, world = controller.controls, app.world
    if kind == "board":
        board, (width, height) = controls.floating_panel.billboard, controller.panel_gui.size
        x, y = float(name) / width - 0.5, 0.5 - float(rest[0]) / height
        return board.point(x * board.width, y * board.height).tolist()
    if kind == "menu":
        board, number = controls.menu.billboard, controls.menu.labels.index(" ".join(words[1:]))
        angle = 2 * np.pi * number / len(controls.menu.labels)
        x, y = np.sin(angle) * board.width / 2, np.cos(angle) * board.height / 2
        return board.point(x, y).tolist()
    if kind == "image":
        cloud = world.image_cloud
        at = cloud.centers[cloud.row_of(int(name))].astype(float)
    elif kind == "legend":
        regions = world.visuals[CLOUD_VISUAL].pick_regions
        at = center_of([region for region in regions if region.kind == "button"][int(name)])
    elif kind == "region":
        at = center_of(pick_regions(world, name)[int(rest[0])])
    else:
        at = on_layer(world, name, *(float(part) for part in rest))
    return transformed(np.linalg.inv(controller.rig.matrix()), at).tolist()


def report(app, controller, view) -> dict:
    """What holds now."""
    controls, state, world = controller.controls, app.world.state, app.world
    network_object = world.networks[0]
    scores = network_object.result.outputs[0].probabilities
    rig = controller.rig
    return {
        "state": view.headset.state,
        "hands": [hand.ray is not None for hand in controls.hands],
        "rig": [*np.round(rig.position, 3).tolist(), round(rig.yaw, 3), round(rig.scale, 3)],
        "held": app.workspace.hand.image.caption if app.workspace.hand.image is not None else "",
        "number": state.input_image.number,
        "best": int(scores.argmax()),
        "layers": {
            key[1]: [np.round(layer.offset, 2).tolist(), round(layer.size, 2), layer.folded]
            for key, layer in state.layers.items()
        },
        "folds": sorted(name for _, name in state.folds),
        "pointed": network_object.network.by_id[world.hovered.node].name
        if world.hovered is not None and world.hovered.node in network_object.network.by_id
        else "",
        "menu": controls.menu is not None,
        "chosen": controls.menu.chosen_label if controls.menu is not None else "",
        "board": controls.floating_panel.visible,
        "pinned": controls.floating_panel.pinned,
        "cards": [image.name for image in controller.panel_images(view.headset.max_panels)],
        "typing": controller.panel_gui.typing,
        "arc": controls.locomotion.arc is not None and controls.locomotion.arc.target is not None,
        "flying": controls.locomotion.flying,
        "said": controls.feedback.message,
        "undone": app.workspace.history.undo_label,
        "compared": compared_text(app.workspace.similarity.compared),
        "similar": compared_layers(app),
        "cloud": None
        if world.image_cloud is None or app.workspace.image_cloud.pending
        else len(world.image_cloud.numbers),
        "image": world.hovered.value
        if world.hovered is not None and world.hovered.kind == CLOUD_KIND
        else None,
        "classes": list(state.cloud.classes),
    }


def compared_text(region) -> list:
    """What similarity compares with: layer, row and column."""
    return [] if region is None else [region.layer, region.row, region.column]


def compared_layers(app) -> int:
    """How many layers have 1 at the positions that match what is compared with."""
    shown = app.world.similarity.get(0)
    if shown is None:
        return 0
    return sum(
        bool(np.isclose(layer.values[layer.reference[:2]], 1, atol=1e-5))
        for layer in shown.layers.values()
        if layer.reference[2:] == (1, 1)
    )


def main() -> None:
    config = load_config()
    with OffscreenApp([ModelSpec()], config) as app:
        app.workspace.apply_state(State())
        controller = app.hand_controller(config, None)
        setup = HeadsetSetup(
            app.gl_context, app.workspace, app._renderer, config.headset, render_colors(config)
        )
        with controller, HeadsetView(setup, rig_controller=controller, samples=0) as view:
            controller.attach(view.headset)
            view.read_hands = controller.read_hands
            loop(app, controller, view)
            controller.detach()
        print(json.dumps({"error": app.gl_context.error}), flush=True)


def loop(app, controller, view) -> None:
    last, began = None, time.monotonic()
    headset = view.headset
    while headset.alive and time.monotonic() - began < PATIENCE:
        headset.poll()
        if not headset.running:
            time.sleep(0.005)
            continue
        view.frame()
        app.feed.handle_events(app._worker.events())
        app.workspace.content.upload()
        app.workspace.content.tick(
            view.last_frame.camera.position if view.last_frame else np.zeros(3)
        )
        view.prepare_next_frame()
        now = report(app, controller, view)
        if now != last:
            last = now
            print(json.dumps(now), flush=True)
        if select.select([sys.stdin], [], [], 0)[0]:
            lines = os.read(0, 1000).decode().splitlines()
            if not lines:
                headset.request_exit()
                return
            for line in lines:
                answer(app, controller, line)


def answer(app, controller, line: str) -> None:
    """Execute a command, or print where something is."""
    if line.startswith("do "):
        table = json.loads(line.removeprefix("do "))
        controller.controls.do(command_from_table(table, Path()))
        return
    at = locate(app, controller, line.split())
    print(json.dumps({"at": at}), flush=True)


if __name__ == "__main__":
    main()
