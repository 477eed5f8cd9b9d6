"""The first steps: link, address, lease."""

from __future__ import annotations

from collections.abc import Sequence

from pitop.model.network.rows import Address, Interface, Lease
from pitop.model.path.diagnosis.step import Step

__all__ = ["address_step", "lease_step", "link_step"]


def link_step(interfaces: Sequence[Interface], wanted: str | None) -> Step:
    """Is the interface on, and its cable in? `wanted` is the one that routes lead to, None where none does."""
    real = [each for each in interfaces if each.link_type != "loopback"]
    looked = [each for each in real if each.name == wanted] or real
    tried = f"looked at {', '.join(each.name for each in looked) or 'every interface'}"

    def failed(came: str, fault: str, cause: str, advice: str) -> Step:
        return Step(name="link", outcome="failed", tried=tried, came=came, fault=fault, cause=cause, advice=advice)

    if not looked:
        return failed(
            "there is no interface but lo",
            "no-interface",
            "The network card is missing, or its driver is not loaded.",
            "Look for it with `ip link` and in `dmesg`.",
        )
    well = [each for each in looked if each.up and each.carrier is not False and each.state in ("UP", "UNKNOWN")]
    if well:
        best = well[0]
        speed = f", {best.speed_mbit} Mbit/s" if best.speed_mbit is not None else ""
        slow = best.duplex == "half"
        return Step(
            name="link",
            outcome="warning" if slow else "ok",
            tried=tried,
            came=f"{best.name} is {best.state}{speed}{', half duplex' if slow else ''}",
            fault="half-duplex" if slow else "",
            cause="The two ends do not agree how to share the cable." if slow else "",
            advice="Set both ends to negotiate, or change the cable." if slow else "",
        )
    # What is on without a cable is nearer to working than what is off.
    worst = next((each for each in looked if each.up), looked[0])
    if not worst.up:
        return failed(
            f"{worst.name} is switched off",
            "switched-off",
            f"{worst.name} was switched off, or never switched on.",
            f"Switch it on: ip link set {worst.name} up.",
        )
    if worst.carrier is False:
        return failed(
            f"{worst.name} is on, but has no carrier",
            "cable-down",
            f"The cable of {worst.name} is out or broken, or the other end is off.",
            "Check the cable and the lights at both ends; on Wi-Fi, whether it is joined to a network.",
        )
    return failed(
        f"{worst.name} is {worst.state}",
        "cable-down",
        f"{worst.name} stands on something that does not work ({worst.parent or worst.master or 'its lower layer'}).",
        "Look at that one first.",
    )


def address_step(addresses: Sequence[Address], interface: str | None, families: Sequence[int]) -> Step:
    """Has the interface an address that reaches further than the cable?"""
    name = interface or "any interface"
    tried = f"looked for an address on {name}"
    held = [each for each in addresses if interface in (None, each.interface) and each.scope != "host"]
    usable = [
        each
        for each in held
        if each.scope == "global"
        and each.family in families
        and not {"tentative", "dadfailed"} & set(each.flags)
        and not each.address.startswith("169.254.")
    ]
    if usable:
        shown = ", ".join(f"{each.address}/{each.prefix_length}" for each in usable[:3])
        return Step(name="address", outcome="ok", tried=tried, came=f"{shown} on {usable[0].interface}")
    double = next((each for each in held if "dadfailed" in each.flags), None)
    if double is not None:
        return Step(
            name="address",
            outcome="failed",
            tried=tried,
            came=f"{double.address} is used by somebody else",
            fault="address-taken",
            cause=f"Another machine on the link has {double.address} as well.",
            advice="Give one of them another address.",
        )
    only = ", ".join(each.address for each in held)
    return Step(
        name="address",
        outcome="failed",
        tried=tried,
        came=f"only {only}, which reach no further than the cable" if only else f"{name} has no address",
        fault="no-address",
        cause="No DHCP server answered, no DHCP client runs, or no address was set.",
        advice=f"Start the DHCP client for {name} and watch its log, or set an address: ip address add … dev {name}.",
    )


def lease_step(leases: Sequence[Lease], interface: str | None, held: Sequence[Address], now: float) -> Step:
    """Does the lease still run?"""
    tried = "read the lease files of dhclient, dhcpcd, NetworkManager and systemd-networkd"
    mine = [each for each in leases if each.interface == interface]
    own = {each.address for each in held}
    current = next((each for each in mine if each.address in own), None) or (mine[0] if mine else None)
    if current is None:
        return Step(
            name="lease",
            outcome="skipped",
            tried=tried,
            came="no lease: the address was set by hand, or is kept elsewhere",
        )
    if current.expiry_time is None:
        return Step(
            name="lease", outcome="ok", tried=tried, came=f"{current.address} from {current.client}, no end told"
        )
    left = current.expiry_time - now
    if left >= 0:
        late = current.rebind_time is not None and now > current.rebind_time
        return Step(
            name="lease",
            outcome="warning" if late else "ok",
            tried=tried,
            came=f"{current.address} from {current.server or current.client}, {left / 60:.0f} minutes left",
            fault="lease-runs-out" if late else "",
            cause=f"The DHCP server {current.server or ''} has not renewed the lease when asked." if late else "",
            advice="Check the DHCP server before the lease ends." if late else "",
        )
    gone = current.address not in own
    return Step(
        name="lease",
        outcome="failed" if gone and not own else "warning",
        tried=tried,
        came=f"the lease of {current.address} ended {-left / 60:.0f} minutes ago",
        fault="lease-expired",
        cause="The DHCP server did not renew it, or the file is an old one.",
        advice=f"Ask for a new one with {current.client}.",
    )
