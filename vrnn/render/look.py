"""The colors that the user's `[look]` settings choose, in the form that drawing needs."""

from __future__ import annotations

from vrnn.config.schema import Color, Config
from vrnn.render.uniforms import RenderColors


def feature_map_colors(config: Config) -> tuple[Color, Color, Color]:
    """Return the linear colors of negative, positive and not finite values, in this order."""
    return config.look.negative, config.look.positive, config.look.not_finite


def render_colors(config: Config) -> RenderColors:
    """Return the colors that the shaders use."""
    look = config.look
    return RenderColors(look.background, look.positive, look.negative, look.not_finite)
