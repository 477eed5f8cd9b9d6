"""Does this row belong?"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from pitop.model.scope import (
    About,
    Flow,
    Kind,
    Scope,
    ScopeError,
    members,
    of_flow,
    of_host,
    of_name,
    of_port,
    of_process,
    of_user,
    parse_scope,
)

FLOW = Flow.between("tcp", ("10.0.0.2", 40000), ("10.0.0.1", 80))
FULL = About(
    processes=frozenset({(7, 100)}),
    users=frozenset({"pi"}),
    addresses=frozenset({"10.0.0.1", "10.0.0.2"}),
    ports=frozenset({40000, 80}),
    names=frozenset({"www.Example.org"}),
    flow=FLOW,
)


@pytest.mark.parametrize(
    ("scope", "belongs"),
    [
        (of_process((7, 100), "sh"), True),
        (of_process((7, 999), "sh"), False),
        (of_user("pi"), True),
        (of_user("root"), False),
        (of_host("10.0.0.1"), True),
        (of_host("10.0.0.3"), False),
        (of_port(80), True),
        (of_port(81), False),
        (of_name("example.org."), True),
        (of_name("ample.org"), False),
        (of_flow(Flow.between("tcp", ("10.0.0.1", 80), ("10.0.0.2", 40000))), True),
        (of_flow(Flow.between("udp", ("10.0.0.1", 80), ("10.0.0.2", 40000))), False),
    ],
)
def test_holds(scope: Scope, belongs: bool) -> None:
    assert scope.holds(FULL) is belongs
    assert scope.holds(About()) is None


def test_a_pid_alone_belongs_only_where_no_start_time_is_known() -> None:
    scope = of_process((7, 100), "sh")
    assert scope.holds(About(pids=frozenset({7}))) is True
    assert scope.holds(About(pids=frozenset())) is False
    assert scope.holds(About(processes=frozenset({(7, 5)}))) is False


class Row(NamedTuple):
    key: tuple[int, int]
    ppid: int

    @property
    def pid(self) -> int:
        return self.key[0]


def test_a_subtree_keeps_its_members_when_their_parents_end() -> None:
    rows = [Row((1, 0), 0), Row((2, 5), 1), Row((3, 6), 2), Row((4, 7), 3), Row((9, 9), 1)]
    known = members((2, 5), (), rows)
    assert known == {(2, 5), (3, 6), (4, 7)}
    left = [Row((1, 0), 0), Row((4, 7), 1), Row((8, 20), 4), Row((3, 30), 1)]  # pid 3 is somebody else's now
    assert members((2, 5), known, left) == {(2, 5), (3, 6), (4, 7), (8, 20)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pid:12", (Kind.PROCESS, "12")),
        ("user:pi", (Kind.USER, "pi")),
        ("host:2001:DB8::1", (Kind.HOST, "2001:db8::1")),
        ("port:53", (Kind.PORT, "53")),
        ("name:example.org", (Kind.NAME, "example.org")),
    ],
)
def test_parse(text: str, said: tuple[Kind, str]) -> None:
    assert parse_scope(text) == said


@pytest.mark.parametrize(
    "text", ["", "12", "pid:", "pid:x", "port:0", "port:70000", "host:ten", "name:a b", "shoe:1", "flow:x"]
)
def test_what_is_no_scope_is_explained(text: str) -> None:
    with pytest.raises(ScopeError):
        parse_scope(text)
