"""The filter language, one for all panes and commands.

    cpu>40 and state=D            user=pi or command~sshd           not kernel
    rss>100M                      remote in 10.0.0.0/8              port in 22,80,8000-8999

`and` may be left out; `or` binds weaker, `not` and parentheses as expected. A word alone matches the row's main
text; the name of a yes-or-no field alone asks whether it is set. `~` is a regular expression anywhere in the
text. Letters match either case unless the value has capitals. Sizes take K, M, G, T (powers of 1,024), times ms,
s, m, h, d. What is unknown is neither true nor false (Kleene's three values): it is shown by no comparison, nor
by its opposite; `field=unknown` asks for it.
"""

from __future__ import annotations

from pitop.model.filter.language import Filter, FilterError, Kind, Operand, compile_filter

__all__ = ["Filter", "FilterError", "Kind", "Operand", "compile_filter"]
