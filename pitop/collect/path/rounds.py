"""When to probe which hop: once over the whole way as traceroute does, or round after round as mtr does."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator

from pitop.kernel.path.tracer import Tracer
from pitop.model.path.hops import Hop, HopTally, Reply, added, judged

__all__ = ["Rounds", "once"]

_BEYOND = 5  # silent hops behind the last that answered that are still probed (mtr's -U)
_RECENT = 120


def once(
    tracer: Tracer, first: int, most: int, queries: int, flow: int = 0, patience: int | None = None
) -> Iterator[Reply]:
    """`queries` probes to each hop up to the target, as many under way as the flow allows.

    With `patience` it ends after so many hops in a row that do not answer.
    """
    heard = first - 1
    plan = deque(ttl for ttl in range(first, most + 1) for _ in range(queries))
    end = most
    while plan or tracer.pending:
        while plan and plan[0] <= end and tracer.free(flow):
            tracer.send(flow, plan.popleft())
        if plan and plan[0] > end:
            plan.clear()
        for reply in tracer.poll(0.2):
            if reply.outcome in ("end", "refused") and reply.mtu is None:
                end = min(end, reply.ttl)
            if reply.outcome != "timeout":
                heard = max(heard, reply.ttl)
            elif patience is not None and reply.ttl > heard + patience:
                plan.clear()
            yield reply


class Rounds:
    """Round after round over every flow, with what came of it. The probes of a round are spread over its interval."""

    def __init__(self, tracer: Tracer, most: int, interval: float) -> None:
        self._tracer = tracer
        self._most = most
        self._interval = interval
        self._tallies: dict[tuple[int, int], HopTally] = {}
        self._recent: dict[tuple[int, int], deque[float | None]] = {}
        self._ends: dict[int, int] = {}
        self._heard: dict[int, int] = {}
        self._answered = False
        self.finished = 0

    @property
    def reached(self) -> bool:
        """Whether the target itself has answered."""
        return self._answered

    def run(self, count: int | None = None, stop: Callable[[], bool] = lambda: False) -> Iterator[Reply]:
        """`count` rounds (None: without end). Raises OSError where this machine refuses to send."""
        due = time.monotonic()
        while (count is None or self.finished < count) and not stop():
            yield from self._round(due, stop)
            self.finished += 1
            due = max(due + self._interval, time.monotonic())
        while self._tracer.pending and not stop():
            yield from self._polled(0.2)

    def _round(self, due: float, stop: Callable[[], bool]) -> Iterator[Reply]:
        plan = deque(
            (ttl, flow)
            for ttl in range(1, self._most + 1)
            for flow in range(self._tracer.flows)
            if ttl <= self._last(flow)
        )
        step = self._interval / max(1, len(plan))
        while plan and not stop():
            ttl, flow = plan[0]
            if ttl > self._last(flow):  # the end was found meanwhile
                plan.popleft()
                continue
            wait = due - time.monotonic()
            if wait > 0 or not self._tracer.free(flow):
                yield from self._polled(min(0.1, max(wait, 0.001)))
                continue
            plan.popleft()
            self._tracer.send(flow, ttl)
            due += step
        while (wait := due - time.monotonic()) > 0 and not stop():
            yield from self._polled(min(0.1, wait))

    def _last(self, flow: int) -> int:
        return min(self._most, self._ends.get(flow, self._heard.get(flow, 0) + _BEYOND))

    def _polled(self, seconds: float) -> Iterator[Reply]:
        for reply in self._tracer.poll(seconds):
            self._take(reply)
            yield reply

    def _take(self, reply: Reply) -> None:
        key = (reply.flow, reply.ttl)
        self._tallies[key] = added(self._tallies.get(key, HopTally()), reply)
        self._recent.setdefault(key, deque(maxlen=_RECENT)).append(reply.time_ms)
        if reply.outcome == "timeout":
            return
        self._answered = self._answered or reply.outcome == "end"
        self._heard[reply.flow] = max(self._heard.get(reply.flow, 0), reply.ttl)
        end = self._ends.get(reply.flow)
        if reply.outcome == "hop":
            if end is not None and reply.ttl >= end:  # the way has become longer
                del self._ends[reply.flow]
        elif reply.mtu is None and (end is None or reply.ttl < end):
            self._ends[reply.flow] = reply.ttl

    def hops(self, name: Callable[[str], str | None], mtus: dict[int, int] | None = None) -> tuple[Hop, ...]:
        """What is known of every flow's hops, up to its end or to the last that answered and one silent one."""
        found: list[Hop] = []
        for flow in range(self._tracer.flows):
            last = self._ends.get(flow, min(self._most, self._heard.get(flow, 0) + 1))
            tallies = [self._tallies.get((flow, ttl), HopTally()) for ttl in range(1, last + 1)]
            while tallies and not tallies[-1].sent:
                tallies.pop()
            for ttl, (tally, verdict) in enumerate(zip(tallies, judged(tallies), strict=True), 1):
                found.append(
                    Hop(
                        hop=ttl,
                        flow=flow,
                        address=tally.address,
                        name=name(tally.address) if tally.address is not None else None,
                        others=tuple(each for each in tally.addresses if each != tally.address),
                        tally=tally,
                        recent=tuple(self._recent.get((flow, ttl), ())),
                        verdict=verdict,
                        mtu=(mtus or {}).get(ttl),
                    )
                )
        return tuple(found)
