"""From the words of a command line to a scope: which process has the pid now, who has the name."""

from __future__ import annotations

from pitop.collect.collector import Unavailable
from pitop.kernel.processes import ProcessReader
from pitop.model.scope import Kind, Scope, ScopeError, of_host, of_name, of_port, of_process, of_user, parse_scope

__all__ = ["scope_of"]


def scope_of(text: str, root: str = "/proc") -> Scope:
    """The scope that `text` names. Raises ScopeError for words that make none, Unavailable where nobody has the pid."""
    kind, value = parse_scope(text)
    match kind:
        case Kind.PROCESS:
            try:
                stat = ProcessReader(root).stat(value)
            except ProcessLookupError:
                raise Unavailable(f"there is no process {value}", "pitop processes lists them.") from None
            return of_process(stat.key, stat.comm)
        case Kind.USER:
            return of_user(value)
        case Kind.HOST:
            return of_host(value)
        case Kind.PORT:
            return of_port(int(value))
        case Kind.NAME:
            return of_name(value)
    raise ScopeError(f"{kind.value}: cannot be written on a command line")
