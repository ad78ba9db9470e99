"""Which button of which controller is which of our actions."""

from __future__ import annotations

from dataclasses import dataclass

HANDS = ("/user/hand/left", "/user/hand/right")
POSES = {"aim": "input/aim/pose", "grip": "input/grip/pose"}
HAPTIC = "output/haptic"
STICK = {"stick": "input/thumbstick", "stick_click": "input/thumbstick/click"}
LETTERS = {"primary": "input/a/click", "secondary": "input/b/click"}
LEFT_LETTERS = {"primary": "input/x/click", "secondary": "input/y/click"}
MENU = {"menu": "input/menu/click"}


@dataclass(frozen=True)
class InteractionProfile:
    """A kind of controller. path: OpenXR's name; left, right: the source of each of our actions;
    extension: what the runtime must have for it, '' for nothing."""

    path: str
    left: dict[str, str]
    right: dict[str, str]
    extension: str = ""

    def sources(self) -> list[tuple[str, str]]:
        """(action, path of a source) of both hands."""
        found = []
        for hand, own in zip(HANDS, (self.left, self.right), strict=True):
            whole = {**POSES, **own, "haptic": HAPTIC}
            found += [(action, f"{hand}/{source}") for action, source in whole.items()]
        return found


def _both(path: str, extension: str = "", **sources: str) -> InteractionProfile:
    return InteractionProfile(path, sources, sources, extension)


_TRIGGERS = {"trigger": "input/trigger/value", "squeeze": "input/squeeze/value"}

PROFILES = (
    _both("/interaction_profiles/khr/simple_controller", trigger="input/select/click", **MENU),
    InteractionProfile(
        "/interaction_profiles/oculus/touch_controller",
        {**_TRIGGERS, **STICK, **LEFT_LETTERS, **MENU},
        {**_TRIGGERS, **STICK, **LETTERS},
    ),
    _both("/interaction_profiles/valve/index_controller", **_TRIGGERS, **STICK, **LETTERS),
    # A trackpad that is only touched says where the thumb rests: it counts while it is pressed.
    _both(
        "/interaction_profiles/htc/vive_controller",
        trigger="input/trigger/value", squeeze="input/squeeze/click",
        pad="input/trackpad", pad_click="input/trackpad/click", **MENU,
    ),
    _both(
        "/interaction_profiles/microsoft/motion_controller",
        trigger="input/trigger/value", squeeze="input/squeeze/click",
        secondary="input/trackpad/click", **STICK, **MENU,
    ),
    InteractionProfile(
        "/interaction_profiles/hp/mixed_reality_controller",
        {**_TRIGGERS, **STICK, **LEFT_LETTERS, **MENU},
        {**_TRIGGERS, **STICK, **LETTERS, **MENU},
        "XR_EXT_hp_mixed_reality_controller",
    ),
)  # fmt: skip
"""All that are known; a runtime takes the one that is held, or makes the nearest of them."""

FLOATS = ("trigger", "squeeze")
BOOLEANS = ("primary", "secondary", "menu", "stick_click", "pad_click")
VECTORS = ("stick", "pad")
"""Our actions by kind."""
