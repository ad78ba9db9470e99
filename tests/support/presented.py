"""Networks of every presentation with made-up values, drawn without a model."""

from __future__ import annotations

from dataclasses import replace

import moderngl
import networkx
import numpy as np

from tests.support.map_blocks import feature_maps
from tests.support.networks import presented
from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Network, NetworkInfo
from vrnn.network.node_layout import layout_nodes
from vrnn.network.results import ForwardResult
from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.uniforms import View
from vrnn.scene.network_object import NODE_LAYOUT_ID
from vrnn.scene.viewpoints import camera_by_name, near_and_fog
from vrnn.scene.world import World

WORDS = ("the", "cat", "sat", "on", "a", "mat", "looking", "up", "at", "everything", "else", ".")


def text_network() -> Network:
    """Return a small transformer: embedding, attention, a block's output, a recurrence, a line."""
    return presented([
        ("tokens", (1, 1, 12), "sequence", "batch 1, token 12"),
        ("embedding", (32, 1, 12), "sequence", "batch 1, token 12, channel 32"),
        ("attention", (4, 12, 12), "attention", "batch 1, head 4, query 12, key 12"),
        ("mlp", (768, 1, 12), "sequence", "batch 1, token 12, channel 768"),
        ("lstm", (64, 1, 512), "sequence", "batch 1, time 512, channel 64"),
        ("line", (1, 1, 512), "sequence", "batch 1, time 512"),
    ], "text")  # fmt: skip


def audio_network() -> Network:
    """Return a network for waveforms."""
    return presented([
        ("wave", (1, 1, 16000), "curve", "batch 1, channel 1, time 16000"),
        ("conv1", (16, 1, 4000), "curve", "batch 1, channel 16, time 4000"),
        ("conv2", (64, 1, 250), "curve", "batch 1, channel 64, time 250"),
        ("scores", (10,), "vector", "batch 1, channel 10"),
    ], "audio")  # fmt: skip


def graph_network() -> Network:
    """Return a network for a graph, Zachary's karate club."""
    network = presented([
        ("x", (7, 1, 34), "nodes", "node 34, channel 7"),
        ("conv1", (16, 1, 34), "nodes", "node 34, channel 16"),
        ("conv2", (2, 1, 34), "nodes", "node 34, channel 2"),
    ], "graph")  # fmt: skip
    edges = np.array(networkx.karate_club_graph().edges())
    return replace(network, node_layout=layout_nodes(34, edges))


def presented_world(
    network: Network, renderer: Renderer, token_names: tuple[str, ...] = ()
) -> World:
    """Return a world with a network and made-up maps, which are on the GPU."""
    world = World(seconds=0)
    info = NetworkInfo(network.name, (), False, 1234, token_names=token_names)
    addresses = renderer.maps.allocate(0, world.open(0, network, info))
    world.set_addresses(0, addresses)
    if network.node_layout is not None:
        renderer.maps.upload(0, NODE_LAYOUT_ID, network.node_layout.block())
    maps = {}
    for node in network.nodes:
        maps[node.id] = feature_maps(_values(map_shape(node.shape)))
        renderer.maps.upload(0, node.id, maps[node.id].block)
    world.add_maps(0, maps)
    image = np.full((32, 32, 3), 90, np.uint8)
    world.set_result(0, ForwardResult(1, image, maps, (), 0.1))
    return world


def _values(shape: tuple[int, int, int]) -> np.ndarray:
    """Damped oscillations along the columns, other ones in each channel and row."""
    channels, height, width = shape
    t = np.arange(width) / max(width, 2)
    rows = np.arange(height)[:, None]
    maps = [
        np.sin(t * 2 * np.pi * (1 + channel % 9) + rows) * np.exp(-t * (channel % 4))
        for channel in range(channels)
    ]
    return np.array(maps, np.float32)


def draw_world(
    ctx: moderngl.Context, world: World, renderer: Renderer, camera: str, size: tuple[int, int]
) -> np.ndarray:
    """Return (H, W, 3) uint8: the world from a named camera."""
    seen_from = camera_by_name(world, camera, size[0] / size[1], np.radians(60))
    near, fog = near_and_fog(world, seen_from)
    target = RenderTarget(ctx, size, 4)
    view = View(seen_from, size, near=near, fog=fog)
    renderer.draw(target, view, world.draw_list())
    pixels = target.read_pixels()[..., :3].copy()
    target.release()
    return pixels
