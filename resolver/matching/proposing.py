"""Which comparisons suit a table of records: by what the rules say, by a trait's known name, else by its
values."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from graph_schema.errors import Invalid, nearest
from resolver.matching.blocking import Ints
from resolver.matching.dates import read as read_date
from resolver.matching.draws import alike
from resolver.matching.kinds import KINDS
from resolver.matching.looks import Look, look
from resolver.matching.model import Comparison
from resolver.matching.names import PERSON
from resolver.matching.relations import Relations
from resolver.matching.text import fold, unfloat
from resolver.matching.values import Traits, is_placeholder

_LOOKED_AT = 20_000
_MIN_FILLED = 0.01
_MIN_RECORDS = 20
_SHARED = 0.15
_LIFT = 4.0
_AT_HOME = 20_000
_GIVEN, _SOME_GIVEN = 0.2, 0.05
"""From this share of common given names on a trait is of these; from the second on if no other comes near."""

_SOME_FULL = 0.3
_SWAPS, _IN_MAILS = 0.0005, 0.05

_NAMES = ("given name", "surname", "full name", "middle name")
"""What the traits are that together name a person, in the order of ``PERSON``."""

DECLARABLE = tuple(sorted({*KINDS, *_NAMES, "nothing"}))
"""What rules may declare a trait to be; "nothing" leaves it out."""

_KNOWN = {
    **dict(zip(PERSON, _NAMES, strict=True)),
    "birthday": "birth date",
    "address.street": "street",
    "address.city": "place",
    "address.postalCode": "place code",
    "address.state": "place",
    "address.country": "country",
    "email": "email",
    "phone": "phone",
}
_TITLES = {"address.street": "street", "address.city": "city", "address.postalCode": "postcode"} | {
    f"address.{name}": name for name in ("state", "country")
}
_PLACES = ("place", "place code", "country", "street")
_OWN = (("given name", "full name", "birth date"), ("surname", "email", "phone"), ("name",), ("street",))
"""What tells two people from one where others agree, the best that there is."""


class Proposal(NamedTuple):
    """A comparison that the data suggest; ``kind`` is None where the trait is better left out. ``why`` is
    for people."""

    name: str
    kind: str | None
    traits: tuple[str, ...]
    why: str


def propose(records: Sequence[Traits], declared: Mapping[str, str] | None = None) -> list[Proposal]:
    """A comparison for each trait that the records hold, or the reason why there is none.

    What is ``declared`` (a trait's kind, or "nothing") stands. Known names mean what they say. What any other
    trait is, is judged by at most 20,000 of its values, and by how they go with the other traits; never by
    its name.
    """
    table = _Table(records, declared or {})
    table.judge_people()
    table.judge_the_rest()
    return table.proposals()


class _Table:
    """The traits of some records, and what they have been found to be."""

    def __init__(self, records: Sequence[Traits], declared: Mapping[str, str]) -> None:
        looked_at = records[:: max(1, -(-len(records) // _LOOKED_AT))]
        self._records = len(looked_at)
        self._first: dict[str, dict[int, str]] = {}
        for row, traits in enumerate(looked_at):
            for trait, written in traits.items():
                value = next((one for one in written if not is_placeholder(one)), None)
                if value is not None:
                    self._first.setdefault(trait, {})[row] = value
        self._kinds: dict[str, str | None] = {}
        self._why: dict[str, str] = {}
        self._looks: dict[str, Look] = {}
        for trait in sorted(self._first):
            values = list(self._first[trait].values())
            known, found = _KNOWN.get(trait), look(values)
            if trait == "name" and found.letters and found.full < _SOME_FULL:
                known = None  # In many a language that is what surnames stand under.
            if trait in declared:
                known = declared[trait]
                self._be(trait, None if known == "nothing" else known, "the rules say so")
            elif flaw := self._flaw(values):
                self._be(trait, None, flaw)
            elif known:
                self._be(trait, known, "a trait whose meaning is known")
            else:
                self._looks[trait] = found
                self._be(trait, found.kind, found.why)

    def _be(self, trait: str, kind: str | None, why: str) -> None:
        self._kinds[trait], self._why[trait] = kind, why

    def _flaw(self, values: list[str]) -> str | None:
        least = max(_MIN_RECORDS if self._records > 10 * _MIN_RECORDS else 1, _MIN_FILLED * self._records)
        if len(values) < least:
            return f"only {len(values)} of {self._records} records have it"
        commonest = Counter(map(fold, values)).most_common(1)[0][1]
        return "nearly always the same value" if commonest > 0.995 * len(values) else None

    def _is_open(self, kind: str) -> bool:
        return kind not in self._kinds.values()

    def judge_people(self) -> None:
        """Finds given name, surname, both in one, and the birth date among unknown traits."""
        looks = self._looks
        births = [one for one, found in looks.items() if found.kind == "date" and found.births]
        if births and self._is_open("birth date"):
            best = max(births, key=lambda one: (len(self._first[one]), one))
            self._be(best, "birth date", "dates spread over years in which people are born")
        named = [one for one, found in looks.items() if found.kind in ("name", "text") and found.letters]
        by_given = sorted(named, key=lambda one: (-looks[one].given, one))
        if self._is_open("given name") and self._is_open("full name") and by_given:
            best, rest = by_given[0], by_given[1:]
            given = looks[best].given
            if given > _GIVEN or (
                given > _SOME_GIVEN
                and any(looks[one].kind == "name" for one in rest)
                and all(given > 2.5 * looks[one].given for one in rest)
            ):
                if looks[best].full > 0.5:
                    self._be(best, "full name", f"two words or more, {given:.0%} begin as people do")
                else:
                    self._be(best, "given name", f"{given:.0%} are names that people are given")
        self._judge_surname(named)

    def _judge_surname(self, named: list[str]) -> None:
        """Finds the surname: what changes places with the given name, or else makes e-mail addresses."""
        if not (self._is_open("surname") and self._is_open("full name")):
            return
        looks, known = self._looks, [one for one, kind in self._kinds.items() if kind == "given name"]
        rest = [one for one in named if one not in known and looks[one].given < 0.5]
        swaps = {(one, two): self._swapped(one, two) for one in known or rest for two in rest if one != two}
        given, surname = max(
            swaps,
            key=lambda pair: (
                swaps[pair],
                self._is_a_family_s(*pair[::-1]),
                -len(set(self._first[pair[0]].values())),
                pair,
            ),
            default=("", ""),
        )
        words = [one for one in rest if looks[one].kind == "name"]
        if swaps.get((given, surname)):
            if not known:
                self._be(given, "given name", "words that change places with surnames")
            why = f"{swaps[given, surname]} records have it and the given name changed round"
            self._be(surname, "surname", why)
        elif known and words:
            best = max(words, key=lambda one: (self._in_mails(one) > _IN_MAILS, looks[one].distinct, one))
            self._be(best, "surname", "words beside given names, of which there are the most")

    def _is_a_family_s(self, trait: str, other: str) -> int:
        """1 where a trait is the surname sooner than the other, -1 where the other is, 0 where nothing tells:
        who live together have that alone in common, and it stands whole in e-mail addresses oftener."""
        whole, begun = ([of(one) for one in (trait, other)] for of in (self._column, self._coarse))
        alone = [0, 0]
        for home in self._of_kinds(("street", "phone", "place code", "code")):
            left, right = alike(self._column(home), 7, _AT_HOME)
            for place in (0, 1):
                same, parted = whole[place], begun[1 - place]
                filled = (same[left] >= 0) & (parted[left] >= 0) & (parted[right] >= 0)
                alone[place] += int(
                    (filled & (same[left] == same[right]) & (parted[left] != parted[right])).sum()
                )
        if max(alone) < _MIN_RECORDS or 2 * max(alone) < 3 * min(alone):
            mails = self._in_mails(trait) - self._in_mails(other)
            return int(mails > _IN_MAILS) - int(mails < -_IN_MAILS)
        return 1 if alone[0] > alone[1] else -1

    def _in_mails(self, trait: str) -> float:
        """The share of e-mail addresses that hold a trait's value."""
        mails = next((self._first[one] for one, kind in self._kinds.items() if kind == "email"), {})
        held = {
            row: fold(value).replace(" ", "") for row, value in self._first[trait].items() if row in mails
        }
        return sum(text in mails[row].lower() for row, text in held.items()) / max(1, len(held))

    def _swapped(self, trait: str, other: str) -> int:
        """How many records have both traits as some other record has them the other way round."""
        one, two = self._first[trait], self._first[other]
        held = {(fold(one[row]), fold(two[row])) for row in one.keys() & two.keys()}
        found = sum(1 for pair in held if pair[0] != pair[1] and pair[::-1] in held)
        return found if found > _SWAPS * len(held) else 0

    def judge_the_rest(self) -> None:
        """Tells places from other texts, and codes that people share from those that are their own."""
        columns = {trait: self._column(trait) for trait in self._first}
        own = next(filter(None, map(self._of_kinds, _OWN)), [])
        coarse = {f"own {one}": self._coarse(one) for one in own}
        codes = [one for one in self._first if self._kinds[one] in ("code", "place code")]
        halves = {f"half {one}": self._column(one, half=True) for one in codes}
        relations = Relations({**columns, **coarse, **halves}, list(coarse))
        for trait, found in self._looks.items():
            if self._kinds[trait] in ("code", "place code") and self._why[trait] == found.why:
                share = relations.shared(trait)
                if share is not None:
                    kind = "place code" if share > _SHARED else "code"
                    told = f"{found.why}; where two records have one, {share:.0%} are two people"
                    self._be(trait, kind, told)
        placed = [one for one, kind in self._kinds.items() if kind in (*_PLACES, "phone")]
        for trait in self._looks:
            if self._kinds[trait] not in ("text", "name", "exact"):
                continue
            for other in (*placed, *halves):
                if other == trait:
                    continue
                near, anyhow = relations.together(other, trait)
                least = min(_LIFT * anyhow, 1.0 - (1.0 - anyhow) / _LIFT)
                if near > max(least, 0.1 if other in halves else 0.3):
                    often = f"{near:.0%}, else {anyhow:.1%}"
                    why = f"two people with one {_TITLES.get(other, other)} have it in common: {often}"
                    self._be(trait, "place", why)
                    whole = other.removeprefix("half ")
                    if whole in self._looks and self._kinds[whole] == "code":
                        self._be(whole, "place code", f"{self._why[whole]}; how it begins goes with {trait}")
                    break

    def _of_kinds(self, kinds: Collection[str]) -> list[str]:
        return [one for one, kind in self._kinds.items() if kind in kinds]

    def _column(self, trait: str, half: bool = False) -> Ints:
        """A trait's values under numbers; of each the first half, where that is wanted."""
        texts = [(row, fold(unfloat(value))) for row, value in self._first[trait].items()]
        return self._numbered({row: text[: (len(text) + 1) // 2 if half else None] for row, text in texts})

    def _coarse(self, trait: str) -> Ints:
        """What slips leave as it is: the first letters of a name, of its words the first by the alphabet; the
        year of a date; the last digits of a number."""
        kind, rows = self._kinds[trait], {}
        for row, value in self._first[trait].items():
            date, words = read_date(unfloat(value)) if kind == "birth date" else (), fold(value).split()
            text = min(words, default="")[:2] if kind == "full name" else "".join(words)
            rows[row] = date[0] if date else text[-2:] if kind == "phone" else text[:2]
        return self._numbered(rows)

    def _numbered(self, rows: Mapping[int, str]) -> Ints:
        numbers: dict[str, int] = {}
        column = np.full(self._records, -1, np.int64)
        for row, text in rows.items():
            if text:
                column[row] = numbers.setdefault(text, len(numbers))
        return column

    def proposals(self) -> list[Proposal]:
        """What was found, known traits first; the traits that name a person make two comparisons."""
        found = []
        named: dict[str, str] = {}
        for trait, kind in self._kinds.items():
            if kind in _NAMES and (other := named.setdefault(kind, trait)) != trait:
                told = f"{other} and {trait} would both be the {kind}; let one be a name, or nothing."
                raise Invalid("matching.comparison.as", told)
        if named:
            traits = tuple(named.get(kind, "") for kind in _NAMES)
            for kind, parts in (
                ("given name", ("given name", "full name", "middle name")),
                ("surname", ("surname", "full name")),
            ):
                why = "; ".join(f"{named[part]}: {self._why[named[part]]}" for part in parts if part in named)
                if why:
                    found.append(Proposal(kind, kind, traits, why))
        order = {trait: place for place, trait in enumerate(_KNOWN)}
        for trait in sorted(self._kinds, key=lambda one: (order.get(one, len(order)), one)):
            if self._kinds[trait] not in _NAMES:
                title = _TITLES.get(trait, trait)
                title = trait if title in self._kinds else title
                found.append(Proposal(title, self._kinds[trait], (trait,), self._why[trait]))
        return found


def comparisons_of(
    proposals: Sequence[Proposal], declared: Mapping[str, str], blocking: Sequence[tuple[str, ...]] = ()
) -> tuple[Comparison, ...]:
    """What is to be compared; raises ``Invalid`` where that is nothing, or the rules name a trait that no
    record has."""
    traits = {trait for proposal in proposals for trait in proposal.traits if trait}
    named = {"comparison.trait": declared, "blocking": [one for key in blocking for one in key]}
    for field, names in named.items():
        for trait in names:
            if trait not in traits:
                raise Invalid(f"matching.{field}", f"No record has it. {nearest(trait, sorted(traits))}.")
    found = tuple(Comparison(one.name, one.kind, one.traits) for one in proposals if one.kind)
    if not found:
        reasons = "; ".join(f"{one.name}: {one.why}" for one in proposals) or "the records have no traits"
        raise Invalid(
            "traits",
            f"There is nothing to compare ({reasons}). Map columns to traits such as lastName, birthday.",
        )
    return found
