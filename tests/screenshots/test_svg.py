"""A screen's drawing: well-formed whatever is on it, and what is on it is found in it."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import example, given
from hypothesis import strategies as st

from bench.terminal import Screen
from screenshots.svg import svg

_NAMESPACE = "{http://www.w3.org/2000/svg}"


def _drawing(output: bytes, columns: int = 20, lines: int = 4) -> ElementTree.Element:
    screen = Screen(columns, lines)
    screen.feed(output)
    return ElementTree.fromstring(svg(screen.cells(), "a <title> & more"))


def _words(drawing: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in drawing.iter(f"{_NAMESPACE}text")]


@given(st.text())
@example("\uffff")
def test_any_text_makes_a_well_formed_drawing(text: str) -> None:
    _drawing(text.encode(errors="replace"))


def test_words_stand_where_they_are_on_the_screen() -> None:
    drawing = _drawing(b"one  two\r\n   <three>")
    assert _words(drawing) == ["one", "two", "<three>"]
    one, two, three = drawing.iter(f"{_NAMESPACE}text")
    assert float(two.attrib["x"]) > float(three.attrib["x"]) > float(one.attrib["x"])
    assert float(one.attrib["y"]) == float(two.attrib["y"]) < float(three.attrib["y"])


def test_colours_and_reverse_are_drawn() -> None:
    drawing = _drawing(b"\x1b[38;2;1;2;3;48;2;4;5;6mA\x1b[7mB\x1b[0;1mC")
    letters = {element.text: element for element in drawing.iter(f"{_NAMESPACE}text")}
    assert letters["A"].attrib["fill"] == "#010203"
    assert letters["B"].attrib["fill"] == "#040506"
    assert letters["C"].attrib["class"] == "b"
    fills = [element.attrib["fill"] for element in drawing.iter(f"{_NAMESPACE}rect")]
    assert "#040506" in fills
    assert "#010203" in fills


def test_lines_blocks_and_braille_are_shapes_that_reach_the_edges() -> None:
    drawing = _drawing("─┼█▄▍⣿".encode())
    assert _words(drawing) == []
    rectangles = [
        {name: float(element.attrib[name]) for name in ("x", "y", "width", "height")}
        for element in drawing.iter(f"{_NAMESPACE}rect")
        if "x" in element.attrib
    ]
    right_edges = {round(each["x"] + each["width"], 1) for each in rectangles}
    left_edges = {round(each["x"], 1) for each in rectangles}
    assert right_edges & left_edges, "neighbours meet"
    assert len(list(drawing.iter(f"{_NAMESPACE}circle"))) == 8
