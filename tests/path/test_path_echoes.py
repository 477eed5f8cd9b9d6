"""Ping statistics: pure, and the same as ping's over ping's own times."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitop.model.path.echoes import Echo, Tally, counted, window
from pitop.model.path.icmp import checksum, echo, error_words, even_payload, first_difference
from pitop.render.path.ping import closing_lines, echo_line
from tests.netlab import Lab


def _echo(sequence: int, outcome: str = "reply", **more: object) -> Echo:
    return Echo(target=0, sequence=sequence, sent_time=0.0, outcome=outcome, **more)  # type: ignore[arg-type]


def _tally(*echoes: Echo, transmitted: int) -> Tally:
    tally = Tally(transmitted=transmitted)
    for each in echoes:
        tally = counted(tally, each)
    return tally


@given(st.lists(st.floats(0.001, 5000), min_size=1, max_size=60))
def test_times(times: list[float]) -> None:
    tally = _tally(*(_echo(n, time_ms=time) for n, time in enumerate(times)), transmitted=len(times))
    assert (tally.received, tally.lost, tally.pending, tally.loss_percent) == (len(times), 0, 0, 0.0)
    assert (tally.min_ms, tally.max_ms, tally.last_ms) == (min(times), max(times), times[-1])
    assert tally.avg_ms == pytest.approx(statistics.fmean(times))
    assert tally.mdev_ms == pytest.approx(statistics.pstdev(times), abs=1e-3)


def test_what_does_not_come_back() -> None:
    tally = _tally(
        _echo(1, time_ms=1.0),
        _echo(1, "duplicate", time_ms=2.0),
        _echo(2, "timeout"),
        _echo(3, "error", words="x"),
        _echo(2, "late", time_ms=9.0),
        transmitted=5,
    )
    assert (tally.received, tally.lost, tally.pending, tally.duplicates, tally.late) == (2, 1, 2, 1, 1)
    assert tally.loss_percent == pytest.approx(100 / 3)
    assert tally.max_ms == 9.0
    assert Tally().loss_percent is None
    assert (Tally().avg_ms, Tally().mdev_ms) == (None, None)


@given(st.lists(st.one_of(st.none(), st.floats(0, 1000)), max_size=400))
def test_percentiles_are_times_that_were_seen(times: list[float | None]) -> None:
    found = window(times)
    came = sorted(time for time in times if time is not None)
    if not came:
        assert found.p50_ms is None
        assert found.loss_percent == (100.0 if times else None)
        return
    assert found.p50_ms in came
    assert found.p50_ms <= found.p95_ms <= found.p99_ms <= came[-1]  # type: ignore[operator]
    assert sum(time <= found.p95_ms for time in came) >= 0.95 * len(came)  # type: ignore[operator]
    assert found.loss_percent == pytest.approx(100 * times.count(None) / len(times))


def test_jitter_is_the_mean_step() -> None:
    assert window([1.0, 3.0, None, 2.0]).jitter_ms == pytest.approx(1.5)
    assert window([1.0]).jitter_ms is None


def test_the_statistics_are_pings(lab: Lab, peer: Callable[[str], str]) -> None:
    peer("ping")
    lab.add("a")
    text = lab.run("a", "ping", "-c", "40", "-i", "0.002", "127.0.0.1").stdout
    times = [float(each) for each in re.findall(r"time=([\d.]+)", text)]
    tally = _tally(*(_echo(n, time_ms=time) for n, time in enumerate(times)), transmitted=len(times))
    (counts, rtt) = closing_lines("127.0.0.1", tally, 0.0)[-2:]
    assert counts.rpartition(" time ")[0] == text.splitlines()[-2].rpartition(" time ")[0]
    numbers = [float(each) for each in re.findall(r"[\d.]+", rtt)]
    theirs = [float(each) for each in re.findall(r"[\d.]+", text.splitlines()[-1])]
    assert all(math.isclose(a, b, abs_tol=0.0011) for a, b in zip(numbers, theirs, strict=True))


@pytest.mark.parametrize(
    ("time_ms", "text"), [(0.0317, "0.032"), (1.234, "1.23"), (12.34, "12.3"), (99.96, "100"), (345.6, "346")]
)
def test_times_are_as_short_as_pings(time_ms: float, text: str) -> None:
    line = echo_line(_echo(7, address="10.0.0.1", ttl=64, size=64, time_ms=time_ms), None, "10.0.0.1")
    assert line == f"64 bytes from 10.0.0.1: icmp_seq=7 ttl=64 time={text} ms"


def test_lines_of_what_goes_wrong() -> None:
    assert echo_line(_echo(2, "timeout"), None, "10.0.0.1") == "no answer yet for icmp_seq=2"
    assert (
        echo_line(_echo(2, "error", address="10.0.0.9", words="Time to live exceeded"), "r", "10.0.0.1")
        == "From r (10.0.0.9) icmp_seq=2 Time to live exceeded"
    )
    double = _echo(2, "duplicate", address="10.0.0.1", ttl=1, size=64, time_ms=1, damage="wrong data byte #9")
    line = echo_line(double, "x\x1b[2J", "10.0.0.1")
    assert line.endswith("time=1.00 ms (DUP!)\nwrong data byte #9")
    assert "\x1b" not in line


@given(st.binary(max_size=64))
def test_a_packet_with_its_checksum_sums_to_nothing(payload: bytes) -> None:
    packet = echo(4, 77, 5, payload)
    assert checksum(packet) == 0


@given(st.integers(0, 65535), st.integers(0, 65535))
def test_an_even_payload_keeps_the_checksum(a: int, b: int) -> None:
    payload = b"\0\0pitop"
    one, two = (echo(4, 9, number, even_payload(number, payload)) for number in (a, b))
    assert one[2:4] == two[2:4] or {one[2:4], two[2:4]} == {b"\0\0", b"\xff\xff"}


def test_words() -> None:
    assert error_words(4, 3, 4, 1400) == "Frag needed and DF set (mtu = 1400)"
    assert error_words(6, 1, 3) == "Destination unreachable: Address unreachable"
    assert error_words(4, 99, 7) == "ICMP type 99 code 7"
    assert first_difference(b"abc", b"abc") is None
    assert first_difference(b"abc", b"abd") == 2
    assert first_difference(b"abc", b"ab") == 2
