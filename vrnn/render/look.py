"""Look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vrnn.config.schema import Color, Config
from vrnn.render.uniforms import RenderColors as Colors

if TYPE_CHECKING:
    pass


def feature_map_colors(config: Config) -> tuple[Color, Color, Color]:
    """Of negative and positive values, and of those that are not finite."""
    return config.look.negative, config.look.positive, config.look.not_finite


def render_colors(config: Config) -> Colors:
    """The colors that shaders use."""
    look = config.look
    return Colors(look.background, look.positive, look.negative, look.not_finite)
