"""Names of users, from the system's own databases."""

from __future__ import annotations

import pwd

__all__ = ["UserNames"]


class UserNames:
    """uid → user name, each asked for once; the number itself where there is no name. May block on a directory
    service, so it is asked on collectors' threads only."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}

    def __getitem__(self, uid: int) -> str:
        name = self._names.get(uid)
        if name is None:
            try:
                name = pwd.getpwuid(uid).pw_name
            except (KeyError, OverflowError):
                name = str(uid)
            self._names[uid] = name
        return name
