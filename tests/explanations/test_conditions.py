"""What relevance may flow through, as people write and read it."""

import pytest

from vrnn.errors import VrnnError
from vrnn.explanations.conditions import Condition, parse_condition


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("layer3.0.conv1 #4,17", Condition("layer3.0.conv1", (4, 17))),
        (" conv # 4 , 17 ", Condition("conv", (4, 17))),
        ("conv @2-5,0-3", Condition("conv", (), (2, 0, 6, 4))),
        ("conv @7,1", Condition("conv", (), (7, 1, 8, 2))),
        ("conv #3 @0-1,4", Condition("conv", (3,), (0, 4, 2, 5))),
    ],
)
def test_conditions_are_read(text, condition):
    assert parse_condition(text) == condition


@pytest.mark.parametrize("text", ["conv", "", "#3", "conv #", "conv #a", "conv @3", "conv #1 #2"])
def test_conditions_that_are_none(text):
    with pytest.raises(VrnnError, match="a layer with channels or a region"):
        parse_condition(text)


def test_a_region_that_ends_before_it_begins():
    with pytest.raises(VrnnError, match="top < bottom"):
        parse_condition("conv @5-2,0")


def test_what_people_read():
    text = Condition("conv", tuple(range(9)), (2, 0, 6, 1)).text
    assert text == "conv channels 0, 1, 2, 3, 4, 5… at rows 2–5, column 0"
    assert Condition("conv", (1,)).text == "conv channel 1"


def test_what_a_layer_does_not_have():
    for condition, message in (
        (Condition("conv", (8,)), "channels 0 to 7, no channel 8"),
        (Condition("conv", (), (0, 0, 5, 2)), "rows 0 to 3 and columns 0 to 4, nothing at rows"),
    ):
        with pytest.raises(VrnnError, match=message):
            condition.check_fits(8, 4, 5)
