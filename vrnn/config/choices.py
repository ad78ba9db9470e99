"""Closed sets that the command line shares with the rest of the program; quick to import."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from vrnn.storage.limits import Range

HeadsetUse = Literal["on", "off", "auto"]
HEADSET_USES: tuple[HeadsetUse, ...] = get_args(HeadsetUse)
"""Whether to start in the headset; `auto`: when there is one."""

StereoChoice = Literal["auto", "multiview", "layer", "two"]
STEREO_CHOICES: tuple[StereoChoice, ...] = get_args(StereoChoice)
"""How both eyes are drawn: the fastest that works here, in one pass by GL_OVR_multiview2, in one
pass by gl_Layer, or in two passes."""

ImageKind = Literal["flat", "panorama", "stereo"]
IMAGE_KINDS: tuple[ImageKind, ...] = get_args(ImageKind)
"""What a screenshot shows: one view, all around, or what two eyes see side by side."""

CAMERAS = ("overview", "front", "top", "input")
"""Cameras by name; others are `layer:NAME` or five numbers."""

LayerFile = Literal["sheet", "values", "histograms"]
LAYER_FILES: tuple[LayerFile, ...] = get_args(LayerFile)
"""What is written of a layer: a PNG of all maps, a .npy of the values, a CSV of histograms."""

MAX_IMAGE_SIDE = 16384
"""Pixels: the largest width and height of a screenshot."""
Pixels = Annotated[int, Range(1, MAX_IMAGE_SIDE)]
"""Width or height of a screenshot or of a video."""
StepInterval = Annotated[int, Range(1, 10**9)]
"""Steps of a training from one that is recorded to the next."""
RecordingMegabytes = Annotated[float, Range(1.0, 1e7)]
VideoSeconds = Annotated[float, Range(0.01, 3600)]
"""Of a video, from one camera to the next."""
VideoRate = Annotated[float, Range(1, 240)]
"""Of a video, frames per second."""
MAX_FRAMES = 250_000
"""Of a video: more than an hour at 60 frames per second."""
