"""Images of the cards of text in a headset, which its runtime shows by itself, for sharper text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.uniforms import View
from vrnn.scene.camera import Camera
from vrnn.scene.headset.controller_visuals import CARD
from vrnn.scene.headset.panel_image import PanelImage
from vrnn.scene.headset.text_card import TextCard, base_lines
from vrnn.style.theme_names import Theme
from vrnn.ui.hud.overlay import HudCanvas

SIZE = (1536, 512)
"""Width and height of each image, pixels; a card takes as much of it as it needs."""
CAPITAL_PIXELS = 32.0
"""Height of a capital letter where the whole card has room."""


class TextCardImages:
    """An image for each card, drawn anew when other text is on it.

    Attributes:
        names: Under which the images are registered with the renderer.
    """

    def __init__(self, renderer: Renderer, names: Sequence[str]) -> None:
        """Make the images.

        Args:
            renderer: Draws them, and lets `ImageQuad`s name them.
            names: Of the cards that may be visible at the same time.
        """
        self._renderer, self.names = renderer, tuple(names)
        self._targets = {name: RenderTarget(renderer.ctx, SIZE) for name in names}
        self._drawn: dict[str, object] = {}
        self._revisions = dict.fromkeys(names, 0)
        for name, target in self._targets.items():
            target.texture.repeat_x = target.texture.repeat_y = False
            renderer.register_texture(name, target.texture)

    def draw(self, cards: Mapping[str, TextCard], theme: Theme) -> None:
        """Draw the cards whose text is another than before.

        Args:
            cards: By name.
            theme: Whose colors they have.
        """
        for name, card in cards.items():
            shown = card.lines, theme
            if self._drawn.get(name) != shown:
                self._draw(self._targets[name], card, theme)
                self._drawn[name] = shown
                self._revisions[name] += 1

    def images(self, cards: Mapping[str, TextCard]) -> tuple[PanelImage, ...]:
        """Return what the runtime is to show, of cards that were drawn, by name."""
        return tuple(
            PanelImage(
                name, self._targets[name].texture.glo, SIZE, self._revisions[name], card.board,
                card_pixels(card),
            )
            for name, card in cards.items()
        )  # fmt: skip

    def _draw(self, target: RenderTarget, card: TextCard, theme: Theme) -> None:
        width, height = card_pixels(card)
        unit = height / card.size[1]
        canvas = HudCanvas(SIZE, unit)
        top = (SIZE[1] - height) / unit  # OpenGL's lowest row is the first one of the image
        canvas.rectangle(0, top, width / unit, height / unit, (*CARD[:3], 1.0))
        for (text, color), (x, y) in zip(card.lines, base_lines(card.lines), strict=True):
            canvas.text(x, top + y, text, 1.0, color)
        target.begin((*CARD[:3], 1.0))
        target.end()
        self._renderer.draw_overlay(target, View(Camera(), SIZE), canvas.draw_list(), theme)

    def release(self) -> None:
        """Release the images."""
        for name, target in self._targets.items():
            self._renderer.register_texture(name, None)
            target.release()
        self._targets.clear()


def card_pixels(card: TextCard) -> tuple[int, int]:
    """Return width and height of what a card takes of its image, pixels."""
    width, height = card.size
    unit = min(CAPITAL_PIXELS, SIZE[0] / width, SIZE[1] / height)
    return max(1, min(SIZE[0], round(width * unit))), max(1, min(SIZE[1], round(height * unit)))


def shown_part(card: TextCard) -> tuple[float, float]:
    """Return the part of its image's width and height that a card takes."""
    width, height = card_pixels(card)
    return width / SIZE[0], height / SIZE[1]
