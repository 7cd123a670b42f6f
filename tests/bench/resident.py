"""How much memory a process and all that it started hold at most."""

import threading
from contextlib import suppress
from pathlib import Path


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
        while not self._over.wait(self._every):
            held = [_status(one) for one in _tree(self._root)]
            self.peak_mb = max(self.peak_mb, sum(_kb(one, "VmRSS") for one in held) / 1024)
            self.own_mb = max(self.own_mb, sum(_kb(one, "RssAnon") for one in held) / 1024)


def _tree(root: int) -> list[int]:
    """A process and all below it. To ask every process for its parent takes 5 ms, and what is measured beside
    would have to wait for that one time in a hundred."""
    found = [root]
    for one in found:
        with suppress(OSError):
            for children in Path(f"/proc/{one}/task").glob("*/children"):
                found += map(int, children.read_text(encoding="utf-8").split())
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
