"""What DNS messages carry, however they are made."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from pitop.model.packets.spoken import answered_addresses, dns_question

QUESTION = b"\x03www\x07example\x00\x00\x01\x00\x01"


def message(*answers: bytes, flags: bytes = b"\x84\x00", counted: int | None = None) -> bytes:
    count = len(answers) if counted is None else counted
    return b"\x12\x34" + flags + b"\0\1" + count.to_bytes(2, "big") + bytes(4) + QUESTION + b"".join(answers)


def record(kind: int, data: bytes, name: bytes = b"\xc0\x0c") -> bytes:
    return name + kind.to_bytes(2, "big") + b"\0\1\0\0\0\x3c" + len(data).to_bytes(2, "big") + data


def test_the_addresses_of_an_answer_behind_its_aliases() -> None:
    four, six = bytes([192, 0, 2, 7]), bytes(15) + b"\1"
    alias = record(5, b"\x03cdn\xc0\x10")
    assert answered_addresses(message(alias, record(1, four, b"\xc0\x29"), record(28, six))) == (four, six)
    assert answered_addresses(message(record(1, four), flags=b"\1\0")) == ()  # a question has none
    assert answered_addresses(message(record(1, six), record(28, four), record(16, four))) == ()
    assert answered_addresses(message(record(1, four), counted=9)) == (four,)
    assert answered_addresses(message(record(1, four))[:-1]) == ()


@given(st.binary(max_size=200))
@example(b"\0\0\x80\0\xff\xff\xff\xff" + bytes(4) + b"\xc0\x0c" * 40)
def test_any_bytes_are_read_to_their_end_at_most(data: bytes) -> None:
    dns_question(data)
    assert all(len(each) in (4, 16) for each in answered_addresses(data))
    assert len(answered_addresses(message(flags=b"\x80\0", counted=65535) + data)) <= len(data) // 4 + 1
