"""Comparisons, explanations, watched answers and plain text as rows of a table, for the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from pitop.model.dns.compare import Comparison, ServerFigures, Spread
from pitop.model.dns.live import LiveQuery
from pitop.model.dns.watch import Beat
from pitop.model.dns.why import Found, Why
from pitop.render.field import Field, Tone
from pitop.render.units import Unit, percent, say

__all__ = [
    "BEAT_FIELDS",
    "GRADE_FIELDS",
    "LIVE_FIELDS",
    "PLAIN_FIELDS",
    "STAGE_FIELDS",
    "BeatRow",
    "Grade",
    "PlainRow",
    "StageRow",
    "beat_rows",
    "grades",
    "plain_rows",
    "stage_rows",
]


class Grade(Struct, frozen=True):
    """One line of a comparison: a server's first or repeated questions, or a name that is answered differently."""

    key: tuple[str, ...]
    server: str
    asked: str
    spread: Spread | None
    most_ms: float
    loss_percent: float | None
    words: str
    tone: Tone = Tone.PLAIN
    servers: tuple[str, ...] = ()  # those that the line is about


def _times(name: str, title: str, read: Callable[[Spread], float | None], words: str) -> Field[Grade]:
    """A column of milliseconds; blank in lines that are about no times."""

    def value(grade: Grade) -> float | None:
        return None if grade.spread is None else read(grade.spread)

    def show(grade: Grade) -> str:
        return say(value(grade), Unit.MILLISECONDS) if grade.asked else ""

    return Field(f"{name}_ms", title, 7, Unit.MILLISECONDS, value, words, (name,), show=show)


GRADE_FIELDS: tuple[Field[Grade], ...] = (
    Field(
        "server", "SERVER", 20, Unit.ADDRESS, lambda grade: grade.server, "Who was asked.", tone=lambda _: Tone.ACCENT
    ),
    Field(
        "asked",
        "ASKED",
        5,
        Unit.TEXT,
        lambda grade: grade.asked,
        "The first time, when the server may have to ask others; or again, when it should remember.",
        tone=lambda _: Tone.FAINT,
    ),
    _times("median", "MEDIAN", lambda spread: spread.median_ms, "Milliseconds that half of the answers stay under."),
    _times(
        "p95",
        "P95",
        lambda spread: spread.p95_ms,
        "Milliseconds that 95 in 100 answers stay under: what one notices.",
    ),
    _times(
        "jitter",
        "JITTER",
        lambda spread: spread.jitter_ms,
        "How much one time differs from the next, on average.",
    ),
    Field(
        "loss_percent",
        "LOSS%",
        5,
        Unit.PERCENT,
        lambda grade: grade.loss_percent,
        "Questions without an answer.",
        ("loss",),
        show=lambda grade: "" if grade.loss_percent is None else percent(grade.loss_percent),
        tone=lambda grade: Tone.BAD if grade.loss_percent else Tone.FAINT,
    ),
    Field(
        "words",
        "",
        0,
        Unit.TEXT,
        lambda grade: grade.words,
        "Response codes, what a cache tells of itself, answers that differ.",
        tone=lambda grade: grade.tone,
    ),
)


def grades(comparison: Comparison) -> list[Grade]:
    """The comparison's lines: two for each server, then what differs."""
    spreads = [each for server in comparison.servers for each in (server.first, server.repeated) if each is not None]
    most = max((each.p95_ms for each in spreads), default=0.0)
    rows = []
    for server in comparison.servers:
        rows.append(
            Grade(
                (server.server, "first"),
                server.server,
                "first",
                server.first,
                most,
                server.loss_percent,
                _codes(server),
                servers=(server.server,),
            )
        )
        rows.append(
            Grade(
                (server.server, "again"),
                "",
                "again",
                server.repeated,
                most,
                None,
                _memory(server),
                Tone.FAINT,
                (server.server,),
            )
        )
    for difference in comparison.differences:
        name = difference.name
        for said, who in difference.answers:
            words = f"{said} from {', '.join(who)}"
            rows.append(Grade((difference.name, said), name, "", None, most, None, words, Tone.WARN, who))
            name = ""
    return rows


def _memory(server: ServerFigures) -> str:
    """What is known of a server's cache: what it tells of it, and what its times do."""
    words = []
    if server.authoritative:
        words.append("it answers for a zone of its own")
    elif server.remembers:
        words.append("it keeps answers")
    if server.cache is not None:
        words.append(f"its cache: {server.cache.hits} hits, {server.cache.misses} misses since it started")
    return "; ".join(words)


def _codes(server: ServerFigures) -> str:
    return f"{server.answered} of {server.asked}: " + ", ".join(
        f"{count} {status}" for status, count in server.statuses
    )


class StageRow(Struct, frozen=True):
    """One line of an explanation."""

    key: tuple[int, int]
    mark: str
    what: str
    words: str
    tone: Tone


STAGE_FIELDS: tuple[Field[StageRow], ...] = (
    Field("mark", "", 1, Unit.TEXT, lambda row: row.mark, "How it came out.", tone=lambda row: row.tone),
    Field(
        "what",
        "SOURCE",
        38,
        Unit.TEXT,
        lambda row: row.what,
        "Where a name is looked for, in the order that nsswitch.conf gives.",
        tone=lambda row: Tone.ACCENT,
    ),
    Field(
        "words", "WHAT IT SAYS", 0, Unit.TEXT, lambda row: row.words, "What was found there.", tone=lambda row: row.tone
    ),
)

_FOUND = {
    Found.YES: ("✓", Tone.GOOD),
    Found.NO: ("-", Tone.PLAIN),
    Found.SKIPPED: ("·", Tone.FAINT),
    Found.UNKNOWN: ("?", Tone.WARN),
    Found.TOLD: (" ", Tone.PLAIN),
}


def stage_rows(why: Why, *, plain: bool = False) -> list[StageRow]:
    """The explanation's lines: each stage, its grounds below it, and what disagrees. `plain` keeps to ASCII."""
    rows = []
    for place, stage in enumerate(why.stages):
        mark, tone = _FOUND[stage.found]
        mark = mark if not plain or mark.isascii() else "+" if stage.found is Found.YES else " "
        rows.append(StageRow((place, 0), mark, stage.what, stage.words, tone))
        rows += [StageRow((place, number), "", "", line, Tone.FAINT) for number, line in enumerate(stage.lines, 1)]
    for number, words in enumerate(why.disagreements):
        rows.append(StageRow((len(why.stages), number), "!", "disagreement", words, Tone.WARN))
    return rows


class BeatRow(Struct, frozen=True):
    """One asking of a watch, with the longest time that any took."""

    key: int
    beat: Beat
    most_ms: float


BEAT_FIELDS: tuple[Field[BeatRow], ...] = (
    Field("time", "TIME", 8, Unit.MOMENT, lambda row: row.beat.time, "When it was asked.", tone=lambda _: Tone.FAINT),
    Field("query_time_ms", "MS", 7, Unit.MILLISECONDS, lambda row: row.beat.ms, "Milliseconds to the answer."),
    Field(
        "status",
        "STATUS",
        10,
        Unit.TEXT,
        lambda row: row.beat.status,
        "The response code, or why there was no answer.",
        tone=lambda row: Tone.BAD if row.beat.ms is None else Tone.PLAIN,
    ),
    Field(
        "data",
        "ANSWER",
        0,
        Unit.TEXT,
        lambda row: (
            " ".join(row.beat.data)
            + (f"  (was {' '.join(row.beat.before or ('nothing',))})" if row.beat.changed else "")
        ),
        "What was answered; what it was before, where that changed.",
        tone=lambda row: Tone.WARN if row.beat.changed else Tone.PLAIN,
    ),
)


def beat_rows(beats: Sequence[Beat]) -> list[BeatRow]:
    """A watch's lines, the newest first."""
    most = max((beat.ms for beat in beats if beat.ms is not None), default=0.0)
    return [BeatRow(round(beat.time * 1000), beat, most) for beat in reversed(beats)]


class PlainRow(Struct, frozen=True):
    """A line of text."""

    key: int
    text: str


PLAIN_FIELDS: tuple[Field[PlainRow], ...] = (
    Field(
        "text",
        "AS DIG PRINTS IT",
        0,
        Unit.TEXT,
        lambda row: row.text,
        "The whole answer in dig's layout.",
        tone=lambda row: Tone.FAINT if row.text.startswith(";") else Tone.PLAIN,
    ),
)


LIVE_FIELDS: tuple[Field[LiveQuery], ...] = (
    Field("time", "TIME", 8, Unit.MOMENT, lambda row: row.time, "When it was asked first.", tone=lambda _: Tone.FAINT),
    Field(
        "query_time_ms",
        "MS",
        7,
        Unit.MILLISECONDS,
        lambda row: row.ms,
        "Milliseconds from the last time it was asked to the answer.",
        ("ms",),
    ),
    Field(
        "tries",
        "TRIES",
        5,
        Unit.COUNT,
        lambda row: row.tries,
        "How often it was sent: more than once means that an answer was lost or slow.",
        tone=lambda row: Tone.WARN if row.tries > 1 else Tone.FAINT,
    ),
    Field("process", "PROCESS", 15, Unit.TEXT, lambda row: row.process, "Who asked, where the capture could tell."),
    Field("server", "SERVER", 15, Unit.ADDRESS, lambda row: row.server, "Who was asked.", tone=lambda _: Tone.FAINT),
    Field("type", "TYPE", 6, Unit.TEXT, lambda row: row.type, "What was asked for.", tone=lambda _: Tone.STRONG),
    Field(
        "name", "NAME", 28, Unit.TEXT, lambda row: row.name, "The name that was asked for.", tone=lambda _: Tone.ACCENT
    ),
    Field(
        "status",
        "STATUS",
        9,
        Unit.TEXT,
        lambda row: "no answer" if row.unanswered else row.status,
        "The response code; unknown while an answer may still come.",
        tone=lambda row: Tone.BAD if row.unanswered or row.status not in (None, "NOERROR", "NXDOMAIN") else Tone.PLAIN,
    ),
    Field("data", "ANSWER", 0, Unit.TEXT, lambda row: row.data, "What was answered, as tcpdump writes it."),
)


def plain_rows(lines: Sequence[str]) -> list[PlainRow]:
    """Lines of text as rows; tabs are widened, as a terminal would."""
    return [PlainRow(number, line.expandtabs(8)) for number, line in enumerate(lines)]
