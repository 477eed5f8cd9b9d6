"""The chain of trust from an anchor to an answer, as a generator: it says what it needs, and is sent what was found.

It asks for (name, type) pairs, several at once where they do not depend on each other, and takes a message or None
for each. It never sends anything itself, so it does not matter whether a resolver or the authorities answer.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import Any, NamedTuple

import dns.dnssec
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from pitop.model.dns.dnssec.anchors import Anchors, closest
from pitop.model.dns.dnssec.denial import Absence, Denial, Nsec, Nsec3, prove_absence, prove_expansion
from pitop.model.dns.dnssec.signatures import (
    check_rrset,
    matches_ds,
    signatures_of,
    supported,
    supported_digest,
)
from pitop.model.dns.dnssec.verdict import Link, Security, Verdict

__all__ = ["Fetch", "Finding", "Walk", "prove"]

_DS, _DNSKEY, _RRSIG, _CNAME, _DNAME, _NSEC, _NSEC3, _ANY = (
    dns.rdatatype.DS,
    dns.rdatatype.DNSKEY,
    dns.rdatatype.RRSIG,
    dns.rdatatype.CNAME,
    dns.rdatatype.DNAME,
    dns.rdatatype.NSEC,
    dns.rdatatype.NSEC3,
    dns.rdatatype.ANY,
)
_ALIASES = 16  # links of a CNAME chain
_SIGNED_SETS = 64  # signed sets looked at in one section


class Fetch(NamedTuple):
    """What is needed next."""

    name: dns.name.Name
    kind: dns.rdatatype.RdataType


class Finding(NamedTuple):
    """A message to be judged: what was asked for, what came, and whether nothing more follows it.

    An authority's answer may stop at an alias that leads out of its zones; the next finding goes on from there.
    """

    name: dns.name.Name
    kind: dns.rdatatype.RdataType
    message: dns.message.Message
    whole: bool = True


Walk = Generator[Sequence[Fetch], Sequence[dns.message.Message | None], Verdict]
_Steps = Generator[Sequence[Fetch], Sequence[dns.message.Message | None], "_Zone"]


class _Zone(NamedTuple):
    """A zone on the way: its keys while it is secure, and what became of it where it is not."""

    name: dns.name.Name
    keys: tuple[Any, ...]
    security: Security
    words: str


def prove(findings: Sequence[Finding], anchors: Anchors, now: float) -> Walk:
    """Validate `findings`: an answer, or the answers along a chain of aliases. Returns the verdict; `now` is unix time.

    What is missing is never taken for absent: absence is secure or insecure only when it is proved.
    """
    validator = _Validator(anchors, now)
    for finding in findings:
        yield from validator.judge(finding)
    return validator.verdict()


class _Validator:
    def __init__(self, anchors: Anchors, now: float) -> None:
        self._anchors = anchors
        self._now = now
        self._have: dict[Fetch, dns.message.Message | None] = {}
        self._zones: dict[dns.name.Name, _Zone] = {}
        self._links: list[Link] = []
        self._results: list[tuple[Security, str]] = []

    def verdict(self) -> Verdict:
        """The worst of all results; of equals the last, which is nearest to the answer."""
        if not self._results:
            return Verdict(Security.INDETERMINATE, "there is nothing to validate", tuple(self._links))
        security, words = max(reversed(self._results), key=lambda result: result[0].rank)
        return Verdict(security, words, tuple(self._links))

    def _link(self, zone: dns.name.Name, what: str, security: Security, words: str) -> None:
        link = Link(zone.to_text(), what, security, words)
        if link not in self._links:
            self._links.append(link)

    def _result(self, zone: dns.name.Name, what: str, security: Security, words: str) -> None:
        self._link(zone, what, security, words)
        self._results.append((security, words))

    def _fetch(self, wanted: Iterable[Fetch]) -> Generator[Sequence[Fetch], Sequence[dns.message.Message | None], None]:
        """Have every one of `wanted`; what is already here is not asked for again."""
        new = [fetch for fetch in dict.fromkeys(wanted) if fetch not in self._have]
        if new:
            answers = yield new
            self._have.update(zip(new, answers, strict=True))

    # The way down.

    def _zone_of(self, name: dns.name.Name) -> _Steps:
        """The zone that holds `name`, walked to from the nearest anchor."""
        start = closest(self._anchors, name)
        if start is None:
            words = f"no trust anchor covers {name}"
            self._link(name, "anchor", Security.INDETERMINATE, words)
            return _Zone(name, (), Security.INDETERMINATE, words)
        path = []
        each = name
        while each != start:
            path.append(each)
            each = each.parent()
        path.reverse()
        unknown = [each for each in path if each not in self._zones]
        yield from self._fetch([Fetch(start, _DNSKEY), *(Fetch(each, _DS) for each in unknown)])
        signed = [each for each in unknown if self._ds(each) is not None]
        yield from self._fetch(Fetch(each, _DNSKEY) for each in signed)
        if start not in self._zones:
            self._zones[start] = self._anchored(start)
        zone = self._zones[start]
        for each in path:
            if zone.security is not Security.SECURE:
                break
            if each not in self._zones:
                self._zones[each] = yield from self._below(zone, each)
            zone = self._zones[each]
        return zone

    def _ds(self, name: dns.name.Name) -> dns.rrset.RRset | None:
        message = self._have.get(Fetch(name, _DS))
        return None if message is None else _rrset(message.answer, name, _DS)

    def _anchored(self, zone: dns.name.Name) -> _Zone:
        """The anchored zone's keys, of which one must be what the anchor says."""
        message = self._have.get(Fetch(zone, _DNSKEY))
        keys = None if message is None else _rrset(message.answer, zone, _DNSKEY)
        if message is None or keys is None:
            return self._ended(zone, "DNSKEY", Security.INDETERMINATE, _without_keys(zone, message))
        if not signatures_of(message.answer, zone, _DNSKEY):
            words = f"the keys of {zone} came without signatures: the server asked does not pass DNSSEC on"
            return self._ended(zone, "DNSKEY", Security.INDETERMINATE, words)
        anchors = self._anchors[zone]
        trusted = [
            key
            for key in keys
            if any(matches_ds(zone, key, each) if each.rdtype == _DS else each == key for each in anchors)
        ]
        if not trusted:
            words = f"none of the keys of {zone} is the trust anchor's"
            return self._ended(zone, "anchor", Security.BOGUS, words)
        tags = ", ".join(str(dns.dnssec.key_id(key)) for key in trusted)
        self._link(zone, "anchor", Security.SECURE, f"the trust anchor is key {tags}")
        return self._keyed(zone, message, keys, trusted)

    def _keyed(
        self, zone: dns.name.Name, message: dns.message.Message, keys: dns.rrset.RRset, trusted: Sequence[Any]
    ) -> _Zone:
        """The zone with all its keys, where one of the trusted ones signs them."""
        check = check_rrset(keys, signatures_of(message.answer, zone, _DNSKEY), zone, trusted, self._now)
        if not check.good:
            return self._ended(zone, "DNSKEY", Security.BOGUS, check.words)
        tags = [str(dns.dnssec.key_id(key)) for key in keys]
        words = f"{check.words} (keys {' '.join(tags)})" if len(tags) > 1 else check.words
        self._link(zone, "DNSKEY", Security.SECURE, words)
        return _Zone(zone, tuple(keys), Security.SECURE, check.words)

    def _ended(self, zone: dns.name.Name, what: str, security: Security, words: str) -> _Zone:
        self._link(zone, what, security, words)
        return _Zone(zone, (), security, words)

    def _below(self, parent: _Zone, name: dns.name.Name) -> _Steps:
        """The zone that holds `name` when `parent` holds its parent: a child zone, or still the parent."""
        message = self._have.get(Fetch(name, _DS))
        if message is None:
            return self._ended(name, "DS", Security.INDETERMINATE, f"no answer for the DS of {name}")
        if message.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            words = f"asked for the DS of {name}, the server says {dns.rcode.to_text(message.rcode())}"
            return self._ended(name, "DS", Security.INDETERMINATE, words)
        ds = _rrset(message.answer, name, _DS)
        if ds is not None:
            return (yield from self._delegated(parent, name, message, ds))
        alias = _rrset(message.answer, name, _CNAME)
        if alias is not None:
            check = check_rrset(alias, signatures_of(message.answer, name, _CNAME), parent.name, parent.keys, self._now)
            if check.good or self._by_dname(message, name, parent) is not None:
                return parent  # an alias is no delegation
            return self._ended(name, "CNAME", Security.BOGUS, check.words)
        denial = self._denied(message, parent, name, _DS)
        match denial.absence:
            case Absence.DELEGATION | Absence.OPT_OUT | Absence.TOO_COSTLY:
                return self._ended(name, "DS", Security.INSECURE, f"{denial.words}: {name} is not signed")
            case Absence.TYPE | Absence.NAME:
                return parent
        words = f"{parent.name} gives no DS for {name} and does not prove that there is none: {denial.words}"
        return self._ended(name, "DS", Security.BOGUS, words)

    def _delegated(
        self, parent: _Zone, name: dns.name.Name, message: dns.message.Message, ds: dns.rrset.RRset
    ) -> _Steps:
        check = check_rrset(ds, signatures_of(message.answer, name, _DS), parent.name, parent.keys, self._now)
        if not check.good:
            return self._ended(name, "DS", Security.BOGUS, check.words)
        self._link(name, "DS", Security.SECURE, check.words)
        usable = [each for each in ds if supported(each.algorithm) and supported_digest(each.digest_type)]
        if any(each.digest_type != 1 for each in usable):
            usable = [each for each in usable if each.digest_type != 1]  # RFC 4509 3
        if not usable:
            words = f"no DS of {name} uses an algorithm and a digest that are supported"
            return self._ended(name, "DS", Security.INSECURE, words)
        yield from self._fetch([Fetch(name, _DNSKEY)])
        answer = self._have[Fetch(name, _DNSKEY)]
        if answer is None or answer.rcode() == dns.rcode.SERVFAIL:
            return self._ended(name, "DNSKEY", Security.INDETERMINATE, _without_keys(name, answer))
        keys = _rrset(answer.answer, name, _DNSKEY)
        if keys is None:
            words = f"{parent.name} has a DS for {name}, but {name} has no DNSKEY"
            return self._ended(name, "DNSKEY", Security.BOGUS, words)
        trusted = [key for key in keys if any(matches_ds(name, key, each) for each in usable)]
        if not trusted:
            return self._ended(name, "DS", Security.BOGUS, _mismatch(name, keys, usable))
        return self._keyed(name, answer, keys, trusted)

    # What the answer holds.

    def judge(self, finding: Finding) -> Generator[Sequence[Fetch], Sequence[dns.message.Message | None], None]:
        """Validate one message, following its aliases."""
        message, name = finding.message, finding.name
        if message.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            words = f"the answer is {dns.rcode.to_text(message.rcode())}, which proves nothing"
            self._result(name, "answer", Security.INDETERMINATE, words)
            return
        for _ in range(_ALIASES):
            present = [
                rrset
                for rrset in message.answer
                if rrset.name == name and rrset.rdtype != _RRSIG and finding.kind in (rrset.rdtype, _ANY)
            ]
            if finding.kind == _RRSIG:
                self._result(name, "RRSIG", Security.INDETERMINATE, "signatures are not signed themselves")
                return
            if present:
                for rrset in present:
                    yield from self._positive(message, rrset)
                return
            alias = _rrset(message.answer, name, _CNAME)
            if alias is None:
                break
            made_by = next(
                (each for each in message.answer if each.rdtype == _DNAME and _is_below(name, each.name)), None
            )
            if made_by is not None and name.relativize(made_by.name) + made_by[0].target == alias[0].target:
                yield from self._positive(message, made_by)  # the CNAME is made from it, and is not signed
            else:
                yield from self._positive(message, alias)
            name = alias[0].target
            if not finding.whole and not _mentions(message, name):
                return  # the chain goes on in another message
        else:
            self._result(name, "CNAME", Security.INDETERMINATE, "the chain of aliases is too long")
            return
        yield from self._negative(message, name, finding.kind)

    def _positive(
        self, message: dns.message.Message, rrset: dns.rrset.RRset
    ) -> Generator[Sequence[Fetch], Sequence[dns.message.Message | None], None]:
        # The signer is taken for the zone, so names between it and the owner need not be asked about: a zone above
        # could sign in its child's stead, but it could as well delegate the child to itself.
        what = dns.rdatatype.to_text(rrset.rdtype)
        signatures = signatures_of(message.answer, rrset.name, rrset.rdtype)
        signers = [each.signer for each in signatures if rrset.name.is_subdomain(each.signer)]
        within = max(signers, key=lambda each: len(each.labels)) if signers else rrset.name
        if rrset.rdtype == _DS and not signers and rrset.name != dns.name.root:
            within = rrset.name.parent()  # the parent's record
        zone = yield from self._zone_of(within)
        if zone.security is not Security.SECURE:
            self._results.append((zone.security, zone.words))
            return
        check = check_rrset(rrset, signatures, zone.name, zone.keys, self._now)
        if not check.good:
            self._result(zone.name, what, Security.INSECURE if check.unsupported else Security.BOGUS, check.words)
            return
        if check.wildcard is not None:
            nsec, nsec3, _ = self._denials(message, zone)
            proof = prove_expansion(zone.name, rrset.name, check.wildcard, nsec, nsec3)
            if proof.absence is not Absence.NAME:
                security = Security.INSECURE if proof.absence is Absence.TOO_COSTLY else Security.BOGUS
                self._result(zone.name, what, security, f"{what} of {rrset.name}: {proof.words}")
                return
            self._result(zone.name, what, Security.SECURE, f"{check.words}, from {check.wildcard}: {proof.words}")
            return
        self._result(zone.name, what, Security.SECURE, check.words)

    def _negative(
        self, message: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType
    ) -> Generator[Sequence[Fetch], Sequence[dns.message.Message | None], None]:
        signers = [
            rdata.signer
            for rrset in message.authority
            if rrset.rdtype == _RRSIG
            for rdata in rrset
            if name.is_subdomain(rdata.signer)
        ]
        within = max(signers, key=lambda each: len(each.labels)) if signers else name
        if kind == _DS and not signers and name != dns.name.root:
            within = name.parent()
        zone = yield from self._zone_of(within)
        if zone.security is not Security.SECURE:
            self._results.append((zone.security, zone.words))
            return
        denial = self._denied(message, zone, name, kind)
        what = "NSEC3" if any(rrset.rdtype == _NSEC3 for rrset in message.authority) else "NSEC"
        absence = denial.absence
        if absence is Absence.NOTHING:
            words = f"{zone.name} does not prove that {name} has no {dns.rdatatype.to_text(kind)}: {denial.words}"
            self._result(zone.name, what, Security.BOGUS, words)
        elif absence in (Absence.OPT_OUT, Absence.TOO_COSTLY):
            self._result(zone.name, what, Security.INSECURE, denial.words)
        elif message.rcode() == dns.rcode.NXDOMAIN and absence is not Absence.NAME:
            words = f"the answer is NXDOMAIN, but {denial.words}"
            self._result(zone.name, what, Security.BOGUS, words)
        elif message.rcode() == dns.rcode.NOERROR and absence is Absence.NAME:
            words = f"the answer says that {name} exists, but {denial.words}"
            self._result(zone.name, what, Security.BOGUS, words)
        else:
            self._result(zone.name, what, Security.SECURE, denial.words)

    # Proofs that came along.

    def _denials(self, message: dns.message.Message, zone: _Zone) -> tuple[list[Nsec], list[Nsec3], list[str]]:
        """The message's NSEC and NSEC3 records that `zone` signed, and what is wrong with the others."""
        nsec: list[Nsec] = []
        nsec3: list[Nsec3] = []
        wrong: list[str] = []
        for rrset in message.authority[:_SIGNED_SETS]:
            if rrset.rdtype not in (_NSEC, _NSEC3) or not rrset.name.is_subdomain(zone.name):
                continue
            signatures = signatures_of(message.authority, rrset.name, rrset.rdtype)
            check = check_rrset(rrset, signatures, zone.name, zone.keys, self._now)
            if not check.good or check.wildcard is not None:
                wrong.append(check.words)
            elif rrset.rdtype == _NSEC:
                nsec.append(Nsec(rrset.name, rrset[0]))
            else:
                nsec3.append(Nsec3(rrset.name, rrset[0]))
        return nsec, nsec3, wrong

    def _denied(
        self, message: dns.message.Message, zone: _Zone, name: dns.name.Name, kind: dns.rdatatype.RdataType
    ) -> Denial:
        nsec, nsec3, wrong = self._denials(message, zone)
        denial = prove_absence(zone.name, name, kind, nsec, nsec3)
        if denial.absence is Absence.NOTHING and wrong:
            return Denial(Absence.NOTHING, "; ".join(wrong))
        return denial

    def _by_dname(self, message: dns.message.Message, name: dns.name.Name, zone: _Zone) -> dns.rrset.RRset | None:
        """The signed DNAME from which the alias of `name` was made, or None."""
        for rrset in message.answer:
            if rrset.rdtype == _DNAME and _is_below(name, rrset.name):
                signatures = signatures_of(message.answer, rrset.name, _DNAME)
                if check_rrset(rrset, signatures, zone.name, zone.keys, self._now).good:
                    return rrset
        return None


def _rrset(section: Iterable[dns.rrset.RRset], name: dns.name.Name, kind: int) -> dns.rrset.RRset | None:
    return next((each for each in section if each.name == name and each.rdtype == kind), None)


def _is_below(name: dns.name.Name, other: dns.name.Name) -> bool:
    return name != other and name.is_subdomain(other)


def _mentions(message: dns.message.Message, name: dns.name.Name) -> bool:
    return any(rrset.name == name for rrset in message.answer)


def _without_keys(zone: dns.name.Name, message: dns.message.Message | None) -> str:
    """Why there are no keys of `zone` to judge by."""
    if message is None:
        said = "nobody answers"
    elif message.rcode():
        said = f"the server says {dns.rcode.to_text(message.rcode())}"
    else:
        said = "the server gives none"
    return f"the keys of {zone} could not be had: {said}"


def _mismatch(zone: dns.name.Name, keys: Iterable[Any], records: Iterable[Any]) -> str:
    """Why no DS fits any key, DS by DS."""
    tags = {(dns.dnssec.key_id(key), key.algorithm) for key in keys}
    reasons = []
    for ds in records:
        if (ds.key_tag, ds.algorithm) in tags:
            reasons.append(f"the digest of key {ds.key_tag} is not what the DS says")
        else:
            reasons.append(f"the DS names key {ds.key_tag} (algorithm {ds.algorithm}), which {zone} does not have")
    return f"no DS of {zone} fits its keys: " + "; ".join(dict.fromkeys(reasons))
