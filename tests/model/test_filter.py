"""The filter language: what it accepts, what it means, and how it explains what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitop.model.filter import Filter, FilterError, Kind, Operand, compile_filter

KINDS = {
    "cpu": Kind.NUMBER,
    "pid": Kind.NUMBER,
    "state": Kind.TEXT,
    "user": Kind.TEXT,
    "command": Kind.TEXT,
    "rss": Kind.BYTES,
    "age": Kind.SECONDS,
    "rtt": Kind.MILLISECONDS,
    "kernel": Kind.FLAG,
    "remote": Kind.ADDRESS,
}
OPERANDS = {name: Operand(name, kind, lambda row, name=name: row.get(name)) for name, kind in KINDS.items()}
ROW = {
    "cpu": 50.0,
    "pid": 8080,
    "state": "D",
    "user": "pi",
    "command": "/usr/sbin/sshd -D",
    "rss": 200 << 20,
    "age": 3600.0,
    "rtt": 20.0,
    "kernel": False,
    "remote": "10.1.2.3",
}


def compiled(text: str) -> Filter[dict[str, Any]]:
    return compile_filter(text, OPERANDS, [OPERANDS["command"]])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "cpu>40 and state=D",
        "cpu>40 state=D",
        "cpu>=50",
        "cpu<=50%",
        "cpu!=51",
        "user=pi or command~nothing",
        "rss>100M",
        "rss=200MiB",
        "rss<0.5G",
        "age=1h",
        "age<61m",
        "rtt<0.1s",
        "not kernel",
        "kernel=no",
        "remote in 10.0.0.0/8",
        "remote=10.1.2.3",
        "pid in 22,80,8000-8999",
        "state in R,D",
        "sshd",
        "'sbin/sshd -D'",
        '"SBIN" or sshd',
        "command~^/usr/s?bin/ssh",
        'command~"sshd|nginx"',
        "command!~nginx",
        "not (cpu<3 or user=root)",
        "! kernel",
        "user = pi",
        "USER=pi",
        "cpu > 1 or cpu < 1 and state = X",
    ],
)
def test_matches(text: str) -> None:
    assert compiled(text)(ROW)


@pytest.mark.parametrize(
    "text",
    [
        "cpu<40",
        "state=d and state=D and cpu>51",
        "SSHD",
        "user=PI",
        "kernel",
        "remote in 192.168.0.0/16,10.2.0.0/16",
        "remote!=10.1.2.3",
        "pid in 22,80",
        "not sshd",
        "state!=D",
        "command~^sshd",
    ],
)
def test_does_not_match(text: str) -> None:
    assert not compiled(text)(ROW)


@pytest.mark.parametrize(
    "text", ["cpu>1", "cpu<1", "cpu!=1", "not cpu>1", "not cpu=unknown", "cpu in 1,2", "not (cpu>1 or cpu<1)"]
)
def test_unknown_is_neither_true_nor_false(text: str) -> None:
    assert not compiled(text)({"cpu": None, "command": "x"})


def test_unknown_can_be_asked_for_and_does_not_spoil_what_is_certain() -> None:
    row = {"cpu": None, "command": "x", "user": "pi"}
    assert compiled("cpu=unknown")(row)
    assert compiled("cpu>1 or user=pi")(row)
    assert not compiled("cpu>1 and user=pi")(row)
    assert compiled("cpu!=unknown")(ROW)


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("cpu>>", 4, "compared with a number"),
        ("rss>1X", 4, "512K"),
        ("foo=1", 0, "no field"),
        ("usr=pi", 0, "did you mean user?"),
        ("(cpu>1", 0, "never closed"),
        ("cpu>1)", 5, "never opened"),
        ('command~"a(b"', 10, "regular expression"),
        ("command~a[b", 9, "regular expression"),
        ("cpu>", 4, "missing"),
        ("cpu>1 or", 8, "missing"),
        ("and cpu>1", 0, "before it"),
        ("'abc", 0, "never closed"),
        ("cpu>'abc", 4, "missing"),
        ("state>D", 6, "is text"),
        ("cpu", 0, "is a field"),
        ("kernel=perhaps", 7, "yes or no"),
        ("remote=ten", 7, "not an address"),
        ("remote in 10.0.0.0/99", 10, "not an address or a network"),
        ("pid in 1,,2", 9, "empty place"),
        ("pid in 1-x", 9, "compared with"),
        ("=5", 0, "a field before it"),
        ("()", 1, "before this parenthesis"),
        ("(" * 60 + "sshd" + ")" * 60, 50, "deeply"),
        ("x" * 20_001, 20_000, "at most"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(text: str, position: int, words: str) -> None:
    with pytest.raises(FilterError) as caught:
        compiled(text)
    assert words in caught.value.message
    assert caught.value.position == position
    assert caught.value.caret().index("^") == position


def test_names_the_fields_it_reads() -> None:
    assert compiled("cpu>1 or not user=pi and sshd").keys == {"cpu", "user", "command"}


words = st.sampled_from(
    [
        *KINDS,
        "and",
        "or",
        "not",
        "in",
        "(",
        ")",
        ">",
        "=",
        "~",
        "!=",
        "1",
        "10M",
        "D",
        "'a b'",
        '"',
        "!",
        ",",
        "[",
        "10.0.0.0/8",
    ]
)


@given(
    st.one_of(
        st.text(max_size=80), st.lists(words, max_size=12).map(" ".join), st.lists(words, max_size=12).map("".join)
    )
)
def test_any_text_compiles_or_is_explained_within_itself(text: str) -> None:
    try:
        found = compiled(text)
    except FilterError as error:
        assert 0 <= error.position <= len(text)
        assert error.message
    else:
        assert found(ROW) in (True, False)
        assert found({}) in (True, False)


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=0, max_value=1e6), st.integers(0, 10**6))
def test_comparisons_are_those_of_numbers(value: float, limit: int) -> None:
    row = {"cpu": value}
    assert compiled(f"cpu>{limit}")(row) is (value > limit)
    assert compiled(f"cpu<={limit}")(row) is (value <= limit)
    assert compiled(f"not cpu={limit}")(row) is (value != limit)
