"""Given names: which may be one name, by ``bundled/nicknames.txt``, and which are common, by
``bundled/given_names.txt`` too."""

from graph_schema.bundled_files import bundled_lines


def _families() -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for number, line in enumerate(bundled_lines("nicknames.txt")):
        for name in line.split():
            found.setdefault(name, set()).add(number)
    return {name: frozenset(lines) for name, lines in found.items()}


_FAMILIES = _families()
_COMMON = frozenset(" ".join(bundled_lines("given_names.txt")).split())
_NONE: frozenset[int] = frozenset()


def may_be_one(one: str, two: str) -> bool:
    """Whether two folded given names stand in one line of the table: Bob and Robert, Paco and Francisco."""
    return not _FAMILIES.get(one, _NONE).isdisjoint(_FAMILIES.get(two, _NONE))


def has_others(name: str) -> bool:
    """Whether a folded given name has a line in the table."""
    return name in _FAMILIES


def is_common(name: str) -> bool:
    """Whether a folded given name stands in one of the tables."""
    return name in _FAMILIES or name in _COMMON
