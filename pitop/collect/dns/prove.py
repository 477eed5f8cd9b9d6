"""Validation through a resolver: it gives the records, what they prove is judged here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import dns.message
import dns.name
import dns.rdatatype
import msgspec

from pitop.collect.collector import Unavailable
from pitop.collect.dns.lookup import reply_in_turn
from pitop.model.dns.answer import Answer, NoAnswer, Trouble
from pitop.model.dns.dnssec.anchors import ROOT_ANCHORS, AnchorError, Anchors, parse_anchors
from pitop.model.dns.dnssec.chain import Fetch, Finding, prove
from pitop.model.dns.dnssec.verdict import Security, Verdict
from pitop.model.dns.message import Reply, answer_of
from pitop.model.dns.question import Options, Question, Server

__all__ = ["anchors_from", "look_up_proved"]


def anchors_from(path: str | None) -> Anchors:
    """The anchors in a file, the root's own without one. Raises Unavailable."""
    if path is None:
        return parse_anchors(ROOT_ANCHORS)
    try:
        return parse_anchors(Path(path).read_text(encoding="utf-8", errors="backslashreplace"))
    except (OSError, AnchorError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise Unavailable(f"{path}: {reason}", "Give a file with DS or DNSKEY lines: `. IN DS 20326 8 2 …`.") from None


async def look_up_proved(
    question: Question, servers: Sequence[Server], options: Options, anchors: Anchors
) -> tuple[Answer | Trouble, Verdict]:
    """The answer, and whether it holds. The resolver is asked not to judge itself (CD), so that reasons can be told."""
    asked = msgspec.structs.replace(
        options, dnssec=True, checking_disabled=True, payload_bytes=options.payload_bytes or 1232
    )
    try:
        reply = await reply_in_turn(question, servers, asked)
    except NoAnswer as error:
        return error.trouble, Verdict(Security.INDETERMINATE, error.trouble.message)
    name = dns.name.from_text(question.name)
    walk = prove([Finding(name, dns.rdatatype.from_text(question.type), reply.message)], anchors, time.time())
    try:
        wanted = next(walk)
        while True:
            wanted = walk.send(await asyncio.gather(*(_fetched(fetch, reply, asked) for fetch in wanted)))
    except StopIteration as stop:
        return answer_of(reply), stop.value


async def _fetched(fetch: Fetch, reply: Reply, options: Options) -> dns.message.Message | None:
    """What the server that answered knows of a DS or DNSKEY, None when it does not answer."""
    question = Question(fetch.name.to_text(), dns.rdatatype.to_text(fetch.kind))
    try:
        found = await reply_in_turn(question, [reply.query.server], options)
    except NoAnswer:
        return None
    return found.message
