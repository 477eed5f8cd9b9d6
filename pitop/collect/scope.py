"""From the words of a command line to a scope: which process has the pid now, who has the name."""

from __future__ import annotations

from msgspec.structs import replace

from pitop.collect.collector import Unavailable
from pitop.kernel.processes import ProcessReader
from pitop.model.processes import Stat
from pitop.model.scope import Kind, Scope, made_scope, members, of_process, parse_scope

__all__ = ["grown", "scope_of"]


def scope_of(text: str, root: str = "/proc") -> Scope:
    """The scope that `text` names. Raises ScopeError for words that make none, Unavailable where nobody has the pid."""
    kind, value = parse_scope(text)
    if kind is not Kind.PROCESS:
        return made_scope(kind, value)
    pid = value.removesuffix("+")
    try:
        stat = ProcessReader(root).stat(pid)
    except ProcessLookupError:
        raise Unavailable(f"there is no process {pid}", "pitop processes lists them.") from None
    return grown(of_process(stat.key, stat.comm, descendants=value.endswith("+")), root)


def grown(scope: Scope, root: str = "/proc") -> Scope:
    """The scope with what its process has started meanwhile, where its descendants are followed, too."""
    if scope.process is None or not scope.descendants:
        return scope
    return replace(scope, members=members(scope.process, scope.members, _stats(ProcessReader(root))))


def _stats(reader: ProcessReader) -> list[Stat]:
    found = []
    for pid in reader.pids():
        try:
            found.append(reader.stat(pid))
        except ProcessLookupError:
            continue
    return found
