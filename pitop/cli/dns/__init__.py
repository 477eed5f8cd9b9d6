"""`pitop dns`: dig's words and layout, and what dig does not tell: proof, comparison, and why."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["run"]


def run(arguments: Sequence[str]) -> int:
    """Look up, trace, compare, explain or watch. 0: answered; 1: could not; 2: usage."""
    from pitop.cli.dns.arguments import Job, parse
    from pitop.model.dns.question import QuestionError

    try:
        job: Job = parse(arguments)
    except QuestionError as error:
        print(f"pitop dns: {error}", file=sys.stderr)
        return 2
    if job.mode == "trace":
        from pitop.cli.dns.trace import trace

        return trace(job)
    import asyncio

    from pitop.cli.dns.act import act

    return asyncio.run(act(job))
