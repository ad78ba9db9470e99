"""Reads feature cubes: IFeaLiD data sets, NumPy arrays, TIFF files of many pages, ENVI images."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageSequence

from vrnn.errors import VrnnError
from vrnn.media.cube import MAX_CUBE_BYTES, FeatureCube, check_cube_shape
from vrnn.media.envi import HEADER_SUFFIX, read_envi
from vrnn.media.ifealid import MAX_RATIO, read_ifealid
from vrnn.storage.input_file import check_regular, describe_missing, reason

CUBE_SUFFIXES = (".zip", ".npy", ".npz", ".tif", ".tiff", ".hdr")


def read_cube(path: Path) -> FeatureCube:
    """Read a feature cube, by the suffix of its file.

    Args:
        path: An IFeaLiD data set `.zip`; an array H × W × C in `.npy`, or the only one of a `.npz`;
            a `.tif` whose pages are the channels; the header `.hdr` of an ENVI image.

    Raises:
        VrnnError: There is no such file, it is none of these, broken, or too large.
    """
    suffix = path.suffix.lower()
    try:
        check_regular(path)
        if path.stat().st_size > MAX_CUBE_BYTES:
            raise VrnnError(f"'{path}' is larger than {MAX_CUBE_BYTES >> 30} GB; cut it first")
        if suffix == ".zip":
            return read_ifealid(path)
        if suffix == ".npy":
            with path.open("rb") as file:
                return FeatureCube(path.stem, _array(file, path))
        if suffix == ".npz":
            return FeatureCube(path.stem, _only_array(path))
        if suffix in (".tif", ".tiff"):
            return FeatureCube(path.stem, _pages(path))
        if suffix == HEADER_SUFFIX:
            return FeatureCube(path.stem, read_envi(path))
    except FileNotFoundError as error:
        raise VrnnError(describe_missing(path, "cube")) from error
    except MemoryError as error:
        raise VrnnError(f"not enough memory for the cube '{path}'; cut it first") from error
    except VrnnError as error:
        if str(error).startswith("it is "):
            raise VrnnError(f"'{path}' cannot be read: {error}; pass a file") from error
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise VrnnError(f"the cube '{path}' cannot be read: {reason(error)}") from error
    raise VrnnError(f"'{path}' is no cube: pass a file that ends in {', '.join(CUBE_SUFFIXES)}")


def _array(file: IO[bytes], path: Path) -> np.ndarray:
    """(C, H, W) float32 of an open .npy of H × W × C numbers; its header is looked at first."""
    version = np.lib.format.read_magic(file)
    read_header = (
        np.lib.format.read_array_header_1_0 if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )  # fmt: skip
    shape, fortran, dtype = read_header(file)
    if dtype.kind not in "buif":
        raise VrnnError(f"'{path}' holds {dtype}, but a cube is of real numbers")
    check_cube_shape(shape, path)
    size = int(np.prod(shape)) * dtype.itemsize
    content = file.read(size)
    if len(content) < size:
        raise VrnnError(
            f"'{path}' is cut: {size:,} bytes should follow its header, but there are "
            f"{len(content):,}; copy it again"
        )
    array = np.frombuffer(content, dtype).reshape(shape, order="F" if fortran else "C")
    return np.array(array.transpose(2, 0, 1), np.float32, order="C")


def _only_array(path: Path) -> np.ndarray:
    with zipfile.ZipFile(path) as archive:
        arrays = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        if len(arrays) != 1:
            names = ", ".join(info.filename[:40] for info in arrays[:5]) or "none"
            raise VrnnError(f"'{path}' should hold one array, but holds {names}; save one as .npy")
        info = arrays[0]
        is_false = info.file_size > MAX_RATIO * max(info.compress_size, 1)
        if is_false or info.file_size > MAX_CUBE_BYTES:
            raise VrnnError(
                f"the array in '{path}' claims to be {info.file_size:,} bytes in "
                f"{info.compress_size:,}, which is not read; save it as .npy"
            )
        with archive.open(info) as file:
            return _array(file, path)


def _pages(path: Path) -> np.ndarray:
    """(C, H, W) float32 of the pages of a TIFF, each one channel, or of color pages several."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures and odd tags
            with Image.open(path, formats=("TIFF",)) as picture:
                bands = len(picture.getbands())
                pages = int(getattr(picture, "n_frames", 1))
                width, height = picture.size
                check_cube_shape((height, width, pages * bands), path)
                values = np.empty((pages * bands, height, width), np.float32)
                for number, page in enumerate(ImageSequence.Iterator(picture)):
                    if page.size != (width, height) or len(page.getbands()) != bands:
                        raise VrnnError(
                            f"page {number} of '{path}' has another size or other bands than the "
                            "first one; a cube has the same on all pages"
                        )
                    array = np.asarray(page, np.float32).reshape(height, width, bands)
                    values[number * bands : (number + 1) * bands] = array.transpose(2, 0, 1)
                return values
    except VrnnError:
        raise
    except Image.DecompressionBombError as error:
        raise VrnnError(f"a page of '{path}' has too many pixels; cut it first") from error
    except Exception as error:  # a broken file fails in as many ways as there are decoders
        raise VrnnError(f"the cube '{path}' is no TIFF that can be read: {error}") from error
