"""The path MTU, and the hop where it shrinks: full packets that may not be cut, as tracepath(8) sends them."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import time
from collections.abc import Iterator
from typing import NamedTuple

from pitop.kernel.path.channels import endpoint, queued_errors

__all__ = ["MtuStep", "mtu_steps"]

_IP_TTL, _IP_MTU_DISCOVER, _IP_RECVERR = 2, 10, 11
_IPV6_MTU_DISCOVER, _IPV6_RECVERR = 23, 25
_PROBE = 3  # set the bit, and disregard what the kernel remembers of the path


class MtuStep(NamedTuple):
    """From hop `ttl` on (`address` said so, None: this machine) packets of at most `mtu` bytes pass."""

    ttl: int
    address: str | None
    mtu: int


def mtu_steps(address: str, most: int = 30, wait: float = 1.0, port: int = 33435) -> Iterator[MtuStep]:
    """First the MTU of the way out, then each hop where it gets smaller. Ends at the target, or after silence.

    Raises OSError where there is no way. A router that drops without a word (a black hole) stays unseen.
    """
    four = ":" not in address
    head = 28 if four else 48
    family = socket.AF_INET if four else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as own:
        if four:
            own.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
            own.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PROBE)
        else:
            own.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
            own.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PROBE)
        own.connect(endpoint(address, port))
        size = _first_mtu(own, head)
        yield MtuStep(0, None, size)
        silent = 0
        ttl = 1
        while ttl <= most and silent < 4:
            _set_ttl(own, four, ttl)
            answer = _ask(own, size - head, wait)
            if answer is None:
                silent += 1
                ttl += 1
                continue
            sender, kind, code, info = answer
            shrinks = (kind, code) == (3, 4) if four else kind == 2
            if shrinks and head < info < size:
                size = info
                yield MtuStep(ttl, sender, size)
            elif kind == (11 if four else 3):
                silent = 0
                ttl += 1
            else:
                return


def _first_mtu(own: socket.socket, head: int) -> int:
    """The MTU of the interface: the kernel names it when it refuses a packet that is too long.

    IP_MTU would tell what it remembers of the path instead.
    """
    largest = 65535 if head == 28 else 65535 + 40
    with contextlib.suppress(OSError):
        own.send(b"\0" * (largest - head))
    told = [each.info for each in queued_errors(own) if each.kind == -1 and each.code == errno.EMSGSIZE]
    return told[0] if told else largest


def _set_ttl(own: socket.socket, four: bool, ttl: int) -> None:
    if four:
        own.setsockopt(socket.IPPROTO_IP, _IP_TTL, ttl)
    else:
        own.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)


def _ask(own: socket.socket, size: int, wait: float) -> tuple[str | None, int, int, int] | None:
    """Send one; who answered, and the ICMP type, code and information. Tried twice."""
    for _ in range(2):
        queued_errors(own)
        for _ in range(2):
            with contextlib.suppress(OSError):  # told here once for an earlier one, or too long: it is in the queue
                own.send(b"\0" * size)
                break
        limit = time.monotonic() + wait
        while True:
            for each in queued_errors(own):
                return each.address, each.kind, each.code, each.info
            left = limit - time.monotonic()
            if left <= 0:
                break
            poll = select.poll()
            poll.register(own, select.POLLERR)
            poll.poll(left * 1000)
    return None
