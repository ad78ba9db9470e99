"""Scripts run as Python would run them."""

import sys

from vrnn.compute.loading.script import from_script


def test_scripts_find_what_lies_beside_them_though_others_have_the_same_names(tmp_path):
    """Two projects, each with a `utils.py` and a package `layers` of its own."""
    built = []
    for folder, count in (("a", 3), ("b", 7), ("a", 3)):
        place = tmp_path / folder
        (place / "layers").mkdir(parents=True, exist_ok=True)
        (place / "utils.py").write_text(f"WIDTH = {count}\n")
        (place / "layers" / "__init__.py").write_text("")
        (place / "layers" / "block.py").write_text(f"KERNEL = {count}\n")
        (place / "net.py").write_text(
            "from torch import nn\nfrom layers.block import KERNEL\nfrom utils import WIDTH\n"
            "model = nn.Conv2d(3, WIDTH, KERNEL)\n"
        )
        model = from_script(place / "net.py").model
        built.append((model.out_channels, model.kernel_size[0]))
    assert built == [(3, 3), (7, 7), (3, 3)]


def test_a_module_of_a_library_is_not_loaded_anew_for_a_folder_of_its_name(tmp_path):
    (tmp_path / "torch").mkdir()
    (tmp_path / "net.py").write_text("import torch\nmodel = torch.nn.Conv2d(3, 4, 3)\n")
    loaded = sys.modules["torch"]
    from_script(tmp_path / "net.py")
    assert sys.modules["torch"] is loaded
