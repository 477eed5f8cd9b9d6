"""Where a walk starts: the root's own servers, those that are given, or those that a resolver knows."""

from __future__ import annotations

from collections.abc import Sequence

from pitop.collect.dns.lookup import ask_in_turn, located, look_up
from pitop.model.dns.answer import Answer, Fault, NoAnswer, Section, Trouble
from pitop.model.dns.question import Options, Question, Server
from pitop.model.dns.roots import ROOT_SERVERS

__all__ = ["asked_roots", "root_servers", "roots_by"]


def root_servers(addresses: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
    """Where a walk starts: the given addresses, or the root's own servers."""
    return {address: (address,) for address in addresses} or ROOT_SERVERS


async def asked_roots(
    roots: Sequence[str], servers: Sequence[Server], family: int | None = None
) -> dict[str, tuple[str, ...]]:
    """Where a walk starts: `roots` by name or address, else what `servers` know. Raises NoAnswer."""
    if roots:
        return root_servers([(await located(Server(root, name=root), family)).host for root in roots])
    return await roots_by([await located(server, family) for server in servers])


async def roots_by(servers: Sequence[Server]) -> dict[str, tuple[str, ...]]:
    """The root's servers as resolvers know them, as dig's `+trace` begins. Raises NoAnswer."""
    said = await ask_in_turn(Question(".", "NS"), servers, Options(timeout=3.0))
    names = [record.data for record in said.section(Section.ANSWER) if record.type == "NS"]
    known: dict[str, list[str]] = {name: [] for name in names}
    for record in said.section(Section.ADDITIONAL):
        if record.type in ("A", "AAAA") and record.name in known:
            known[record.name].append(record.data)
    missing = [name for name, addresses in known.items() if not addresses]
    for found in await look_up([Question(name, "A") for name in missing], servers, Options(timeout=3.0)):
        if isinstance(found, Answer):
            for record in found.section(Section.ANSWER):
                if record.type == "A":
                    known.setdefault(found.question.name, []).append(record.data)
    if not any(known.values()):
        server = servers[0]
        raise NoAnswer(Trouble(Fault.NAME, f"{server} does not know the root's servers", "Name one: --root 198.41.0.4"))
    return {name: tuple(addresses) for name, addresses in known.items()}
