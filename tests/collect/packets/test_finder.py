"""Who has the ends of a flow: asked as the helper asks, answered from real sockets."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator

import pytest

from pitop.collect.packets.finder import Ends, Finder, Found, Lookup, sighted
from pitop.collect.packets.messages import Channel
from pitop.kernel.packets.owner import SocketOwners

HERE = socket.inet_aton("127.0.0.1")
ELSEWHERE = socket.inet_aton("192.0.2.77")


@pytest.fixture
def asking() -> Iterator[tuple[Channel, Finder]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    helper, finder = Channel(ours, Found), Finder(Channel(theirs, Lookup), None, SocketOwners())
    yield helper, finder
    helper.close()
    finder.channel.close()
    finder.owners.close()


def found(asking: tuple[Channel, Finder], ends: Ends) -> Found:
    helper, finder = asking
    helper.send(Lookup(7, ends))
    limit = time.monotonic() + 10
    while True:
        finder.turn()
        for message in helper.receive():
            assert message.flow == 7
            assert message.ends == ends
            return message  # type: ignore[no-any-return]
        assert time.monotonic() < limit


def test_both_ends_and_their_sockets(asking: tuple[Channel, Finder]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        server, _ = listener.accept()
        with server:
            ends = (HERE, client.getsockname()[1], HERE, listener.getsockname()[1], 6)
            said = found(asking, ends)
            cookies = [int.from_bytes(each.getsockopt(socket.SOL_SOCKET, 57, 8), "little") for each in (client, server)]
    assert (said.one.pid, said.other.pid) == (os.getpid(), os.getpid())
    assert [said.one.cookie, said.other.cookie] == cookies
    assert said.one.owner is not None
    assert said.one.owner.start_ticks is not None


def test_a_listener_has_not_opened_what_came_from_its_port(asking: tuple[Channel, Finder]) -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener:
        port = listener.getsockname()[1]
        opened = found(asking, (HERE, port, ELSEWHERE, 443, 6))
        served = found(asking, (ELSEWHERE, 50000, HERE, port, 6))
    assert (opened.one.here, opened.one.pid, opened.other.here) == (True, 0, False)
    assert (served.one.here, served.one.pid) == (False, 0)
    assert served.other.pid == os.getpid()


def test_what_is_not_there_is_told_as_unknown(asking: tuple[Channel, Finder]) -> None:
    said = found(asking, (HERE, 1, HERE, 2, 6))
    assert (said.one.here, said.one.pid, said.one.cookie) == (True, 0, 0)
    assert (said.other.here, said.other.pid, said.other.cookie) == (True, 0, 0)


def test_a_packet_is_read_no_further_than_its_ports_and_its_number() -> None:
    four = bytes([0x46, 0]) + bytes(7) + b"\x11" + bytes(2) + HERE + ELSEWHERE + b"\1\1\0\0"
    udp = b"\x9c\x40\x00\x35\0\x10\0\0\x12\x34rest"
    assert sighted(four + udp) == ((HERE, 40000, ELSEWHERE, 53, 17), 0x1234)
    six = b"\x60\0\0\0\0\x14\x06\x40" + bytes(15) + b"\1" + bytes(15) + b"\2"
    tcp = b"\x9c\x40\x01\xbb\xde\xad\xbe\xef" + bytes(12)
    assert sighted(six + tcp) == ((bytes(15) + b"\1", 40000, bytes(15) + b"\2", 443, 6), 0xDEADBEEF)
    for size in range(len(four) + 10):
        assert sighted((four + udp)[:size]) is None
    for size in range(len(six) + 8):
        assert sighted((six + tcp)[:size]) is None
