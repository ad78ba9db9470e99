"""The OpenXR runtime: its instance, its headset, and what both can do.

`xr` (pyopenxr) is imported in this package only, and only when a headset is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from vrnn.errors import VrnnError
from vrnn.storage.closeable import Closeable
from vrnn.version import __version__
from vrnn.xr.interaction_profiles import registered_profiles
from vrnn.xr.raw_calls import RawCalls

OPENGL = "XR_KHR_opengl_enable"
OPTIONAL_EXTENSIONS = (
    "XR_KHR_composition_layer_depth",
    "XR_KHR_visibility_mask",
    "XR_FB_display_refresh_rate",
    "XR_EXT_local_floor",
    "XR_EXT_hand_tracking",
    "XR_EXT_user_presence",
)
"""Extensions that are used where the runtime has them, beside those of controllers."""
FORM_FACTOR = "HEAD_MOUNTED_DISPLAY"
"""The kind of device that is asked for, one of OpenXR's `XrFormFactor`."""
OR_WITHOUT = "or start without --xr"
"""How every advice ends."""


class HeadsetError(VrnnError):
    """There is no headset that can be used; the message says why."""


class HeadsetLost(HeadsetError):
    """The headset or its runtime went away while it was used."""


@dataclass(frozen=True)
class RuntimeInfo:
    """What a runtime reports of itself and its headset.

    Attributes:
        runtime: Its name.
        version: Its version.
        system: The name of the headset.
        recommended_size: Recommended width and height of one eye's image, pixels.
        max_size: Largest width and height of one eye's image, pixels.
        max_layers: How many layers a frame can have.
        extensions: Names of the extensions that are enabled.
    """

    runtime: str
    version: str
    system: str
    recommended_size: tuple[int, int]
    max_size: tuple[int, int]
    max_layers: int
    extensions: frozenset[str]


class Runtime(Closeable):
    """An OpenXR instance and the headset that it offers.

    Attributes:
        xr: The module of pyopenxr.
        calls: The runtime's short calls.
        instance: OpenXR's instance; None once it is destroyed.
        system: OpenXR's number of the headset.
        info: What the runtime reports.
    """

    def __init__(self, graphics: Sequence[str] = (OPENGL,)) -> None:
        """Creates the instance and looks for a headset.

        Args:
            graphics: Names of extensions without which nothing can be drawn.

        Raises:
            HeadsetError: There is no runtime, no headset, or an extension is missing.
        """
        xr = load()
        self.xr: Any = xr
        self.calls = RawCalls(xr)
        offered = _offered_extensions(xr)
        missing = [name for name in graphics if name not in offered]
        if missing:
            raise HeadsetError(
                f"the OpenXR runtime offers no {missing[0]}, which drawing with OpenGL here needs; "
                f"use another runtime (SteamVR and Monado have it), {OR_WITHOUT}"
            )
        enabled = [*graphics, *(name for name in optional_extensions() if name in offered)]
        self.instance = _create_instance(xr, enabled)
        try:
            self.system = self._find_headset()
            self.info = self._read_info(frozenset(enabled))
        except BaseException:
            self.close()
            raise

    def _find_headset(self) -> Any:
        xr = self.xr
        name = _text(xr.get_instance_properties(self.instance).runtime_name)
        try:
            info = xr.SystemGetInfo(xr.FormFactor[FORM_FACTOR])
            return xr.get_system(self.instance, info)
        except (xr.FormFactorUnavailableError, xr.FormFactorUnsupportedError):
            raise HeadsetError(
                f"the OpenXR runtime '{name}' has no headset; connect one and put it on, "
                f"{OR_WITHOUT}"
            ) from None
        except xr.exception.XrException as error:
            raise HeadsetError(
                f"the OpenXR runtime '{name}' gives no headset ({describe_error(error)}); "
                f"restart its software, {OR_WITHOUT}"
            ) from error

    def _read_info(self, extensions: frozenset[str]) -> RuntimeInfo:
        xr = self.xr
        with translate_errors(xr):
            runtime = xr.get_instance_properties(self.instance)
            system = xr.get_system_properties(self.instance, self.system)
            stereo = xr.ViewConfigurationType.PRIMARY_STEREO
            views = xr.enumerate_view_configuration_views(self.instance, self.system, stereo)
        left, right = views[0], views[1]
        limits = system.graphics_properties
        max_size = (
            min(left.max_image_rect_width, limits.max_swapchain_image_width),
            min(left.max_image_rect_height, limits.max_swapchain_image_height),
        )
        recommended_size = (
            max(left.recommended_image_rect_width, right.recommended_image_rect_width),
            max(left.recommended_image_rect_height, right.recommended_image_rect_height),
        )
        version = str(xr.Version(runtime.runtime_version))
        return RuntimeInfo(
            _text(runtime.runtime_name), version, _text(system.system_name), recommended_size,
            max_size, limits.max_layer_count,
            extensions,
        )  # fmt: skip

    def has_extension(self, extension: str) -> bool:
        """Whether an extension is enabled."""
        return extension in self.info.extensions

    def close(self) -> None:
        """Destroys the instance; the runtime may be gone."""
        instance, self.instance = getattr(self, "instance", None), None
        if instance is not None:
            with suppress_errors(self.xr):
                self.xr.destroy_instance(instance)


def optional_extensions() -> tuple[str, ...]:
    """Returns the extensions that are used where the runtime has them."""
    profiles = [profile.extension for profile in registered_profiles() if profile.extension]
    return tuple(dict.fromkeys((*OPTIONAL_EXTENSIONS, *profiles)))


def load() -> ModuleType:
    """Imports pyopenxr.

    Returns:
        The module `xr`.

    Raises:
        HeadsetError: It cannot be imported.
    """
    # Its loader prints several lines of its own for what is one sentence here.
    os.environ.setdefault("XR_LOADER_DEBUG", "none")
    try:
        import xr
    except Exception as error:  # whatever a missing library makes it raise
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise HeadsetError(
            f"OpenXR cannot be used here ({first}); install pyopenxr and this machine's OpenGL, "
            f"{OR_WITHOUT}"
        ) from error
    return xr


def _offered_extensions(xr: Any) -> set[str]:
    try:
        return {_text(e.extension_name) for e in xr.enumerate_instance_extension_properties()}
    except xr.exception.XrException as error:
        raise HeadsetError(_no_runtime(xr, error)) from error


def _create_instance(xr: Any, extensions: Sequence[str]) -> Any:
    number = int("".join(f"{int(part):03d}" for part in __version__.split(".")[:3]))
    application = xr.ApplicationInfo("vrnn", number, "vrnn", number, xr.Version(1, 0, 0))
    info = xr.InstanceCreateInfo(
        enabled_extension_names=list(extensions), application_info=application
    )
    try:
        return xr.create_instance(info)
    except xr.exception.XrException as error:
        raise HeadsetError(_no_runtime(xr, error)) from error


def _no_runtime(xr: Any, error: Exception) -> str:
    """Returns a sentence that says why there is no runtime."""
    manifest = os.environ.get("XR_RUNTIME_JSON")
    if manifest and not Path(manifest).is_file():
        return (
            f"XR_RUNTIME_JSON names '{manifest}', which is no file; let it name a runtime's own, "
            f"unset it, {OR_WITHOUT}"
        )
    if isinstance(error, xr.LimitReachedError):
        return (
            "the OpenXR runtime accepts no more programs; close the one that uses the headset, "
            f"{OR_WITHOUT}"
        )
    if not isinstance(error, xr.RuntimeUnavailableError):
        return (
            f"the OpenXR runtime does not answer ({describe_error(error)}); start the headset's "
            f"software (SteamVR, Quest Link, monado-service) again, {OR_WITHOUT}"
        )
    if manifest:
        return (
            f"the OpenXR runtime that XR_RUNTIME_JSON names, '{manifest}', cannot be loaded; let "
            f"it name another, unset it, {OR_WITHOUT}"
        )
    return (
        "there is no OpenXR runtime on this machine; install the headset's software (SteamVR, "
        f"Quest Link, Monado) and make it the active runtime, {OR_WITHOUT}"
    )


@contextmanager
def translate_errors(xr: Any) -> Iterator[None]:
    """Turns pyopenxr's errors into HeadsetError, and into HeadsetLost when the runtime is gone."""
    try:
        yield
    except (xr.InstanceLostError, xr.SessionLostError, xr.RuntimeFailureError) as error:
        raise HeadsetLost("the headset's runtime is gone") from error
    except xr.exception.XrException as error:
        raise HeadsetError(f"the headset's runtime refuses ({describe_error(error)})") from error


@contextmanager
def suppress_errors(xr: Any) -> Iterator[None]:
    """Ignores pyopenxr's errors and ours: at the end the runtime's answer does not matter."""
    with suppress(xr.exception.XrException, HeadsetError):
        yield


def describe_error(error: Exception) -> str:
    """Returns the first line of an error of pyopenxr, or its type where it has no text."""
    text = str(error).strip().rstrip(".")
    return text.splitlines()[0] if text else type(error).__name__


def _text(name: Any) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name)
