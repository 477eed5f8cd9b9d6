"""The filter language, one for all panes and commands.

    cpu>40 and state=D            user=pi or command~sshd           not kernel
    rss>100M                      remote in 10.0.0.0/8              port in 22,80,8000-8999

`and` may be left out; `or` binds weaker, `not` and parentheses as expected. A word alone matches the row's main
text; the name of a yes-or-no field alone asks whether it is set. `~` is a regular expression anywhere in the
text. Letters match either case unless the value has capitals. Sizes take K, M, G, T (powers of 1,024), times ms,
s, m, h, d. What is unknown is neither true nor false (Kleene's three values): it is shown by no comparison, nor
by its opposite; `field=unknown` asks for it.
"""

from __future__ import annotations

import difflib
import enum
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar

__all__ = ["Filter", "FilterError", "Kind", "Operand", "compile_filter"]

R = TypeVar("R")
Test = Callable[[R], bool | None]

_LONGEST = 20_000  # characters of an expression; a scope may name many processes
_DEEPEST = 50  # parentheses and nots inside each other
_TEXT_LIMIT = 4096  # characters of a row's text that a regular expression looks at


class Kind(enum.Enum):
    """How a field's values compare and how a value is written in an expression."""

    TEXT = "text"
    NUMBER = "a number"
    BYTES = "a size"
    SECONDS = "a time"
    MILLISECONDS = "a time in ms"
    FLAG = "yes or no"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Operand(Generic[R]):
    """One field that an expression may name: its key, its kind, and how to read it from a row.

    `others` are fields that answer to the same name: a comparison holds when it does for one of them (`port=80` for
    either side of a packet), one with `!=` or `!~` when it does for all.
    """

    key: str
    kind: Kind
    read: Callable[[R], Any]
    others: tuple[Operand[R], ...] = ()


class FilterError(ValueError):
    """A wrong expression: what is wrong, and where (`position` and `length` in characters)."""

    def __init__(self, message: str, position: int, length: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.length = max(1, length)

    def caret(self) -> str:
        """Carets to stand under the expression."""
        return " " * self.position + "^" * self.length


@dataclass(frozen=True, slots=True)
class Filter(Generic[R]):
    """A compiled expression: its text, the test, and the keys of the fields that it reads."""

    text: str
    test: Test[R]
    keys: frozenset[str]

    def __call__(self, row: R) -> bool:
        return self.test(row) is True


class _Token(NamedTuple):
    kind: str  # word, quoted, operator, open, close, end
    text: str
    position: int
    length: int


_TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<operator>!=|!~|<=|>=|==|=|<|>|~)
    |(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<word>[^\s()!<>=~"']+|!))""",
    re.X,
)
_VALUE = re.compile(r"\s*(?:(?P<quoted>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')|(?P<word>[^\s()]+))")


def compile_filter(text: str, operands: Mapping[str, Operand[R]], main: Sequence[Operand[R]]) -> Filter[R]:
    """Compile `text`; `operands` are the fields by every name they answer to, `main` what a lone word matches.

    Raises FilterError with the place. An empty text matches every row.
    """
    if len(text) > _LONGEST:
        raise FilterError(f"an expression has at most {_LONGEST} characters", _LONGEST)
    if not text.strip():
        return Filter(text, _always, frozenset())
    parser = _Parser(text, operands, main)
    test = parser.alternatives()
    rest = parser.peek()
    if rest.kind == "close":
        raise FilterError("this parenthesis was never opened", rest.position)
    if rest.kind != "end":
        raise FilterError("not expected here", rest.position, rest.length)
    return Filter(text, test, frozenset(parser.keys))


def _always(row: Any) -> bool | None:
    return True


class _Parser(Generic[R]):
    def __init__(self, text: str, operands: Mapping[str, Operand[R]], main: Sequence[Operand[R]]) -> None:
        self.source = text
        self.operands = operands
        self.main = main
        self.at = 0
        self.depth = 0
        self.keys: set[str] = set()

    def peek(self) -> _Token:
        match = _TOKEN.match(self.source, self.at)
        if match is None:
            rest = self.source[self.at :]
            start = self.at + len(rest) - len(rest.lstrip())
            if start >= len(self.source):
                return _Token("end", "", len(self.source), 1)
            raise FilterError("this quote is never closed", start)
        kind = str(match.lastgroup)
        return _Token(kind, match[kind], match.start(kind), len(match[kind]))

    def take(self) -> _Token:
        token = self.peek()
        self.at = token.position + (token.length if token.kind != "end" else 0)
        return token

    def keyword(self, word: str) -> bool:
        token = self.peek()
        if token.kind == "word" and token.text.lower() == word:
            self.take()
            return True
        return False

    def alternatives(self) -> Test[R]:
        tests = [self.conjunction()]
        while self.keyword("or"):
            tests.append(self.conjunction())
        return tests[0] if len(tests) == 1 else _any(tests)

    def conjunction(self) -> Test[R]:
        tests = [self.negation()]
        while True:
            if self.keyword("and"):
                tests.append(self.negation())
                continue
            token = self.peek()
            if token.kind in ("end", "close") or (token.kind == "word" and token.text.lower() == "or"):
                return tests[0] if len(tests) == 1 else _all(tests)
            tests.append(self.negation())

    def negation(self) -> Test[R]:
        token = self.peek()
        self.depth += 1
        if self.depth > _DEEPEST:
            raise FilterError("nested too deeply", token.position)
        try:
            if self.keyword("not") or self.keyword("!"):
                return _not(self.negation())
            return self.primary()
        finally:
            self.depth -= 1

    def primary(self) -> Test[R]:
        token = self.take()
        match token.kind:
            case "open":
                test = self.alternatives()
                if self.peek().kind != "close":
                    raise FilterError("this parenthesis is never closed", token.position)
                self.take()
                return test
            case "quoted":
                return self.bare(_unquote(token.text))
            case "word":
                if token.text.lower() in ("and", "or", "in"):
                    raise FilterError(f"“{token.text}” needs something before it", token.position, token.length)
                return self.named(token)
            case "end":
                raise FilterError("something is missing here", token.position)
            case "close":
                raise FilterError("nothing stands before this parenthesis", token.position)
        raise FilterError("a comparison needs a field before it", token.position, token.length)

    def named(self, token: _Token) -> Test[R]:
        operand = self.operands.get(token.text.lower())
        following = self.peek()
        if following.kind == "operator":
            self.take()
            return self.comparison(token, following.text)
        if following.kind == "word" and following.text.lower() == "in" and operand is not None:
            self.take()
            return self.comparison(token, "in")
        if operand is not None and operand.kind is Kind.FLAG:
            self.keys.add(operand.key)
            return _flag(operand.read)
        if operand is not None:
            message = f"“{token.text}” is a field: compare it with something, or quote it to look for the word"
            raise FilterError(message, token.position, token.length)
        return self.bare(token.text)

    def bare(self, word: str) -> Test[R]:
        self.keys.update(each.key for each in self.main)
        reads = [each.read for each in self.main]
        needle = _folded(word)

        def test(row: R) -> bool | None:
            return any((text := read(row)) is not None and needle(str(text)) for read in reads)

        return test

    def comparison(self, name: _Token, operator: str) -> Test[R]:
        operand = self.operands.get(name.text.lower())
        if operand is None:
            near = difflib.get_close_matches(name.text.lower(), list(self.operands), 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise FilterError(f"there is no field “{name.text}” here{hint}", name.position, name.length)
        match = _VALUE.match(self.source, self.at)
        if match is None or (match["word"] is not None and match["word"][0] in "\"'"):
            raise FilterError("a value is missing here", min(self.at, len(self.source)))
        self.at = match.end()
        kind = str(match.lastgroup)
        word = match[kind] if kind == "word" else _unquote(match[kind])
        value = _Token(kind, word, match.start(kind), len(match[kind]))
        self.keys.add(operand.key)
        if value.kind == "word" and word.lower() == "unknown" and operator in ("=", "==", "!="):
            return _unknown(operand.read, operator != "!=")
        tests = [self._test(each, operator, value) for each in (operand, *operand.others)]
        self.keys.update(each.key for each in operand.others)
        if len(tests) == 1:
            return tests[0]
        return _all(tests) if operator in ("!=", "!~") else _any(tests)

    @staticmethod
    def _test(operand: Operand[R], operator: str, value: _Token) -> Test[R]:
        if operator in ("~", "!~"):
            return _matching(operand.read, value, operator == "!~")
        if operator == "in":
            return _member(operand, value)
        return _compared(operand, operator, value)


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _any(tests: Sequence[Test[R]]) -> Test[R]:
    def test(row: R) -> bool | None:
        result: bool | None = False
        for each in tests:
            said = each(row)
            if said:
                return True
            if said is None:
                result = None
        return result

    return test


def _all(tests: Sequence[Test[R]]) -> Test[R]:
    def test(row: R) -> bool | None:
        result: bool | None = True
        for each in tests:
            said = each(row)
            if said is False:
                return False
            if said is None:
                result = None
        return result

    return test


def _not(inner: Test[R]) -> Test[R]:
    def test(row: R) -> bool | None:
        said = inner(row)
        return None if said is None else not said

    return test


def _flag(read: Callable[[R], Any]) -> Test[R]:
    def test(row: R) -> bool | None:
        value = read(row)
        return None if value is None else bool(value)

    return test


def _unknown(read: Callable[[R], Any], wanted: bool) -> Test[R]:
    return lambda row: (read(row) is None) is wanted


def _folded(word: str) -> Callable[[str], bool]:
    """Whether a text holds `word`, in either case unless `word` has capitals."""
    if word != word.lower():
        return lambda text: word in text
    return lambda text: word in text.lower()


def _matching(read: Callable[[R], Any], value: _Token, negated: bool) -> Test[R]:
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


def _compared(operand: Operand[R], operator: str, value: _Token) -> Test[R]:
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


def _member(operand: Operand[R], value: _Token) -> Test[R]:
    """`in`: one of a list; for numbers also ranges `8000-8999`, for addresses also networks."""
    tests: list[Callable[[Any], bool]] = []
    at = value.position + (1 if value.kind == "quoted" else 0)
    for part in value.text.split(","):
        piece = _Token("word", part, at, max(1, len(part)))
        at += len(part) + 1
        if not part:
            raise FilterError("the list has an empty place", piece.position)
        tests.append(_one_of(operand, piece))
    read = operand.read

    def test(row: R) -> bool | None:
        known = read(row)
        return None if known is None else any(each(known) for each in tests)

    return test


def _one_of(operand: Operand[R], piece: _Token) -> Callable[[Any], bool]:
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


def _parsed(operand: Operand[R], value: _Token) -> Any:
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
