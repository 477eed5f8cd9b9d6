"""One field compared with one value."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from pitop.model.filter.language import FilterError, Kind, Operand, Test

__all__ = ["Token", "compared", "folded", "matching", "member"]

R = TypeVar("R")

_TEXT_LIMIT = 4096  # characters of a row's text that a regular expression looks at


class Token(NamedTuple):
    """A piece of an expression, and where it stands in characters."""

    kind: str  # word, quoted, operator, open, close, end
    text: str
    position: int
    length: int


def folded(word: str) -> Callable[[str], bool]:
    """Whether a text holds `word`, in either case unless `word` has capitals."""
    if word != word.lower():
        return lambda text: word in text
    return lambda text: word in text.lower()


def matching(read: Callable[[R], Any], value: Token, negated: bool) -> Test[R]:
    """`~` and `!~`: a regular expression somewhere in the text."""
    try:
        pattern = re.compile(value.text, re.I if value.text == value.text.lower() else 0)
    except (re.error, OverflowError, RecursionError) as error:
        at = getattr(error, "pos", None) or 0
        quote = 1 if value.kind == "quoted" else 0
        message = f"not a regular expression: {getattr(error, 'msg', error)}"
        raise FilterError(message, value.position + min(at, len(value.text) - 1) + quote) from None
    search = pattern.search

    def test(row: R) -> bool | None:
        text = read(row)
        return None if text is None else (search(str(text)[:_TEXT_LIMIT]) is not None) is not negated

    return test


def compared(operand: Operand[R], operator: str, value: Token) -> Test[R]:
    """`=`, `!=`, `<` and the like."""
    read = operand.read
    if operand.kind is Kind.TEXT:
        if operator not in ("=", "==", "!="):
            raise FilterError(f"{operand.key} is text: use = != ~ !~ or in", value.position, value.length)
        same = _same_text(value.text)
        wanted = operator != "!="

        def test_text(row: R) -> bool | None:
            text = read(row)
            return None if text is None else same(str(text)) is wanted

        return test_text
    if operand.kind is Kind.ADDRESS and operator not in ("=", "==", "!="):
        raise FilterError(f"{operand.key} is an address: use = != or in", value.position, value.length)
    parse = _address if operand.kind is Kind.ADDRESS else float
    limit = _parsed(operand, value)
    compare = _COMPARE[operator]

    def test(row: R) -> bool | None:
        number = read(row)
        if number is None:
            return None
        known = parse(number)
        return None if known is None else compare(known, limit)

    return test


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _same_text(word: str) -> Callable[[str], bool]:
    if word != word.lower():
        return lambda text: text == word
    return lambda text: text.lower() == word


def member(operand: Operand[R], value: Token) -> Test[R]:
    """`in`: one of a list; for numbers also ranges `8000-8999`, for addresses also networks."""
    tests: list[Callable[[Any], bool]] = []
    at = value.position + (1 if value.kind == "quoted" else 0)
    for part in value.text.split(","):
        piece = Token("word", part, at, max(1, len(part)))
        at += len(part) + 1
        if not part:
            raise FilterError("the list has an empty place", piece.position)
        tests.append(_one_of(operand, piece))
    read = operand.read

    def test(row: R) -> bool | None:
        known = read(row)
        return None if known is None else any(each(known) for each in tests)

    return test


def _one_of(operand: Operand[R], piece: Token) -> Callable[[Any], bool]:
    if operand.kind is Kind.TEXT:
        same = _same_text(piece.text)
        return lambda known: same(str(known))
    if operand.kind is Kind.ADDRESS:
        try:
            network = ipaddress.ip_network(piece.text, strict=False)
        except ValueError:
            raise FilterError("not an address or a network such as 10.0.0.0/8", piece.position, piece.length) from None
        return lambda known: (address := _address(known)) is not None and address in network
    low, dash, high = piece.text.partition("-")
    if not dash or not low:
        exact = _parsed(operand, piece)
        return lambda known: bool(float(known) == exact)
    least = _parsed(operand, piece._replace(text=low, length=len(low)))
    most = _parsed(operand, piece._replace(text=high, position=piece.position + len(low) + 1, length=len(high)))
    return lambda known: bool(least <= float(known) <= most)


@lru_cache(8192)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that `text` writes, or None where it is a word such as `*`."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


_NUMBER = re.compile(r"([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)\s*([a-z%]*)", re.I)
_SCALES: dict[Kind, dict[str, float]] = {
    Kind.NUMBER: {"": 1, "%": 1, "k": 1e3, "m": 1e6, "g": 1e9},
    Kind.BYTES: {"": 1, "b": 1}
    | {letter + tail: 1024.0**power for power, letter in enumerate("kmgtp", 1) for tail in ("", "b", "ib")},
    Kind.SECONDS: {"": 1, "s": 1, "ms": 1e-3, "m": 60, "min": 60, "h": 3600, "d": 86400},
    Kind.MILLISECONDS: {"": 1, "ms": 1, "us": 1e-3, "s": 1e3, "m": 60e3, "h": 3600e3},
}
_EXAMPLES = {
    Kind.NUMBER: "40 or 2k",
    Kind.BYTES: "512K, 100M or 2G",
    Kind.SECONDS: "90s, 5m or 2h",
    Kind.MILLISECONDS: "20ms or 1.5s",
}


def _parsed(operand: Operand[R], value: Token) -> Any:
    """The value of a comparison in the field's own unit. Raises FilterError."""
    word = value.text
    if operand.kind is Kind.FLAG:
        if word.lower() in ("yes", "true", "on", "1"):
            return 1.0
        if word.lower() in ("no", "false", "off", "0"):
            return 0.0
        raise FilterError(f"{operand.key} is yes or no", value.position, value.length)
    if operand.kind is Kind.ADDRESS:
        address = _address(word)
        if address is None:
            raise FilterError("not an address; for a network write “in 10.0.0.0/8”", value.position, value.length)
        return address
    match = _NUMBER.fullmatch(word)
    scale = None if match is None else _SCALES[operand.kind].get(match[2].lower())
    if match is None or scale is None:
        raise FilterError(
            f"{operand.key} is compared with {operand.kind.value}: {_EXAMPLES[operand.kind]}",
            value.position,
            value.length,
        )
    return float(match[1]) * scale
