from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrnn.network.axes import Presentation
from vrnn.scene.layout.panel_size import MAX_PANEL_SIDE, panel_size

SHAPES = st.tuples(st.integers(1, 5000), st.integers(1, 600), st.integers(1, 600))


@given(SHAPES)
def test_every_map_has_a_cell_and_no_row_is_empty(shape: tuple[int, int, int]) -> None:
    grid = panel_size(shape)
    assert grid.columns * grid.rows >= shape[0]
    assert grid.columns * (grid.rows - 1) < shape[0]


@given(SHAPES)
def test_sizes_are_sane(shape: tuple[int, int, int]) -> None:
    grid = panel_size(shape)
    assert 0.04 < grid.width <= 6.6
    assert 0.02 < grid.height <= MAX_PANEL_SIDE + 1e-9
    assert 1 / 20 < grid.width / grid.height < 20


@given(st.integers(5, 3000), st.integers(2, 600), st.integers(2, 600))
def test_maps_keep_their_aspect(count: int, height: int, width: int) -> None:
    grid = panel_size((count, height, width))
    cell = (grid.width / grid.columns) / (grid.height / grid.rows)
    assert cell == pytest.approx(min(8, max(1 / 8, width / height)))


def test_a_cell_grows_with_its_resolution() -> None:
    def cell(side: int) -> float:
        grid = panel_size((64, side, side))
        return grid.width / grid.columns

    sides = [cell(side) for side in (2, 7, 14, 28, 56, 112, 224)]
    assert sides == sorted(sides)
    assert 0.12 < cell(7) < 0.22
    assert cell(112) == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize(
    "shape",
    [(64, 112, 112), (256, 56, 56), (512, 28, 28), (1024, 14, 14), (2048, 7, 7), (64, 8, 8)],
)
def test_usual_layers_are_some_metres_wide(shape: tuple[int, int, int]) -> None:
    grid = panel_size(shape)
    assert 1.5 <= grid.width <= 4.4
    assert 0.8 <= grid.width / grid.height <= 1.5


@pytest.mark.parametrize(("count", "columns"), [(64, 8), (256, 16), (1024, 32), (192, 16), (48, 8)])
def test_rows_are_full_where_the_count_divides_nicely(count: int, columns: int) -> None:
    grid = panel_size((count, 14, 14))
    assert (grid.columns, grid.columns * grid.rows) == (columns, count)


def test_vectors_are_strips() -> None:
    logits = panel_size((1000, 1, 1))
    assert 2.5 < logits.width < 4.5
    assert 3 < logits.width / logits.height < 5.5
    assert panel_size((10, 1, 1)).rows == 1


def test_pictures_stand_side_by_side() -> None:
    grid = panel_size((3, 224, 224))
    assert (grid.columns, grid.rows) == (3, 1)
    assert grid.height == pytest.approx(0.9)


def test_attention_heads_and_sequences() -> None:
    heads = panel_size((12, 197, 197))
    assert heads.width / heads.columns == pytest.approx(0.45, abs=0.05)
    waves = panel_size((64, 1, 4096))
    assert waves.width / waves.columns == pytest.approx(8 * waves.height / waves.rows)
    assert 1 < waves.width <= MAX_PANEL_SIDE


@given(SHAPES, st.sampled_from(get_args(Presentation)), st.booleans())
def test_no_presentation_is_a_hair_or_a_wall(shape, presentation, has_graph):
    grid = panel_size(shape, presentation, has_graph)
    assert grid.columns * grid.rows >= shape[0]
    assert grid.columns * (grid.rows - 1) < shape[0]
    assert 0.02 < grid.height <= MAX_PANEL_SIDE + 1e-9
    assert 0.04 < grid.width <= 6.6
    assert 1 / 20 < grid.width / grid.height < 20


def test_tokens_stand_in_one_line_and_channels_below_each_other():
    grid = panel_size((768, 1, 12), "sequence")
    assert (grid.columns, grid.rows) == (1, 768)
    assert grid.width > 1.2
    assert panel_size((5000, 1, 12), "sequence").columns == 5


def test_a_long_line_of_tokens_is_a_band():
    grid = panel_size((1, 1, 512), "sequence")
    assert grid.width == MAX_PANEL_SIDE
    assert grid.height >= 0.25


def test_curves_have_room_to_rise_and_fall():
    grid = panel_size((64, 1, 16000), "curve")
    assert grid.width / grid.columns == pytest.approx(3 * grid.height / grid.rows)
    assert grid.height / grid.rows > 0.1


def test_a_graph_has_a_square_for_each_channel_and_a_line_where_its_edges_are_not_known():
    grid = panel_size((16, 1, 34), "nodes", has_graph=True)
    assert grid.width / grid.columns == pytest.approx(grid.height / grid.rows)
    assert panel_size((16, 1, 34), "nodes") == panel_size((16, 1, 34), "sequence")
