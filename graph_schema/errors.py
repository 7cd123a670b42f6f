"""Every error that Onefold raises on purpose.

    OnefoldError              500  exit 1   the root: catch this at a border (HTTP, command line, worker)
    ├── RulesError            500  exit 2   rules.toml is wrong
    ├── MappingError          400  exit 2   a mapping file is wrong, or doesn't fit its CSV or Parquet
    ├── NotNow                503  exit 3   what this program stands on can't serve it now
    │   ├── StoreUnavailable  503  exit 3   the store can't be reached or is locked for too long
    │   │   └── Lost          503  exit 3   what was to become durable soon did not: give it again
    │   ├── BrokerUnavailable 503  exit 3   Kafka can't be reached, or refuses what is asked of it
    │   ├── SchemaMismatch    503  exit 3   the store's schema is newer than this program, or not migrated
    │   └── RulesMismatch     503  exit 3   the store was built by other rules: rebuild first
    ├── Conflict              409  exit 1   two writes, or a word against what stands
    │   └── Overtaken         503  exit 3   another writer came first: the same call may succeed now
    ├── UnknownPerson         404  exit 1   nobody is known by this id or identifier
    ├── AmbiguousIdentifier   409  exit 1   several persons hold it; `persons` are their ids
    ├── Erased                410  exit 1   that person was erased
    └── Invalid               400  exit 2   a message or a request is wrong in one field

`status` is the HTTP status of the problem document, `exit_code` what the command line ends with (1: the
answer is no; 2: what was given is wrong; 3: the store can't serve this program now). A message says what is
wrong, where, and the way out. It never holds personal data: it names the field, not the value.
"""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import ClassVar, Final

_NAMED: Final = 5
"""Persons whom an error names, of those between whom it can't tell."""


class OnefoldError(Exception):
    """What is wrong (`what`), in which file or field (`where`), and the way out (`way_out`)."""

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", way_out: str = "") -> None:
        self.what = what
        self.where = where
        self.way_out = way_out
        sentence = f"{where}: {what}" if where else what
        super().__init__(f"{sentence}. {way_out}" if way_out else sentence)


class RulesError(OnefoldError):
    """The rules can't be used as they are written; `where` is the file and, if it can be told, the line."""

    exit_code = 2


class MappingError(OnefoldError):
    """A mapping file is wrong, or names a column that the data file doesn't have."""

    status = 400
    exit_code = 2


class NotNow(OnefoldError):
    """This program can't be served now; once what the message names is done, the same call may succeed."""

    status = 503
    exit_code = 3


class StoreUnavailable(NotNow):
    """The store doesn't answer now; the same call may succeed later."""


class Lost(StoreUnavailable):
    """What was given before, to become durable soon, did not; nothing that stands on it is written."""


class BrokerUnavailable(NotNow):
    """Kafka doesn't answer now, or refuses this program; the same call may succeed later."""


class SchemaMismatch(NotNow):
    """The store's schema is not the one that this program reads and writes."""


class RulesMismatch(NotNow):
    """The store's persons were derived by other rules, so this process may not write to it."""


class Conflict(OnefoldError):
    """What is asked contradicts what stands, or another writer came first."""

    status = 409


class Overtaken(Conflict):
    """Another writer came first, so nothing was written; the same call may succeed now."""

    status = 503
    exit_code = 3

    def __init__(self) -> None:
        super().__init__(
            "another writer came first, again and again",
            way_out="Nothing was written. Try again, with fewer writers or smaller batches",
        )


class UnknownPerson(OnefoldError):
    """Nobody is known by the given id or identifier."""

    status = 404

    def __init__(self, what: str = "nobody is known by this id or identifier", *, way_out: str = "") -> None:
        super().__init__(what, way_out=way_out)


class AmbiguousIdentifier(OnefoldError):
    """Several persons hold the identifier and the rules name no owner; `persons` are their ids, sorted."""

    status = 409

    def __init__(self, persons: Iterable[str]) -> None:
        self.persons = tuple(sorted(persons))
        named = ", ".join(self.persons[:_NAMED]) + (", …" if len(self.persons) > _NAMED else "")
        super().__init__(
            f"{len(self.persons)} persons hold this identifier and none of them owns it: {named}",
            way_out="Ask by person id, or let a steward judge who it belongs to",
        )


class Erased(OnefoldError):
    """The person was erased on request; nothing of the profile is left to show."""

    status = 410

    def __init__(self) -> None:
        super().__init__("this person was erased")


class Invalid(OnefoldError):
    """A message or request is wrong in `field` (a dotted path) for `reason`; neither holds the value."""

    status = 400
    exit_code = 2

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(reason, where=field)


@contextmanager
def naming(field: str) -> Iterator[None]:
    """Whatever is wrong inside is wrong in this field: who reads a value can't know where it was given."""
    try:
        yield
    except Invalid as error:
        raise Invalid(field, error.reason) from None


def nearest(wrong: str, known: Iterable[str]) -> str:
    """The way out for a word that is none of those known: the one that was likely meant, and all of them."""
    words = tuple(known)
    near = difflib.get_close_matches(wrong.lower(), words, n=1, cutoff=0.5)
    guess = f"Did you mean {near[0]!r}? " if near else ""
    return f"{guess}It can be {', '.join(words)}"
