"""`pitop dns --trace`: imports what a walk needs and no more, since a walk is over sooner than most imports."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from pitop.cli.dns.arguments import Job
from pitop.cli.dns.trouble import complain
from pitop.collect.dns.trace import Tracer
from pitop.model.dns.answer import NoAnswer
from pitop.model.dns.question import address_of
from pitop.model.dns.roots import ROOT_SERVERS
from pitop.model.dns.trace import Trace
from pitop.render.text import visible

if TYPE_CHECKING:
    from pitop.model.dns.dnssec.anchors import Anchors

__all__ = ["trace"]


def trace(job: Job) -> int:
    """Walk and print. Raises Unavailable for anchors that cannot be read."""
    request = job.request
    anchors: Anchors | None = None
    if job.prove or request.anchor is not None:
        from pitop.collect.dns.prove import anchors_from

        anchors = anchors_from(request.anchor)
    try:
        roots = _roots(job)
    except NoAnswer as error:
        complain(error.trouble)
        return 1
    root_port = request.root_port or 53
    status = 0
    for question in request.questions:
        found = Tracer(question, roots, port=job.port or root_port, root_port=root_port, anchors=anchors).run()
        _print(job, found)
        if found.answer is None or found.trouble is not None:
            status = 1
            print(f"pitop dns: {visible(found.trouble or 'no answer')}", file=sys.stderr)
    return status


def _roots(job: Job) -> dict[str, tuple[str, ...]]:
    """Where the walk starts. Raises NoAnswer."""
    request = job.request
    if request.roots and all(address_of(root) is not None for root in request.roots):
        return {root: (root,) for root in request.roots}
    if not request.roots and not request.servers:
        return ROOT_SERVERS
    import asyncio

    from pitop.collect.dns.roots import asked_roots

    return asyncio.run(asked_roots(request.roots, request.servers, job.family))


def _print(job: Job, found: Trace) -> None:
    if job.json:
        from pitop.render.dns.documents import trace_document
        from pitop.render.document import document

        print(document("dns", time.time(), os.uname().nodename, *trace_document(found)), flush=True)
        return
    if job.request.short and found.answer is not None:
        from pitop.render.dns.dig import short_lines as lines_of

        lines = lines_of(found.answer)
    else:
        from pitop.render.dns.tree import trace_lines

        lines = trace_lines(found)
    for line in lines:
        print(line)
