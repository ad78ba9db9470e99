"""A person with a headset, made of plain data: where they stand, what they point at and press."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vrnn.config.loader import load_config
from vrnn.controls.hands.hand_controls import HandControls
from vrnn.scene.headset.hand_gestures import INDEX, KNUCKLE, MIDDLE, RING, THUMB, pose_along
from vrnn.scene.headset.tracking import Eye, HandInput, Pose, TrackingFrame
from vrnn.scene.linalg import transformed

FRAME = 1 / 90
LEFT, RIGHT = 0, 1


def looking(position, at) -> Pose:
    """A pose at `position` that points at `at`."""
    position, at = np.array(position, float), np.array(at, float)
    return pose_along(position, at - position)


class Person:
    """Drives `HandControls` frame by frame."""

    def __init__(
        self, workspace, panels=None, rig=None, context=None, file=None, **comfort
    ) -> None:
        settings = replace(load_config().comfort, **comfort)
        self.controls = HandControls(workspace, settings, context, panels, file, rig)
        self.workspace = workspace
        self.now = 100.0
        self.head = Pose(np.array([0.0, 1.65, 0.0]))
        self.input = [
            HandInput(aim=p, grip=p, active=True)
            for p in (Pose(np.array([-0.2, 1.25, -0.35])), Pose(np.array([0.2, 1.25, -0.35])))
        ]
        self.done, self.pulses = [], []
        self.focused = True
        self.frame()

    def frame(self, count: int = 1) -> None:
        """Let frames go by."""
        for _ in range(count):
            self.now += FRAME
            eyes = (Eye(self.head), Eye(self.head))
            tracking = TrackingFrame(
                self.now, self.head, eyes, (self.input[0], self.input[1]), self.focused
            )
            done, pulses = self.controls.update(tracking, FRAME)
            self.done += done
            self.pulses += pulses

    def wait(self, seconds: float) -> None:
        """Let time go by."""
        self.frame(round(seconds / FRAME))

    def set(self, hand: int, **changes) -> None:
        """Change what a hand reports, from the next frame on."""
        self.input[hand] = replace(self.input[hand], **changes)
        self.frame()

    def tap(self, hand: int, button: str) -> None:
        """Press a button and let go of it."""
        down = 1.0 if button in ("trigger", "squeeze") else True
        self.set(hand, **{button: down})
        self.frame(3)
        self.set(hand, **{button: type(down)(0)})

    def stage(self, world) -> np.ndarray:
        """(3,) of the stage of a point of the world."""
        return transformed(np.linalg.inv(self.controls.rig.matrix()), np.asarray(world, float))

    def point(self, hand: int, world) -> None:
        """Point at a place of the world."""
        pose = looking(self.input[hand].aim.position, self.stage(world))
        self.set(hand, aim=pose, grip=pose)

    def reach(self, hand: int, stage, world=None) -> None:
        """Move a hand to a place of the stage, pointing on as before or at a place of the world."""
        before = self.input[hand].aim
        pose = Pose(np.array(stage, float), before.orientation)
        if world is not None:
            pose = looking(stage, self.stage(world))
        self.set(hand, aim=pose, grip=pose)


def center_of(region) -> np.ndarray:
    """(3,) meters: the center of a pick region."""
    return np.array(region.origin) + (np.array(region.right) + np.array(region.down)) / 2


def pick_regions(world, kind):
    """The pick regions of one kind."""
    return [region for region in world.pick_regions() if region.kind == kind]


def on_layer(world, name, across=0.5, down=0.5) -> np.ndarray:
    """(3,) meters: a point on a layer's panel."""
    node = world.networks[0].node_ids[name]
    x, y, z, width, height = world.placement_frame(0).panel_rect(node).tolist()
    return np.array([x + (across - 0.5) * width, y + (1 - down) * height, z])


def hand_joints(pinch=None, at=(0.2, 1.3, -0.4)):
    """(26, 7) float32: a hand with fingers stretched ahead, one of which may meet the thumb."""
    joints = np.zeros((26, 7), np.float32)
    joints[:, 6] = 1
    joints[:, :3] = at
    for finger, x in ((THUMB, -0.06), (INDEX, -0.02), (MIDDLE, 0.0), (RING, 0.02)):
        joints[finger, :3] += (x, 0.0, -0.08)
    joints[KNUCKLE, :3] += (-0.02, 0.0, -0.02)
    if pinch is not None:
        joints[pinch, :3] = joints[THUMB, :3] + (0.005, 0, 0)
    return joints
