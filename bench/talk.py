"""Conversations to measure with: `python -m bench.talk` keeps them going on loopback until standard input is closed."""

from __future__ import annotations

import random
import selectors
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["main", "talk"]

_RESOLVER = ("127.53.53.53", 53)
_CONNECTIONS = 100
_TURN = 0.1  # seconds; in each some connections send, and every other time a name is asked for
_SPEAKING = 10


@contextmanager
def talk() -> Iterator[None]:
    """Have 100 connections, of which ten exchange 1 kB every tenth of a second, and five names asked for a second."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.talk"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent.parent,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if not process.stdout.readline():
            raise RuntimeError("the conversations did not begin")
        yield
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def _question(name: str, number: int) -> bytes:
    """A question for an address (RFC 1035 4.1)."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)


def _answer(question: bytes) -> bytes:
    """The same address for every name."""
    record = struct.pack("!HHHIH4B", 0xC00C, 1, 1, 60, 4, 127, 0, 0, 1)
    return question[:2] + struct.pack("!5H", 0x8180, 1, 1, 0, 0) + question[12:] + record


def _turns(pairs: Sequence[tuple[socket.socket, socket.socket]], client: socket.socket) -> Iterator[None]:
    chance = random.Random(1)
    number = 0
    while True:
        for one, other in chance.sample(pairs, _SPEAKING):
            one.send(b"." * 1000)
            other.recv(65536)
        if number % 2 == 0:
            client.sendto(_question(f"host{number % 40}.example.net", number % 65536), _RESOLVER)
        number += 1
        yield


def main() -> int:
    """Talk."""
    listening = socket.create_server(("127.0.0.1", 0))
    pairs = []
    for _ in range(_CONNECTIONS):
        one = socket.create_connection(listening.getsockname())
        pairs.append((one, listening.accept()[0]))
    resolver, client = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    resolver.bind(_RESOLVER)
    selector = selectors.DefaultSelector()
    for source in (sys.stdin, resolver, client):
        selector.register(source, selectors.EVENT_READ)
    turns = _turns(pairs, client)
    print("talking", flush=True)
    due = time.monotonic()
    while True:
        for key, _ in selector.select(max(0.0, due - time.monotonic())):
            if key.fileobj is sys.stdin:
                return 0
            if key.fileobj is resolver:
                question, sender = resolver.recvfrom(4096)
                with suppress(OSError):
                    resolver.sendto(_answer(question), sender)
            else:
                client.recv(4096)
        if time.monotonic() >= due:
            due += _TURN
            next(turns)


if __name__ == "__main__":
    sys.exit(main())
