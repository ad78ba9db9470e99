"""What is being worked on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from imgui_bundle import imgui

from vrnn.style.text import format_duration
from vrnn.ui.style import QUIET
from vrnn.workspace.job_manager import JobStatus

NAME = "Jobs"


def draw(
    progress: str, jobs: Sequence[JobStatus] = (), cancel: Callable[[int], None] | None = None
) -> None:
    """The panel's inside. progress: what the worker does now, '' when idle; cancel: is called with
    a job's id."""
    imgui.text_colored(QUIET, "network")
    imgui.same_line()
    imgui.text_unformatted(progress or "idle")
    for job in jobs:
        imgui.push_id(job.number)
        imgui.text_unformatted(job.text)
        left = "" if job.seconds_left is None else f", {format_duration(job.seconds_left)} left"
        left = ", paused" if job.paused else left
        known = job.fraction >= 0
        room = -6 * imgui.get_font_size() if cancel is not None else -1
        said = f"{job.fraction:.0%}{left}" if known else "working"
        imgui.progress_bar(max(job.fraction, 0.0), (room, 0), said)
        if cancel is not None:
            imgui.same_line()
            if imgui.button("Cancel"):
                cancel(job.number)
        imgui.pop_id()
    if not jobs:
        imgui.text_colored(QUIET, "no jobs")
