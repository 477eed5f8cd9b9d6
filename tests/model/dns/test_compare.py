"""Figures over samples."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitop.model.dns.answer import Answer, Fault, Trouble
from pitop.model.dns.compare import Comparison, Difference, Sample, ServerFigures, compared, spread
from pitop.model.dns.watch import beat
from pitop.render.dns.bars import beat_line
from pitop.render.dns.lines import grades


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200))
def test_spread(times: list[float]) -> None:
    found = spread(times)
    assert found is not None
    assert found.median_ms == pytest.approx(statistics.median(times))
    assert found.min_ms <= found.median_ms <= found.p95_ms <= found.max_ms
    assert sum(time <= found.p95_ms for time in times) >= 0.95 * len(times)
    assert (found.jitter_ms is None) == (len(times) == 1)


def test_no_times_no_spread() -> None:
    assert spread([]) is None


def test_jitter_is_the_mean_step() -> None:
    found = spread([1.0, 3.0, 2.0])
    assert found is not None
    assert found.jitter_ms == 1.5


def sample(name: str, server: str, turn: int, ms: float | None, *data: str, status: str = "NOERROR") -> Sample:
    return Sample(name, server, turn, ms, status if ms is not None else "timeout", data)


def test_first_and_repeated_loss_and_differences() -> None:
    samples = [
        sample("x.", "a", 0, 10.0, "1"), sample("x.", "a", 1, 0.5, "1"), sample("y.", "a", 0, 20.0, "2"),
        sample("x.", "b", 0, 5.0, "1"), sample("x.", "b", 1, None), sample("y.", "b", 0, 5.0, status="NXDOMAIN"),
    ]  # fmt: skip
    (a, b), differences = compared(["a", "b"], samples, {})
    assert a.first is not None
    assert a.repeated is not None
    assert (a.first.median_ms, a.repeated.median_ms, a.loss_percent) == (15.0, 0.5, 0.0)
    assert b.loss_percent == pytest.approx(100 / 3)
    assert dict(b.statuses) == {"NOERROR": 1, "timeout": 1, "NXDOMAIN": 1}
    assert [(each.name, dict(each.answers)) for each in differences] == [("y.", {"2": ("a",), "NXDOMAIN": ("b",)})]


def answers(first: list[float], again: list[float], *, authoritative: bool = False) -> list[Sample]:
    times = [(turn, ms) for turn, column in enumerate((first, again)) for ms in column]
    return [Sample("x.", "a", turn, ms, "NOERROR", ("1",), authoritative) for turn, ms in times]


@pytest.mark.parametrize(
    ("samples", "remembers"),
    [
        (answers([20.0, 0.5, 30.0], [0.4, 0.5, 0.6]), True),
        (answers([20.0], [0.4, 0.5, 0.6]), True),
        (answers([20.0], [0.4, 0.5, 25.0]), False),  # a slow moment, not an empty cache
        (answers([0.3, 0.3, 0.3], [0.15, 0.15, 0.15]), False),  # too little to be noticed
        (answers([20.0, 21.0, 22.0], [15.0, 15.0, 15.0]), False),
        (answers([20.0, 21.0, 22.0], [0.4, 0.5, 0.6], authoritative=True), False),
        (answers([20.0], []), False),
    ],
)
def test_a_cache_is_told_by_times_that_leave_no_doubt(samples: list[Sample], remembers: bool) -> None:
    (only,), _ = compared(["a"], samples, {})
    assert only.remembers is remembers
    assert ("keeps answers" in grades(comparison(only))[1].words) is remembers


def test_each_answer_that_differs_has_a_line_of_its_own() -> None:
    servers, differ = compared(
        ["a", "b", "c"],
        [sample("y.", "a", 0, 1.0, "2"), sample("y.", "b", 0, 1.0, status="NXDOMAIN"), sample("y.", "c", 0, 1.0, "2")],
        {},
    )
    rows = grades(comparison(*servers, differences=differ))[-2:]
    assert [(row.server, row.words) for row in rows] == [("y.", "2 from a, c"), ("", "NXDOMAIN from b")]
    assert [row.servers for row in rows] == [("a", "c"), ("b",)]


def comparison(*servers: ServerFigures, differences: tuple[Difference, ...] = ()) -> Comparison:
    return Comparison(
        type="A", names=1, time=0.0, running=False, asked=2, total=2, seconds=1.0, servers=servers,
        differences=differences,
    )  # fmt: skip


def test_server_without_samples() -> None:
    (only,), _ = compared(["a"], [], {})
    assert (only.asked, only.loss_percent, only.first) == (0, None, None)


def test_watch_sees_changes_not_order() -> None:
    trouble = Trouble(Fault.TIMEOUT, "no answer")
    first = beat(trouble, 1.0, None)
    again = beat(trouble, 2.0, first)
    assert not first.changed
    assert not again.changed
    assert "timeout" in beat_line(again, 1.0)
    assert isinstance(Answer, type)
