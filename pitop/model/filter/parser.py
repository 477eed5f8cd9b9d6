"""From an expression's text to the test of a row."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from pitop.model.filter.comparison import Token, compared, folded, matching, member
from pitop.model.filter.language import FilterError, Kind, Operand, Test

__all__ = ["Parser"]

R = TypeVar("R")

_DEEPEST = 50  # parentheses and nots inside each other

_TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<operator>!=|!~|<=|>=|==|=|<|>|~)
    |(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<word>[^\s()!<>=~"']+|!))""",
    re.X,
)
_VALUE = re.compile(r"\s*(?:(?P<quoted>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')|(?P<word>[^\s()]+))")


class Parser(Generic[R]):
    """Goes through an expression once; `keys` are those of the fields that it has come upon. Raises FilterError."""

    def __init__(self, text: str, operands: Mapping[str, Operand[R]], main: Sequence[Operand[R]]) -> None:
        self.source = text
        self.operands = operands
        self.main = main
        self.at = 0
        self.depth = 0
        self.keys: set[str] = set()

    def whole(self) -> Test[R]:
        """The test that the whole text asks for."""
        test = self.alternatives()
        rest = self.peek()
        if rest.kind == "close":
            raise FilterError("this parenthesis was never opened", rest.position)
        if rest.kind != "end":
            raise FilterError("not expected here", rest.position, rest.length)
        return test

    def peek(self) -> Token:
        match = _TOKEN.match(self.source, self.at)
        if match is None:
            rest = self.source[self.at :]
            start = self.at + len(rest) - len(rest.lstrip())
            if start >= len(self.source):
                return Token("end", "", len(self.source), 1)
            raise FilterError("this quote is never closed", start)
        kind = str(match.lastgroup)
        return Token(kind, match[kind], match.start(kind), len(match[kind]))

    def take(self) -> Token:
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

    def named(self, token: Token) -> Test[R]:
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
        needle = folded(word)

        def test(row: R) -> bool | None:
            return any((text := read(row)) is not None and needle(str(text)) for read in reads)

        return test

    def comparison(self, name: Token, operator: str) -> Test[R]:
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
        value = Token(kind, word, match.start(kind), len(match[kind]))
        self.keys.add(operand.key)
        if value.kind == "word" and word.lower() == "unknown" and operator in ("=", "==", "!="):
            return _unknown(operand.read, operator != "!=")
        tests = [self._test(each, operator, value) for each in (operand, *operand.others)]
        self.keys.update(each.key for each in operand.others)
        if len(tests) == 1:
            return tests[0]
        return _all(tests) if operator in ("!=", "!~") else _any(tests)

    @staticmethod
    def _test(operand: Operand[R], operator: str, value: Token) -> Test[R]:
        if operator in ("~", "!~"):
            return matching(operand.read, value, operator == "!~")
        if operator == "in":
            return member(operand, value)
        return compared(operand, operator, value)


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
