"""How this machine resolves a name: every source of nsswitch.conf asked, beside the servers themselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pitop.collect.dns.compare import cache_counters
from pitop.collect.dns.lookup import own_servers
from pitop.kernel.dns.exchange import exchange
from pitop.kernel.dns.files import hosts_text, nsswitch, resolv_conf
from pitop.kernel.dns.getent import getent
from pitop.model.dns.answer import NoAnswer, Section
from pitop.model.dns.message import answer_of
from pitop.model.dns.names import absolute
from pitop.model.dns.question import Options, Query, Question, Server, address_of
from pitop.model.dns.resolution import ResolvConf, Service, candidates, hosts_lines
from pitop.model.dns.why import Found, Stage, Why, disagreements

__all__ = ["Explainer"]

_WORDS = {
    "files": "the hosts file",
    "dns": "DNS, by resolv.conf",
    "resolve": "systemd-resolved",
    "myhostname": "this machine's own name (nss-myhostname)",
    "mymachines": "containers of systemd-machined",
}
_OPTIONS = Options(timeout=3.0, tries=1, payload_bytes=None, cookie=None)


class Explainer:
    """One explanation. `root` holds the files that are read; `changed` is called as it grows."""

    def __init__(self, name: str, root: Path = Path("/"), changed: Callable[[], None] = lambda: None) -> None:
        self._name = name
        self._root = root
        self._changed = changed
        self._began = time.time()
        self._running = True
        self._stages: list[Stage] = []
        self._library: tuple[str, ...] | None = None
        self._files: tuple[str, ...] = ()
        self._servers: list[tuple[str, tuple[str, ...] | None]] = []

    def why(self) -> Why:
        """What is known so far."""
        return Why(
            name=self._name,
            time=self._began,
            running=self._running,
            stages=tuple(self._stages),
            c_library=self._library,
            disagreements=() if self._running else disagreements(self._library, self._files, self._servers),
        )

    async def run(self) -> Why:
        """Ask all sources. Raises QuestionError for what is no name."""
        absolute(self._name)
        try:
            services = nsswitch(self._root)
            order = " ".join(_written(service) for service in services)
            self._tell(Stage("nsswitch.conf", Found.TOLD, f"hosts: {order}"))
            library = asyncio.create_task(getent(self._name))
            try:
                await self._ask_services(services)
                self._library = await library
            finally:
                library.cancel()
            self._tell(self._conclusion())
        finally:
            self._running = False
            self._changed()
        return self.why()

    def _tell(self, stage: Stage) -> None:
        self._stages.append(stage)
        self._changed()

    async def _ask_services(self, services: Sequence[Service]) -> None:
        ended: str | None = None
        for service in services:
            stage = await self._service(service)
            if ended is not None and stage.found is not Found.UNKNOWN:
                words = f"not reached, since {ended}; it would say: {stage.words}"
                stage = Stage(stage.what, Found.SKIPPED, words, stage.addresses, stage.lines)
            self._tell(stage)
            if ended is None:
                ended = _ends(service, stage)

    async def _service(self, service: Service) -> Stage:
        what = _WORDS.get(service.name, f"nss-{service.name}")
        if service.name == "files":
            lines = hosts_lines(hosts_text(self._root), self._name)
            self._files = tuple(line.address for line in lines)
            shown = tuple(f"line {line.number}: {line.address} {' '.join(line.names)}" for line in lines)
            words = ", ".join(self._files) if lines else "no line names it"
            return Stage(what, Found.YES if lines else Found.NO, words, self._files, shown)
        if service.name == "dns":
            return await self._dns(what)
        said = await getent(self._name, service.name)
        if said is None:
            return Stage(what, Found.UNKNOWN, "could not be asked: its module is not installed, or it does not answer")
        return Stage(what, Found.YES if said else Found.NO, ", ".join(said) or "does not know the name", said)

    async def _dns(self, what: str) -> Stage:
        conf = resolv_conf(self._root)
        servers = own_servers(root=self._root)
        lines = [*_conf_lines(conf), *await self._between(servers)]
        names = candidates(self._name if self._name.endswith(".") else absolute(self._name).removesuffix("."), conf)
        for candidate in names:
            asked = await asyncio.gather(*(_addresses(candidate, server) for server in servers))
            lines += [
                f"{candidate} at {server.label}: {words}" for server, (_, words) in zip(servers, asked, strict=True)
            ]
            self._servers = [(server.label, said) for server, (said, _) in zip(servers, asked, strict=True)]
            found = next((said for said, _ in asked if said), ())
            if found:
                return Stage(what, Found.YES, ", ".join(found), found, tuple(lines))
        answered = any(said is not None for _, said in self._servers)
        words = "no such name, nor with any domain of the search list" if answered else "no server answers"
        return Stage(what, Found.NO if answered else Found.UNKNOWN, words, (), tuple(lines))

    async def _between(self, servers: Sequence[Server]) -> list[str]:
        """Who stands between the C library and the servers that know, where they can be told."""
        lines = []
        if (self._root / "run/nscd/socket").exists() or (self._root / "var/run/nscd/socket").exists():
            lines.append("nscd keeps answers: what it remembers is not asked again")
        for server in servers:
            if server.host in ("127.0.0.53", "127.0.0.54"):
                upstream = resolv_conf(self._root, "run/systemd/resolve/resolv.conf")
                asks = "" if upstream.implied else f", which asks {', '.join(upstream.servers)}"
                lines.append(f"{server.label} is systemd-resolved{asks}")
                continue
            address = address_of(server.host.partition("%")[0])
            counters = await cache_counters(server) if address is not None and address.is_private else None
            if counters is not None:
                upstream_text = "; ".join(map(_asks, counters.servers)) or "nobody"
                lines.append(
                    f"{server.label} is dnsmasq ({counters.hits} hits, {counters.misses} misses), asks {upstream_text}"
                )
        return lines

    def _conclusion(self) -> Stage:
        what = "the C library (getaddrinfo)"
        if self._library is None:
            return Stage(what, Found.UNKNOWN, "getent could not be asked")
        if not self._library:
            return Stage(what, Found.NO, "the name is not found")
        return Stage(what, Found.YES, ", ".join(self._library), self._library)


def _asks(said: str) -> str:
    """Whom dnsmasq asks, as its `servers.bind` tells: the server, queries sent to it, and those that failed."""
    match said.split():
        case [server, sent, failed]:
            return f"{server} ({sent} sent, {failed} failed)"
    return said


def _written(service: Service) -> str:
    actions = " ".join(f"{status}={action}" for status, action in service.actions)
    return f"{service.name} [{actions}]" if actions else service.name


def _ends(service: Service, stage: Stage) -> str | None:
    """Why the C library goes no further after `stage`, None where it does (nsswitch.conf(5))."""
    actions = dict(service.actions)
    if stage.found is Found.YES and actions.get("SUCCESS", "return") == "return":
        return f"{service.name} found it"
    if stage.found is Found.NO and actions.get("NOTFOUND", actions.get("!SUCCESS", "continue")) == "return":
        return f"{service.name} has the last word ([NOTFOUND=return])"
    if stage.found is Found.UNKNOWN and actions.get("UNAVAIL", actions.get("!UNAVAIL")) == "return":
        return f"{service.name} is unavailable, and is the last to be asked then"
    return None


def _conf_lines(conf: ResolvConf) -> list[str]:
    servers = ", ".join(conf.servers) + (" (implied: none is named)" if conf.implied else "")
    lines = [f"servers: {servers}; {conf.timeout} s each, {conf.attempts} rounds"]
    if conf.ignored:
        lines.append(f"passed over: {', '.join(conf.ignored)} (the C library asks three servers at most)")
    if conf.search:
        lines.append(f"search list: {' '.join(conf.search)}; names with fewer than {conf.ndots} dots try it first")
    return lines


async def _addresses(name: str, server: Server) -> tuple[tuple[str, ...] | None, str]:
    """The addresses that a server gives for a name, None without an answer; and the same in words."""
    said = await asyncio.gather(*(_answer(name, kind, server) for kind in ("A", "AAAA")))
    answered = [each for each in said if not isinstance(each, str)]
    if not answered:
        return None, str(said[0])
    addresses = tuple(address for found, _, _ in answered for address in found)
    status = "/".join(dict.fromkeys(status for _, status, _ in answered))
    took = max(ms for _, _, ms in answered)
    return addresses, f"{', '.join(addresses) or status} ({took:.1f} ms)"


async def _answer(name: str, kind: str, server: Server) -> tuple[tuple[str, ...], str, float] | str:
    try:
        answer = answer_of(await exchange(Query(Question(name, kind), server, _OPTIONS)))
    except NoAnswer as error:
        return error.trouble.message
    found = tuple(record.data for record in answer.section(Section.ANSWER) if record.type == kind)
    return found, answer.status, answer.timing.query_ms
