"""Poses and eyes of a headset: OpenXR's structures as vrnn's data."""

from __future__ import annotations

from ctypes import c_uint32
from typing import Any

import numpy as np

from vrnn.scene.headset.tracking import Eye, Pose
from vrnn.scene.linalg import normalized_quaternion
from vrnn.xr.runtime import Runtime, translate_errors


class EyeLocator:
    """Locates both eyes on the stage, as late in a frame as can be."""

    def __init__(self, runtime: Runtime, session: Any, stage: Any) -> None:
        """Makes the structures that each call fills.

        Args:
            runtime: What is asked.
            session: OpenXR's session.
            stage: The space that poses are given in.
        """
        xr = runtime.xr
        self._runtime, self._session = runtime, session
        self._eyes = (Eye(), Eye())
        self._info = xr.ViewLocateInfo(xr.ViewConfigurationType.PRIMARY_STEREO, 0, stage)
        self._views = (xr.View * 2)(xr.View(), xr.View())
        self._state, self._count = xr.ViewState(), c_uint32(2)
        flags = xr.ViewStateFlags
        self._valid = int(flags.ORIENTATION_VALID_BIT | flags.POSITION_VALID_BIT)

    @property
    def last_eyes(self) -> tuple[Eye, Eye]:
        """The left and the right eye where they were tracked last."""
        return self._eyes

    def locate(self, time: int) -> tuple[tuple[Eye, Eye], bool]:
        """Locates both eyes.

        Args:
            time: For which they are predicted, nanoseconds of the runtime's clock.

        Returns:
            The left and the right eye, and whether they are tracked; where they were last while
            they are not.

        Raises:
            HeadsetError: The runtime refuses.
        """
        self._info.display_time = time
        with translate_errors(self._runtime.xr):
            self._runtime.calls.locate_views(
                self._session, self._info, self._state, self._count, self._views
            )
        # As a number: pyopenxr's own property looks every flag up, which takes longer than asking.
        tracked = int(self._state._view_state_flags) & self._valid == self._valid
        if tracked:
            left, right = (eye_of(view) for view in self._views)
            self._eyes = (left, right)
        return self._eyes, tracked


def pose_of(pose: Any) -> Pose:
    """Returns an `XrPosef` as a pose, its quaternion made exactly of length 1."""
    position, orientation = pose.position, pose.orientation
    quaternion = np.array([orientation.x, orientation.y, orientation.z, orientation.w], np.float64)
    return Pose(
        np.array([position.x, position.y, position.z], np.float64),
        normalized_quaternion(quaternion),
    )


def eye_of(view: Any) -> Eye:
    """Returns an `XrView` as an eye."""
    fov = view.fov
    angles = (fov.angle_left, fov.angle_right, fov.angle_up, fov.angle_down)
    return Eye(pose_of(view.pose), angles)
