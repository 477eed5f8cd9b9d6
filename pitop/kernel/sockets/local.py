"""Unix and packet sockets through sock_diag (linux/unix_diag.h, linux/packet_diag.h)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator

from pitop.kernel.sockets.diag import Diag, attributes
from pitop.model.sockets import Endpoint, Family, Unix

__all__ = [
    "dump_packet",
    "dump_unix",
    "messages",
    "packet_endpoint",
    "unix_endpoint",
    "unix_name",
    "unix_state",
]

_LENGTH = struct.Struct("=I")
_START = 16  # a message's netlink header
_COOKIE = struct.Struct("=Q")

_UNIX_REQUEST = struct.Struct("=BBHIII8s")
_UNIX_MESSAGE = struct.Struct("=BBBxIQ")
_UNIX_NAME, _UNIX_PEER, _UNIX_QUEUES, _UNIX_UID = 0, 2, 4, 7
_UNIX_SHOWN = 0x1 | 0x4 | 0x10 | 0x40  # name, peer, queue lengths, uid

_PACKET_REQUEST = struct.Struct("=BBHII8s")
_PACKET_MESSAGE = struct.Struct("=BBHIQ")
_PACKET_INFO, _PACKET_UID, _PACKET_MEMORY = 0, 5, 6
_PACKET_SHOWN = 0x1 | 0x10  # info, which brings the uid, and memory

_ANY_COOKIE = b"\xff" * 8
_KINDS = {1: "STREAM", 2: "DGRAM", 3: "RAW", 5: "SEQPACKET"}
_STATES = {1: "CONNECTED", 2: "CONNECTING", 10: "LISTENING"}


def dump_unix(diag: Diag) -> Iterator[bytes]:
    """Chunks of messages for every unix socket of the namespace. Raises DiagAbsent."""
    return diag.dump(_UNIX_REQUEST.pack(socket.AF_UNIX, 0, 0, 0xFFFFFFFF, 0, _UNIX_SHOWN, _ANY_COOKIE))


def dump_packet(diag: Diag) -> Iterator[bytes]:
    """Chunks of messages for every packet socket of the namespace. Raises DiagAbsent."""
    return diag.dump(_PACKET_REQUEST.pack(socket.AF_PACKET, 0, 0, 0, _PACKET_SHOWN, _ANY_COOKIE))


def messages(chunk: bytes) -> Iterator[tuple[int, bytes]]:
    """The cookie and the bytes of each message: both kinds have the cookie at the same place."""
    at, end = 0, len(chunk)
    while at + _START + 16 <= end:
        size = _LENGTH.unpack_from(chunk, at)[0]
        if size < _START + 16:
            return
        yield _COOKIE.unpack_from(chunk, at + _START + 8)[0], chunk[at : at + size]
        at += (size + 3) & ~3


def unix_name(raw: bytes) -> str:
    """A socket's name as netstat writes it: `@` for the zero byte that makes a name abstract, and for those in it."""
    if raw.startswith(b"\0"):
        return raw.replace(b"\0", b"@").decode(errors="backslashreplace")
    return raw.rstrip(b"\0").decode(errors="backslashreplace")


def unix_state(state: int, inode: int) -> str:
    """netstat's word; a connection that nobody has accepted yet has no inode."""
    word = _STATES.get(state, "")
    return "CONNECTING" if word == "CONNECTED" and not inode else word


def unix_endpoint(message: bytes, namespace: int = 0) -> Endpoint:
    """The unix socket in one message. Its remote address is filled in by whoever knows all sockets."""
    _, kind, state, inode, cookie = _UNIX_MESSAGE.unpack_from(message, _START)
    found = attributes(memoryview(message), _START + 16)
    name, peer, queues, uid = (found.get(each) for each in (_UNIX_NAME, _UNIX_PEER, _UNIX_QUEUES, _UNIX_UID))
    waiting, sending = struct.unpack("=II", queues) if queues is not None else (None, None)
    return Endpoint(
        key=(namespace, cookie),
        protocol="unix",
        family=Family.UNIX,
        state=unix_state(state, inode),
        receive_queue=waiting,
        send_queue=sending,
        local_address=unix_name(bytes(name)) if name else None,
        local_port=None,
        remote_address=None,
        remote_port=None,
        uid=struct.unpack("=I", uid)[0] if uid is not None else None,
        inode=inode,
        cookie=cookie,
        unix=Unix(
            kind=_KINDS.get(kind, str(kind)),
            peer_inode=struct.unpack("=I", peer)[0] if peer is not None else None,
            accepts=state == 10,
        ),
    )


def packet_endpoint(message: bytes, namespace: int = 0, interface: Callable[[int], str] = str) -> Endpoint:
    """The packet socket in one message."""
    _, _, number, inode, cookie = _PACKET_MESSAGE.unpack_from(message, _START)
    found = attributes(memoryview(message), _START + 16)
    info, uid, raw = (found.get(each) for each in (_PACKET_INFO, _PACKET_UID, _PACKET_MEMORY))
    index = struct.unpack_from("=I", info)[0] if info is not None else 0
    memory = struct.unpack(f"={len(raw) // 4}I", raw[: len(raw) // 4 * 4]) if raw is not None else ()
    return packet(
        key=(namespace, cookie),
        number=number,
        index=index,
        interface=interface(index) if index else "",
        uid=struct.unpack("=I", uid)[0] if uid is not None else None,
        inode=inode,
        cookie=cookie,
        queue=memory[0] if memory else None,
        drops=memory[8] if len(memory) > 8 else None,
    )


def packet(
    *,
    key: tuple[int, int | str],
    number: int,
    index: int,
    interface: str,
    uid: int | None,
    inode: int,
    cookie: int | None,
    queue: int | None,
    drops: int | None,
) -> Endpoint:
    """A packet socket; its address is the interface that it listens on, `*` for all."""
    return Endpoint(
        key=key,
        protocol="packet",
        family=Family.PACKET,
        state="",
        receive_queue=queue,
        send_queue=None,
        local_address=interface or "*",
        local_port=number,
        remote_address=None,
        remote_port=None,
        uid=uid,
        inode=inode,
        cookie=cookie,
        interface_index=index,
        interface=interface,
        drops=drops,
    )
