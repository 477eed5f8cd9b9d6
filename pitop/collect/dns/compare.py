"""Servers asked the same names side by side, bounded in rate and in questions under way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from pitop.kernel.dns.exchange import exchange
from pitop.model.dns.answer import NoAnswer, Section
from pitop.model.dns.compare import CacheCounters, Comparison, Sample, compared
from pitop.model.dns.message import answer_of
from pitop.model.dns.question import Options, Query, Question, Server, address_of

__all__ = ["Comparer"]

_AT_ONCE = 32  # questions under way to one server
_COUNTERS = ("cachesize", "hits", "misses", "insertions", "evictions", "servers")


class Comparer:
    """One comparison. `rate` is the most questions a second to each server; `changed` is called as it grows."""

    def __init__(
        self,
        names: Sequence[str],
        kind: str,
        servers: Sequence[Server],
        options: Options,
        *,
        turns: int = 2,
        rate: float = 1000.0,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._names = names
        self._kind = kind
        self._servers = servers
        self._options = options
        self._turns = turns
        self._rate = rate
        self._changed = changed
        self._began = time.time()
        self._start = time.perf_counter()
        self._ended: float | None = None
        self._samples: list[Sample] = []
        self._caches: dict[str, CacheCounters] = {}

    def comparison(self) -> Comparison:
        """What is known so far."""
        labels = [str(server) for server in self._servers]
        servers, differences = compared(labels, self._samples, self._caches)
        return Comparison(
            time=self._began,
            running=self._ended is None,
            type=self._kind,
            names=len(self._names),
            asked=len(self._samples),
            total=len(self._names) * len(self._servers) * self._turns,
            seconds=(self._ended or time.perf_counter()) - self._start,
            servers=servers,
            differences=differences,
        )

    async def run(self) -> Comparison:
        """Ask every name of every server, `turns` times in a row. Being cancelled keeps what was found."""
        try:
            async with asyncio.TaskGroup() as group:
                for server in self._servers:
                    group.create_task(self._server(server))
            await self._count_caches()
        finally:
            self._ended = time.perf_counter()
            self._changed()
        return self.comparison()

    async def _server(self, server: Server) -> None:
        waiting = iter(self._names)
        pace = _Pace(self._rate)

        async def worker() -> None:
            for name in waiting:
                for turn in range(self._turns):
                    await pace.turn()
                    self._samples.append(await self._sample(server, name, turn))
                self._changed()

        async with asyncio.TaskGroup() as group:
            for _ in range(min(_AT_ONCE, len(self._names))):
                group.create_task(worker())

    async def _sample(self, server: Server, name: str, turn: int) -> Sample:
        try:
            answer = answer_of(await exchange(Query(Question(name, self._kind), server, self._options)))
        except NoAnswer as error:
            return Sample(name, str(server), turn, None, error.trouble.fault.value)
        data = sorted(record.data for record in answer.section(Section.ANSWER) if record.type not in ("RRSIG", "CNAME"))
        authoritative = "aa" in answer.flags
        return Sample(name, str(server), turn, answer.timing.query_ms, answer.status, tuple(data), authoritative)

    async def _count_caches(self) -> None:
        near = [each for each in self._servers if (found := address_of(each.host)) is not None and found.is_private]
        for server, counters in zip(near, await asyncio.gather(*(cache_counters(each) for each in near)), strict=True):
            if counters is not None:
                self._caches[str(server)] = counters


class _Pace:
    """Lets through at most `rate` a second, evenly."""

    def __init__(self, rate: float) -> None:
        self._gap = 1.0 / rate if rate > 0 else 0.0
        self._due = 0.0

    async def turn(self) -> None:
        now = time.perf_counter()
        self._due = max(self._due + self._gap, now)
        if self._due > now + 0.002:  # sleeping is not finer than that
            await asyncio.sleep(self._due - now)


async def cache_counters(server: Server) -> CacheCounters | None:
    """What dnsmasq tells of its cache (dnsmasq(8), "cachesize.bind"); None for a server that tells nothing."""
    options = Options(timeout=0.3, tries=1, payload_bytes=None, cookie=None)

    async def one(counter: str) -> list[str]:
        try:
            reply = await exchange(Query(Question(f"{counter}.bind.", "TXT", "CH"), server, options))
        except NoAnswer:
            return []
        return [record.data.strip('"') for record in answer_of(reply).section(Section.ANSWER)]

    hits = await one("hits")
    if not hits or not _is_number(hits[0]):
        return None
    others = [counter for counter in _COUNTERS if counter != "hits"]
    said = dict(zip(others, await asyncio.gather(*(one(counter) for counter in others)), strict=True))
    said["hits"] = hits
    numbers = {key: int(texts[0]) for key, texts in said.items() if texts and _is_number(texts[0])}
    return CacheCounters(
        numbers.get("cachesize"),
        numbers.get("hits"),
        numbers.get("misses"),
        numbers.get("insertions"),
        numbers.get("evictions"),
        tuple(said["servers"]),
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
