"""From facts to sentences: is this step well, and if not, what is the likely cause and what to do next.

link → address → lease → route → gateway → name servers → name → path → port
"""

from __future__ import annotations

from pitop.model.path.diagnosis.families import families_of
from pitop.model.path.diagnosis.far import path_step, port_step
from pitop.model.path.diagnosis.gateway import default_route, gateway_step, route_step
from pitop.model.path.diagnosis.link import address_step, lease_step, link_step
from pitop.model.path.diagnosis.names import ServerFact, name_step, nameserver_step
from pitop.model.path.diagnosis.step import Step

__all__ = [
    "ServerFact",
    "Step",
    "address_step",
    "default_route",
    "families_of",
    "gateway_step",
    "lease_step",
    "link_step",
    "name_step",
    "nameserver_step",
    "path_step",
    "port_step",
    "route_step",
]
