"""The machine on which is measured: said beside every figure, for without it none means anything."""

import os
import platform
from pathlib import Path


def machine() -> str:
    """Cores, memory, system, and how busy others keep it now."""
    cores = len(os.sched_getaffinity(0))
    load, _, _ = os.getloadavg()
    return (
        f"{cores} cores ({_processor()}), {_memory():.0f} GB of memory, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}; load before the run {load:.1f}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unnamed"


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
