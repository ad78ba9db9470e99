"""The Hugging Face Hub and its cache, as timm and Transformers use them."""

from __future__ import annotations

import http.client
import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch
from urllib.parse import urlsplit

from vrnn.compute.loading.download_progress import tell_progress
from vrnn.compute.loading.downloads import (
    NoWeightsError,
    can_connect,
    damaged,
    explain_failures,
    file_sha256,
    no_connection,
)

_SHA256 = re.compile(r"[0-9a-f]{64}")


@contextmanager
def quiet_logger(name: str) -> Iterator[None]:
    """Log nothing of a library: what goes wrong is told in one sentence at the end."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def hub_access() -> Iterator[None]:
    """Let libraries download from the Hub, or use its cache alone where it cannot be reached.

    What was downloaded meanwhile is compared with the hash that the Hub gave.

    Raises:
        NoWeightsError: Something is not in the cache, or could not be downloaded.
    """
    from huggingface_hub import constants, errors, utils
    from safetensors import SafetensorError

    url, started = constants.ENDPOINT, time.time()
    is_offline = constants.HF_HUB_OFFLINE or not can_connect(url)
    folder = Path(constants.HF_HUB_CACHE)
    try:
        with (
            patch.object(constants, "HF_HUB_OFFLINE", is_offline),
            quiet_logger("huggingface_hub"),
            explain_failures(url, folder),
            tell_progress(utils.tqdm, urlsplit(url).hostname or ""),
        ):
            try:
                yield
            except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled) as error:
                raise no_connection(url) from error
            except errors.RepositoryNotFoundError as error:
                raise NoWeightsError(
                    f"{urlsplit(url).hostname} has no such model, or it is private; log in "
                    "with: hf auth login"
                ) from error
            except errors.EntryNotFoundError as error:
                raise NoWeightsError(f"a file is missing there ({_last_line(error)})") from error
            except SafetensorError as error:
                raise NoWeightsError(
                    f"a downloaded file is damaged; delete its folder in '{folder}' and start again"
                ) from error
            except OSError as error:
                if is_offline:
                    raise no_connection(url) from error
                raise
            except Exception as error:
                # The Hub's library raises errors of the one that it reads addresses with.
                if not type(error).__module__.startswith("httpx"):
                    raise
                raise http.client.IncompleteRead(b"") from error
    finally:
        _check_new_files(folder, started)


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[0]


def _check_new_files(folder: Path, since: float) -> None:
    """Compare files with the hash that is their name in the cache.

    Args:
        folder: The cache.
        since: When the oldest of those files was written, in `time.time()`.

    Raises:
        NoWeightsError: One has another hash; it is deleted.
    """
    for blob in folder.glob("models--*/blobs/*"):
        is_new = _SHA256.fullmatch(blob.name) and blob.stat().st_mtime >= since - 1
        if is_new and file_sha256(blob) != blob.name:
            blob.unlink()
            raise damaged(blob)
