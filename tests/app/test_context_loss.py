"""A graphics driver that resets: the session is saved, and the program says what happened."""

import pytest

from tests.app.test_visits import state, visits
from tests.support.window import Program
from vrnn.render.context_loss import GUILTY, INNOCENT, ContextLoss

__all__ = ["state"]
LOSES = f"""
from pathlib import Path
from vrnn.cli.main import main
from vrnn.render.context_loss import ContextLoss

lost = Path("lost")
ContextLoss.of = classmethod(lambda cls, ctx: cls(lambda: {GUILTY} if lost.exists() else 0))
raise SystemExit(main())
"""
"""A program whose driver has reset once there is a file `lost`."""


def test_the_session_is_saved_when_the_context_is_lost(display, state, tmp_path):
    vrnn = Program(None, display, tmp_path, start=("-c", LOSES))
    try:
        vrnn.ready()
        vrnn.press("Tab")
        vrnn.wait_for(lambda: visits(state))
        (tmp_path / "lost").touch()
        assert vrnn.process.wait(60) == 2
        told = vrnn.output().strip().splitlines()[-1]
        assert told == (
            "vrnn: the graphics driver was reset because drawing took too long or memory ran out; "
            "the session is saved: start vrnn again and press Ctrl+R"
        )
        assert visits(state)[-1]["state"]["arrangement"] == "conveyor"
    finally:
        vrnn.close()


@pytest.mark.parametrize("status", [GUILTY, INNOCENT, 0x8255])
def test_each_status_has_a_reason(status):
    assert "graphics driver was reset" in ContextLoss(lambda: status).reason()
