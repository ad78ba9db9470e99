"""The OpenXR runtime that tests of the headset meet."""

from __future__ import annotations

import pytest

from tests.support.window import display
from tests.xr.fetch_runtime import Unavailable, fetch
from tests.xr.service import Runtime

__all__ = ["display"]


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    """Skips loudly where its packages cannot be had."""
    try:
        return Runtime(fetch())
    except Unavailable as reason:
        pytest.skip(f"NO OPENXR RUNTIME TO TEST WITH: {reason}")


@pytest.fixture
def service(runtime: Runtime):
    """A headset, with the null compositor."""
    with runtime.serve() as running:
        yield running
