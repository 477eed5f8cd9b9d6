"""What is said of numbers that are none, or too small, or too large."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import pytest

from pitop.cli.numbers import real, whole


@pytest.mark.parametrize(
    ("parse", "text", "words"),
    [
        (whole(1), "x", "a whole number from 1 up is needed"),
        (whole(1), "0", "a whole number from 1 up is needed"),
        (whole(1, 255), "256", "a whole number from 1 to 255 is needed"),
        (real(0.01, 3600), "-1", "a number from 0.01 to 3600 is needed"),
        (real(0.002), "nan", "a number from 0.002 up is needed"),
        (real(0.002), "soon", "a number from 0.002 up is needed"),
    ],
)
def test_a_wrong_number_is_answered_with_the_right_ones(parse: Callable[[str], float], text: str, words: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"^{words}$"):
        parse(text)


def test_right_numbers_are_read() -> None:
    assert (whole(1, 255)("255"), real(0.002)("0.002")) == (255, 0.002)
