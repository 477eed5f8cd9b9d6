"""A scope as a display filter, so that the helper can narrow a capture to it."""

from __future__ import annotations

import re

from pitop.model.scope import Kind, Scope

__all__ = ["narrowed", "scope_expression"]

_MOST_PIDS = 100


def scope_expression(scope: Scope | None) -> str | None:
    """The expression that holds for packets in the scope; None where it means nothing to packets (a user)."""
    if scope is None:
        return None
    match scope.kind:
        case Kind.PROCESS:
            pids = sorted({pid for pid, _ in scope.members})[:_MOST_PIDS]
            listed = ",".join(map(str, pids))
            return f"(pid in {listed} or peer_pid in {listed})" if pids else None
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


def narrowed(text: str, scope: Scope | None) -> str:
    """A display filter narrowed to a scope."""
    within = scope_expression(scope)
    if within is None:
        return text
    return f"({text}) and {within}" if text.strip() else within
