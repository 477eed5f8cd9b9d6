"""Rates need two readings, time between them, and counters that go forward."""

from __future__ import annotations

import pytest

from pitop.model.rates import delta, percent, rate


@pytest.mark.parametrize(
    ("now", "before", "seconds", "expected"),
    [
        (30, 10, 2.0, 10.0),
        (10, 10, 1.0, 0.0),
        (None, 1, 1.0, None),
        (1, None, 1.0, None),
        (1, 2, 1.0, None),
        (2, 1, 0.0, None),
    ],
)
def test_rate(now: int | None, before: int | None, seconds: float, expected: float | None) -> None:
    assert rate(now, before, seconds) == expected


def test_delta_and_percent() -> None:
    assert delta(5, 3) == 2
    assert delta(3, 5) is None
    assert delta(None, 5) is None
    assert percent(1, 4) == 25
    assert percent(1, 0) is None
    assert percent(None, 4) is None
