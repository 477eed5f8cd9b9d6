"""The chain of trust over a small world, signed here, and then broken in one place at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from pitop.model.dns.dnssec.anchors import AnchorError, parse_anchors
from pitop.model.dns.dnssec.chain import Fetch, Finding, prove
from pitop.model.dns.dnssec.verdict import Security, Verdict

NOW = 1_800_000_000.0
ROOT, TLD, WWW = (dns.name.from_text(name) for name in (".", "example.", "www.example."))
A, DS, DNSKEY, NSEC = (dns.rdatatype.from_text(kind) for kind in ("A", "DS", "DNSKEY", "NSEC"))


class Signer:
    """A zone's only key."""

    def __init__(self, zone: dns.name.Name) -> None:
        self.zone = zone
        self._private = ec.generate_private_key(ec.SECP256R1())
        self.key = dns.dnssec.make_dnskey(self._private.public_key(), 13, flags=257)

    def sign(self, rrset: dns.rrset.RRset, start: float = NOW - 100, end: float = NOW + 100) -> dns.rrset.RRset:
        made = dns.dnssec.sign(rrset, self._private, self.zone, self.key, inception=start, expiration=end, verify=False)
        return dns.rrset.from_rdata(rrset.name, rrset.ttl, made)

    def ds(self) -> Any:
        return dns.dnssec.make_ds(self.zone, self.key, "SHA256")


class World:
    """Everything that can be asked for, as messages that a test may spoil."""

    def __init__(self) -> None:
        self.root, self.tld = Signer(ROOT), Signer(TLD)
        self.messages: dict[Fetch, dns.message.Message | None] = {}
        self.answer = self.put(self.tld, WWW, A, dns.rrset.from_text(WWW, 60, "IN", "A", "192.0.2.1"))
        self.put(self.root, ROOT, DNSKEY, dns.rrset.from_rdata(ROOT, 60, self.root.key))
        self.put(self.tld, TLD, DNSKEY, dns.rrset.from_rdata(TLD, 60, self.tld.key))
        self.put(self.root, TLD, DS, dns.rrset.from_rdata(TLD, 60, self.tld.ds()))
        self.anchors = {ROOT: (self.root.ds(),)}

    def put(
        self, signer: Signer, name: dns.name.Name, kind: Any, rrset: dns.rrset.RRset, **times: float
    ) -> dns.message.Message:
        message = dns.message.make_response(dns.message.make_query(name, kind))
        message.answer += [rrset, signer.sign(rrset, **times)]
        self.messages[Fetch(name, kind)] = message
        return message

    def deny(self, name: dns.name.Name, kind: Any, *records: str, sign: bool = True) -> dns.message.Message:
        message = dns.message.make_response(dns.message.make_query(name, kind))
        for record in records:
            owner, text = record.split(" ", 1)
            rrset = dns.rrset.from_text(owner, 60, "IN", "NSEC", text)
            message.authority.append(rrset)
            if sign:
                signer = self.tld if rrset.name.is_subdomain(TLD) and rrset.name != TLD else self.root
                message.authority.append(signer.sign(rrset))
        self.messages[Fetch(name, kind)] = message
        return message

    def judge(self, *findings: Finding) -> Verdict:
        walk = prove(findings or [Finding(WWW, A, self.answer)], self.anchors, NOW)
        asked: list[Fetch] = []
        try:
            wanted = next(walk)
            while True:
                asked += wanted
                assert len(asked) == len(set(asked)), "nothing is asked for twice"
                wanted = walk.send([self.messages.get(fetch) for fetch in wanted])
        except StopIteration as stop:
            verdict: Verdict = stop.value
            return verdict


def test_all_is_well() -> None:
    verdict = World().judge()
    assert verdict.security is Security.SECURE
    assert [link.what for link in verdict.links] == ["anchor", "DNSKEY", "DS", "DNSKEY", "A"]


def no_signatures(message: dns.message.Message) -> None:
    message.answer = [rrset for rrset in message.answer if rrset.rdtype != dns.rdatatype.RRSIG]


def other_address(world: World) -> None:
    world.answer.answer[0] = dns.rrset.from_text(WWW, 60, "IN", "A", "6.6.6.6")


def stranger_signs(world: World) -> None:
    world.put(Signer(TLD), WWW, A, world.answer.answer[0])
    world.answer = world.messages[Fetch(WWW, A)]  # type: ignore[assignment]


def deeper_signer(world: World) -> None:
    world.answer = world.put(Signer(WWW), WWW, A, world.answer.answer[0])


def other_key(world: World) -> None:
    other = Signer(TLD)
    world.put(other, TLD, DNSKEY, dns.rrset.from_rdata(TLD, 60, other.key))


def stripped_ds(world: World) -> None:
    world.messages[Fetch(TLD, DS)] = dns.message.make_response(dns.message.make_query(TLD, DS))


def forged_denial(world: World) -> None:
    world.deny(TLD, DS, "example. z. NS RRSIG NSEC", sign=False)


def revoked_key(world: World) -> None:
    key = world.tld.key.replace(flags=257 | 0x80)
    world.put(world.tld, TLD, DNSKEY, dns.rrset.from_rdata(TLD, 60, key))


BROKEN: list[tuple[Callable[[World], None], str]] = [
    (lambda world: no_signatures(world.answer), "www.example."),
    (other_address, "does not verify"),
    (stranger_signs, "is not among the keys of example."),
    (deeper_signer, "the signer is www.example., not the zone example."),
    (other_key, "which example. does not have"),
    (stripped_ds, "does not prove that there is none"),
    (forged_denial, "has no signature"),
    (revoked_key, "does not have"),
]


@pytest.mark.parametrize(("spoil", "words"), BROKEN)
def test_one_broken_link_makes_it_bogus(spoil: Callable[[World], None], words: str) -> None:
    world = World()
    world.deny(WWW, DS, "www.example. z.example. A RRSIG NSEC")
    spoil(world)
    verdict = world.judge()
    assert verdict.security is Security.BOGUS, verdict
    assert words in verdict.why


@pytest.mark.parametrize(
    ("start", "end", "words"), [(-900, -100, "expired on 2027-01-15"), (100, 900, "is valid from 2027-01-15")]
)
def test_times(start: float, end: float, words: str) -> None:
    world = World()
    world.answer = world.put(world.tld, WWW, A, world.answer.answer[0], start=NOW + start, end=NOW + end)
    verdict = world.judge()
    assert verdict.security is Security.BOGUS
    assert words in verdict.why


def test_denied_ds_makes_it_insecure() -> None:
    world = World()
    no_signatures(world.answer)
    world.deny(TLD, DS, "example. z. NS RRSIG NSEC")
    verdict = world.judge()
    assert verdict.security is Security.INSECURE
    assert "example. is not signed" in verdict.why


def test_algorithm_that_nobody_knows_makes_it_insecure() -> None:
    world = World()
    ds = world.tld.ds().replace(algorithm=200)
    world.put(world.root, TLD, DS, dns.rrset.from_rdata(TLD, 60, ds))
    assert world.judge().security is Security.INSECURE


@pytest.mark.parametrize("missing", [Fetch(ROOT, DNSKEY), Fetch(TLD, DS), Fetch(TLD, DNSKEY)])
def test_no_answer_is_indeterminate(missing: Fetch) -> None:
    world = World()
    world.messages[missing] = None
    assert world.judge().security is Security.INDETERMINATE


def test_failing_server_is_indeterminate() -> None:
    world = World()
    failed = dns.message.make_response(dns.message.make_query(TLD, DS))
    failed.set_rcode(dns.rcode.SERVFAIL)
    world.messages[Fetch(TLD, DS)] = failed
    assert world.judge().security is Security.INDETERMINATE
    assert world.judge(Finding(WWW, A, failed)).security is Security.INDETERMINATE


def test_server_that_drops_signatures_is_indeterminate() -> None:
    world = World()
    for message in world.messages.values():
        assert message is not None
        no_signatures(message)
    verdict = world.judge()
    assert verdict.security is Security.INDETERMINATE
    assert "does not pass DNSSEC on" in verdict.why


def test_alias_into_nowhere_and_the_whole() -> None:
    world = World()
    alias = dns.rrset.from_text(WWW, 60, "IN", "CNAME", "gone.example.")
    message = world.put(world.tld, WWW, A, alias)
    gone = dns.name.from_text("gone.example.")
    world.deny(gone, DS, "gone.example. z.example. A RRSIG NSEC")
    part = Finding(WWW, A, message, whole=False)
    assert world.judge(part).security is Security.SECURE
    assert world.judge(Finding(WWW, A, message)).security is Security.BOGUS, "nothing is said of the target"


def test_answer_from_a_wildcard_needs_proof_that_nothing_is_nearer() -> None:
    world = World()
    wildcard = dns.name.from_text("*.example.")
    made = dns.rrset.from_text(wildcard, 60, "IN", "A", "192.0.2.1")
    signature = world.tld.sign(made)
    expanded = dns.message.make_response(dns.message.make_query(WWW, A))
    expanded.answer.append(dns.rrset.from_text(WWW, 60, "IN", "A", "192.0.2.1"))
    expanded.answer.append(dns.rrset.from_rdata(WWW, 60, signature[0]))
    verdict = world.judge(Finding(WWW, A, expanded))
    assert verdict.security is Security.BOGUS
    assert "without proof that www.example. itself does not exist" in verdict.why
    proof = dns.rrset.from_text(wildcard, 60, "IN", "NSEC", "example. A RRSIG NSEC")
    expanded.authority += [proof, world.tld.sign(proof)]
    verdict = world.judge(Finding(WWW, A, expanded))
    assert verdict.security is Security.SECURE, verdict
    assert "from *.example." in verdict.why


def test_no_such_name_and_its_lies() -> None:
    world = World()
    nope = dns.name.from_text("nope.example.")
    message = world.deny(nope, A, "m.example. www.example. A RRSIG NSEC", "!.example. a.example. A RRSIG NSEC")
    message.set_rcode(dns.rcode.NXDOMAIN)
    assert world.judge(Finding(nope, A, message)).security is Security.SECURE
    message.set_rcode(dns.rcode.NOERROR)
    assert "says that nope.example. exists" in world.judge(Finding(nope, A, message)).why
    lie = world.deny(WWW, A, "www.example. z.example. MX RRSIG NSEC")
    lie.set_rcode(dns.rcode.NXDOMAIN)
    assert world.judge(Finding(WWW, A, lie)).security is Security.BOGUS


def test_many_keys_of_one_tag_are_not_all_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    keys = [world.tld.key.replace(key=bytes(64)) for _ in range(1)]
    tried = 0

    def count(*arguments: Any) -> None:
        nonlocal tried
        tried += 1
        raise dns.dnssec.ValidationFailure("no")

    monkeypatch.setattr("dns.dnssec.validate_rrsig", count)
    monkeypatch.setattr("dns.dnssec.key_id", lambda key: 1)
    from pitop.model.dns.dnssec.signatures import check_rrset

    signature = world.answer.answer[1][0].replace(key_tag=1)
    check = check_rrset(world.answer.answer[0], [signature] * 20, TLD, [*keys, world.tld.key] * 20, NOW)
    assert not check.good
    assert tried <= 8


def test_anchor_files() -> None:
    signer = Signer(ROOT)
    key = signer.key.to_text().split(" ", 3)
    lines = [
        f". IN DNSKEY {signer.key.to_text()}",
        f". 3600 IN DS {signer.ds().to_text()} ; a comment",
        f'trust-anchors {{ . initial-key {key[0]} {key[1]} {key[2]} "{key[3]}"; }};',
        f'trust-anchors {{\n  . static-ds {signer.ds().key_tag} 13 2\n "{signer.ds().digest.hex()}";\n}};',
    ]
    for line in lines:
        world = World()
        world.root = signer
        world.put(signer, ROOT, DNSKEY, dns.rrset.from_rdata(ROOT, 60, signer.key))
        world.put(signer, TLD, DS, dns.rrset.from_rdata(TLD, 60, world.tld.ds()))
        world.anchors = dict(parse_anchors(line))
        assert world.judge().security is Security.SECURE, line
    for wrong in ("", "; nothing", ". IN DS 1 2", ". IN A 192.0.2.1"):
        with pytest.raises(AnchorError):
            parse_anchors(wrong)


def refused() -> dns.message.Message:
    message = dns.message.make_response(dns.message.make_query(ROOT, DNSKEY))
    message.set_rcode(dns.rcode.REFUSED)
    return message


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (None, "nobody answers"),
        (refused(), "the server says REFUSED"),
        (dns.message.make_response(dns.message.make_query(ROOT, DNSKEY)), "the server gives none"),
    ],
)
def test_why_there_are_no_keys_to_judge_by_is_said(keys: dns.message.Message | None, words: str) -> None:
    world = World()
    world.messages[Fetch(ROOT, DNSKEY)] = keys
    verdict = world.judge()
    assert verdict.security is Security.INDETERMINATE
    assert verdict.why == f"the keys of . could not be had: {words}"
