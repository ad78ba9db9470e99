"""Known architectures conserve relevance at every cut, and a detector's boxes are explained.

Their weights are random, but for the two networks that come with vrnn: norms are calibrated and
heads drawn anew, as zero heads would make it true of anything.
"""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.support.explained import arrived, beside_torchvision, check_cuts, opened, relevance
from vrnn.compute.explain.explain import explain
from vrnn.compute.explain.faithfulness import flip_pixels
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.model_inputs import call_model
from vrnn.errors import VrnnError
from vrnn.explanations.composites import load_composites
from vrnn.explanations.settings import ExplanationSettings
from vrnn.explanations.targets import Target
from vrnn.network.model_spec import ModelSpec

METHODS = ("epsilon-plus", "alpha2-beta1-flat")


class UNet(nn.Module):
    """Two levels with skips and transposed convolutions."""

    def __init__(self):
        super().__init__()

        def block(inputs, outputs):
            return nn.Sequential(
                nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(True),
                nn.Conv2d(outputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(True),
            )  # fmt: skip

        self.down1, self.down2, self.middle = block(3, 8), block(8, 16), block(16, 32)
        self.up2, self.up1 = nn.ConvTranspose2d(32, 16, 2, 2), nn.ConvTranspose2d(16, 8, 2, 2)
        self.join2, self.join1, self.out = block(32, 16), block(16, 8), nn.Conv2d(8, 3, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        x = self.middle(F.max_pool2d(b, 2))
        x = self.join2(torch.cat([self.up2(x), b], 1))
        return self.out(self.join1(torch.cat([self.up1(x), a], 1)))


def torchvision(name, **options):
    return getattr(beside_torchvision("torchvision.models"), name)(weights=None, **options)


def vision_transformer():
    kind = beside_torchvision("torchvision.models.vision_transformer").VisionTransformer
    return kind(64, 16, num_layers=3, num_heads=2, hidden_dim=24, mlp_dim=48, num_classes=10)


def swin():
    kind = beside_torchvision("torchvision.models.swin_transformer").SwinTransformer
    return kind([4, 4], 16, [2, 2], [2, 4], [4, 4], num_classes=10)


NETS = {
    "resnet50": partial(torchvision, "resnet50"),
    "densenet121": partial(torchvision, "densenet121"),
    "googlenet": partial(torchvision, "googlenet", init_weights=False, aux_logits=False),
    "convnext": partial(torchvision, "convnext_tiny"),
    "mobilenet": partial(torchvision, "mobilenet_v3_small"),
    "transformer": vision_transformer,
    "swin": swin,
    "unet": UNet,
}


@pytest.mark.parametrize("name", NETS)
def test_they_conserve_at_every_cut(name):
    torch.manual_seed(0)
    net = NETS[name]()
    heads = [m for m in net.modules() if isinstance(m, nn.Linear)]
    if heads:
        nn.init.normal_(heads[-1].weight, std=0.05)
    with torch.no_grad():
        for _ in range(2):
            net(torch.randn(4, 3, 64, 64))
    net = net.eval().double()
    x = torch.randn(1, 3, 64, 64, dtype=torch.float64)
    model = opened(net, (64, 64))
    methods = (*METHODS, "attention") if name in ("transformer", "swin") else METHODS
    for method in methods:
        flow, _ = relevance(model, (x,), method, Target(channel=1))
        check_cuts(model, flow)
        assert not flow.fallbacks


@pytest.mark.parametrize("spec", ["digits", "imagenet"])
def test_trained_networks_conserve_in_single_precision(spec):
    try:
        source = open_source(ModelSpec(spec))
    except VrnnError as error:
        pytest.skip(str(error))
    model = LoadedModel(source, "layers")
    for name, composite in load_composites().items():
        # Gamma makes more relevance on depthwise convolutions than single precision can hold.
        if composite.conserves and name != "epsilon-gamma-box":
            found = explain(model, source.dataset.image(3), ExplanationSettings(name), ())
            ended = found.arrived + sum(sink.amount for sink in found.sinks)
            assert ended == pytest.approx(found.value, rel=1e-3)
            rounding = [s.amount for s in found.sinks if s.kind in ("rounding", "no rule")]
            assert abs(sum(rounding)) < 1e-3 * abs(found.value)


def test_the_most_relevant_pixels_of_the_digits_matter_three_times_as_much_as_others():
    """Deleting a tenth of them, gray in their place, beside a tenth at random."""
    model = LoadedModel(open_source(ModelSpec("digits")), "layers")
    settings = ExplanationSettings("attention", baseline="gray")
    fallen, random = [], []
    for number in range(0, len(model.source.dataset), 15):
        image = model.source.dataset.image(number)
        found = explain(model, image, settings, ())
        *_, curves = flip_pixels(model, image, found, settings, points=5)
        at = int(np.abs(curves.shares - 0.1).argmin())
        fallen.append(curves.deletion[0] - curves.deletion[at])
        random.append(curves.random[0] - curves.random[at])
    assert np.mean(fallen) > 3 * np.mean(random) > 0


def plain_nms(boxes, scores, classes, threshold):
    """Non-maximum suppression in plain torch, where torchvision's own operators are missing."""
    kept = []
    sizes = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    for i in scores.argsort(descending=True).tolist():
        others = [j for j in kept if classes[j] == classes[i]]
        low, high = (f(boxes[others], boxes[i]) for f in (torch.maximum, torch.minimum))
        inner = (high[:, 2:] - low[:, :2]).clamp(min=0).prod(1)
        if not bool((inner / (sizes[others] + sizes[i] - inner) > threshold).any()):
            kept.append(i)
    return torch.tensor(kept)


@pytest.fixture(scope="module")
def detector():
    detection = beside_torchvision("torchvision.models.detection")
    with pytest.MonkeyPatch.context() as patch:
        if not beside_torchvision("torchvision.extension")._has_ops():
            patch.setattr("torchvision.ops.boxes.batched_nms", plain_nms)
        yield ssd(detection)


def ssd(detection):
    torch.manual_seed(0)
    net = detection.ssdlite320_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=5, score_thresh=0.0,
        topk_candidates=12, detections_per_img=6,
    )  # fmt: skip
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 0.5
        for _ in range(3):
            net.backbone(torch.rand(4, 3, 320, 320))
    return opened(net.eval(), (320, 320))


def test_a_box_of_a_detector(detector):
    given = detector.source.example_inputs()
    flow, layers = relevance(detector, given, target=Target(box=2))
    with torch.no_grad():
        scores = call_model(detector.source.model, given)[0]["scores"]
    assert float(flow.target.value) == pytest.approx(float(scores[2]), rel=1e-3)
    assert any(float(values.abs().sum()) > 0 for values in flow.inputs.values())
    assert len(layers) > 20
    total = arrived(flow) + sum(sink.amount for sink in flow.sinks)
    assert total == pytest.approx(float(flow.target.value), rel=1e-3)
