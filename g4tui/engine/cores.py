"""How many threads a native model should use."""

import os
from pathlib import Path

_TOPOLOGY = Path("/sys/devices/system/cpu")


def physical_cores() -> int:
    """Physical cores that this process may run on; half the logical where that is not known.

    Hyper-threads share the units that decode is made of, so that more threads than this are slower.
    """
    if not hasattr(os, "sched_getaffinity"):
        return max(1, (os.cpu_count() or 2) // 2)
    usable = os.sched_getaffinity(0)
    siblings = set()
    for cpu in usable:
        try:
            siblings.add((_TOPOLOGY / f"cpu{cpu}/topology/thread_siblings_list").read_text())
        except OSError:
            return len(usable)
    return len(siblings)


def shares(cores: int, models: int) -> list[int | None]:
    """Threads for each of so many models at once; `None` for one alone: as many as it likes."""
    if models < 2:
        return [None] * models
    each, left = divmod(cores, models)
    return [max(1, each + (at < left)) for at in range(models)]
