"""What `HandInputReader` reads, without graphics, as lines of JSON: a child process of a test.

    python -m tests.xr.hands_probe PROFILE

PROFILE: the kind of controller that is suggested, by a part of its name. A line on standard input
`buzz HAND` lets a controller be felt; the end of it ends this.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import sys
import time
from ctypes import POINTER, byref, cast

from vrnn.scene.headset.tracking import Pose
from vrnn.xr.hand_trackers import HAND_TRACKING
from vrnn.xr.input import HandInputReader
from vrnn.xr.interaction_profiles import registered_profiles
from vrnn.xr.poses import pose_of
from vrnn.xr.raw_calls import RawCalls

HEADLESS, CLOCK = "XR_MND_headless", "XR_KHR_convert_timespec_time"
HAND_INTERACTION = "XR_EXT_hand_interaction"


class Timespec(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


def main() -> None:
    import xr

    wanted = [HEADLESS, CLOCK, HAND_TRACKING, HAND_INTERACTION]
    application = xr.ApplicationInfo("probe", 1, "probe", 1, xr.Version(1, 0, 0))
    instance = xr.create_instance(
        xr.InstanceCreateInfo(enabled_extension_names=wanted, application_info=application)
    )
    system = xr.get_system(instance, xr.SystemGetInfo(xr.FormFactor.HEAD_MOUNTED_DISPLAY))
    session = xr.create_session(instance, xr.SessionCreateInfo(system_id=system))
    kinds = xr.ReferenceSpaceType
    stage, view = (
        xr.create_reference_space(session, xr.ReferenceSpaceCreateInfo(kind, xr.Posef()))
        for kind in (kinds.STAGE, kinds.VIEW)
    )
    kind = ctypes.CFUNCTYPE(ctypes.c_int, xr.Instance, POINTER(Timespec), POINTER(ctypes.c_int64))
    convert = cast(xr.get_instance_proc_addr(instance, "xrConvertTimespecTimeToTimeKHR"), kind)

    def now() -> int:
        nanoseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        spec, found = Timespec(*divmod(nanoseconds, 10**9)), ctypes.c_int64()
        convert(instance, byref(spec), byref(found))
        return found.value

    profiles = [profile for profile in registered_profiles() if sys.argv[1] in profile.path]
    hands = HandInputReader(xr, RawCalls(xr), instance, session, frozenset(wanted), profiles)
    first = {"refused": hands.refused_profiles, "knows_bare_hands": hands.knows_bare_hands}
    print(json.dumps(first), flush=True)
    last, state = None, ""
    while True:
        while True:
            try:
                event = xr.poll_event(instance)
            except xr.EventUnavailable:
                break
            if xr.StructureType(event.type) == xr.StructureType.EVENT_DATA_SESSION_STATE_CHANGED:
                changed = cast(byref(event), POINTER(xr.EventDataSessionStateChanged)).contents
                state = xr.SessionState(changed.state).name
                if state == "READY":
                    info = xr.SessionBeginInfo(xr.ViewConfigurationType.PRIMARY_STEREO)
                    xr.begin_session(session, info)
        if select.select([sys.stdin], [], [], 0.005)[0]:
            words = os.read(0, 1000).decode().split()
            if not words:
                break
            hands.play_pulse(int(words[1]), 0.5, 0.1)
            print(json.dumps({"buzzed": int(words[1])}), flush=True)
        if state != "FOCUSED":
            continue
        moment = now()
        head = pose_of(xr.locate_space(view, stage, moment).pose)
        report = [report_of_hand(one) for one in hands.read(stage, moment, head)]
        for hand, one in enumerate(report):
            one["profile"] = hands.current_profile(hand)
        if report != last:
            last = report
            print(json.dumps({"hands": report, "head": place(head)}), flush=True)
    hands.close()
    xr.destroy_session(session)
    xr.destroy_instance(instance)


def report_of_hand(hand) -> dict:
    names = ("primary", "secondary", "menu", "stick_click", "active")
    report = {name: getattr(hand, name) for name in names}
    report |= {"trigger": round(hand.trigger, 3), "squeeze": round(hand.squeeze, 3)}
    report["stick"] = [round(v, 3) for v in hand.stick]
    report["joints"] = hand.joints is not None
    return report | {"aim": place(hand.aim), "grip": place(hand.grip)}


def place(pose: Pose | None) -> list[float] | None:
    if pose is None:
        return None
    return [round(float(v), 3) for v in (*pose.position, *pose.orientation)]


if __name__ == "__main__":
    main()
