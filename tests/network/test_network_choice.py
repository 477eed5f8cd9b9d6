"""The routing decision, retraced, is the kernel's; and every loser says why."""

from __future__ import annotations

import random
import socket

import pytest

from pitop.kernel.network.links import interfaces
from pitop.kernel.network.routes import names_below, route_to, routes, rules
from pitop.kernel.network.rtnetlink import RouteSocket
from pitop.model.network.choice import Flow, choose
from pitop.model.network.rows import NextHop, Route, Rule
from tests.netlab import Lab


def _route(destination: str, *, table: str = "main", metric: int = 0, kind: str = "unicast", **more: object) -> Route:
    numbers = {"local": 255, "main": 254, "default": 253}
    family = socket.AF_INET6 if ":" in destination else socket.AF_INET
    fields = {
        "family": family,
        "table": table,
        "table_id": numbers.get(table, 77),
        "kind": kind,
        "destination": destination,
        "source_prefix": None,
        "tos": 0,
        "metric": metric,
        "scope": "global",
        "protocol": "boot",
        "source": None,
        "preference": None,
        "hops": (NextHop("10.0.0.1", "eth0"),),
    }
    return Route(**{**fields, **more})  # type: ignore[arg-type]


def _rule(priority: int, table: str = "main", action: str = "lookup", **more: object) -> Rule:
    numbers = {"local": 255, "main": 254, "default": 253}
    return Rule(
        family=socket.AF_INET,
        priority=priority,
        action=action,
        table=table,
        table_id=numbers.get(table, 77),
        **more,  # type: ignore[arg-type]
    )


USUAL = (_rule(0, "local"), _rule(32766, "main"), _rule(32767, "default"))


def _why(choice: object, route: Route) -> str:
    return next(each.why for each in choice.candidates if each.route == route)  # type: ignore[attr-defined]


def test_the_longest_prefix_wins_then_the_metric() -> None:
    wide, long_, dear = _route("default"), _route("10.1.0.0/16"), _route("10.1.0.0/16", metric=9)
    other = _route("10.2.0.0/16")
    found = choose(Flow(destination="10.1.2.3"), USUAL, (wide, dear, long_, other))
    assert found.route == long_
    assert [each.route for each in found.candidates] == [long_, dear, wide]
    assert _why(found, long_) == "its prefix of 16 bits is the longest that matches"
    assert _why(found, dear) == "metric 9, the winner 0: the lowest metric wins"
    assert _why(found, wide) == "matches 0 bits, the winner 16: the longest prefix wins"
    assert [step.why for step in found.steps] == ["table local has no answer", "table main answers"]


def test_a_dead_way_is_passed_over() -> None:
    dead = _route("10.1.0.0/16", hops=(NextHop("10.0.0.1", "eth0", 1, True),))
    found = choose(Flow(destination="10.1.2.3"), USUAL, (dead, _route("default")))
    assert found.route is not None
    assert found.route.destination == "default"
    assert _why(found, dead) == "its interface is down"


def test_an_earlier_rule_decides() -> None:
    vpn, usual = _route("default", table="77"), _route("10.1.2.3")
    found = choose(
        Flow(destination="10.1.2.3", source="10.9.9.9"), (*USUAL, _rule(100, "77", source="10.9.0.0/16")), (vpn, usual)
    )
    assert found.route == vpn
    assert _why(found, usual) == "table main is asked by rule 32766, and rule 100 decided before"
    without = choose(Flow(destination="10.1.2.3"), (*USUAL, _rule(100, "77", source="10.9.0.0/16")), (vpn, usual))
    assert without.route == usual
    assert without.steps[1].why == "is for sources in 10.9.0.0/16"


def test_throw_suppression_and_goto_ask_the_next_rule() -> None:
    throw = _route("10.1.0.0/16", table="77", kind="throw", hops=())
    usual = _route("default")
    assert choose(Flow(destination="10.1.2.3"), (*USUAL, _rule(5, "77")), (throw, usual)).route == usual
    vpn = _route("default", table="77")
    suppressing = (_rule(5, "main", suppress_prefix_length=0), _rule(6, "77"), *USUAL)
    found = choose(Flow(destination="10.1.2.3"), suppressing, (vpn, usual))
    assert found.route == vpn
    assert _why(found, usual) == "rule 5 takes no prefix of 0 bits or fewer from this table"
    jump = (_rule(1, "main", "goto", goto=50), _rule(5, "77"), *USUAL)
    found = choose(Flow(destination="10.1.2.3"), jump, (vpn, usual))
    assert found.route == usual
    assert "jumped over, to 50" in [step.why for step in found.steps]


def test_refusals() -> None:
    assert choose(Flow(destination="10.1.2.3"), USUAL, ()).refusal == "Network is unreachable"
    refused = _route("10.1.0.0/16", kind="prohibit", hops=())
    found = choose(Flow(destination="10.1.2.3"), USUAL, (refused, _route("default")))
    assert (found.refusal, found.route) == ("Permission denied", None)
    found = choose(Flow(destination="10.1.2.3"), (_rule(3, "main", "blackhole"), *USUAL), (_route("default"),))
    assert found.refusal == "Invalid argument"


def test_not_an_address() -> None:
    with pytest.raises(ValueError, match="example"):
        choose(Flow(destination="example.org"), USUAL, ())


@pytest.mark.parametrize("seed", range(6))
def test_random_tables_agree_with_the_kernel(lab: Lab, seed: int) -> None:
    chance = random.Random(seed)
    lab.add("a", "b")
    lab.link("a", "b", 1)
    commands = []
    for number in range(60):
        length = chance.choice([0, 8, 12, 16, 20, 24, 28, 31, 32])
        address = f"10.{chance.randrange(3)}.{chance.randrange(4)}.{chance.randrange(256)}"
        value = int.from_bytes(socket.inet_aton(address)) >> (32 - length) << (32 - length)
        where = f"{socket.inet_ntoa(value.to_bytes(4))}/{length}"
        table = chance.choice(["main", "main", "77", "78"])
        kind = chance.choice(["", "", "", "", "unreachable ", "prohibit ", "throw ", "blackhole "])
        way = "" if kind else f" via 10.9.1.{chance.randrange(2, 250)}"
        commands.append(f"route append {kind}{where}{way} table {table} metric {chance.randrange(3)}")
        if not number % 6:
            what = chance.choice(
                [
                    "lookup 77",
                    "lookup 78",
                    "lookup 77 suppress_prefixlength 16",
                    "to 10.1.0.0/16 lookup 78",
                    "not to 10.0.0.0/14 lookup 77",
                    "fwmark 0x1 lookup 78",
                    "to 10.2.3.0/24 unreachable",
                    "to 10.2.2.0/24 goto 32766",
                    "uidrange 1-5 lookup 77",
                    "iif a-b lookup 78",
                ]
            )
            commands.append(f"rule add {what} priority {chance.randrange(1, 30000)}")
    batch = lab.run("a", "sh", "-c", "printf '%b' \"$1\" | ip -force -batch -", "sh", "\\n".join(commands), check=False)
    assert "Error" not in batch.stderr
    with lab.inside("a"), RouteSocket() as route:
        names = {each.index: each.name for each in interfaces(route)}
        known = names_below()
        every, policy = routes(route, names, known), rules(route, known)
        for _ in range(80):
            target = f"10.{chance.randrange(4)}.{chance.randrange(5)}.{chance.randrange(256)}"
            mark = chance.randrange(2)
            found = choose(Flow(destination=target, mark=mark, uid=0), policy, every)
            ours = (found.route.gateway, found.route.table) if found.route is not None else found.refusal
            try:
                answer = route_to(route, target, names, known, mark=mark)
                theirs = (answer.gateway, answer.table)
            except OSError as error:
                theirs = error.strerror
            assert ours == theirs, target
