"""A record's traits made ready to be compared: taken apart once, then compared many times."""

import hashlib
from functools import lru_cache

from resolver.matching.kinds import KINDS
from resolver.matching.model import BEYOND, Comparison, Model, Prepared, Weight
from resolver.matching.scoring import compare
from resolver.matching.values import Traits, Value

_PAIRS_KEPT = 8
"""So many keys of one type a record may have: several values multiply."""


def prepare(traits: Traits, model: Model, key: bytes = b"") -> Prepared:
    """Normalises a record's traits. Traits that the model doesn't name don't matter; ``key`` is that of the
    hashes."""
    told = [_told(one, traits) for one in model.comparisons]
    fields = tuple(tuple(value for value, _ in values) for values in told)
    rarity = tuple(tuple(rare for _, rare in values) for values in told)
    said = Prepared(_number(repr(fields), _hashing(key)), fields, rarity)
    own = compare(said, said, model)
    least = model.merge if model.merge < BEYOND else model.floor
    votes = sum(map(bool, fields)) ** 2 if own >= least else 0
    return said._replace(keys=_keys(fields, model, key) if votes else (), own=own, votes=votes)


def _told(comparison: Comparison, traits: Traits) -> list[tuple[Value, Weight]]:
    """The values of a comparison, those left out that stand for none, with what agreeing in each adds."""
    values = KINDS[comparison.kind].values(traits, comparison.traits)
    return [(value, rare) for value in values if (rare := comparison.rarity(value)) is not None]


@lru_cache(maxsize=256)
def _hashing(key: bytes, begin: str = "") -> "hashlib.blake2b":
    """A hash under a key of texts that begin alike, begun once: to begin takes longer than all the rest."""
    return hashlib.blake2b(begin.encode(), digest_size=8, key=key)


def _number(text: str, begun: "hashlib.blake2b") -> int:
    """A 63-bit number that stands for a text, the same in every process that has the key; never 0."""
    digest = begun.copy()
    digest.update(text.encode())
    return int.from_bytes(digest.digest(), "big") >> 1 or 1


def atoms_of(
    comparisons: tuple[Comparison, ...], fields: tuple[tuple[Value, ...], ...]
) -> dict[str, list[str]]:
    """The pieces of a record by which it may be found: "comparison: part" to their texts."""
    found: dict[str, list[str]] = {}
    for comparison, values in zip(comparisons, fields, strict=True):
        atoms = KINDS[comparison.kind].atoms
        for value in values:
            for part, text in atoms(value):
                texts = found.setdefault(f"{comparison.name}: {part}", [])
                if text and text not in texts:
                    texts.append(text)
    return found


_NEAR = 40
"""Keys that begin with the same piece differ in so many last bits: in a store they lie side by side, and a
record's keys on few pages."""


@lru_cache(maxsize=16)
def _begun(
    blocking: tuple[tuple[str, ...], ...], key: bytes
) -> list[tuple[str, tuple[str, ...], "hashlib.blake2b"]]:
    """Each type of key by its first piece and the others, with its hash."""
    return [(types[0], types[1:], _hashing(key, " + ".join(types) + "\t")) for types in blocking]


def _keys(fields: tuple[tuple[Value, ...], ...], model: Model, key: bytes) -> tuple[int, ...]:
    atoms = atoms_of(model.comparisons, fields)
    nothing: list[str] = []
    found: set[int] = set()
    places: dict[str, list[tuple[int, str]]] = {}
    for first, others, begun in _begun(model.blocking, key):
        if first not in places:
            near = _hashing(key, first)
            places[first] = [(_number(text, near) >> _NEAR, text) for text in atoms.get(first, nothing)]
        texts = places[first]
        for other in others if texts else ():
            texts = [(at, f"{one}\t{two}") for at, one in texts for two in atoms.get(other, nothing)]
        for at, text in texts[:_PAIRS_KEPT]:
            found.add(at << _NEAR | _number(text, begun) >> 63 - _NEAR)
    return tuple(sorted(found))
