"""Reports of closes, and what the kernel lets one close."""

from __future__ import annotations

import os
import socket
import time
from contextlib import closing
from pathlib import Path

import pytest

from pitop.kernel.sockets import closes
from pitop.kernel.sockets.closes import CloseEvents, can_close
from pitop.kernel.sockets.session import ancestors
from pitop.model.sockets import Endpoint
from tests.private_network import in_private_network
from tests.tree import FakeProc

pytestmark = pytest.mark.usefixtures("root")


def open_and_close(times: int) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=600) as listener:
        for _ in range(times):
            with socket.create_connection(listener.getsockname()):
                listener.accept()[0].close()


def test_reports_that_did_not_fit_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closes, "_ROOM", 4096)

    def work() -> None:
        with closing(CloseEvents()) as events:
            limit = time.monotonic() + 10
            while not events.lost:
                assert time.monotonic() < limit
                open_and_close(50)
                list(events.read(time.time()))
            open_and_close(1)
            list(events.read(time.time()))

    in_private_network(work)


def test_udp_is_told_from_tcp() -> None:
    def work() -> Endpoint:
        with closing(CloseEvents()) as events:
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
                one.bind(("::1", 5300))
            limit = time.monotonic() + 10
            while True:
                for report in events.read(time.time()):
                    return report
                assert time.monotonic() < limit

    report = in_private_network(work)
    assert (report.protocol, report.local_address, report.local_port, report.tcp) == ("udp6", "::1", 5300, None)


def test_closing_needs_the_right_to(tmp_path: Path) -> None:
    (tmp_path / "self").mkdir()
    status = tmp_path / "self" / "status"
    status.write_text("Name:\tx\nCapEff:\t0000000000000000\n")
    assert not can_close(str(tmp_path))
    status.unlink()
    assert not can_close(str(tmp_path))


def test_ancestors_end_at_pid_one(tmp_path: Path) -> None:
    proc = FakeProc(tmp_path / "proc")
    proc.process(os.getpid(), ppid=40, comm="we) (are")
    proc.process(40, ppid=30)
    proc.process(30, ppid=1)
    assert ancestors(str(proc.root)) == (40, 30)
