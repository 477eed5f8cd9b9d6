"""Name servers and vendors, from files of a made-up root."""

from __future__ import annotations

from pathlib import Path

from pitop.kernel.network.resolvers import parse_resolv_conf, resolver
from pitop.kernel.network.vendors import Vendors
from pitop.render.network.tables import resolv_conf


def test_resolv_conf_as_the_c_library_reads_it() -> None:
    text = (
        "# comment\n; other\nnameserver 10.0.0.1\nnameserver fe80::1%eth0\nsearch a.example\nnameserver 10.0.0.3\n"
        "nameserver 10.0.0.4\noptions ndots:2 rotate\ndomain b.example\n nameserver\n"
    )
    found = parse_resolv_conf(text, "/etc/resolv.conf")
    assert [(each.address, each.interface, each.used) for each in found.servers] == [
        ("10.0.0.1", None, True),
        ("fe80::1", "eth0", True),
        ("10.0.0.3", None, True),
        ("10.0.0.4", None, False),
    ]
    assert (found.search, found.options) == (("b.example",), ("ndots:2", "rotate"))
    assert list(resolv_conf(found)) == [
        "nameserver 10.0.0.1",
        "nameserver fe80::1%eth0",
        "nameserver 10.0.0.3",
        "nameserver 10.0.0.4  # never asked: only the first three are",
        "search b.example",
        "options ndots:2 rotate",
    ]


def test_behind_the_stub(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/resolv.conf").write_text("nameserver 127.0.0.53\n")
    assert [each.address for each in resolver(tmp_path).servers] == ["127.0.0.53"]
    (tmp_path / "run/systemd/resolve").mkdir(parents=True)
    (tmp_path / "run/systemd/resolve/resolv.conf").write_text("nameserver 10.0.0.1\n" * 4)
    servers = resolver(tmp_path).servers
    assert [each.address for each in servers] == ["127.0.0.53"] + ["10.0.0.1"] * 4
    assert all(each.used for each in servers)
    assert resolver(tmp_path / "nowhere").servers == ()


def test_vendors_from_each_list(tmp_path: Path) -> None:
    assert not Vendors(tmp_path)
    assert Vendors(tmp_path)("b8:27:eb:00:00:01") is None
    (tmp_path / "lib/udev/hwdb.d").mkdir(parents=True)
    (tmp_path / "lib/udev/hwdb.d/20-OUI.hwdb").write_text(
        "# file\n\nOUI:B827EB*\n ID_OUI_FROM_DATABASE=Raspberry Pi Foundation\n\n"
        "OUI:70B3D5*\n ID_OUI_FROM_DATABASE=IEEE Registration Authority\n\n"
        "OUI:70B3D5F2F*\n ID_OUI_FROM_DATABASE=TELEPLATFORMS\n"
    )
    vendors = Vendors(tmp_path)
    assert vendors
    assert vendors("b8:27:eb:12:34:56") == "Raspberry Pi Foundation"
    assert vendors("70:b3:d5:f2:f1:23") == "TELEPLATFORMS"  # the longer assignment inside the shorter
    assert vendors("70:b3:d5:00:00:00") == "IEEE Registration Authority"
    assert vendors("ba:27:eb:12:34:56") is None  # locally administered
    assert vendors("01:00:5e:00:00:01") is None  # a group
    assert vendors("b8:27") is None
    vendors.close()
    (tmp_path / "usr/share/ieee-data").mkdir(parents=True)
    (tmp_path / "usr/share/ieee-data/oui.csv").write_text('Registry,A,B,C\nMA-L,001122,"Bend, ""Inc""","Street 1, X"\n')
    (tmp_path / "usr/share/hwdata").mkdir(parents=True)
    (tmp_path / "usr/share/hwdata/oui.txt").write_text("list\n00-33-44   (hex)\t\tHex Makers Ltd\r\n003344 (base 16)\n")
    vendors = Vendors(tmp_path)
    assert vendors("00:11:22:00:00:00") == 'Bend, "Inc"'
    assert vendors("00:33:44:00:00:00") == "Hex Makers Ltd"
    vendors.close()
