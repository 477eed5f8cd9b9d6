"""Questions to authorities that answer well, too much, wrongly, or not at all."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rrset
import pytest

from pitop.kernel.dns.flight import Ask, Flight, Landed
from pitop.model.dns.answer import Fault, Trouble
from pitop.model.dns.question import Server, Transport

Answering = Callable[[bytes], list[bytes]]
TALK = 30.0  # seconds after which a peer that nobody asks ends by itself


def answer(query: bytes, *addresses: str, flags: int = 0) -> bytes:
    message = dns.message.make_response(dns.message.from_wire(query))
    message.flags |= flags
    if addresses:
        message.answer.append(dns.rrset.from_text("www.example.", 60, "IN", "A", *addresses))
    return message.to_wire(max_size=65535)


@contextmanager
def server(udp: Answering, tcp: Answering | None = None, stranger: bool = False) -> Iterator[Server]:
    """Answers one question on each transport; without `tcp` nothing listens there."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packets,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        packets.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.2", 0))
        port = packets.getsockname()[1]
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stream.bind(("127.0.0.1", port))
        packets.settimeout(TALK)
        stream.settimeout(TALK)
        if tcp is not None:
            stream.listen()

        def talk() -> None:
            query, sender = packets.recvfrom(65535)
            for wire in udp(query):
                (other if stranger else packets).sendto(wire, sender)
            if tcp is not None:
                connection, _ = stream.accept()
                with connection:
                    query = connection.recv(65535)[2:]
                    for wire in tcp(query):
                        connection.sendall(wire)

        thread = threading.Thread(target=talk)
        thread.start()
        yield Server("127.0.0.1", port)
        thread.join()


def fly(to: Server, timeout: float = 20.0, tries: int = 1) -> Landed | Trouble:
    flight = Flight()
    try:
        trouble = flight.ask(7, Ask("www.example.", "A", to, timeout=timeout, tries=tries))
        if trouble is not None:
            return trouble
        while True:
            flight.wait()
            for ticket, found in flight.landed():
                assert ticket == 7
                return found
    finally:
        flight.close()


def addresses(found: Landed | Trouble) -> list[str]:
    assert isinstance(found, Landed), found
    return [found.message.address(rr) for rr in found.message.answer]


def framed(wire: bytes) -> bytes:
    return len(wire).to_bytes(2, "big") + wire


def test_answer_over_udp() -> None:
    with server(lambda query: [answer(query, "192.0.2.1")]) as to:
        found = fly(to)
    assert addresses(found) == ["192.0.2.1"]
    assert isinstance(found, Landed)
    assert found.transport is Transport.UDP
    assert 0 < found.timing.query_ms <= found.timing.total_ms


def test_truncated_answer_is_asked_for_over_tcp() -> None:
    many = [f"192.0.2.{last}" for last in range(200)]

    def in_pieces(query: bytes) -> list[bytes]:
        wire = framed(answer(query, *many))
        return [wire[:1], wire[1:700], wire[700:]]

    with server(lambda query: [answer(query, flags=dns.flags.TC)], in_pieces) as to:
        found = fly(to)
    assert sorted(addresses(found)) == sorted(many)
    assert isinstance(found, Landed)
    assert found.transport is Transport.TCP


def test_truncated_answer_and_nobody_on_tcp() -> None:
    with server(lambda query: [answer(query, flags=dns.flags.TC)]) as to:
        found = fly(to)
    assert isinstance(found, Trouble)
    assert found.fault is Fault.REFUSED


@pytest.mark.parametrize(
    ("tcp", "fault"),
    [
        (lambda query: [framed(answer(query, "192.0.2.1"))[:20]], Fault.CLOSED),
        (lambda query: [framed(b"\0\0" + answer(query, "192.0.2.1")[2:])], Fault.GARBAGE),
        (lambda query: [framed(query[:2] + b"\x84\0\0\1\0\1")], Fault.GARBAGE),
    ],
)
def test_stream_that_ends_or_lies(tcp: Answering, fault: Fault) -> None:
    with server(lambda query: [answer(query, flags=dns.flags.TC)], tcp) as to:
        found = fly(to)
    assert isinstance(found, Trouble)
    assert found.fault is fault


def test_wrong_id_before_the_right_one() -> None:
    def both(query: bytes) -> list[bytes]:
        right = answer(query, "192.0.2.1")
        wrong = int.from_bytes(query[:2], "big") ^ 0xFFFF
        return [wrong.to_bytes(2, "big") + answer(query, "6.6.6.6")[2:], right]

    with server(both) as to:
        assert addresses(fly(to)) == ["192.0.2.1"]


def test_stranger_is_not_believed() -> None:
    with server(lambda query: [answer(query, "6.6.6.6")], stranger=True) as to:
        found = fly(to, timeout=0.3)
    assert isinstance(found, Trouble)
    assert found.fault is Fault.TIMEOUT
    assert "was not asked" in found.message


def test_garbage() -> None:
    with server(lambda query: [answer(query)[:12] + b"\xc0\x0c" + bytes(8)]) as to:
        found = fly(to)
    assert isinstance(found, Trouble)
    assert found.fault is Fault.GARBAGE
    assert "loop" in found.message


def test_silence_is_asked_again() -> None:
    seen: list[bytes] = []

    with server(lambda query: seen.append(query) or []) as to:  # type: ignore[func-returns-value]
        found = fly(to, timeout=0.05, tries=3)
    assert isinstance(found, Trouble)
    assert found.fault is Fault.TIMEOUT
    assert "asked 3 times" in found.message


def test_closed_port_shows_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = fly(Server("127.0.0.1", port))
    assert isinstance(found, Trouble)
    assert found.fault is Fault.REFUSED
