"""Without a runtime the tests of the headset fail, unless they may be left out."""

import pytest

from tests.xr import conftest
from tests.xr.fetch_runtime import Unavailable


@pytest.fixture
def none(monkeypatch):
    def fetch():
        raise Unavailable("the mirror does not answer")

    monkeypatch.setattr(conftest, "fetch", fetch)
    monkeypatch.delenv(conftest.ALLOW, raising=False)


@pytest.mark.usefixtures("none")
def test_they_fail_with_the_reason_and_what_to_set(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    for value in (None, "", "0"):
        if value is not None:
            monkeypatch.setenv(conftest.ALLOW, value)
        with pytest.raises(pytest.fail.Exception, match=r"not answer.*VRNN_ALLOW_NO_OP"):
            conftest.require_runtime()


@pytest.mark.usefixtures("none")
def test_they_are_skipped_loudly_where_that_is_allowed(monkeypatch):
    monkeypatch.setenv(conftest.ALLOW, "1")
    with pytest.raises(pytest.skip.Exception, match="NO OPENXR RUNTIME TO TEST WITH"):
        conftest.require_runtime()


@pytest.mark.usefixtures("none")
def test_they_are_skipped_where_it_does_not_run(monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(pytest.skip.Exception, match="NO OPENXR"):
        conftest.require_runtime()
