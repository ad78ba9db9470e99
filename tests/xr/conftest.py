"""The OpenXR runtime that tests of the headset meet."""

from __future__ import annotations

import os
import sys

import pytest

from tests.support.window import display
from tests.xr.fetch_runtime import Unavailable, fetch
from tests.xr.service import Runtime

__all__ = ["display"]


ALLOW = "VRNN_ALLOW_NO_OPENXR"
"""This variable, set to 1, lets the tests of the headset be skipped where there is no runtime."""


def require_runtime() -> Runtime:
    """Return the runtime. Where it cannot be had the tests fail: they would pass unseen.

    They are skipped on systems that it does not run on, and where `ALLOW` says so.
    """
    try:
        return Runtime(fetch())
    except Unavailable as reason:
        message = f"NO OPENXR RUNTIME TO TEST WITH: {reason}"
        if sys.platform == "linux" and os.environ.get(ALLOW) != "1":
            pytest.fail(f"{message}; to go without the tests of the headset, set {ALLOW}=1", False)
        pytest.skip(message)


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    """See `require_runtime`."""
    return require_runtime()


@pytest.fixture
def service(runtime: Runtime):
    """A headset, with the null compositor."""
    with runtime.serve() as running:
        yield running
