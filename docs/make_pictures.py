"""Make the pictures in README and the docs: `python docs/make_pictures.py`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from vrnn import render
from vrnn.actions import Action, FoldStages, Point, ShowFeatures, Undo
from vrnn.config import load_config
from vrnn.presets import presets
from vrnn.spec import ModelSpec
from vrnn.studio import Studio

DIGIT = 8
"""Which of the test digits."""
ROOT = Path(__file__).parent.parent
FOLDER = Path(__file__).parent / "pictures"

PICTURES: dict[str, dict[str, Any]] = {
    "overview": {"model": "default", "image": DIGIT},
    "resnet50": {"model": "examples/resnet50.py"},
    "walk": {
        "model": "examples/resnet50.py",
        "camera": "-12,2.6,8,-20,0",
        "scale": "layer",
    },
    "unet": {"model": "examples/unet.py"},
    "conveyor": {"model": "default", "image": DIGIT, "arrange": "conveyor"},
}
"""Arguments of `vrnn.render` for each picture."""

TOUCHED: dict[str, tuple[list[Action], str]] = {
    "folded": ([FoldStages()], "overview"),
}
"""What was done to ResNet50, and from where it is seen."""
POINTED = Point("stage1.0.conv1", channel=3, position=(12, 14))
FEATURES = "stage3.0.conv1"
SMALL = replace(presets()["sharp"], pad=3, roll=2)
"""Settings for images of 32×32 pixels."""
POINTED_FROM = "-7.2,1.7,6,8,0"


def main() -> None:
    """Write them all."""
    FOLDER.mkdir(exist_ok=True)
    for name, arguments in PICTURES.items():
        model = arguments["model"]
        if model.endswith(".py"):
            model = str(ROOT / model)
        picture = render(**{**arguments, "model": model, "size": (1600, 900)})
        path = FOLDER / f"{name}.jpg"
        picture.save(path, quality=88, optimize=True)
        print(path.relative_to(ROOT))
    with Studio([ModelSpec(str(ROOT / "examples/resnet50.py"))], load_config()) as studio:
        for name, (actions, camera) in TOUCHED.items():
            for action in actions:
                studio.do(action)
            path = FOLDER / f"{name}.jpg"
            studio.picture(camera, (1600, 900)).save(path, quality=88, optimize=True)
            print(path.relative_to(ROOT))
    with Studio([ModelSpec()], load_config(), image=DIGIT) as studio:
        studio.do(ShowFeatures(FEATURES, settings=SMALL))
        path = FOLDER / "features.jpg"
        picture = studio.picture(f"layer:{FEATURES}", (1600, 900))
        picture.save(path, quality=88, optimize=True)
        print(path.relative_to(ROOT))
        studio.do(Undo())
        studio.do(POINTED)
        path = FOLDER / "pointed.jpg"
        studio.picture(POINTED_FROM, (1600, 900)).save(path, quality=88, optimize=True)
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
