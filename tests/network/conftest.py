"""A network of namespaces for each test that asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.netlab import Lab


@pytest.fixture
def lab(root: None, peer: Callable[[str], str]) -> Iterator[Lab]:
    peer("ip")
    with Lab() as made:
        yield made
