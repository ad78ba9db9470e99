"""Lines of messages that lie over the world."""

from vrnn.style import font
from vrnn.ui.hud.overlay import wrap_text


def test_every_line_fits_even_where_a_word_is_longer_than_a_line():
    text = "it failed: KeyError; details in /home/someone/.local/state/vrnn/faults.log"
    lines = wrap_text(text, 200.0, 13)
    assert all(font.text_width(line) * 13 <= 200 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert len(lines) > 3
