"""Questions to a name server and to a TCP port, with what came back and how long it took."""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from typing import NamedTuple

from pitop.kernel.path.channels import endpoint, queued_errors
from pitop.model.path.icmp import error_words
from pitop.model.path.question import Said, read_answer, write_question

__all__ = ["Asked", "Knocked", "ask", "knock"]


class Asked(NamedTuple):
    """`said` is None where no answer came; `words` then say what did (`no answer`, `connection refused` …)."""

    said: Said | None
    words: str
    milliseconds: float


def ask(server: str, name: str, kind: str, seconds: float = 2.0, port: int = 53) -> Asked:
    """Ask `server` over UDP, a second time in the middle of the wait. Raises ValueError for what is not a name."""
    number = int.from_bytes(os.urandom(2))
    question = write_question(number, name, kind)
    begin = time.monotonic()

    def told(said: Said | None, words: str) -> Asked:
        return Asked(said, words, (time.monotonic() - begin) * 1000)

    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as own:
        try:
            own.connect(endpoint(server, port))
            for _ in range(2):
                own.send(question)
                said = _awaited(own, number, seconds / 2)
                if said is not None:
                    return told(said, said.rcode)
        except ConnectionRefusedError:
            return told(None, "connection refused")
        except OSError as error:
            return told(None, (error.strerror or str(error)).lower())
    return told(None, "no answer")


def _awaited(own: socket.socket, number: int, seconds: float) -> Said | None:
    limit = time.monotonic() + seconds
    while (left := limit - time.monotonic()) > 0:
        own.settimeout(left)
        try:
            said = read_answer(own.recv(4096), number)
        except TimeoutError:
            return None
        if said is not None:
            return said
    return None


class Knocked(NamedTuple):
    """What a connection attempt met: `open`, `closed` (reset), `refused` (an ICMP error in `words` from `address`),
    `failed` (this machine, in `words`), or `silent`."""

    outcome: str
    address: str | None
    words: str
    milliseconds: float


def knock(address: str, port: int, seconds: float = 3.0) -> Knocked:
    """Try to connect over TCP."""
    version = 6 if ":" in address else 4
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC) as own:
        if version == 4:
            own.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR
        else:
            own.setsockopt(socket.IPPROTO_IPV6, 25, 1)  # IPV6_RECVERR
        begin = time.monotonic()

        def told(outcome: str, sender: str | None, words: str) -> Knocked:
            return Knocked(outcome, sender, words, (time.monotonic() - begin) * 1000)

        refused = own.connect_ex(endpoint(address, port))
        if refused == errno.EINPROGRESS:
            poll = select.poll()
            poll.register(own, select.POLLOUT)
            if not poll.poll(seconds * 1000):
                return told("silent", None, f"no answer in {seconds:g} s")
            for each in queued_errors(own):
                if each.kind != -1:
                    return told("refused", each.address, error_words(version, each.kind, each.code, each.info))
            refused = own.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if not refused:
            return told("open", address, "connected")
        if refused == errno.ECONNREFUSED:
            return told("closed", address, "connection refused")
        return told("failed", None, os.strerror(refused))
