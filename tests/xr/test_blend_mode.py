"""The room behind the network, where a runtime offers to show it, and whether someone looks."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.xr.test_session import reported_by
from vrnn.xr import runtime as openxr
from vrnn.xr.blend_mode import NO_ROOM, choose_blend_mode
from vrnn.xr.session import HeadsetSession


@pytest.fixture(scope="module")
def xr():
    return openxr.load()


@pytest.mark.parametrize(
    ("offered", "wants_room", "chosen"),
    [
        ((1,), True, "OPAQUE"),
        ((1, 3), False, "OPAQUE"),
        ((1, 2, 3), True, "ALPHA_BLEND"),
        ((2,), True, "ADDITIVE"),
        ((2,), False, "ADDITIVE"),
        ((1, 1000), True, "OPAQUE"),
    ],
)
def test_the_best_mode_that_is_offered_is_taken(xr, offered, wants_room, chosen):
    """The runtime is played: Monado without a headset offers no mode but the opaque one."""
    played = SimpleNamespace(
        exception=xr.exception, InstanceLostError=xr.InstanceLostError,
        SessionLostError=xr.SessionLostError, RuntimeFailureError=xr.RuntimeFailureError,
        ViewConfigurationType=xr.ViewConfigurationType,
        EnvironmentBlendMode=xr.EnvironmentBlendMode,
        enumerate_environment_blend_modes=lambda *_: offered,
    )  # fmt: skip
    runtime = SimpleNamespace(xr=played, instance=None, system=0)
    assert choose_blend_mode(runtime, wants_room) == chosen


def test_a_runtime_that_shows_no_room_is_told(runtime, service, tmp_path):
    with service.remote() as remote:
        remote.send()
        report = reported_by(runtime, service, tmp_path, frames=3, room=1, model="digits")
    assert report["blend_mode"] == "OPAQUE"
    assert report["notes"] == [NO_ROOM]
    assert report["frames"] == 3


def test_nothing_is_seen_while_nobody_wears_the_headset(xr):
    """The event is played: Monado without a headset does not offer it."""
    session = HeadsetSession.__new__(HeadsetSession)
    session.runtime, session._images = SimpleNamespace(xr=xr), None
    session.running, session.worn, session.state = True, True, "FOCUSED"
    assert session.visible
    for present in (False, True):
        event = xr.EventDataUserPresenceChangedEXT()
        event.is_user_present = present
        event._type = xr.StructureType.EVENT_DATA_USER_PRESENCE_CHANGED_EXT.value
        session._on_event(event)
        assert session.worn is present
        assert session.visible is present
