"""The DNS pane's rows and the scope: what belongs, what a row would have every pane follow, where it leads."""

from __future__ import annotations

from typing import Any, NamedTuple

from pitop.model.dns.about import (
    about_query,
    about_record,
    addresses_in,
    subject_of_query,
    subject_of_record,
)
from pitop.model.dns.answer import Record
from pitop.model.dns.live import LiveQuery
from pitop.model.dns.snapshot import DnsSnapshot, Part
from pitop.model.leads import Sort, Subject
from pitop.model.scope import About, Scope, of_host, of_name
from pitop.render.dns.lines import BeatRow, Grade
from pitop.render.dns.nodes import Node
from pitop.tui.panes.dns.views import Content

__all__ = ["Narrowed", "asked_names", "followed", "narrowed", "subject_of"]


class Narrowed(NamedTuple):
    """What is left of a view: `unscoped` where the scope means nothing to it and all is shown, `empty` where nothing
    belongs though there was something."""

    content: Content
    unscoped: bool = False
    empty: bool = False


def asked_names(known: DnsSnapshot | None, part: Part | None) -> frozenset[str]:
    """The names that a part was asked for."""
    if known is None:
        return frozenset()
    match part:
        case Part.LOOKUP:
            return frozenset(lookup.question.name for lookup in known.lookups)
        case Part.TRACE if known.trace is not None:
            return frozenset({known.trace.question.name})
        case Part.WHY if known.why is not None:
            return frozenset({known.why.name})
        case Part.WATCH if known.watch is not None:
            return frozenset({known.watch.question.name})
    return frozenset()


def _about(row: Any, asked: frozenset[str]) -> About:
    match row:
        case LiveQuery():
            return about_query(row)
        case Record():
            return about_record(row, asked)
        case Node():
            return About(names=asked, addresses=frozenset(addresses_in((row.address or "",))))
        case Grade():
            return About(addresses=frozenset(addresses_in(map(_host, row.servers))))
        case BeatRow():
            return About(names=asked, addresses=frozenset(addresses_in(row.beat.data)))
    return About(names=asked or None)


def _host(server: str) -> str:
    """The address in a server as dig writes it: `192.0.2.53#53`, `2001:db8::1`."""
    return server.partition("#")[0]


def narrowed(content: Content, scope: Scope | None, asked: frozenset[str]) -> Narrowed:
    """What of a view belongs to the scope. Where rows make sense only together, that is all of them or none."""
    rows = content.rows
    if scope is None or not rows:
        return Narrowed(content)
    said = [scope.holds(_about(row, asked)) for row in rows]
    if all(each is None for each in said):
        return Narrowed(content, unscoped=True)
    if not any(said):
        return Narrowed(content._replace(rows=(), prefixes=None), empty=True)
    if not isinstance(rows[0], LiveQuery | Record | Grade):
        return Narrowed(content)
    return Narrowed(content._replace(rows=[row for row, each in zip(rows, said, strict=True) if each]))


def subject_of(row: Any, asked: frozenset[str]) -> Subject | None:
    """What the selected row is, as far as that leads anywhere."""
    name = min(asked, default=None)
    match row:
        case LiveQuery():
            return subject_of_query(row)
        case Record():
            return subject_of_record(row)
        case Node():
            found = addresses_in((row.address or "",))
            return Subject(sort=Sort.MACHINE, addresses=found) if found else Subject(sort=Sort.ANSWER, name=name)
        case Grade():
            found = addresses_in(map(_host, row.servers))
            return Subject(sort=Sort.MACHINE, addresses=found) if found else None
        case BeatRow():
            return Subject(sort=Sort.ANSWER, addresses=addresses_in(row.beat.data), name=name)
    return None if row is None or name is None else Subject(sort=Sort.ANSWER, name=name)


def followed(row: Any, asked: frozenset[str]) -> Scope | None:
    """What the selected row would have every pane follow: a query or a record its name, an answer its address."""
    subject = subject_of(row, asked)
    if subject is None:
        return None
    if subject.addresses and not isinstance(row, LiveQuery):
        return of_host(subject.addresses[0])
    return None if subject.name is None else of_name(subject.name)
