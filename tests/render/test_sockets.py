"""The fields of sockets: what they say, and that nothing hostile passes through them."""

from __future__ import annotations

from msgspec.structs import replace

from pitop.model.filter import compile_filter
from pitop.model.sockets import Owner, Socket, Unix
from pitop.render.field import by_key, operands, record
from pitop.render.sockets import COLUMNS, FIELDS, FLAGS, STATES, address_port, limits, state_words
from pitop.render.units import UNKNOWN
from tests.model.test_sockets import endpoint, listener, row, tcp

KNOWN = by_key(FIELDS)
HOSTILE = "\x1b]0;owned\x07[/etc]\n\u202eevil"


def matches(text: str, made: Socket) -> bool:
    known = operands((*FIELDS, *FLAGS))
    return compile_filter(text, known, [known["process"]])(made)


def test_every_column_is_a_field_and_every_field_teaches() -> None:
    assert set(COLUMNS) <= set(KNOWN)
    assert all(len(field.words) > 10 for field in FIELDS)
    assert len({field.key for field in FIELDS}) == len(FIELDS)


def test_hostile_names_never_reach_the_terminal_raw() -> None:
    made = Socket(
        endpoint("CONNECTED", protocol="unix", unix=Unix("STREAM"), local_address=HOSTILE, interface=HOSTILE),
        user=HOSTILE,
        owners=(Owner(1, 2, HOSTILE),),
        former=(Owner(1, 2, HOSTILE),),
        peers=(Owner(1, 2, HOSTILE),),
        namespace=HOSTILE,
        remote_name=HOSTILE,
        service=HOSTILE,
    )
    for field in FIELDS:
        text = field.text(made)
        assert not any(mark in text for mark in "\x1b\x07\n\u202e"), field.key
    assert record(FIELDS, made)["user"] == HOSTILE, "data stays as it is"


def test_what_is_unknown_is_null_and_a_dash() -> None:
    made = row(listener("0.0.0.0:80"))
    said = record(FIELDS, made)
    assert said["rtt_ms"] is None
    assert said["bytes_sent"] is None
    assert said["remote_port"] is None
    assert KNOWN["rtt_ms"].text(made) == UNKNOWN


def test_addresses_and_ports() -> None:
    assert address_port("::1", 80) == "[::1]:80"
    assert address_port("0.0.0.0", None) == "0.0.0.0:*"
    made = row(endpoint(remote="10.0.0.2:443"))
    assert KNOWN["remote_address"].text(made) == "10.0.0.2:443"
    assert KNOWN["remote_address"].text(replace(made, remote_name="host.example")) == "host.example:443"


def test_who_has_it() -> None:
    process = KNOWN["process"]
    assert process.text(row(endpoint(), (5, "nginx"), (6, "nginx"))) == "nginx +1"
    assert process.text(Socket(endpoint("TIME_WAIT"), holder="none", former=(Owner(5, 1, "curl"),))) == "(curl)"
    assert process.text(row(endpoint())) == "not permitted"
    assert process.text(Socket(endpoint(), holder="kernel")) == "kernel"


def test_the_filter_language_over_sockets() -> None:
    made = row(listener("192.168.1.5:22"), (5, "sshd"))
    assert matches("state=LISTEN and port=22", made)
    assert matches("local in 192.168.0.0/16", made)
    assert matches("listening", made)
    assert matches("sshd", made)
    assert matches("reach~network", made)
    assert not matches("rtt>1ms", made)
    assert not matches("not rtt>1ms", made)
    assert matches("rtt>1s", row(endpoint(tcp=tcp(rtt_ms=1500.0))))
    assert matches("remote in 10.0.0.0/8", row(endpoint()))
    assert matches("sent>1M", row(endpoint(tcp=tcp(0, 2 << 20))))


def test_what_limits_a_sender() -> None:
    usual = {"busy_ms": 100.0, "receive_window_limited_ms": 0.0, "send_buffer_limited_ms": 0.0}
    assert limits(tcp(application_limited=True, **usual)) == "application"
    assert limits(tcp(application_limited=False, **usual)) == ""
    assert limits(tcp(application_limited=False, **{**usual, "receive_window_limited_ms": 50.0})) == "receive window"
    assert limits(tcp()) is None


def test_every_state_has_words() -> None:
    assert all(state_words(state) for state in STATES)
    assert "does not know" in state_words("NEW_STATE")
