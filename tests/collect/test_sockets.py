"""Sockets over time: rates, owners, closes, other namespaces, and closing one, with real sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from pitop.collect.performers import perform
from pitop.collect.sockets import SocketsCollector, collector
from pitop.collect.topics import SOCKETS
from pitop.kernel.sockets.closes import CloseEvents
from pitop.model.sockets import AskSockets, CloseSocket, Endpoint, Socket, SocketsSnapshot, by_state
from tests.ordinary_user import as_ordinary_user
from tests.private_network import in_private_network

needs_root = pytest.mark.usefixtures("root")


def until(made: SocketsCollector, good: Callable[[SocketsSnapshot], bool]) -> SocketsSnapshot:
    """Collect until a snapshot is as wanted."""
    limit = time.monotonic() + 10
    while True:
        snapshot = made.collect()
        if good(snapshot):
            return snapshot
        assert time.monotonic() < limit, snapshot
        time.sleep(0.01)


@contextmanager
def connected() -> Iterator[tuple[socket.socket, socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        server, _ = listener.accept()
        with server:
            yield listener, client, server


def sent(rows: Iterable[Socket]) -> list[int | None]:
    """What each of these that counts has sent, in bytes."""
    return [row.endpoint.tcp.bytes_sent for row in rows if row.endpoint.tcp is not None]


def of(snapshot: SocketsSnapshot, one: socket.socket) -> Socket:
    """The row of a socket of this process."""
    inode = os.fstat(one.fileno()).st_ino
    (row,) = (row for row in snapshot.rows if row.endpoint.inode == inode)
    return row


def test_rates_are_what_was_sent() -> None:
    """A megabyte, spread over the time between two samples."""
    with connected() as (_, client, server), closing(SocketsCollector()) as made:
        assert of(made.collect(), client).sent_bytes_per_second is None
        earliest = time.monotonic()
        made.collect()
        start = time.monotonic()
        for part in range(50):
            client.sendall(b"x" * 20_000)
            left = 20_000
            while left:
                left -= len(server.recv(left))
            time.sleep(max(0.0, start + (part + 1) * 0.02 - time.monotonic()))
        end = time.monotonic()
        snapshot = made.collect()
        least, most = 1_000_000 / (time.monotonic() - earliest), 1_000_000 / (end - start)
        for rate in (of(snapshot, client).sent_bytes_per_second, of(snapshot, server).received_bytes_per_second):
            assert rate is not None
            assert 0.95 * least <= rate <= 1.05 * most
        assert of(snapshot, client).received_bytes_per_second == 0
        assert of(snapshot, client).history[-1] == of(snapshot, client).sent_bytes_per_second
        after = of(made.collect(), client)
        assert after.sent_bytes_per_second == 0
        assert len(after.history) == 2


def test_a_row_stays_the_same_object_while_nothing_moves() -> None:
    with connected() as (listener, client, server), closing(SocketsCollector()) as made:
        for _ in range(3):
            before = made.collect()
        client.sendall(b"x")
        server.recv(1)
        after = made.collect()
        assert of(after, listener) is of(before, listener)
        assert of(after, client) is not of(before, client)


def test_new_sockets_are_told_from_those_that_were_there() -> None:
    with connected() as (_, client, _), closing(SocketsCollector()) as made:
        assert of(made.collect(), client).first_seen is None
        with connected() as (_, later, _):
            snapshot = made.collect()
            assert of(snapshot, later).first_seen == snapshot.time
            assert of(snapshot, client).first_seen is None


@needs_root
def test_every_one_of_five_hundred_closes_is_told_with_its_bytes() -> None:
    def work() -> tuple[SocketsSnapshot, set[int]]:
        with closing(SocketsCollector()) as made, socket.create_server(("127.0.0.1", 0), backlog=600) as listener:
            made.collect()
            ports = set()
            for number in range(500):
                with socket.create_connection(listener.getsockname()) as client:
                    ports.add(client.getsockname()[1])
                    server, _ = listener.accept()
                    with server:
                        client.sendall(b"x" * (number + 1))
                        server.sendall(server.recv(1000) * 2)
                        left = 2 * (number + 1)
                        while left:
                            left -= len(client.recv(left))
            return until(made, lambda snapshot: len(snapshot.closed) >= 1000), ports

    snapshot, ports = in_private_network(work)
    assert snapshot.events
    clients = [row.endpoint for row in snapshot.closed if row.endpoint.local_port in ports]
    servers = [row.endpoint for row in snapshot.closed if row.endpoint.remote_port in ports]
    assert {end.local_port for end in clients} == ports
    assert {end.remote_port for end in servers} == ports
    assert sorted(end.tcp.bytes_sent or 0 for end in clients if end.tcp) == list(range(1, 501))
    arrived = sorted(end.tcp.bytes_received or 0 for end in servers if end.tcp)
    assert all(count - number in (1, 2) for number, count in enumerate(arrived))  # the end of the stream counts one
    assert all(row.holder == "unseen" for row in snapshot.closed if row.endpoint in servers)


@needs_root
def test_a_close_keeps_owner_counters_and_duration_and_time_wait_its_past() -> None:
    def work() -> None:
        with closing(SocketsCollector()) as made, ExitStack() as stack:
            made.collect()
            _, client, server = stack.enter_context(connected())
            client.sendall(b"x" * 1234)
            server.recv(2000)
            inode, port = os.fstat(client.fileno()).st_ino, client.getsockname()[1]
            made.collect()
            client.sendall(b"y" * 766)
            server.recv(2000)
            client.close()
            server.close()
            snapshot = until(made, lambda found: sum(row.endpoint.state == "TIME_WAIT" for row in found.rows) == 1)
            # The kernel reports a close from a queue of its own: a comparison can find it first, with older counters.
            snapshot = until(made, lambda found: 2000 in sent(found.closed))
            assert len(snapshot.closed) == 2
            (mine,) = (row for row in snapshot.closed if row.endpoint.inode == inode)
            assert mine.endpoint.tcp is not None
            assert mine.endpoint.tcp.bytes_sent == 2000
            assert [owner.pid for owner in mine.owners] == [os.getpid()]
            assert mine.endpoint.state == "CLOSE"
            assert mine.age_seconds is not None
            assert mine.age_seconds >= 0
            (waiting,) = (row for row in snapshot.rows if row.endpoint.state == "TIME_WAIT")
            assert waiting.endpoint.local_port == port
            assert (waiting.owners, [owner.pid for owner in waiting.former]) == ((), [os.getpid()])
            assert waiting.holder == "none"
            assert waiting.endpoint.tcp is not None
            assert waiting.endpoint.tcp.bytes_sent == 2000

    in_private_network(work)


@needs_root
def test_a_report_that_comes_late_still_brings_the_last_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(CloseEvents):
        held = True

        def read(self, now: float) -> Iterator[Endpoint]:
            return iter(()) if self.held else super().read(now)

    monkeypatch.setattr(collector, "CloseEvents", Late)

    def work() -> None:
        with closing(SocketsCollector()) as made, ExitStack() as stack:
            made.collect()
            _, client, server = stack.enter_context(connected())
            made.collect()
            client.sendall(b"x" * 777)
            server.recv(2000)
            client.close()
            server.close()

            def waiting(snapshot: SocketsSnapshot) -> list[int | None]:
                return sent(row for row in snapshot.rows if row.endpoint.state == "TIME_WAIT")

            snapshot = until(made, lambda found: bool(waiting(found)) and len(found.closed) == 2)
            assert (waiting(snapshot), sent(snapshot.closed)) == ([0], [0, 0])
            Late.held = False
            snapshot = until(made, lambda found: waiting(found) == [777])
            assert sorted(count or 0 for count in sent(snapshot.closed)) == [0, 777]

    in_private_network(work)


def test_without_reports_closes_are_found_by_comparing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Absent:
        def __init__(self) -> None:
            raise OSError("no such group")

    monkeypatch.setattr(collector, "CloseEvents", Absent)
    with closing(SocketsCollector()) as made:
        made.collect()
        with connected() as (listener, client, _):
            client.sendall(b"x" * 100)
            keys = {of(made.collect(), each).key for each in (listener, client)}
        snapshot = made.collect()
        assert sorted(by_state(snapshot.rows), key=lambda each: each.key) == sorted(
            snapshot.states, key=lambda each: each.key
        )
        assert keys <= {row.key for row in snapshot.closed}
        assert not snapshot.events
        assert any("between two samples" in each.what for each in snapshot.missing)


def test_unix_sockets_know_who_has_the_other_end() -> None:
    with closing(SocketsCollector()) as made:
        one, other = socket.socketpair()
        with one, other:
            snapshot = made.collect()
            assert of(snapshot, one).endpoint.unix is not None
            assert [owner.pid for owner in of(snapshot, one).peers] == [os.getpid()]
            inode = os.fstat(one.fileno()).st_ino
        assert inode in {row.endpoint.inode for row in made.collect().closed}


def test_an_owner_that_leaves_is_not_named_any_more() -> None:
    with connected() as (_, client, _), closing(SocketsCollector()) as made:
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[client.fileno()]) as child:
            snapshot = until(made, lambda found: len(of(found, client).owners) == 2)
            assert {owner.pid for owner in of(snapshot, client).owners} == {os.getpid(), child.pid}
            assert child.stdin is not None
            child.stdin.close()
        assert [owner.pid for owner in of(made.collect(), client).owners] == [os.getpid()]


@contextmanager
def elsewhere() -> Iterator[tuple[int, int]]:
    """A process that listens in a network namespace of its own: its pid and port."""

    def listen() -> tuple[subprocess.Popen[bytes], int]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[listener.fileno()])
            return child, listener.getsockname()[1]

    child, port = in_private_network(listen)
    with child:
        assert child.stdin is not None
        try:
            yield child.pid, port
        finally:
            child.stdin.close()


@needs_root
def test_other_namespaces_are_shown_when_asked_for_and_may_vanish() -> None:
    with closing(SocketsCollector()) as made:
        with elsewhere() as (pid, port):

            def there(snapshot: SocketsSnapshot) -> list[Socket]:
                return [row for row in snapshot.rows if row.endpoint.local_port == port and row.namespace]

            assert there(made.collect()) == []
            made.ask(AskSockets(namespaces=True))
            (row,) = there(until(made, lambda found: bool(there(found))))
            assert [owner.pid for owner in row.owners] == [pid]
            assert row.namespace
            assert row.key[0] != 0
            assert there(made.collect())[0] is row
        until(made, lambda found: there(found) == [])
        with elsewhere() as (_, port):
            until(made, lambda found: bool(there(found)))
            made.ask(AskSockets())
            assert there(made.collect()) == []


@needs_root
def test_closing_a_socket_of_another_program() -> None:
    with connected() as (_, client, server), closing(SocketsCollector()) as made:
        snapshot = made.collect()
        assert snapshot.can_close
        action = CloseSocket(of(snapshot, server).endpoint)
        done = perform(action)
        assert done.done, done
        client.settimeout(5)
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        again = perform(action)
        assert not again.done
        assert "closed already" in again.message


@needs_root
def test_closing_in_another_namespace() -> None:
    with closing(SocketsCollector()) as made, elsewhere() as (_, port):
        made.ask(AskSockets(namespaces=True))
        (row,) = (row for row in made.collect().rows if row.endpoint.local_port == port and row.namespace)
        assert perform(CloseSocket(row.endpoint)).done


@needs_root
def test_what_cannot_be_closed_says_why() -> None:
    one, other = socket.socketpair()
    with one, other, connected() as (_, client, _), closing(SocketsCollector()) as made:
        snapshot = made.collect()
        unix = perform(CloseSocket(of(snapshot, one).endpoint))
        assert (unix.done, "Only TCP and UDP" in unix.advice) == (False, True)
        end = of(snapshot, client).endpoint

        def refused() -> list[str]:
            outcome = perform(CloseSocket(end))
            return [str(outcome.done), outcome.advice]

        assert as_ordinary_user(refused)[0] == "False"
        assert "root" in as_ordinary_user(refused)[1]
        client.sendall(b"still open")


@needs_root
def test_an_ordinary_user_sees_all_sockets_and_is_told_what_is_hidden() -> None:
    with connected() as (_, client, _):
        inode = os.fstat(client.fileno()).st_ino

        def look() -> tuple[list[str], list[str], bool]:
            os.close(client.fileno())  # only its parent has it then
            with closing(SocketsCollector()) as made:
                snapshot = made.collect()
                mine = [row.holder for row in snapshot.rows if row.endpoint.inode == inode]
                return mine, [f"{each.what}: {each.advice}" for each in snapshot.missing], snapshot.can_close

        holders, missing, can_close = as_ordinary_user(look)
        assert holders == ["hidden"]
        assert any("owners of some sockets" in each and "root" in each for each in missing)
        assert not can_close


def test_names_come_later_and_never_block(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()
    answer = threading.Event()

    def resolver(place: tuple[str, int], flags: int) -> tuple[str, str]:
        asked.set()
        answer.wait(10)
        return f"name-of-{place[0]}", "0"

    monkeypatch.setattr(socket, "getnameinfo", resolver)
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.2", 0)))
        client = stack.enter_context(socket.create_connection(listener.getsockname()))
        made = stack.enter_context(closing(SocketsCollector()))
        made.ask(AskSockets(names=True))
        assert of(made.collect(), client).remote_name is None
        assert asked.wait(10)
        assert of(made.collect(), client).remote_name is None
        answer.set()
        row = of(until(made, lambda found: of(found, client).remote_name is not None), client)
        assert row.remote_name == "name-of-127.0.0.2"
        made.ask(AskSockets())
        assert of(made.collect(), client).remote_name is None


def test_it_is_a_topic() -> None:
    made = SOCKETS.open()
    assert isinstance(made, SocketsCollector)
    assert list(made.descriptors()) == []
    made.close()
