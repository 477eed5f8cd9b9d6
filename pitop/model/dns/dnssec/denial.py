"""Proofs that a name, or a type at a name, does not exist: NSEC (RFC 4035 5.4) and NSEC3 (RFC 5155 8).

All records that come in here are validated already; what is judged is what they say together.
"""

from __future__ import annotations

import base64
import enum
from collections.abc import Sequence
from typing import Any, NamedTuple

import dns.dnssec
import dns.name
import dns.rdatatype

__all__ = ["Absence", "Denial", "Nsec", "Nsec3", "prove_absence", "prove_expansion"]

_ITERATIONS = 150  # more are not worth computing: RFC 9276 3.2, as BIND and Unbound had it
_OPT_OUT = 0x01
_NS, _SOA, _CNAME, _DNAME, _DS = (
    dns.rdatatype.NS,
    dns.rdatatype.SOA,
    dns.rdatatype.CNAME,
    dns.rdatatype.DNAME,
    dns.rdatatype.DS,
)


class Absence(enum.Enum):
    """What is proved not to be there."""

    NAME = "the name does not exist"
    TYPE = "the name has no such type"
    DELEGATION = "a delegation without DS"  # an unsigned zone begins here
    OPT_OUT = "an unsigned delegation may be here"  # NSEC3 opt-out
    TOO_COSTLY = "too many NSEC3 iterations"
    NOTHING = "nothing is proved"


class Denial(NamedTuple):
    """What was proved, and by what, in words."""

    absence: Absence
    words: str


class Nsec(NamedTuple):
    """A validated NSEC record with its owner."""

    owner: dns.name.Name
    rdata: Any


class Nsec3(NamedTuple):
    """A validated NSEC3 record with its owner, the hash as its first label."""

    owner: dns.name.Name
    rdata: Any


def _has(rdata: Any, kind: int) -> bool:
    window, bit = divmod(kind, 256)
    byte, shift = divmod(bit, 8)
    return any(
        number == window and byte < len(bitmap) and bitmap[byte] & (0x80 >> shift) for number, bitmap in rdata.windows
    )


def prove_absence(
    zone: dns.name.Name, name: dns.name.Name, kind: int, nsec: Sequence[Nsec], nsec3: Sequence[Nsec3]
) -> Denial:
    """What the records prove of `name` and `kind` in `zone`."""
    if nsec:
        return _by_nsec(zone, name, kind, nsec)
    if nsec3:
        return _by_nsec3(zone, name, kind, nsec3)
    return Denial(Absence.NOTHING, "no NSEC or NSEC3 record came with the answer")


def prove_expansion(
    zone: dns.name.Name, name: dns.name.Name, wildcard: dns.name.Name, nsec: Sequence[Nsec], nsec3: Sequence[Nsec3]
) -> Denial:
    """Whether nothing nearer to `name` than `wildcard` exists, as an expanded answer must prove (RFC 4035 5.3.4)."""
    for record in nsec:
        if _covers(zone, record, name):
            return Denial(Absence.NAME, f"NSEC {record.owner} shows that nothing stands before {wildcard}")
    if nsec3:
        if nsec3[0].rdata.iterations > _ITERATIONS:
            return Denial(Absence.TOO_COSTLY, f"NSEC3 with {nsec3[0].rdata.iterations} iterations")
        nearer = name.split(len(wildcard.labels))[1]  # one label longer than the wildcard's parent
        covering = _Hashes(zone, nsec3).covering(nearer)
        if covering is not None:
            return Denial(Absence.NAME, f"NSEC3 shows that nothing stands before {wildcard}")
    return Denial(Absence.NOTHING, f"it came from {wildcard} without proof that {name} itself does not exist")


def _covers(zone: dns.name.Name, record: Nsec, name: dns.name.Name) -> bool:
    """Whether `name` falls between the record's owner and the next name, in canonical order (RFC 4034 6.1)."""
    after = record.rdata.next
    if not name.is_subdomain(zone) or not record.owner.is_subdomain(zone) or name == record.owner:
        return False
    if _ends_authority(record.rdata) and name.is_subdomain(record.owner):
        return False  # it is the parent's word on a delegation, and says nothing of what is below (RFC 6840 4.1)
    if record.owner < after:
        return bool(record.owner < name < after)
    return bool(record.owner < name) and bool(after == zone)


def _ends_authority(rdata: Any) -> bool:
    return (_has(rdata, _NS) and not _has(rdata, _SOA)) or _has(rdata, _DNAME)


def _at_name(rdata: Any, zone: dns.name.Name, name: dns.name.Name, kind: int, by: str) -> Denial | None:
    """What a record at `name` itself says of `kind`; None where it does not deny it."""
    if _has(rdata, kind) or _has(rdata, _CNAME):
        return None
    cut = _has(rdata, _NS) and not _has(rdata, _SOA)
    if kind == _DS:
        if _has(rdata, _SOA) and name != dns.name.root:
            return None  # the child's own record; only the parent may deny DS
        if cut:
            return Denial(Absence.DELEGATION, f"{by} shows a delegation of {name} without DS")
    elif cut:
        return None  # the parent's record; only the child may deny its types
    return Denial(
        Absence.TYPE, f"{by} shows that {name} has no {dns.rdatatype.to_text(dns.rdatatype.RdataType.make(kind))}"
    )


def _by_nsec(zone: dns.name.Name, name: dns.name.Name, kind: int, records: Sequence[Nsec]) -> Denial:
    for record in records:
        if record.owner == name:
            said = _at_name(record.rdata, zone, name, kind, "NSEC")
            return said or Denial(Absence.NOTHING, f"the NSEC record of {name} does not deny it")
    covering = next((record for record in records if _covers(zone, record, name)), None)
    if covering is None:
        return Denial(Absence.NOTHING, f"no NSEC record covers {name}")
    if covering.rdata.next.is_subdomain(name):
        return Denial(Absence.TYPE, f"NSEC shows that {name} has no records, only names below it")
    encloser = max((name.fullcompare(other)[2], other) for other in (covering.owner, covering.rdata.next))[
        0
    ]  # labels in common
    wildcard = dns.name.Name([b"*"]) + name.split(encloser)[1]
    for record in records:
        if record.owner == wildcard:
            said = _at_name(record.rdata, zone, wildcard, kind, "NSEC")
            return said or Denial(Absence.NOTHING, f"{wildcard} would answer")
        if _covers(zone, record, wildcard):
            return Denial(Absence.NAME, f"NSEC {covering.owner} → {covering.rdata.next} leaves no room for {name}")
    return Denial(Absence.NOTHING, f"no NSEC record denies the wildcard {wildcard}")


class _Hashes:
    """The NSEC3 records of one answer: which matches a name, which covers it."""

    def __init__(self, zone: dns.name.Name, records: Sequence[Nsec3]) -> None:
        first = records[0].rdata
        self._salt, self._iterations, self._algorithm = first.salt, first.iterations, first.algorithm
        self._known: dict[dns.name.Name, str] = {}
        self._records: dict[str, Any] = {}
        for owner, rdata in records:
            same = (rdata.salt, rdata.iterations, rdata.algorithm) == (self._salt, self._iterations, self._algorithm)
            if same and owner.parent() == zone:  # RFC 5155 8.2: all of one chain
                self._records[owner.labels[0].decode("ascii", "replace").upper()] = rdata

    def _hash(self, name: dns.name.Name) -> str:
        if name not in self._known:
            self._known[name] = dns.dnssec.nsec3_hash(name, self._salt, self._iterations, self._algorithm).upper()
        return self._known[name]

    def matching(self, name: dns.name.Name) -> Any | None:
        return self._records.get(self._hash(name))

    def covering(self, name: dns.name.Name) -> Any | None:
        wanted = self._hash(name)
        for owner, rdata in self._records.items():
            after = base64.b32hexencode(rdata.next).decode()
            if owner < wanted < after or (owner >= after and (wanted > owner or wanted < after)):
                return rdata
        return None


def _by_nsec3(zone: dns.name.Name, name: dns.name.Name, kind: int, records: Sequence[Nsec3]) -> Denial:
    first = records[0].rdata
    if first.algorithm != 1:
        return Denial(Absence.TOO_COSTLY, f"NSEC3 with an unknown hash, {first.algorithm}")
    if first.iterations > _ITERATIONS:
        return Denial(Absence.TOO_COSTLY, f"NSEC3 with {first.iterations} iterations, more than {_ITERATIONS}")
    if not name.is_subdomain(zone):
        return Denial(Absence.NOTHING, f"{name} is not in {zone}")
    hashes = _Hashes(zone, records)
    match = hashes.matching(name)
    if match is not None:
        said = _at_name(match, zone, name, kind, "NSEC3")
        return said or Denial(Absence.NOTHING, f"the NSEC3 record of {name} does not deny it")
    encloser, nearer = name, name
    while True:
        if encloser == zone:
            break
        nearer, encloser = encloser, encloser.parent()
        if hashes.matching(encloser) is not None:
            break
    at_encloser = hashes.matching(encloser)
    if at_encloser is None:
        return Denial(Absence.NOTHING, f"no NSEC3 record shows which name above {name} exists")
    if _ends_authority(at_encloser):
        return Denial(Absence.NOTHING, f"{encloser} is delegated: its parent's NSEC3 says nothing of names below it")
    covering = hashes.covering(nearer)
    if covering is None:
        return Denial(Absence.NOTHING, f"no NSEC3 record covers {nearer}")
    opt_out = bool(covering.flags & _OPT_OUT)
    if kind == _DS and opt_out:
        return Denial(Absence.OPT_OUT, f"NSEC3 with opt-out covers {nearer}: an unsigned delegation may be there")
    wildcard = dns.name.Name([b"*"]) + encloser
    at_wildcard = hashes.matching(wildcard)
    if at_wildcard is not None:
        said = _at_name(at_wildcard, zone, wildcard, kind, "NSEC3")
        return said or Denial(Absence.NOTHING, f"{wildcard} would answer")
    if hashes.covering(wildcard) is None:
        return Denial(Absence.NOTHING, f"no NSEC3 record denies the wildcard {wildcard}")
    if opt_out:
        return Denial(Absence.OPT_OUT, f"NSEC3 with opt-out covers {nearer}: an unsigned delegation may be there")
    return Denial(Absence.NAME, f"NSEC3 shows that {encloser} exists, and neither {nearer} nor {wildcard}")
