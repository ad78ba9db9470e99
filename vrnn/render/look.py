"""Look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vrnn.config.schema import Colour, Config
from vrnn.render.uniforms import Look as Colours

if TYPE_CHECKING:
    pass


def colours_of(config: Config) -> tuple[Colour, Colour, Colour]:
    """Of negative and positive values, and of those that are not finite."""
    return config.look.negative, config.look.positive, config.look.not_finite


def look_of(config: Config) -> Colours:
    """The colours that shaders use."""
    look = config.look
    return Colours(look.background, look.positive, look.negative, look.not_finite)
