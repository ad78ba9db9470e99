"""Trained weights that libraries download: whether they can be had, and if not, why."""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import re
import socket
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import torch

from vrnn.compute.loading.download_progress import tell_progress
from vrnn.errors import VrnnError
from vrnn.storage.terminal import one_line

CONNECT_SECONDS = 2.0
"""How long a connection may take to be made."""
READ_SECONDS = 20.0
"""How long a server may be silent in the middle of a download."""
MAX_REASON = 200
"""Characters of another program's message that are shown."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_HASH_IN_NAME = re.compile(r"-([a-f0-9]{8,})\.")


class NoWeightsError(VrnnError):
    """Trained weights cannot be had; the message is the reason and what to do."""


def random_weights_note(title: str, reason: NoWeightsError) -> str:
    """Return what the user is told of a model that opens without its trained weights."""
    return f"{title} opens with random weights: {reason}"


def shows_progress() -> bool:
    """Whether a progress bar would be seen."""
    return sys.stderr is not None and sys.stderr.isatty()


def can_connect(url: str) -> bool:
    """Return whether a server, or the proxy before it, can be reached within CONNECT_SECONDS.

    Looking up a name can take far longer than any time that sockets can be given, so it is done
    in a thread that is not waited for.
    """
    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy and not proxy_bypass(parts.hostname or ""):
        parts = urlsplit(proxy if "//" in proxy else f"//{proxy}")
    address = parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
    reached = threading.Event()

    def connect() -> None:
        with suppress(OSError, UnicodeError):
            socket.create_connection(address, CONNECT_SECONDS).close()
            reached.set()

    thread = threading.Thread(target=connect, name="vrnn-connect", daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS)
    return reached.is_set()


def no_connection(url: str) -> NoWeightsError:
    """Return the error for a server that cannot be reached."""
    host = urlsplit(url).hostname
    return NoWeightsError(f"no connection to {host}; connect to the network and start again")


def load_published(url: str, *_: Any, **options: Any) -> Any:
    """Return the state_dict at an address, from torch's cache if it is there.

    This stands in for `torch.hub.load_state_dict_from_url`, which would run code in a file, and
    wait for ever for a server that does not answer.

    Args:
        url: Of a file whose name ends in a part of its SHA-256.
        **options: `progress` of the original is heeded.

    Raises:
        NoWeightsError: It is not in the cache and cannot be downloaded, or it is damaged.
    """
    file = _fetch(url, options)
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, UnpicklingError) as error:
        raise damaged(file) from error


def fetch_arrays(url: str, *_: Any, **options: Any) -> str:
    """Return the path of a file of NumPy arrays, of torch's cache, into which it is downloaded.

    This stands in for `timm.models._hub.download_cached_file`.

    Args:
        url: Of an `.npz`.
        **options: `progress` of the original is heeded.

    Raises:
        NoWeightsError: It is not in the cache and cannot be downloaded, or it is damaged.
    """
    file = _fetch(url, options)
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.testzip() is not None:
                raise damaged(file)
    except (OSError, zipfile.BadZipFile) as error:
        raise damaged(file) from error
    return str(file)


def _fetch(url: str, options: Mapping[str, Any]) -> Path:
    """The file at an address, downloaded if need be, and compared with the hash in its name."""
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    file = folder / os.path.basename(urlsplit(url).path)
    found = _HASH_IN_NAME.search(file.name)
    expected = found[1] if found else None
    with explain_failures(url, folder):
        if not file.exists():
            if not can_connect(url):
                raise no_connection(url)
            folder.mkdir(parents=True, exist_ok=True)
            progress = options.get("progress", True)
            with tell_progress(torch.hub.tqdm, urlsplit(url).hostname or ""):
                torch.hub.download_url_to_file(url, str(file), expected, progress=progress)
    try:
        is_right = expected is None or file_sha256(file).startswith(expected)
    except OSError as error:
        raise damaged(file) from error
    if not is_right:
        raise damaged(file)
    return file


def damaged(file: Path) -> NoWeightsError:
    """Return the error for a file in a cache that is not what it should be."""
    return NoWeightsError(f"the downloaded file '{file}' is damaged; delete it and start again")


def file_sha256(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def explain_failures(url: str, folder: Path) -> Iterator[None]:
    """Raise NoWeightsError, with what to do, for whatever goes wrong in a download.

    Args:
        url: Where it comes from.
        folder: Where it goes.
    """
    host, before = urlsplit(url).hostname, socket.getdefaulttimeout()
    socket.setdefaulttimeout(READ_SECONDS)
    try:
        yield
    except NoWeightsError:
        raise
    except HTTPError as error:
        raise NoWeightsError(f"{host} answered {error.code} to {error.url}") from error
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        if getattr(error, "errno", None) in _FULL:
            reason = f"no space is left in '{folder}'; free some and start again"
        elif isinstance(error, PermissionError):
            reason = f"nothing can be written into '{folder}'"
        elif "hash" in str(error) or isinstance(error, http.client.IncompleteRead):
            reason = f"what {host} sent is incomplete or not what was published; start again"
        else:
            reason = f"the download from {host} failed ({one_line(str(error))[:MAX_REASON]})"
        raise NoWeightsError(reason) from error
    finally:
        socket.setdefaulttimeout(before)
