"""What both hands do, from OpenXR: controllers of every known kind, or tracked hands."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import byref
from typing import Any

import numpy as np

from vrnn.scene.headset.hand_gestures import hand_input_from_joints
from vrnn.scene.headset.tracking import HandInput, Pose
from vrnn.storage.closeable import Closeable
from vrnn.xr.interaction_profiles import (
    BOOLEANS,
    FLOATS,
    HANDS,
    POSES,
    VECTORS,
    InteractionProfile,
    registered_profiles,
)
from vrnn.xr.raw_calls import RawCalls
from vrnn.xr.runtime import HeadsetError, HeadsetLost, suppress_errors, translate_errors
from vrnn.xr.session import pose_of

HAND_TRACKING = "XR_EXT_hand_tracking"
JOINT_COUNT = 26
NANOSECONDS_PER_SECOND = 1e9


class HandInputReader(Closeable):
    """The actions of one session. Made before the session's first frame; see `read`."""

    def __init__(
        self, xr: Any, calls: RawCalls, instance: Any, session: Any, extensions: frozenset[str],
        profiles: Sequence[InteractionProfile] | None = None,
    ) -> None:  # fmt: skip
        """extensions: that are on; profiles: kinds of controllers, None: all that
        are registered. Raises HeadsetError."""
        self._calls = calls
        self._xr, self._instance, self._session = xr, instance, session
        self._hands = (HandInput(), HandInput())
        self._spaces: dict[tuple[str, int], Any] = {}
        self._trackers: list[Any] = []
        self.refused_profiles: list[str] = []
        with translate_errors(xr):
            self._paths = [xr.string_to_path(instance, hand) for hand in HANDS]
            info = xr.ActionSetCreateInfo("vrnn", "vrnn", 0)
            self._set = xr.create_action_set(instance, info)
            self._actions = self._made()
        if profiles is None:
            profiles = registered_profiles()
        self._suggest([p for p in profiles if not p.extension or p.extension in extensions])
        with translate_errors(xr):
            attached = xr.SessionActionSetsAttachInfo(action_sets=[self._set])
            xr.attach_session_action_sets(session, attached)
            for pose in POSES:
                for hand, path in enumerate(self._paths):
                    wanted = xr.ActionSpaceCreateInfo(self._actions[pose], path)
                    self._spaces[pose, hand] = xr.create_action_space(session, wanted)
        self._sync_info = xr.ActionsSyncInfo(active_action_sets=[xr.ActiveActionSet(self._set, 0)])
        self._asked = {
            (name, hand): xr.ActionStateGetInfo(action=self._actions[name], subaction_path=path)
            for name in (*FLOATS, *BOOLEANS, *VECTORS, "grip")
            for hand, path in enumerate(self._paths)
        }
        self._answers: dict[str, Any] = {
            "Float": xr.ActionStateFloat(), "Boolean": xr.ActionStateBoolean(),
            "Vector2f": xr.ActionStateVector2f(), "Pose": xr.ActionStatePose(),
            "space": xr.SpaceLocation(),
        }  # fmt: skip
        flags = xr.SpaceLocationFlags
        self._valid = int(flags.ORIENTATION_VALID_BIT) | int(flags.POSITION_VALID_BIT)
        if HAND_TRACKING in extensions:
            self._track()

    def _made(self) -> dict[str, Any]:
        """All actions by name."""
        kinds = self._xr.ActionType
        wanted = (
            *((name, kinds.FLOAT_INPUT) for name in FLOATS),
            *((name, kinds.BOOLEAN_INPUT) for name in BOOLEANS),
            *((name, kinds.VECTOR2F_INPUT) for name in VECTORS),
            *((name, kinds.POSE_INPUT) for name in POSES),
            ("haptic", kinds.VIBRATION_OUTPUT),
        )
        return {name: self._action(name, kind) for name, kind in wanted}

    def _action(self, name: str, kind: Any) -> Any:
        said = name.replace("_", " ")
        info = self._xr.ActionCreateInfo(
            action_name=name, localized_action_name=said, action_type=kind,
            count_subaction_paths=2, subaction_paths=self._paths,
        )  # fmt: skip
        return self._xr.create_action(self._set, info)

    def _suggest(self, profiles: Sequence[InteractionProfile]) -> None:
        """Tell the runtime which button is which; one that it does not know it says so of."""
        xr = self._xr
        for profile in profiles:
            pairs = [
                xr.ActionSuggestedBinding(
                    self._actions[name], xr.string_to_path(self._instance, source)
                )
                for name, source in profile.sources()
            ]
            suggested = xr.InteractionProfileSuggestedBinding(
                interaction_profile=xr.string_to_path(self._instance, profile.path),
                count_suggested_bindings=len(pairs),
                suggested_bindings=(xr.ActionSuggestedBinding * len(pairs))(*pairs),
            )
            try:
                xr.suggest_interaction_profile_bindings(self._instance, suggested)
            except xr.PathUnsupportedError:
                self.refused_profiles.append(profile.path)
            except xr.exception.XrException as error:
                raise HeadsetError(
                    f"the headset's runtime refuses the buttons of {profile.path} ({error})"
                ) from error

    def _track(self) -> None:
        """Ask for tracked hands; a headset may have none though its runtime knows of them."""
        xr = self._xr
        self._joints = (xr.HandJointLocationEXT * JOINT_COUNT)()
        self._located = xr.HandJointLocationsEXT(
            joint_count=JOINT_COUNT, joint_locations=self._joints
        )
        self._locate_joints = self._calls.extension(self._instance, "xrLocateHandJointsEXT")
        try:
            for hand in (xr.HandEXT.LEFT, xr.HandEXT.RIGHT):
                info = xr.HandTrackerCreateInfoEXT(
                    hand=hand, hand_joint_set=xr.HandJointSetEXT.DEFAULT
                )
                self._trackers.append(xr.create_hand_tracker_ext(self._session, info))
        except xr.exception.XrException:
            self._let_hands_go()

    # In a frame.

    def read(self, stage: Any, time: int, head: Pose | None) -> tuple[HandInput, HandInput]:
        """What both hands do at a time of the runtime's clock, nanoseconds, in the stage's space.

        Not while the session is not focused: controllers then tell nothing. Raises HeadsetLost.
        """
        xr = self._xr
        try:
            self._calls.sync_actions(self._session, self._sync_info)
        except (xr.InstanceLostError, xr.SessionLostError, xr.RuntimeFailureError) as error:
            raise HeadsetLost(f"the headset's runtime is gone ({error})") from error
        except xr.exception.XrException:  # not focused
            self._hands = (HandInput(), HandInput())
            return self._hands
        with translate_errors(xr):
            left, right = (self._hand(hand, stage, time, head) for hand in (0, 1))
        self._hands = (left, right)
        return self._hands

    def _hand(self, hand: int, stage: Any, time: int, head: Pose | None) -> HandInput:
        if not self._active(hand):
            joints = self._seen(hand, stage, time)
            if joints is None:
                return HandInput()
            return hand_input_from_joints(joints, head, hand, self._hands[hand])
        stick = self._vector("pad" if self._boolean("pad_click", hand) else "stick", hand)
        return HandInput(
            self._pose("aim", hand, stage, time), self._pose("grip", hand, stage, time),
            self._float("trigger", hand), self._float("squeeze", hand), stick,
            self._boolean("primary", hand), self._boolean("secondary", hand),
            self._boolean("menu", hand), self._boolean("stick_click", hand), None, True,
        )  # fmt: skip

    def _answer(self, kind: str, name: str, hand: int) -> Any:
        answer = self._answers[kind]
        self._calls.action_state(kind, self._session, self._asked[name, hand], answer)
        return answer

    def _active(self, hand: int) -> bool:
        """Whether a controller is there, and awake."""
        return bool(self._answer("Pose", "grip", hand).is_active)

    def _float(self, name: str, hand: int) -> float:
        answer = self._answer("Float", name, hand)
        return float(answer.current_state) if answer.is_active else 0.0

    def _boolean(self, name: str, hand: int) -> bool:
        answer = self._answer("Boolean", name, hand)
        return bool(answer.is_active and answer.current_state)

    def _vector(self, name: str, hand: int) -> tuple[float, float]:
        answer = self._answer("Vector2f", name, hand)
        if not answer.is_active:
            return 0.0, 0.0
        return float(answer.current_state.x), float(answer.current_state.y)

    def _pose(self, name: str, hand: int, stage: Any, time: int) -> Pose | None:
        """None while it is not tracked."""
        answer = self._answers["space"]
        self._calls.locate_space(self._spaces[name, hand], stage, time, answer)
        return pose_of(answer.pose) if answer._location_flags & self._valid == self._valid else None

    def _seen(self, hand: int, stage: Any, time: int) -> np.ndarray | None:
        """(26, 7) float32: the joints of a tracked hand; None where none is seen."""
        if not self._trackers:
            return None
        xr = self._xr
        info = xr.HandJointsLocateInfoEXT(base_space=stage, time=time)
        result = self._locate_joints(self._trackers[hand], byref(info), byref(self._located))
        if result < 0 or not self._located.is_active:
            return None
        found = np.zeros((JOINT_COUNT, 7), np.float32)
        for row, joint in zip(found, self._joints, strict=True):
            if int(joint._location_flags) & self._valid != self._valid:
                return None
            place, turn = joint.pose.position, joint.pose.orientation
            row[:] = place.x, place.y, place.z, turn.x, turn.y, turn.z, turn.w
        return found

    def play_pulse(self, hand: int, strength: float, seconds: float) -> None:
        """Let a controller be felt; one that cannot be is left as it is."""
        xr = self._xr
        shake = xr.HapticVibration(int(seconds * NANOSECONDS_PER_SECOND), 0.0, strength)
        info = xr.HapticActionInfo(action=self._actions["haptic"], subaction_path=self._paths[hand])
        with suppress_errors(xr):
            xr.apply_haptic_feedback(self._session, info, shake)

    def current_profile(self, hand: int) -> str:
        """The kind of controller in a hand, as OpenXR names it; '' for none."""
        xr = self._xr
        with translate_errors(xr):
            found = xr.get_current_interaction_profile(self._session, self._paths[hand])
            path = found.interaction_profile
            return str(xr.path_to_string(self._instance, path)) if path else ""

    def _let_hands_go(self) -> None:
        for tracker in self._trackers:
            with suppress_errors(self._xr):
                self._xr.destroy_hand_tracker_ext(tracker)
        self._trackers.clear()

    def close(self) -> None:
        """Let go of everything; the runtime may be gone."""
        self._let_hands_go()
        for space in self._spaces.values():
            with suppress_errors(self._xr):
                self._xr.destroy_space(space)
        self._spaces.clear()
        action_set, self._set = self._set, None
        if action_set is not None:
            with suppress_errors(self._xr):
                self._xr.destroy_action_set(action_set)
