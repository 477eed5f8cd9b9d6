"""The KEY=VALUE lines of systemd-networkd and NetworkManager, and NetworkManager's device state."""

from __future__ import annotations

from pitop.kernel.network.wording import integer, mask_length, timespan
from pitop.model.network.rows import Lease

__all__ = ["parse_key_values", "parse_state"]


def _pairs(text: str) -> dict[str, str]:
    found = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found[key.strip()] = value.strip().strip('"')
    return found


def parse_key_values(data: bytes, interface: str, changed: float, path: str) -> list[Lease]:
    """`ADDRESS=…` lines; T1, T2 and LIFETIME run from the time that the file was written."""
    client = "NetworkManager" if "NetworkManager" in path else "systemd-networkd"
    found = _pairs(data.decode(errors="backslashreplace"))
    address = found.get("ADDRESS")
    if not address:
        return []
    life, renew, rebind = (timespan(found.get(key, "")) for key in ("LIFETIME", "T1", "T2"))
    return [
        Lease(
            interface=interface,
            client=client,
            address=address,
            prefix_length=mask_length(found.get("NETMASK")),
            server=found.get("SERVER_ADDRESS"),
            routers=tuple(found.get("ROUTER", "").split()),
            nameservers=tuple(found.get("DNS", "").split()),
            domain=found.get("DOMAINNAME"),
            hostname=found.get("HOSTNAME"),
            lease_seconds=None if life is None else int(life),
            obtained_time=changed,
            renew_time=None if renew is None else changed + renew,
            rebind_time=None if rebind is None else changed + rebind,
            expiry_time=None if life is None else changed + life,
            path=path,
        )
    ]


def parse_state(data: bytes, interface: str, changed: float, path: str) -> list[Lease]:
    """The [dhcp4] and [dhcp6] sections of NetworkManager's device state, in the names of its D-Bus options."""
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in data.decode(errors="backslashreplace").splitlines():
        if line.startswith("["):
            lines = sections.setdefault(line.strip("[] "), [])
        else:
            lines.append(line)
    made = []
    for name in ("dhcp4", "dhcp6"):
        found = _pairs("\n".join(sections.get(name, ())))
        address = found.get("ip_address") or found.get("ip6_address")
        if not address:
            continue
        life = integer(found.get("dhcp_lease_time"))
        expiry = integer(found.get("expiry"))
        start = expiry - life if expiry is not None and life is not None else None
        renew = integer(found.get("dhcp_renewal_time"))
        rebind = integer(found.get("dhcp_rebinding_time"))
        made.append(
            Lease(
                interface=interface,
                client="NetworkManager",
                address=address,
                prefix_length=mask_length(found.get("subnet_mask")) if name == "dhcp4" else 128,
                server=found.get("dhcp_server_identifier"),
                routers=tuple(found.get("routers", "").split()),
                nameservers=tuple((found.get("domain_name_servers") or found.get("dhcp6_name_servers") or "").split()),
                domain=found.get("domain_name"),
                hostname=found.get("host_name"),
                lease_seconds=life,
                obtained_time=start,
                renew_time=None if start is None or renew is None else start + renew,
                rebind_time=None if start is None or rebind is None else start + rebind,
                expiry_time=expiry,
                path=path,
            )
        )
    return made
