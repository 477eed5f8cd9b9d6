"""How often the helper tells what it has."""

from __future__ import annotations

import pytest

from pitop.collect.packets.helper import pace


@pytest.mark.parametrize(("new", "seconds"), [(0, 0.2), (30, 0.2), (31, 0.5), (60, 0.5), (61, 1.0), (100_000, 1.0)])
def test_what_nobody_can_read_along_comes_less_often(new: int, seconds: float) -> None:
    assert pace(new, 30) == seconds
