"""A small world for tests, without a worker."""

from dataclasses import replace

import numpy as np

from tests.support.map_blocks import feature_maps
from tests.support.networks import residual
from vrnn.network.block_addresses import assign_addresses
from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import NetworkInfo
from vrnn.network.results import ForwardResult
from vrnn.scene.world import World

INFO = NetworkInfo("net", ("cat", "dog"), True, 1234)


def small_world(outputs=(), class_names=INFO.class_names):
    """A world with one residual network whose feature maps and predictions have arrived."""
    world = World()
    network = residual(2)
    sizes = world.open(0, network, replace(INFO, class_names=class_names))
    world.set_addresses(0, assign_addresses(sizes))
    rng = np.random.default_rng(0)
    maps = {}
    for node in network.nodes:
        maps[node.id] = feature_maps(rng.normal(size=map_shape(node.shape)).astype(np.float32))
    world.add_maps(0, maps)
    image = rng.integers(0, 255, (32, 32, 3), np.uint8)
    world.set_result(0, ForwardResult(1, image, maps, tuple(outputs), 0.1))
    return world, network, maps
