"""What an authority's message means to the walk."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from pitop.model.dns.referral import Meaning, meaning
from pitop.model.dns.trace import Outcome
from pitop.model.dns.wire import read_message

NAME = "www.a.example."


def said(zone: str, *lines: str, aa: bool = False, rcode: int = 0, kind: str = "A") -> Meaning:
    message = dns.message.make_response(dns.message.make_query(NAME, kind))
    message.flags |= dns.flags.AA if aa else 0
    message.set_rcode(rcode)
    for line in lines:
        section, owner, record, data = line.split(" ", 3)
        rrset = dns.rrset.from_text(owner, 60, "IN", record, data)
        getattr(message, section).append(rrset)
    return meaning(read_message(message.to_wire()), zone, NAME, kind)


def test_referral_and_its_glue() -> None:
    found = said(
        "example.",
        "authority a.example. NS ns.a.example.",
        "authority a.example. DS 1 13 2 " + "00" * 32,
        "additional ns.a.example. A 192.0.2.1",
        "additional ns.a.example. AAAA 2001:db8::1",
        "additional www.bank. A 6.6.6.6",
    )
    assert found.outcome is Outcome.REFERRAL
    assert found.child == "a.example."
    assert [address for _, address in found.glue] == ["192.0.2.1", "2001:db8::1"]
    assert found.words == "refers to a.example. (1 server, signed)"


def test_glue_for_names_outside_the_zone_is_not_believed() -> None:
    found = said("example.", "authority a.example. NS ns.bank.", "additional ns.bank. A 6.6.6.6")
    assert found.outcome is Outcome.REFERRAL
    assert found.glue == ()


@pytest.mark.parametrize("owner", [".", "example.", "b.example.", "a.example."])
def test_referral_that_leads_nowhere_is_lame(owner: str) -> None:
    found = said("a.example.", f"authority {owner} NS ns.example.")
    assert found.outcome is Outcome.LAME


def test_answer_and_alias() -> None:
    assert said("a.example.", "answer www.a.example. A 192.0.2.1", aa=True).words == "1 record"
    within = said("a.example.", "answer www.a.example. CNAME x.a.example.", "answer x.a.example. A 192.0.2.1", aa=True)
    assert within.outcome is Outcome.ANSWER
    outside = said("a.example.", "answer www.a.example. CNAME x.bank.", "answer x.bank. A 6.6.6.6", aa=True)
    assert (outside.outcome, outside.target) == (Outcome.ALIAS, "x.bank.")
    dname = said("example.", "answer a.example. DNAME b.test.", aa=True)
    assert dname.target == "www.b.test."
    circle = said("a.example.", "answer www.a.example. CNAME www.a.example.", aa=True)
    assert circle.outcome is Outcome.ALIAS


def test_cache_is_no_authority() -> None:
    assert said("a.example.", "answer www.a.example. A 192.0.2.1").outcome is Outcome.LAME
    assert said("a.example.").outcome is Outcome.LAME


def test_negative_answers_and_failures() -> None:
    soa = "authority a.example. SOA . . 1 1 1 1 1"
    assert said("a.example.", soa, aa=True).outcome is Outcome.NO_DATA
    assert said("a.example.", soa, aa=True, rcode=dns.rcode.NXDOMAIN).outcome is Outcome.NO_NAME
    assert said("a.example.", rcode=dns.rcode.REFUSED).outcome is Outcome.REFUSED
    assert said("a.example.", rcode=dns.rcode.SERVFAIL).outcome is Outcome.FAILED
