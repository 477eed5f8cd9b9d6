"""How one process in full looks: fields, and titled parts of lines."""

from pitop.render.inspection.fields import FILE_FIELDS, LIMIT_FIELDS, OVERVIEW_FIELDS, THREAD_FIELDS
from pitop.render.inspection.parts import Entry, Part, parts

__all__ = ["FILE_FIELDS", "LIMIT_FIELDS", "OVERVIEW_FIELDS", "THREAD_FIELDS", "Entry", "Part", "parts"]
