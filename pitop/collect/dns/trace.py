"""The walk from the root to an answer: each zone's servers asked at once, the first usable answer taken.

The others are still heard: who is lame, silent, or of another opinion is told beside the walk.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dns.message
import dns.name
import dns.rdatatype
import msgspec

from pitop.collect.dns.zones import Zone, differences
from pitop.kernel.dns.exchange import exchange
from pitop.kernel.dns.udp import routable
from pitop.model.dns.answer import Fault, NoAnswer, Record, Section
from pitop.model.dns.dnssec.verdict import Verdict
from pitop.model.dns.message import Reply, answer_of, read_records
from pitop.model.dns.question import Options, Query, Question, Server
from pitop.model.dns.referral import Meaning, meaning
from pitop.model.dns.trace import Outcome, Purpose, Remark, Severity, Step, Trace

if TYPE_CHECKING:
    from pitop.model.dns.dnssec.anchors import Anchors
    from pitop.model.dns.dnssec.chain import Fetch

__all__ = ["Tracer"]

_SERVERS = 6  # of one zone that are asked
_ROOTS = 3  # of the thirteen
_QUERIES = 400  # in one trace, so that no delegation leads on for ever
_REFERRALS = 32  # from the root to one answer
_ALIASES = 16
_DEPTH = 5  # walks inside walks, for the addresses of name servers
_AT_ONCE = 24
_OPTIONS = Options(recursion=False, authentic=False, dnssec=True, cookie=None, timeout=2.0, tries=2)

Name = dns.name.Name


@dataclass(frozen=True, slots=True)
class _Heard:
    """A server's reply and what it means."""

    reply: Reply
    meaning: Meaning


class Tracer:
    """One trace. `changed` is called whenever `trace()` would say more than before."""

    def __init__(
        self,
        question: Question,
        roots: dict[str, tuple[str, ...]],
        *,
        port: int = 53,
        root_port: int | None = None,
        anchors: Anchors | None = None,
        options: Options = _OPTIONS,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._question = question
        self._port = port
        self._anchors = anchors
        self._options = options
        self._changed = changed
        self._began = time.time()
        self._start = time.perf_counter()
        self._ended: float | None = None
        names = [dns.name.from_text(name) for name in roots]
        random.shuffle(names)
        addresses = {
            dns.name.from_text(name): [each for each in found if routable(each)] for name, found in roots.items()
        }
        root = Zone(dns.name.root, None, tuple(names), addresses, root_port or port)
        self._zones: dict[Name, Zone] = {root.name: root}
        self._path: list[Zone] = [root]
        self._steps: dict[int, Step] = {}
        self._remarks: dict[Remark, None] = {}
        self._asked = 0
        self._background: set[asyncio.Task[Any]] = set()
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._answer: Reply | None = None
        self._aliases: list[str] = []
        self._trouble: str | None = None
        self._verdict: Verdict | None = None
        self._stages: list[tuple[Name, dns.rdatatype.RdataType, _Heard]] = []  # one for each alias followed
        self._cache: dict[Fetch, _Heard | None] = {}

    def trace(self) -> Trace:
        """What is known so far."""
        return Trace(
            question=self._question,
            time=self._began,
            running=self._ended is None,
            steps=tuple(self._steps[number] for number in sorted(self._steps)),
            cuts=tuple(zone.cut() for zone in self._path),
            remarks=tuple(self._remarks),
            answer=None if self._answer is None else answer_of(self._answer),
            aliases=tuple(self._aliases),
            trouble=self._trouble,
            verdict=self._verdict,
            total_ms=((self._ended or time.perf_counter()) - self._start) * 1000,
        )

    async def run(self) -> Trace:
        """Walk, compare, and validate where anchors were given. Being cancelled ends every query."""
        try:
            await self._walk()
            if self._anchors is not None and self._stages:
                self._verdict = await self._prove()
                self._changed()
            if self._background:
                await asyncio.wait(self._background)
        finally:
            for task in self._background:
                task.cancel()
            self._ended = time.perf_counter()
            self._changed()
        return self.trace()

    # The walk.

    async def _walk(self) -> None:
        name = dns.name.from_text(self._question.name)
        kind = dns.rdatatype.from_text(self._question.type)
        seen = [name]
        while True:
            heard = await self._resolve(name, kind, Purpose.WALK, 0, frozenset())
            if heard is None:
                self._trouble = self._trouble or f"no server could be found that answers for {name}"
                return
            self._answer = heard.reply
            target = heard.meaning.target if heard.meaning.outcome is Outcome.ALIAS else None
            self._stages.append((name, kind, heard))
            if target is None:
                return
            self._aliases.append(target.to_text())
            self._changed()
            if target in seen:
                self._trouble = "the aliases go round: " + " → ".join(str(each) for each in (*seen, target))
                return
            if len(seen) > _ALIASES:
                self._trouble = f"more than {_ALIASES} aliases, one leading to the next"
                return
            seen.append(target)
            name = target

    async def _resolve(
        self, name: Name, kind: dns.rdatatype.RdataType, purpose: Purpose, depth: int, within: frozenset[Name]
    ) -> _Heard | None:
        """The last word of the authorities on `name` and `kind`, from the nearest zone known. None: nobody answers."""
        above = name.parent() if kind == dns.rdatatype.DS and name != dns.name.root else name
        while above not in self._zones:
            above = above.parent()
        zone = self._zones[above]
        for _ in range(_REFERRALS):
            heard = await self._consult(zone, name, kind, purpose, depth, within)
            if heard is None or heard.meaning.outcome is not Outcome.REFERRAL:
                return heard
            zone = self._enter(zone, heard, purpose, depth)
        self._remark(zone.name, Severity.BAD, f"more than {_REFERRALS} referrals on the way to {name}")
        return None

    def _enter(self, parent: Zone, heard: _Heard, purpose: Purpose, depth: int) -> Zone:
        """The zone that a referral leads to."""
        child = heard.meaning.child
        assert child is not None
        zone = self._zones.get(child)
        if zone is None:
            addresses: dict[Name, list[str]] = {}
            for server, address in heard.meaning.glue:
                addresses.setdefault(server, [])
                if routable(address):
                    addresses[server].append(address)
            signed = any(
                rrset.name == child and rrset.rdtype == dns.rdatatype.DS for rrset in heard.reply.message.authority
            )
            zone = Zone(child, parent.name, heard.meaning.servers, addresses, self._port, signed, heard.meaning.glue)
            self._zones[child] = zone
        if purpose is Purpose.WALK and zone not in self._path:
            self._path.append(zone)
            self._later(self._check(zone))
        self._changed()
        return zone

    async def _consult(
        self,
        zone: Zone,
        name: Name,
        kind: dns.rdatatype.RdataType,
        purpose: Purpose,
        depth: int,
        within: frozenset[Name],
    ) -> _Heard | None:
        """The first usable answer from the servers of `zone`; on the walk all are asked at once, else in turn."""
        servers = await self._addressed(zone, depth, within)
        if not servers:
            words = f"no address is known of any server of {zone.name}"
            if zone.addresses:
                words = f"this machine has no route to any server of {zone.name}"
            self._remark(zone.name, Severity.BAD, words)
            self._trouble = self._trouble or words
            return None
        servers = servers[: _ROOTS if zone.parent is None else _SERVERS]
        if purpose is not Purpose.WALK:
            servers.sort(key=lambda each: zone.fastest.get(each[1], 0.0))
            for server, address in servers:
                heard = await self._ask(zone, server, address, name, kind, purpose, depth)
                if heard is not None and heard.meaning.outcome.leads_on:
                    return heard
            return None
        pending = {
            self._later(self._ask(zone, server, address, name, kind, purpose, depth)) for server, address in servers
        }
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                first: _Heard | None = task.result()
                if first is not None and first.meaning.outcome.leads_on:
                    self._take(first)
                    return first
        return None

    def _take(self, heard: _Heard) -> None:
        """Mark the step that the walk goes on with."""
        query = heard.reply.query
        for number in reversed(self._steps):
            step = self._steps[number]
            if step.address == query.server.host and step.question == query.question and step.purpose is Purpose.WALK:
                self._steps[number] = msgspec.structs.replace(step, taken=True)
                return

    async def _addressed(self, zone: Zone, depth: int, within: frozenset[Name]) -> list[tuple[Name, str]]:
        """The zone's servers with their addresses; those without glue are looked up when there is no other way."""
        known = [(server, address) for server in zone.servers for address in zone.addresses.get(server, ())]
        if known:
            return known
        wanted = [server for server in zone.servers if server not in within][:_SERVERS]
        if depth >= _DEPTH or not wanted or zone.parent is None:
            return []
        await asyncio.gather(*(self._find(zone, server, depth, within) for server in wanted))
        return [(server, address) for server in zone.servers for address in zone.addresses.get(server, ())]

    async def _find(self, zone: Zone, server: Name, depth: int, within: frozenset[Name]) -> None:
        """Look up the addresses of a name server that came without glue."""
        if server.is_subdomain(zone.name) and server not in zone.addresses:
            words = f"{server} is inside {zone.name}, but the parent gives no glue for it"
            self._remark(zone.name, Severity.BAD, words)
            return
        inner = within | {server}
        target = server
        for _ in range(_ALIASES):
            heard = await self._resolve(target, dns.rdatatype.A, Purpose.ADDRESS, depth + 1, inner)
            if heard is None:
                break
            if heard.meaning.outcome is not Outcome.ALIAS or heard.meaning.target is None:
                addresses = [
                    rdata.address
                    for rrset in heard.reply.message.answer
                    if rrset.rdtype == dns.rdatatype.A
                    for rdata in rrset
                ]
                if addresses:
                    zone.addresses[server] = [each for each in addresses if routable(each)]
                    return
                break
            target = heard.meaning.target
            self._remark(zone.name, Severity.WARN, f"the name server {server} is an alias, which RFC 2181 10.3 forbids")
        self._remark(zone.name, Severity.BAD, f"the name server {server} has no address that could be found")

    # One question to one server.

    async def _ask(
        self,
        zone: Zone,
        server: Name,
        address: str,
        name: Name,
        kind: dns.rdatatype.RdataType,
        purpose: Purpose,
        depth: int,
    ) -> _Heard | None:
        if self._asked >= _QUERIES:
            self._trouble = f"stopped after {_QUERIES} queries"
            return None
        self._asked += 1
        number = self._asked
        question = Question(name.to_text(), dns.rdatatype.to_text(kind))
        query = Query(question, Server(address, zone.port, name=server.to_text()), self._options)
        heard: _Heard | None = None
        elapsed: float | None = None
        size: int | None = None
        records: tuple[Record, ...] = ()
        async with self._gate:
            try:
                reply = await exchange(query)
            except NoAnswer as error:
                trouble = error.trouble
                unreachable = trouble.fault in (Fault.REFUSED, Fault.UNREACHABLE)
                outcome = Outcome.UNREACHABLE if unreachable else Outcome.SILENT
                if trouble.fault is Fault.GARBAGE:
                    outcome = Outcome.FAILED
                said = trouble.message
            else:
                heard = _Heard(reply, meaning(reply.message, zone.name, name, kind))
                outcome, said = heard.meaning.outcome, heard.meaning.words
                elapsed, size = reply.timing.query_ms, reply.size_bytes
                records = _shown(reply.message, outcome)
                zone.fastest[address] = elapsed
        self._steps[number] = Step(
            number,
            purpose,
            depth,
            zone.name.to_text(),
            server.to_text(),
            address,
            question,
            outcome,
            said,
            elapsed,
            size,
            records,
        )
        if not outcome.leads_on and purpose in (Purpose.WALK, Purpose.CHECK):
            self._complain(zone, server, address, outcome, said)
        self._changed()
        return heard

    def _complain(self, zone: Zone, server: Name, address: str, outcome: Outcome, said: str) -> None:
        who = f"{server} ({address})" if server.to_text().rstrip(".") != address else address
        if outcome in (Outcome.SILENT, Outcome.UNREACHABLE):
            words = "does not answer" if outcome is Outcome.SILENT else f"is unreachable: {said}"
            self._remark(zone.name, Severity.WARN, f"{who} {words}")
        else:
            self._remark(zone.name, Severity.BAD, f"{who}: {said}")

    # What the zone's servers say of it.

    async def _check(self, zone: Zone) -> None:
        """Ask every server for the zone's NS set and SOA serial, and compare."""
        missing = [server for server in zone.servers if server not in zone.addresses]
        if zone.addresses and missing:
            await asyncio.gather(*(self._find(zone, server, 0, frozenset()) for server in missing[:_SERVERS]))
        servers = (await self._addressed(zone, 0, frozenset()))[:_SERVERS]
        kinds = (dns.rdatatype.NS, dns.rdatatype.SOA)
        heard = await asyncio.gather(
            *(
                self._ask(zone, server, address, zone.name, kind, Purpose.CHECK, 0)
                for server, address in servers
                for kind in kinds
            )
        )
        sets: dict[frozenset[Name], list[str]] = {}
        for (_, address), said in zip([each for each in servers for _ in kinds], heard, strict=True):
            if said is None or said.meaning.outcome is not Outcome.ANSWER:
                continue
            for rrset in said.reply.message.answer:
                if rrset.name == zone.name and rrset.rdtype == dns.rdatatype.NS:
                    sets.setdefault(frozenset(rdata.target for rdata in rrset), []).append(address)
                elif rrset.name == zone.name and rrset.rdtype == dns.rdatatype.SOA:
                    zone.serials[address] = rrset[0].serial
        if sets:
            zone.child_servers = max(sets, key=lambda each: len(sets[each]))
        for words in differences(zone, sets):
            self._remark(zone.name, Severity.WARN, words)
        await self._check_glue(zone)
        self._changed()

    async def _check_glue(self, zone: Zone) -> None:
        """Ask the zone itself for the addresses that its parent gives for its name servers."""
        for server in dict.fromkeys(name for name, _ in zone.glue if name.is_subdomain(zone.name)):
            glue = {address for name, address in zone.glue if name == server and ":" not in address}
            heard = await self._consult(zone, server, dns.rdatatype.A, Purpose.CHECK, 0, frozenset())
            if heard is None or heard.meaning.outcome is not Outcome.ANSWER or not glue:
                continue
            said = {
                rdata.address
                for rrset in heard.reply.message.answer
                if rrset.name == server and rrset.rdtype == dns.rdatatype.A
                for rdata in rrset
            }
            if said and said != glue:
                given, true = ", ".join(sorted(glue)), ", ".join(sorted(said))
                words = f"the parent's glue for {server} is {given}, the zone says {true}"
                self._remark(zone.name, Severity.WARN, words)

    # Proof.

    async def _prove(self) -> Verdict:
        from pitop.model.dns.dnssec.chain import Finding, prove  # cryptography takes its time to import

        assert self._anchors is not None
        findings = [
            Finding(name, kind, heard.reply.message, whole=heard.meaning.outcome is not Outcome.ALIAS)
            for name, kind, heard in self._stages
        ]
        walk = prove(findings, self._anchors, time.time())
        try:
            wanted = next(walk)
            while True:
                wanted = walk.send(await asyncio.gather(*(self._fetched(fetch) for fetch in wanted)))
        except StopIteration as stop:
            verdict: Verdict = stop.value
            return verdict

    async def _fetched(self, fetch: Fetch) -> dns.message.Message | None:
        if fetch not in self._cache:
            self._cache[fetch] = await self._resolve(fetch.name, fetch.kind, Purpose.PROOF, 0, frozenset())
        heard = self._cache[fetch]
        return None if heard is None else heard.reply.message

    def _later(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    def _remark(self, zone: Name, severity: Severity, words: str) -> None:
        self._remarks[Remark(zone.to_text(), severity, words)] = None


def _shown(message: dns.message.Message, outcome: Outcome) -> tuple[Record, ...]:
    """The records that a step shows: a referral with its glue, or the answer."""
    hidden = ("RRSIG", "NSEC", "NSEC3")
    wanted: Iterable[Section] = (Section.ANSWER,)
    if outcome is Outcome.REFERRAL:
        wanted = (Section.AUTHORITY, Section.ADDITIONAL)
    return tuple(each for each in read_records(message) if each.section in wanted and each.type not in hidden)
