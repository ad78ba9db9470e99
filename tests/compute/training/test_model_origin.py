"""What opens a model anew is found from the model, where that trains nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from vrnn.compute.loading.script_runner import run_script
from vrnn.compute.training.model_origin import find_origin
from vrnn.compute.training.watch import watch_model

CLASS = "from torch import nn\n\nclass Net(nn.Linear):\n    pass\n"


@pytest.mark.parametrize(
    ("rest", "is_known"),
    [
        ("", True),
        ("if __name__ == '__main__':\n    for _ in range(3):\n        print('train')\n", True),
        ("for _ in range(0):\n    print('train')\n", False),
        ("print('train')\n", False),
    ],
)
def test_a_class_is_named_by_its_file_unless_running_it_could_train(
    tmp_path: Path, rest: str, is_known: bool
) -> None:
    script = tmp_path / "net_of_origin.py"
    script.write_text(CLASS + rest)
    found = find_origin(run_script(script).Net(2, 2))
    assert found == (f"{script}:Net" if is_known else "")


def test_modules_of_torch_have_no_origin() -> None:
    assert find_origin(nn.Sequential(nn.Linear(2, 2))) == ""


def test_without_an_origin_or_a_screen_it_only_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import torch

    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    example = torch.ones(1, 2)
    watch_model(nn.Linear(2, 2), example, folder=tmp_path / "a").close()
    watch_model(nn.Linear(2, 2), example, folder=tmp_path / "b", source="net.py:Net").close()
    first, second = (record.message for record in caplog.records)
    assert "--model MODEL" in first
    assert "there is no display" in second
