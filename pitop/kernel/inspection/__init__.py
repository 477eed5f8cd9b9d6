"""Reading one process in full from its /proc directory."""

from pitop.kernel.inspection.ending import EndWatch
from pitop.kernel.inspection.folder import ProcessFolder, Refused
from pitop.kernel.inspection.reader import Sample, read_process

__all__ = ["EndWatch", "ProcessFolder", "Refused", "Sample", "read_process"]
