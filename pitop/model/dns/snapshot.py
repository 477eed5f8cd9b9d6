"""What the DNS topic hands on, and what can be asked of it. No dnspython here."""

from __future__ import annotations

import enum

import msgspec
from msgspec import Struct

from pitop.model.dns.answer import Answer, Trouble
from pitop.model.dns.compare import Comparison
from pitop.model.dns.dnssec.verdict import Verdict
from pitop.model.dns.question import Question
from pitop.model.dns.trace import Trace
from pitop.model.dns.watch import Beat
from pitop.model.dns.why import Why
from pitop.model.snapshot import Snapshot

__all__ = ["Begin", "DnsSnapshot", "Lookup", "Part", "Stop", "Watched"]


class Part(enum.Enum):
    """What can be done with a name."""

    LOOKUP = "lookup"
    TRACE = "trace"
    COMPARE = "compare"
    WHY = "why"
    WATCH = "watch"


class Begin(Struct, frozen=True):
    """Begin a part with a line of dig's words; what that part was doing before is cancelled.

    `prove` asks for validation, `every` is the seconds between askings of a watch.
    """

    part: Part
    text: str
    prove: bool = True
    every: float = 2.0


class Stop(Struct, frozen=True):
    """End what a part is doing; what it found stays."""

    part: Part


class Lookup(Struct, frozen=True):
    """One question of a lookup: its answer or its trouble, neither while it is under way."""

    question: Question
    answer: Answer | None = None
    trouble: Trouble | None = None
    verdict: Verdict | None = None


class Watched(Struct, frozen=True):
    """A question asked again and again; the newest beats come last."""

    question: Question
    every: float
    running: bool
    beats: tuple[Beat, ...] = ()


class DnsSnapshot(Snapshot, frozen=True, kw_only=True):
    """Everything that was asked for, as far as it is known. A part that was never begun is None, or empty.

    `servers` are the machine's own, as dig writes them. `begun` pairs parts with the text that they were begun with,
    `problems` with the reason why that cannot be asked.
    """

    servers: tuple[str, ...]
    begun: tuple[tuple[Part, str], ...] = ()
    running: frozenset[Part] = frozenset()
    problems: tuple[tuple[Part, str], ...] = ()
    lookups: tuple[Lookup, ...] = ()
    trace: Trace | None = None
    comparison: Comparison | None = None
    why: Why | None = None
    watch: Watched | None = None

    def over(self, before: DnsSnapshot | None) -> DnsSnapshot:
        """This, with what an earlier collector found where this one was not asked yet."""
        if before is None:
            return self
        begun = dict(before.begun) | dict(self.begun)
        problems = {part: words for part, words in before.problems if part not in dict(self.begun)}
        return msgspec.structs.replace(
            self,
            begun=tuple(begun.items()),
            problems=tuple((problems | dict(self.problems)).items()),
            lookups=self.lookups or before.lookups,
            trace=self.trace or before.trace,
            comparison=self.comparison or before.comparison,
            why=self.why or before.why,
            watch=self.watch or before.watch,
        )
