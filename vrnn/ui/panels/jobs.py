"""The Jobs panel: what is being computed."""

from __future__ import annotations

from imgui_bundle import imgui

from vrnn.commands.jobs import CancelJob
from vrnn.style.text import format_duration
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.style import muted
from vrnn.ui.widgets import same_line_if_fits, wrapped_text


@panel("Jobs", dock=Dock.RIGHT_BOTTOM)
class JobsPanel(Panel):
    """Progress of the worker and its jobs."""

    def draw(self, context: PanelContext) -> None:
        """Draw the list."""
        imgui.text_colored(muted(), "network")
        same_line_if_fits(context.workspace.feed.progress or "idle")
        wrapped_text(context.workspace.feed.progress or "idle")
        jobs = list(context.workspace.jobs.statuses.values())
        for job in jobs:
            imgui.push_id(job.number)
            wrapped_text(job.text)
            left = "" if job.seconds_left is None else f", {format_duration(job.seconds_left)} left"
            left = ", paused" if job.paused else left
            text = f"{job.fraction:.0%}{left}" if job.fraction >= 0 else "working"
            imgui.progress_bar(max(job.fraction, 0.0), (-1, 0), text)
            if imgui.button("Cancel"):
                context.do(CancelJob(job.number))
            imgui.pop_id()
        if not jobs:
            imgui.text_colored(muted(), "no jobs")
