"""The rest of the naive statement's answer: `contested`, cases, founding records, look-ups, reports."""

from dataclasses import replace

import pytest

from tests.reference.evidence import Namespace
from tests.reference.groups import Contest
from tests.reference.spelled import (
    RETAIL,
    ambiguous,
    cases,
    groups,
    identifier,
    judgements,
    keys,
    letters,
    records,
)
from tests.reference.statement import resolve

U1, U2, U3 = "uid:u1", "uid:u2", "uid:u3"
STRONG_CARD = (RETAIL[1], RETAIL[0], *RETAIL[2:])
DEVICE_FIRST = (RETAIL[-1], *RETAIL[:-1])
TWO_UNIQUE = (RETAIL[0], replace(RETAIL[1], unique=True), *RETAIL[2:])


def latest(name: str, rule: Contest = "latest") -> tuple[Namespace, ...]:
    """The rules with another `contested` for one namespace."""
    return tuple(replace(n, contested=rule) if n.name == name else n for n in RETAIL)


TABLET = f"A {U1} device:t@5; B {U2} device:t@1-7; C device:t@6"
CONTESTED = {
    "the last login owns the device": (latest("device"), TABLET, "A BC"),
    "the first login owns the device": (
        latest("device", "earliest"),
        f"A {U1} device:t@2-9; B {U2} device:t@3-4; C device:t@1",
        "AC B",
    ),
    "no time loses": (latest("device"), f"A {U1} device:t; B {U2} device:t@1; C device:t", "A BC"),
    "nor does it win as the earliest": (
        latest("device", "earliest"),
        f"A {U1} device:t; B {U2} device:t@1; C device:t",
        "A BC",
    ),
    "ties by the smaller record key": (
        latest("device"),
        f"B {U1} device:t@3; A {U2} device:t@3; C device:t",
        "AC B",
    ),
    "no times at all by the record key": (
        latest("device"),
        f"B {U1} device:t; A {U2} device:t; C device:t",
        "AC B",
    ),
    "only values that the part shares": (
        latest("device"),
        f"A {U1} device:t@5 device:x@99; B {U2} device:t@6; D {U3} device:x@98; C device:t",
        "A BC D",
    ),
    "the first account keeps the address": (
        latest("email", "earliest"),
        f"A {U1} email:e@1; B {U2} email:e@2; C email:e@3",
        "AC B",
    ),
    "a claim goes by the same rule": (
        latest("email"),
        f"A {U1} email:e@1; B {U2} email:e@2; G ?email:e@9",
        "A BG",
    ),
    "what an owner of one value only claims of another is left out": (
        latest("email"),
        f"A {U1} email:e@1 ?email:f@9; B {U2} email:f@5; G ?email:e ?email:f",
        "A BG",
    ),
    "by different as well": (latest("email"), "A email:e@1; B email:e@2; C email:e", "A BC"),
    "anchors that stand between several don't move": (
        latest("email"),
        f"A {U1} email:e@1; B {U2} email:e@2",
        "A B",
    ),
}


@pytest.mark.parametrize(("rules", "spelled", "persons"), CONTESTED.values(), ids=CONTESTED.keys())
def test_contested(rules: tuple[Namespace, ...], spelled: str, persons: str) -> None:
    said = judgements("A#B") if "uid" not in spelled else ()
    answer = resolve(rules, records(spelled), said)
    assert (groups(answer.persons), ambiguous(answer)) == (persons, "")


ORDERS = {
    "a weaker unique namespace forbids nothing": (
        STRONG_CARD,
        f"A {U1} card:c; B {U2} card:c; C {U1}",
        "AB C",
        "",
    ),
    "an anonymous namespace before the people": (
        DEVICE_FIRST,
        f"A {U1} device:d; B {U1} device:d; C device:d",
        "AB C",
        "C:AB",
    ),
    "it attaches before the e-mail is asked": (
        DEVICE_FIRST,
        "A email:e; B device:d; C device:d email:e",
        "ABC",
        "",
    ),
    "what a stronger namespace joined holds two values of a weaker unique one": (
        TWO_UNIQUE,
        f"A {U1} card:c; B {U1} card:d; C card:c; D card:c",
        "AB CD",
        "",
    ),
    "anchors of two conflicts are anchors together": (
        TWO_UNIQUE,
        f"A {U1} email:e; B {U2} email:e; C card:c email:e; D card:d email:e; E email:e",
        "A B C D E",
        "E:A,B,C,D",
    ),
}


@pytest.mark.parametrize(("rules", "spelled", "persons", "doubts"), ORDERS.values(), ids=ORDERS.keys())
def test_orders_of_rules(rules: tuple[Namespace, ...], spelled: str, persons: str, doubts: str) -> None:
    answer = resolve(rules, records(spelled), ())
    assert (groups(answer.persons), ambiguous(answer)) == (persons, doubts)


CASES = {
    "family e-mail": (f"A {U1} email:e; B {U2} email:e; C email:e", "", "email:A,B"),
    "two persons whom a record of both accounts ties": (f"A {U1}; B {U2}; X {U1} {U2}", "", "uid:A,B,X"),
    "a tablet is none": (f"A {U1} device:t; B {U2} device:t", "", ""),
    "a claim is none": (f"A {U1} email:a; B {U2} ?email:a", "", ""),
    "a claim between two accounts is none": (f"A {U1} email:e; B {U2} email:f; G ?email:e ?email:f", "", ""),
    "a judgement is none": ("A email:e; B email:e", "A#B", ""),
    "settled by a judgement": (f"A {U1} email:e; B {U2} email:e", "A#B", ""),
    "settled for two of three": (f"A {U1} email:e; B {U2} email:e; C {U3} email:e", "A#B", "email:A,B,C"),
    "joined by a judgement": (f"A {U1} email:e; B {U2} email:e", "A=B", ""),
    "one person is none": (f"X {U1} {U2} email:e; Z email:e", "", ""),
}


@pytest.mark.parametrize(("spelled", "said", "expected"), CASES.values(), ids=CASES.keys())
def test_cases(spelled: str, said: str, expected: str) -> None:
    assert cases(resolve(RETAIL, records(spelled), judgements(said))) == expected


FOUNDING = {
    "the earliest": ("A@5 email:e; B@3 email:e; C@9 email:e", "B"),
    "a record without a time comes last": ("A email:e; B@3 email:e", "B"),
    "ties by record key": ("B@3 email:e; A@3 email:e", "A"),
    "none has a time": ("B email:e; A email:e", "A"),
    "a record with a people-joining identifier before all others": (
        "A@1 device:d; B@5 email:e device:d",
        "B",
    ),
    "without a time too": ("A@1 device:d; B email:e device:d", "B"),
    "a blocked one is none": ("A@1 !email:e device:d; B@5 phone:p device:d", "B"),
    "a claimed one is none": ("A@1 ?email:e; B@5 email:e", "B"),
    "where none has one, among all": ("A@4 device:d; B@2 device:d", "B"),
}


@pytest.mark.parametrize(("spelled", "founder"), FOUNDING.values(), ids=FOUNDING.keys())
def test_founding_record(spelled: str, founder: str) -> None:
    founding = resolve(RETAIL, records(spelled), ()).founding
    assert list(founding.values()) == [("s", founder)]


def test_a_generic_identifier_founds() -> None:
    rules = tuple(replace(n, generic_above=1) if n.name == "email" else n for n in RETAIL)
    spelled = f"A@1 email:e; B@5 {U1}; X@9 {U2} email:e; Y@9 {U3} email:e"
    answer = resolve(rules, records(spelled), judgements("A=B"))
    assert groups(answer.persons) == "AB X Y"
    assert answer.founding[answer.person(keys("A"))] == ("s", "A")


LOOKUPS = {
    "its person": (RETAIL, "A email:e; B email:e", "email:e", "AB", "AB"),
    "nobody holds it": (RETAIL, "A email:e", "email:f", "", ""),
    "ambiguous between whom": (RETAIL, f"A {U1} email:e; B {U2} email:e", "email:e", "", "A B"),
    "an ambiguous part is one of them": (
        RETAIL,
        f"A {U1} device:t; B {U2} device:t; C device:t",
        "device:t",
        "",
        "A B C",
    ),
    "the latest owner": (latest("email"), f"A {U1} email:e@1; B {U2} email:e@2", "email:e", "B", "A B"),
    "the earliest owner": (
        latest("email", "earliest"),
        f"A {U1} email:e@1; B {U2} email:e@2",
        "email:e",
        "A",
        "A B",
    ),
    "the youngest lease": (RETAIL, f"A {U1} phone:p@0; B {U2} phone:p@40", "phone:p", "B", "B"),
    "no time is of the youngest lease": (
        RETAIL,
        f"A {U1} phone:p@0; B {U2} phone:p@40; C {U3} phone:p",
        "phone:p",
        "",
        "B C",
    ),
    "generic": (
        RETAIL,
        "A email:e card:1; B email:e card:2; C email:e card:3; D email:e card:4",
        "email:e",
        "",
        "",
    ),
    "blocked": (RETAIL, "A !email:null", "email:null", "", ""),
    "claimed": (RETAIL, "A ?email:e", "email:e", "", ""),
    "a claim doesn't own": (latest("email"), f"A {U1} email:e@1; B {U2} ?email:e@9", "email:e", "A", "A"),
    "undeclared": (RETAIL, "A twitter:t", "twitter:t", "", ""),
}


@pytest.mark.parametrize(
    ("rules", "spelled", "asked", "owner", "between"), LOOKUPS.values(), ids=LOOKUPS.keys()
)
def test_lookups(rules: tuple[Namespace, ...], spelled: str, asked: str, owner: str, between: str) -> None:
    found = resolve(rules, records(spelled), ()).lookup(identifier(asked))
    assert (letters(found.owner or ()), groups(found.between)) == (owner, between)


def test_a_refusal_names_its_conflicts_and_anchors() -> None:
    spelled = f"A {U1} device:t; B {U2} device:t; C device:t; D device:t"
    (refused,) = resolve(RETAIL, records(spelled), judgements("C#D")).contested
    assert (refused.step, refused.namespace) == ("all", "device")
    assert {kind: groups(anchors) for kind, anchors in refused.conflicts} == {
        "unique": "A B",
        "different": "C D",
        "known": "A B",
    }
    assert groups(refused.anchors) == "A B C D"


def test_what_is_generic_known_and_unattributed() -> None:
    carded = "A card:k email:1; B card:k email:2; C card:k email:3; D card:k email:4; X card:k"
    spelled = f"{carded}; Y device:d; Z ?email:1"
    answer = resolve(RETAIL, records(spelled), ())
    assert answer.generic == {("card", "k")}
    assert letters(answer.unattributed) == "X"
    assert groups(answer.known) == "AZ B C D"


def test_a_record_alone_is_not_contested() -> None:
    assert resolve(RETAIL, records(f"X {U1} {U2} device:t"), ()).contested == frozenset()


def test_a_value_on_too_many_records_is_generic_and_heals() -> None:
    rules = tuple(replace(n, max_records=2) for n in RETAIL)
    spelled = "A email:e; B email:e; C ?email:e"
    assert groups(resolve(rules, records("A email:e; B email:e; C !email:e"), ()).persons) == "AB C"
    assert groups(resolve(rules, records(spelled), ()).persons) == "A B C"
    assert groups(resolve(rules, records(spelled)[:2], ()).persons) == "AB"


BROKEN = {
    "a record on both sides": (RETAIL, "A email:e; B email:e", "AB=B"),
    "two records of one key": (RETAIL, "A email:e; A email:f", ""),
    "one identifier twice in a record": (RETAIL, "A email:e@1 email:e@2", ""),
    "an interval that ends before it starts": (RETAIL, "A email:e@5-2", ""),
    "a unique anonymous namespace": ((Namespace("device", "anonymous", unique=True),), "A device:d", ""),
    "two namespaces of one name": ((RETAIL[0], RETAIL[0]), "A uid:u1", ""),
}


@pytest.mark.parametrize(("rules", "spelled", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_what_can_not_be_is_refused(rules: tuple[Namespace, ...], spelled: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        resolve(rules, records(spelled), judgements(said))
