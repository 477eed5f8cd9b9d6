"""The ping topic: any number of targets at once; and the bare echoes, for the command."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Container, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from msgspec import Struct, structs

from pitop.collect.collector import Unavailable
from pitop.collect.path.together import together
from pitop.kernel.path.channels import NotPermitted
from pitop.kernel.path.names import address_of
from pitop.kernel.path.pinger import Pinger, Plan
from pitop.model.path.echoes import Echo, Loss, Tally, counted, window
from pitop.model.path.snapshot import PingRequest, PingSnapshot, PingTarget

__all__ = ["PingCollector", "echoes"]

_WINDOW = 300  # echoes that percentiles and the graph look back over
_LOSSES = 200  # losses that are remembered with their time
_GLANCE = 0.2  # seconds a poll lasts at most, so that an end is noticed


def echoes(addresses: Sequence[str], plan: Plan, deadline: float | None = None) -> Iterator[Echo | list[int]]:
    """What becomes of every echo, until all are decided or `deadline` seconds have passed; for the calling thread.

    After each turn also how many were sent to each target. Raises Unavailable, and OSError for an address that cannot
    be reached.
    """
    limit = None if deadline is None else time.monotonic() + deadline
    with closing(_opened(addresses, plan)) as pinger:
        while not pinger.done and (limit is None or time.monotonic() < limit):
            yield from pinger.poll(1.0 if limit is None else max(0.0, min(1.0, limit - time.monotonic())))
            yield [pinger.sent(index) for index in range(len(addresses))]


def _opened(addresses: Sequence[str], plan: Plan, start: float = 0.0) -> Pinger:
    try:
        return Pinger(addresses, plan, start)
    except NotPermitted as error:
        raise Unavailable(error.strerror or str(error), error.advice) from error


@dataclass(slots=True)
class _History:
    """What the engine has seen of a target."""

    name: str
    address: str | None = None
    trouble: str = ""
    tally: Tally = field(default_factory=Tally)
    times: deque[tuple[int, float | None]] = field(default_factory=lambda: deque(maxlen=_WINDOW))
    losses: deque[Loss] = field(default_factory=lambda: deque(maxlen=_LOSSES))
    reply_address: str | None = None
    ttl: int | None = None

    def take(self, echo: Echo) -> None:
        self.tally = counted(self.tally, echo)
        if echo.outcome in ("timeout", "error"):
            self.times.append((echo.sequence, None))
            self.losses.append(Loss(echo.sent_time, echo.sequence, _why(echo)))
            return
        self.reply_address, self.ttl = echo.address, echo.ttl
        if echo.outcome == "reply":
            self.times.append((echo.sequence, echo.time_ms))
        elif echo.outcome == "late":
            self._found_again(echo)

    def _found_again(self, echo: Echo) -> None:
        for place, (sequence, _) in enumerate(self.times):
            if sequence == echo.sequence:
                self.times[place] = (sequence, echo.time_ms)
        for loss in tuple(self.losses):
            if loss.sequence == echo.sequence:
                self.losses.remove(loss)

    def row(self, sent: int) -> PingTarget:
        # Answers come in the order of their arrival; the graph is drawn in the order of sending.
        recent = tuple(time for _, time in sorted(self.times, key=lambda each: each[0]))
        return PingTarget(
            name=self.name,
            address=self.address,
            trouble=self.trouble,
            tally=structs.replace(self.tally, transmitted=sent),
            window=window(recent),
            recent=recent,
            losses=tuple(reversed(self.losses)),
            reply_address=self.reply_address,
            ttl=self.ttl,
        )


def _why(echo: Echo) -> str:
    if echo.outcome == "timeout":
        return "no reply"
    return f"{echo.words} (from {echo.address})" if echo.address is not None else str(echo.words)


class _Engine(threading.Thread):
    """Pings on a thread of its own until told to end; `rows` may be asked for at any time."""

    def __init__(self, request: PingRequest) -> None:
        super().__init__(name="ping", daemon=True)
        self._request = request
        self._histories = [_History(name) for name in request.targets]
        self._order: list[_History] = []
        self._pinger: Pinger | None = None
        self._guard = threading.Lock()
        self._ended = False
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            self._ping()
        except Exception as error:  # told to whoever collects
            self.failure = error
        finally:
            with self._guard:
                if self._pinger is not None:
                    self._pinger.close()
                    self._pinger = None

    def _ping(self) -> None:
        plan = Plan(
            interval=self._request.interval,
            size=self._request.size,
            ttl=self._request.ttl,
            dont_fragment=self._request.dont_fragment,
            timeout=self._request.timeout,
        )
        histories = tuple(self._histories)
        found = together(lambda history: self._found(history, plan), histories)  # a silent name server holds up nobody
        reachable = [history for history, usable in zip(histories, found, strict=True) if usable]
        pinger = _opened([str(history.address) for history in reachable], plan)
        with self._guard:
            self._order, self._pinger = reachable, pinger
            for index, history in enumerate(reachable):
                if not any(history is each for each in self._histories):  # dropped while it was looked up
                    pinger.drop(index)
        while not self._ended and reachable:
            echoes_seen = pinger.poll(_GLANCE)
            with self._guard:
                for echo in echoes_seen:
                    reachable[echo.target].take(echo)

    def _found(self, history: _History, plan: Plan) -> bool:
        try:
            history.address = address_of(history.name, self._request.family)
            _opened([history.address], plan).close()
        except OSError as error:
            history.trouble = error.strerror or str(error)
            return False
        return True

    def rows(self) -> dict[str, PingTarget]:
        with self._guard:
            sent = dict.fromkeys(map(id, self._histories), 0)
            if self._pinger is not None:
                sent |= {id(history): self._pinger.sent(index) for index, history in enumerate(self._order)}
            return {history.name: history.row(sent[id(history)]) for history in self._histories}

    @property
    def names(self) -> set[str]:
        """Whom it pings."""
        return {history.name for history in self._histories}

    def drop(self, names: Container[str]) -> None:
        """Ping some no longer; the others go on as before."""
        with self._guard:
            self._histories = [history for history in self._histories if history.name not in names]
            for index, history in enumerate(self._order):
                if history.name in names and self._pinger is not None:
                    self._pinger.drop(index)

    def end(self) -> None:
        self._ended = True
        with self._guard:
            if self._pinger is not None:
                self._pinger.wake()


class PingCollector:
    """Snapshots of the targets of the last PingRequest.

    Targets that come later get an engine of their own, so that those that are pinged already go on undisturbed.
    """

    every: float | None = None

    def __init__(self) -> None:
        self._request = PingRequest(targets=())
        self._engines: list[_Engine] = []

    def collect(self) -> PingSnapshot:
        """How every target answers. Raises Unavailable where echoes may not be sent."""
        rows: dict[str, PingTarget] = {}
        for engine in self._engines:
            if engine.failure is not None:
                raise engine.failure
            rows |= engine.rows()
        return PingSnapshot(
            time=time.time(),
            host=os.uname().nodename,
            rows=tuple(rows[name] for name in dict.fromkeys(self._request.targets) if name in rows),
            request=self._request,
        )

    def ask(self, request: Struct) -> None:
        """Ping what a PingRequest names: targets that stay go on, unless they are to be pinged in another way."""
        if not isinstance(request, PingRequest):
            return
        if structs.replace(request, targets=()) != structs.replace(self._request, targets=()):
            self.close()
        self._request = request
        for engine in self._engines:
            engine.drop(engine.names - set(request.targets))
            if not engine.names:
                engine.end()
        self._engines = [engine for engine in self._engines if engine.names and engine.failure is None]
        known = {name for engine in self._engines for name in engine.names}
        added = tuple(name for name in dict.fromkeys(request.targets) if name not in known)
        if added:
            self._engines.append(_Engine(structs.replace(request, targets=added)))
            self._engines[-1].start()

    def descriptors(self) -> Sequence[int]:
        """None: snapshots follow the interval."""
        return ()

    def close(self) -> None:
        """End the engines."""
        for engine in self._engines:
            engine.end()
        for engine in self._engines:
            engine.join(_GLANCE)
        self._engines = []
