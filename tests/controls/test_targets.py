"""Boxes, numbers and single values are explained by a click, or by a command at the pointer."""

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.explained_values import ExplainValue
from vrnn.commands.outputs import ShowOutputAs
from vrnn.config.loader import load_config
from vrnn.controls.pointer import Pointer
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec
from vrnn.network.predictions import Detections
from vrnn.scene.picking import Hit
from vrnn.ui.panels.predictions import output_rows, row_targets


class Detector(nn.Module):
    """Three boxes at bright places, the best last."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.head = nn.Conv2d(3, 2, 3, padding=1)

    def forward(self, x):
        scores, labels = self.head(x)[0].flatten(1).sigmoid().max(0)
        best = scores.topk(3).indices.flip(0)
        row, column = best // x.shape[-1], best % x.shape[-1]
        boxes = torch.stack([column - 4, row - 4, column + 4, row + 4], 1).float()
        return [{"boxes": boxes, "scores": scores[best], "labels": labels[best]}]


class Regression(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.out = nn.Conv2d(3, 4, 3), nn.Linear(4, 3)

    def forward(self, x):
        return {"keypoints": self.out(self.conv(x).relu().mean((2, 3)))}


def open_app(net):
    return OffscreenApp([ModelSpec(net.eval(), input_size=(24, 24))], load_config())


def click(app, region):
    middle = np.array(region.origin) + (np.array(region.right) + np.array(region.down)) / 2
    hit = app.world.pick(middle + np.array([0, 0, 0.004]), np.array([0.0, 0.0, -1.0]))
    app.do(Pointer(app.workspace, app.dispatcher, lambda: None).command_for(hit))
    return hit


def targets(app):
    return [region for region in app.world.pick_regions() if region.kind == "target"]


def test_a_click_on_a_box_explains_it():
    with open_app(Detector()) as app:
        found = app.world.networks[0].result.outputs[0]
        assert isinstance(found, Detections)
        assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)
        regions = targets(app)
        # On the input, and in the list on the answer's board.
        assert sorted(region.value for region in regions) == sorted(["box 0", "box 1", "box 2"] * 2)
        for region in regions:
            app.do(ExplainValue("head", 0, 2, 3))
            hit = click(app, region)
            assert app.world.state.relevance.target == hit.value
            value = app.world.relevance[0].found.explanation.value
            assert value == pytest.approx(float(found.scores[int(hit.value[4:])]), rel=1e-5)
        assert row_targets(found, 0) == ["box 0", "box 1", "box 2"]
        assert len(output_rows(found, ())) == 3


def test_a_click_on_a_number_explains_it():
    with open_app(Regression()) as app:
        app.do(ShowOutputAs("numbers"))
        numbers = app.world.networks[0].result.outputs[0].values
        assert sorted({region.value for region in targets(app)}) == ["0", "1", "2"]
        for region in targets(app):
            click(app, region)
            value = app.world.relevance[0].found.explanation.value
            assert value == pytest.approx(float(numbers[int(region.value)]), rel=1e-4)
            click(app, region)  # once more hides it
            assert not app.world.state.relevance.shown


def test_the_value_at_the_pointer_is_explained():
    with open_app(Regression()) as app:
        network = app.world.networks[0]
        node = network.node_ids["conv"]
        command = ExplainValue.for_hit(app.dispatcher.context, Hit("layer", 1.0, 0, node, 2, 5, 7))
        assert command == ExplainValue("conv", 2, 5, 7)
        app.do(command)
        assert app.world.state.relevance.target == "layer conv #2 @5,7"
        maps = network.maps[node]
        expected = float(maps.values[2, 5, 7]) * maps.scale
        value = app.world.relevance[0].found.explanation.value
        assert value == pytest.approx(expected, rel=2e-3, abs=1e-4)
        app.do(ExplainValue("out", 1))
        assert app.world.state.relevance.target == "layer out #1"
        for wrong in (
            ExplainValue("conv", 4),
            ExplainValue("conv", 0, 22),
            ExplainValue("out", -2),
        ):
            with pytest.raises(VrnnError, match="so there is no channel"):
                app.do(wrong)
