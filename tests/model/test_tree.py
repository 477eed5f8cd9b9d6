"""The forest: order, guides, folding, and never a row lost."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from pitop.model.tree import descendants, flatten, with_ancestors


class Row(NamedTuple):
    pid: int
    ppid: int
    weight: float = 0
    key: object = None


class Guides:
    branch = "|-"
    last = "`-"
    pipe = "| "
    blank = "  "


def rows(*pairs: tuple[int, int]) -> list[Row]:
    return [Row(pid, ppid, key=(pid, 0)) for pid, ppid in pairs]


FAMILY = rows((1, 0), (2, 0), (10, 1), (11, 10), (12, 10), (13, 12), (20, 1), (30, 99))


def drawn(forest: list[Row], **options: object) -> list[str]:
    lines = flatten(forest, Guides(), **options)  # type: ignore[arg-type]
    drawn = [f"{prefix}{forest[place].pid}" for place, prefix in zip(lines.places, lines.prefixes, strict=True)]
    for line, places in lines.folded.items():
        drawn[line] += "+" * len(places)
    return drawn


def test_parents_stand_before_their_children() -> None:
    assert drawn(FAMILY) == ["1", "|-10", "| |-11", "| `-12", "|   `-13", "`-20", "2", "30"]


def test_folding_hides_the_subtree_and_tells_where_it_is() -> None:
    assert drawn(FAMILY, folded={(10, 0)}) == ["1", "|-10+++", "`-20", "2", "30"]
    (places,) = flatten(FAMILY, Guides(), {(10, 0)}).folded.values()
    assert {FAMILY[place].pid for place in places} == {11, 12, 13}


def test_depths() -> None:
    forest = flatten(FAMILY, Guides())
    assert dict(zip([FAMILY[place].pid for place in forest.places], forest.depths, strict=True)) == {
        1: 0, 10: 1, 11: 2, 12: 2, 13: 3, 20: 1, 2: 0, 30: 0,
    }  # fmt: skip


def test_siblings_are_ordered_by_the_sum_of_their_subtrees() -> None:
    forest = [Row(1, 0, 0, 1), Row(2, 1, 5, 2), Row(3, 1, 1, 3), Row(4, 3, 9, 4), Row(5, 1, 5, 5)]
    assert drawn(forest, total=lambda row: row.weight) == ["1", "|-3", "| `-4", "|-2", "`-5"]
    assert drawn(forest, total=lambda row: row.weight, falling=False) == ["1", "|-2", "|-5", "`-3", "  `-4"]


def test_rows_that_name_each_other_as_parents_are_not_lost() -> None:
    circle = rows((5, 6), (6, 5), (7, 7))
    assert len(drawn(circle)) == 3


def test_descendants_and_ancestors() -> None:
    assert [row.pid for row in descendants(FAMILY, FAMILY[2])] == [10, 11, 12, 13]
    kept, only_above = with_ancestors(FAMILY, lambda row: row.pid == 13)
    assert [row.pid for row in kept] == [1, 10, 12, 13]
    assert only_above == {(1, 0), (10, 0), (12, 0)}


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 12)), max_size=30), st.sets(st.integers(1, 12)))
def test_every_row_is_there_once(pairs: list[tuple[int, int]], folded: set[int]) -> None:
    forest = [Row(pid, ppid, key=(pid, place)) for place, (pid, ppid) in enumerate(pairs)]
    shut = {row.key for row in forest if row.pid in folded}
    for total in (None, lambda row: float(row.pid)):
        lines = flatten(forest, Guides(), shut, total=total)
        places = lines.places + [place for hidden in lines.folded.values() for place in hidden]
        assert sorted(places) == list(range(len(forest)))
