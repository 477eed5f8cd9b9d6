"""What a request leads to, and how what is found is told: at most ten times a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from pitop.collect.collector import Unavailable
from pitop.collect.dns.compare import Comparer
from pitop.collect.dns.lookup import ask_in_turn, located, own_servers
from pitop.collect.dns.prove import anchors_from, look_up_proved
from pitop.collect.dns.roots import root_servers
from pitop.collect.dns.trace import Tracer
from pitop.collect.dns.why import Explainer
from pitop.model.dns.answer import Answer, NoAnswer, Trouble
from pitop.model.dns.question import Question, QuestionError, Server
from pitop.model.dns.snapshot import Begin, Lookup, Part, Watched
from pitop.model.dns.watch import Beat, beat
from pitop.model.dns.words import Request, read_line

__all__ = ["Desk"]

_PAUSE = 0.1  # seconds between two tellings
_BEATS = 600  # askings of a watch that are kept


class Desk:
    """Lives on one event loop. `publish` is given everything that is known, whenever there is more."""

    def __init__(self, publish: Callable[[dict[str, Any]], None], root: Path = Path("/")) -> None:
        self._publish = publish
        self._root = root
        self._telling: asyncio.TimerHandle | None = None
        self._begun: dict[Part, str] = {}
        self._running: set[Part] = set()
        self._problems: dict[Part, str] = {}
        self._lookups: list[Lookup] = []
        self._tracer: Tracer | None = None
        self._comparer: Comparer | None = None
        self._explainer: Explainer | None = None
        self._watched: Watched | None = None

    async def begin(self, request: Begin) -> None:
        """Do what is asked until it is done or cancelled. Never raises, but for being cancelled."""
        part = request.part
        self._begun[part] = request.text
        self._problems.pop(part, None)
        self._running.add(part)
        self._tell()
        try:
            await self._do(request, read_line(request.text))
        except NoAnswer as error:
            self._problems[part] = f"{error.trouble.message}. {error.trouble.advice}".rstrip()
        except (QuestionError, Unavailable) as error:
            self._problems[part] = str(error)
        except OSError as error:
            self._problems[part] = f"{error.strerror or error}"
        finally:
            # A later request may have taken the part over meanwhile.
            if self._begun.get(part) is request.text:
                self._running.discard(part)
            self._tell()

    async def _do(self, request: Begin, said: Request) -> None:
        match request.part:
            case Part.LOOKUP:
                await self._look_up(request, said)
            case Part.TRACE:
                anchors = anchors_from(said.anchor) if request.prove else None
                roots = root_servers(said.roots)
                port = said.root_port or 53
                self._tracer = Tracer(said.questions[0], roots, port=port, anchors=anchors, changed=self._tell)
                await _traced(self._tracer)
            case Part.COMPARE:
                names = list(dict.fromkeys(question.name for question in said.questions))
                own = own_servers(root=self._root)
                servers = tuple({str(each): each for each in (*own, *await self._servers(said))}.values())
                options = msgspec.structs.replace(said.options, timeout=2.0, tries=1)
                kind = said.questions[0].type
                turns = max(2, -(-20 // len(names)))  # enough askings for a median that means something
                self._comparer = Comparer(names, kind, servers, options, turns=turns, rate=20, changed=self._tell)
                await self._comparer.run()
            case Part.WHY:
                name = said.questions[0].name
                written = name if f"{name}" in request.text else name.removesuffix(".")
                self._explainer = Explainer(written, self._root, self._tell)
                await self._explainer.run()
            case Part.WATCH:
                await self._watch(request, said)

    async def _servers(self, said: Request) -> tuple[Server, ...]:
        if not said.servers:
            return own_servers(said.transport, root=self._root)
        return tuple(await asyncio.gather(*(located(server, root=self._root) for server in said.servers)))

    async def _look_up(self, request: Begin, said: Request) -> None:
        lookups = self._lookups = [Lookup(question) for question in said.questions]
        servers = await self._servers(said)
        anchors = anchors_from(said.anchor) if request.prove else None

        async def one(place: int, question: Question) -> None:
            verdict = None
            try:
                found: Answer | Trouble = await ask_in_turn(question, servers, said.options)
            except NoAnswer as error:
                found = error.trouble
            lookups[place] = _lookup(question, found)
            self._tell()
            if anchors is not None and isinstance(found, Answer) and question.rclass == "IN":
                _, verdict = await look_up_proved(question, servers, said.options, anchors)
                lookups[place] = msgspec.structs.replace(lookups[place], verdict=verdict)
                self._tell()

        async with asyncio.TaskGroup() as group:
            for place, question in enumerate(said.questions):
                group.create_task(one(place, question))

    async def _watch(self, request: Begin, said: Request) -> None:
        question = said.questions[0]
        servers = await self._servers(said)
        beats: list[Beat] = []
        self._watched = Watched(question, request.every, True)
        try:
            while True:
                due = time.monotonic() + request.every
                beats.append(beat(await _one(question, servers, said), time.time(), beats[-1] if beats else None))
                del beats[:-_BEATS]
                self._watched = Watched(question, request.every, True, tuple(beats))
                self._tell()
                await asyncio.sleep(max(0.0, due - time.monotonic()))
        finally:
            self._watched = Watched(question, request.every, False, tuple(beats))

    # Telling.

    def _tell(self) -> None:
        """Publish soon, once for all that happens meanwhile."""
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(_PAUSE, self._told)

    def _told(self) -> None:
        self._telling = None
        self._publish(
            {
                "begun": tuple(self._begun.items()),
                "running": frozenset(self._running),
                "problems": tuple(self._problems.items()),
                "lookups": tuple(self._lookups),
                "trace": None if self._tracer is None else self._tracer.trace(),
                "comparison": None if self._comparer is None else self._comparer.comparison(),
                "why": None if self._explainer is None else self._explainer.why(),
                "watch": self._watched,
            }
        )


async def _traced(tracer: Tracer) -> None:
    """Drive a trace beside everything else on the loop. Being cancelled ends its queries."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    try:
        tracer.begin()
        loop.add_reader(tracer.fileno(), readable.set)
        while not tracer.done:
            deadline = tracer.deadline
            wait = 0.0 if deadline is None else max(0.0, deadline - time.perf_counter())
            with suppress(TimeoutError):
                await asyncio.wait_for(readable.wait(), wait)
            readable.clear()
            tracer.advance()
    finally:
        loop.remove_reader(tracer.fileno())
        tracer.close()


def _lookup(question: Question, found: Answer | Trouble) -> Lookup:
    if isinstance(found, Answer):
        return Lookup(question, answer=found)
    return Lookup(question, trouble=found)


async def _one(question: Question, servers: Sequence[Server], said: Request) -> Answer | Trouble:
    try:
        return await ask_in_turn(question, servers, said.options)
    except NoAnswer as error:
        return error.trouble
