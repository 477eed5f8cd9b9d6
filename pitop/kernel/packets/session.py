"""The SSH connections that pitop itself is used through, found above it: under sudo, inside tmux and screen too."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

from pitop.kernel.packets.assembler import Session

__all__ = ["own_sessions"]

_SERVERS = ("sshd", "sshd-session", "sshd-auth", "dropbear")
_ESTABLISHED = "01"
_DEEPEST = 100


def own_sessions(pid: int | None = None, root: str = "/proc") -> tuple[Session, ...]:
    """The TCP connections of every SSH server process above `pid`, this process when None.

    In tmux and screen the way up ends at their server; there, the SSH servers above all of its user's clients count.
    Reading another user's descriptors takes root; what cannot be read is taken from SSH_CONNECTION where that is set.
    """
    above = list(_ancestors(os.getpid() if pid is None else pid, root))
    servers = [each for each in above if _name(each, root) in _SERVERS]
    if not servers:
        for client in _clients(above, root):
            servers += [each for each in _ancestors(client, root) if _name(each, root) in _SERVERS]
    found: dict[Session, None] = {}
    for server in servers:
        for session in _connections(server, root):
            found[session] = None
    if not found:
        for each in above:
            session_of = _announced(each, root)
            if session_of is not None:
                found[session_of] = None
    return tuple(found)


def _ancestors(pid: int, root: str) -> Iterator[int]:
    for _ in range(_DEEPEST):
        if pid <= 1:
            return
        yield pid
        pid = _parent(pid, root)


def _parent(pid: int, root: str) -> int:
    try:
        with open(f"{root}/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def _name(pid: int, root: str) -> str:
    try:
        with open(f"{root}/{pid}/comm", "rb") as file:
            return file.read().rstrip(b"\n").decode("utf-8", "backslashreplace")
    except OSError:
        return ""


def _owner(pid: int, root: str) -> int:
    try:
        return os.stat(f"{root}/{pid}").st_uid
    except OSError:
        return -1


def _clients(above: list[int], root: str) -> Iterator[int]:
    """The clients of the terminal multiplexer that runs pitop, where one does."""
    for pid in above:
        name = _name(pid, root)
        kind = "tmux" if name.startswith("tmux") else "screen" if name.lower().startswith("screen") else ""
        if not kind:
            continue
        user = _owner(pid, root)
        for other in sorted(int(entry) for entry in os.listdir(root) if entry.isdigit()):
            if other != pid and _name(other, root).lower().startswith(kind) and _owner(other, root) == user:
                yield other


def _connections(pid: int, root: str) -> Iterator[Session]:
    """The established TCP connections that a process has open."""
    inodes = set()
    try:
        for name in os.listdir(f"{root}/{pid}/fd"):
            try:
                target = os.readlink(f"{root}/{pid}/fd/{name}")
            except OSError:
                continue
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    except OSError:
        return
    for table in ("tcp", "tcp6"):
        try:
            with open(f"{root}/{pid}/net/{table}", encoding="ascii") as file:
                lines = file.readlines()[1:]
        except OSError:
            continue
        for line in lines:
            words = line.split()
            if len(words) > 9 and words[3] == _ESTABLISHED and words[9] in inodes:
                yield _session(*_end(words[1]), *_end(words[2]))


def _end(text: str) -> tuple[bytes, int]:
    """An address and port of /proc/net/tcp: words in the machine's byte order."""
    address, _, port = text.partition(":")
    packed = b"".join(struct.pack("=I", int(address[place : place + 8], 16)) for place in range(0, len(address), 8))
    return packed, int(port, 16)


def _session(local: bytes, local_port: int, remote: bytes, remote_port: int) -> Session:
    mapped = bytes(10) + b"\xff\xff"
    if local.startswith(mapped) and remote.startswith(mapped):
        local, remote = local[12:], remote[12:]
    return Session(local, local_port, remote, remote_port)


def _announced(pid: int, root: str) -> Session | None:
    """What SSH_CONNECTION says in a process's environment."""
    try:
        with open(f"{root}/{pid}/environ", "rb") as file:
            entries = file.read().split(b"\0")
    except OSError:
        return None
    for entry in entries:
        if entry.startswith(b"SSH_CONNECTION="):
            words = entry[15:].decode("ascii", "replace").split()
            if len(words) == 4:
                try:
                    return _session(_packed(words[2]), int(words[3]), _packed(words[0]), int(words[1]))
                except (OSError, ValueError):
                    return None
    return None


def _packed(text: str) -> bytes:
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return socket.inet_pton(family, text.partition("%")[0])
