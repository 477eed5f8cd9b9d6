"""A trace: the walk from the root to an answer, what the zones' servers say against each other, and the proof."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from pitop.collect.dns.strands import Strand, all_of
from pitop.collect.dns.walk import Heard, Walker
from pitop.collect.dns.zones import Zone, differences
from pitop.kernel.dns.ear import routable
from pitop.model.dns.question import Options, Question, address_of
from pitop.model.dns.reading import read_answer
from pitop.model.dns.trace import Outcome, Purpose, Severity, Trace
from pitop.model.dns.wire import is_within

if TYPE_CHECKING:
    import dns.message

    from pitop.model.dns.answer import Answer
    from pitop.model.dns.dnssec.anchors import Anchors
    from pitop.model.dns.dnssec.chain import Fetch
    from pitop.model.dns.dnssec.verdict import Verdict

__all__ = ["Tracer"]

_SERVERS = 6  # of one zone that are compared
_ALIASES = 16
_OPTIONS = Options(timeout=2.0, tries=2)


class Tracer:
    """One trace. `changed` is called whenever `trace()` would say more than before.

    `run` does it all; who has more to wait for calls `begin`, then `advance` whenever `fileno` is readable or
    `deadline` is over, until `done`, and `close` at the end or before. Of `options` the timeout and the tries count.
    """

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
        self._anchors = anchors
        self._changed = changed
        self._began = time.time()
        self._start = time.perf_counter()
        self._ended: float | None = None
        servers = [name if name.endswith(".") or address_of(name) else name + "." for name in roots]
        addresses = {
            server: [each for each in found if routable(each)]
            for server, found in zip(servers, roots.values(), strict=True)
        }
        random.shuffle(servers)
        root = Zone(".", None, tuple(servers), addresses, root_port or port)
        self._path: list[Zone] = [root]
        self._walker = Walker(
            root, port, timeout=options.timeout, tries=options.tries, changed=changed, entered=self._entered
        )
        self._beside: list[Strand[Any]] = []
        self._main: Strand[None] | None = None
        self._last: Heard | None = None
        self._answer: Answer | None = None
        self._aliases: list[str] = []
        self._trouble: str | None = None
        self._verdict: Verdict | None = None
        self._stages: list[tuple[str, str, Heard]] = []  # one for each alias followed
        self._cache: dict[Fetch, Heard | None] = {}

    def trace(self) -> Trace:
        """What is known so far."""
        steps = self._walker.steps
        return Trace(
            question=self._question,
            time=self._began,
            running=self._ended is None,
            steps=tuple(steps[number] for number in sorted(steps)),
            cuts=tuple(zone.cut() for zone in self._path),
            remarks=tuple(self._walker.remarks),
            answer=self._answer,
            aliases=tuple(self._aliases),
            trouble=self._trouble,
            verdict=self._verdict,
            total_ms=((self._ended or time.perf_counter()) - self._start) * 1000,
        )

    def run(self) -> Trace:
        """Walk, compare, and validate where anchors were given."""
        try:
            self.begin()
            while not self.done:
                self._walker.flight.wait()
                self.advance()
        finally:
            self.close()
        return self.trace()

    def begin(self) -> None:
        """Send the first questions."""
        self._main = Strand(self._all())

    @property
    def done(self) -> bool:
        """Whether there is nothing more to come."""
        return self._main is not None and self._main.done

    @property
    def deadline(self) -> float | None:
        """When to `advance` at the latest (perf_counter)."""
        return self._walker.flight.deadline

    def fileno(self) -> int:
        """Readable when there is something to take."""
        return self._walker.flight.fileno()

    def advance(self) -> None:
        """Take what has come, and go on."""
        self._walker.advance()

    def close(self) -> None:
        """End every query that is under way."""
        self._walker.flight.close()
        self._ended = self._ended or time.perf_counter()
        self._changed()

    async def _all(self) -> None:
        await self._walk()
        if self._anchors is not None and self._stages:
            self._verdict = await self._prove(self._anchors)
            self._changed()
        for strand in self._beside:
            await strand

    def _beside_it(self, work: Coroutine[Any, Any, None]) -> None:
        self._beside.append(Strand(work))

    # The walk.

    async def _walk(self) -> None:
        name, kind = self._question.name.lower(), self._question.type
        seen = [name]
        while True:
            heard = await self._walker.resolve(name, kind, Purpose.WALK)
            if heard is None:
                self._trouble = self._walker.trouble or f"no server could be found that answers for {name}"
                return
            self._take(heard)
            target = heard.meaning.target if heard.meaning.outcome is Outcome.ALIAS else None
            self._stages.append((name, kind, heard))
            if target is None:
                return
            self._aliases.append(target)
            self._changed()
            if target in seen:
                self._trouble = "the aliases go round: " + " → ".join((*seen, target))
                return
            if len(seen) > _ALIASES:
                self._trouble = f"more than {_ALIASES} aliases, one leading to the next"
                return
            seen.append(target)
            name = target

    def _take(self, heard: Heard) -> None:
        landed = heard.landed
        self._answer = read_answer(
            landed.message,
            heard.question,
            heard.server,
            transport=landed.transport,
            time=landed.time,
            timing=landed.timing,
            sent_bytes=landed.sent_bytes,
        )

    def _entered(self, zone: Zone) -> None:
        if zone not in self._path:
            self._path.append(zone)
            self._beside_it(self._check(zone))

    # What the zone's servers say of it.

    async def _check(self, zone: Zone) -> None:
        """Ask every server for the zone's NS set and SOA serial, and compare."""
        self._beside_it(self._check_glue(zone))
        servers = (await self._walker.addressed(zone, every=bool(zone.addresses)))[:_SERVERS]
        pairs = [(server, address, kind) for server, address in servers for kind in ("NS", "SOA")]
        heard = await all_of(
            self._walker.ask(zone, server, address, zone.name, kind, Purpose.CHECK) for server, address, kind in pairs
        )
        sets: dict[frozenset[str], list[str]] = {}
        for (_, address, kind), said in zip(pairs, heard, strict=True):
            if said is None or said.meaning.outcome is not Outcome.ANSWER:
                continue
            message = said.landed.message
            own = [rr for rr in message.answer if rr.name == zone.name and rr.type == kind]
            if not own:
                continue
            if kind == "NS":
                sets.setdefault(frozenset(message.host(rr) for rr in own), []).append(address)
            else:
                zone.serials[address] = message.serial(own[0])
        if sets:
            zone.child_servers = max(sets, key=lambda each: len(sets[each]))
        for words in differences(zone, sets):
            self._walker.remark(zone, Severity.WARN, words)
        self._changed()

    async def _check_glue(self, zone: Zone) -> None:
        """Ask the zone itself for the addresses that its parent gives for its name servers."""
        servers = [name for name in dict.fromkeys(name for name, _ in zone.glue) if is_within(name, zone.name)]
        await all_of(self._check_address(zone, server) for server in servers)

    async def _check_address(self, zone: Zone, server: str) -> None:
        glue = {address for name, address in zone.glue if name == server and ":" not in address}
        heard = await self._walker.consult(zone, server, "A", Purpose.CHECK)
        if heard is None or heard.meaning.outcome is not Outcome.ANSWER or not glue:
            return
        message = heard.landed.message
        said = {message.address(rr) for rr in message.answer if rr.name == server and rr.type == "A"}
        if said and said != glue:
            given, true = ", ".join(sorted(glue)), ", ".join(sorted(said))
            words = f"the parent's glue for {server} is {given}, the zone says {true}"
            self._walker.remark(zone, Severity.WARN, words)

    # Proof.

    async def _prove(self, anchors: Anchors) -> Verdict:
        import dns.name  # with cryptography, which takes its time to import
        import dns.rdatatype

        from pitop.model.dns.dnssec.chain import Finding, prove
        from pitop.model.dns.message import read

        findings = [
            Finding(
                dns.name.from_text(name),
                dns.rdatatype.from_text(kind),
                read(heard.landed.message.wire),
                whole=heard.meaning.outcome is not Outcome.ALIAS,
            )
            for name, kind, heard in self._stages
        ]
        walk = prove(findings, anchors, time.time())
        try:
            wanted = next(walk)
            while True:
                wanted = walk.send(await all_of(self._fetched(fetch) for fetch in wanted))
        except StopIteration as stop:
            verdict: Verdict = stop.value
            return verdict

    async def _fetched(self, fetch: Fetch) -> dns.message.Message | None:
        import dns.rdatatype

        from pitop.model.dns.message import read

        if fetch not in self._cache:
            name, kind = fetch.name.canonicalize().to_text(), dns.rdatatype.to_text(fetch.kind)
            self._cache[fetch] = await self._walker.resolve(name, kind, Purpose.PROOF)
        heard = self._cache[fetch]
        return None if heard is None else read(heard.landed.message.wire)
