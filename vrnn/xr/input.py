"""Input of both hands from OpenXR: controllers of every registered kind, or tracked hands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from vrnn.scene.headset.hand_gestures import hand_input_from_joints
from vrnn.scene.headset.tracking import HandInput, Pose
from vrnn.storage.closeable import Closeable
from vrnn.xr.hand_trackers import HandTrackers
from vrnn.xr.interaction_profiles import (
    BARE_HANDS,
    BOOLEANS,
    FLOATS,
    HANDS,
    POSES,
    VECTORS,
    InteractionProfile,
    registered_profiles,
)
from vrnn.xr.poses import pose_of
from vrnn.xr.raw_calls import RawCalls
from vrnn.xr.runtime import HeadsetError, HeadsetLost, suppress_errors, translate_errors

NANOSECONDS_PER_SECOND = 1e9
PROFILE_READS = 45
"""Reads of a hand from one look at what it holds to the next."""


class HandInputReader(Closeable):
    """Reads the actions of one session; made before the session's first frame.

    Attributes:
        refused_profiles: Paths of the interaction profiles that the runtime does not know.
        knows_bare_hands: Whether the runtime knows the gestures of hands that hold nothing.
    """

    def __init__(
        self, xr: Any, calls: RawCalls, instance: Any, session: Any, extensions: frozenset[str],
        profiles: Sequence[InteractionProfile] | None = None,
    ) -> None:  # fmt: skip
        """Creates the actions and suggests which buttons they are bound to.

        Args:
            xr: The module of pyopenxr.
            calls: The runtime's short calls.
            instance: OpenXR's instance.
            session: OpenXR's session, which has shown no frame yet.
            extensions: Names of the extensions that are enabled.
            profiles: Kinds of controllers; None for all that are registered.

        Raises:
            HeadsetError: The runtime refuses the actions or their bindings.
        """
        self._calls = calls
        self._xr, self._instance, self._session = xr, instance, session
        self._hands = (HandInput(), HandInput())
        self._spaces: dict[tuple[str, int], Any] = {}
        self.refused_profiles: list[str] = []
        with translate_errors(xr):
            self._paths = [xr.string_to_path(instance, hand) for hand in HANDS]
            info = xr.ActionSetCreateInfo("vrnn", "vrnn", 0)
            self._set = xr.create_action_set(instance, info)
            self._actions = self._create_actions()
        if profiles is None:
            profiles = registered_profiles()
        suggested = [p for p in profiles if not p.extension or p.extension in extensions]
        self._suggest(suggested)
        paths = {p.path for p in suggested} - set(self.refused_profiles)
        self.knows_bare_hands = BARE_HANDS in paths
        self._bare = [(False, 0), (False, 0)]
        self._attach()
        self._sync_info = xr.ActionsSyncInfo(active_action_sets=[xr.ActiveActionSet(self._set, 0)])
        self._queries = {
            (name, hand): xr.ActionStateGetInfo(action=self._actions[name], subaction_path=path)
            for name in (*FLOATS, *BOOLEANS, *VECTORS, "grip")
            for hand, path in enumerate(self._paths)
        }
        self._states: dict[str, Any] = {
            "Float": xr.ActionStateFloat(), "Boolean": xr.ActionStateBoolean(),
            "Vector2f": xr.ActionStateVector2f(), "Pose": xr.ActionStatePose(),
        }  # fmt: skip
        self._location = xr.SpaceLocation()
        flags = xr.SpaceLocationFlags
        self._valid = int(flags.ORIENTATION_VALID_BIT) | int(flags.POSITION_VALID_BIT)
        self._trackers = HandTrackers(xr, calls, instance, session, extensions)

    def _create_actions(self) -> dict[str, Any]:
        """Creates all actions; returns them by name."""
        types = self._xr.ActionType
        declared = (
            *((name, types.FLOAT_INPUT) for name in FLOATS),
            *((name, types.BOOLEAN_INPUT) for name in BOOLEANS),
            *((name, types.VECTOR2F_INPUT) for name in VECTORS),
            *((name, types.POSE_INPUT) for name in POSES),
            ("haptic", types.VIBRATION_OUTPUT),
        )
        return {name: self._create_action(name, action_type) for name, action_type in declared}

    def _create_action(self, name: str, action_type: Any) -> Any:
        info = self._xr.ActionCreateInfo(
            action_name=name, localized_action_name=name.replace("_", " "),
            action_type=action_type, count_subaction_paths=2, subaction_paths=self._paths,
        )  # fmt: skip
        return self._xr.create_action(self._set, info)

    def _suggest(self, profiles: Sequence[InteractionProfile]) -> None:
        """Suggests the bindings of profiles; those that the runtime does not know are noted."""
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

    def _attach(self) -> None:
        """Attaches the actions to the session, and creates a space for each pose of each hand."""
        xr = self._xr
        with translate_errors(xr):
            attached = xr.SessionActionSetsAttachInfo(action_sets=[self._set])
            xr.attach_session_action_sets(self._session, attached)
            for pose in POSES:
                for hand, path in enumerate(self._paths):
                    info = xr.ActionSpaceCreateInfo(self._actions[pose], path)
                    self._spaces[pose, hand] = xr.create_action_space(self._session, info)

    # Each frame.

    def read(self, stage: Any, time: int, head: Pose | None) -> tuple[HandInput, HandInput]:
        """Reads what both hands do; while the session is not focused, they do nothing.

        Args:
            stage: The space that poses are given in.
            time: Of the frame, nanoseconds of the runtime's clock.
            head: In the stage; from where tracked hands point.

        Returns:
            The input of the left and the right hand.

        Raises:
            HeadsetLost: The runtime is gone.
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
            left, right = (self._read_hand(hand, stage, time, head) for hand in (0, 1))
        self._hands = (left, right)
        return self._hands

    def _read_hand(self, hand: int, stage: Any, time: int, head: Pose | None) -> HandInput:
        is_held = self._is_active(hand)
        if not is_held or self._is_bare(hand):
            joints = self._trackers.read_joints(hand, stage, time)
            if joints is not None:
                seen = hand_input_from_joints(joints, head, hand, self._hands[hand])
                return self._with_gestures(seen, hand, stage, time) if is_held else seen
        if not is_held:
            return HandInput()
        stick = self._vector("pad" if self._boolean("pad_click", hand) else "stick", hand)
        return HandInput(
            self._pose("aim", hand, stage, time), self._pose("grip", hand, stage, time),
            self._float("trigger", hand), self._float("squeeze", hand), stick,
            self._boolean("primary", hand), self._boolean("secondary", hand),
            self._boolean("menu", hand), self._boolean("stick_click", hand), None, True,
        )  # fmt: skip

    def _is_bare(self, hand: int) -> bool:
        """Whether what is active is a hand that holds nothing; asked anew now and then."""
        if not self.knows_bare_hands:
            return False
        known, reads = self._bare[hand]
        if reads % PROFILE_READS == 0:
            known = self.current_profile(hand) == BARE_HANDS
        self._bare[hand] = known, reads + 1
        return known

    def _with_gestures(self, seen: HandInput, hand: int, stage: Any, time: int) -> HandInput:
        """What is seen of a hand, with the aim, pinch and fist that the runtime makes of it.

        The menu stays the pinch of the ring finger, as no profile has another.
        """
        return replace(
            seen,
            aim=self._pose("aim", hand, stage, time) or seen.aim,
            grip=self._pose("grip", hand, stage, time) or seen.grip,
            trigger=self._float("trigger", hand),
            squeeze=max(self._float("squeeze", hand), seen.squeeze),
        )

    def _state(self, action_type: str, name: str, hand: int) -> Any:
        state = self._states[action_type]
        self._calls.action_state(action_type, self._session, self._queries[name, hand], state)
        return state

    def _is_active(self, hand: int) -> bool:
        """Whether a controller is there, and awake."""
        return bool(self._state("Pose", "grip", hand).is_active)

    def _float(self, name: str, hand: int) -> float:
        state = self._state("Float", name, hand)
        return float(state.current_state) if state.is_active else 0.0

    def _boolean(self, name: str, hand: int) -> bool:
        state = self._state("Boolean", name, hand)
        return bool(state.is_active and state.current_state)

    def _vector(self, name: str, hand: int) -> tuple[float, float]:
        state = self._state("Vector2f", name, hand)
        if not state.is_active:
            return 0.0, 0.0
        return float(state.current_state.x), float(state.current_state.y)

    def _pose(self, name: str, hand: int, stage: Any, time: int) -> Pose | None:
        """Returns a pose of a hand, in the stage; None while it is not tracked."""
        location = self._location
        self._calls.locate_space(self._spaces[name, hand], stage, time, location)
        tracked = location._location_flags & self._valid == self._valid
        return pose_of(location.pose) if tracked else None

    def play_pulse(self, hand: int, strength: float, seconds: float) -> None:
        """Lets a controller vibrate; one that cannot is left as it is.

        Args:
            hand: 0 for the left hand, 1 for the right.
            strength: Amplitude, 0…1.
            seconds: Duration.
        """
        xr = self._xr
        vibration = xr.HapticVibration(int(seconds * NANOSECONDS_PER_SECOND), 0.0, strength)
        info = xr.HapticActionInfo(action=self._actions["haptic"], subaction_path=self._paths[hand])
        with suppress_errors(xr):
            xr.apply_haptic_feedback(self._session, info, vibration)

    def current_profile(self, hand: int) -> str:
        """Returns the path of the interaction profile of the controller in a hand; '' for none.

        Raises:
            HeadsetError: The runtime does not answer.
        """
        xr = self._xr
        with translate_errors(xr):
            state = xr.get_current_interaction_profile(self._session, self._paths[hand])
            path = state.interaction_profile
            return str(xr.path_to_string(self._instance, path)) if path else ""

    def close(self) -> None:
        """Destroys all actions and spaces; the runtime may be gone."""
        self._trackers.close()
        for space in self._spaces.values():
            with suppress_errors(self._xr):
                self._xr.destroy_space(space)
        self._spaces.clear()
        action_set, self._set = self._set, None
        if action_set is not None:
            with suppress_errors(self._xr):
                self._xr.destroy_action_set(action_set)
