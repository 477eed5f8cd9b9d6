"""The way out: route and gateway."""

from __future__ import annotations

from collections.abc import Sequence

from pitop.model.network.choice import Way
from pitop.model.network.rows import Lease, Neighbour, Route
from pitop.model.path.diagnosis.step import Step

__all__ = ["default_route", "gateway_step", "route_step"]


def default_route(routes: Sequence[Route], family: int) -> Route | None:
    """The default route of the main table with the lowest metric."""
    found = [
        each
        for each in routes
        if each.family == family and each.destination == "default" and each.table == "main" and each.hops
    ]
    return min(found, key=lambda each: each.metric, default=None)


def route_step(way: Way | None, target: str, default: Route | None) -> Step:
    """Is there a way at all? Without an address to go to yet (`way` None) a default route will do."""
    tried = f"asked the kernel for the way to {target}" if way is not None else "looked for a default route"
    if way is None and default is not None:
        return Step(name="route", outcome="ok", tried=tried, came=f"default via {default.gateway or default.interface}")
    if way is not None and way.refusal is None:
        via = f"via {way.gateway} " if way.gateway is not None else ""
        return Step(name="route", outcome="ok", tried=tried, came=f"{way.destination} {via}dev {way.interface}")
    if way is not None and way.choice.rule is not None:
        rule = way.choice.rule
        return Step(
            name="route",
            outcome="failed",
            tried=tried,
            came=f"refused: {way.refusal}",
            fault="route-refused",
            cause=f"A route or rule (priority {rule.priority}, table {rule.table}) forbids this destination.",
            advice=f"See which one: pitop network --route-to {target}.",
        )
    return Step(
        name="route",
        outcome="failed",
        tried=tried,
        came=way.refusal or "Network is unreachable" if way is not None else "there is none",
        fault="route-missing",
        cause=f"No route leads to {target}" + (" and there is no default route." if default is None else "."),
        advice="Add one: ip route add default via GATEWAY; with DHCP, see whether the lease names a router.",
    )


def gateway_step(
    gateway: str,
    interface: str,
    before: Neighbour | None,
    after: Neighbour | None,
    echo_ms: float | None,
    lease: Lease | None,
    echo_allowed: bool = True,
    fresh: bool = True,
) -> Step:
    """Does the gateway have a MAC address, and answer? `before` and `after` are its entries around the echo.

    `fresh` says that `after` was confirmed meanwhile, and is not remembered from before.
    """
    tried = f"sent an echo to {gateway} and looked into the neighbour table of {interface}"
    mac = after.mac if after is not None else None
    if echo_ms is not None:
        where = f"is at {mac} and " if mac is not None else ""
        return Step(name="gateway", outcome="ok", tried=tried, came=f"{gateway} {where}answers", time_ms=echo_ms)
    if mac is not None and after is not None and after.state in ("REACHABLE", "PERMANENT"):
        why = "does not answer echoes" if echo_allowed else "was not sent an echo (not permitted)"
        came = f"{gateway} is at {mac}, and {why}"
        if fresh or not echo_allowed:
            doubt = "" if fresh else "gateway-unproved"
            return Step(name="gateway", outcome="ok", tried=tried, came=came, fault=doubt)
        return Step(
            name="gateway",
            outcome="warning",
            tried=tried,
            came=came,
            fault="gateway-silent",
            cause="The gateway fell silent within the last half minute, or never answers echoes.",
            advice="Look at it again in a minute, or as root, who can have the kernel check at once.",
        )
    came = f"nobody answers for {gateway} on {interface}"
    if lease is not None and lease.routers and gateway not in lease.routers:
        return Step(
            name="gateway",
            outcome="failed",
            tried=tried,
            came=came,
            fault="wrong-gateway",
            cause=f"The route goes to {gateway}, but the lease names {lease.routers[0]} as the router.",
            advice=f"Correct the route: ip route replace default via {lease.routers[0]} dev {interface}.",
        )
    if before is not None and before.mac is not None:
        return Step(
            name="gateway",
            outcome="failed",
            tried=tried,
            came=came,
            fault="gateway-dead",
            cause=f"The gateway was there before, at {before.mac}, and has fallen silent: it is off or unplugged.",
            advice="Look at the router: power, cable to the switch, its own link lights.",
        )
    return Step(
        name="gateway",
        outcome="failed",
        tried=tried,
        came=came,
        fault="wrong-gateway",
        cause=f"No machine on {interface} has the address {gateway}: the route names a wrong gateway, or it is off.",
        advice=f"Compare with the router's own address; see who is there: pitop network, neighbours of {interface}.",
    )
