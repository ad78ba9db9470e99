"""What of an answer is explained, as people write it."""

import pytest

from tests.support import golden_text
from vrnn.errors import VrnnError
from vrnn.explanations.targets import parse_target

NAMES = (
    "tench",
    "tabby, tabby cat",
    "tiger cat",
    "lynx",
    "wildcat, cat",
    "Egyptian cat",
    "cat-like",
)
TEXTS = (
    "", " ", "2", " 2 ", "123456789", "1234567890", "-1", "1.5", "٣", "lynx", "LYNX", "tabby",
    "tabby cat", "tabby, tabby cat", "tiger", "cat", "cats", "wild", "Egypt", "dog", "e",
    "tabby vs lynx", "2 vs 0", "2 vs", "vs 2", " vs 2", "lynx vs dog", "dog vs lynx", "2vs0",
    "@7", "@ 7", "@3,4", "@ 3 , 4 ", "lynx @3,4", "lynx@3,4", "2 vs 0 @4,5", "@123456,654321",
    "@1234567", "@-1", "@1,2,3", "lynx @", "output 1", "output 1:", "output 1: lynx",
    "output 12 :2 @3", "output  3 : 2 vs 1", "output", "output x", "output 1234567",
    "output 1 lynx",
    "output 1: box 2", "box 3", "box  3", "box", "box x", "box 1234567", "box 3 @1,2",
    "layer conv", "layer conv #3", "layer conv#3", "layer conv # 3", "layer a.b.0 #12 @4,5",
    "layer conv @4,5", "layer conv @4", "layer conv #1234567890", "layer #4", "layer", "layer ",
    "layer two words #1", "output 1: layer conv #3", "layer output 1",
)  # fmt: skip


def test_targets_are_read_as_they_were(regenerate):
    lines = []
    for text in TEXTS:
        for names in (NAMES, ()):
            try:
                found = str(parse_target(text, names))
            except VrnnError as error:
                found = f"refused: {error}"
            lines.append(f"'{text}' {'with names' if names else 'without'}: {found}")
    golden_text.check("explanations/targets", lines, regenerate)


def test_five_of_the_classes_that_a_word_fits_are_named():
    names = [f"cat {i}" for i in range(7)]
    with pytest.raises(VrnnError) as refused:
        parse_target("cat", names)
    assert "'cat 4'" in str(refused.value)
    assert "'cat 5'" not in str(refused.value)
