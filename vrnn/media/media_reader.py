"""Reads files that go into a network: images, WAV sounds, NumPy and NIfTI volumes, videos.

What a file holds is told by its first bytes, not by its name.
"""

from __future__ import annotations

import stat
import wave
from pathlib import Path

import numpy as np

from vrnn.errors import VrnnError
from vrnn.media.image_reader import MAX_BYTES, read_image
from vrnn.media.media import Media, Sound, Video, Volume

MAX_FRAMES = 256
"""Frames of a video that are read, evenly spread over it."""
MAX_SECONDS = 600
"""Seconds of a sound that are read."""


def read_media(path: Path) -> Media:
    """Read a file that goes into a network.

    Args:
        path: An image, a WAV file, a NumPy array, a NIfTI volume, or a video.

    Returns:
        (H, W, 3) uint8 sRGB of an image, else what the file holds.

    Raises:
        VrnnError: There is no such file, it is none of these, broken, or too large.
    """
    start = _first_bytes(path)
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
        return _read_wav(path)
    if start[:6] == b"\x93NUMPY":
        return _read_npy(path)
    if path.name.lower().endswith((".nii", ".nii.gz")):
        return _read_nifti(path)
    is_video = start[4:8] == b"ftyp" and start[8:12] not in (b"avif", b"heic", b"mif1", b"heix")
    is_video |= start[:4] == b"RIFF" and start[8:12] == b"AVI "
    is_video |= start[:4] == b"\x1a\x45\xdf\xa3"  # Matroska and WebM
    return _read_video(path) if is_video else read_image(path)


def _first_bytes(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            return b""  # `read_image` says what is wrong
        with path.open("rb") as file:
            return file.read(16)
    except (OSError, ValueError):
        return b""


def _read_wav(path: Path) -> Sound:
    """PCM of 8, 16, 24 or 32 bits."""
    try:
        with wave.open(str(path), "rb") as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            data = file.readframes(min(file.getnframes(), MAX_SECONDS * rate))
    except (wave.Error, EOFError, OSError) as error:
        raise VrnnError(
            f"the sound '{path}' cannot be read ({error}); save it as WAV with 16-bit samples"
        ) from error
    count = len(data) // (width * channels) * channels
    if not count or not rate:
        raise VrnnError(f"the sound '{path}' is empty; record it again")
    raw = np.frombuffer(data, np.uint8, count * width)
    if width == 1:
        samples = (raw.astype(np.float32) - 128) / 128
    else:
        padded = np.zeros((count, 4), np.uint8)  # the sample's bytes are the highest of an int32
        padded[:, 4 - width :] = raw.reshape(count, width)
        samples = padded.view("<i4")[:, 0].astype(np.float32) / 2**31
    return Sound(np.ascontiguousarray(samples.reshape(-1, channels).T), rate)


def _read_npy(path: Path) -> Media:
    try:
        values = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise VrnnError(
            f"the array '{path}' cannot be read; save it with numpy.save, without objects"
        ) from error
    if values.dtype.kind not in "biuf" or not values.size:
        raise VrnnError(
            f"the array '{path}' should hold real numbers, not {values.dtype} {values.shape}"
        )
    if values.dtype == np.uint8 and values.ndim == 3 and values.shape[2] == 3:
        return values
    keeps = values.dtype.kind in "iu" and values.ndim <= 2
    return Volume(values if keeps else values.astype(np.float32))


def _read_nifti(path: Path) -> Volume:
    try:
        import nibabel
    except ImportError as error:
        raise VrnnError(
            f"reading '{path}' needs nibabel; run: pip install nibabel, or save it with numpy.save"
        ) from error
    try:
        image = nibabel.load(path)
        if not isinstance(image, nibabel.spatialimages.SpatialImage):
            raise TypeError("surfaces and connections hold no volume")
        values = np.asarray(image.dataobj, np.float32)
    except Exception as error:  # nibabel's own errors are many
        raise VrnnError(
            f"'{path}' is not a NIfTI volume that can be read; save it again"
        ) from error
    if values.ndim not in (3, 4) or not values.size:
        raise VrnnError(f"'{path}' should hold a volume of 3 or 4 axes, not {values.ndim}")
    # NIfTI counts x, y, z, t: rows are to be y, and slices the last axis in space.
    order = (2, 1, 0) if values.ndim == 3 else (3, 2, 1, 0)
    return Volume(np.ascontiguousarray(values.transpose(order)))


def _read_video(path: Path) -> Video:
    from vrnn.media.video_source import read_frames

    return Video(read_frames(path, MAX_FRAMES))
