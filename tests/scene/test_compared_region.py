"""What is compared where something is pointed at."""

import pytest

from tests.support.worlds import small_world
from vrnn.scene.compared_region import pointed_region
from vrnn.scene.picking import Hit


@pytest.mark.parametrize(("down", "across", "place"), [
    (0.0, 0.0, (0, 0)), (0.3, 0.8, (19, 51)), (0.99, 0.02, (63, 1)), (1.0, 1.0, (63, 63)),
])  # fmt: skip
def test_on_the_input_it_is_the_pixel_there(down, across, place):
    world, network, maps = small_world()
    node = network.nodes[0]
    assert (maps[node.id].height, maps[node.id].width) == (64, 64)
    region = pointed_region(world, Hit("input", 1.0, 0, across=across, down=down))
    assert (region.network, region.layer) == (0, node.name)
    assert (region.row, region.column) == place
    assert (region.rows, region.columns) == (1, 1)


def test_on_a_layer_it_is_the_position_of_the_map_there():
    world, network, maps = small_world()
    node = network.nodes[2]
    region = pointed_region(world, Hit("layer", 1.0, 0, node.id, 1, 3, 10_000))
    assert (region.layer, region.row, region.column) == (node.name, 3, maps[node.id].width - 1)
    assert pointed_region(world, Hit("layer", 1.0, 0, node.id, -1, 3, 4)) is None
    assert pointed_region(world, Hit("edge", 1.0, 0, node.id, 1, 3, 4)) is None
    assert pointed_region(world, Hit("layer", 1.0, 5, node.id, 1, 3, 4)) is None
    assert pointed_region(world, None) is None
