"""Name servers, and a name."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pitop.model.path.diagnosis.step import Step

__all__ = ["ServerFact", "name_step", "nameserver_step"]


class ServerFact(Struct, frozen=True):
    """What a name server did with a question: the response code, None for no answer, and what came instead."""

    address: str
    rcode: str | None
    words: str
    time_ms: float
    answers: tuple[str, ...] = ()


def nameserver_step(facts: Sequence[ServerFact]) -> Step:
    """Does any name server answer, and the first one too?"""
    tried = f"asked {', '.join(each.address for each in facts) or 'nobody'}"
    if not facts:
        return Step(
            name="name servers",
            outcome="failed",
            tried=tried,
            came="none is configured",
            fault="no-name-server",
            cause="/etc/resolv.conf names no server.",
            advice="Put a line `nameserver ADDRESS` there, or have the DHCP client do it.",
        )
    several = len(facts) > 1
    came = "; ".join(
        f"{each.address}: {each.words}" + (f" ({each.time_ms:.0f} ms)" if several else "") for each in facts
    )
    well = [each for each in facts if each.rcode is not None]
    if len(well) == len(facts):
        time = min(each.time_ms for each in well)
        return Step(name="name servers", outcome="ok", tried=tried, came=came, time_ms=time)
    dead = [each for each in facts if each.rcode is None]
    names = ", ".join(each.address for each in dead)
    refused = all(each.words == "connection refused" for each in dead)
    cause = (
        f"{names}: the machine is there, but no DNS server runs on it."
        if refused
        else f"{names} does not answer: the DNS server is down, a firewall drops the question, or the way there is cut."
    )
    return Step(
        name="name servers",
        outcome="warning" if well else "failed",
        tried=tried,
        came=came,
        fault="dns-dead",
        cause=cause + (" The C library waits 5 seconds for it each time." if well else ""),
        advice=f"Restart it, or name another server in /etc/resolv.conf; see pitop trace {dead[0].address}.",
    )


def name_step(name: str, facts: Sequence[ServerFact], local: Sequence[str]) -> Step:
    """Does the name resolve, and do the servers agree? `local` is what getaddrinfo(3) makes of it."""
    tried = f"asked {', '.join(each.address for each in facts) or 'the C library'} for {name}"
    time = min((each.time_ms for each in facts), default=None)
    sets = {each.address: frozenset(each.answers) for each in facts if each.rcode == "NOERROR"}
    if local:
        shown = f"{name} is {', '.join(local[:4])}"
        outside = not any(set(local) & answers for answers in sets.values())
        if facts and outside:
            shown += " by this machine's own files (nsswitch.conf, /etc/hosts), not by DNS"
        if len(set(sets.values())) > 1:
            parts = [f"{server} says {', '.join(sorted(answers)) or 'nothing'}" for server, answers in sets.items()]
            return Step(
                name="name",
                outcome="warning",
                tried=tried,
                came="; ".join(parts),
                time_ms=time,
                fault="servers-disagree",
                cause="The name servers do not say the same: one has old data, or filters, or serves other places.",
                advice=f"Compare them: pitop dns {name} --compare.",
            )
        return Step(name="name", outcome="ok", tried=tried, came=shown, time_ms=time)
    codes = sorted({each.rcode or each.words for each in facts})
    came = f"no address: {', '.join(codes) or 'nobody to ask'}"
    if "NXDOMAIN" in codes or (sets and not any(sets.values())):
        return Step(
            name="name",
            outcome="failed",
            tried=tried,
            came=came,
            time_ms=time,
            fault="name-missing",
            cause=f"There is no name {name}." if "NXDOMAIN" in codes else f"{name} exists, but has no address.",
            advice=f"Check the spelling; see where it ends: pitop dns {name} --trace.",
        )
    return Step(
        name="name",
        outcome="failed",
        tried=tried,
        came=came,
        time_ms=time,
        fault="name-fails",
        cause="The name server could not find it out: the zone's own servers fail, or DNSSEC does not hold.",
        advice=f"See which step fails: pitop dns {name} --trace, and --dnssec.",
    )
