"""Draw pictures by which the look is judged: `python docs/make_gallery.py FOLDER`.

Ten models in each arrangement, and with `--windows` the window with panels at three sizes, which
needs Xvfb, xdotool and ImageMagick. Weights are random where training would be downloaded: how a
network stands does not depend on them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.display import SetArrangement, SetTheme
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.layout.registry import arrangement_names
from vrnn.style.theme_names import THEMES, Theme

EXAMPLES = Path(__file__).parent.parent / "examples"
MODELS = {
    "default": "default",
    "resnet50": str(EXAMPLES / "resnet50.py"),
    "densenet201": "torchvision:densenet201@random",
    "vit_b_16": "torchvision:vit_b_16@random",
    "swin_t": "torchvision:swin_t@random",
    "unet": str(EXAMPLES / "unet.py"),
    "googlenet": str(EXAMPLES / "googlenet.py"),
    "efficientnet_b7": "torchvision:efficientnet_b7@random",
    "mobilenet_v3": "torchvision:mobilenet_v3_large@random",
    "text": str(Path(__file__)) + ":TextTransformer",
}
"""What is drawn, by the name of its pictures."""
SIZE = (1920, 1080)
WINDOWS = ((1000, 640), (1920, 1080), (3840, 2160))
"""Sizes of the window."""
DISPLAY = ":64"
LOADING_SECONDS, DRAWING_SECONDS = 15.0, 4.0
"""How long a window may take to open a model, and to show its panels."""
SHEET_WIDTH = 960
"""Pixels of a picture on the sheet of all."""


class TextTransformer(nn.Module):
    """A small encoder of tokens that tells two classes of texts apart."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(1000, 128)
        layer = nn.TransformerEncoderLayer(128, 4, 256, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 6, enable_nested_tensor=False)
        self.head = nn.Linear(128, 2)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Map (N, T) int64 tokens to (N, 2) scores."""
        return self.head(self.encoder(self.embedding(tokens)).mean(1))


def draw_worlds(folder: Path, names: list[str], themes: list[Theme]) -> Iterator[Path]:
    """Draw each model in each arrangement and theme, and yield the files."""
    for name in names:
        with OffscreenApp([ModelSpec(MODELS[name])], load_config()) as app:
            for theme in themes:
                app.do(SetTheme(theme))
                for arrangement in arrangement_names():
                    app.do(SetArrangement(arrangement))
                    while app.world.advance(1.0):
                        continue
                    path = folder / f"{name}-{arrangement.replace(' ', '-')}-{theme}.png"
                    app.picture("overview", SIZE).save(path)
                    yield path


@contextmanager
def _virtual_screen(size: tuple[int, int]) -> Iterator[dict[str, str]]:
    """The environment of a screen that nobody sees, without settings of the user's."""
    screen = ["Xvfb", DISPLAY, "-screen", "0", f"{size[0]}x{size[1]}x24"]
    server = subprocess.Popen(screen, stderr=subprocess.DEVNULL)
    try:
        with tempfile.TemporaryDirectory() as empty:
            folders = {"XDG_CONFIG_HOME": empty, "XDG_STATE_HOME": empty}
            yield {**os.environ, **folders, "DISPLAY": DISPLAY}
    finally:
        server.terminate()
        server.wait()


def draw_windows(folder: Path, names: list[str]) -> Iterator[Path]:
    """Take pictures of the window with panels, and yield the files."""
    for name in names:
        for width, height in WINDOWS:
            path = folder / f"{name}-window-{width}x{height}.png"
            with _virtual_screen((width, height)) as environment:
                words = ["--model", MODELS[name], "--window", f"{width}x{height}"]
                process = subprocess.Popen([sys.executable, "-m", "vrnn", *words], env=environment)
                try:
                    time.sleep(LOADING_SECONDS)
                    _run(environment, "xdotool", "search", "--name", "vrnn", "windowfocus")
                    _run(environment, "xdotool", "key", "F2")
                    time.sleep(DRAWING_SECONDS)
                    _run(environment, "import", "-window", "root", str(path))
                finally:
                    process.terminate()
                    process.wait()
            yield path


def _run(environment: dict[str, str], *words: str) -> None:
    subprocess.run(words, env=environment, check=True, stdout=subprocess.DEVNULL)


def write_sheet(paths: list[Path], file: Path, columns: int = 2) -> None:
    """Write all pictures, made smaller, on one sheet."""
    pictures = []
    for path in paths:
        picture = Image.open(path).convert("RGB")
        height = round(picture.height * SHEET_WIDTH / picture.width)
        pictures.append(np.asarray(picture.resize((SHEET_WIDTH, height), Image.Resampling.LANCZOS)))
    tallest = max(len(picture) for picture in pictures)
    rows = -(-len(pictures) // columns)
    sheet = np.full((rows * tallest, columns * SHEET_WIDTH, 3), 128, np.uint8)
    for i, picture in enumerate(pictures):
        row, column = divmod(i, columns)
        y, x = row * tallest, column * SHEET_WIDTH
        sheet[y : y + len(picture), x : x + SHEET_WIDTH] = picture
    Image.fromarray(sheet).save(file)


def main() -> None:
    """Draw what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", dest="names", action="append", choices=MODELS)
    parser.add_argument("--theme", dest="themes", action="append", choices=THEMES)
    parser.add_argument("--windows", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    names = options.names or list(MODELS)
    drawn = draw_worlds(options.folder, names, options.themes or ["dark"])
    if options.windows:
        drawn = draw_windows(options.folder, names)
    paths = []
    for path in drawn:
        print(path)
        paths.append(path)
    write_sheet(paths, options.folder / ("windows.png" if options.windows else "worlds.png"))


if __name__ == "__main__":
    main()
