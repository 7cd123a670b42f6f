"""How much memory a process and all that it started hold at most."""

import threading
from itertools import count
from pathlib import Path

_ANEW = 20
"""Looks until it is asked anew which processes there are, once there are some: that takes 5 ms, and what is
measured beside it would have to wait for it one time in a hundred."""


class Resident:
    """Looks at a tree of processes from time to time, and keeps the highest sums that it saw.

    ``peak_mb`` is all that is resident, shared pages counted for each process; ``own_mb`` leaves out pages of
    files (the store's, read through the system's cache), which the system takes back when it needs them.
    """

    def __init__(self, root: int, every_s: float = 0.2) -> None:
        self.peak_mb = 0.0
        self.own_mb = 0.0
        self._root = root
        self._every = every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Resident":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        tree: list[int] = []
        for look in count():
            if self._over.wait(self._every):
                return
            if len(tree) < 2 or look % _ANEW == 0:
                tree = _tree(self._root)
            held = [_status(one) for one in tree]
            self.peak_mb = max(self.peak_mb, sum(_kb(one, "VmRSS") for one in held) / 1024)
            self.own_mb = max(self.own_mb, sum(_kb(one, "RssAnon") for one in held) / 1024)


def _tree(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            parent = _status(int(folder.name)).get("PPid")
            if parent is not None:
                children.setdefault(int(parent), []).append(int(folder.name))
    found = [root]
    for one in found:
        found += children.get(one, [])
    return found


def _kb(status: dict[str, str], name: str) -> int:
    return int(status.get(name, "0 kB").split()[0])


def _status(process: int) -> dict[str, str]:
    """What the system says of a process; nothing where it has ended."""
    try:
        text = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return {}
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in pairs}
