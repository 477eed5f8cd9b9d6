"""One line of the timeline, and the snapshot of all."""

from __future__ import annotations

import enum
from collections.abc import Hashable

from msgspec import Struct

from pitop.model.leads import Party, Sort, Subject
from pitop.model.processes import ProcessKey
from pitop.model.scope import About, Flow
from pitop.model.snapshot import Snapshot
from pitop.model.time import Ending

__all__ = ["Happening", "Kind", "TimelineSnapshot", "about_happening", "subject_of_happening"]


class Kind(enum.Enum):
    """What happened; the value is the word that stands in the list."""

    FORK = "forked"
    EXEC = "runs"
    EXIT = "ended"
    OPENED = "opened"
    CLOSED = "closed"
    ASKED = "asked"
    FAULTS = "faults"
    SIGNAL = "signal"


class Happening(Struct, frozen=True, kw_only=True):
    """One thing that happened at `time` (unix seconds); `number` is its own as long as the timeline is recorded.

    `pid` and `name` are the process that it happened to, None where it is not known; `keys` are its identity, of a
    short life two, where events and /proc differ by a tick. `above` are the identities of its ancestors, as far as they
    are known, `parent` that of the process that forked it. Of the rest each kind has what it is about: a fork and an
    exec the `command` and the parent (`ppid`), an exit its `ending` and accounts; a socket its ends (`here` and
    `there`), bytes and, when it closed, how long it lived; a question its `asked_name`, type, `status` (None:
    unanswered) and answer; a burst its faults a second; what was done from here, `words`. `row` is the row in its own
    pane that the line leads to.
    """

    number: int
    kind: Kind
    time: float
    pid: int | None = None
    name: str | None = None
    keys: frozenset[ProcessKey] = frozenset()
    above: frozenset[ProcessKey] = frozenset()
    parent: ProcessKey | None = None
    user: str | None = None
    ppid: int | None = None
    command: str | None = None
    ending: Ending | None = None
    lived_seconds: float | None = None
    cpu_seconds: float | None = None
    max_rss_bytes: int | None = None
    transport: str | None = None
    here: tuple[str, int] | None = None
    there: tuple[str, int] | None = None
    incoming: bool = False
    received_bytes: int | None = None
    sent_bytes: int | None = None
    retransmits: int | None = None
    asked_name: str | None = None
    asked_type: str | None = None
    status: str | None = None
    answer: str | None = None
    ms: float | None = None
    tries: int = 1
    minor_faults_per_second: float | None = None
    major_faults_per_second: float | None = None
    words: str | None = None
    row: Hashable = None

    @property
    def key(self) -> int:
        """What the line is known by."""
        return self.number


class TimelineSnapshot(Snapshot, frozen=True, kw_only=True):
    """What happened since `since` (unix seconds), newest first; `forgotten` lines were too many to keep."""

    since: float
    rows: tuple[Happening, ...] = ()
    forgotten: int = 0


def about_happening(row: Happening) -> About:
    """The process, its user, and of what crossed the network the ends and the name."""
    ends = [end for end in (row.here, row.there) if end is not None]
    flow = None
    if row.kind in (Kind.OPENED, Kind.CLOSED) and len(ends) == 2 and row.transport is not None:
        flow = Flow.between(row.transport, ends[0], ends[1])
    return About(
        processes=row.keys if row.parent is None else row.keys | {row.parent},
        above=row.above,
        users=frozenset() if row.user is None else frozenset({row.user}),
        addresses=frozenset(address for address, _ in ends) if ends else None,
        ports=frozenset(port for _, port in ends) if ends else None,
        names=None if row.asked_name is None else frozenset({row.asked_name}),
        flow=flow,
    )


def subject_of_happening(row: Happening) -> Subject:
    """A line as what leads elsewhere: its process as it was then, and of what crossed the network the other side."""
    party = None
    if row.pid is not None:
        start = next(iter(sorted(row.keys)), (row.pid, None))[1]
        party = Party(row.pid, row.name or "?", start, row.time)
    return Subject(
        sort=Sort.HAPPENING,
        process=party,
        flow=about_happening(row).flow,
        addresses=() if row.there is None else (row.there[0],),
        name=row.asked_name,
    )
