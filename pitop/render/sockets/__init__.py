"""How sockets are shown: fields of single ones and of groups, and the words for what they are."""

from __future__ import annotations

from pitop.render.sockets.fields import COLUMNS, FIELDS, FLAGS
from pitop.render.sockets.tcp import limits
from pitop.render.sockets.views import GROUP_FIELDS, OPENING_FIELDS, STATE_FIELDS
from pitop.render.sockets.words import STATES, address_port, holder_words, state_words

__all__ = [
    "COLUMNS",
    "FIELDS",
    "FLAGS",
    "GROUP_FIELDS",
    "OPENING_FIELDS",
    "STATES",
    "STATE_FIELDS",
    "address_port",
    "holder_words",
    "limits",
    "state_words",
]
