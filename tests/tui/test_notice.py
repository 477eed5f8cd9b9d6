"""Lines that are too long for the screen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitop.render.field import Tone
from pitop.render.text import cells, visible
from pitop.tui.widgets.notice import Phrase, wrapped

LINE: list[Phrase] = [(" www.example.org. A", Tone.STRONG), ("  no answer from 192.0.2.53", Tone.BAD)]


def texts(lines: list[list[Phrase]]) -> list[str]:
    return [visible("".join(text for text, _ in line)) for line in lines]


def test_a_line_is_broken_between_words_and_hangs() -> None:
    assert texts(wrapped(LINE, 60, 3)) == [" www.example.org. A  no answer from 192.0.2.53"]
    assert wrapped(LINE, 30, 3) == [
        [(" www.example.org. A", Tone.STRONG), ("  no answer", Tone.BAD)],
        [("   ", Tone.PLAIN), ("from 192.0.2.53", Tone.BAD)],
    ]


@pytest.mark.parametrize(("width", "most"), [(30, 1), (10, 3)])
def test_a_line_that_may_not_be_broken_stays(width: int, most: int) -> None:
    assert wrapped(LINE, width, most) == [LINE]


def test_no_more_lines_than_may_be() -> None:
    long: list[Phrase] = [(" ".join(["word"] * 40), Tone.PLAIN)]
    lines = texts(wrapped(long, 40, 3))
    assert [len(line) <= 40 for line in lines] == [True, True, False]
    assert sum(line.count("word") for line in lines) == 40


@given(
    st.lists(st.tuples(st.text(), st.sampled_from(list(Tone))), max_size=5),
    st.integers(0, 60),
    st.integers(1, 4),
)
def test_nothing_is_lost_and_words_that_fit_are_whole(line: list[Phrase], width: int, most: int) -> None:
    lines = wrapped(line, width, most)
    assert len(lines) <= most
    said = "".join(visible(text) for text, _ in line)
    assert "".join("".join(texts(lines)).split()) == "".join(said.split())
    longest = max((cells(visible(word)) for text, _ in line for word in text.split()), default=0)
    if longest + 8 < width and most > 1:
        assert all(cells(text) <= width for text in texts(lines[:-1]))
