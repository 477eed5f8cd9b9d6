"""Does this row belong?"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from pitop.model.scope import (
    About,
    Flow,
    Kind,
    Life,
    Scope,
    ScopeError,
    about_process,
    emptiness,
    made_scope,
    members,
    of_flow,
    of_host,
    of_name,
    of_port,
    of_process,
    of_user,
    parse_scope,
    pid_scope,
    renewed,
    written,
)
from tests.tui.still import NOW, a_process

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
        ("pid:12+", (Kind.PROCESS, "12+")),
        ("user:pi", (Kind.USER, "pi")),
        ("host:2001:DB8::1", (Kind.HOST, "2001:db8::1")),
        ("port:53", (Kind.PORT, "53")),
        ("name:example.org", (Kind.NAME, "example.org")),
    ],
)
def test_parse(text: str, said: tuple[Kind, str]) -> None:
    assert parse_scope(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12",
        "pid:",
        "pid:x",
        "pid:+",
        "pid:1++",
        "port:5+",
        "port:0",
        "port:70000",
        "host:ten",
        "name:a b",
        "shoe:1",
        "flow:x",
    ],
)
def test_what_is_no_scope_is_explained(text: str) -> None:
    with pytest.raises(ScopeError):
        parse_scope(text)


# --- lives: a pid is somebody's from then to then


def lived(*lives: Life, **changes: Any) -> Scope:
    keys = frozenset(life.key for life in lives)
    return replace(of_process((7, 100), "wget"), members=keys, lives=lives, **changes)


def test_a_pid_alone_belongs_only_while_it_was_the_processs() -> None:
    scope = lived(Life((7, 100), 1000.0, 1060.0))

    def holds(time: float | None) -> bool | None:
        return scope.holds(About(pids=frozenset({7}), time=time))

    assert [holds(each) for each in (990.0, 1000.0, 1060.0, 1060.5, None)] == [False, True, True, False, False]
    living = lived(Life((7, 100), 1000.0))
    assert living.holds(About(pids=frozenset({7}))) is True
    assert living.holds(About(pids=frozenset({7}), time=900.0)) is False


def test_the_one_that_got_the_pid_again_never_belongs() -> None:
    wget = a_process(7, 1, "wget", start_time=NOW - 60)
    again = a_process(7, 1, "sshd", key=(7, 9999), start_time=NOW + 5)
    scope = renewed(of_process(wget.key, "wget"), (wget,), (), NOW)
    assert scope.ended_time is None
    scope = renewed(scope, (again,), (), NOW + 10)
    assert scope.ended_time == NOW + 10
    assert scope.holds(about_process(again.key, "root")) is False
    assert scope.holds(About(pids=frozenset({7}))) is False
    assert scope.holds(About(pids=frozenset({7}), time=NOW + 11)) is False
    assert scope.holds(About(pids=frozenset({7}), time=NOW)) is True
    assert renewed(scope, (again,), (), NOW + 20) is scope


def test_the_end_is_when_it_was_seen_to_be() -> None:
    wget = a_process(7, 1, "wget", start_time=NOW - 60)
    scope = renewed(of_process(wget.key, "wget"), (wget,), (), NOW)
    ended = a_process(7, 1, "wget", start_time=NOW - 60, ended_time=NOW + 2)
    scope = renewed(scope, (), (ended,), NOW + 3)
    assert scope.ended_time == NOW + 2
    assert emptiness(scope, NOW + 16) == "nothing is left here: wget (7) ended 14 s ago"
    assert emptiness(scope, NOW + 600).endswith("ended 9 min ago")
    assert emptiness(scope, NOW + 9000).endswith("ended 2 h ago")


def test_what_was_gone_before_anybody_looked_had_no_pid() -> None:
    scope = renewed(of_process((7, 100), "wget"), (), (), NOW)
    assert scope.ended_time == NOW
    assert scope.holds(About(pids=frozenset({7}), time=NOW)) is False


def test_a_subtree_has_ended_with_the_last_of_it() -> None:
    root, child = a_process(7, 1, "make"), a_process(8, 7, "cc")
    scope = renewed(of_process(root.key, "make", descendants=True), (root, child), (), NOW)
    assert scope.members == {root.key, child.key}
    scope = renewed(scope, (a_process(8, 1, "cc"),), (), NOW + 1)
    assert scope.ended_time is None
    assert emptiness(scope, NOW) == "nothing here belongs to make (7) and below"
    scope = renewed(scope, (), (), NOW + 2)
    assert scope.ended_time == NOW + 2


def test_a_users_rows_without_a_user_belong_by_their_process() -> None:
    scope = renewed(of_user("pi"), (a_process(7, 1, "sh", user="pi"), a_process(8, 1, "sh")), (), NOW)
    assert scope.holds(About(processes=frozenset({(7, 1007)}))) is True
    assert scope.holds(About(processes=frozenset({(8, 1008)}))) is False
    assert scope.holds(About(processes=frozenset({(8, 1008)}), users=frozenset({"pi"}))) is True
    assert scope.ended_time is None


def test_not_everybody_is_remembered_for_ever() -> None:
    scope = of_user("root")
    for turn in range(3):
        rows = [a_process(n, 1, "sh") for n in range(1 + 3000 * turn, 3001 + 3000 * turn)]
        scope = renewed(scope, rows, (), NOW + turn)
    assert len(scope.members) == len(scope.lives) == 4000
    assert {row.key for row in rows} <= scope.members
    many = [a_process(n, 1, "sh") for n in range(1, 6001)]
    scope = renewed(of_user("root"), many, (), NOW)
    assert len(scope.members) == 6000  # nobody who lives
    assert renewed(scope, many, (), NOW + 1) is scope


@pytest.mark.parametrize("text", ["pid:12", "pid:12+", "user:pi", "host:2001:db8::1", "port:53", "name:example.org"])
def test_what_is_written_is_read_again(text: str) -> None:
    kind, value = parse_scope(text)
    rows = (a_process(12, 1, "sh"),)
    scope = pid_scope(value, rows) if kind is Kind.PROCESS else made_scope(kind, value)
    assert written(scope) == text
    assert pid_scope("13", rows) is None


def test_a_child_that_ended_between_belongs_by_who_had_its_parents_pid_then() -> None:
    root = a_process(7, 1, "make")
    child = a_process(8, 7, "cc", ended_time=NOW)
    grandchild = a_process(9, 8, "as", ended_time=NOW)
    scope = renewed(of_process(root.key, "make", descendants=True), (root,), (grandchild, child), NOW)
    assert scope.members == {root.key, child.key, grandchild.key}
    again = a_process(7, 1, "sshd", key=(7, 5000))
    stranger = a_process(10, 7, "sh", key=(10, 6000), ended_time=NOW + 9)
    assert renewed(scope, (again,), (stranger, child, grandchild), NOW + 9).members == scope.members
