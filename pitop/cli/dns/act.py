"""What `pitop dns` does: asks, and prints as dig, as text of its own, or as JSON."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from pitop import __version__
from pitop.cli.dns.arguments import Job
from pitop.cli.dns.trouble import complain
from pitop.collect.collector import Unavailable
from pitop.collect.dns.lookup import ask_in_turn, located, own_servers, search_up
from pitop.model.dns.answer import Answer, NoAnswer, Trouble
from pitop.model.dns.dnssec.verdict import Verdict
from pitop.model.dns.names import absolute
from pitop.model.dns.question import Question, QuestionError, Server, address_of
from pitop.model.dns.watch import Beat, beat
from pitop.render.dns.bars import beat_line, comparison_lines, why_lines
from pitop.render.dns.dig import Layout, dig_lines, short_lines
from pitop.render.dns.documents import (
    answer_document,
    beat_document,
    comparison_document,
    trouble_document,
    why_document,
)
from pitop.render.dns.tree import verdict_lines
from pitop.render.document import document
from pitop.render.text import visible

if TYPE_CHECKING:
    from pitop.model.dns.dnssec.anchors import Anchors

__all__ = ["act"]


async def act(job: Job) -> int:
    """Do the job and print it. Raises Unavailable."""
    try:
        match job.mode:
            case "compare":
                return await _compare(job)
            case "why":
                return await _why(job)
        return await (_lookups(job) if job.watch is None else _watch(job))
    except NoAnswer as error:
        complain(error.trouble)
        return 1
    except QuestionError as error:
        print(f"pitop dns: {error}", file=sys.stderr)
        return 2


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def _json(summary_and_rows: tuple[dict[str, object], list[dict[str, object]]]) -> None:
    summary, rows = summary_and_rows
    print(document("dns", time.time(), os.uname().nodename, summary, rows), flush=True)


async def _servers(job: Job) -> tuple[Server, ...]:
    """Whom to ask, with addresses. Raises NoAnswer."""
    named = job.request.servers
    if not named:
        own = own_servers(job.request.transport, job.port)
        fitting = tuple(each for each in own if job.family in (None, _version(each)))
        return fitting or own
    return tuple(await asyncio.gather(*(located(server, job.family) for server in named)))


def _version(server: Server) -> int | None:
    address = address_of(server.host.partition("%")[0])
    return None if address is None else address.version


async def _lookups(job: Job) -> int:
    servers = await _servers(job)
    request = job.request
    anchors = _anchors(request.anchor) if job.prove else None

    async def one(question: Question) -> tuple[Answer | Trouble, Verdict | None]:
        if anchors is not None:
            from pitop.collect.dns.prove import look_up_proved

            return await look_up_proved(question, servers, request.options, anchors)
        try:
            ask = search_up if request.search else ask_in_turn
            return await ask(question, servers, request.options), None
        except NoAnswer as error:
            return error.trouble, None

    tasks = [asyncio.create_task(one(question)) for question in request.questions]
    layout = _layout(job)
    status = 0
    if _heading(job):
        print(f"\n; <<>> pitop {__version__} <<>> {visible(job.command)}")
    for question, task in zip(request.questions, tasks, strict=True):
        found, verdict = await task
        if isinstance(found, Trouble):
            status = 1
            if job.json:
                _json(trouble_document(question, found, verdict))
            complain(found)
        elif job.json:
            _json(answer_document(found, verdict))
        else:
            _print(short_lines(found) if request.short else dig_lines(found, layout))
            if verdict is not None:
                _print(verdict_lines(verdict, [] if request.short else None))
        if isinstance(found, Answer) and question.type in ("AXFR", "IXFR") and found.status != "NOERROR":
            print(f"pitop dns: the transfer failed: {found.status}", file=sys.stderr)
            status = 1
    return status


def _heading(job: Job) -> bool:
    return not job.json and not job.request.short and dict(job.request.display).get("cmd", True)


def _layout(job: Job) -> Layout:
    wanted = dict(job.request.display)
    return Layout(
        comments=wanted.get("comments", True),
        question=wanted.get("question", True),
        answer=wanted.get("answer", True),
        authority=wanted.get("authority", True),
        additional=wanted.get("additional", True),
        stats=wanted.get("stats", True),
        ttl=wanted.get("ttlid", True),
        ttl_units=wanted.get("ttlunits", False),
        rclass=wanted.get("class", True),
        crypto=wanted.get("crypto", True),
    )


def _anchors(path: str | None) -> Anchors:
    """Late, since validation brings cryptography with it."""
    from pitop.collect.dns.prove import anchors_from

    return anchors_from(path)


async def _compare(job: Job) -> int:
    from pitop.collect.dns.compare import Comparer

    request = job.request
    given = request.servers
    named = tuple(await asyncio.gather(*(located(server, job.family) for server in given)))
    own = own_servers(None, job.port) if job.own or not given else ()
    servers = tuple({str(server): server for server in (*own, *named)}.values())
    names = list(dict.fromkeys(question.name for question in request.questions)) if _names_given(job) else []
    if job.names_file is not None:
        names += [absolute(name) for name in _read_names(job.names_file)]
    if not names:
        raise QuestionError(f"{job.names_file} holds no names")
    options = request.options
    if options.timeout == 5.0 and options.tries == 3:
        options = msgspec.structs.replace(options, timeout=2.0, tries=1)
    comparer = Comparer(names, request.questions[0].type, servers, options, turns=job.turns, rate=job.rate)
    try:
        await comparer.run()
    finally:  # interrupted, it still tells what it has
        found = comparer.comparison()
        if job.json:
            _json(comparison_document(found))
        else:
            _print(comparison_lines(found))
    return 0 if any(server.answered for server in found.servers) else 1


def _names_given(job: Job) -> bool:
    """Whether names stand on the command line: without any, dig's grammar asks about the root."""
    return job.names_file is None or any(question.name != "." for question in job.request.questions)


def _read_names(path: str) -> Sequence[str]:
    try:
        if path == "-":
            text = sys.stdin.read()
        else:
            with open(path, encoding="utf-8", errors="backslashreplace") as file:
                text = file.read()
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror}", "Give a file with a name on each line.") from None
    words = (line.partition("#")[0].split() for line in text.splitlines())
    return [found[0] for found in words if found]


async def _why(job: Job) -> int:
    from pitop.collect.dns.why import Explainer

    status = 0
    for name in dict.fromkeys(question.name for question in job.request.questions):
        written = _as_written(job, name)
        found = await Explainer(written).run()
        if job.json:
            _json(why_document(found))
        else:
            _print(why_lines(found))
        if not found.c_library:
            status = 1
    return status


def _as_written(job: Job, name: str) -> str:
    """The name without the dot that nobody wrote, since the search list minds it."""
    bare = name.removesuffix(".")
    return name if f"{bare}." in job.command.split() else bare


async def _watch(job: Job) -> int:
    assert job.watch is not None
    servers = await _servers(job)
    last: dict[Question, Beat] = {}
    most = 0.0
    due = time.monotonic()
    turn = 0
    while True:
        turn += 1
        for question in job.request.questions:
            try:
                found: Answer | Trouble = await ask_in_turn(question, servers, job.request.options)
            except NoAnswer as error:
                found = error.trouble
            made = beat(found, time.time(), last.get(question))
            last[question] = made
            most = max(most, made.ms or 0.0)
            if job.json:
                _json(beat_document(question, made))
            else:
                label = f"{visible(question.name)} {question.type}  " if len(job.request.questions) > 1 else ""
                print(label + beat_line(made, most), flush=True)
        if job.count is not None and turn >= job.count:
            return 0 if any(each.ms is not None for each in last.values()) else 1
        due += job.watch
        await asyncio.sleep(max(0.0, due - time.monotonic()))
