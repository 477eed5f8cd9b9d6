"""Sockets that close: the kernel's report of each, and its order to close one (linux/sock_diag.h, inet_diag.h)."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from pitop.kernel.sockets import inet
from pitop.kernel.sockets.diag import SOCK_DESTROY, Diag, DiagAbsent, enlarge
from pitop.model.sockets import Endpoint, Family

__all__ = ["CloseEvents", "can_close", "close_socket"]

_NETLINK_SOCK_DIAG = 4
_GROUPS = 0b1111  # SKNLGRP_INET_TCP_DESTROY, INET_UDP, INET6_TCP, INET6_UDP: groups 1 to 4
_ROOM = 16 << 20  # bytes of reports that may wait between two readings, where permitted


class CloseEvents:
    """Reports of every TCP and UDP socket that closes in this namespace, with its last counters, but no inode.

    Raises OSError where the kernel has no such reports. `lost` tells that some were dropped for want of room.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, _NETLINK_SOCK_DIAG
        )
        try:
            enlarge(self._socket, _ROOM)
            self._socket.bind((0, _GROUPS))
        except OSError:
            self._socket.close()
            raise
        self.lost = False

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()

    def read(self, now: float) -> Iterator[Endpoint]:
        """The reports since the last call; each with the state CLOSE."""
        self.lost = False
        while True:
            try:
                message = self._socket.recv(65536)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != 105:  # ENOBUFS
                    raise
                self.lost = True
                continue
            found = self._endpoint(message, now)
            if found is not None:
                yield found

    @staticmethod
    def _endpoint(message: bytes, now: float) -> Endpoint | None:
        # The report says neither TCP nor UDP; only the one has a tcp_info.
        if len(message) < 88:
            return None
        found = inet.endpoint(message, 0, "tcp", now)
        return found if found.tcp is not None else inet.endpoint(message, 0, "udp", now)


def close_socket(which: Endpoint) -> None:
    """Close a TCP or UDP socket of another program: it sees ECONNABORTED, the peer a reset.

    Raises ValueError for other kinds, FileNotFoundError when it is gone, PermissionError without CAP_NET_ADMIN,
    DiagAbsent where the kernel cannot (CONFIG_INET_DIAG_DESTROY).
    """
    request = inet.one_request(which)
    diag = Diag()
    try:
        diag.order(SOCK_DESTROY, request)
    finally:
        diag.close()


def can_close(root: str = "/proc") -> bool:
    """Whether `close_socket` can work here: with CAP_NET_ADMIN, and asked to close a socket that cannot exist."""
    if not _network_administrator(root):
        return False
    nobody = Endpoint(
        key=(0, 0),
        protocol="tcp",
        family=Family.IPV4,
        state="",
        receive_queue=None,
        send_queue=None,
        local_address="127.0.0.1",
        local_port=0,
        remote_address="127.0.0.1",
        remote_port=0,
        uid=None,
        inode=0,
        cookie=0xFFFFFFFFFFFFFFFE,
    )
    try:
        close_socket(nobody)
    except FileNotFoundError:
        return True
    except (OSError, DiagAbsent):
        return False
    return True


def _network_administrator(root: str) -> bool:
    """Whether this process has CAP_NET_ADMIN (capabilities(7))."""
    try:
        with open(f"{root}/self/status", "rb") as file:
            for line in file:
                if line.startswith(b"CapEff:"):
                    return bool(int(line.split()[1], 16) >> 12 & 1)
    except (OSError, ValueError):
        pass
    return False
