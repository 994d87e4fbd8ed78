"""The faults: each module registers its own."""

from torture.faults import clocks, disks, files, kills, plugins, screens, servers, workers
from torture.faults.registry import FAULTS, Fault

__all__ = [
    "FAULTS", "Fault", "clocks", "disks", "files", "kills", "plugins", "screens", "servers",
    "workers",
]  # fmt: skip
