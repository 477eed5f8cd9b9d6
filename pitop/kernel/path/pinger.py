"""Echoes to any number of machines at once, from one thread."""

from __future__ import annotations

import errno
import heapq
import itertools
import os
import select
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from pitop.kernel.path.channels import Answer, EchoChannel, refusal_words
from pitop.model.path.echoes import Echo
from pitop.model.path.icmp import echo, error_words, first_difference

__all__ = ["Pinger", "Plan"]

_REMEMBERED = 4096  # echoes of a target whose further replies are known as duplicates
_MANY = 16  # targets from which on several are served at one awakening
_GATHER = 0.02  # seconds that answers may lie then before they are read: the kernel has noted when they came
_identifiers = itertools.count()  # no two targets of a process share one, whichever Pinger they belong to
_STEP = 50_000_000  # ns by which the wall clock may seem to run ahead before it is known to have been set


@dataclass(frozen=True, slots=True)
class Plan:
    """How to ping: seconds between echoes, payload bytes, how many (None: without end), hops, whether routers may cut
    the packet up (None: as the kernel does), and how many seconds an echo is waited for."""

    interval: float = 1.0
    size: int = 56
    count: int | None = None
    ttl: int | None = None
    dont_fragment: bool | None = None
    timeout: float = 2.0


@dataclass(slots=True)
class _Probe:
    number: int
    wall: int
    mono: int
    payload: bytes
    state: str = "waiting"  # answered, lost, failed


@dataclass(slots=True)
class _Target:
    index: int
    channel: EchoChannel
    sent: int = 0
    highest: int = 0
    probes: dict[int, _Probe] = field(default_factory=dict)


class Pinger:
    """Sends when it is time to, in `poll`. Raises NotPermitted, or OSError for an address that has no way to it."""

    def __init__(self, addresses: Sequence[str], plan: Plan, start: float = 0.0) -> None:
        self._plan = plan
        self._pattern = bytes(number & 0xFF for number in range(plan.size))
        self._poll = select.epoll()
        self._targets: list[_Target] = []
        self._by_descriptor: dict[int, _Target] = {}
        self._waiting: deque[tuple[float, _Target, _Probe]] = deque()
        self._due: list[tuple[float, int]] = []
        self._dropped: set[int] = set()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll.register(self._wake, select.EPOLLIN)
        begin = time.monotonic() + start
        try:
            for index, address in enumerate(addresses):
                identifier = (os.getpid() * 64 + next(_identifiers)) & 0xFFFF
                channel = EchoChannel(address, identifier, plan.ttl, plan.dont_fragment)
                target = _Target(index, channel)
                self._targets.append(target)
                self._by_descriptor[channel.fileno()] = target
                self._poll.register(channel.fileno(), select.EPOLLIN | select.EPOLLERR)
                together = index - index % (10 if len(addresses) > _MANY else 1)
                heapq.heappush(self._due, (begin + plan.interval * together / len(addresses), index))
        except OSError:
            self.close()
            raise

    def sent(self, index: int) -> int:
        """How many echoes went out to a target."""
        return self._targets[index].sent

    def source(self, index: int) -> str:
        """The address that this machine sends from."""
        return self._targets[index].channel.source

    @property
    def done(self) -> bool:
        """Everything sent, and answered or given up."""
        return not self._due and not self._waiting

    def drop(self, index: int) -> None:
        """Send no more to a target; from any thread."""
        self._dropped.add(index)

    def wake(self) -> None:
        """Have `poll` return at once; from any thread."""
        os.eventfd_write(self._wake, 1)

    def poll(self, seconds: float) -> list[Echo]:
        """Send what is due and give what became of echoes, as soon as there is any, at the latest after `seconds`."""
        limit = time.monotonic() + seconds
        found: list[Echo] = []
        while True:
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                due, index = heapq.heappop(self._due)
                if index in self._dropped:
                    continue
                self._send(self._targets[index], found)
                if self._plan.count is None or self._targets[index].sent < self._plan.count:
                    # On the grid; after a standstill (a suspended machine) no backlog is sent.
                    heapq.heappush(self._due, (max(due + self._plan.interval, now), index))
            self._expire(now, found)
            if found or now >= limit or self.done:
                return found
            wait = limit
            if self._due:
                wait = min(wait, self._due[0][0])
            if self._waiting:
                wait = min(wait, self._waiting[0][0])
            happened = self._poll.poll(max(0.0, wait - time.monotonic()), 64)
            if happened and len(self._targets) > _MANY:
                time.sleep(_GATHER)
                happened = self._poll.poll(0, 2 * len(self._targets))
            for descriptor, events in happened:
                target = self._by_descriptor.get(descriptor)
                if target is None:
                    os.eventfd_read(self._wake)
                    return found
                for answer in target.channel.receive(bool(events & select.EPOLLERR)):
                    self._take(target, answer, found)

    def close(self) -> None:
        """Give the sockets back."""
        for target in self._targets:
            target.channel.close()
        self._poll.close()
        os.close(self._wake)

    def _send(self, target: _Target, found: list[Echo]) -> None:
        target.sent += 1
        number = target.sent
        stamp = time.monotonic_ns().to_bytes(8)
        payload = stamp + self._pattern[8:] if self._plan.size >= 8 else self._pattern
        packet = echo(target.channel.version, target.channel.identifier, number & 0xFFFF, payload)
        probe = _Probe(number, time.time_ns(), 0, payload)
        target.probes[number & 0xFFFF] = probe
        if len(target.probes) > _REMEMBERED:
            del target.probes[next(iter(target.probes))]
        try:
            probe.wall, probe.mono = target.channel.send(packet)
        except OSError as error:
            answers = target.channel.receive()
            mtu = next((each.info for each in answers if each.kind == -1 and each.code == errno.EMSGSIZE), 0)
            probe.state = "failed"
            words = refusal_words(error.errno or 0, mtu)
            found.append(
                Echo(target=target.index, sequence=number, sent_time=_unix(probe), outcome="error", words=words)
            )
            for answer in answers:
                if answer.kind != -1:
                    self._take(target, answer, found)
            return
        self._waiting.append((time.monotonic() + self._plan.timeout, target, probe))

    def _expire(self, now: float, found: list[Echo]) -> None:
        while self._waiting and (self._waiting[0][0] <= now or self._waiting[0][2].state != "waiting"):
            _, target, probe = self._waiting.popleft()
            if probe.state == "waiting":
                probe.state = "lost"
                found.append(
                    Echo(target=target.index, sequence=probe.number, sent_time=_unix(probe), outcome="timeout")
                )

    def _take(self, target: _Target, answer: Answer, found: list[Echo]) -> None:
        if len(answer.content) < 8:
            return
        probe = target.probes.get(int.from_bytes(answer.content[6:8]))
        if probe is None:
            return
        if answer.error:
            # An error that says the way has changed for the better, or is about one already decided, is no outcome.
            if probe.state == "waiting" and answer.kind != -1 and (target.channel.version, answer.kind) != (4, 5):
                probe.state = "failed"
                found.append(
                    Echo(
                        target=target.index,
                        sequence=probe.number,
                        sent_time=_unix(probe),
                        outcome="error",
                        address=answer.address,
                        words=error_words(target.channel.version, answer.kind, answer.code, answer.info),
                    )
                )
            return
        outcome = {"waiting": "reply", "answered": "duplicate"}.get(probe.state, "late")
        reordered = outcome != "duplicate" and probe.number < target.highest
        target.highest = max(target.highest, probe.number)
        probe.state = "answered"
        came = answer.content[8:]
        found.append(
            Echo(
                target=target.index,
                sequence=probe.number,
                sent_time=_unix(probe),
                outcome=outcome,
                address=answer.address,
                ttl=answer.ttl,
                size=len(answer.content),
                time_ms=_elapsed(probe, answer.arrival_ns) / 1e6,
                reordered=reordered,
                damage=_damage(probe.payload, came),
            )
        )


def _unix(probe: _Probe) -> float:
    return probe.wall / 1e9


def _elapsed(probe: _Probe, arrival: int | None) -> int:
    """Nanoseconds from sending to the kernel's time of arrival; by the monotonic clock if the wall clock was set."""
    most = time.monotonic_ns() - probe.mono
    if arrival is None:
        return most
    elapsed = arrival - probe.wall
    return elapsed if 0 <= elapsed <= most + _STEP else most


def _damage(sent: bytes, came: bytes) -> str | None:
    place = first_difference(sent, came)
    if place is None:
        return None
    if place >= len(came) or place >= len(sent):
        return f"wrong total length {len(came) + 8} instead of {len(sent) + 8}"
    return f"wrong data byte #{place} should be {sent[place]:#x} but was {came[place]:#x}"
