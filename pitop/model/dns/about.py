"""What names, records and queries are about, for the scope, and where they lead."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from pitop.model.dns.answer import Record
from pitop.model.dns.live import LiveQuery
from pitop.model.leads import Party, Sort, Subject
from pitop.model.scope import About, Flow

__all__ = [
    "about_query",
    "about_record",
    "addresses_in",
    "reverse_address",
    "subject_of_query",
    "subject_of_record",
    "target_of",
]

# Types whose data name another place, and which of their words does.
_LEADING = {"CNAME": 0, "DNAME": 0, "NS": 0, "PTR": 0, "MX": 1, "SVCB": 1, "HTTPS": 1, "SRV": 3}
_WORDS = re.compile(r"[\s,]+")


def addresses_in(texts: Iterable[str]) -> tuple[str, ...]:
    """The addresses among the words of `texts`, in their order, each once."""
    found: dict[str, None] = {}
    for text in texts:
        for word in _WORDS.split(text[:4096]):
            try:
                found[str(ipaddress.ip_address(word))] = None
            except ValueError:
                continue
    return tuple(found)


def reverse_address(name: str) -> str | None:
    """The address that a name under in-addr.arpa or ip6.arpa stands for (RFC 1035 3.5, RFC 3596 2.5)."""
    labels = name.lower().rstrip(".").split(".")[::-1]
    if labels[:2] == ["arpa", "in-addr"] and len(labels) == 6:
        text = ".".join(labels[2:])
    elif labels[:2] == ["arpa", "ip6"] and len(labels) == 34:
        nibbles = "".join(labels[2:])
        text = ":".join(nibbles[place : place + 4] for place in range(0, 32, 4))
    else:
        return None
    return next(iter(addresses_in((text,))), None)


def target_of(record: Record) -> str | None:
    """The name that a record's data lead to; None where they lead to none."""
    place, words = _LEADING.get(record.type), record.data.split()
    target = words[place] if place is not None and place < len(words) else "."
    return None if target == "." else target


def about_record(record: Record, asked: frozenset[str]) -> About:
    """Its names, the one that was asked for among them, and the addresses that it gives or is asked by."""
    target = target_of(record)
    names = {record.name} if target is None else {record.name, target}
    addresses = set(addresses_in((record.data,)) if record.type in ("A", "AAAA") else ())
    addresses |= {address for each in (record.name, *asked) if (address := reverse_address(each)) is not None}
    return About(names=asked | names, addresses=frozenset(addresses))


def subject_of_record(record: Record) -> Subject:
    """A record as what leads elsewhere: to its address, or to the name that it gives."""
    addresses = addresses_in((record.data,)) if record.type in ("A", "AAAA") else ()
    return Subject(sort=Sort.ANSWER, addresses=addresses, name=target_of(record) or record.name)


def _flow(query: LiveQuery) -> Flow:
    return Flow.between("udp", (query.client, query.key[1]), (query.server, 53))


def about_query(query: LiveQuery) -> About:
    """Who asked, for what, whom, and what addresses came back."""
    known = query.pid is not None
    keys = frozenset({(query.pid, query.start_ticks)} if known and query.start_ticks is not None else ())
    return About(
        processes=keys,  # type: ignore[arg-type]
        pids=frozenset({query.pid} if query.pid is not None and query.start_ticks is None else ()),
        addresses=frozenset({query.client, query.server, *addresses_in((query.data,))}),
        ports=frozenset({query.key[1], 53}),
        names=frozenset({query.name}),
        flow=_flow(query),
        time=query.time,
    )


def subject_of_query(query: LiveQuery) -> Subject:
    """A query as what leads elsewhere: who asked, its packets, and what was answered."""
    party = None if query.pid is None else Party(query.pid, query.process or "?", query.start_ticks, query.time)
    return Subject(
        sort=Sort.QUERY, process=party, flow=_flow(query), addresses=addresses_in((query.data,)), name=query.name
    )
