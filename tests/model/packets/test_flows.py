"""Flows: which packets are of one conversation, and whose its ends are."""

from __future__ import annotations

from pitop.model.packets.flows import UNSEEN, Flow, Flows
from pitop.model.packets.row import Owner
from pitop.model.packets.summary import Summary

A, B = b"\x0a\0\0\1", b"\x0a\0\0\2"
CURL, SERVER, OTHER = Owner(7, "curl", 70), Owner(8, "nginx", 80), Owner(9, "wget", 90)
SYN, SYN_ACK, ACK = 0x02, 0x12, 0x10


def tcp(flags: int, sequence: int = 1000, ack: int = 0, *, back: bool = False) -> Summary:
    ends = (B, A, 80, 4000) if back else (A, B, 4000, 80)
    return Summary("TCP", *ends, 6, flags, sequence, ack, 100, 54, 0, 14, 64)


def udp(port: int = 4000, to: int = 53, *, back: bool = False) -> Summary:
    ends = (B, A, to, port) if back else (A, B, port, to)
    return Summary("DNS", *ends, 17, payload=42, size=30, network=14, ttl=64)


def entered(*packets: tuple[Summary, float, int]) -> list[Flow]:
    flows = Flows()
    found = []
    for number, (summary, time, cookie) in enumerate(packets, 1):
        flow, *_ = flows.enter(summary, time, 100, number, None, cookie)
        assert flow is not None
        found.append(flow)
    return found


def test_a_port_that_is_used_again_begins_another_flow() -> None:
    first, again, answer, second, late = entered(
        (tcp(SYN, 1000), 1.0, 0),
        (tcp(SYN, 1000), 2.0, 0),
        (tcp(SYN_ACK, 5000, 1001, back=True), 2.1, 0),
        (tcp(SYN, 9000), 3.0, 0),
        (tcp(ACK, 9001, 1), 3.1, 0),
    )
    assert first is again is answer
    assert second is late is not first
    assert (first.packets, second.packets) == ([2, 1], [2, 0])


def test_another_socket_one_that_is_not_known_yet_or_a_long_silence_is_another_flow_of_udp() -> None:
    flows = Flows()
    one, *_ = flows.enter(udp(), 1.0, 100, 1, None, 11)
    assert one is not None
    one.learn(0, here=True, owner=CURL, cookie=11)
    assert flows.enter(udp(), 1.1, 100, 2, None, 11)[0] is one
    assert flows.enter(udp(back=True), 1.2, 100, 3, None, 0)[0] is one
    two, new, *_ = flows.enter(udp(), 1.3, 100, 4, None, 12)
    assert new
    assert two is not one
    three, *_ = flows.enter(udp(), 1.4, 100, 5, None, UNSEEN)
    assert three is not two
    assert flows.enter(udp(), 100.0, 100, 6)[0] is three
    assert flows.enter(udp(), 300.0, 100, 7)[0] is not three


def test_an_answer_to_a_question_that_was_not_seen_does_not_make_the_server_the_one_that_asks() -> None:
    (flow,) = entered((udp(back=True), 1.0, 0))
    assert (flow.a, flow.a_port, flow.b, flow.b_port) == (A, 4000, B, 53)


def test_the_owner_is_who_opened_it_and_the_peer_who_serves() -> None:
    flow = Flow(1, tcp(SYN), 1.0, 1)
    flow.learn(0, here=True, owner=CURL, cookie=1)
    assert (flow.owner, flow.peer) == (CURL, None)
    flow.learn(1, here=True, owner=SERVER, cookie=2)
    assert (flow.owner, flow.peer) == (CURL, SERVER)
    inward = Flow(1, tcp(SYN), 1.0, 1)
    inward.learn(0, here=False, owner=None, cookie=0)
    inward.learn(1, here=True, owner=SERVER, cookie=2)
    assert (inward.owner, inward.peer) == (SERVER, None)
    unknown = Flow(1, tcp(SYN), 1.0, 1)
    unknown.learn(0, here=True, owner=None, cookie=0)
    unknown.learn(1, here=True, owner=SERVER, cookie=2)
    assert (unknown.owner, unknown.peer) == (None, SERVER)  # the server never stands for a client that is not known


def test_a_listener_gives_way_to_the_connection_that_it_accepted_and_two_clients_to_nobody() -> None:
    flow = Flow(1, tcp(SYN), 1.0, 1)
    flow.learn(1, here=True, owner=SERVER, cookie=2)
    flow.learn(1, here=True, owner=OTHER, cookie=3)
    assert flow.owners[1] == OTHER
    flow.learn(0, here=True, owner=CURL, cookie=4)
    flow.learn(0, here=True, owner=OTHER, cookie=4)
    assert flow.owners[0] == CURL
    flow.learn(0, here=True, owner=OTHER, cookie=5)
    assert flow.owners[0] is None


def test_forgetting_an_old_flow_leaves_the_one_that_took_its_ports() -> None:
    flows = Flows()
    first, *_ = flows.enter(tcp(SYN, 1000), 1.0, 60, 1)
    second, *_ = flows.enter(tcp(SYN, 2000), 2.0, 60, 2)
    assert first is not None
    flows._forget()
    assert first.number not in flows.by_number
    assert flows.enter(tcp(ACK, 2001, 1), 2.1, 60, 3)[0] is second
