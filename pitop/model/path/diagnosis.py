"""From facts to sentences: is this step well, and if not, what is the likely cause and what to do next.

link → address → lease → route → gateway → name servers → name → path → port
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping, Sequence

from msgspec import Struct

from pitop.model.network.choice import Way
from pitop.model.network.rows import Address, Interface, Lease, Neighbour, Route

__all__ = [
    "ServerFact",
    "Step",
    "address_step",
    "default_route",
    "families_of",
    "gateway_step",
    "lease_step",
    "link_step",
    "name_step",
    "nameserver_step",
    "path_step",
    "port_step",
    "route_step",
]


class Step(Struct, frozen=True, kw_only=True):
    """One thing that was looked at.

    `outcome`: `ok`; `failed`, nothing behind it can work; `warning`, odd but not in the way; `skipped`, not needed.
    `fault` names what is broken (or in doubt) in a word, "" where nothing is; `cause` and `advice` are a sentence each.
    """

    name: str
    outcome: str
    tried: str
    came: str
    time_ms: float | None = None
    fault: str = ""
    cause: str = ""
    advice: str = ""


def default_route(routes: Sequence[Route], family: int) -> Route | None:
    """The default route of the main table with the lowest metric."""
    found = [
        each
        for each in routes
        if each.family == family and each.destination == "default" and each.table == "main" and each.hops
    ]
    return min(found, key=lambda each: each.metric, default=None)


def link_step(interfaces: Sequence[Interface], wanted: str | None) -> Step:
    """Is the interface on, and its cable in? `wanted` is the one that routes lead to, None where none does."""
    real = [each for each in interfaces if each.link_type != "loopback"]
    looked = [each for each in real if each.name == wanted] or real
    tried = f"looked at {', '.join(each.name for each in looked) or 'every interface'}"

    def failed(came: str, fault: str, cause: str, advice: str) -> Step:
        return Step(name="link", outcome="failed", tried=tried, came=came, fault=fault, cause=cause, advice=advice)

    if not looked:
        return failed(
            "there is no interface but lo",
            "no-interface",
            "The network card is missing, or its driver is not loaded.",
            "Look for it with `ip link` and in `dmesg`.",
        )
    well = [each for each in looked if each.up and each.carrier is not False and each.state in ("UP", "UNKNOWN")]
    if well:
        best = well[0]
        speed = f", {best.speed_mbit} Mbit/s" if best.speed_mbit is not None else ""
        slow = best.duplex == "half"
        return Step(
            name="link",
            outcome="warning" if slow else "ok",
            tried=tried,
            came=f"{best.name} is {best.state}{speed}{', half duplex' if slow else ''}",
            fault="half-duplex" if slow else "",
            cause="The two ends do not agree how to share the cable." if slow else "",
            advice="Set both ends to negotiate, or change the cable." if slow else "",
        )
    # What is on without a cable is nearer to working than what is off.
    worst = next((each for each in looked if each.up), looked[0])
    if not worst.up:
        return failed(
            f"{worst.name} is switched off",
            "switched-off",
            f"{worst.name} was switched off, or never switched on.",
            f"Switch it on: ip link set {worst.name} up.",
        )
    if worst.carrier is False:
        return failed(
            f"{worst.name} is on, but has no carrier",
            "cable-down",
            f"The cable of {worst.name} is out or broken, or the other end is off.",
            "Check the cable and the lights at both ends; on Wi-Fi, whether it is joined to a network.",
        )
    return failed(
        f"{worst.name} is {worst.state}",
        "cable-down",
        f"{worst.name} stands on something that does not work ({worst.parent or worst.master or 'its lower layer'}).",
        "Look at that one first.",
    )


def address_step(addresses: Sequence[Address], interface: str | None, families: Sequence[int]) -> Step:
    """Has the interface an address that reaches further than the cable?"""
    name = interface or "any interface"
    tried = f"looked for an address on {name}"
    held = [each for each in addresses if interface in (None, each.interface) and each.scope != "host"]
    usable = [
        each
        for each in held
        if each.scope == "global"
        and each.family in families
        and not {"tentative", "dadfailed"} & set(each.flags)
        and not each.address.startswith("169.254.")
    ]
    if usable:
        shown = ", ".join(f"{each.address}/{each.prefix_length}" for each in usable[:3])
        return Step(name="address", outcome="ok", tried=tried, came=f"{shown} on {usable[0].interface}")
    double = next((each for each in held if "dadfailed" in each.flags), None)
    if double is not None:
        return Step(
            name="address",
            outcome="failed",
            tried=tried,
            came=f"{double.address} is used by somebody else",
            fault="address-taken",
            cause=f"Another machine on the link has {double.address} as well.",
            advice="Give one of them another address.",
        )
    only = ", ".join(each.address for each in held)
    return Step(
        name="address",
        outcome="failed",
        tried=tried,
        came=f"only {only}, which reach no further than the cable" if only else f"{name} has no address",
        fault="no-address",
        cause="No DHCP server answered, no DHCP client runs, or no address was set.",
        advice=f"Start the DHCP client for {name} and watch its log, or set an address: ip address add … dev {name}.",
    )


def lease_step(leases: Sequence[Lease], interface: str | None, held: Sequence[Address], now: float) -> Step:
    """Does the lease still run?"""
    tried = "read the lease files of dhclient, dhcpcd, NetworkManager and systemd-networkd"
    mine = [each for each in leases if each.interface == interface]
    own = {each.address for each in held}
    current = next((each for each in mine if each.address in own), None) or (mine[0] if mine else None)
    if current is None:
        return Step(
            name="lease",
            outcome="skipped",
            tried=tried,
            came="no lease: the address was set by hand, or is kept elsewhere",
        )
    if current.expiry_time is None:
        return Step(
            name="lease", outcome="ok", tried=tried, came=f"{current.address} from {current.client}, no end told"
        )
    left = current.expiry_time - now
    if left >= 0:
        late = current.rebind_time is not None and now > current.rebind_time
        return Step(
            name="lease",
            outcome="warning" if late else "ok",
            tried=tried,
            came=f"{current.address} from {current.server or current.client}, {left / 60:.0f} minutes left",
            fault="lease-runs-out" if late else "",
            cause=f"The DHCP server {current.server or ''} has not renewed the lease when asked." if late else "",
            advice="Check the DHCP server before the lease ends." if late else "",
        )
    gone = current.address not in own
    return Step(
        name="lease",
        outcome="failed" if gone and not own else "warning",
        tried=tried,
        came=f"the lease of {current.address} ended {-left / 60:.0f} minutes ago",
        fault="lease-expired",
        cause="The DHCP server did not renew it, or the file is an old one.",
        advice=f"Ask for a new one with {current.client}.",
    )


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


class ServerFact(Struct, frozen=True):
    """What a name server did with a question: the response code, None for no answer, and what came instead."""

    address: str
    rcode: str | None
    words: str
    time_ms: float
    answers: tuple[str, ...] = ()


def nameserver_step(facts: Sequence[ServerFact]) -> Step:
    """Does any name server answer, and the first one too?"""
    tried = f"asked {', '.join(each.address for each in facts) or 'nobody'}"
    if not facts:
        return Step(
            name="name servers",
            outcome="failed",
            tried=tried,
            came="none is configured",
            fault="no-name-server",
            cause="/etc/resolv.conf names no server.",
            advice="Put a line `nameserver ADDRESS` there, or have the DHCP client do it.",
        )
    several = len(facts) > 1
    came = "; ".join(
        f"{each.address}: {each.words}" + (f" ({each.time_ms:.0f} ms)" if several else "") for each in facts
    )
    well = [each for each in facts if each.rcode is not None]
    if len(well) == len(facts):
        time = min(each.time_ms for each in well)
        return Step(name="name servers", outcome="ok", tried=tried, came=came, time_ms=time)
    dead = [each for each in facts if each.rcode is None]
    names = ", ".join(each.address for each in dead)
    refused = all(each.words == "connection refused" for each in dead)
    cause = (
        f"{names}: the machine is there, but no DNS server runs on it."
        if refused
        else f"{names} does not answer: the DNS server is down, a firewall drops the question, or the way there is cut."
    )
    return Step(
        name="name servers",
        outcome="warning" if well else "failed",
        tried=tried,
        came=came,
        fault="dns-dead",
        cause=cause + (" The C library waits 5 seconds for it each time." if well else ""),
        advice=f"Restart it, or name another server in /etc/resolv.conf; see pitop trace {dead[0].address}.",
    )


def name_step(name: str, facts: Sequence[ServerFact], local: Sequence[str]) -> Step:
    """Does the name resolve, and do the servers agree? `local` is what getaddrinfo(3) makes of it."""
    tried = f"asked {', '.join(each.address for each in facts) or 'the C library'} for {name}"
    time = min((each.time_ms for each in facts), default=None)
    sets = {each.address: frozenset(each.answers) for each in facts if each.rcode == "NOERROR"}
    if local:
        shown = f"{name} is {', '.join(local[:4])}"
        outside = not any(set(local) & answers for answers in sets.values())
        if facts and outside:
            shown += " by this machine's own files (nsswitch.conf, /etc/hosts), not by DNS"
        if len(set(sets.values())) > 1:
            parts = [f"{server} says {', '.join(sorted(answers)) or 'nothing'}" for server, answers in sets.items()]
            return Step(
                name="name",
                outcome="warning",
                tried=tried,
                came="; ".join(parts),
                time_ms=time,
                fault="servers-disagree",
                cause="The name servers do not say the same: one has old data, or filters, or serves other places.",
                advice=f"Compare them: pitop dns {name} --compare.",
            )
        return Step(name="name", outcome="ok", tried=tried, came=shown, time_ms=time)
    codes = sorted({each.rcode or each.words for each in facts})
    came = f"no address: {', '.join(codes) or 'nobody to ask'}"
    if "NXDOMAIN" in codes or (sets and not any(sets.values())):
        return Step(
            name="name",
            outcome="failed",
            tried=tried,
            came=came,
            time_ms=time,
            fault="name-missing",
            cause=f"There is no name {name}." if "NXDOMAIN" in codes else f"{name} exists, but has no address.",
            advice=f"Check the spelling; see where it ends: pitop dns {name} --trace.",
        )
    return Step(
        name="name",
        outcome="failed",
        tried=tried,
        came=came,
        time_ms=time,
        fault="name-fails",
        cause="The name server could not find it out: the zone's own servers fail, or DNSSEC does not hold.",
        advice=f"See which step fails: pitop dns {name} --trace, and --dnssec.",
    )


def path_step(
    address: str,
    hops: Sequence[tuple[str | None, float | None]],
    reached: bool,
    mark: str = "",
    gateway: Step | None = None,
) -> Step:
    """How far do probes get? `hops` are who answered at each, and when; `mark` is traceroute's word for a
    refusal, or `nobody` where this machine itself found nobody at that address.

    `gateway` is what was found of it: where nobody answers at all, and it neither, it is to blame.
    """
    tried = f"traced the way to {address}"
    heard = [(place, who, time) for place, (who, time) in enumerate(hops, 1) if who is not None]
    if reached:
        time = hops[-1][1] if hops else None
        return Step(name="path", outcome="ok", tried=tried, came=f"reached at hop {len(hops)}", time_ms=time)
    last = f"hop {heard[-1][0]} ({heard[-1][1]})" if heard else "this machine"
    if mark == "nobody":
        return Step(
            name="path",
            outcome="failed",
            tried=tried,
            came=f"nobody on the link answers for {address}",
            fault="host-dead",
            cause=f"{address} should be on the same link, but no machine there has this address: it is off or moved.",
            advice="Check that machine's power and cable, and the prefix length of this machine's own address.",
        )
    if mark:
        return Step(
            name="path",
            outcome="failed",
            tried=tried,
            came=f"{last} says {mark}",
            fault="path-refused",
            cause=_MARKS.get(mark, "A router on the way refuses to go on.") + f" It is {last}.",
            advice="Ask who runs that router; it is not this machine.",
        )
    if not heard and gateway is not None and gateway.fault in ("gateway-silent", "gateway-unproved"):
        return Step(
            name="path",
            outcome="failed",
            tried=tried,
            came="nobody answers, the gateway neither",
            fault="gateway-dead",
            cause="The gateway was there a moment ago, and has fallen silent: it is off or unplugged.",
            advice="Look at the router: power, cable to the switch, its own link lights.",
        )
    return Step(
        name="path",
        outcome="failed",
        tried=tried,
        came=f"nothing answers behind {last}",
        fault="path-ends",
        cause=f"Behind {last} the way is cut, the machine {address} is off, or a firewall drops the probes.",
        advice="Trace with --tcp to a port that should be open: pitop trace --tcp. Ask who runs the last hop.",
    )


_MARKS: Mapping[str, str] = {
    "!H": "A router cannot reach the machine: it is off, or nobody has its address.",
    "!N": "A router has no route further.",
    "!X": "A firewall forbids it, and says so.",
    "!A": "A firewall forbids it, and says so.",
    "!Z": "A firewall forbids it, and says so.",
}


def port_step(
    address: str, port: int, outcome: str, who: str | None, words: str, time_ms: float, path: Step | None
) -> Step:
    """Does the port take connections? `path` is what was found of the way before."""
    tried = f"connected to {address} port {port}"

    def failed(fault: str, cause: str, advice: str) -> Step:
        return Step(
            name="port",
            outcome="failed",
            tried=tried,
            came=words,
            time_ms=time_ms,
            fault=fault,
            cause=cause,
            advice=advice,
        )

    match outcome:
        case "open":
            return Step(name="port", outcome="ok", tried=tried, came="connected", time_ms=time_ms)
        case "closed":
            return failed(
                "port-closed",
                f"{address} is there, but nothing listens on port {port}.",
                "Start the service, or look at its own port there: pitop sockets --filter state=LISTEN.",
            )
        case "refused" if who is not None and who != address:
            return failed(
                "firewall-rejects", f"{who} refuses on the way: {words}.", f"Look at the rules and routes of {who}."
            )
        case "refused":
            return failed(
                "firewall-rejects", f"{address} itself refuses: {words}.", f"Open port {port} in its firewall."
            )
        case "silent" if path is not None and path.outcome == "ok":
            return failed(
                "firewall-drop",
                f"{address} answers probes, but not on port {port}: a firewall drops them without a word.",
                f"Open port {port} in the firewall of {address} or of a router before it; "
                f"pitop trace --tcp -p {port} {address} shows how far they get.",
            )
        case "silent":
            return failed(
                path.fault if path is not None and path.fault else "firewall-drop",
                path.cause if path is not None and path.cause else f"A firewall drops what goes to port {port}.",
                f"See how far it gets: pitop trace --tcp -p {port} {address}.",
            )
    return failed("local", f"This machine refuses: {words}.", f"See pitop network --route-to {address}.")


def families_of(target: str | None) -> tuple[int, ...]:
    """Which families matter: that of an address, both for a name."""
    try:
        version = ipaddress.ip_address((target or "").partition("%")[0]).version
    except ValueError:
        return (socket.AF_INET, socket.AF_INET6)
    return (socket.AF_INET,) if version == 4 else (socket.AF_INET6,)
