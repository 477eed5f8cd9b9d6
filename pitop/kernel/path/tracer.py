"""Probes to every hop of the way to a machine, over one flow or several, from one thread."""

from __future__ import annotations

import select
import time
from collections import deque
from dataclasses import dataclass

from pitop.kernel.path.probes import Flow, Heard, open_flow
from pitop.model.path.hops import Reply
from pitop.model.path.icmp import error_mark

__all__ = ["Tracer"]


@dataclass(slots=True)
class _Probe:
    number: int
    flow: int
    ttl: int
    wall: int
    mono: int
    decided: bool = False


class Tracer:
    """Sends probes when told to and matches what comes back.

    Raises NotPermitted for ICMP without rights, OSError for an address that there is no way to.
    """

    def __init__(
        self, address: str, method: str, port: int | None = None, size: int = 32, flows: int = 1, timeout: float = 2.0
    ) -> None:
        self.address = address
        self.method = method
        self._target = address.partition("%")[0]
        self._version = 6 if ":" in address else 4
        self._timeout = timeout
        self._number = 0
        self._probes: dict[int, _Probe] = {}
        self._waiting: deque[_Probe] = deque()
        self._under_way: list[set[int]] = [set() for _ in range(flows)]
        self._flows: list[Flow] = []
        try:
            for _ in range(flows):
                self._flows.append(open_flow(method, address, port, size))
        except OSError:
            self.close()
            raise

    @property
    def flows(self) -> int:
        """How many flows there are."""
        return len(self._flows)

    def free(self, flow: int) -> int:
        """How many more probes may be sent on `flow` now."""
        return self._flows[flow].window - len(self._under_way[flow])

    @property
    def pending(self) -> int:
        """How many probes are still waited for."""
        return sum(map(len, self._under_way))

    def send(self, flow: int, ttl: int) -> None:
        """Send one probe. Raises OSError where this machine refuses."""
        self._number = (self._number + 1) & 0xFFFF
        wall, mono = self._flows[flow].send(self._number, ttl)
        probe = _Probe(self._number, flow, ttl, wall, mono)
        self._probes[self._number] = probe
        self._waiting.append(probe)
        self._under_way[flow].add(self._number)

    def poll(self, seconds: float) -> list[Reply]:
        """What became of probes, as soon as there is any, at the latest after `seconds`."""
        limit = time.monotonic() + seconds
        while True:
            found = [reply for flow in range(len(self._flows)) for reply in self._take(flow)]
            found += self._expired()
            now = time.monotonic()
            if found or now >= limit:
                return found
            wait = limit
            if self._waiting:
                wait = min(wait, self._waiting[0].mono / 1e9 + self._timeout)
            poll = select.poll()
            for flow in self._flows:
                for descriptor in flow.descriptors():
                    # A connection attempt shows by being writable.
                    poll.register(descriptor, select.POLLIN | (select.POLLOUT if self.method == "tcp" else 0))
            poll.poll(max(0.0, wait - now) * 1000 + 0.5)

    def close(self) -> None:
        """Give the sockets back."""
        for flow in self._flows:
            flow.close()

    def _take(self, index: int) -> list[Reply]:
        found = []
        for heard in self._flows[index].receive():
            probe = self._matching(index, heard)
            if probe is not None and not probe.decided and heard.answer.kind != 5:  # a redirect decides nothing
                self._decide(probe)
                found.append(self._reply(probe, heard))
        return found

    def _matching(self, flow: int, heard: Heard) -> _Probe | None:
        if heard.number is not None:
            probe = self._probes.get(heard.number)
            return probe if probe is not None and probe.flow == flow else None
        under_way = self._under_way[flow]
        return self._probes[next(iter(under_way))] if len(under_way) == 1 else None

    def _decide(self, probe: _Probe) -> None:
        probe.decided = True
        self._under_way[probe.flow].discard(probe.number)
        self._flows[probe.flow].forget(probe.number)

    def _expired(self) -> list[Reply]:
        found = []
        border = time.monotonic_ns() - int(self._timeout * 1e9)
        while self._waiting and (self._waiting[0].decided or self._waiting[0].mono <= border):
            probe = self._waiting.popleft()
            self._probes.pop(probe.number, None)
            if not probe.decided:
                self._decide(probe)
                found.append(Reply(flow=probe.flow, ttl=probe.ttl, sent_time=probe.wall / 1e9, outcome="timeout"))
        return found

    def _reply(self, probe: _Probe, heard: Heard) -> Reply:
        answer = heard.answer
        most = time.monotonic_ns() - probe.mono
        elapsed = most if answer.arrival_ns is None else answer.arrival_ns - probe.wall
        if not 0 <= elapsed <= most + 50_000_000:
            elapsed = most
        exceeded = answer.error and answer.kind == (11 if self._version == 4 else 3)
        reached = heard.end or (answer.error and answer.address == self._target and not exceeded)
        mark = error_mark(self._version, answer.kind, answer.code, answer.info) if answer.error else ""
        return Reply(
            flow=probe.flow,
            ttl=probe.ttl,
            sent_time=probe.wall / 1e9,
            outcome="end" if reached else "hop" if exceeded else "refused",
            address=answer.address,
            time_ms=elapsed / 1e6,
            mark=mark,
            mtu=answer.info if mark.startswith("!F") else None,
        )
