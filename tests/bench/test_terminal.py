"""The measuring terminal: what a program draws is what is read, however the reads fall."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.terminal import Answers, Screen

_OUTPUT = (
    "\x1b[?1049h\x1b[?1h\x1b[H\x1b[2Jα-\x1b[4b|\r\n"  # REP: the last character, four times more
    "\x1b[>1u\x1b[>4;1m\x1b[?2026$p\x1bP+q544e\x1b\\two\x1b]0;title\x1b\\\r\n"  # nothing of this shows
    "\x1b[48;2;10;20;30mselected            \x1b[0m\r\n"
    "last"
).encode()


def _rows(screen: Screen) -> list[str]:
    return [row.rstrip() for row in screen.rows()]


@given(st.lists(st.integers(0, len(_OUTPUT)), max_size=8).map(sorted))
def test_output_reads_the_same_however_it_is_cut(cuts: list[int]) -> None:
    screen = Screen(20, 5)
    for begin, end in zip([0, *cuts], [*cuts, len(_OUTPUT)], strict=True):
        screen.feed(_OUTPUT[begin:end])
    assert _rows(screen) == ["α-----|", "two", "selected", "last", ""]
    assert [(bar.row, bar.background) for bar in screen.bars()] == [(2, "0a141e")]
    assert screen.keys("down") == b"\x1bOB"


def test_scrolling_moves_rows() -> None:
    screen = Screen(10, 3)
    screen.feed(b"one\r\ntwo\r\nthree\x1b[S")
    assert _rows(screen) == ["two", "three", ""]
    screen.feed(b"\x1b[2T")
    assert _rows(screen) == ["", "", "two"]


def test_a_reversed_row_is_a_bar_and_a_word_is_not() -> None:
    screen = Screen(20, 3)
    screen.feed(b"\x1b[7mhey\x1b[0m\r\n\x1b[7m" + b"x" * 20 + b"\x1b[0m")
    assert [bar.row for bar in screen.bars()] == [1]
    assert screen.keys("down") == b"\x1b[B"
    assert screen.keys("q") == b"q"


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (b"\x1b[c", b"\x1b[?62;22c"),
        (b"\x1b[>c", b"\x1b[>41;390;0c"),
        (b"\x1b[6n", b"\x1b[1;1R"),
        (b"\x1b[?2026$p", b"\x1b[?2026;2$y"),
        (b"\x1b[?2048$p", b"\x1b[?2048;0$y"),
        (b"\x1b[?u", b"\x1b[?0u"),
        (b"\x1b]11;?\x07", b"\x1b]11;rgb:0000/0000/0000\x1b\\"),
        (b"\x1b[18t", b"\x1b[8;24;80t"),
        (b"\x1b[31mtext", b""),
    ],
)
def test_questions_are_answered(asked: bytes, answer: bytes) -> None:
    assert Answers(80, 24).to(b"before" + asked + b"after") == answer
    split = Answers(80, 24)
    assert b"".join(split.to(bytes([byte])) for byte in asked) == answer
