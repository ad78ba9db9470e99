"""Files that the monkey opens and drops: images, sessions, and some that are neither."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from vrnn.network.model_spec import ModelSpec
from vrnn.scene.state import State
from vrnn.workspace.workspace_file import WorkspaceSnapshot, save_workspace

MODEL = """
import torch
from torch import nn

class Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1)
    def forward(self, x):
        return torch.relu(self.conv(x)) + self.skip(x)

class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU())
        self.body = nn.Sequential(Block(5, 7), nn.MaxPool2d(2), Block(7, 9))
        self.head = nn.Linear(9, 4)
    def forward(self, x):
        return self.head(self.body(self.stem(x)).mean((2, 3)))

torch.manual_seed(0)
model = Small()
input_size = (24, 32)
"""


def write_files(folder: Path) -> tuple[ModelSpec, ...]:
    """Write everything into a folder; returns the models that are opened first."""
    rng = np.random.default_rng(0)
    for number in range(12):
        kind = folder / "data" / f"kind{number % 3}"
        kind.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 255, (20 + number, 30, 3), np.uint8)
        Image.fromarray(pixels).save(kind / f"{number}.png")
    Image.fromarray(pixels).save(folder / "a.png")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    (folder / "text.txt").write_text("no image")
    (folder / "broken.json").write_text("{")
    (folder / "small.py").write_text(MODEL)
    digits = ModelSpec("digits", data=folder / "data")
    small = ModelSpec(str(folder / "small.py"))
    for name, specs, detail in (
        ("b.json", (digits,), "layers"),
        ("two.json", (digits, small), "layers"),
        ("all.json", (small,), "all"),
        ("modules.json", (small, small), "modules"),
    ):
        save_workspace(folder / name, WorkspaceSnapshot(specs, detail, State()))
    return (digits, small)


DROPPED = (
    "a.png", "broken.png", "text.txt", "broken.json", "b.json", "two.json", "all.json",
    "modules.json", "data", "missing.png",
)  # fmt: skip
"""Names of what is dropped on the window."""
