"""What of a network's answer is explained."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vrnn.errors import VrnnError

FORMS = (
    "a class (its name or number), 'A vs B', '@row,column' or '@token' behind it, "
    "'output N: …' before it, 'box N', or 'layer NAME #channel @row,column'"
)


@dataclass(frozen=True)
class Target:
    """What is explained: one value of a network, or a sum of several.

    Attributes:
        layer: Name of a layer; '' for an output of the model.
        output: Which output, from 0.
        channel: A class or channel; None for the winning one of an output, or all of a layer.
        against: A class that is subtracted; None for none.
        position: (row, column); None for all, and for the last token of a text. Of tokens and
            other sequences the row is 0.
        box: Which box of a detector, from 0; None for none.
    """

    layer: str = ""
    output: int = 0
    channel: int | None = None
    against: int | None = None
    position: tuple[int, int] | None = None
    box: int | None = None


def parse_target(text: str, class_names: Sequence[str] = ()) -> Target:
    """Read a target as people write it; '' for the winning class.

    Args:
        text: Such as `tabby`, `281`, `tabby vs lynx`, `15 @30,40`, `layer stage2.0 #7`, `box 0`.
        class_names: One name for each class.

    Raises:
        VrnnError: It is none.
    """
    rest, output, position = text.strip(), 0, None
    if match := re.fullmatch(r"output\s+(\d{1,6})\s*(?::\s*(.*))?", rest, re.ASCII | re.S):
        output, rest = int(match[1]), (match[2] or "").strip()
    if match := re.fullmatch(r"box\s+(\d{1,6})", rest, re.ASCII):
        return Target(output=output, box=int(match[1]))
    if match := re.fullmatch(r"(.*?)\s*@\s*(?:(\d{1,6})\s*,\s*)?(\d{1,6})", rest, re.ASCII | re.S):
        rest, position = match[1].strip(), (int(match[2] or 0), int(match[3]))
    if rest.startswith("layer "):
        match = re.fullmatch(r"layer\s+(.*?)\s*(?:#\s*(\d{1,9}))?", rest, re.ASCII | re.S)
        if match is None or not match[1]:
            raise VrnnError(f"'{text}' names no layer; write it as layer NAME #channel")
        channel = None if match[2] is None else int(match[2])
        return Target(match[1], output, channel, None, position)
    first, vs, second = rest.partition(" vs ")
    channel = _class_number(first.strip(), text, class_names) if first.strip() else None
    against = _class_number(second.strip(), text, class_names) if vs else None
    return Target("", output, channel, against, position)


def _class_number(word: str, text: str, class_names: Sequence[str]) -> int:
    if re.fullmatch(r"\d{1,9}", word, re.ASCII):
        return int(word)
    folded = word.casefold()
    names = [name.casefold() for name in class_names]
    exact = [i for i, name in enumerate(names) if name == folded]
    parts = [i for i, name in enumerate(names) if folded in re.split(r"\s*,\s*", name)]
    found = exact or parts or [i for i, name in enumerate(names) if folded and folded in name]
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(f"'{class_names[i]}'" for i in found[:5])
        raise VrnnError(f"'{word}' fits several classes: {some}; write one of them in full")
    if not class_names:
        raise VrnnError(
            f"no class '{word}': the model's classes have no names; give a number, or the names "
            "with --classes"
        )
    raise VrnnError(f"no class '{word}' in target '{text}'; give {FORMS}")
