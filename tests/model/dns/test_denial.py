"""Proofs of absence over whole zones made up for the purpose: what is there is never proved absent, and the reverse."""

from __future__ import annotations

import base64

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdatatype
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitop.model.dns.dnssec.denial import Absence, Nsec, Nsec3, prove_absence

ZONE = dns.name.from_text("example.")
A, DS, MX, NS = (dns.rdatatype.from_text(kind) for kind in ("A", "DS", "MX", "NS"))

names = st.lists(st.sampled_from(["a", "b", "c", "*", "d"]), min_size=1, max_size=3).map(
    lambda labels: dns.name.from_text(".".join(labels), ZONE)
)
zones = st.dictionaries(names, st.sampled_from(["A", "MX", "NS", "A MX", "NS DS"]), max_size=5)
Zone = dict[dns.name.Name, str]


def whole(zone: Zone) -> Zone:
    """The zone with its apex, without wildcards in the middle, and without what is below delegations."""
    made = {name: kinds for name, kinds in zone.items() if b"*" not in name.labels[1:]}
    made = {name: "A" if name.is_wild() else kinds for name, kinds in made.items()}
    cuts = [name for name, kinds in made.items() if "NS" in kinds]
    made = {name: kinds for name, kinds in made.items() if not any(below(name, cut) for cut in cuts)}
    return {ZONE: "NS SOA MX", **made}


def below(name: dns.name.Name, other: dns.name.Name) -> bool:
    return name != other and name.is_subdomain(other)


def nsec_chain(zone: Zone) -> list[Nsec]:
    ordered = sorted(zone)
    after = [*ordered[1:], ZONE]
    return [
        Nsec(name, dns.rdata.from_text("IN", "NSEC", f"{follower} {zone[name]} RRSIG NSEC"))
        for name, follower in zip(ordered, after, strict=True)
    ]


def nsec3_chain(zone: Zone, opt_out: bool = False) -> list[Nsec3]:
    everything = dict(zone)
    for name in zone:
        parent = name
        while parent != ZONE:
            parent = parent.parent()
            everything.setdefault(parent, "")
    if opt_out:
        everything = {name: kinds for name, kinds in everything.items() if kinds != "NS" or name == ZONE}
    hashed = sorted((dns.dnssec.nsec3_hash(name, b"", 0, 1), kinds) for name, kinds in everything.items())
    after = [*hashed[1:], hashed[0]]
    return [
        Nsec3(
            dns.name.from_text(owner, ZONE),
            dns.rdata.from_text("IN", "NSEC3", f"1 {int(opt_out)} 0 - {following} {kinds}".strip()),
        )
        for (owner, kinds), (following, _) in zip(hashed, after, strict=True)
    ]


def truth(zone: Zone, name: dns.name.Name, kind: str) -> Absence | None:
    """What a server would say: None for an answer or a referral."""
    for cut, kinds in zone.items():
        if "NS" in kinds.split() and cut != ZONE:
            if below(name, cut) or (name == cut and kind != "DS"):
                return None
            if name == cut:
                return None if "DS" in kinds else Absence.DELEGATION
    if name in zone:
        return None if kind in zone[name].split() else Absence.TYPE
    if any(below(other, name) for other in zone):
        return Absence.TYPE
    encloser = name.parent()
    while encloser not in zone and not any(below(other, encloser) for other in zone):
        encloser = encloser.parent()
    wildcard = dns.name.Name([b"*"]) + encloser
    if wildcard in zone:
        return None if kind in zone[wildcard].split() else Absence.TYPE
    return Absence.NAME


@settings(max_examples=150, deadline=None)
@given(zones, names, st.sampled_from(["A", "MX", "DS"]))
def test_nsec_proves_what_is_true_and_nothing_else(zone: Zone, name: dns.name.Name, kind: str) -> None:
    made = whole(zone)
    found = prove_absence(ZONE, name, dns.rdatatype.from_text(kind), nsec_chain(made), ())
    assert found.absence is (truth(made, name, kind) or Absence.NOTHING), found.words


@settings(max_examples=150, deadline=None)
@given(zones, names, st.sampled_from(["A", "MX", "DS"]))
def test_nsec3_proves_what_is_true_and_nothing_else(zone: Zone, name: dns.name.Name, kind: str) -> None:
    made = whole(zone)
    found = prove_absence(ZONE, name, dns.rdatatype.from_text(kind), (), nsec3_chain(made))
    assert found.absence is (truth(made, name, kind) or Absence.NOTHING), found.words


@settings(max_examples=150, deadline=None)
@given(zones, names)
def test_opt_out_never_proves_more_than_it_may(zone: Zone, name: dns.name.Name) -> None:
    made = whole(zone)
    found = prove_absence(ZONE, name, DS, (), nsec3_chain(made, opt_out=True))
    if made.get(name) == "NS":
        assert found.absence in (Absence.OPT_OUT, Absence.DELEGATION)
    elif found.absence is Absence.NAME:
        pytest.fail(f"opt-out cannot prove that {name} does not exist: {found.words}")


@settings(max_examples=100, deadline=None)
@given(zones, names, st.sampled_from(["A", "MX", "DS"]), st.data())
def test_a_part_of_the_chain_proves_no_more_than_the_whole(
    zone: Zone, name: dns.name.Name, kind: str, data: st.DataObject
) -> None:
    made = whole(zone)
    for chain in (nsec_chain(made), nsec3_chain(made)):
        part = data.draw(st.lists(st.sampled_from(chain), max_size=len(chain)))  # type: ignore[arg-type]
        nsec = [each for each in part if isinstance(each, Nsec)]
        nsec3 = [each for each in part if isinstance(each, Nsec3)]
        found = prove_absence(ZONE, name, dns.rdatatype.from_text(kind), nsec, nsec3).absence
        assert found in (Absence.NOTHING, truth(made, name, kind))


def test_nothing_proves_nothing() -> None:
    assert prove_absence(ZONE, ZONE, A, (), ()).absence is Absence.NOTHING


def test_other_zones_records_prove_nothing() -> None:
    other = [Nsec(dns.name.from_text("a.other."), dns.rdata.from_text("IN", "NSEC", "z.other. A"))]
    assert prove_absence(ZONE, dns.name.from_text("b.example."), A, other, ()).absence is Absence.NOTHING


def test_too_many_iterations_are_not_computed() -> None:
    owner = base64.b32hexencode(bytes(20)).decode()
    record = dns.rdata.from_text("IN", "NSEC3", f"1 0 65535 - {owner} A")
    found = prove_absence(ZONE, ZONE, MX, (), [Nsec3(dns.name.from_text(owner, ZONE), record)])
    assert found.absence is Absence.TOO_COSTLY


def test_the_parents_nsec_says_nothing_of_the_child() -> None:
    cut = Nsec(dns.name.from_text("sub.example."), dns.rdata.from_text("IN", "NSEC", "z.example. NS RRSIG NSEC"))
    inner = dns.name.from_text("www.sub.example.")
    assert prove_absence(ZONE, inner, A, [cut], ()).absence is Absence.NOTHING
    assert prove_absence(ZONE, cut.owner, A, [cut], ()).absence is Absence.NOTHING
    assert prove_absence(ZONE, cut.owner, NS, [cut], ()).absence is Absence.NOTHING
    assert prove_absence(ZONE, cut.owner, DS, [cut], ()).absence is Absence.DELEGATION
