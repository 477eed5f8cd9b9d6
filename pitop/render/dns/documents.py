"""What `--json` says of answers, traces, comparisons and explanations: (summary, rows) for the document."""

from __future__ import annotations

from typing import Any

from pitop.model.dns.answer import Answer, Trouble
from pitop.model.dns.compare import Comparison, ServerFigures, Spread
from pitop.model.dns.dnssec.verdict import Verdict
from pitop.model.dns.question import Question
from pitop.model.dns.reasons import explain
from pitop.model.dns.trace import Trace
from pitop.model.dns.watch import Beat
from pitop.model.dns.why import Why
from pitop.render.dns.fields import LINK_FIELDS, RECORD_FIELDS, REMARK_FIELDS, STEP_FIELDS
from pitop.render.field import record

__all__ = [
    "answer_document",
    "beat_document",
    "comparison_document",
    "trace_document",
    "trouble_document",
    "why_document",
]

Document = tuple[dict[str, Any], list[dict[str, Any]]]


def _verdict(verdict: Verdict | None) -> dict[str, Any]:
    if verdict is None:
        return {}
    return {
        "dnssec": verdict.security.value,
        "why": verdict.why,
        "chain": [record(LINK_FIELDS, link) for link in verdict.links],
    }


def answer_document(answer: Answer, verdict: Verdict | None = None) -> Document:
    """An answer: how it came in the summary, its records as rows."""
    edns = answer.edns
    summary: dict[str, Any] = {
        "question": str(answer.question),
        "unicode": answer.unicode,
        "server": answer.server.label,
        "transport": answer.transport.value,
        "status": answer.status,
        "flags": list(answer.flags),
        "query_time_ms": round(answer.timing.query_ms, 3),
        "size_bytes": answer.size_bytes,
        "id": answer.id,
        "connect_ms": _rounded(answer.timing.connect_ms),
        "tls_ms": _rounded(answer.timing.tls_ms),
        "total_ms": round(answer.timing.total_ms, 3),
        "sent_bytes": answer.sent_bytes,
        "tries": answer.tries,
        "truncated": answer.fallback or "tc" in answer.flags,
        "edns": None
        if edns is None
        else {
            "version": edns.version,
            "flags": list(edns.flags),
            "payload_bytes": edns.payload_bytes,
            "nsid": edns.nsid,
            "subnet": edns.subnet,
            "cookie": edns.cookie,
            "padding_bytes": edns.padding_bytes,
        },
        "extended_errors": [
            {"code": error.code, "words": error.words, "text": error.text} for error in (edns.errors if edns else ())
        ],
        "words": explain(answer),
        "remarks": list(answer.remarks),
        **_verdict(verdict),
    }
    return summary, [record(RECORD_FIELDS, each) for each in answer.records]


def trouble_document(question: Question, trouble: Trouble, verdict: Verdict | None = None) -> Document:
    """A question that was not answered."""
    summary: dict[str, Any] = {
        "question": str(question),
        "server": None,
        "transport": None,
        "status": None,
        "flags": None,
        "query_time_ms": None,
        "size_bytes": None,
        "error": trouble.message,
        "fault": trouble.fault.value,
        "advice": trouble.advice,
        "tries": trouble.tries,
        "remarks": list(trouble.remarks),
        **_verdict(verdict),
    }
    return summary, []


def trace_document(trace: Trace) -> Document:
    """A trace: its outcome in the summary, its steps as rows."""
    answer = trace.answer
    summary: dict[str, Any] = {
        "question": str(trace.question),
        "server": None if answer is None else answer.server.label,
        "transport": None if answer is None else answer.transport.value,
        "status": None if answer is None else answer.status,
        "flags": None if answer is None else list(answer.flags),
        "query_time_ms": None if answer is None else round(answer.timing.query_ms, 3),
        "size_bytes": None if answer is None else answer.size_bytes,
        "total_ms": round(trace.total_ms, 3),
        "error": trace.trouble,
        "aliases": list(trace.aliases),
        "answer": [] if answer is None else [record(RECORD_FIELDS, each) for each in answer.records],
        "zones": [
            {
                "zone": cut.zone,
                "parent": cut.parent,
                "parent_servers": list(cut.parent_servers),
                "child_servers": None if cut.child_servers is None else list(cut.child_servers),
                "glue": [list(pair) for pair in cut.glue],
                "serials": dict(cut.serials),
                "signed": cut.signed,
            }
            for cut in trace.cuts
        ],
        "remarks": [record(REMARK_FIELDS, remark) for remark in trace.remarks],
        **_verdict(trace.verdict),
    }
    return summary, [record(STEP_FIELDS, step) for step in trace.steps]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _spread(name: str, spread: Spread | None) -> dict[str, Any]:
    keys = ("min_ms", "median_ms", "p95_ms", "max_ms", "jitter_ms")
    return {f"{name}_{key}": None if spread is None else _rounded(getattr(spread, key)) for key in keys}


def _figures(figures: ServerFigures) -> dict[str, Any]:
    cache = figures.cache
    return {
        "server": figures.server,
        "asked": figures.asked,
        "answered": figures.answered,
        "loss_percent": _rounded(figures.loss_percent),
        **_spread("first", figures.first),
        **_spread("repeated", figures.repeated),
        "statuses": dict(figures.statuses),
        "authoritative": figures.authoritative,
        "cache": None
        if cache is None
        else {
            "size": cache.size,
            "hits": cache.hits,
            "misses": cache.misses,
            "insertions": cache.insertions,
            "evictions": cache.evictions,
            "servers": list(cache.servers),
        },
    }


def comparison_document(comparison: Comparison) -> Document:
    """A comparison: a row for each server, differing answers in the summary."""
    summary = {
        "type": comparison.type,
        "names": comparison.names,
        "asked": comparison.asked,
        "total": comparison.total,
        "seconds": round(comparison.seconds, 3),
        "differences": [
            {"name": each.name, "answers": [{"answer": said, "servers": list(who)} for said, who in each.answers]}
            for each in comparison.differences
        ],
    }
    return summary, [_figures(each) for each in comparison.servers]


def why_document(why: Why) -> Document:
    """An explanation: a row for each step."""
    summary = {
        "name": why.name,
        "c_library": None if why.c_library is None else list(why.c_library),
        "disagreements": list(why.disagreements),
    }
    rows = [
        {
            "what": stage.what,
            "found": stage.found.value,
            "words": stage.words,
            "addresses": list(stage.addresses),
            "lines": list(stage.lines),
        }
        for stage in why.stages
    ]
    return summary, rows


def beat_document(question: Question, beat: Beat) -> Document:
    """One asking of many."""
    summary = {
        "question": str(question),
        "status": beat.status,
        "query_time_ms": _rounded(beat.ms),
        "changed": beat.changed,
        "before": None if beat.before is None else list(beat.before),
    }
    return summary, [{"data": data} for data in beat.data]
