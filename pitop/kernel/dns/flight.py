"""Many questions to authorities under way at once, from one thread: over UDP, and over TCP where that is too small.

asyncio would do it too, but takes longer to import than most walks take.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from collections.abc import Iterator
from typing import NamedTuple

from pitop.kernel.dns.ear import Ear, target, udp_socket
from pitop.kernel.dns.errors import silence, trouble_of
from pitop.model.dns.answer import Fault, Timing, Trouble
from pitop.model.dns.question import Server, Transport
from pitop.model.dns.wire import Message, mismatch, query, read_message

__all__ = ["Ask", "Flight", "Landed"]

_PAYLOAD = 1232  # bytes that no network fragments (DNS Flag Day 2020)


class Ask(NamedTuple):
    """One question to one server: a type in words, `timeout` in seconds for each of `tries`."""

    name: str
    kind: str
    server: Server
    dnssec: bool = True
    timeout: float = 2.0
    tries: int = 2


class Landed(NamedTuple):
    """An answer, and how it came."""

    message: Message
    transport: Transport
    time: float
    timing: Timing
    size_bytes: int
    sent_bytes: int


class Flight:
    """Takes questions with `ask`, gives their answers from `landed`. `fileno` is readable when there may be one."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._flying: dict[int, _Question] = {}  # by the descriptor of their sockets

    def fileno(self) -> int:
        """For whoever waits for more than this."""
        return self._epoll.fileno()

    def close(self) -> None:
        """Forget all questions that are under way."""
        for question in self._flying.values():
            question.sock.close()
        self._flying.clear()
        self._epoll.close()

    @property
    def deadline(self) -> float | None:
        """When `landed` has something to do even if nothing comes (perf_counter); None when nothing is under way."""
        return min((question.deadline for question in self._flying.values()), default=None)

    def ask(self, ticket: int, ask: Ask) -> Trouble | None:
        """Send a question; its answer comes with its ticket. Trouble is why it could not be sent."""
        question: _Question | None = None
        try:
            question = _Question(ticket, ask)
            question.over_udp()
        except (OSError, ValueError) as error:
            if question is not None:
                question.sock.close()
            return trouble_of(error, ask.server)
        self._watch(question, select.EPOLLIN)
        return None

    def wait(self) -> None:
        """Until there may be something."""
        if self.deadline is not None:
            self._epoll.poll(max(0.0, self.deadline - time.perf_counter()))

    def landed(self) -> Iterator[tuple[int, Landed | Trouble]]:
        """What has come meanwhile, or will not come any more."""
        for descriptor, _ in self._epoll.poll(0):
            question = self._flying.get(descriptor)
            if question is not None:
                yield from self._advance(question)
        now = time.perf_counter()
        for question in [each for each in self._flying.values() if each.deadline <= now]:
            yield from self._late(question)

    def _watch(self, question: _Question, events: int) -> None:
        self._flying[question.sock.fileno()] = question
        self._epoll.register(question.sock, events)

    def _forget(self, question: _Question) -> None:
        del self._flying[question.sock.fileno()]
        question.sock.close()  # which takes it out of the epoll set

    def _advance(self, question: _Question) -> Iterator[tuple[int, Landed | Trouble]]:
        try:
            landed = question.receive()
            if landed is None:
                if question.sending and question.connected():
                    self._epoll.modify(question.sock, select.EPOLLIN)
                return
            if landed.message.truncated and landed.transport is Transport.UDP:
                self._forget(question)
                question.over_tcp()
                self._watch(question, select.EPOLLOUT)
                return
        except (OSError, ValueError) as error:
            yield question.ticket, question.trouble(error)
        else:
            yield question.ticket, landed
        if question.sock.fileno() in self._flying:
            self._forget(question)

    def _late(self, question: _Question) -> Iterator[tuple[int, Landed | Trouble]]:
        try:
            if question.again():
                return
        except OSError as error:
            trouble = question.trouble(error)
        else:
            trouble = question.silence()
        self._forget(question)
        yield question.ticket, trouble


class _Question:
    """One question under way, on the socket that it uses now."""

    def __init__(self, ticket: int, ask: Ask) -> None:
        self.ticket = ticket
        self.deadline = 0.0
        self.sending = False  # over TCP, while the connection is made
        self._ask = ask
        self._started = time.perf_counter()
        self._family, self._address = target(ask.server)
        self.sock = udp_socket(self._family)
        self._ear = Ear(ask.server, read_message)
        self._tries = 0
        self._wire = b""
        self._came = bytearray()  # over TCP
        self._stream = False
        self._connected = 0.0
        self._udp_ms = 0.0

    def over_udp(self) -> None:
        """Send it, once more if need be. Raises OSError, ValueError."""
        self._tries += 1
        self._wire = self._message()
        self._ear.sends(self._wire)
        self.deadline = time.perf_counter() + self._ask.timeout
        self.sock.sendto(self._wire, self._address)

    def _message(self) -> bytes:
        ask = self._ask
        identity = int.from_bytes(os.urandom(2), "big")
        return query(ask.name, ask.kind, identity, _PAYLOAD, dnssec=ask.dnssec)

    def over_tcp(self) -> None:
        """Connect, to ask again. Raises OSError."""
        self._udp_ms = (time.perf_counter() - self._started) * 1000
        self.sock = socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._stream = self.sending = True
        self._connected = time.perf_counter()
        self.deadline = self._connected + self._ask.timeout
        code = self.sock.connect_ex(self._address)
        if code not in (0, errno.EINPROGRESS):
            self.sock.close()
            raise OSError(code, os.strerror(code))

    def connected(self) -> bool:
        """Send the question over the new connection. Raises OSError where there is none."""
        code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        self.sending = False
        self._wire = self._message()
        self._connected = time.perf_counter()
        self.sock.send(len(self._wire).to_bytes(2, "big") + self._wire)  # fits into any empty buffer
        return True

    def receive(self) -> Landed | None:
        """The answer, if it is here. Raises OSError for what ICMP or TCP reported, ValueError for garbage."""
        if self.sending:
            return None
        return self._from_stream() if self._stream else self._from_socket()

    def _from_socket(self) -> Landed | None:
        try:
            wire, stamps, _, sender = self.sock.recvmsg(65535, 64)
        except BlockingIOError:
            return None
        heard = self._ear.judge(wire, stamps, sender)
        if heard is None:
            return None
        timing = Timing(heard.took_ms, (heard.sent - self._started) * 1000 + heard.took_ms)
        return Landed(heard.message, Transport.UDP, time.time(), timing, heard.size, len(self._wire))

    def _from_stream(self) -> Landed | None:
        try:
            part = self.sock.recv(65537)
        except BlockingIOError:
            return None
        if not part:
            raise ConnectionResetError(errno.ECONNRESET, "closed")
        self._came += part
        size = int.from_bytes(self._came[:2], "big")
        if len(self._came) < 2 + size or len(self._came) < 2:
            return None
        wire = bytes(self._came[2 : 2 + size])
        message = read_message(wire)
        found = mismatch(self._wire, wire)
        if found is not None and not (found.bare and message.rcode):
            raise ValueError(found.words)
        now = time.perf_counter()
        took = (now - self._connected) * 1000
        timing = Timing(took, (now - self._started) * 1000)
        return Landed(message, Transport.TCP, time.time(), timing, size, len(self._wire))

    def again(self) -> bool:
        """Whether it was sent once more. Raises OSError."""
        if self._stream or self._tries >= self._ask.tries:
            return False
        self.over_udp()
        return True

    def silence(self) -> Trouble:
        """Why there is no answer, when there is none for too long."""
        seconds = time.perf_counter() - self._started
        if self._stream:
            words = f"the answer over UDP was truncated, and over TCP {self._ask.server} does not answer"
            return Trouble(Fault.TIMEOUT, words, seconds=seconds)
        return silence(self._ask.server, self._tries, self._ear.remarks, seconds)

    def trouble(self, error: Exception) -> Trouble:
        """What went wrong."""
        seconds = time.perf_counter() - self._started
        return trouble_of(error, self._ask.server, self._tries, self._ear.remarks, seconds)
