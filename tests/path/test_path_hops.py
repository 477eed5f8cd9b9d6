"""Loss is told apart from slow answers, and ways that fork are drawn as a tree."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitop.model.path.hops import HopTally, Reply, added, judged, paths_text, ways
from pitop.render.path.trace import hop_line


def _reply(ttl: int, time_ms: float | None, address: str = "10.0.0.1", outcome: str = "hop", **more: object) -> Reply:
    return Reply(
        flow=0,
        ttl=ttl,
        sent_time=1.0,
        outcome="timeout" if time_ms is None else outcome,
        address=None if time_ms is None else address,
        time_ms=time_ms,
        **more,  # type: ignore[arg-type]
    )


def _hops(*counts: tuple[int, int]) -> list[HopTally]:
    return [HopTally(sent=sent, received=received) for sent, received in counts]


def _kinds(*counts: tuple[int, int]) -> list[str]:
    return [each.kind for each in judged(_hops(*counts))]


def test_no_loss() -> None:
    assert _kinds((10, 10), (10, 10), (10, 10)) == ["", "", ""]


def test_a_hop_that_answers_slowly_is_no_loss() -> None:
    found = judged(_hops((50, 50), (50, 10), (50, 50)))
    assert [each.kind for each in found] == ["", "limited", ""]
    assert [each.percent for each in found] == [0.0, 0.0, 0.0]
    assert found[1].words == "no loss: slow by policy, answers 20%, passes on 100%"


def test_loss_that_stays_is_loss() -> None:
    found = judged(_hops((100, 100), (100, 80), (100, 78), (100, 81)))
    assert [each.kind for each in found] == ["", "begins", "carried", "carried"]
    assert found[1].percent == pytest.approx(19)
    assert "begins at or before this hop" in found[1].words


def test_loss_behind_a_slow_hop() -> None:
    # hop 2 answers 10 %, but the way up to it cannot lose more than what hop 3 shows; loss begins at hop 4
    assert _kinds((100, 100), (100, 10), (100, 100), (100, 70), (100, 70)) == ["", "limited", "", "begins", "carried"]


def test_a_slow_hop_does_not_hide_where_loss_begins() -> None:
    found = judged(_hops((50, 50), (50, 9), (50, 38), (50, 39)))
    assert [each.kind for each in found] == ["", "limited", "begins", "carried"]


def test_silence() -> None:
    assert _kinds((9, 9), (9, 0), (9, 9)) == ["", "silent", ""]
    assert _kinds((9, 9), (9, 0), (9, 0)) == ["", "dark", "dark"]
    assert _kinds(
        (0, 0),
    ) == [""]


def test_chance_is_no_verdict() -> None:
    assert _kinds((10, 9), (10, 10), (10, 10)) == ["", "", ""]
    assert _kinds((100, 97), (100, 100)) == ["", ""]


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 1)), min_size=1, max_size=20))
def test_loss_on_the_way_never_shrinks(counts: list[tuple[int, float]]) -> None:
    hops = _hops(*((sent, int(sent * share)) for sent, share in counts))
    shown = [each.percent for each in judged(hops) if each.percent is not None]
    assert shown == sorted(shown)
    for tally, verdict in zip(hops, judged(hops), strict=True):
        assert verdict.percent is None or verdict.percent <= 100 * (tally.loss or 0) + 1e-9


@given(st.lists(st.one_of(st.none(), st.floats(0.001, 1000)), min_size=1, max_size=50))
def test_statistics_as_mtr_has_them(times: list[float | None]) -> None:
    tally = HopTally()
    for time in times:
        tally = added(tally, _reply(1, time))
    came = [time for time in times if time is not None]
    assert (tally.sent, tally.received) == (len(times), len(came))
    if not came:
        assert (tally.avg_ms, tally.best_ms, tally.stdev_ms) == (None, None, None)
        return
    assert (tally.best_ms, tally.worst_ms, tally.last_ms) == (min(came), max(came), came[-1])
    assert tally.avg_ms == pytest.approx(statistics.fmean(came))
    assert tally.stdev_ms == pytest.approx(statistics.stdev(came) if len(came) > 1 else 0.0, rel=1e-3, abs=1e-2)


def test_a_hop_that_becomes_another() -> None:
    tally = HopTally()
    for address in ("10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.1"):
        tally = added(tally, _reply(1, 1.0, address))
    assert [(each.before, each.after) for each in tally.changes] == [("10.0.0.1", "10.0.0.2"), ("10.0.0.2", "10.0.0.1")]
    assert tally.addresses == ("10.0.0.1", "10.0.0.2")


def test_the_tree() -> None:
    assert paths_text([["a", "b", "d"], ["a", "c", "d"], ["a", "c", None]]) == [
        " 1  a",
        "├─  2  b",
        "│   3  d",
        "└─  2  c",
        "   ├─  3  d",
        "   └─  3  *",
    ]
    assert paths_text([]) == []
    assert paths_text([["a"], ["a"]]) == [" 1  a"]
    assert paths_text([["a"], ["b"]], ("+- ", "`- ", "|  ", "   ")) == ["+-  1  a", "`-  1  b"]


def test_silence_is_no_way_of_its_own() -> None:
    assert ways([("a",), (None,), ("a",), (None, None)]) == [("a",)]
    assert ways([("a", None, "d"), ("a", "c", "d"), ("a", "b", None)]) == [("a", "c", "d"), ("a", "b", None)]
    assert ways([(None,), (None,)]) == [(None,)]
    assert ways([("a", "b"), ("a", "b", "c")]) == [("a", "b", "c")]
    assert ways([]) == []


def test_lines_as_traceroute_prints_them() -> None:
    replies = [
        _reply(3, 1.0, "10.0.0.1"),
        _reply(3, None),
        _reply(3, 2.5, "10.0.0.1"),
        _reply(3, 3.0, "10.0.0.9", "refused", mark="!H"),
    ]
    assert hop_line(3, replies, lambda each: each) == " 3  10.0.0.1  1.000 ms *  2.500 ms 10.0.0.9  3.000 ms !H"
    assert hop_line(12, [_reply(12, None)] * 3, lambda each: each) == "12  * * *"
    assert "\x1b" not in hop_line(1, replies, lambda each: f"\x1b[2J ({each})")
