"""Namespaces: the kinds of identifiers that the rules declare, and which of them hold hashes of others."""

import re
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from graph_schema.blocked import stands_for_nothing
from graph_schema.rules_table import RulesTable

MICROSECONDS_PER_DAY = 86_400_000_000

Normaliser = Literal["text", "email", "phone", "card", "uuid", "sha256"]
NamespaceName = Annotated[str, StringConstraints(pattern=r"^[^\s:/]+$")]
Count = Annotated[int, Field(ge=1, strict=True)]
Switch = Annotated[bool, Field(strict=True)]

_LEASE = re.compile(r"(\d{1,5}) +(day|week|month|year)s?")
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}


class Namespace(RulesTable):
    """One kind of identifier. Its place in the list is its strength."""

    name: NamespaceName
    joins: Literal["people", "anonymous"]
    unique: Switch = False
    generic_above: Count = 10
    max_records: Count = 10_000
    lease: str | None = None
    contested: Literal["apart", "latest", "earliest"] = "apart"
    normaliser: Normaliser = "text"
    blocked: tuple[str, ...] = ()
    hashes: NamespaceName | Literal[""] | None = None

    @field_validator("lease")
    @classmethod
    def _lease_is_a_time(cls, lease: str | None) -> str | None:
        if lease is not None and _days(lease) == 0:
            raise ValueError('is not a length of time; write "30 days", "6 weeks", "18 months" or "2 years"')
        return lease

    @field_validator("blocked")
    @classmethod
    def _patterns_compile(cls, blocked: tuple[str, ...]) -> tuple[str, ...]:
        for number, pattern in enumerate(blocked, start=1):
            try:
                found = re.compile(pattern)
            except re.error as error:
                raise ValueError(
                    f"holds something else than regular expressions: number {number}, {error}"
                ) from error
            if found.search("") and found.search("\0"):
                raise ValueError(f"would block every value by number {number}, which is found in any text")
        return blocked

    @field_validator("unique")
    @classmethod
    def _unique_joins_people(cls, unique: bool, info: ValidationInfo) -> bool:
        if unique and info.data.get("joins") == "anonymous":
            raise ValueError('needs joins = "people": a value that joins only anonymous evidence bars nobody')
        return unique

    @cached_property
    def lease_us(self) -> int | None:
        """How long a value may go unseen until it may have a new owner, in microseconds; None: for ever."""
        return None if self.lease is None else _days(self.lease) * MICROSECONDS_PER_DAY

    @cached_property
    def _own_patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(pattern, re.IGNORECASE) for pattern in self.blocked)

    def blocks(self, value: str) -> bool:
        """Whether a match form (see `resolver.normalise`) links nothing, by the bundled patterns or its own.

        Own patterns are searched for (anchor them with ^ and $), without regard to case.
        """
        return stands_for_nothing(value) or any(pattern.search(value) for pattern in self._own_patterns)


def cannot_hash(namespace: Namespace, hashed: Namespace) -> str:
    """What one namespace lacks to hold the hashes of another, "" for nothing."""
    if hashed.normaliser not in ("email", "phone"):
        return "Only e-mail addresses and telephone numbers are known to go by their hashes"
    if namespace.normaliser != "sha256" or namespace.joins != hashed.joins:
        return f'It needs normaliser = "sha256" and joins = "{hashed.joins}"'
    return ""


def _days(lease: str) -> int:
    match = _LEASE.fullmatch(lease.strip().lower())
    return int(match[1]) * _DAYS[match[2]] if match else 0
