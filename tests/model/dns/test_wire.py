"""Messages as the walk reads and writes them, beside dnspython."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitop.model.dns.answer import Section
from pitop.model.dns.codes import CLASSES, RCODES, TYPES, class_word, type_number, type_word
from pitop.model.dns.message import read_records
from pitop.model.dns.wire import is_within, mismatch, parent, query, read_message, text_of

RECORDS = [
    ("www.example.", "A", "192.0.2.1"),
    ("www.example.", "AAAA", "2001:db8::1"),
    ("example.", "NS", "NS1.Example."),
    ("alias.example.", "CNAME", r"a\.b\032c.example."),
    ("old.example.", "DNAME", "new.test."),
    ("1.2.0.192.in-addr.arpa.", "PTR", "www.example."),
    ("example.", "MX", "10 mail.example."),
    ("example.", "SOA", "ns.example. host.example. 7 3600 600 86400 60"),
    ("t.example.", "TXT", r'"plain" "a\"b\\c" "\027[31m\255"'),
    ("example.", "DS", "31097 13 2 " + "AB" * 32),
    ("example.", "RRSIG", "A 13 2 300 20261225210202 20261125210202 31097 example. " + "QUJD" * 22),
]
labels = st.binary(min_size=1, max_size=63)


def message(**changes: object) -> dns.message.Message:
    made = dns.message.make_response(dns.message.make_query("www.example.", "A", use_edns=0, want_dnssec=True))
    made.flags |= dns.flags.AA
    for name, kind, data in RECORDS:
        made.answer.append(dns.rrset.from_text(name, 60, "IN", kind, data))
    made.authority.append(dns.rrset.from_text("example.", 5, "IN", "NS", "ns.example."))
    made.additional.append(dns.rrset.from_text("ns.example.", 2**31 - 1, "IN", "A", "192.0.2.9"))
    return made


def test_codes_are_those_of_dnspython() -> None:
    assert {int(each): dns.rdatatype.to_text(each) for each in dns.rdatatype.RdataType if each} == TYPES
    assert {int(each): dns.rdataclass.to_text(each) for each in dns.rdataclass.RdataClass} == CLASSES
    assert {int(each): dns.rcode.to_text(each) for each in dns.rcode.Rcode}.items() <= RCODES.items()


def test_words_for_types_and_classes() -> None:
    assert [type_word(each) for each in ("mx", "TYPE65", "type4711", "www", "TYPE65536", "TYPE")] == [
        "MX", "HTTPS", "TYPE4711", None, None, None,
    ]  # fmt: skip
    assert [class_word(each) for each in ("in", "chaos", "CLASS7", "nope")] == ["IN", "CH", "CLASS7", None]
    assert type_number("TYPE4711") == 4711


def test_records_are_told_as_dnspython_tells_them() -> None:
    made = message()
    found = read_message(made.to_wire())
    said = [
        (section, rr.name, rr.ttl, rr.rclass, rr.type, text_of(found, rr))
        for section, rrs in (
            (Section.ANSWER, found.answer),
            (Section.AUTHORITY, found.authority),
            (Section.ADDITIONAL, found.additional),
        )
        for rr in rrs
    ]
    records = read_records(dns.message.from_wire(made.to_wire()))
    assert said == [tuple(getattr(record, each) for each in record.__struct_fields__) for record in records]
    assert (found.id, found.authoritative, found.truncated, found.rcode) == (made.id, True, False, 0)
    assert found.payload == 8192


def test_extended_response_code() -> None:
    made = dns.message.make_response(dns.message.make_query(".", "NS", use_edns=0))
    made.set_rcode(dns.rcode.BADCOOKIE)
    assert read_message(made.to_wire()).rcode == 23


@given(st.lists(labels, max_size=4))
def test_names_go_there_and_back(parts: list[bytes]) -> None:
    try:
        name = dns.name.Name([*parts, b""])
    except dns.name.NameTooLong:
        return
    wire = query(name.to_text(), "A", 7, 1232, dnssec=True)
    asked = dns.message.from_wire(wire)
    assert asked.question[0].name == name
    assert (asked.id, asked.flags, asked.ednsflags) == (7, 0, dns.flags.DO)
    made = dns.message.make_response(asked)
    made.answer.append(dns.rrset.from_text(name, 1, "IN", "A", "192.0.2.1"))
    found = read_message(made.to_wire())
    assert found.answer[0].name == name.canonicalize().to_text()
    assert mismatch(wire, made.to_wire()) is None
    if parts:
        assert parent(found.answer[0].name) == name.canonicalize().parent().to_text()
        assert is_within(found.answer[0].name, parent(found.answer[0].name))
        assert not is_within(parent(found.answer[0].name), found.answer[0].name)


def test_a_dot_inside_a_label_is_no_border() -> None:
    assert parent(r"a\.example.") == "."
    assert not is_within(r"a\.example.", "example.")
    assert not is_within("badexample.", "example.")
    assert is_within("www.example.", ".")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_reason(junk: bytes) -> None:
    wire = query("www.example.", "A", 0, 1232, dnssec=True)
    mismatch(wire, junk)
    try:
        found = read_message(junk)
        for rr in found.answer + found.authority + found.additional:
            text_of(found, rr)
    except ValueError as error:
        assert str(error)


@given(st.data())
def test_damaged_messages_are_a_message_or_a_reason(data: st.DataObject) -> None:
    wire = bytearray(message().to_wire())
    for _ in range(data.draw(st.integers(1, 6))):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read_message(bytes(wire))
        for rr in found.answer + found.authority + found.additional:
            text_of(found, rr)
    except ValueError as error:
        assert str(error)


def test_pointer_that_leads_to_itself() -> None:
    head = bytes.fromhex("000784000000000100000000")
    with pytest.raises(ValueError, match="loop"):
        read_message(head + b"\xc0\x0c" + bytes(10))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": 8}, "the wrong id 8"),
        ({"question": "other.example."}, "another question"),
        ({"kind": "AAAA"}, "another question"),
        ({"flags": 0}, "another question"),
        ({"bare": True}, "does not repeat the question"),
        ({"cut": 5}, "5 bytes that are no message"),
        ({"question": "WWW.Example."}, None),
    ],
)
def test_what_answers_a_question(change: dict[str, object], words: str | None) -> None:
    wire = query("www.example.", "A", 7, 1232, dnssec=False)
    asked = dns.message.make_query(str(change.get("question", "www.example.")), str(change.get("kind", "A")), id=7)
    made = dns.message.make_response(asked)
    made.id = int(str(change.get("id", 7)))
    made.flags = dns.flags.Flag(int(str(change.get("flags", int(made.flags)))))
    if "bare" in change:
        made.question = []
    found = mismatch(wire, made.to_wire()[: int(str(change.get("cut", 9999)))])
    assert (found is None) if words is None else (found is not None and words in found.words)
