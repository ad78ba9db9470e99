"""Width / height of the picture that rows are laid out for, in steps."""

from __future__ import annotations

from math import log

PICTURE_ASPECT = 16 / 9
"""Width / height of a picture, where nothing else is known."""
ASPECT_STEP = 1.25
"""From one width / height that networks are laid out for to the next, as a factor."""
NARROWEST, WIDEST = -7, 4
"""Steps below and above PICTURE_ASPECT at most."""
RELUCTANCE = 0.65
"""Steps by which a view has to differ from what is laid out before another is chosen, so that an
edge that is dragged to and fro does not move the layers to and fro."""


def laid_out_aspect(aspect: float, present: float = PICTURE_ASPECT) -> float:
    """Return the width / height to lay a network out for that is shown in a view.

    Args:
        aspect: Width / height of the view.
        present: For which it is laid out now.
    """
    wanted, now = (log(a / PICTURE_ASPECT) / log(ASPECT_STEP) for a in (max(aspect, 1e-3), present))
    wanted = min(max(wanted, NARROWEST), WIDEST)
    if abs(wanted - now) < RELUCTANCE:
        return present
    return PICTURE_ASPECT * ASPECT_STEP ** round(wanted)
