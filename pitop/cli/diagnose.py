"""`pitop diagnose`: what is broken between this machine and another, found by looking in the right order."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence

from pitop.collect.path.diagnose import diagnose
from pitop.model.path.diagnosis import Step
from pitop.render.document import document
from pitop.render.path.diagnosis import step_lines, step_record

__all__ = ["run"]


def run(arguments: Sequence[str]) -> int:
    """Tell each step as it is done; 1 where one failed."""
    parser = argparse.ArgumentParser(
        prog="pitop diagnose",
        description="Link, address, lease, route, gateway, name servers, name, path, port: the first that fails, "
        "its likely cause, and what to do next.",
    )
    parser.add_argument("host", nargs="?", metavar="HOST", help="the machine that should be reached; none: up to DNS")
    parser.add_argument("-p", "--port", type=int, metavar="PORT", help="the TCP port that should be open there")
    parser.add_argument("--json", action="store_true", help="one JSON object at the end")
    options = parser.parse_args(arguments)
    if options.port is not None and not 1 <= options.port <= 65535:
        parser.error("--port: needs 1 to 65535")
    if options.port is not None and options.host is None:
        parser.error("--port: needs a HOST")
    steps: list[Step] = []
    for step in diagnose(options.host, options.port):
        steps.append(step)
        if not options.json:
            print("\n".join(step_lines(step)), flush=True)
    failed = next((step for step in steps if step.outcome == "failed"), None)
    if options.json:
        summary = {
            "host": options.host,
            "port": options.port,
            "broken": failed.name if failed is not None else None,
            "fault": failed.fault if failed is not None else None,
            "cause": failed.cause if failed is not None else None,
            "advice": failed.advice if failed is not None else None,
        }
        print(document("diagnose", time.time(), os.uname().nodename, summary, map(step_record, steps)))
    elif failed is None:
        print("Nothing is broken" + (f" on the way to {options.host}." if options.host is not None else " up to DNS."))
    return 1 if failed is not None else 0
