"""The socket that talks NETLINK_SOCK_DIAG (sock_diag(7), linux/sock_diag.h): dumps, single queries, orders."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator

__all__ = [
    "SOCK_DESTROY",
    "SOCK_DIAG_BY_FAMILY",
    "TCPDIAG_GETSOCK",
    "Attributes",
    "Diag",
    "DiagAbsent",
    "attributes",
    "enlarge",
]

TCPDIAG_GETSOCK = 18  # linux/inet_diag.h
SOCK_DIAG_BY_FAMILY = 20
SOCK_DESTROY = 21

_NETLINK_SOCK_DIAG = 4
_SO_RCVBUFFORCE = 33
_REQUEST, _ACK, _DUMP = 0x1, 0x4, 0x300
_DUMP_INTERRUPTED = 0x10
_MULTI = 0x2
_ERROR, _DONE = 2, 3
_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_TYPE = struct.Struct("=4xHH")
_STATUS = struct.Struct("=i")
_LENGTH = struct.Struct("=HH")
_CHUNK = 1 << 17  # the kernel fills up to 32 KiB a message once it has seen that there is room

_ABSENT = {errno.ENOENT, errno.EOPNOTSUPP, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT, errno.EINVAL}

Attributes = dict[int, memoryview]


class DiagAbsent(Exception):
    """This kernel does not answer this kind of question: a module is missing, or the protocol is not built in."""


class Diag:
    """An open sock_diag socket of the network namespace that the calling thread is in. Not for two threads at once."""

    def __init__(self) -> None:
        try:
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG)
        except OSError as error:
            if error.errno in _ABSENT:
                raise DiagAbsent("this kernel has no NETLINK_SOCK_DIAG") from None
            raise
        self._sequence = 0
        self.interrupted = False

    def fileno(self) -> int:
        """The file descriptor."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def dump(self, request: bytes, asked: int = SOCK_DIAG_BY_FAMILY) -> Iterator[bytes]:
        """Everything that answers `request`, in chunks of whole messages; the last chunk ends with NLMSG_DONE.

        Raises DiagAbsent where the kernel cannot answer, OSError otherwise. `interrupted` tells afterwards whether
        the kernel said that the set changed meanwhile.
        """
        sequence = self._send(asked, _REQUEST | _DUMP, request)
        self.interrupted = False
        while True:
            chunk = self._socket.recv(_CHUNK)
            if _HEADER.unpack_from(chunk)[3] != sequence:
                continue  # left over from a dump that was given up
            kind, flags = _TYPE.unpack_from(chunk)
            if flags & _DUMP_INTERRUPTED:
                self.interrupted = True
            if kind == _ERROR:
                _raise(chunk, 16)
            if kind == _DONE:
                _raise(chunk, 16)
                return
            done = _done_at(chunk, sequence)
            if done < 0:
                yield chunk
                continue
            yield chunk[:done]
            _raise(chunk, done + 16)
            return

    def query(self, request: bytes) -> bytes:
        """The one message that answers `request`. Raises FileNotFoundError when no socket does, DiagAbsent, OSError."""
        sequence = self._send(SOCK_DIAG_BY_FAMILY, _REQUEST, request)
        return self._answer(sequence)

    def order(self, kind: int, request: bytes) -> None:
        """Have the kernel do what `request` says. Raises what it answers."""
        sequence = self._send(kind, _REQUEST | _ACK, request)
        self._answer(sequence)

    def _send(self, kind: int, flags: int, request: bytes) -> int:
        self._sequence += 1
        self._socket.send(_HEADER.pack(16 + len(request), kind, flags, self._sequence, 0) + request)
        return self._sequence

    def _answer(self, sequence: int) -> bytes:
        while True:
            answer = self._socket.recv(_CHUNK)
            if _HEADER.unpack_from(answer)[3] != sequence:
                continue
            if _TYPE.unpack_from(answer)[0] == _ERROR:
                status = -_STATUS.unpack_from(answer, 16)[0]
                if status in _ABSENT - {errno.ENOENT}:
                    raise DiagAbsent(os.strerror(status))
                if status:
                    raise OSError(status, os.strerror(status))
            return answer


def _done_at(chunk: bytes, sequence: int) -> int:
    """Where NLMSG_DONE stands in a chunk, or -1. It can only be the last message, of 20 bytes."""
    at = len(chunk) - 20
    if at < 0:
        return -1
    length, kind, flags, owner, _ = _HEADER.unpack_from(chunk, at)
    return at if length == 20 and kind == _DONE and flags & _MULTI and owner == sequence else -1


def _raise(chunk: bytes, at: int) -> None:
    """Raise what the status at `at` says, if it says anything."""
    if len(chunk) < at + 4:
        return
    status = -_STATUS.unpack_from(chunk, at)[0]
    if status in _ABSENT:
        raise DiagAbsent(os.strerror(status))
    if status > 0:
        raise OSError(status, os.strerror(status))


def attributes(message: memoryview, at: int) -> Attributes:
    """The netlink attributes of one message from byte `at` on: payloads by number, RFC 3549 section 2.2."""
    found: Attributes = {}
    end = len(message)
    while at + 4 <= end:
        length, kind = _LENGTH.unpack_from(message, at)
        if length < 4 or at + length > end:
            break
        found[kind & 0x3FFF] = message[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


def enlarge(receiver: socket.socket, size: int) -> None:
    """Give a netlink socket room for `size` bytes of events; past the system's limit only with CAP_NET_ADMIN."""
    try:
        receiver.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)
    except PermissionError:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
