"""Something to look at: processes with names of all kinds that come and go, connections, faults, and names asked for.

Run as ``python -m tests.tui.terminal.company`` inside a network of its own; it ends with its standard input.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import random
import select
import signal
import socket
import struct
import subprocess
import time

NAMES = [
    "plain",
    "漢字テスト",
    "한글 이름",
    "e\u0301te\u0301 a\u0308\u0323",
    "🙂🚀 emoji",
    "👩\u200d👩\u200d👦",
    "\u202eright to left שלום",
    "[/etc] [bold]x",
    "tab\tnew\nline",
    "\x1b]0;title\x07\x1b[2J",
    "Ωμέγα Привет",
    "x" * 300,
]
_HERE = "127.0.0.1"
_MOST = 12  # connections, and processes


def _answer(query: bytes) -> bytes:
    """One address, whatever was asked; RFC 1035 §4.1."""
    end = query.find(b"\0", 12) + 5
    head = query[:2] + struct.pack("!5H", 0x8180, 1, 1, 0, 0)
    return head + query[12:end] + struct.pack("!HHHIH4B", 0xC00C, 1, 1, 60, 4, 127, 0, 0, 1)


def _question(dice: random.Random) -> bytes:
    labels = [dice.choice(["www", "mail", "a-rather-long-label-for-a-name"]), dice.choice(["example", "lab"]), "test"]
    name = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
    return struct.pack("!6H", dice.randrange(1 << 16), 0x0100, 1, 0, 0, 0) + name + struct.pack("!2H", 1, 1)


def _connected(listening: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Both ends of a new connection. Others who come, as to see whether the port is open, are sent away."""
    one = socket.create_connection(listening.getsockname())
    while True:
        other, who = listening.accept()
        if who == one.getsockname():
            return one, other
        other.close()


def main() -> None:
    """Be busy until standard input closes."""
    dice = random.Random(1)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((_HERE, 53))
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.bind((_HERE, 0))
    listening = socket.create_server((_HERE, 8080))
    pairs: list[tuple[socket.socket, socket.socket]] = []
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([0, server, asking], [], [], 0.05)
        if 0 in ready:
            return
        if server in ready:
            query, who = server.recvfrom(4096)
            if len(query) > 17:
                with contextlib.suppress(OSError):
                    server.sendto(_answer(query), who)
        if asking in ready:
            asking.recv(4096)
        if dice.random() < 0.1:
            asking.sendto(_question(dice), (_HERE, 53))
        if len(pairs) < _MOST and dice.random() < 0.3:
            pairs.append(_connected(listening))
        elif pairs and dice.random() < 0.1:
            for end in pairs.pop(dice.randrange(len(pairs))):
                end.close()
        for one, other in pairs:
            if dice.random() < 0.5:
                one.send(os.urandom(dice.randrange(1, 3000)))
                other.recv(65536)
        if dice.random() < 0.2:
            subprocess.Popen([dice.choice(NAMES), f"{dice.random() * 5:.3f}"], executable="/bin/sleep")
        elif dice.random() < 0.1:
            with mmap.mmap(-1, 8 << 20) as memory:  # a burst of faults
                for place in range(0, len(memory), mmap.PAGESIZE):
                    memory[place] = 1
        elif dice.random() < 0.1:
            burn = time.process_time() + 0.01
            while time.process_time() < burn:
                pass


if __name__ == "__main__":
    main()
