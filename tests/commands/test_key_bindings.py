"""Keys as people read them, and the commands that they give, as golden text."""

from __future__ import annotations

from itertools import combinations

import pytest

from tests.support import golden_text
from vrnn.commands.key_bindings import MODIFIER_ORDER, KeyMap, printed_key
from vrnn.commands.registry import registered
from vrnn.config.loader import load_config


@pytest.mark.parametrize(("key", "text"), [
    ("A", "A"), ("F2", "F2"), ("F12", "F12"), ("PAGE_UP", "Page Up"), ("CONTROL+Z", "Ctrl+Z"),
    ("CONTROL+SHIFT+Z", "Ctrl+Shift+Z"), ("ALT+1", "Alt+1"), ("CONTROL+SPACE", "Ctrl+Space"),
])  # fmt: skip
def test_a_key_as_a_person_reads_it(key, text):
    assert printed_key(key) == text


def test_what_keys_do(regenerate):
    """The help, and the command of each key with and without modifiers."""
    keys = KeyMap(load_config().keys)
    lines = [f"{key}: {text}" for key, text in keys.help_rows()]
    bound = sorted({chord.rpartition("+")[2] for chord in keys.key_of.values() if chord})
    for key in [*bound, "NOTHING"]:
        for count in range(len(MODIFIER_ORDER) + 1):
            for held in combinations(MODIFIER_ORDER, count):
                found = keys.command_for(key, frozenset(held))
                name = "nothing" if found is None else found.name
                lines.append(f"{'+'.join([*held, key])} -> {name}")
    lines += [f"{info.name}: '{keys.printed(info.name)}'" for info in registered()]
    golden_text.check("commands/keys", lines, regenerate)
