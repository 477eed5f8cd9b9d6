"""Lookups: the machine's own servers or those that were named, asked one question each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec

from pitop.kernel.dns.ear import routable
from pitop.kernel.dns.exchange import exchange
from pitop.kernel.dns.files import hosts_text, resolv_conf
from pitop.model.dns.answer import Answer, Fault, NoAnswer, Record, Section, Trouble
from pitop.model.dns.message import Reply, answer_of, build
from pitop.model.dns.names import absolute
from pitop.model.dns.question import (
    PORTS,
    Options,
    Query,
    Question,
    QuestionError,
    Server,
    Transport,
    address_of,
)
from pitop.model.dns.resolution import candidates, hosts_lines

__all__ = ["ask_in_turn", "located", "look_up", "own_servers", "reply_in_turn", "search_up"]

_BOOTSTRAP = Options(timeout=2.0, tries=2)


def own_servers(
    transport: Transport | None = None, port: int | None = None, root: Path = Path("/")
) -> tuple[Server, ...]:
    """The servers that resolv.conf names, in its order."""
    transport = transport or Transport.UDP
    return tuple(
        Server(address, port or PORTS[transport], transport, name=address) for address in resolv_conf(root).servers
    )


async def located(server: Server, family: int | None = None, root: Path = Path("/")) -> Server:
    """`server` with an address for a host: from hosts(5), else asked of the machine's own servers.

    `family` is 4 or 6 where only that one will do. Of several addresses the first is taken that this machine has a
    route to. Raises NoAnswer.
    """
    if address_of(server.host) is not None:
        return server
    if server.host.rstrip(".").lower() == "localhost" and family != 6:
        return msgspec.structs.replace(server, host="127.0.0.1")
    lines = hosts_lines(hosts_text(root), server.host)
    found = [line.address for line in lines if _fits(line.address, family)]
    if found:
        return msgspec.structs.replace(server, host=_reachable(found))
    try:
        name = absolute(server.host).removesuffix("." if not server.host.endswith(".") else "")
    except QuestionError as error:
        raise NoAnswer(Trouble(Fault.NAME, str(error))) from None
    kinds = {4: ("A",), 6: ("AAAA",), None: ("A", "AAAA")}[family]
    conf = resolv_conf(root)
    for candidate in candidates(name, conf):
        found = []
        for kind in kinds:
            try:
                answer = await ask_in_turn(Question(candidate, kind), own_servers(root=root), _BOOTSTRAP)
            except NoAnswer as error:
                text = f"the server's name {server.host} was not found: {error.trouble.message}"
                raise NoAnswer(Trouble(Fault.NAME, text, "Name the server by its address.")) from None
            found += [record.data for record in answer.section(Section.ANSWER) if record.type == kind]
            if any(routable(address) for address in found):
                break
        if found:
            return msgspec.structs.replace(server, host=_reachable(found))
    raise NoAnswer(Trouble(Fault.NAME, f"the server's name {server.host} does not exist", "Is it spelled right?"))


def _fits(text: str, family: int | None) -> bool:
    address = address_of(text)
    return address is not None and family in (None, address.version)


def _reachable(addresses: Sequence[str]) -> str:
    """The first address that this machine has a route to, the first of all where it has none."""
    return next((each for each in addresses if routable(each)), addresses[0])


async def ask_in_turn(question: Question, servers: Sequence[Server], options: Options) -> Answer:
    """The first server's answer, the next one's where it gives none. Raises the last one's NoAnswer."""
    return answer_of(await reply_in_turn(question, servers, options))


async def reply_in_turn(question: Question, servers: Sequence[Server], options: Options) -> Reply:
    """As `ask_in_turn`, with the message. Raises QuestionError for what cannot be asked."""
    build(question, options)
    failed: NoAnswer | None = None
    troubles: list[str] = []
    for server in servers:
        try:
            return await exchange(Query(question, server, options))
        except NoAnswer as error:
            failed = error
            troubles.append(error.trouble.message)
    if failed is None:
        raise NoAnswer(Trouble(Fault.NAME, "there is no server to ask", "Name one: @192.0.2.1"))
    if len(troubles) > 1:
        raise NoAnswer(msgspec.structs.replace(failed.trouble, message="; ".join(troubles)))
    raise failed


async def look_up(questions: Sequence[Question], servers: Sequence[Server], options: Options) -> list[Answer | Trouble]:
    """All questions at once, each asked of `servers` in turn; results in the questions' order."""

    async def one(question: Question) -> Answer | Trouble:
        try:
            return await ask_in_turn(question, servers, options)
        except NoAnswer as error:
            return error.trouble

    return list(await asyncio.gather(*(one(question) for question in questions)))


async def search_up(question: Question, servers: Sequence[Server], options: Options) -> Answer:
    """As `ask_in_turn`, with the search list tried as the C library does. Raises NoAnswer."""
    answer: Answer | None = None
    for candidate in candidates(question.name.removesuffix("."), resolv_conf()):
        answer = await ask_in_turn(msgspec.structs.replace(question, name=candidate), servers, options)
        if answer.status == "NOERROR" and _has(answer.records):
            break
    assert answer is not None
    return answer


def _has(records: Sequence[Record]) -> bool:
    return any(record.section is Section.ANSWER for record in records)
