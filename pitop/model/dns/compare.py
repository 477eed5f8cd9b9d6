"""Servers side by side: how fast, how steady, how complete, and whether they agree. Pure figures over samples."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from msgspec import Struct

__all__ = ["CacheCounters", "Comparison", "Difference", "Sample", "ServerFigures", "Spread", "compared", "spread"]


_ENOUGH = 3  # first questions whose median means something
_NOTICED_MS = 0.2  # less of a difference is the noise of a machine asking itself


class Sample(Struct, frozen=True, gc=False):
    """One question to one server. `turn` is 0 the first time, then counts; `ms` is None where no answer came.

    `status` is the response code or why there was none; `data` are the answer's records, sorted.
    """

    name: str
    server: str
    turn: int
    ms: float | None
    status: str
    data: tuple[str, ...] = ()
    authoritative: bool = False  # the server knows it itself


class Spread(Struct, frozen=True):
    """How times are spread, in milliseconds. `jitter_ms` is the mean step from one time to the next."""

    count: int
    min_ms: float
    median_ms: float
    p95_ms: float
    max_ms: float
    jitter_ms: float | None


class CacheCounters(Struct, frozen=True):
    """What dnsmasq tells of its cache since it started (`hits.bind` and others, class CH). None is not told."""

    size: int | None = None
    hits: int | None = None
    misses: int | None = None
    insertions: int | None = None
    evictions: int | None = None
    servers: tuple[str, ...] = ()


class ServerFigures(Struct, frozen=True):
    """One server's figures. `first` are first questions, `repeated` the same ones again, mostly from its cache."""

    server: str
    asked: int
    answered: int
    loss_percent: float | None
    first: Spread | None
    repeated: Spread | None
    statuses: tuple[tuple[str, int], ...]
    cache: CacheCounters | None = None
    authoritative: bool = False  # some answers are its own knowledge, which no cache makes faster

    @property
    def remembers(self) -> bool:
        """Whether repeated questions are answered so much faster that it must keep answers."""
        first, again = self.first, self.repeated
        if first is None or again is None or self.authoritative:
            return False
        if first.count < _ENOUGH and first.min_ms <= again.p95_ms:  # one slow answer is no proof
            return False
        return first.median_ms - again.median_ms >= _NOTICED_MS and first.median_ms >= 2 * again.median_ms


class Difference(Struct, frozen=True):
    """A name that servers answer differently: for each distinct answer, who gives it. Order does not count."""

    name: str
    answers: tuple[tuple[str, tuple[str, ...]], ...]


class Comparison(Struct, frozen=True, kw_only=True):
    """A comparison as far as it has come; `total` is how many questions it will ask. `time` is when it began."""

    time: float
    running: bool
    type: str
    names: int
    asked: int
    total: int
    seconds: float
    servers: tuple[ServerFigures, ...]
    differences: tuple[Difference, ...]


def spread(times: Sequence[float]) -> Spread | None:
    """The spread of times in the order they were taken; None without any. Percentiles by nearest rank."""
    if not times:
        return None
    ordered = sorted(times)
    size = len(ordered)
    middle = (ordered[(size - 1) // 2] + ordered[size // 2]) / 2
    steps = [abs(b - a) for a, b in itertools.pairwise(times)]
    return Spread(
        size,
        ordered[0],
        middle,
        ordered[math.ceil(0.95 * size) - 1],
        ordered[-1],
        sum(steps) / len(steps) if steps else None,
    )


def figures(server: str, samples: Sequence[Sample], cache: CacheCounters | None = None) -> ServerFigures:
    """One server's figures from its samples."""
    answered = sum(sample.ms is not None for sample in samples)
    statuses: dict[str, int] = {}
    for sample in samples:
        statuses[sample.status] = statuses.get(sample.status, 0) + 1
    return ServerFigures(
        server,
        len(samples),
        answered,
        100 * (len(samples) - answered) / len(samples) if samples else None,
        spread([sample.ms for sample in samples if sample.turn == 0 and sample.ms is not None]),
        spread([sample.ms for sample in samples if sample.turn > 0 and sample.ms is not None]),
        tuple(sorted(statuses.items(), key=lambda item: -item[1])),
        cache,
        any(sample.authoritative for sample in samples),
    )


def differences(samples: Sequence[Sample]) -> tuple[Difference, ...]:
    """The names whose first answers are not the same everywhere; who did not answer is not counted."""
    answers: dict[str, dict[str, list[str]]] = {}
    for sample in samples:
        if sample.turn == 0 and sample.ms is not None:
            said = " ".join(sample.data) if sample.data else sample.status
            answers.setdefault(sample.name, {}).setdefault(said, []).append(sample.server)
    return tuple(
        Difference(name, tuple((said, tuple(servers)) for said, servers in found.items()))
        for name, found in answers.items()
        if len(found) > 1
    )


def compared(
    servers: Sequence[str],
    samples: Sequence[Sample],
    caches: dict[str, CacheCounters],
) -> tuple[tuple[ServerFigures, ...], tuple[Difference, ...]]:
    """The figures of all servers, in their order, and what they do not agree on."""
    by_server: dict[str, list[Sample]] = {server: [] for server in servers}
    for sample in samples:
        by_server[sample.server].append(sample)
    made = tuple(figures(server, found, caches.get(server)) for server, found in by_server.items())
    return made, differences(samples)
