"""What the console stands on: names with typing errors, rehearsals, claims, masks, its pictures in docs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_schema.errors import Overtaken
from graph_schema.memory import MemoryStore
from graph_schema.rules import load_rules
from graph_schema.vocabulary import Case, Event
from resolver.names import keys_of, likeness, words_of
from serving import waiting
from serving.console import queue
from serving.console.decided import decided
from serving.demo import play
from serving.masking import hidden, masked
from serving.service import Service
from stream import desk
from stream.cases import open_cases
from stream.comparing import called, side, side_of
from stream.desk import CLAIM_US, Steward, Taken, check_free, claim_next, claims
from stream.engine import Engine
from stream.judging import Judging, Word
from stream.rehearsal import consequences, rehearse
from stream.searching import search
from stream.seeing import Stale, check_unchanged, seen
from stream.stewarding import Doer, erase, give, take_back
from tests.screenshots import FOLDER, PAGES, SCHEMES, SIZES

NAMES = st.text(st.sampled_from("abcdefghijklmnoprstuvwyéöß"), min_size=4, max_size=14)


@given(NAMES, st.data())
def test_one_typing_error_hides_no_name(name: str, data: st.DataObject) -> None:
    (word,) = words_of([name])
    place = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from("aeiouxn"))
    typed = data.draw(
        st.sampled_from(
            [
                word[:place] + word[place + 1 :],
                word[:place] + letter + word[place:],
                word[:place] + letter + word[place + 1 :],
                word[:place] + word[place + 1 : place + 2] + word[place : place + 1] + word[place + 2 :],
            ]
        )
    )
    assert keys_of(word) & keys_of(typed), (word, typed)
    assert likeness(typed, word) > 0.75, (word, typed)


def test_a_name_of_somebody_else_is_not_like() -> None:
    for asked, word in (("anna", "bruno"), ("li", "lo"), ("weber", "meyer"), ("martin", "bernard")):
        assert likeness(asked, word) == 0.0, (asked, word)


@pytest.fixture
def engine() -> Engine:
    made = Engine(MemoryStore(), load_rules(), clock=lambda: 1_772_600_000_000_000)
    play(made, "demo_cases.yaml")
    return made


def reading(engine: Engine) -> Judging:
    with engine.store.read() as tx:
        return Judging(tx, engine.intake, engine.id_key)


def found_by(engine: Engine, query: str) -> list[str]:
    return [hit.found.person.person_id for hit in search(reading(engine), query)]


def test_what_is_rehearsed_is_what_is_written(engine: Engine) -> None:
    word = Word("same", ["user_id:u-4001"], ["user_id:u-4377"], 5, "mia", "")
    with engine.store.read() as tx:
        judgement = Judging(tx, engine.intake, engine.id_key).judgement(word)
        foretold = rehearse(engine, tx, lambda batch: batch.judge(judgement))
        told = consequences(engine, tx, judgement)
        before = (tx.last_change(), tx.last_delta(), len(list(tx.all_persons())))
    with engine.store.read() as tx:
        assert before == (tx.last_change(), tx.last_delta(), len(list(tx.all_persons())))
    engine.judge([judgement])
    with engine.store.read() as tx:
        assert tx.changes(before[0], 9) == foretold.changes
        assert tx.deltas(None, before[1], 99) == foretold.deltas
    assert [one["records"] for one in told["was"]] == [2, 2]
    assert [one["records"] for one in told["now"]] == [4]
    assert told["orders"] == 1


def test_a_person_in_an_audience_by_several_products_is_foretold_as_one(engine: Engine) -> None:
    play(engine, "demo_day.yaml")
    word = Word("different", ["email/sub-17"], [], 5, "mia", "")
    with engine.store.read() as tx:
        judgement = Judging(tx, engine.intake, engine.id_key).judgement(word)
        told = consequences(engine, tx, judgement)
    assert {"audience": "suppress_buyers", "gains": 1, "loses": 1} in told["audiences"]


def test_names_follow_merges_splits_and_erasures(engine: Engine) -> None:
    one, two = found_by(engine, "jeanne morel")
    word = Word("same", [one], [two], 5, "mia", "")
    judgement = give(engine, word, "steward")
    assert len(found_by(engine, "jeane morel")) == 1
    take_back(engine, judgement.judgement_id, Doer("mia", "steward"))
    assert sorted(found_by(engine, "jeanne morell")) == sorted([one, two])
    erase(engine, one, Doer("ada", "admin"))
    assert found_by(engine, "jeanne morel") == [two]
    erase(engine, two, Doer("ada", "admin"))
    with engine.store.read() as tx:
        assert tx.alike(keys_of("jeanne")) & {"jeanne"} == set()


def test_a_head_says_what_the_profile_would(engine: Engine) -> None:
    reader = reading(engine)
    persons = [person.person_id for person in reader.tx.all_persons()]
    for one in persons:
        assert side_of(reader, reader.find(one)) == side(reader.profile(one, None))
    assert len(persons) > 20


def test_a_name_has_so_much_room_and_no_more() -> None:
    attributes = {"firstName": {"value": "A" * 80}, "lastName": {"value": None}}
    assert called({"attributes": attributes, "identifiers": []}) == "A" * 60 + "…"
    known = [{"namespace": "user_id", "shown": "u" * 200}]
    assert len(called({"attributes": {}, "identifiers": known})) == 61
    assert called({"attributes": {}, "identifiers": []}) == "nobody known"


def test_what_was_seen_and_is_no_more_is_told(engine: Engine) -> None:
    one, two = found_by(engine, "jeanne morel")
    reader = reading(engine)
    then = seen(reader, (one, two))
    check_unchanged(reader, then)
    give(engine, Word("same", [one], [two], 5, "noa", ""), "steward")
    with pytest.raises(Stale) as stale:
        give(engine, Word("different", [one], [two], 6, "mia", ""), "steward", then)
    kinds = {change["kind"] for change in stale.value.changes}
    assert kinds <= {"another", "records", "held", "attributes", "judged"}
    assert {"another", "judged"} <= kinds
    with engine.store.read() as tx:
        assert [entry.by for entry in tx.audit(None, 9)] == ["noa"]


class OvertakenOnce(MemoryStore):
    """Another writer comes first once."""

    overtaken = False

    @contextmanager
    def write(self) -> Iterator[MemoryStore]:
        with super().write() as tx:
            yield tx
            if not self.overtaken:
                self.overtaken = True
                raise Overtaken


def test_a_claim_is_of_the_attempt_that_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(OvertakenOnce(), load_rules(), clock=lambda: 1_000)
    found = iter(("a", None, "b"))
    monkeypatch.setattr(desk, "open_case", lambda reader, case: next(found))
    assert claim_next(engine, Steward("mia", "m"), ["a", "b"]) == "b"
    with engine.store.read() as tx:
        assert claims(tx, 1_000) == {"b": "mia"}


def test_a_claim_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: set[str] = set()
    monkeypatch.setattr(desk, "open_case", lambda reader, case: None if case in closed else case)
    now = [1_000]
    engine = Engine(MemoryStore(), load_rules(), clock=lambda: now[0])
    mia, noa = Steward("mia", "m"), Steward("noa", "n")
    assert claim_next(engine, mia, ["a", "b"]) == "a"
    closed.add("b")
    assert claim_next(engine, noa, ["a", "b"]) is None
    closed.clear()
    assert claim_next(engine, noa, ["a", "b"]) == "b"
    assert claim_next(engine, Steward("mia", "elsewhere"), ["a", "b"]) is None
    with engine.store.read() as tx:
        check_free(tx, "a", mia, now[0])
        with pytest.raises(Taken, match="mia"):
            check_free(tx, "a", noa, now[0])
        check_free(tx, "a", noa, now[0] + CLAIM_US)
    now[0] += CLAIM_US
    assert claim_next(engine, noa, ["a", "b"]) == "a"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.sampled_from("abcdefgh@."), min_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["x", "kind", "name"]), inner)
    ),
    max_leaves=8,
)


@given(JSON)
def test_below_what_sources_said_nothing_is_open(said: object) -> None:
    shown = repr(
        masked({"attributes": {"x": {"value": said, "alternatives": [{"value": said}]}}, "message": said})
    )

    def texts(value: object) -> list[str]:
        if isinstance(value, dict):
            return [text for one in value.values() for text in texts(one)]
        if isinstance(value, list):
            return [text for one in value for text in texts(one)]
        return [value] if isinstance(value, str) else []

    assert [text for text in texts(said) if text in shown] == []
    assert hidden("Ana") == "•••"


@pytest.mark.parametrize(("source", "told"), [("app", "a record of app"), (None, "an erased record")])
def test_a_record_has_a_name_without_what_it_holds(source: str | None, told: str) -> None:
    name = {"source": source, "record_id": "u-1", "name": "the record of user_id u-1"}
    assert masked({"a": name})["a"]["name"] == told


def test_every_page_has_its_pictures() -> None:
    wanted = {f"{page}-{size}-{scheme}.png" for page in PAGES for size in SIZES for scheme in SCHEMES}
    found = {path.name: path.stat().st_size for path in Path(FOLDER).glob("*.png")}
    assert found.keys() == wanted, "take them anew: python -m tests.screenshots"
    assert max(found.values()) < 150_000


def test_all_that_changed_since_is_found_however_long_ago_it_was_decided(engine: Engine) -> None:
    def tell(user: str, **traits: str) -> None:
        said = {"type": "identify", "userId": user, "context": {"recordId": f"r-{user}"}, "traits": traits}
        message = engine.intake.take({**said, "source": "crm", "timestamp": "2026-03-01T00:00:00Z"}, 0)
        assert isinstance(message, Event)
        engine.ingest([message])

    given = []
    for number in range(60):
        tell(f"a-{number}")
        tell(f"b-{number}")
        word = Word("different", [f"user_id:a-{number}"], [f"user_id:b-{number}"], number, "mia", "")
        given.append(give(engine, word, "steward").judgement_id)
    other = Word("same", ["user_id:a-1"], ["user_id:a-2"], 99, "noa", "")
    give(engine, other, "steward")
    assert decided(reading(engine), "mia", "changed").shown[0]["records"] == 2
    assert [one["judgement_id"] for one in decided(reading(engine), "noa", "all").shown] != []
    changed = decided(reading(engine), "mia", "changed")
    # Noa's word joined two of those whom Mia kept apart from others; nothing else moved.
    assert [one["judgement_id"] for one in changed.shown] == [given[2], given[1]]
    assert changed.after == ""
    first = decided(reading(engine), "mia", "all")
    rest = decided(reading(engine), "mia", "all", first.after)
    assert [one["judgement_id"] for one in first.shown + rest.shown] == given[::-1]
    assert rest.after == ""
    assert [one["judgement_id"] for one in decided(reading(engine), "mia", "all", most=8).shown] == given[
        :51:-1
    ]
    take_back(engine, given[1], Doer("mia", "steward"))
    assert [one["judgement_id"] for one in decided(reading(engine), "mia", "changed").shown] == [given[2]]
    newer = give(engine, Word("same", ["user_id:a-5"], ["user_id:b-5"], 100, "noa", ""), "steward")
    told = decided(reading(engine), "mia", "changed").shown
    assert [(one["judgement_id"], one["holds"]) for one in told] == [(given[5], False), (given[2], True)]
    take_back(engine, newer.judgement_id, Doer("noa", "steward"))
    assert len(decided(reading(engine), "mia", "changed").shown) == 1


def test_a_case_that_is_closed_while_the_queue_is_read_stays_out(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = queue.Queue(cast(Service, SimpleNamespace(engine=engine)))
    first, *others = asked.now().waiting
    read = waiting.ranked

    def slowly(*given: Any) -> Any:
        asked.close(first.case.case_id)
        return read(*given)

    monkeypatch.setattr(queue, "ranked", slowly)
    monkeypatch.setattr(queue, "_AT_ONCE_S", 0.0)
    one, other = others[0].case.persons[:2]
    give(engine, Word("different", [one], [other], 1, "mia", "seen"), "admin")
    asked._refresh()
    assert asked._next == 0, "it is read again"
    assert first.case.case_id not in [one.case.case_id for one in asked.now().waiting]


def test_a_queue_that_could_not_be_read_is_read_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = queue.Queue(cast(Service, SimpleNamespace(engine=engine)))
    asked.now()
    with monkeypatch.context() as away:
        away.setattr(MemoryStore, "read", lambda _: (_ for _ in ()).throw(ValueError("a name")))
        asked.begin()
    assert asked._next == 0, "the store may be back"
    asked.begin()
    assert asked.now().waiting


def test_what_a_case_bears_on_is_in_one_currency() -> None:
    """Euros and yens are not added up: what is told is in the currency of most orders of its persons."""
    engine = Engine(MemoryStore(), load_rules(), clock=lambda: 1_772_600_000_000_000)
    paid = [("u-1", "o-1", 20.0, "EUR"), ("u-1", "o-2", 10.0, "EUR"), ("u-2", "o-3", 9_000.0, "JPY")]
    for user, order, total, currency in paid:
        properties = {"order_id": order, "total": total, "currency": currency}
        traits = {"email": "ana@example.com"}
        said = {"source": "web", "userId": user, "context": {"traits": traits}, "messageId": order}
        said |= {"type": "track", "event": "Order Completed", "properties": properties}
        engine.ingest([engine.intake.take({**said, "timestamp": "2026-03-02T09:00:00Z"}, 1)])
    (case,) = waiting.ranked(reading(engine), open_cases(reading(engine)))
    assert (case.orders, case.total, case.currency) == (3, 30.0, "EUR")


def test_the_answers_that_a_filter_offers_stand_in_one_order_in_every_process() -> None:
    sources = [f"till {number}" for number in range(8)]
    case = Case("one", "unique", ("per_1", "per_2"), (), "")
    waits = waiting.Waiting(case, 8, frozenset(sources), 0, 0.0, None, (), "")
    _, counts = waiting.CaseFilter().choose([waits])
    assert [name for name, _ in counts["source"].most_common()] == sources
