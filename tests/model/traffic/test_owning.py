"""What the wire adds to sockets: owners where they closed too soon, names that were asked for."""

from __future__ import annotations

from msgspec.structs import replace

from pitop.model.sockets import Owner, Socket
from pitop.model.traffic import Named
from pitop.model.traffic.owning import Owning
from tests.model.test_sockets import endpoint
from tests.model.test_timeline import talk, traffic
from tests.tui.still import NOW

WGET = Owner(900, 1900, "wget")


def _closed(after: float, local: str = "10.0.0.1:40000", cookie: int = 5) -> Socket:
    end = endpoint("CLOSE", local, "10.0.0.2:80", key=(0, cookie), cookie=cookie)
    return Socket(end, closed_time=NOW + after)


def test_an_owner_is_told_by_cookie_or_by_the_ends_at_that_time() -> None:
    owning = Owning(traffic(9, talk(a_cookie=7), talk(2, began=5.0, a=("10.0.0.1", 41000))))
    by_cookie, by_ends, before, stranger = owning.told(
        (
            _closed(3, "10.0.0.1:1", 7),
            _closed(6, "10.0.0.1:41000"),
            _closed(1, "10.0.0.1:41000", 6),
            _closed(3, "10.0.0.1:9", 8),
        )
    )
    assert by_cookie.former == (WGET,)
    assert by_ends.former == (WGET,)
    assert before.former == (), "it had closed before that conversation began"
    assert stranger.former == ()


def test_what_the_sockets_know_stays_and_nothing_new_is_the_same_object() -> None:
    known = replace(_closed(3), owners=(Owner(1, 1, "init"),))
    owning = Owning(traffic(9, talk()))
    assert owning.told((known,))[0] is known
    made = owning.told((_closed(3),))
    assert made[0].former == (WGET,)
    row = _closed(3)
    assert owning.told((row,))[0] is owning.told((row,))[0]


def test_names_come_from_what_was_asked_never_from_reverse_look_ups() -> None:
    names = (Named("10.0.0.2", "www.example", "dns", NOW, WGET), Named("10.0.0.3", "host.isp", "reverse", NOW))
    owning = Owning(replace(traffic(9, talk()), names=names))
    asked, reverse = owning.told(
        (_closed(3), Socket(endpoint(remote="10.0.0.3:443"), owners=(WGET,), holder="process"))
    )
    assert asked.remote_name == "www.example"
    assert reverse.remote_name is None
