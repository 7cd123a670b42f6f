"""Birth dates in the digits and notations of other scripts: an event that has one holds up no other."""

import pytest

from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.vocabulary import Event
from resolver.matching.dates import DATE_LEVELS, date_level, read
from stream.engine import Engine

_OLD = ("²⁰²⁰", "", "")
"""As an earlier version read it, and as a store may hold it."""


@pytest.mark.parametrize("text", ["²⁰²⁰", "①⑨⑧⓪", "١٩٨٠", "１９８００３０５", "٥/٣/١٩٨٠"])
def test_a_birthday_in_any_digits_holds_no_namesake_up(text: str) -> None:
    engine = Engine(MemoryStore(), load_rules("retail"))
    for number, birthday in enumerate(("1980", text, "1979-12-31")):
        traits = {"firstName": "Ana", "lastName": "Lima", "birthday": birthday}
        message = {"type": "identify", "source": "web", "userId": f"u-{number}", "traits": traits}
        taken = engine.intake.take(message, 1)
        assert isinstance(taken, Event)
        engine.ingest([taken])
    with engine.reader() as reader:
        assert len(list(reader.tx.all_records())) == 3


@pytest.mark.parametrize("text", ["١٩٨٠-٠٣-٠٥", "１９８００３０５", "۱۹۸۰/۳/۵", "٥/٣/١٩٨٠", "१९८०-०३-०५"])
def test_a_date_is_the_same_in_the_digits_of_any_script(text: str) -> None:
    assert read(text) == read("1980-03-05")


@pytest.mark.parametrize("text", ["1980年3月5日", "1980年03月05日", "１９８０年３月５日", "1980년 3월 5일"])
def test_a_date_is_read_as_the_east_writes_it(text: str) -> None:
    assert read(text) == read("1980-03-05")
    assert read("1980年3月") == read("1980-03")


@pytest.mark.parametrize(
    "text",
    "05-Mar-80|5 MAR 80|5. März 1980|5.März 1980|5 mars 1980|5 de marzo de 1980|5 de março de 1980"
    "|5 marzo 1980|5 maart 1980|5 марта 1980|March 5th, 1980|5-Mar-1980".split("|"),
)
def test_a_month_may_be_written_in_words(text: str) -> None:
    assert read(text) == read("1980-03-05")


@pytest.mark.parametrize(
    ("one", "two"),
    [
        *[("1er juin 1980", "1980-06-01"), ("14 juil. 1980", "1980-07-14"), ("3 июля 1980", "1980-07-03")],
        *[("12 août 1999", "1999-08-12"), ("24. Dez. 1966", "1966-12-24"), ("2 mei 1980", "1980-05-02")],
    ],
)
def test_months_that_begin_alike_are_told_apart(one: str, two: str) -> None:
    assert read(one) == read(two)


def test_a_month_alone_or_a_year_alone_is_no_full_date() -> None:
    for text in ("March 1980", "März 1980", "marzo de 1980", "1980-03"):
        assert read(text) == ("1980", "03", "")
    assert read("1980") == ("1980", "", "")
    for text in ("March", "Mar-80", "5 Mar", "12 Elm 1980", "spring 1980", "5 jui 1980"):
        assert read(text) == ()


@pytest.mark.parametrize("other", [("1980", "", ""), ("1980", "03", "05")])
def test_what_an_earlier_version_kept_is_compared(other: tuple[str, str, str]) -> None:
    assert DATE_LEVELS[date_level(_OLD, other)] == "unlike"
    assert DATE_LEVELS[date_level(("²⁰²⁰", "⁰¹", "⁰¹"), other)] == "unlike"


@pytest.mark.parametrize("text", ["5. 3. 1980", "5. 3. 1980.", "1980. 3. 5.", "５／３／1980", "1980－03－05"])
def test_a_mark_may_have_a_space_after_it_or_be_a_wide_one(text: str) -> None:
    assert read(text) == read("1980-03-05")


@pytest.mark.parametrize(
    ("text", "month"),
    [
        *[("5 ianuarie 1980", 1), ("5 xuño 1980", 6), ("5 iulie 1980", 7), ("5. ágúst 1980", 8)],
        *[("5 noiembrie 1980", 11), ("5. Maerz 1980", 3)],
    ],
)
def test_months_are_read_in_romanian_galician_and_icelandic_too(text: str, month: int) -> None:
    assert read(text) == read(f"1980-{month:02d}-05")
