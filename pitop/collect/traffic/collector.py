"""The topic `traffic`: a light capture, as long as somebody looks, made into conversations, queries and names."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from pitop.collect.collector import Unavailable
from pitop.collect.packets.client import CaptureClient
from pitop.collect.packets.messages import Config, Ended, Heard, Started, Status, Tell, Told
from pitop.collect.traffic.names import Names
from pitop.collect.traffic.translating import Translating
from pitop.kernel.packets.session import own_sessions
from pitop.kernel.system import host
from pitop.model.dns.live import LiveQuery, QueryBook
from pitop.model.packets.snapshot import CaptureStatus
from pitop.model.snapshot import Missing
from pitop.model.traffic import AskTraffic, Talk, TrafficSnapshot

__all__ = ["TrafficCollector"]

_EVERY = 0.5  # seconds between two tellings of what has changed
_RETIRE = 100  # milliseconds that a packet may wait in the ring
_STORE = 8 << 20  # bytes of packets that the helper keeps
_MOST = 5_000  # conversations
_STATES = ("attributed", "unknown", "sought")


class TrafficCollector:
    """Starts the capture at the first collection; without the right to it, names of the hosts file are all there is.

    Without `traced` the kernel's trace points are left alone, as where there are none.
    """

    every: float | None = 1.0

    def __init__(self, *, traced: bool = True) -> None:
        self._traced = traced
        self._host = host()
        self._asked = AskTraffic()
        self._client: CaptureClient | None = None
        self._begun = False
        self._running = False
        self._problem = ("", "")
        self._left_out = 0
        self._status: CaptureStatus = CaptureStatus()
        self._talks: OrderedDict[int, Talk] = OrderedDict()
        self._told: tuple[Talk, ...] | None = None
        self._counts = dict.fromkeys(_STATES, 0)
        self._book = QueryBook()
        self._names = Names()
        self._translating = Translating()

    def descriptors(self) -> Sequence[int]:
        """The helper's channel."""
        return () if self._client is None else (self._client.fileno(),)

    def ask(self, request: Struct) -> None:
        """Take in what is wanted beyond the usual."""
        if not isinstance(request, AskTraffic):
            return
        if request.attempt != self._asked.attempt and not self._running:
            self._begun = False
        if request.names and not self._asked.names:
            self._names.look_up(_elsewhere(self._talks.values()))
        self._asked = request

    def collect(self) -> TrafficSnapshot:
        """Everything that the helper has said since."""
        if not self._begun:
            self._start()
        now = time.time()
        if self._client is not None:
            try:
                for message in self._client.messages() if self._client.waiting(0) else ():
                    self._take(message)
            except Unavailable as error:
                self._stop()
                self._problem = (str(error), error.advice)
        if self._talks and self._translating.look():
            self._enter([each for each in self._talks.values() if each.translated is None], anew=False)
        if self._told is None:
            self._told = tuple(reversed(self._talks.values()))
        missing: tuple[Missing, ...] = () if self._translating.missing is None else (self._translating.missing,)
        return TrafficSnapshot(
            time=now,
            host=self._host,
            missing=missing,
            talks=self._told,
            queries=self._queries(now),
            names=self._names.all(now),
            running=self._running,
            problem=self._problem[0],
            advice=self._problem[1],
            left_out=self._left_out,
            status=self._status,
            **self._counts,
        )

    def _queries(self, now: float) -> tuple[LiveQuery, ...]:
        return self._book.queries(now)

    def _start(self) -> None:
        self._begun = True
        self._problem = ("", "")
        sessions = own_sessions()
        self._left_out = len(sessions)
        self._talks.clear()
        self._told = None
        self._counts = dict.fromkeys(_STATES, 0)
        self._client = CaptureClient(
            Config(
                sessions=tuple((each.local, each.local_port, each.remote, each.remote_port) for each in sessions),
                limit_bytes=_STORE,
                retire_ms=_RETIRE,
                light=True,
                traced=self._traced,
            )
        )
        self._client.send(Tell(_EVERY))

    def _stop(self) -> None:
        self._running = False
        if self._client is not None:
            self._client.close()
            self._client = None

    def _take(self, message: object) -> None:
        if isinstance(message, Started):
            self._running = True
        elif isinstance(message, Status):
            self._status = message
        elif isinstance(message, Told):
            self._status = message.status
            self._enter(message.talks)
            for each in message.heard:
                self._hear(each)
        elif isinstance(message, Ended):
            self._status = message.status
            self._running = False

    def _hear(self, heard: Heard) -> None:
        asked = self._book.take(heard.packet, heard.asker)
        if asked is not None and heard.addresses:
            self._names.heard(heard.addresses, asked.name, asked.asker, heard.packet.time)

    def _enter(self, talks: Iterable[Talk], *, anew: bool = True) -> None:
        """Take in conversations that are new or have changed; `anew` tells that something has happened in them."""
        sides = self._translating.sides
        for talk in talks:
            before = self._talks.get(talk.number)
            known = before.translated if before is not None else None
            other = known or sides.get((talk.transport, talk.a, talk.b))
            if other is not None and talk.translated is None:
                talk = replace(talk, translated=other)
            self._count(before, talk)
            self._talks[talk.number] = talk
            if anew:
                self._talks.move_to_end(talk.number)
        self._told = None
        while len(self._talks) > _MOST:
            self._talks.popitem(last=False)
        if self._asked.names:
            self._names.look_up(_elsewhere(talks))

    def _count(self, before: Talk | None, talk: Talk) -> None:
        """Keep the counts of ends with and without a process."""
        if before is not None:
            for state in _states(before):
                self._counts[state] -= 1
        for state in _states(talk):
            self._counts[state] += 1

    def close(self) -> None:
        """End the helper."""
        self._stop()
        self._names.close()


def _states(talk: Talk) -> list[str]:
    """One word for each end that is a socket of this machine."""
    owners = (talk.a_owner, talk.b_owner)
    return [
        "attributed" if owners[end] is not None else "sought" if talk.sought else "unknown" for end in talk.ends_here
    ]


def _elsewhere(talks: Iterable[Talk]) -> set[str]:
    """The addresses that are not this machine's."""
    return {end[0] for talk in talks for end, here in ((talk.a, talk.a_here), (talk.b, talk.b_here)) if not here}
