import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from vrnn.compute.passes.device_portraits import all_component_scores, component_scores
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


@pytest.mark.parametrize("channels", [40, 2])
def test_they_make_the_portrait_that_is_made_as_usual(channels):
    maps, image = layer(channels=channels)
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


def several():
    """Layers of many sizes, in half floats as a device has them, two with a single channel."""
    sizes = [(24, 30, 40), (7, 7, 64), (60, 90, 5), (24, 30, 1), (5, 40, 3), (24, 30, 2), (9, 9, 1)]
    return [layer(*size)[0].half() for size in sizes]


def test_all_layers_at_once_have_the_scores_that_each_has_alone():
    for made, maps in zip(all_component_scores(several()), several(), strict=True):
        alone = component_scores(maps.float())
        assert made.shape == alone.shape
        assert made.dtype == torch.float32
        if len(maps) != 2:  # where the third direction of two may be any
            assert torch.allclose(made, alone, atol=1e-4 * float(alone.abs().max()))


def test_what_is_asked_for_beside_products_is_asked_for_once():
    counts = {}
    for number in (2, 12):
        layers = [layer(channels=30)[0] for _ in range(number)]
        all_component_scores(layers)  # noise is made once for all
        with Operations() as asked:
            all_component_scores(layers)
        counts[number] = asked.count
        # Decompositions of a library take as long as a layer, of nine numbers too.
        assert not any("cholesky" in name or "triangular" in name for name in asked.names)
    assert counts[12] - counts[2] <= 10 * 24


def test_components_of_very_different_extent_are_found():
    random = np.random.default_rng(2)
    shapes = np.linalg.qr(random.normal(size=(400, 3)))[0].T * np.array([[1.0], [0.05], [0.004]])
    mixtures = np.linalg.qr(random.normal(size=(32, 3)))[0]
    maps = torch.from_numpy((mixtures @ shapes).reshape(32, 20, 20).astype(np.float32))
    scores = component_scores(maps).reshape(3, -1).double()
    basis = torch.linalg.qr((scores - scores.mean(1, keepdim=True)).T).Q
    wanted = torch.from_numpy(shapes - shapes.mean(1, keepdims=True))
    wanted = torch.linalg.qr(wanted.T).Q
    assert torch.linalg.svdvals(wanted.T @ basis).min() > 0.99


class Operations(TorchDispatchMode):
    """Counts operations of torch that compute something."""

    def __init__(self):
        super().__init__()
        self.count, self.names = 0, set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        self.names.add(str(func))
        is_view = isinstance(result, torch.Tensor) and any(
            a.alias_info for a in func._schema.returns
        )
        self.count += not is_view
        return result
