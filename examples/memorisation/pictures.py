"""Draw the pictures of docs/memorisation.md from what a run of the study has written.

python examples/memorisation/study.py --out memorisation
python examples/memorisation/pictures.py memorisation docs/pictures
"""

import sys
from pathlib import Path

import numpy as np
import torch
from networks import TITLES
from PIL import Image
from strategies import STRATEGIES
from strategies import TITLES as STRATEGY_TITLES
from torch import nn

from vrnn import screenshot
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.network.model_spec import ModelSpec
from vrnn.style.font import rasterize_line

TILE, GAP, CAPTION, COLUMNS = 56, 6, 34, 8
"""Of a tile, between tiles and above them, pixels; tiles in a row."""
SHOWN = 16
"""Channels, those that vary most over the test images."""
IMAGE = 5
"""Number of the test image whose activations are shown."""
BACKGROUND, INK = (20, 22, 26), (230, 232, 236)


def activations(out: Path, network: str, strategy: str) -> list[np.ndarray]:
    """Return what the network averages for one image, each map (4, 4), 0…1, strongest first."""
    model = LoadedModel(
        open_source(ModelSpec(str(out / f"{network}_{strategy}.py"))), "layers"
    ).source
    net, data = model.model, model.dataset
    seen: list[torch.Tensor] = []
    pool = next(one for one in net.modules() if isinstance(one, nn.AdaptiveAvgPool2d))
    hook = pool.register_forward_pre_hook(lambda _, maps: seen.append(maps[0][0].detach()))
    pixels = torch.from_numpy(np.array(data.image(IMAGE))).permute(2, 0, 1).float() / 255
    with torch.no_grad():
        net(pixels[None])
    hook.remove()
    maps = seen[0].numpy()
    chosen = np.argsort(-maps.std((1, 2)), kind="stable")[:SHOWN]
    return [maps[channel] / max(float(maps[channel].max()), 1e-9) for channel in chosen]


def features(out: Path, network: str, strategy: str) -> list[np.ndarray]:
    """Return feature visualizations of channels of the last convolution, (H, W, 3) uint8."""
    with np.load(out / f"{network}_{strategy}-features.npz") as file:
        return list(file["pictures"][:SHOWN])


def colored(values: np.ndarray) -> np.ndarray:
    """Return (H, W, 3) uint8 from 0…1: from dark to orange to white."""
    stops = np.array([BACKGROUND, (176, 96, 24), (255, 190, 80), (255, 250, 235)], float)
    places = np.clip(values, 0, 1) * (len(stops) - 1)
    return np.stack(
        [np.interp(places, range(len(stops)), stops[:, channel]) for channel in range(3)], -1
    ).astype(np.uint8)


def sheet(rows: dict[str, list[list[np.ndarray]]]) -> Image.Image:
    """Draw a block of tiles for each network and strategy.

    Args:
        rows: For each network what to show of each strategy: images (H, W, 3) uint8.
    """
    block = COLUMNS * (TILE + GAP) - GAP
    heights = [
        CAPTION + -(-max(map(len, blocks)) // COLUMNS) * (TILE + GAP) + 14
        for blocks in rows.values()
    ]
    picture = Image.new("RGB", (3 * block + 4 * 20, sum(heights) + 12), BACKGROUND)
    for row, (network, blocks) in enumerate(rows.items()):
        for column, (strategy, tiles) in enumerate(zip(STRATEGIES, blocks, strict=True)):
            left, top = 20 + column * (block + 20), 12 + sum(heights[:row])
            title = f"{TITLES[network]}, {STRATEGY_TITLES[strategy]}"
            line = rasterize_line(title, 18)
            picture.paste(INK, (left, top + 4), line)
            for number, tile in enumerate(tiles):
                place = (
                    left + number % COLUMNS * (TILE + GAP),
                    top + CAPTION + number // COLUMNS * (TILE + GAP),
                )
                enlarged = Image.fromarray(tile).resize((TILE, TILE), Image.Resampling.NEAREST)
                picture.paste(enlarged, place)
    return picture


def main(out: Path, pictures: Path) -> None:
    networks = [name for name in TITLES if (out / f"{name}_noisy.py").exists()]
    found = {
        name: [[colored(one) for one in activations(out, name, way)] for way in STRATEGIES]
        for name in networks
    }
    sheet(found).save(pictures / "memorisation-activations.png")
    made = {name: [features(out, name, way) for way in STRATEGIES] for name in networks}
    sheet(made).save(pictures / "memorisation-features.png")
    models = [str(out / f"{networks[0]}_{way}.py") for way in STRATEGIES]
    screenshot(models, IMAGE, size=(1600, 520)).save(
        pictures / "memorisation.jpg", quality=88, optimize=True
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
