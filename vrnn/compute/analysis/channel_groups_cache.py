"""Groups of channels found before, in the user's cache folder: compressed numpy arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from vrnn.compute.analysis.top_activation_cache import delete_oldest
from vrnn.network.channel_groups import ChannelCopy, ChannelGroups
from vrnn.storage.atomic import make_folder, write_atomically
from vrnn.storage.paths import cache_dir

FORMAT = 1
"""To be changed with what is written, so that older files are not read."""
ARRAYS = {
    "live": np.int64, "merges": np.float64, "leaves": np.int64, "mean": np.float32,
    "std": np.float32, "variation": np.float32, "components": np.float32, "shares": np.float32,
    "zero": np.int64, "constant": np.int64, "not_finite": np.int64,
}  # fmt: skip
"""Fields that are arrays, with their dtypes."""


def _path(key: str) -> Path:
    return cache_dir() / "channel-groups" / f"{key}.npz"


def save(key: str, groups: ChannelGroups) -> None:
    """Write groups to the cache.

    Args:
        key: See `top_activation_cache.cache_key`.
        groups: Those of a layer over the data set.

    Raises:
        VrnnError: The folder is not writable.
    """
    path = _path(key)
    make_folder(path.parent)

    arrays: dict[str, Any] = {
        name: np.asarray(getattr(groups, name), kind) for name, kind in ARRAYS.items()
    }

    def write(file: BinaryIO) -> None:
        np.savez_compressed(
            file,
            format=np.int64(FORMAT),
            image_count=np.int64(groups.image_count),
            copies=np.array([(c.channel, c.of) for c in groups.copies], np.int64).reshape(-1, 2),
            scales=np.array([(c.factor, c.offset) for c in groups.copies]).reshape(-1, 2),
            skipped=np.array([index for index, _ in groups.skipped], np.int64),
            reasons=np.array([reason for _, reason in groups.skipped], np.str_),
            **arrays,
        )

    write_atomically(path, write)
    delete_oldest(path.parent)


def load(key: str, channels: int) -> ChannelGroups | None:
    """Read groups from the cache.

    Args:
        key: See `top_activation_cache.cache_key`.
        channels: Of the layer.

    Returns:
        What was written; None if there is no file or it is damaged.
    """
    try:
        with _path(key).open("rb") as file, np.load(file, allow_pickle=False) as data:
            if int(data["format"]) != FORMAT:
                return None
            copies = tuple(
                ChannelCopy(int(a), int(b), float(factor), float(offset))
                for (a, b), (factor, offset) in zip(data["copies"], data["scales"], strict=True)
            )
            skipped = tuple(
                (int(index), str(reason))
                for index, reason in zip(data["skipped"], data["reasons"], strict=True)
            )
            arrays = {name: data[name].astype(kind) for name, kind in ARRAYS.items()}
            groups = ChannelGroups(
                image_count=int(data["image_count"]), copies=copies, skipped=skipped, **arrays
            )
            return groups if _is_valid(groups, channels) else None
    except Exception:  # a damaged file fails in as many ways as there are bytes in it
        return None


def _is_valid(groups: ChannelGroups, channels: int) -> bool:
    """Check shapes and ranges."""
    size = len(groups.live)
    joined = groups.merges[:, :2] < size + np.arange(max(size - 1, 0))[:, None]
    return (
        size > 0
        and groups.merges.shape == (size - 1, 4)
        and bool(joined.all())
        and bool((groups.merges[:, :2] >= 0).all())
        and sorted(groups.leaves.tolist()) == list(range(size))
        and groups.mean.shape == groups.std.shape == groups.variation.shape == (channels,)
        and groups.components.shape == (len(groups.shares), channels)
        and bool(((groups.live >= 0) & (groups.live < channels)).all())
        and len(np.unique(groups.live)) == size
        and groups.image_count > 0
    )
