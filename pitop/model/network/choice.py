"""Which way a packet would go, and why the other ways lose: the kernel's routing decision, retraced.

Rules are asked by priority; each that matches asks one table; there the longest matching prefix wins, then the
type of service, then the lowest metric (fib_rules.c, fib_trie.c and ip6_fib.c in Linux).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Sequence

from msgspec import Struct

from pitop.model.network.rows import NextHop, Route, Rule

__all__ = ["Candidate", "Choice", "Flow", "RuleStep", "Way", "choose", "hop_words", "prefix"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# What connect(2) would say: EHOSTUNREACH of a route, but ENETUNREACH of a rule.
_REFUSALS = {"unreachable": "No route to host", "prohibit": "Permission denied", "blackhole": "Invalid argument"}
_RULE_REFUSALS = _REFUSALS | {"unreachable": "Network is unreachable"}


class Flow(Struct, frozen=True, kw_only=True):
    """What is to be sent, as far as routing looks at it. Without a source the kernel routes first, then picks one."""

    destination: str
    source: str | None = None
    tos: int = 0
    mark: int = 0
    uid: int | None = None
    output_interface: str | None = None
    protocol: int | None = None
    source_port: int | None = None
    destination_port: int | None = None

    @property
    def family(self) -> int:
        """AF_INET or AF_INET6."""
        return socket.AF_INET6 if ":" in self.destination else socket.AF_INET


class Candidate(Struct, frozen=True):
    """A route whose prefix holds the destination: does it win, and if not, why."""

    route: Route
    wins: bool
    why: str


class RuleStep(Struct, frozen=True):
    """One rule on the way: whether it matched, and what came of it."""

    rule: Rule
    matched: bool
    why: str


class Choice(Struct, frozen=True):
    """The decision. `route` is None where nothing answers or a rule refuses; `refusal` is then the kernel's error."""

    flow: Flow
    route: Route | None
    rule: Rule | None
    steps: tuple[RuleStep, ...]
    candidates: tuple[Candidate, ...]
    refusal: str | None


class Way(Struct, frozen=True, kw_only=True):
    """The whole answer to “which way would it go”: the kernel's own word, and the reasons.

    `gateway_mac` is the link layer address of the next machine (the gateway, or the destination itself on the link)
    and `neighbour_state` what the neighbour table says of it; None where it has not been asked for yet.
    """

    destination: str
    kind: str
    interface: str | None
    gateway: str | None
    source: str | None
    table: str | None
    mtu: int | None
    gateway_mac: str | None
    gateway_vendor: str | None
    neighbour_state: str | None
    refusal: str | None
    choice: Choice


def prefix(route: Route) -> Network:
    """The route's destination as a network."""
    if route.destination == "default":
        return ipaddress.ip_network("0.0.0.0/0" if route.family == socket.AF_INET else "::/0")
    return ipaddress.ip_network(route.destination, strict=False)


def choose(flow: Flow, rules: Sequence[Rule], routes: Iterable[Route]) -> Choice:
    """Retrace the decision for `flow`. Raises ValueError where its destination is not an address."""
    target = ipaddress.ip_address(flow.destination.partition("%")[0])
    family = flow.family
    tables: dict[int, list[tuple[int, Route]]] = {}
    for route in routes:
        if route.family == family and target in (network := prefix(route)):
            tables.setdefault(route.table_id, []).append((network.prefixlen, route))
    steps: list[RuleStep] = []
    candidates: list[Candidate] = []
    asked: set[int] = set()
    least = 0
    winner: tuple[Route | None, Rule, str | None] | None = None
    for rule in sorted((each for each in rules if each.family == family), key=lambda each: each.priority):
        if winner is not None:
            _beaten_by_rule(rule, winner[1], tables, asked, candidates)
            continue
        if rule.priority < least:
            steps.append(RuleStep(rule, False, f"jumped over, to {least}"))
            continue
        mismatch = _mismatch(rule, flow)
        if mismatch is not None:
            steps.append(RuleStep(rule, False, mismatch))
            continue
        if rule.action == "goto":
            least = rule.goto or 0
            steps.append(RuleStep(rule, True, f"goes on at rule {least}"))
        elif rule.action == "nop":
            steps.append(RuleStep(rule, True, "does nothing"))
        elif rule.action in _RULE_REFUSALS:
            steps.append(RuleStep(rule, True, f"refuses: {_RULE_REFUSALS[rule.action]}"))
            winner = (None, rule, _RULE_REFUSALS[rule.action])
        else:
            asked.add(rule.table_id)
            answer = _lookup(flow, tables.get(rule.table_id, []), candidates, rule)
            if answer is None:
                steps.append(RuleStep(rule, True, f"table {rule.table} has no answer"))
            elif answer.kind in _REFUSALS:
                steps.append(RuleStep(rule, True, f"table {rule.table} refuses: {_REFUSALS[answer.kind]}"))
                winner = (answer, rule, _REFUSALS[answer.kind])
            else:
                steps.append(RuleStep(rule, True, f"table {rule.table} answers"))
                winner = (answer, rule, None)
    if winner is None:
        return Choice(flow, None, None, tuple(steps), tuple(candidates), "Network is unreachable")
    answer, rule, refusal = winner
    return Choice(flow, None if refusal else answer, rule, tuple(steps), tuple(candidates), refusal)


def _mismatch(rule: Rule, flow: Flow) -> str | None:
    """Why the rule does not apply, None when it does; a rule with `not` applies when its selectors do not."""
    why = _selector_against(rule, flow)
    if rule.inverted:
        return "its selectors match, and it says not" if why is None else None
    return why


def _selector_against(rule: Rule, flow: Flow) -> str | None:
    if rule.destination is not None and not _within(flow.destination, rule.destination, rule.family):
        return f"is for destinations in {rule.destination}"
    if rule.source is not None and not _within(flow.source, rule.source, rule.family):
        return f"is for sources in {rule.source}"
    if rule.input_interface not in (None, "lo"):
        return f"is for packets that come in by {rule.input_interface}"
    if rule.output_interface is not None and rule.output_interface != flow.output_interface:
        return f"is for sockets bound to {rule.output_interface}"
    if (rule.mark is not None or rule.mark_mask != 0xFFFFFFFF) and (flow.mark ^ (rule.mark or 0)) & rule.mark_mask:
        return f"is for mark {rule.mark or 0:#x}"
    if rule.tos and rule.tos != flow.tos:
        return f"is for type of service {rule.tos:#x}"
    if rule.users is not None and (flow.uid is None or not rule.users[0] <= flow.uid <= rule.users[1]):
        return f"is for users {rule.users[0]} to {rule.users[1]}"
    if rule.protocol is not None and rule.protocol != flow.protocol:
        return f"is for IP protocol {rule.protocol}"
    for wanted, port, name in (
        (rule.source_ports, flow.source_port, "source"),
        (rule.destination_ports, flow.destination_port, "destination"),
    ):
        if wanted is not None and (port is None or not wanted[0] <= port <= wanted[1]):
            return f"is for {name} ports {wanted[0]} to {wanted[1]}"
    return None


def _within(address: str | None, network: str, family: int) -> bool:
    if network == "default":
        return True
    unset = "0.0.0.0" if family == socket.AF_INET else "::"
    known = ipaddress.ip_address((address or unset).partition("%")[0])
    return known in ipaddress.ip_network(network, strict=False)


def _lookup(flow: Flow, matching: list[tuple[int, Route]], candidates: list[Candidate], rule: Rule) -> Route | None:
    """The table's answer; every matching route is put down with its reason. None where the next rule is asked."""
    ranked = sorted(matching, key=lambda each: (-each[0], -each[1].tos, each[1].metric))
    best: tuple[int, Route] | None = None
    for length, route in ranked:
        why = _unusable(route, flow)
        if why is None and best is None:
            best = (length, route)
        elif best is not None:
            why = _beaten(length, route, *best)
        if best is None or route is not best[1]:
            candidates.append(Candidate(route, False, why or ""))
            continue
        suppressed = rule.suppress_prefix_length
        if route.kind == "throw":
            why = "throws the question to the next rule"
        elif suppressed is not None and length <= suppressed and route.kind not in _REFUSALS:
            why = f"rule {rule.priority} takes no prefix of {suppressed} bits or fewer from this table"
        candidates.append(Candidate(route, why is None, why or _won(length, len(ranked))))
    if best is None:
        return None
    length, route = best
    thrown = route.kind == "throw"
    if not thrown and rule.suppress_prefix_length is not None and route.kind not in _REFUSALS:
        thrown = length <= rule.suppress_prefix_length
    return None if thrown else route


def _won(length: int, rivals: int) -> str:
    bits = f"its prefix of {length} bits" if length else "the default route"
    return f"{bits} is the longest that matches" if rivals > 1 else f"{bits} is the only one that matches"


def _unusable(route: Route, flow: Flow) -> str | None:
    if route.tos and route.tos != flow.tos:
        return f"is for type of service {route.tos:#x}"
    if route.hops and all(hop.dead for hop in route.hops):
        return "its interface is down"
    bound = flow.output_interface
    if bound is not None and route.hops and not any(hop.interface == bound for hop in route.hops):
        return f"does not leave by {bound}"
    if route.source_prefix is not None and not _within(flow.source, route.source_prefix, route.family):
        return f"is for sources in {route.source_prefix}"
    return None


def _beaten(length: int, route: Route, best_length: int, best: Route) -> str:
    if length < best_length:
        return f"matches {length} bits, the winner {best_length}: the longest prefix wins"
    if route.tos != best.tos:
        return "the winner is for exactly this type of service"
    if route.metric > best.metric:
        return f"metric {route.metric}, the winner {best.metric}: the lowest metric wins"
    return "the same prefix and metric: the one that was there first wins"


def _beaten_by_rule(
    rule: Rule,
    winner: Rule,
    tables: dict[int, list[tuple[int, Route]]],
    asked: set[int],
    candidates: list[Candidate],
) -> None:
    """What later rules would have found is never looked at."""
    if rule.action != "lookup" or rule.table_id in asked:
        return
    asked.add(rule.table_id)
    for _, route in sorted(tables.get(rule.table_id, []), key=lambda each: (-each[0], each[1].metric)):
        why = f"table {rule.table} is asked by rule {rule.priority}, and rule {winner.priority} decided before"
        candidates.append(Candidate(route, False, why))


def hop_words(hop: NextHop) -> str:
    """`via 10.0.0.1 dev eth0`."""
    via = f"via {hop.gateway} " if hop.gateway is not None else ""
    return f"{via}dev {hop.interface}"
