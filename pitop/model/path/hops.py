"""What traces find: hops and their statistics, loss told apart from slow answers, ways that fork."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct, structs

__all__ = ["Hop", "HopChange", "HopTally", "Reply", "Verdict", "added", "judged", "paths_text", "ways"]

_SURE = 2.0  # standard deviations between two shares of loss that are called different
_APART = 0.05  # and how far they must be apart


class Reply(Struct, frozen=True, kw_only=True):
    """What became of one probe: `hop` (it died there), `end` (the target answered), `refused` (a router said no, `mark`
    is traceroute's word for it) or `timeout`."""

    flow: int
    ttl: int
    sent_time: float
    outcome: str
    address: str | None = None
    time_ms: float | None = None
    mark: str = ""
    mtu: int | None = None


class HopChange(Struct, frozen=True):
    """A hop that has become another: unix time, the address before and after."""

    time: float
    before: str
    after: str


class HopTally(Struct, frozen=True, kw_only=True):
    """The probes that were to die at one hop."""

    sent: int = 0
    received: int = 0
    last_ms: float | None = None
    best_ms: float | None = None
    worst_ms: float | None = None
    sum_ms: float = 0.0
    squares: float = 0.0
    address: str | None = None
    addresses: tuple[str, ...] = ()
    changes: tuple[HopChange, ...] = ()
    mark: str = ""
    ends: bool = False

    @property
    def loss(self) -> float | None:
        """The share of probes that were not answered, 0 to 1."""
        return (self.sent - self.received) / self.sent if self.sent else None

    @property
    def avg_ms(self) -> float | None:
        """The mean."""
        return self.sum_ms / self.received if self.received else None

    @property
    def stdev_ms(self) -> float | None:
        """The standard deviation of the sample, as mtr has it; 0 for one reply."""
        if not self.received:
            return None
        if self.received == 1:
            return 0.0
        return math.sqrt(max(0.0, (self.squares - self.sum_ms**2 / self.received) / (self.received - 1)))


def added(tally: HopTally, reply: Reply) -> HopTally:
    """`tally` with one more probe."""
    if reply.outcome == "timeout" or reply.time_ms is None:
        return structs.replace(tally, sent=tally.sent + 1)
    time, address = reply.time_ms, reply.address
    changes = tally.changes
    if tally.address is not None and address is not None and address != tally.address:
        changes = (*changes[-49:], HopChange(reply.sent_time, tally.address, address))
    known = tally.addresses if address is None or address in tally.addresses else (*tally.addresses, address)
    return structs.replace(
        tally,
        sent=tally.sent + 1,
        received=tally.received + 1,
        last_ms=time,
        best_ms=time if tally.best_ms is None else min(tally.best_ms, time),
        worst_ms=time if tally.worst_ms is None else max(tally.worst_ms, time),
        sum_ms=tally.sum_ms + time,
        squares=tally.squares + time * time,
        address=address or tally.address,
        addresses=known,
        changes=changes,
        mark=reply.mark or tally.mark,
        ends=tally.ends or reply.outcome != "hop",
    )


class Verdict(Struct, frozen=True):
    """What loss at a hop means.

    `kind`: "" nothing to say; `limited`, it answers less than it forwards, no loss; `silent`, it never answers and
    forwards all the same; `begins`, loss on the way starts here; `carried`, it started at an earlier hop; `dark`,
    nothing answers from here on. `percent` is the loss on the way up to here as far as later hops show it.
    """

    kind: str
    percent: float | None
    words: str


def _differ(a: float, a_of: int, b: float, b_of: int) -> bool:
    """Whether share `a` is larger than `b` by more than chance and by more than nothing much."""
    if a - b < _APART:
        return False
    pooled = (a * a_of + b * b_of) / (a_of + b_of)
    deviation = math.sqrt(pooled * (1 - pooled) * (1 / a_of + 1 / b_of))
    return a - b > _SURE * deviation


def judged(tallies: Sequence[HopTally]) -> list[Verdict]:
    """A verdict for each hop in the order of the way.

    What reached a later hop passed this one: the loss on the way up to a hop is at most the least loss of any hop
    from there on.
    """
    found: list[Verdict] = []
    before: tuple[float, int] = (0.0, 1)  # loss on the way up to the last hop that answered, and of how many
    began: int | None = None
    for place, tally in enumerate(tallies):
        later = [each for each in tallies[place + 1 :] if each.received]
        if not tally.sent:
            found.append(Verdict("", None, ""))
        elif not tally.received:
            if later:
                found.append(Verdict("silent", None, "no loss: never answers, and forwards all the same"))
            else:
                found.append(Verdict("dark", None, "nothing answers from here on"))
        else:
            own = tally.loss or 0.0
            least = min((tally, *later), key=lambda each: each.loss or 0.0)
            passed = least.loss or 0.0
            percent = 100 * passed
            if least is not tally and _differ(own, tally.sent, passed, least.sent):
                words = f"no loss: slow by policy, answers {100 - 100 * own:.0f}%, passes on {100 - percent:.0f}%"
                found.append(Verdict("limited", percent, words))
                continue  # what such a hop hides does not tell where loss begins
            if _differ(passed, least.sent, *before):
                began = place + 1
                found.append(Verdict("begins", percent, f"{percent:.0f}% loss begins at or before this hop"))
            elif began is not None and passed > 0:
                found.append(Verdict("carried", percent, f"loss that began at hop {began}"))
            else:
                found.append(Verdict("", percent, ""))
            if passed >= before[0]:
                before = (passed, least.sent)
    return found


class Hop(Struct, frozen=True, kw_only=True):
    """One hop as shown. `others` are further addresses that answered here, `mtu` what fits from here on where less."""

    hop: int
    address: str | None
    name: str | None
    others: tuple[str, ...]
    tally: HopTally
    recent: tuple[float | None, ...]
    verdict: Verdict
    mtu: int | None = None
    flow: int = 0

    @property
    def loss_percent(self) -> float | None:
        """Of the probes to this hop."""
        return None if self.tally.loss is None else 100 * self.tally.loss


_GLYPHS = ("├─ ", "└─ ", "│  ", "   ")


class _Fork(dict[str, "_Fork"]):
    """What comes next on some way, by address."""


def ways(paths: Iterable[Sequence[str | None]]) -> list[tuple[str | None, ...]]:
    """The ways that are known to be different: silence at a hop (None) is no way of its own where another flow that
    went the same way, as far as this one tells, got an answer there."""
    different = list(dict.fromkeys(tuple(path) for path in paths))
    different.sort(key=lambda path: sum(address is not None for address in path), reverse=True)
    kept: list[tuple[str | None, ...]] = []
    for path in different:
        if not any(_within(path, other) for other in kept):
            kept.append(path)
    return kept


def _within(path: Sequence[str | None], other: Sequence[str | None]) -> bool:
    """Whether `other` tells everything that `path` tells."""
    said = [(place, address) for place, address in enumerate(path) if address is not None]
    return all(place < len(other) and other[place] == address for place, address in said)


def paths_text(paths: Iterable[Sequence[str | None]], glyphs: tuple[str, str, str, str] = _GLYPHS) -> list[str]:
    """Ways as a tree: what they share is said once, and a fork where they part.

    Each way is its hops' addresses, None for one that was silent; ways that join again are told below their fork.
    """
    tree = _Fork()
    for path in paths:
        node = tree
        for address in path:
            node = node.setdefault(address or "*", _Fork())
    return list(_branches(tree, "", 1, glyphs))


def _branches(node: _Fork, lead: str, hop: int, glyphs: tuple[str, str, str, str]) -> Iterable[str]:
    while len(node) == 1:
        ((address, node),) = node.items()
        yield f"{lead}{hop:>2}  {address}"
        hop += 1
    fork, last, bar, blank = glyphs
    for place, (address, inner) in enumerate(node.items()):
        final = place == len(node) - 1
        yield f"{lead}{last if final else fork}{hop:>2}  {address}"
        yield from _branches(inner, lead + (blank if final else bar), hop + 1, glyphs)
