"""A scope as a display filter: a conversation within the machine has two owners."""

from __future__ import annotations

import pytest

from pitop.model.filter import compile_filter
from pitop.model.packets.packet import Packet
from pitop.model.packets.scoping import narrowed
from pitop.model.scope import of_process
from pitop.render.packets import MAIN, OPERANDS


def packet(pid: int | None, peer: int | None) -> Packet:
    ends = ("127.0.0.1", 40000, "127.0.0.1", 80)
    return Packet(1, 0, 0, "lo", *ends, "TCP", 60, "line", pid=pid, process="curl", peer_pid=peer, peer_process="nginx")


@pytest.mark.parametrize(
    ("pid", "peer", "belongs"),
    [(7, 8, True), (9, 7, True), (8, 9, False), (None, 7, True), (7, None, True), (None, None, False)],
)
def test_a_process_is_followed_at_either_end(pid: int | None, peer: int | None, belongs: bool) -> None:
    for typed in ("", "process=curl"):
        expression = narrowed(typed, of_process((7, 70), "curl"))
        assert bool(compile_filter(expression, OPERANDS, MAIN)(packet(pid, peer))) is belongs


def test_the_other_end_can_be_asked_for() -> None:
    found = compile_filter("peer=nginx and peer_pid=8", OPERANDS, MAIN)
    assert found(packet(7, 8))
    assert not found(packet(7, 9))
