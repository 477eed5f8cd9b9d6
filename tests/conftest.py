"""What every test may ask for: a peer tool, root, a namespace of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest

pytest_plugins = ["tests.dnslab"]

_PATH = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"


def _absent(reason: str) -> None:
    """Skip with the reason; on continuous integration nothing may be absent."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def peer() -> Callable[[str], str]:
    """`peer("tcpdump")` is the tool's path; where it is not installed the test is skipped and says so."""

    def find(command: str) -> str:
        path = shutil.which(command, path=_PATH)
        if path is None:
            _absent(f"{command} is not installed (see tests/peers.txt)")
        assert path is not None
        return path

    return find


@pytest.fixture
def absent() -> Callable[[str], None]:
    """`absent("why")` ends the test for want of something that this machine has not."""
    return _absent


@pytest.fixture
def root() -> None:
    """For tests that need root: namespaces, raw sockets, other users' processes."""
    if os.geteuid() != 0:
        _absent("needs root")
