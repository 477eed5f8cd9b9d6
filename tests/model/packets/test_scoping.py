"""A scope as a display filter."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from pitop.model.filter import compile_filter
from pitop.model.packets.packet import Packet
from pitop.model.packets.scoping import narrowed, scope_expression
from pitop.model.scope import Life, Scope, of_host, of_process, of_user
from pitop.render.packets import MAIN, OPERANDS


def packet(pid: int | None, time: float, **changes: object) -> Packet:
    made = Packet(1, int(time), int(time % 1 * 1e9), "lo", "192.0.2.1", 80, "192.0.2.2", 9, "TCP", 60, "IP", pid, "x")
    return replace(made, **changes)


def shows(scope: Scope, row: Packet, text: str = "") -> bool:
    return compile_filter(narrowed(text, scope), OPERANDS, [OPERANDS["info"]])(row)


def lived(*lives: Life) -> Scope:
    return replace(of_process((7, 1), "wget"), members=frozenset(life.key for life in lives), lives=lives)


def test_a_pid_that_was_somebody_elses_before_or_since_is_left_out() -> None:
    scope = lived(Life((7, 1), 1000.0, 1060.0), Life((8, 2), 1010.0))
    assert [shows(scope, packet(7, time)) for time in (990.0, 1005.0, 1060.0, 1061.0)] == [False, True, True, False]
    assert [shows(scope, packet(8, time)) for time in (1000.0, 1011.0, 9000.0)] == [False, True, True]
    assert not shows(scope, packet(9, 1020.0))
    assert not shows(scope, packet(None, 1020.0))


def test_two_members_may_have_had_the_same_pid() -> None:
    scope = lived(Life((7, 1), 1000.0, 1010.0), Life((7, 5), 1050.0))
    assert [shows(scope, packet(7, time)) for time in (1005.0, 1030.0, 1051.0)] == [True, False, True]


def test_what_was_gone_before_anybody_looked_shows_nothing() -> None:
    assert not shows(lived(Life((7, 1), 1000.0, 1000.0)), packet(7, 1000.0))


def test_the_filter_works_within_it() -> None:
    scope = lived(Life((7, 1), 1000.0))
    assert shows(scope, packet(7, 1005.0), "port=80 or port=81")
    assert not shows(scope, packet(7, 1005.0), "port=81 or port=82")


def test_a_large_family_still_makes_an_expression() -> None:
    lives = tuple(Life((100_000 + n, n), 1_795_000_000.0 + n, 1_795_000_900.0 + n) for n in range(1000))
    scope = lived(*lives)
    assert shows(scope, packet(100_999, 1_795_001_500.0))
    assert not shows(scope, packet(100_999, 1_795_009_000.0))


@pytest.mark.parametrize(("scope", "means"), [(of_host("192.0.2.1"), True), (of_user("pi"), False)])
def test_what_means_nothing_to_packets_is_no_expression(scope: Scope, means: bool) -> None:
    assert (scope_expression(scope) is not None) is means


def inner(pid: int | None, peer: int | None) -> Packet:
    ends = ("127.0.0.1", 40000, "127.0.0.1", 80)
    return Packet(1, 0, 0, "lo", *ends, "TCP", 60, "line", pid=pid, process="curl", peer_pid=peer, peer_process="nginx")


@pytest.mark.parametrize(
    ("pid", "peer", "belongs"),
    [(7, 8, True), (9, 7, True), (8, 9, False), (None, 7, True), (7, None, True), (None, None, False)],
)
def test_a_process_is_followed_at_either_end(pid: int | None, peer: int | None, belongs: bool) -> None:
    for typed in ("", "process=curl"):
        expression = narrowed(typed, of_process((7, 70), "curl"))
        assert bool(compile_filter(expression, OPERANDS, MAIN)(inner(pid, peer))) is belongs


def test_the_other_end_can_be_asked_for() -> None:
    found = compile_filter("peer=nginx and peer_pid=8", OPERANDS, MAIN)
    assert found(inner(7, 8))
    assert not found(inner(7, 9))
