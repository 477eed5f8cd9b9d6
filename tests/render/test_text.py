"""Nothing that a terminal would obey, hide or reorder gets through."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitop.render.text import cells, fit, sentences, visible

HOSTILE = {
    "[/etc]": "[/etc]",
    "\x1b]0;x\x07": r"\e]0;x\a",
    "two\nlines\r": r"two\nlines\r",
    "\x9b31m": r"\x9b31m",
    "a\u202eb": r"a\u202eb",
    "a\u200bb": r"a\u200bb",
    "\ud800": r"\ud800",
    "\U000e0041": r"\U000e0041",
    "\x7f": r"\x7f",
    "naïve 日本": "naïve 日本",
}


@pytest.mark.parametrize(("text", "shown"), HOSTILE.items())
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_what_is_visible_holds_nothing_else(text: str) -> None:
    shown = visible(text)
    assert all(unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp") for character in shown)
    assert not any(
        unicodedata.bidirectional(character) in ("RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI", "FSI", "PDI")
        for character in shown
    )
    shown.encode()


def test_cells() -> None:
    assert cells("abc") == 3
    assert cells("日本") == 4
    assert cells("e\u0301") == 1


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Cf"))), st.integers(0, 40), st.booleans())
def test_fit_gives_exactly_the_cells_asked_for(text: str, width: int, right: bool) -> None:
    assert cells(fit(text, width, right=right)) == width


def test_fit_cuts_and_pads() -> None:
    assert fit("abcdef", 4) == "abc…"
    assert fit("ab", 4, right=True) == "  ab"
    assert fit("日本語", 4) == "日… "
    assert fit("abc", 0) == ""


def test_sentences_end_and_begin_as_sentences_do() -> None:
    assert sentences("no permission", "only root may") == "no permission. Only root may"
    assert sentences("It has ended.", "") == "It has ended."
    assert sentences("", "run it as root.") == "run it as root."
