"""Hand trackers: the joints of hands without controllers, from OpenXR."""

from __future__ import annotations

from ctypes import byref
from typing import Any

import numpy as np

from vrnn.storage.closeable import Closeable
from vrnn.xr.raw_calls import RawCalls
from vrnn.xr.runtime import suppress_errors

HAND_TRACKING = "XR_EXT_hand_tracking"
JOINT_COUNT = 26


class HandTrackers(Closeable):
    """Tracks both hands, where runtime and headset can."""

    def __init__(
        self, xr: Any, calls: RawCalls, instance: Any, session: Any, extensions: frozenset[str]
    ) -> None:
        """Asks for tracked hands; a headset may have none though its runtime knows of them.

        Args:
            xr: The module of pyopenxr.
            calls: The runtime's short calls.
            instance: OpenXR's instance.
            session: OpenXR's session.
            extensions: Names of the extensions that are enabled.
        """
        self._xr = xr
        self._trackers: list[Any] = []
        if HAND_TRACKING not in extensions:
            return
        flags = xr.SpaceLocationFlags
        self._valid = int(flags.ORIENTATION_VALID_BIT) | int(flags.POSITION_VALID_BIT)
        self._joints = (xr.HandJointLocationEXT * JOINT_COUNT)()
        self._locations = xr.HandJointLocationsEXT(
            joint_count=JOINT_COUNT, joint_locations=self._joints
        )
        self._locate = calls.extension(instance, "xrLocateHandJointsEXT")
        try:
            for hand in (xr.HandEXT.LEFT, xr.HandEXT.RIGHT):
                info = xr.HandTrackerCreateInfoEXT(
                    hand=hand, hand_joint_set=xr.HandJointSetEXT.DEFAULT
                )
                self._trackers.append(xr.create_hand_tracker_ext(session, info))
        except xr.exception.XrException:
            self.close()

    def read_joints(self, hand: int, stage: Any, time: int) -> np.ndarray | None:
        """Reads the joints of a hand.

        Args:
            hand: 0 for the left hand, 1 for the right.
            stage: The space that positions are given in.
            time: Nanoseconds of the runtime's clock.

        Returns:
            (26, 7) float32 in OpenXR's order: position in meters of the stage, then quaternion
            x, y, z, w. None where no hand is seen.
        """
        if not self._trackers:
            return None
        info = self._xr.HandJointsLocateInfoEXT(base_space=stage, time=time)
        result = self._locate(self._trackers[hand], byref(info), byref(self._locations))
        if result < 0 or not self._locations.is_active:
            return None
        joints = np.zeros((JOINT_COUNT, 7), np.float32)
        for row, joint in zip(joints, self._joints, strict=True):
            if int(joint._location_flags) & self._valid != self._valid:
                return None
            position, orientation = joint.pose.position, joint.pose.orientation
            row[:3] = position.x, position.y, position.z
            row[3:] = orientation.x, orientation.y, orientation.z, orientation.w
        return joints

    def close(self) -> None:
        """Destroys the trackers; the runtime may be gone."""
        for tracker in self._trackers:
            with suppress_errors(self._xr):
                self._xr.destroy_hand_tracker_ext(tracker)
        self._trackers.clear()
