"""The way down from the root: each zone's servers asked at once, the first usable answer taken.

The others are still heard: who is lame, silent, or of another opinion is told beside the walk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from pitop.collect.dns.strands import Promise, Strand, all_of, first_of
from pitop.collect.dns.zones import Zone
from pitop.kernel.dns.ear import routable
from pitop.kernel.dns.flight import Ask, Flight, Landed
from pitop.model.dns.answer import Fault, Record, Section, Trouble
from pitop.model.dns.question import Question, Server
from pitop.model.dns.reading import records_of
from pitop.model.dns.referral import Meaning, meaning
from pitop.model.dns.trace import Outcome, Purpose, Remark, Severity, Step
from pitop.model.dns.wire import is_within, parent

__all__ = ["Heard", "Walker"]

_SERVERS = 6  # of one zone that are asked
_ROOTS = 3  # of the thirteen
_QUERIES = 400  # in one trace, so that no delegation leads on for ever
_REFERRALS = 32  # from the root to one answer
_DEPTH = 5  # walks inside walks, for the addresses of name servers
_AT_ONCE = 24


class Heard(NamedTuple):
    """A server's reply and what it means."""

    question: Question
    server: Server
    landed: Landed
    meaning: Meaning


class Walker:
    """Finds the authorities' word on a name, and keeps every step. `entered` is told each new zone on the main walk."""

    def __init__(
        self,
        root: Zone,
        port: int,
        *,
        timeout: float,
        tries: int,
        changed: Callable[[], None],
        entered: Callable[[Zone], None],
    ) -> None:
        self.steps: dict[int, Step] = {}
        self.remarks: dict[Remark, None] = {}
        self.trouble: str | None = None
        self.flight = Flight()
        self._zones = {root.name: root}
        self._port = port
        self._timeout = timeout
        self._tries = tries
        self._changed = changed
        self._entered = entered
        self._asked = 0
        self._promises: dict[int, Promise[Landed | Trouble]] = {}
        self._waiting: deque[tuple[int, Ask]] = deque()

    @property
    def busy(self) -> bool:
        """Whether a question is under way."""
        return bool(self._promises)

    def advance(self) -> None:
        """Take what has come, and go on as far as that leads."""
        for ticket, found in self.flight.landed():
            self._settle(ticket, found)
        while self._waiting and len(self._promises) - len(self._waiting) < _AT_ONCE:
            self._send(*self._waiting.popleft())

    def _settle(self, ticket: int, found: Landed | Trouble) -> None:
        self._promises.pop(ticket).keep(found)

    def _send(self, ticket: int, ask: Ask) -> None:
        trouble = self.flight.ask(ticket, ask)
        if trouble is not None:
            self._settle(ticket, trouble)

    # The way down.

    async def resolve(
        self, name: str, kind: str, purpose: Purpose, depth: int = 0, within: frozenset[str] = frozenset()
    ) -> Heard | None:
        """The last word of the authorities on `name` and `kind`, from the nearest zone known. None: nobody answers.

        `within` are the name servers that are being looked up already.
        """
        above = parent(name) if kind == "DS" else name
        while above not in self._zones:
            above = parent(above)
        zone = self._zones[above]
        for _ in range(_REFERRALS):
            heard = await self.consult(zone, name, kind, purpose, depth, within)
            if heard is None or heard.meaning.outcome is not Outcome.REFERRAL:
                return heard
            zone = self._enter(zone, heard, purpose)
        self.remark(zone, Severity.BAD, f"more than {_REFERRALS} referrals on the way to {name}")
        return None

    def _enter(self, above: Zone, heard: Heard, purpose: Purpose) -> Zone:
        """The zone that a referral leads to."""
        said = heard.meaning
        assert said.child is not None
        zone = self._zones.get(said.child)
        if zone is None:
            addresses: dict[str, list[str]] = {}
            for server, address in said.glue:
                addresses.setdefault(server, [])
                if routable(address):
                    addresses[server].append(address)
            zone = Zone(said.child, above.name, said.servers, addresses, self._port, said.signed, said.glue)
            self._zones[said.child] = zone
        if purpose is Purpose.WALK:
            self._entered(zone)
        self._changed()
        return zone

    async def consult(
        self,
        zone: Zone,
        name: str,
        kind: str,
        purpose: Purpose,
        depth: int = 0,
        within: frozenset[str] = frozenset(),
    ) -> Heard | None:
        """The first usable answer from the servers of `zone`; on the walk all are asked at once, else in turn."""
        servers = await self.addressed(zone, depth, within)
        if not servers:
            words = f"no address is known of any server of {zone.name}"
            if zone.addresses:
                words = f"this machine has no route to any server of {zone.name}"
            self.remark(zone, Severity.BAD, words)
            self.trouble = self.trouble or words
            return None
        servers = servers[: _ROOTS if zone.parent is None else _SERVERS]
        if purpose is not Purpose.WALK:
            servers.sort(key=lambda each: zone.fastest.get(each[1], 0.0))
            for server, address in servers:
                heard = await self.ask(zone, server, address, name, kind, purpose, depth)
                if heard is not None and heard.meaning.outcome.leads_on:
                    return heard
            return None
        pending = [Strand(self.ask(zone, server, address, name, kind, purpose, depth)) for server, address in servers]
        while pending:
            await first_of(pending)
            for strand in [each for each in pending if each.done]:
                pending.remove(strand)
                heard = await strand
                if heard is not None and heard.meaning.outcome.leads_on:
                    self._take(heard)
                    return heard
        return None

    def _take(self, heard: Heard) -> None:
        """Mark the step that the walk goes on with."""
        for number in reversed(self.steps):
            step = self.steps[number]
            if step.address == heard.server.host and step.question == heard.question and step.purpose is Purpose.WALK:
                self.steps[number] = msgspec.structs.replace(step, taken=True)
                return

    async def addressed(
        self, zone: Zone, depth: int = 0, within: frozenset[str] = frozenset(), *, every: bool = False
    ) -> list[tuple[str, str]]:
        """The zone's servers with their addresses; those without glue are looked up when `every` one is wanted, or
        when there is no other way."""
        known = any(zone.addresses.get(server) for server in zone.servers)
        missing = [server for server in zone.servers if server not in zone.addresses and server not in within]
        if missing and depth < _DEPTH and zone.parent is not None and (every or not known):
            await all_of(self._find(zone, server, depth, within) for server in missing[:_SERVERS])
        return [(server, address) for server in zone.servers for address in zone.addresses.get(server, ())]

    async def _find(self, zone: Zone, server: str, depth: int, within: frozenset[str]) -> None:
        """Look up the addresses of a name server that came without glue."""
        if is_within(server, zone.name) and server not in zone.addresses:
            words = f"{server} is inside {zone.name}, but the parent gives no glue for it"
            self.remark(zone, Severity.BAD, words)
            return
        inner = within | {server}
        target = server
        for _ in range(3):
            heard = await self.resolve(target, "A", Purpose.ADDRESS, depth + 1, inner)
            if heard is None:
                break
            if heard.meaning.outcome is not Outcome.ALIAS or heard.meaning.target is None:
                message = heard.landed.message
                addresses = [message.address(rr) for rr in message.answer if rr.type == "A"]
                if addresses:
                    zone.addresses[server] = [each for each in addresses if routable(each)]
                    return
                break
            target = heard.meaning.target
            self.remark(zone, Severity.WARN, f"the name server {server} is an alias, which RFC 2181 10.3 forbids")
        self.remark(zone, Severity.BAD, f"the name server {server} has no address that could be found")

    # One question to one server.

    async def ask(
        self, zone: Zone, server: str, address: str, name: str, kind: str, purpose: Purpose, depth: int = 0
    ) -> Heard | None:
        """What one server says; None where it says nothing that can be read."""
        if self._asked >= _QUERIES:
            self.trouble = f"stopped after {_QUERIES} queries"
            return None
        self._asked += 1
        number = self._asked
        asked = Server(address, zone.port, name=server)
        promise = self._promises[number] = Promise[Landed | Trouble]()
        ask = Ask(name, kind, asked, True, self._timeout, self._tries)
        if len(self._promises) > _AT_ONCE:
            self._waiting.append((number, ask))
        else:
            self._send(number, ask)
        found = await promise
        question = Question(name, kind)
        heard: Heard | None = None
        records: tuple[Record, ...] = ()
        if isinstance(found, Landed):
            try:
                said = meaning(found.message, zone.name, name, kind)
                records = _shown(records_of(found.message), said.outcome)
                heard = Heard(question, asked, found, said)
                outcome, words = said.outcome, said.words
                zone.fastest[address] = found.timing.query_ms
            except ValueError as error:
                outcome, words = Outcome.FAILED, f"its answer cannot be read: {error}"
        else:
            unreachable = found.fault in (Fault.REFUSED, Fault.UNREACHABLE)
            outcome = Outcome.UNREACHABLE if unreachable else Outcome.SILENT
            outcome = Outcome.FAILED if found.fault is Fault.GARBAGE else outcome
            words = found.message
        self.steps[number] = Step(
            number,
            purpose,
            depth,
            zone.name,
            server,
            address,
            question,
            outcome,
            words,
            found.timing.query_ms if isinstance(found, Landed) else None,
            found.size_bytes if isinstance(found, Landed) else None,
            records,
        )
        if not outcome.leads_on and purpose in (Purpose.WALK, Purpose.CHECK):
            self._complain(zone, server, address, outcome, words)
        self._changed()
        return heard

    def _complain(self, zone: Zone, server: str, address: str, outcome: Outcome, said: str) -> None:
        who = f"{server} ({address})" if server.rstrip(".") != address else address
        if outcome in (Outcome.SILENT, Outcome.UNREACHABLE):
            words = "does not answer" if outcome is Outcome.SILENT else f"is unreachable: {said}"
            self.remark(zone, Severity.WARN, f"{who} {words}")
        else:
            self.remark(zone, Severity.BAD, f"{who}: {said}")

    def remark(self, zone: Zone, severity: Severity, words: str) -> None:
        """Something odd in a zone."""
        self.remarks[Remark(zone.name, severity, words)] = None


_HIDDEN = ("RRSIG", "NSEC", "NSEC3")


def _shown(records: tuple[Record, ...], outcome: Outcome) -> tuple[Record, ...]:
    """The records that a step shows: a referral with its glue, or the answer."""
    referral = outcome is Outcome.REFERRAL
    wanted = (Section.AUTHORITY, Section.ADDITIONAL) if referral else (Section.ANSWER,)
    return tuple(each for each in records if each.section in wanted and each.type not in _HIDDEN)
