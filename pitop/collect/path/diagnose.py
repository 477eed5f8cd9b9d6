"""Looks at one thing after another until it finds what is broken."""

from __future__ import annotations

import socket
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain

from pitop.collect.collector import Unavailable
from pitop.collect.network import way_to
from pitop.collect.path.rounds import once
from pitop.collect.path.together import together
from pitop.collect.path.trace import opened
from pitop.collect.repeat import snapshots
from pitop.collect.topics import NETWORK
from pitop.kernel.network.routes import neighbours, recheck
from pitop.kernel.network.rtnetlink import RouteSocket
from pitop.kernel.path.asking import ask, knock
from pitop.kernel.path.channels import NotPermitted, endpoint
from pitop.kernel.path.names import addresses_of
from pitop.kernel.path.pinger import Pinger, Plan
from pitop.model.network.choice import Way
from pitop.model.network.rows import Nameserver, Neighbour, Route
from pitop.model.network.snapshot import NetworkSnapshot
from pitop.model.path.diagnosis import (
    ServerFact,
    Step,
    address_step,
    default_route,
    families_of,
    gateway_step,
    lease_step,
    link_step,
    name_step,
    nameserver_step,
    path_step,
    port_step,
    route_step,
)
from pitop.model.path.hops import Reply
from pitop.model.path.question import write_question
from pitop.model.path.snapshot import TraceRequest

__all__ = ["diagnose"]

_SETTLE = 9.0  # seconds that the kernel takes at most to find a known neighbour gone (arp(7): delay and three probes)
_DARK = 8  # hops in a row without an answer after which a way is taken to have ended
_UNSETTLED = ("INCOMPLETE", "STALE", "DELAY", "PROBE")


def diagnose(host: str | None = None, port: int | None = None) -> Iterator[Step]:
    """Step after step, each as soon as it is done, ending with the first that failed.

    Without a host everything up to the name servers.
    """
    for step in _Examination(host, port).steps():
        yield step
        if step.outcome == "failed":
            return


def _is_address(text: str) -> bool:
    return len(families_of(text)) == 1


@dataclass
class _Examination:
    host: str | None
    port: int | None
    network: NetworkSnapshot = field(default_factory=lambda: next(iter(snapshots(NETWORK))))
    gateway: Step | None = None

    def steps(self) -> Iterator[Step]:
        literal = self.host if self.host is not None and _is_address(self.host) else None
        families = families_of(literal)
        default = next(filter(None, (default_route(self.network.routes, family) for family in families)), None)
        way = self._way(literal) if literal is not None else None
        if way is not None and way.interface == "lo":
            yield Step(name="link", outcome="skipped", tried="", came=f"{literal} is this machine")
        else:
            interface = (way.interface if way is not None else None) or (
                default.interface if default is not None else None
            )
            yield from self._near(interface, families, way, default, literal)
        addresses: Sequence[str] = [literal] if literal is not None else []
        if self.host is None:
            yield self._servers()
            return
        if literal is None:
            found: list[str] = []
            yield from self._name(self.host, found)
            addresses = found
        yield from self._far(addresses)

    def _near(
        self,
        interface: str | None,
        families: tuple[int, ...],
        way: Way | None,
        default: Route | None,
        literal: str | None,
    ) -> Iterator[Step]:
        yield link_step(self.network.interfaces, interface)
        held = [each for each in self.network.addresses if interface in (None, each.interface)]
        yield address_step(self.network.addresses, interface, families)
        yield lease_step(self.network.leases, interface, held, time.time())
        if literal is not None or default is not None or not self._servers_near():
            yield route_step(way, literal or "anywhere", default)
        gateway = way.gateway if way is not None else default.gateway if default is not None else None
        if gateway is not None and interface is not None:
            yield self._gateway(gateway, interface)

    def _servers_near(self) -> bool:
        """Whether the name servers can be reached without a default route."""
        ways = [self._way(each.address) for each in self.network.resolver.servers]
        return any(way is not None and way.refusal is None for way in ways)

    def _way(self, address: str) -> Way | None:
        try:
            return way_to(address, self.network)
        except (ValueError, OSError):
            return None

    def _gateway(self, gateway: str, interface: str) -> Step:
        begin = time.monotonic()
        before = self._neighbour(gateway, interface)
        echo_ms, allowed = _echo(gateway)
        after = self._neighbour(gateway, interface)
        if echo_ms is None and after is not None and after.state == "REACHABLE" and not _fresh(after, begin):
            # It was there up to half a minute ago. The kernel would not look again so soon by itself.
            index = next((each.index for each in self.network.interfaces if each.name == interface), 0)
            with RouteSocket() as route:
                recheck(route, gateway, index)
            after = self._neighbour(gateway, interface)
        if echo_ms is None:
            after = self._settled(gateway, interface)
        lease = next((each for each in self.network.leases if each.interface == interface and each.routers), None)
        fresh = after is not None and _fresh(after, begin)
        self.gateway = gateway_step(gateway, interface, before, after, echo_ms, lease, allowed, fresh)
        return self.gateway

    def _settled(self, address: str, interface: str) -> Neighbour | None:
        """The neighbour, once the kernel has made up its mind about it."""
        limit = time.monotonic() + _SETTLE
        found = self._neighbour(address, interface)
        while found is not None and found.state in _UNSETTLED and time.monotonic() < limit:
            time.sleep(0.1)
            found = self._neighbour(address, interface)
        return found

    def _neighbour(self, address: str, interface: str) -> Neighbour | None:
        names = {each.index: each.name for each in self.network.interfaces}
        with RouteSocket() as route:
            found = neighbours(route, names)
        return next((each for each in found if (each.address, each.interface) == (address, interface)), None)

    def _asked(self, name: str, kinds: Sequence[str]) -> list[ServerFact]:
        """What every server says, all asked at once; the answers to several kinds of question joined."""
        write_question(0, name, kinds[0])  # complains here of what is not a name

        def fact(server: Nameserver) -> ServerFact:
            zone = f"%{server.interface}" if server.interface is not None else ""
            told = together(lambda kind: ask(server.address + zone, name, kind), kinds)
            best = next((each for each in told if each.said is not None), told[0])
            answers = tuple(address for each in told if each.said is not None for address in each.said.addresses)
            rcode = best.said.rcode if best.said is not None else None
            return ServerFact(server.address, rcode, best.words, best.milliseconds, answers)

        return together(fact, [each for each in self.network.resolver.servers if each.used])

    def _servers(self) -> Step:
        return nameserver_step(self._asked(".", ("NS",)))

    def _name(self, name: str, found: list[str]) -> Iterator[Step]:
        facts: list[ServerFact] = []
        try:
            write_question(0, name, "A")
            facts, resolved = self._resolved(name)
            found += resolved
        except (ValueError, UnicodeError) as error:
            yield Step(
                name="name",
                outcome="failed",
                tried=f"read {name}",
                came=str(error),
                fault="name-missing",
                cause="That is not how a host name is written.",
                advice="Check the spelling.",
            )
            return
        # A name of /etc/hosts needs no server; that there is none, or a dead one, is no fault then.
        step = nameserver_step(facts)
        if step.outcome != "failed" or not found:
            yield step
        facts = [each for each in facts if each.rcode is not None]
        yield name_step(name, facts, found)

    def _resolved(self, name: str) -> tuple[list[ServerFact], list[str]]:
        """What the servers say of a name, and what the C library makes of it, asked at the same time."""
        facts: list[ServerFact] = []
        found: list[str] = []

        def servers() -> None:
            facts.extend(self._asked(name, ("A", "AAAA")))

        def library() -> None:
            try:
                found.extend(addresses_of(name))
            except OSError:  # the servers' own answers say more
                pass

        together(lambda work: work(), (servers, library))
        return facts, found

    def _far(self, addresses: Sequence[str]) -> Iterator[Step]:
        """The path and the port of the first address that there is a way to."""
        ways = [(each, self._way(each)) for each in addresses]
        usable = [(address, way) for address, way in ways if way is not None and way.refusal is None]
        if not usable:
            address, way = ways[0]
            yield route_step(way, address, None)
            return
        # One of each family, in the order in which programs try them: they go on to the next where one fails.
        tried: list[list[Step]] = []
        for six in dict.fromkeys(":" in address for address, _ in usable):
            address, way = next(each for each in usable if (":" in each[0]) == six)
            steps = list(self._reached(address, way))
            if not any(step.outcome == "failed" for step in steps):
                other = "IPv4" if six else "IPv6"
                yield from (_spare(step, other) for step in chain.from_iterable(tried) if step.outcome == "failed")
                yield from steps
                return
            tried.append(steps)
        yield from tried[0]

    def _reached(self, address: str, way: Way) -> Iterator[Step]:
        """The path to an address, and the port there where one was named."""
        path = _path(address, self.gateway, {each.address for each in self.network.addresses})
        if path.outcome == "failed" and way.gateway is None and way.interface not in (None, "lo"):
            near = self._settled(address, str(way.interface))
            if near is None or near.mac is None:
                path = path_step(address, [], False, "nobody")
        if self.port is None:
            yield path
            return
        knocked = knock(address, self.port)
        # Where the port answers, it does not matter that other probes were dropped on the way.
        if knocked.outcome in ("open", "closed") and path.outcome == "failed":
            path = Step(
                name="path",
                outcome="warning",
                tried=path.tried,
                came=path.came,
                fault="probes-dropped",
                cause="Probes are dropped on the way; connections are not.",
            )
        if path.outcome != "failed" or knocked.outcome == "refused":
            yield path if path.outcome != "failed" else _softened(path)
        elif path.fault == "path-refused":
            yield path
            return
        yield port_step(address, self.port, knocked.outcome, knocked.address, knocked.words, knocked.milliseconds, path)


def _spare(step: Step, family: str) -> Step:
    """What failed over the family that is tried first, while the other works."""
    return Step(
        name=f"{step.name} by {family}",
        outcome="warning",
        tried=step.tried,
        came=step.came,
        time_ms=step.time_ms,
        fault=step.fault,
        cause=f"{step.cause} The other address family works, so programs only wait a moment.",
        advice=step.advice,
    )


def _fresh(neighbour: Neighbour, since: float) -> bool:
    """Whether the neighbour has shown itself since a moment of the monotonic clock."""
    age = neighbour.confirmed_seconds
    return neighbour.state == "PERMANENT" or (age is not None and age <= time.monotonic() - since)


def _softened(step: Step) -> Step:
    """A failure that the next step explains better."""
    return Step(name=step.name, outcome="warning", tried=step.tried, came=step.came, fault=step.fault, cause=step.cause)


def _echo(address: str) -> tuple[float | None, bool]:
    """The time of the first echo that comes back within 1.5 s, and whether echoes may be sent at all."""
    try:
        with closing(Pinger([address], Plan(interval=0.3, count=3, timeout=0.9))) as pinger:
            while not pinger.done:
                for each in pinger.poll(0.5):
                    if each.outcome in ("reply", "late"):
                        return each.time_ms, True
    except NotPermitted:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.setblocking(False)
            try:
                own.sendto(b"\0", endpoint(address, 33434))  # makes the kernel look for its MAC address
            except OSError:
                pass
        time.sleep(0.3)
        return None, False
    except OSError:
        pass
    return None, True


def _path(address: str, gateway: Step | None, own: Collection[str]) -> Step:
    """Over UDP and ICMP at once; the one that gets there, or else the one that a router answered more clearly."""
    steps = together(lambda method: _traced(address, method, gateway, own), ("udp", "icmp"))
    known = [step for step in steps if step is not None] or [path_step(address, [], False, "", gateway)]
    return min(known, key=lambda step: (step.outcome != "ok", step.fault == "path-ends"))


def _traced(address: str, method: str, gateway: Step | None, own: Collection[str]) -> Step | None:
    """The way by one method, None where it is not permitted."""
    try:
        tracer = opened(address, TraceRequest(target=address, method=method, timeout=1.0))
    except (Unavailable, OSError):
        return None
    hops: dict[int, Reply] = {}
    reached, mark = False, ""
    with closing(tracer):
        try:
            for reply in once(tracer, 1, 30, 1, patience=_DARK):
                if reply.outcome != "timeout":
                    hops[reply.ttl] = reply
                if reply.outcome == "end":
                    reached = True
                elif reply.outcome == "refused" and reply.mtu is None:
                    mark = reply.mark
        except OSError:
            pass
    ends = [ttl for ttl, each in hops.items() if each.outcome != "hop"]
    last = min(ends) if ends else max(hops, default=0)
    if mark:  # who refuses answers few of the probes beyond; its place is where it was heard first
        last = min(ttl for ttl, each in hops.items() if each.address == hops[last].address)
    if mark and hops[last].address in own:
        mark, last = "nobody", 0  # it was this machine that did not find the next
    listed = [(hops[ttl].address, hops[ttl].time_ms) if ttl in hops else (None, None) for ttl in range(1, last + 1)]
    return path_step(address, listed, reached, mark, gateway)
