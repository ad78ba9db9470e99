"""A model of very many operations opens with work that grows as it does, in both threads."""

import torch
from torch import nn

from tests.support.counted_calls import calls_of
from vrnn.app.offscreen import OffscreenApp
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec

FEW, MANY = 50, 200
"""Blocks of four operations each."""


class Block(nn.Module):
    """Two maps and what is added to them, which stay as large as they are."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 1)
        self.norm = nn.BatchNorm2d(2)

    def forward(self, x):
        x = torch.tanh(self.conv(x))
        return x + self.norm(x)


def spec_of(blocks):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 2, 1), *(Block() for _ in range(blocks)))
    return ModelSpec(model, input_size=(8, 8))


def test_tracing_and_a_pass_of_four_times_as_many_operations_take_four_times_the_calls():
    def run(spec):
        model = LoadedModel(open_source(spec), "all")
        model.check_edges(lambda: None)
        model.run(None, lambda node, maps: None, lambda: None)
        return model

    run(spec_of(2))  # what is done once
    few, fewer = calls_of(lambda: run(spec_of(FEW)))
    many, more = calls_of(lambda: run(spec_of(MANY)))
    assert len(many.network.nodes) > 4 * MANY
    assert more / fewer < 1.1 * len(many.network.nodes) / len(few.network.nodes)


def test_the_world_of_four_times_as_many_operations_takes_four_times_the_calls():
    def picture(blocks):
        app = OffscreenApp([spec_of(blocks)], load_config(), "all")
        try:
            app.picture("overview", (320, 180))
            return len(app.world.networks[0].network.nodes)
        finally:
            app.close()

    picture(2)
    few, fewer = calls_of(lambda: picture(FEW))
    many, more = calls_of(lambda: picture(MANY))
    # How often layers are taken from the worker differs from one time to the next.
    assert more / fewer < 1.25 * many / few
