"""One process in full: its accounts, settings, files, threads, surroundings and rights."""

from pitop.model.inspection.capabilities import Capabilities, capabilities_in_mask
from pitop.model.inspection.cgroup import Belonging, Container, belonging
from pitop.model.inspection.environment import HIDDEN, Variable, environment_of
from pitop.model.inspection.files import OpenFile, access_of, flags_of
from pitop.model.inspection.overview import (
    Accounts,
    Delays,
    Executable,
    Identity,
    Inspect,
    InspectionSnapshot,
    Namespace,
    Rates,
    Relative,
    Settings,
    SignalMasks,
    Thread,
    rates_of,
)

__all__ = [
    "HIDDEN",
    "Accounts",
    "Belonging",
    "Capabilities",
    "Container",
    "Delays",
    "Executable",
    "Identity",
    "Inspect",
    "InspectionSnapshot",
    "Namespace",
    "OpenFile",
    "Rates",
    "Relative",
    "Settings",
    "SignalMasks",
    "Thread",
    "Variable",
    "access_of",
    "belonging",
    "capabilities_in_mask",
    "environment_of",
    "flags_of",
    "rates_of",
]
