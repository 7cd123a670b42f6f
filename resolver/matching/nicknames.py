"""Short forms of given names: which names may be one name, by the table ``bundled/nicknames.txt``."""

from graph_schema.bundled_files import bundled_text


def _families() -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    lines = [line for line in bundled_text("nicknames.txt").splitlines() if not line.startswith("#")]
    for number, line in enumerate(lines):
        for name in line.split():
            found.setdefault(name, set()).add(number)
    return {name: frozenset(lines) for name, lines in found.items()}


_FAMILIES = _families()
_NONE: frozenset[int] = frozenset()


def may_be_one(one: str, two: str) -> bool:
    """Whether two folded given names stand in one line of the table: Bob and Robert, Paco and Francisco."""
    return not _FAMILIES.get(one, _NONE).isdisjoint(_FAMILIES.get(two, _NONE))


def families(name: str) -> frozenset[int]:
    """The lines of the table in which a folded given name stands; empty for most names."""
    return _FAMILIES.get(name, _NONE)
