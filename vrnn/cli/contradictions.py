"""Options that do not go together: each would be ignored beside the other, so it is refused."""

from __future__ import annotations

from collections.abc import Mapping

from vrnn.config.options import Options
from vrnn.errors import VrnnError

FLAGS = {
    "models": "--model",
    "weights": "--weights",
    "classes": "--classes",
    "data": "--data",
    "input_size": "--input-size",
    "device": "--device",
    "detail": "--detail",
    "text": "--text",
    "arrange": "--arrange",
    "scale": "--scale",
    "window": "--window",
    "fullscreen": "--fullscreen",
    "presentation": "--presentation",
    "stereo": "--eyes",
    "cameras": "--camera",
    "transparent": "--transparent",
    "size": "--size",
    "screenshot": "--screenshot",
    "screenshot_dir": "--screenshot-dir",
    "video": "--video",
    "seconds": "--seconds",
    "rate": "--rate",
    "recording": "--recording",
}
"""What a field of `Options` is on the command line."""
OF_SESSIONS = tuple(
    "models weights classes data input_size device detail text arrange scale".split()
)
"""What a session holds itself."""
OF_WINDOWS = ("window", "fullscreen", "presentation", "stereo")
OF_PICTURES = ("cameras", "transparent", "size", "kind")
OF_VIDEOS = ("seconds", "rate")
FILES = ("screenshot", "screenshot_dir", "video")


def check_together(options: Options, given: Mapping[str, object]) -> None:
    """Check that every option that was given has an effect.

    Args:
        options: All of them.
        given: Those that were given, by their field.

    Raises:
        VrnnError: One has none; the message says which, and what to do.
    """
    if options.session is not None:
        _refuse(given, OF_SESSIONS, "a session opens its own models; leave out {}")
    if options.trust and options.session is None and options.play is None:
        raise VrnnError("--trust is for the scripts that a --session or --play names; leave it out")
    if options.step is not None and options.recording is None:
        raise VrnnError("--step is of a recorded training; add --recording FOLDER")
    if options.recording is not None and options.session is not None:
        raise VrnnError("a session opens without a recording; leave out --session or --recording")
    if options.play is not None:
        _check_play(options, given)
    elif options.is_batch:
        _check_batch(options, given)
    else:
        _refuse(given, OF_PICTURES, "{} belongs to screenshots; add --screenshot FILE")
        _refuse(given, OF_VIDEOS, "{} belongs to videos; add --video FILE")


def _check_play(options: Options, given: Mapping[str, object]) -> None:
    says = "--play writes what its commands say; leave out {}, or write export.image into its file"
    _refuse(given, FILES + OF_PICTURES + OF_VIDEOS, says)
    _refuse(given, OF_WINDOWS, "{} belongs to the window; leave it out, or --play")
    if options.live is not None:
        raise VrnnError("--live belongs to the window; leave it out, or --play")
    if options.xr != "off":
        raise VrnnError("--xr belongs to the window; leave it out, or --play")
    if len(options.images) > 1:
        raise VrnnError("--play begins with one --image; others go in with input.set_image")


def _check_batch(options: Options, given: Mapping[str, object]) -> None:
    _refuse(given, OF_WINDOWS, "{} belongs to the window; leave it out, or the pictures")
    if options.live is not None:
        raise VrnnError("--live belongs to the window; leave it out, or the screenshots")
    if options.xr != "off":
        raise VrnnError("--xr belongs to the window; leave it out, or the pictures")
    if options.video is None:
        _refuse(given, OF_VIDEOS, "{} belongs to videos; add --video FILE")
        return
    if options.recording is not None and options.step is not None:
        raise VrnnError("a video goes along all steps of the recording; leave out --step")
    if len(options.cameras) < 2 and options.recording is None:
        raise VrnnError("--video goes from camera to camera: give --camera at least twice")
    if options.kind != "flat" or options.transparent:
        name = "--transparent" if options.transparent else f"--{options.kind}"
        raise VrnnError(f"{name} belongs to screenshots; leave it out, or make the video alone")
    if len(options.images) > 1 and options.screenshot is None and options.screenshot_dir is None:
        raise VrnnError("--video shows one image; give --image once")


def _refuse(given: Mapping[str, object], names: tuple[str, ...], sentence: str) -> None:
    for name in names:
        if name in given:
            raise VrnnError(sentence.format(FLAGS.get(name, f"--{given[name]}")))
