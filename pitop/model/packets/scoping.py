"""A scope as a display filter, so that the helper can narrow a capture to it."""

from __future__ import annotations

import re

from pitop.model.scope import CLOCKS, Kind, Scope

__all__ = ["narrowed", "scope_expression"]

_MOST_PIDS = 100  # the youngest; each may take six terms


def scope_expression(scope: Scope | None) -> str | None:
    """The expression that holds for packets in the scope; None where it means nothing to packets (a user)."""
    if scope is None:
        return None
    match scope.kind:
        case Kind.PROCESS:
            return _of_process(scope)
        case Kind.HOST:
            return f"host={scope.address}"
        case Kind.PORT:
            return f"port={scope.port}"
        case Kind.NAME:
            name = re.escape((scope.name or "").rstrip(".").lower()).replace('"', "")
            pattern = f'"(?i)(^|[ .]){name}([.]?$|[:/])"'.replace("\\", "\\\\")
            return f"(dns.name~{pattern} or tls.name~{pattern} or http~{pattern})"
        case Kind.FLOW:
            if scope.flow is None:
                return None
            (one, port), (other, other_port) = scope.flow.ends
            return f"host={one} host={other} port={port} port={other_port}"
        case _:
            return None


def _of_process(scope: Scope) -> str | None:
    """Packets of the members' pids, without what somebody else sent who had such a pid before or has it since."""
    members = sorted(scope.members, key=lambda key: key[1])[-_MOST_PIDS:]
    if not members:
        return None
    listed = ",".join(str(pid) for pid in sorted({pid for pid, _ in members}))
    terms = [f"(pid in {listed} or peer_pid in {listed})"]
    spans: dict[int, list[str]] = {}
    chosen = frozenset(members)
    for life in (each for each in scope.lives if each.key in chosen):
        span = f"time>={life.began - CLOCKS:.3f}"
        if life.ended is not None:
            span += f" time<={life.ended if life.ended > life.began else 0:.3f}"
        spans.setdefault(life.key[0], []).append(span)
    for pid, several in spans.items():
        span = " or ".join(several)
        # An end whose owner is not known says nothing against the other.
        terms += [f"({end}=unknown or not ({end}={pid} not ({span})))" for end in ("pid", "peer_pid")]
    return " ".join(terms)


def narrowed(text: str, scope: Scope | None) -> str:
    """A display filter narrowed to a scope."""
    within = scope_expression(scope)
    if within is None:
        return text
    return f"({text}) and {within}" if text.strip() else within
