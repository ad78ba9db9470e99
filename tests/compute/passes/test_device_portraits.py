import numpy as np
import torch

from vrnn.compute.passes.device_portraits import component_scores
from vrnn.compute.passes.portraits import PortraitMaker


def layer(height=24, width=30, channels=40):
    """(C, H, W) maps of three shapes and some noise, and (H, W, 3) uint8 their image."""
    random = np.random.default_rng(5)
    y, x = np.mgrid[:height, :width] / np.array([height, width]).reshape(2, 1, 1)
    shapes = np.stack([y, np.hypot(x - 0.5, y - 0.5) < 0.3, np.sin(9 * x)])
    maps = np.einsum("ck,khw->chw", random.normal(size=(channels, 3)), shapes)
    maps += 0.05 * random.normal(size=maps.shape)
    image = (255 * (shapes - shapes.min()) / np.ptp(shapes)).astype(np.uint8).transpose(1, 2, 0)
    return torch.from_numpy(maps.astype(np.float32)), np.ascontiguousarray(image)


def test_they_span_what_the_first_three_components_do():
    maps, _ = layer()
    scores = component_scores(maps).reshape(3, -1).double()
    flat = maps.reshape(len(maps), -1).double()
    flat = flat - flat.mean(1, keepdim=True)
    _, _, components = torch.linalg.svd(flat, full_matrices=False)
    basis = torch.linalg.qr((scores - scores.mean(1, keepdim=True)).T).Q
    kept = torch.linalg.svdvals(components[:3] @ basis)
    assert kept.min() > 0.999


def test_they_make_the_portrait_that_is_made_as_usual():
    maps, image = layer()
    maker = PortraitMaker({0: ()})
    maker.begin(image)
    usual = maker.make(0, maps)
    maker.begin(image)
    made = maker.make_of_scores(0, component_scores(maps).numpy())
    assert np.abs(made.astype(float) - usual).mean() < 3


def test_size_flat_layers_few_channels_and_what_is_not_finite():
    maps, image = layer(channels=2)
    huge = maps * 1e20
    huge[0, 0, 0] = torch.nan
    maker = PortraitMaker({0: ()})
    maker.begin(image)
    for values in (maps, maps * 1e-20, huge, torch.ones(5, 9, 9), torch.zeros(5, 1, 9)):
        portrait = maker.make_of_scores(0, component_scores(values).numpy())
        assert portrait.shape == (*values.shape[1:], 3)
    assert component_scores(torch.ones(4, 200, 100)).shape == (3, 50, 50)
    single = component_scores(maps[:1])
    assert torch.equal(single, maps[:1])
    wanted = maker.make(0, maps[:1])
    assert np.array_equal(maker.make_of_scores(0, single.numpy()), wanted)
