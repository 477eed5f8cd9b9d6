"""Environment masks, control groups, capabilities, open flags."""

from __future__ import annotations

import os

import pytest

from pitop.model.inspection import HIDDEN, access_of, belonging, capabilities_in_mask, environment_of, flags_of


@pytest.mark.parametrize(
    "entry",
    [
        "PASSWORD=x", "DB_PASS=hunter2", "PGPASSWORD=a", "MYSQL_PWD=b", "GITHUB_TOKEN=c", "AWS_SECRET_ACCESS_KEY=d",
        "API_KEY=e", "SSH_PASSPHRASE=f", "STRIPE_KEY=g", "X=ghp_abcdefghijklmnopqrstuvwx", "Y=eyJhbGci.eyJzdWIi.sig",
        "HTTP_COOKIE=h", "SENTRY_DSN=https://key@host/1", "apikey=i",
    ],
)  # fmt: skip
def test_secrets_are_hidden(entry: str) -> None:
    (variable,) = environment_of(entry.encode() + b"\0")
    assert variable.hidden
    assert variable.value == HIDDEN
    (shown,) = environment_of(entry.encode() + b"\0", reveal=True)
    assert f"{shown.name}={shown.value}" == entry
    assert not shown.hidden


@pytest.mark.parametrize(
    "entry",
    [
        "PWD=/root", "OLDPWD=/tmp", "HOME=/root", "KEYBOARD=de", "SSH_AUTH_SOCK=/tmp/agent.1", "MONKEY=banana",
        "TOKEN_FILE=/run/secrets/token", "COMPASS=north", "PATH=/bin:/usr/bin", "EMPTY_PASSWORD=", "XDG_SESSION_ID=1",
    ],
)  # fmt: skip
def test_the_rest_is_shown(entry: str) -> None:
    (variable,) = environment_of(entry.encode() + b"\0")
    assert f"{variable.name}={variable.value}" == entry
    assert not variable.hidden


def test_only_the_password_of_a_url_is_hidden() -> None:
    (variable,) = environment_of(b"DATABASE_URL=postgres://pi:s3cret@db:5432/x\0")
    assert variable.value == f"postgres://pi:{HIDDEN}@db:5432/x"
    assert variable.hidden


def test_odd_environments() -> None:
    variables = environment_of(b"A=1\0\0no equals\0=x\0B=\xff\x1b\0")
    assert [(each.name, each.value) for each in variables] == [
        ("A", "1"), ("no equals", ""), ("", "x"), ("B", "\\xff\x1b"),
    ]  # fmt: skip


_ID = "4f" * 32


@pytest.mark.parametrize(
    ("text", "engine", "name", "unit"),
    [
        (f"0::/system.slice/docker-{_ID}.scope", "docker", _ID, f"docker-{_ID}.scope"),
        (f"12:cpu:/docker/{_ID}\n1:name=systemd:/docker/{_ID}\n0::/", "docker", _ID, None),
        (f"0::/machine.slice/libpod-{_ID}.scope/container", "podman", _ID, f"libpod-{_ID}.scope"),
        (
            f"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/cri-containerd-{_ID}.scope",
            "containerd", _ID, f"cri-containerd-{_ID}.scope",
        ),
        (f"0::/kubepods/besteffort/pod0aa-1/{_ID}", "kubernetes", _ID, None),
        ("0::/lxc.payload.web/init.scope", "lxc", "web", "init.scope"),
        (r"0::/machine.slice/machine-my\x2dbox.scope", "systemd-nspawn", "my-box", "machine-my-box.scope"),
        ("0::/system.slice/ssh.service", None, None, "ssh.service"),
        ("0::/", None, None, None),
    ],
)  # fmt: skip
def test_containers_and_units(text: str, engine: str | None, name: str | None, unit: str | None) -> None:
    place = belonging(text.encode())
    assert place is not None
    assert (place.container and place.container.engine, place.container and place.container.name) == (engine, name)
    assert place.unit == unit


def test_units_of_a_user() -> None:
    place = belonging(b"0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-term-1.scope\n")
    assert place is not None
    assert (place.unit, place.user_unit, place.slice) == ("user@1000.service", "app-term-1.scope", "app.slice")


def test_no_groups() -> None:
    assert belonging(b"") is None


def test_capabilities() -> None:
    assert capabilities_in_mask(0x21) == ("chown", "kill")
    assert capabilities_in_mask(1 << 40 | 1 << 50) == ("checkpoint_restore", "cap_50")


def test_open_flags() -> None:
    assert access_of(os.O_RDWR | os.O_APPEND) == "rw"
    assert access_of(os.O_PATH) == ""
    assert flags_of(os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC) == ("append", "cloexec")
    assert flags_of(os.O_SYNC) == ("sync",)
    assert flags_of(os.O_DSYNC) == ("dsync",)
