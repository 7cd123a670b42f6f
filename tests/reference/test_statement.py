"""The naive statement against what sections 4 and 5 say of plain situations, worked out by hand."""

from dataclasses import replace

import pytest

from tests.reference.spelled import RETAIL, ambiguous, groups, judgements, records
from tests.reference.statement import resolve

U1, U2, U3 = "uid:u1", "uid:u2", "uid:u3"

PLAIN = {
    "nothing shared": ("A email:e; B email:f", "A B", ""),
    "an e-mail joins": ("A email:e; B email:e", "AB", ""),
    "a chain joins": ("A email:e; B email:e phone:p; C phone:p", "ABC", ""),
    "an undeclared namespace links nothing": ("A twitter:x; B twitter:x", "A B", ""),
    "a blocked value links nothing": ("A !email:null; B !email:null", "A B", ""),
    "a record of a blocked value is not known": (
        f"A !email:null device:d; B {U1} device:d; C {U2} device:e device:d; D device:e",
        "A B CD",
        "A:B,CD",
    ),
    "shared tablet": (f"A {U1} device:t; B {U2} device:t; C device:t", "A B C", "C:A,B"),
    "tablet of one known person": (f"A {U1} device:t; C device:t", "AC", ""),
    "tablet of nobody known": ("A device:t; B device:t order:o", "AB", ""),
    "tablet: what is known by an e-mail only is known too": (
        "A email:e device:t; B email:f device:t; C device:t",
        "A B C",
        "C:A,B",
    ),
    "gift card handed on": (f"A {U1} reward:g; B {U2} reward:g order:o", "A B", ""),
    "an order ties the tablet's session to one": (
        f"A {U1} order:o device:t; B {U2} device:t; C device:t order:o",
        "AC B",
        "",
    ),
    "family e-mail between two accounts": (f"A {U1} email:e; B {U2} email:e; C email:e", "A B C", "C:A,B"),
    "ambiguous, then joined by a later step": (
        f"A {U1} email:e phone:p; B {U2} email:e; C email:e phone:p",
        "AC B",
        "",
    ),
    "ambiguous, then joined by an anonymous step": (
        f"A {U1} email:e; B {U2} email:e; C email:e order:o; D order:o",
        "A B CD",
        "CD:A,B",
    ),
    "an ambiguous part is known, so that no device takes it in": (
        f"A {U1} email:e device:t; B {U2} email:e; C email:e device:t",
        "A B C",
        "C:A,B",
    ),
    "a part tied to several stays together": (
        f"A {U1} email:e; B {U2} email:e email:f; C email:e email:f; D email:f",
        "A B CD",
        "CD:A,B",
    ),
    "a part tied to exactly one anchor": (f"A {U1} email:e; B {U2} email:e email:f; C email:f", "A BC", ""),
    "parts of one component go each its way": (
        f"A {U1} email:e email:g; B {U2} email:e email:f; C email:f; D email:g; E email:e",
        "AD BC E",
        "E:AD,BC",
    ),
    "anchors of one value stay apart in a contested component": (
        f"X {U1} {U2}; A {U1} card:c; B {U2} card:c; C {U1} card:d; D card:c",
        "AC B D X",
        "D:AC,B",
    ),
    "a single anchor takes its part in": (f"X {U1} {U2} email:e; Z email:e", "XZ", ""),
    "X of two accounts keeps nobody from joining": (f"A {U1}; C {U1}; B {U2}; X {U1} {U2}", "AC B X", ""),
    "two records of the same two accounts": (f"X {U1} {U2}; Y {U1} {U2}", "X Y", ""),
    "a generic e-mail links nothing": (
        f"A {U1} email:test; B {U2} email:test; C {U3} email:test; D uid:u4 email:test; E email:test",
        "A B C D E",
        "",
    ),
    "one account fewer and it is contested": (
        f"A {U1} email:test; B {U2} email:test; C {U3} email:test; E email:test",
        "A B C E",
        "E:A,B,C",
    ),
    "values of two namespaces are not added up": (
        "A card:c email:1 phone:1; B card:c email:2 phone:2; C card:c",
        "ABC",
        "",
    ),
    "cashier's card: its baskets join nothing by the tablet": (
        "A card:k email:1; B card:k email:2; C card:k email:3; D card:k email:4;"
        " X card:k device:t; Y card:k device:t; Z device:t; W device:t",
        "A B C D WZ X Y",
        "",
    ),
    "claimed and blocked values beside one make it not generic": (
        "A card:c email:1; B card:c email:2; C card:c email:3; D card:c ?email:4; E card:c !email:5",
        "ABCDE",
        "",
    ),
    "what a claimer holds beside is not counted": (
        "A card:c email:1; B card:c; C ?card:c email:2; D ?card:c email:3; E ?card:c email:4",
        "AB C D E",
        "",
    ),
    "other values of the same namespace are not counted": (
        "A card:1 card:2 card:3 card:4; B card:1",
        "AB",
        "",
    ),
    "a device beside many e-mails is generic": (
        "A device:d email:1; B device:d email:2; C device:d email:3; D device:d email:4; E device:d",
        "A B C D E",
        "",
    ),
    "a unique value that is generic counts for nothing": (
        f"{';'.join(f'{x} {U1} card:{x}' for x in 'ABCD')}; X {U1} email:e; Y {U2} email:e",
        "A B C D XY",
        "",
    ),
}


@pytest.mark.parametrize(("spelled", "persons", "doubts"), PLAIN.values(), ids=PLAIN.keys())
def test_plain_evidence(spelled: str, persons: str, doubts: str) -> None:
    rules = tuple(replace(n, generic_above=3) for n in RETAIL)
    answer = resolve(rules, records(spelled), ())
    assert (groups(answer.persons), ambiguous(answer)) == (persons, doubts)


LEASES = {
    "a gap as long as the lease": ("A phone:p@0-10; B phone:p@28", "AB"),
    "a gap longer than the lease": ("A phone:p@0-10; B phone:p@29", "A B"),
    "sightings between keep it alive": ("A phone:p@0; B phone:p@36; C phone:p@18", "ABC"),
    "one record's interval is never split": ("A phone:p@0-60; B phone:p@20; C phone:p@78", "ABC"),
    "the gap counts from the latest sighting so far": ("A phone:p@0-50; B phone:p@1-2; C phone:p@60", "ABC"),
    "no time belongs to the youngest": ("A phone:p@0; B phone:p@40; C phone:p", "A BC"),
    "no time at all is one lease": ("A phone:p; B phone:p", "AB"),
    "a claim keeps no lease alive": ("A phone:p@0; B phone:p@30; C ?phone:p@15", "A B C"),
    "other namespaces have none": ("A email:e@0; B email:e@999", "AB"),
    "a recycled phone ties its new owner's session": (
        f"A {U1} phone:p@0; B {U2} phone:p@40; C phone:p@41",
        "A BC",
    ),
}


@pytest.mark.parametrize(("spelled", "persons"), LEASES.values(), ids=LEASES.keys())
def test_leases(spelled: str, persons: str) -> None:
    assert groups(resolve(RETAIL, records(spelled), ()).persons) == persons


JUDGED = {
    "same over a unique conflict": (f"A {U1}; B {U2}", "A=B", "AB", ""),
    "its values count as one for others": (f"A {U1}; B {U2}; C {U1}; D {U2}", "A=B", "ABCD", ""),
    "and where a weaker value ties them": (
        f"A {U1}; B {U2}; C {U1} email:e; D {U2} email:e",
        "A=B",
        "ABCD",
        "",
    ),
    "as one transitively": (f"A {U1}; B {U2}; C {U2}; D {U3}", "A=B C=D", "ABCD", ""),
    "a third value is still another": (f"A {U1} email:e; B {U2}; C {U3} email:e", "A=B", "AB C", ""),
    "X of two accounts, judged": (f"X {U1} {U2}; Y email:e; A {U1}; B {U2}", "X=Y", "ABXY", ""),
    "different parts a value's holders": ("A email:e; B email:e; C email:e", "A#B", "A B C", "C:A,B"),
    "different between two of three ties": (
        "A email:e; B email:e email:f; C email:f",
        "A#B",
        "A BC",
        "",
    ),
    "different holds its sides together": ("A email:a; B email:b; C email:c", "AB#C", "AB C", ""),
    "different across a chain": ("A email:e; B email:e phone:p; C phone:p", "A#C", "AB C", ""),
    "different among anonymous records": ("A device:d; B device:d; C device:d", "A#B", "A B C", "C:A,B"),
    "same joins two sides of several": ("A email:a; B email:b; C email:c", "AB=C", "ABC", ""),
    "the newest word stands: same": ("A email:e; B email:f", "A#B@1 A=B@2", "AB", ""),
    "the newest word stands: different": ("A email:e; B email:f", "A#B@3 A=B@2", "A B", ""),
    "of two at one time different": ("A email:e; B email:e", "A=B@2 A#B@2", "A B", ""),
    "a word without a time is the oldest": ("A email:e; B email:e", "A#B A=B@0", "AB", ""),
    "a retracted word: the older stands again": ("A email:e; B email:e", "A#B@1", "A B", ""),
    "a newer word on one pair leaves the others": (
        "A email:a; B email:b; C email:c",
        "AB#C@1 A=C@2",
        "A B C",
        "A:B,C",
    ),
    "same with both sides of a different": (
        "A email:a; B email:b; C email:c",
        "A=B B=C A#C@9",
        "A B C",
        "B:A,C",
    ),
    "judged together but contested: values are not one": (
        f"A {U1} email:e; B {U2} email:e; C {U3}",
        "A=B B=C A#C@9",
        "A B C",
        "B:A,C",
    ),
    "different where the account is one": (f"A {U1}; B {U1}; C {U1} email:e", "A#B", "A B C", "C:A,B"),
    "a word on a record that is gone": ("A email:e; B email:e", "A#Z Z=B", "AB", ""),
    "same over anonymous evidence makes known": (
        f"A {U1} device:d; B device:d; C device:e; D {U2} device:d device:e",
        "B=C",
        "A BC D",
        "BC:A,D",
    ),
}


@pytest.mark.parametrize(("spelled", "said", "persons", "doubts"), JUDGED.values(), ids=JUDGED.keys())
def test_judgements(spelled: str, said: str, persons: str, doubts: str) -> None:
    answer = resolve(RETAIL, records(spelled), judgements(said))
    assert (groups(answer.persons), ambiguous(answer)) == (persons, doubts)


CLAIMS = {
    "a guest checkout finds the account of its e-mail": (f"A {U1} email:e; G ?email:e order:o", "AG", ""),
    "guests who claim one e-mail": ("G ?email:e order:o; H ?email:e order:q", "GH", ""),
    "between two accounts": (f"A {U1} email:e; B {U2} email:e; G ?email:e", "A B G", "G:A,B"),
    "a known group that only claims is left out": (f"A {U1} ?email:e; B {U2} email:e", "A B", ""),
    "and leads nobody to it": (f"A {U1} ?email:e; G ?email:e", "A G", ""),
    "a claim makes not known": (f"G ?email:e device:d; A {U1} device:d", "AG", ""),
    "claims come after every people-joining step": (
        f"A {U1} phone:p; B email:e phone:p; G ?email:e",
        "ABG",
        "",
    ),
    "and before the anonymous ones": (
        f"A email:e; G ?email:e device:d; B {U2} device:d; D device:d",
        "AG B D",
        "D:AG,B",
    ),
    "a claimed account is no conflict": (f"A {U1} email:e; B ?{U2} email:e", "AB", ""),
    "an unattributed record's claim ties nothing": (
        f"{';'.join(f'{x} card:k email:{x}' for x in 'ABCD')}; G card:k ?email:A",
        "A B C D G",
        "",
    ),
    "a claim in the lease of the new owner": (
        f"A {U1} phone:p@0; B {U2} phone:p@40; G ?phone:p@45",
        "A BG",
        "",
    ),
}


@pytest.mark.parametrize(("spelled", "persons", "doubts"), CLAIMS.values(), ids=CLAIMS.keys())
def test_claims(spelled: str, persons: str, doubts: str) -> None:
    answer = resolve(RETAIL, records(spelled), ())
    assert (groups(answer.persons), ambiguous(answer)) == (persons, doubts)
