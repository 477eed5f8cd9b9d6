"""Makes the tests' name servers far away: every question to them waits before it arrives. Needs root.

    ip netns exec NAMESPACE python -m bench.slow_dns MILLISECONDS ADDRESS…

The kernel hands what goes to port 53 of the addresses to this process (nft(8), `dnat`), which sends it on later,
with a mark that is let through. What the servers ask each other waits too. SIGTERM ends it.
"""

from __future__ import annotations

import heapq
import selectors
import signal
import socket
import subprocess
import sys
import time
from typing import NamedTuple

__all__ = ["main"]

_MARK = 7
_SO_MARK = 36  # asm-generic/socket.h


class _Way(NamedTuple):
    """A client's question to one server: where the answer goes back to."""

    front: socket.socket
    client: tuple[str, int]


def _rules(addresses: list[str]) -> str:
    here = "\n".join(f"ip daddr {address} udp dport 53 dnat to {_front(address)}:53" for address in addresses)
    return (
        "table ip slow {\nchain out {\ntype nat hook output priority -100;\n"
        f"meta mark {_MARK} return\n{here}\n}}\n}}\n"
    )


def _front(address: str) -> str:
    return address.replace("127.53.", "127.54.")


def main() -> None:
    """Wait, and pass on."""
    delay = float(sys.argv[1]) / 1000
    addresses = sys.argv[2:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    selector = selectors.DefaultSelector()
    for address in addresses:
        front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        front.bind((_front(address), 53))
        selector.register(front, selectors.EVENT_READ, address)
    subprocess.run(["nft", "-f", "-"], input=_rules(addresses), text=True, check=True)
    print("ready", flush=True)
    due: list[tuple[float, int, bytes, str, _Way]] = []
    number = 0
    try:
        while True:
            wait = max(0.0, due[0][0] - time.monotonic()) if due else None
            for key, _ in selector.select(wait):
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                wire, sender = sock.recvfrom(65535)
                if isinstance(key.data, _Way):
                    key.data.front.sendto(wire, key.data.client)
                    selector.unregister(sock)
                    sock.close()
                else:
                    number += 1
                    heapq.heappush(due, (time.monotonic() + delay, number, wire, key.data, _Way(sock, sender)))
            while due and due[0][0] <= time.monotonic():
                _, _, wire, address, way = heapq.heappop(due)
                back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                back.setsockopt(socket.SOL_SOCKET, _SO_MARK, _MARK)
                selector.register(back, selectors.EVENT_READ, way)
                back.sendto(wire, (address, 53))
    finally:
        subprocess.run(["nft", "delete", "table", "ip", "slow"], check=False)


if __name__ == "__main__":
    main()
