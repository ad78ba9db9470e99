"""Interaction profiles: which button of which controller is which of our actions.

A profile of one's own, registered before a headset is started, is suggested to the runtime beside
the built-in ones:

    register_profile(
        InteractionProfile(
            "/interaction_profiles/bytedance/pico4_controller",
            left={"trigger": "input/trigger/value", "primary": "input/x/click"},
            right={"trigger": "input/trigger/value", "primary": "input/a/click"},
            extension="XR_BD_controller_interaction",
        )
    )
"""

from __future__ import annotations

from dataclasses import dataclass

HANDS = ("/user/hand/left", "/user/hand/right")
POSES = {"aim": "input/aim/pose", "grip": "input/grip/pose"}
HAPTIC = "output/haptic"
FLOATS = ("trigger", "squeeze")
BOOLEANS = ("primary", "secondary", "menu", "stick_click", "pad_click")
VECTORS = ("stick", "pad")
"""Names of our actions by OpenXR's type; `POSES`, which every profile has, and `haptic` are the
others."""

STICK = {"stick": "input/thumbstick", "stick_click": "input/thumbstick/click"}
TRIGGERS = {"trigger": "input/trigger/value", "squeeze": "input/squeeze/value"}
RIGHT_LETTERS = {"primary": "input/a/click", "secondary": "input/b/click"}
LEFT_LETTERS = {"primary": "input/x/click", "secondary": "input/y/click"}
BARE_HANDS = "/interaction_profiles/ext/hand_interaction_ext"
"""The profile of hands that hold nothing: a pinch and a fist as the runtime knows them, which sees
more of a hand than its joints."""
MENU = {"menu": "input/menu/click"}
"""Sources that several controllers share."""


@dataclass(frozen=True)
class InteractionProfile:
    """The bindings of one kind of controller.

    Attributes:
        path: OpenXR's name of the profile.
        left: The source of each of our actions on the left controller, relative to the hand; an
            action that the controller has no button for is left out.
        right: The same for the right controller.
        extension: The extension that the runtime must have for the profile; '' for none.
        vibrates: Whether its controllers can be felt.
    """

    path: str
    left: dict[str, str]
    right: dict[str, str]
    extension: str = ""
    vibrates: bool = True

    def sources(self) -> list[tuple[str, str]]:
        """Returns (action, path of its source) for both hands, with poses and what vibrates."""
        sources = []
        for hand, own in zip(HANDS, (self.left, self.right), strict=True):
            bindings = {**POSES, **own, **({"haptic": HAPTIC} if self.vibrates else {})}
            sources += [(action, f"{hand}/{source}") for action, source in bindings.items()]
        return sources


_registered: dict[str, InteractionProfile] = {}


def register_profile(profile: InteractionProfile) -> None:
    """Adds a kind of controller; a profile of the same path is replaced."""
    _registered[profile.path] = profile


def registered_profiles() -> tuple[InteractionProfile, ...]:
    """Returns all profiles, in the order in which they were registered.

    The runtime takes the one of the controller that is held, or emulates it by the nearest.
    """
    return tuple(_registered.values())


def _register_symmetric(path: str, **sources: str) -> None:
    """Registers a profile whose two controllers have the same buttons."""
    register_profile(InteractionProfile(path, sources, sources))


_register_symmetric(
    "/interaction_profiles/khr/simple_controller", trigger="input/select/click", **MENU
)
register_profile(
    InteractionProfile(
        "/interaction_profiles/oculus/touch_controller",
        {**TRIGGERS, **STICK, **LEFT_LETTERS, **MENU},
        {**TRIGGERS, **STICK, **RIGHT_LETTERS},
    )
)
_register_symmetric(
    "/interaction_profiles/valve/index_controller", **TRIGGERS, **STICK, **RIGHT_LETTERS
)
# A trackpad that is only touched says where the thumb rests: it counts while it is pressed.
_register_symmetric(
    "/interaction_profiles/htc/vive_controller",
    trigger="input/trigger/value", squeeze="input/squeeze/click",
    pad="input/trackpad", pad_click="input/trackpad/click", **MENU,
)  # fmt: skip
_register_symmetric(
    "/interaction_profiles/microsoft/motion_controller",
    trigger="input/trigger/value", squeeze="input/squeeze/click",
    secondary="input/trackpad/click", **STICK, **MENU,
)  # fmt: skip
register_profile(
    InteractionProfile(
        "/interaction_profiles/hp/mixed_reality_controller",
        {**TRIGGERS, **STICK, **LEFT_LETTERS, **MENU},
        {**TRIGGERS, **STICK, **RIGHT_LETTERS, **MENU},
        "XR_EXT_hp_mixed_reality_controller",
    )
)
_GESTURES = {"trigger": "input/pinch_ext/value", "squeeze": "input/grasp_ext/value"}
register_profile(
    InteractionProfile(BARE_HANDS, _GESTURES, _GESTURES, "XR_EXT_hand_interaction", vibrates=False)
)
