"""Whatever the tree and the palette list can be gone to: layers, modules and stages."""

import numpy as np
import pytest
from torch import nn

from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.display import FoldAllStages, SetArrangement
from vrnn.commands.registry import registered
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.camera import Camera
from vrnn.scene.framing import frame_named
from vrnn.scene.layer_names import nodes_of_part, stage_names
from vrnn.scene.visibility import panel_corners
from vrnn.ui.command_palette import palette_entries
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panels.module_tree import tree_rows

ASPECT = 1.6


class Blocks(nn.Module):
    """Blocks whose layers have the same names in each, as in DenseNet."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential()
        for number in range(3):
            block = nn.Sequential()
            for layer in range(4):
                pair = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 3, 1))
                block.add_module(f"layer{layer}", pair)
            self.features.add_module(f"block{number}", block)
            self.features.add_module(f"pool{number}", nn.MaxPool2d(2))
        self.head = nn.Linear(3, 5)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


@pytest.fixture(scope="module", params=["digits", "blocks"])
def app(request):
    spec = ModelSpec("digits")
    if request.param == "blocks":
        spec = ModelSpec(Blocks().eval(), input_size=(32, 32))
    with OffscreenApp((spec,), load_config()) as app:
        yield app


@pytest.mark.parametrize("arrangement", ["terrace", "conveyor", "by resolution"])
@pytest.mark.parametrize("folded", [False, True])
def test_nothing_that_is_listed_is_ambiguous(app, arrangement, folded):
    app.do(SetArrangement(arrangement))
    app.do(FoldAllStages(folded))
    told = []
    context = PanelContext(app.workspace, app.dispatcher, told.append)
    eyes = []
    app.context.navigator.go_to = lambda camera, network=None: eyes.append(
        frame_named(app.world.at_rest(), camera.removeprefix("layer:"), network, ASPECT, 1.0)
    )
    network = app.world.networks[0]
    for row in tree_rows(network.network, 0, network.modules):
        context.go_to_layer(row.slot, row.name)
    entries = palette_entries(context)
    actions = {"command", "image", *(context.key_map.printed(i.name) for i in registered())}
    places = [entry for entry in entries if entry.detail not in actions]
    assert {e.text for e in places} >= {*network.modules, *stage_names(app.world, 0)}
    for entry in places:
        entry.run(context)
    assert told == []
    assert len(eyes) == len(places) + len(tree_rows(network.network, 0, network.modules))
    app.do(FoldAllStages(False))


def test_all_of_a_stage_is_in_view(app):
    app.do(SetArrangement("terrace"))
    layers = app.world.networks[0].node_ids  # a layer with the name of its stage is meant first
    for name in set(stage_names(app.world, 0)) - set(layers):
        camera = frame_named(app.world.at_rest(), name, 0, ASPECT, 1.0)
        assert isinstance(camera, Camera)
        nodes = nodes_of_part(app.world, 0, name)
        points = np.concatenate([panel_corners(app.world, 0, node) for node in nodes])
        clip = np.concatenate([points, np.ones((len(points), 1))], 1)
        clip = clip @ camera.clip_from_world(ASPECT).T
        assert (np.abs(clip[:, :2]) <= clip[:, 3:]).all()
        assert np.ptp(clip[:, :2] / clip[:, 3:], axis=0).max() > 1.2  # and fills it
