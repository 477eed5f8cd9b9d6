"""Every socket of a namespace, read through sock_diag."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from pitop.kernel.sockets import inet
from pitop.kernel.sockets.diag import Diag, DiagAbsent
from pitop.kernel.sockets.table import SocketTable


def _read() -> set[tuple[str, int | None, int | None, str]]:
    table = SocketTable()
    with closing(Diag()) as diag:
        table.read(diag, "/proc/net", 0.0)
    assert not table.absent & {"tcp", "tcp6"}
    ends = [track.endpoint for track in table.tracks if track.endpoint.transport == "tcp"]
    return {(each.protocol, each.local_port, each.remote_port, each.state) for each in ends}


@pytest.mark.parametrize("error", [DiagAbsent, PermissionError])
def test_tcp_is_the_same_whether_its_families_are_asked_for_at_once_or_apart(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(diag: Diag, states: int) -> Iterator[bytes]:
        raise error

    with (
        socket.create_server(("127.0.0.1", 0)) as first,
        socket.create_server(("::1", 0), family=socket.AF_INET6) as second,
        socket.create_connection(first.getsockname()) as client,
        socket.create_connection(second.getsockname()[:2]) as client6,
    ):
        port, port6 = first.getsockname()[1], second.getsockname()[1]
        expected = {
            ("tcp", port, None, "LISTEN"),
            ("tcp6", port6, None, "LISTEN"),
            ("tcp", client.getsockname()[1], port, "ESTABLISHED"),
            ("tcp", port, client.getsockname()[1], "ESTABLISHED"),
            ("tcp6", client6.getsockname()[1], port6, "ESTABLISHED"),
            ("tcp6", port6, client6.getsockname()[1], "ESTABLISHED"),
        }
        assert expected <= _read()
        monkeypatch.setattr(inet, "dump_tcp", refused)
        assert expected <= _read()
