"""The rules: which identifiers there are, how strongly they join, and what is particular to a source.

They are written in a TOML file (`docs/rules.md` explains every key), read by `graph_schema.rules.load_rules`.
What is here is the checked, frozen form that every other package works with.
Two rules that say the same have the same hash, however their files are written: `identity_hash` for all that
decides who is who or how records are keyed, `hash` for everything.
"""

import hashlib
import json
from functools import cached_property
from math import inf
from typing import Annotated, Any, Literal, NamedTuple

import phonenumbers
from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from graph_schema.access import Access
from graph_schema.blocked import BUNDLED_PATTERNS
from graph_schema.errors import RulesError, nearest
from graph_schema.messages import flaw_of_source
from graph_schema.namespaces import Namespace, NamespaceName, Switch, cannot_hash
from graph_schema.rules_table import RulesTable

RESOLUTION_VERSION = 9
"""Part of `identity_hash`: raised when by the same rules a normaliser or the resolver joins otherwise, or
when states of persons or keys of blocks are kept in another shape."""


def _has_telephones(region: str) -> str:
    if region not in phonenumbers.SUPPORTED_REGIONS:
        hint = "; the United Kingdom is GB" if region == "UK" else ""
        raise ValueError(f"is not a country or region by ISO 3166 (two capital letters){hint}")
    return region


Region = Annotated[str, AfterValidator(_has_telephones)]
"""Where a telephone number without a country code is from."""
Probability = Annotated[float, Field(ge=0.0, le=1.0, strict=True)]


class Comparison(RulesTable):
    """One trait that matching compares, and as what kind of thing."""

    trait: str
    kind: str = Field(alias="as")


class Matching(RulesTable):
    """Names, birth dates, addresses: their place among the namespaces, and the model that weighs them."""

    after: NamespaceName
    model: str = "people"
    merge: Probability | None = None
    review: Probability | None = None
    veto: Annotated[float, Field(strict=True, ge=-1e6, le=1e6)] | None = None
    comparison: tuple[Comparison, ...] = ()
    blocking: tuple[tuple[str, ...], ...] = ()

    @field_validator("review")
    @classmethod
    def _review_is_below_merge(cls, review: float | None, info: ValidationInfo) -> float | None:
        merge = info.data.get("merge")
        if review is not None and merge is not None and review > merge:
            raise ValueError("is above merge: cases lie between the two, so review is the lower one")
        return review


class Source(RulesTable):
    """What is particular to one source of events."""

    region: Region | None = None
    claims: frozenset[NamespaceName] = frozenset()
    scoped: frozenset[NamespaceName] = frozenset()
    trusted_alias: Switch = False
    alias: Literal["user_id", "anonymous_id"] = "user_id"
    write_key: str | None = Field(default=None, pattern="^[^:]+$", repr=False)


_UNDECLARED_SOURCE = Source()
_Tables = dict[str, dict[str, Any]]


class RulesParts(RulesTable):
    """The parts that a rules file may declare, before it is joined with the file that it extends.

    The tables of campaigns, audiences, destinations and profiles are kept as they are written: the packages
    that act on them check what they say.
    """

    extends: str | None = None
    namespaces: tuple[Namespace, ...] = Field(default=(), validation_alias="namespace")
    matching: Matching | None = None
    sources: dict[str, Source] = Field(default={}, validation_alias="source")
    campaigns: _Tables = Field(default={}, validation_alias="campaign")
    audiences: _Tables = Field(default={}, validation_alias="audience")
    destinations: _Tables = Field(default={}, validation_alias="destination")
    profile: dict[str, Any] = Field(default={})
    access: Access | None = None


class Fault(NamedTuple):
    """What is wrong between the parts of the rules: the path of keys to it, what, and the way out."""

    path: tuple[str | int, ...]
    what: str
    way_out: str


class Rules(RulesParts, validate_by_name=True):
    """All rules in force, checked as a whole. `model` is the matching model as its file has it, and
    `model_digest` stands for it."""

    access: Access = Access()
    model: dict[str, Any] = Field(default={}, repr=False)
    model_digest: str = ""

    @model_validator(mode="after")
    def _parts_fit(self) -> "Rules":
        for fault in faults(self):
            raise RulesError(fault.what, where=".".join(map(str, fault.path)), way_out=fault.way_out)
        return self

    @cached_property
    def by_name(self) -> dict[str, Namespace]:
        """The namespaces by name, strongest first."""
        return {namespace.name: namespace for namespace in self.namespaces}

    @cached_property
    def hashes(self) -> dict[str, str]:
        """By each namespace that holds hashes, the namespace of whose values they are: as it says itself, or
        by its name, as email_sha256 is of email."""
        found: dict[str, str] = {}
        for name, space in self.by_name.items():
            hashed = space.hashes
            if hashed is None:
                other = self.by_name.get(name.removesuffix("_sha256"), space)
                hashed = "" if other is space or cannot_hash(space, other) else other.name
            if hashed:
                found[name] = hashed
        return found

    def source(self, name: str) -> Source:
        """What is particular to a source; for one that the rules don't name, nothing is."""
        return self.sources.get(name, _UNDECLARED_SOURCE)

    @cached_property
    def identity_hash(self) -> str:
        """64 hex digits over all that decides who is who and how records are keyed."""
        return _digest(self._identity())

    @cached_property
    def older_hashes(self) -> frozenset[str]:
        """What older versions of this program called the same rules."""
        identity = self._identity()
        return frozenset(_digest({**identity, "version": one}) for one in range(1, RESOLUTION_VERSION))

    @cached_property
    def hash(self) -> str:
        """64 hex digits over everything but keys and who may come in, which leave no trace."""
        rest = {name: getattr(self, name) for name in ("campaigns", "audiences", "destinations", "profile")}
        return _digest({"identity": self._identity(), **rest})

    def _identity(self) -> dict[str, Any]:
        sources = {name: _source_identity(source) for name, source in self.sources.items()}
        return {
            "version": RESOLUTION_VERSION,
            "blocked": BUNDLED_PATTERNS,
            "namespaces": [
                {**namespace.model_dump(exclude={"lease", "hashes"}), "lease_us": namespace.lease_us}
                for namespace in self.namespaces
            ],
            # Rules from before there were hashes are still the same rules.
            **({"hashes": self.hashes} if self.hashes else {}),
            "matching": self.matching and self.matching.model_dump(exclude={"model"}),
            "model": self.model_digest,
            "sources": {name: source for name, source in sources.items() if source},
        }


def faults(rules: Rules) -> list[Fault]:
    """What is wrong between parts that are each right by themselves, in the order of the file."""
    return [*_namespace_faults(rules), *_matching_faults(rules), *_source_faults(rules)]


def _namespace_faults(rules: Rules) -> list[Fault]:
    if not rules.namespaces:
        return [Fault((), "no [[namespace]] is declared", 'Declare at least one, or say extends = "retail"')]
    found: list[Fault] = []
    seen: set[str] = set()
    for position, namespace in enumerate(rules.namespaces):
        if namespace.name in seen:
            what = f"namespace {namespace.name!r} is declared twice"
            found.append(
                Fault(("namespace", position, "name"), what, "Its place is its strength: keep one of them")
            )
        seen.add(namespace.name)
        if namespace.hashes or namespace.name in rules.hashes:
            found += _hash_faults(position, namespace, rules)
    return found


def _hash_faults(position: int, namespace: Namespace, rules: Rules) -> list[Fault]:
    path = ("namespace", position, "hashes")
    name = namespace.hashes or rules.hashes[namespace.name]
    hashed = rules.by_name.get(name)
    if hashed is None:
        return [_undeclared(path, name, rules)]
    why = cannot_hash(namespace, hashed)
    if why:
        return [Fault(path, f"{namespace.name!r} can't hold the hashes of {hashed.name!r}", why)]
    if hashed.lease_us is not None and (namespace.lease_us or inf) > hashed.lease_us:
        # By the hash of a number that passed on its old owner and the new would be one.
        what = f"{namespace.name!r} holds the hashes of {hashed.name!r} for longer than the lease of that"
        return [Fault(("namespace", position, "lease"), what, f'Write lease = "{hashed.lease}" there too')]
    return []


def _matching_faults(rules: Rules) -> list[Fault]:
    if rules.matching is None:
        return []
    after = rules.by_name.get(rules.matching.after)
    if after is None:
        return [_undeclared(("matching", "after"), rules.matching.after, rules)]
    if after.joins != "people":
        what = f"matching can't stand after {after.name!r}, which joins only anonymous evidence"
        people = [each.name for each in rules.namespaces if each.joins == "people"]
        way_out = f"Matching joins people: put it after {people[-1]}" if people else "Leave [matching] out"
        return [Fault(("matching", "after"), what, way_out)]
    return []


def _source_faults(rules: Rules) -> list[Fault]:
    found: list[Fault] = []
    keys: dict[str, str] = {}
    for name, source in rules.sources.items():
        flaw = flaw_of_source(name)
        if flaw is not None:
            found.append(Fault(("source", name), f"{name!r} can name no source", flaw))
        for part, names in (("claims", source.claims), ("scoped", source.scoped)):
            path = ("source", name, part)
            found += [_undeclared(path, each, rules) for each in sorted(names) if each not in rules.by_name]
        for claimed in sorted(source.claims & rules.by_name.keys()):
            if rules.by_name[claimed].joins != "people":
                what = f"{claimed!r} can't be claimed: it joins only anonymous evidence"
                found.append(
                    Fault(("source", name, "claims"), what, 'Claims are for namespaces with joins = "people"')
                )
        if source.write_key is not None:
            other = keys.setdefault(source.write_key, name)
            if other != name:
                what = f"sources {other!r} and {name!r} have the same write key"
                found.append(
                    Fault(("source", name, "write_key"), what, "Give each its own: the key names the source")
                )
    return found


def _undeclared(path: tuple[str | int, ...], name: str, rules: Rules) -> Fault:
    return Fault(path, f"no [[namespace]] is named {name!r}", nearest(name, rules.by_name))


def _source_identity(source: Source) -> dict[str, Any]:
    said = source.model_dump(exclude_defaults=True, exclude={"write_key"})
    return {key: sorted(value) if isinstance(value, frozenset) else value for key, value in said.items()}


def _digest(said: dict[str, Any]) -> str:
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
