"""Values as short text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitop.render.units import Unit, amount, bytes_text, duration, percent, say


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (812, "812B"),
        (1024, "1.0K"),
        (10 * 1024 * 1024, "10M"),
        (10188636, "9.7M"),
        (999.4 * 1024, "999K"),
        (999.6 * 1024, "1.0M"),
        (5 << 40, "5.0T"),
    ],
)
def test_bytes(value: float, text: str) -> None:
    assert bytes_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.02, "0.1"),
        (0.5, "0.5"),
        (7.4, "7"),
        (9999, "9999"),
        (12345, "12.3k"),
        (456_000, "456k"),
        (1.2e6, "1.2M"),
    ],
)
def test_amount(value: float, text: str) -> None:
    assert amount(value) == text


@given(st.floats(0, 1e18))
def test_short_texts_stay_short(value: float) -> None:
    assert len(bytes_text(value)) <= 5
    assert len(amount(value)) <= 5


@pytest.mark.parametrize(
    ("value", "text"), [(0.523, "0:00.52"), (729.4, "12:09.40"), (11529, "3h12m09"), (41 * 86400 + 3 * 3600, "41d03h")]
)
def test_duration(value: float, text: str) -> None:
    assert duration(value) == text


def test_percent() -> None:
    assert [percent(value) for value in (0, 12.34, 99.94, 99.96, 1594.2)] == ["0.0", "12.3", "99.9", "100", "1594"]


def test_unknown_is_never_zero() -> None:
    assert {say(None, unit) for unit in Unit} == {"-"}
